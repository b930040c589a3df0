# followupd - see README.md. Everything is built below $(BUILD).
#
#   make                  the daemon, followupctl and followup-console
#   make run | demo       try it: on a sample book, until Ctrl-C | from the first file to the last call
#   make test | test-long the tests | and those that take long
#   make systemd-test    the service under a real systemd
#   make console-test     the console's page in a real browser; ONLY="two agents" does a part. Pictures of it stay in build/console-screenshots
#   make coverage         how much of the code the tests run, against the limits
#   make crash            [KILLS=1000] [BOOK=1000000]: SIGKILL under load; make powercut [CUTS=50]: power cuts of a virtual machine
#   make fuzz             [FUZZ_SECONDS=30]: the parsers against libFuzzer; fuzz-afl: against AFL++
#   make bench            beside Redis, beanstalkd and PostgreSQL, into tests/bench/RESULTS.md; bench-quick: a small one
#                         ONLY="import day" CLIENTS=1000000: a part of it; bench-page: the page alone; bench-clean: the books that it leaves
#   make bench-check      instructions of the hot commands, against the stored figures
#   make lint | format    look at the code | put it into shape
#   make install          [DESTDIR=] [PREFIX=/usr] [SYSCONFDIR=/etc]; make uninstall
#   make dist | deb       a tarball that builds and tests by itself | Debian packages; make deb-test: in use, under a real systemd
#
# Another compiler or other flags want another BUILD:
#   make CC=clang BUILD=build-clang
#   make SAN="-fsanitize=address,undefined" BUILD=build-san

BUILD ?= build
PREFIX ?= /usr
SYSCONFDIR ?= /etc
UNITDIR ?= /usr/lib/systemd/system
SYSUSERSDIR ?= /usr/lib/sysusers.d
TMPFILESDIR ?= /usr/lib/tmpfiles.d
CC = gcc
AR = ar
WARN = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wvla -Werror
# Between the checks that sanitizers put in, gcc loses sight of what a number can be.
WARN += $(if $(SAN),-Wno-unknown-warning-option -Wno-format-truncation -Wno-maybe-uninitialized)
OPT ?= -O2 -g
CPPFLAGS += -Iinclude -D_GNU_SOURCE -DFOLLOWUP_VERSION='"$(VERSION)"'
CFLAGS += -std=c17 $(OPT) $(WARN) -fstack-protector-strong -fPIE -MMD -MP $(SAN)
LDFLAGS += -pie -Wl,-z,relro,-z,now $(SAN)
VERSION := $(shell sed -n 's/^## \([0-9][0-9.]*\).*/\1/p' CHANGELOG | head -n 1)

LIB_SRC := $(filter-out daemon/main.c,$(wildcard daemon/*.c daemon/*/*.c))
CTL_SRC := $(wildcard ctl/*.c)
CONSOLE_SRC := $(wildcard console/*.c)
CONSOLE_WWW := $(shell find console/www -type f 2>/dev/null)
UNIT_SRC := $(wildcard tests/unit/*.c)
FUZZ_SRC := $(filter-out tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c))
FAULTS_SRC := $(wildcard tests/faults/*.c)
BENCH_SRC := $(filter-out tests/bench/bulk% tests/bench/bare%,$(wildcard tests/bench/*.c))
LIBS = -levent_openssl -levent -lssl -lcrypto -lsqlite3 -lconfuse
CTL_LIBS = -lhiredis $(LIBS)
CONSOLE_LIBS = -lmicrohttpd -lhiredis -lssl -lcrypto -lsqlite3 -lconfuse -lpthread

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
CRASH = $(BUILD)/crash/shim.so $(BUILD)/crash/guest
UNIT = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRC))
FUZZ = $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SRC))
# Whose calls can be made to fail, or to be weaker than they are.
FAULTS_WRAP = malloc calloc realloc free strdup strndup asprintf scandir RAND_bytes flock store_commit store_rollback store_sync store_is_synced

# What is done, in short; V=1 shows the commands.
tell = $(if $(V),,@echo '  $(1) $(2)'; )

all: daemon-and-ctl $(BUILD)/followup-console
daemon-and-ctl: $(BUILD)/followupd $(BUILD)/followupctl
unit: $(UNIT)
faults-programs: $(BUILD)/faults/faults $(BUILD)/faults/broken_disk.so $(BUILD)/faults/stepped_clock.so $(BUILD)/faults/scarce_memory.so
fuzz-targets: $(FUZZ)
crash-tools: $(CRASH)
bench-programs: $(BUILD)/bench/load $(BUILD)/bench/bare_loop $(BUILD)/bench/bulk_book $(BUILD)/bench/bulk_upsert

# Files that change only when what they remember does, so that other flags and removed sources are noticed.
$(shell mkdir -p $(BUILD))
remember = $(shell printf '%s\n' '$(subst ','\'',$(2))' | cmp -s - $(BUILD)/$(1) || printf '%s\n' '$(subst ','\'',$(2))' >$(BUILD)/$(1))
$(call remember,flags,$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS))
$(call remember,sources,$(LIB_SRC) $(CTL_SRC))
$(call remember,console-sources,$(CONSOLE_SRC) $(CONSOLE_WWW))

$(BUILD)/obj/%.o: %.c $(BUILD)/flags | deps
	@mkdir -p $(@D)
	$(call tell,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/obj/tests/unit/%.o: | deps-test

$(BUILD)/libfollowup.a: $(call obj,$(LIB_SRC)) $(BUILD)/sources
	$(call tell,AR,$@)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

$(BUILD)/followupd: $(call obj,daemon/main.c) $(BUILD)/libfollowup.a
	$(call tell,LINK,$@)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/followupctl: $(call obj,$(CTL_SRC)) $(BUILD)/libfollowup.a $(BUILD)/sources
	$(call tell,LINK,$@)$(CC) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(CTL_LIBS)

# The console's page stands in the program itself.
$(BUILD)/console/www.c: console/embed $(CONSOLE_WWW) $(BUILD)/console-sources
	@mkdir -p $(@D)
	$(call tell,EMBED,console/www)console/embed console/www >$@
$(BUILD)/console/www.o: $(BUILD)/console/www.c $(BUILD)/flags
	$(call tell,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(call obj,$(CONSOLE_SRC)): | deps-console

$(BUILD)/followup-console: $(call obj,$(CONSOLE_SRC) ctl/reply.c) $(BUILD)/console/www.o $(BUILD)/libfollowup.a $(BUILD)/console-sources
	$(call tell,LINK,$@)$(CC) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(CONSOLE_LIBS)

# One program a file.
$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libfollowup.a
	@mkdir -p $(@D)
	$(call tell,LINK,$@)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS) -lm

$(BUILD)/unit/test_web_origin: $(call obj,console/origin.c)

# Fuzz targets: with what runs their seeds, or with a fuzzer in its place.
FUZZ_MAIN ?= $(call obj,tests/fuzz/replay.c)
$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(filter %.o,$(FUZZ_MAIN)) $(BUILD)/libfollowup.a
	@mkdir -p $(@D)
	$(call tell,LINK,$@)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(filter-out %.o,$(FUZZ_MAIN)) $(LIBS)
$(BUILD)/fuzz/web: $(call obj,console/origin.c console/command.c ctl/reply.c)

$(BUILD)/faults/faults: $(call obj,$(FAULTS_SRC)) $(BUILD)/libfollowup.a
	@mkdir -p $(@D)
	$(call tell,LINK,$@)$(CC) $(LDFLAGS) -rdynamic $(FAULTS_WRAP:%=-Wl,--wrap=%) -o $@ $^ $(LIBS)
$(BUILD)/faults/%.so: tests/faults/preload/%.c $(BUILD)/flags | deps
	@mkdir -p $(@D)
	$(call tell,CC,$<)$(CC) $(CPPFLAGS) $(filter-out $(SAN) -fPIE,$(CFLAGS)) -fPIC -shared -o $@ $<
# What the tests of crashes load into a daemon, and what runs beside it in a virtual machine: neither is a part of it.
$(BUILD)/crash/%.so: tests/crash/%.c $(BUILD)/flags | deps
	@mkdir -p $(@D)
	$(call tell,CC,$<)$(CC) -std=c17 -D_GNU_SOURCE -O2 $(WARN) -shared -fPIC -o $@ $<
$(BUILD)/crash/guest: tests/crash/guest.c $(BUILD)/flags | deps
	@mkdir -p $(@D)
	$(call tell,CC,$<)$(CC) -std=c17 -D_GNU_SOURCE -O2 $(WARN) -static -pthread -o $@ $<

# The load of agents that the benchmarks put on the daemon and on its peers.
$(BUILD)/obj/tests/bench/%.o: | deps-bench
# A book of any size, and the loops that NEXT and DONE and followupctl import are compared with.
$(BUILD)/bench/bulk_book: $(call obj,tests/bench/bulk_book.c) $(BUILD)/libfollowup.a
	@mkdir -p $(@D)
	$(call tell,LINK,$@)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/bench/bare_loop $(BUILD)/bench/bulk_upsert: $(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o
	@mkdir -p $(@D)
	$(call tell,LINK,$@)$(CC) $(LDFLAGS) -o $@ $^ -lsqlite3
$(BUILD)/bench/load: $(call obj,$(BENCH_SRC))
	@mkdir -p $(@D)
	$(call tell,LINK,$@)$(CC) $(LDFLAGS) -o $@ $^ -lpq

# --- Packages: what is missing is fetched with apt ---------------------------------------------------
# FETCH=true: nothing is fetched, as where packages are built
FETCH ?= .ci/deps
deps:
	@$(FETCH) build
deps-console: deps
	@$(FETCH) console
deps-test: deps
	@$(FETCH) test
deps-lint: deps deps-console
	@$(FETCH) lint
deps-clients: deps
	@.ci/deps clients
deps-browser: deps-console
	@$(FETCH) browser
deps-fuzz: deps
	@$(FETCH) fuzz
deps-bench: deps
	@$(FETCH) bench
deps-deb: deps deps-console
	@$(FETCH) deb

# --- Try it ------------------------------------------------------------------------------------------
WITH = BUILD=$(BUILD)

demo: daemon-and-ctl deps-test
	@$(WITH) tests/demo/demo.sh
run: all
	@$(WITH) tests/demo/demo.sh --stay

# --- Tests: make test ONLY="unit daemon/test_desk" runs a part -----------------------------------------
test: all unit fuzz-targets faults-programs crash-tools deps-test
	@$(WITH) tests/run $(ONLY)
test-long: all unit fuzz-targets faults-programs crash-tools deps-test deps-deb deps-clients
	@$(WITH) FOLLOWUP_LONG=1 tests/run $(ONLY)
# The console's page in a real browser.
console-test: all deps-browser
	@$(WITH) tests/console/browser/run $(if $(ONLY),"$(ONLY)")
# The service under a real systemd, in a container of its own.
systemd-test: all deps-test
	@$(WITH) FOLLOWUP_LONG=1 tests/run systemd/
model-compare: all deps-test
	FOLLOWUPD=$(BUILD)/followupd tests/model/compare.sh $(BOOKS)
KILLS ?= 1000
BOOK ?= 1000000
CUTS ?= 50
crash: all crash-tools deps-test
	@$(WITH) KILLS=$(KILLS) BOOK=$(BOOK) tests/crash/test_load.py
powercut: all crash-tools deps-test
	@$(WITH) CUTS=$(CUTS) tests/crash/test_powercut.py
# How much of the code these tests run; with a build of its own, whose counts begin anew each time. The faults are the same every time.
COVERAGE_TESTS ?= unit/ fuzz/ daemon/ console/ crash/ faults/
coverage: deps-test
	@$(MAKE) --no-print-directory BUILD=$(BUILD)-coverage OPT='-O0 -g' SAN='--coverage -fprofile-update=atomic -DFOLLOWUP_COVERAGE' all unit fuzz-targets crash-tools faults-programs
	@find $(BUILD)-coverage -name '*.gcda' -delete
	@status=0; BUILD=$(BUILD)-coverage FOLLOWUP_END_GENTLY=1 FOLLOWUP_HISTORIES=60 FOLLOWUP_FAULTS=6 FOLLOWUP_SEED=1 tests/run $(COVERAGE_TESTS) || status=1; tests/coverage $(BUILD)-coverage && exit $$status
# The parsers against libFuzzer, each target FUZZ_SECONDS long, or one with ONLY=resp; and against AFL++.
FUZZ_SECONDS ?= 30
fuzz: deps-fuzz
	@$(MAKE) --no-print-directory BUILD=$(BUILD)-fuzz CC=clang OPT='-O1 -g' FUZZ_MAIN=-fsanitize=fuzzer \
		SAN='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' fuzz-targets
	@BUILD=$(BUILD)-fuzz tests/fuzz/run $(FUZZ_SECONDS) $(ONLY)
fuzz-afl: deps
	@$(FETCH) afl
	@AFL_USE_ASAN=1 AFL_USE_UBSAN=1 AFL_QUIET=1 $(MAKE) --no-print-directory BUILD=$(BUILD)-afl CC=afl-clang-fast OPT='-O1 -g' fuzz-targets
	@BUILD=$(BUILD)-afl tests/fuzz/run --afl $(FUZZ_SECONDS) $(ONLY)
# Every allocation and every file operation made to fail, under sanitizers; or FAULTS of each kind under each command.
FAULTS ?= 0
faults: deps-test
	@$(MAKE) --no-print-directory BUILD=$(BUILD)-faults OPT='-O1 -g' SAN='-fsanitize=address,undefined -fno-sanitize-recover=all' all faults-programs
	@BUILD=$(BUILD)-faults FOLLOWUP_LONG=1 FOLLOWUP_FAULTS=$(FAULTS) tests/run faults/
# Beside the queues that a desk would pick instead; see tests/bench/bench.py for its sections, how long each takes, and SCALE, CLIENTS, ROUNDS, ONLY, AGENTS, PEERS.
bench: all bench-programs
	@$(WITH) tests/bench/bench.py
bench-quick: all bench-programs
	@$(WITH) QUICK=1 tests/bench/bench.py
# RESULTS.md and the figures of followup-sizing(7) anew from what is kept, as after a change of the notes; the books that sections leave for each other.
bench-page:
	@$(WITH) tests/bench/results.py
	@$(WITH) tests/bench/sizing.py
bench-clean:
	rm -rf $(BUILD)/bench/scratch
# Instructions of the hot commands: 10 % more than tests/bench/instructions has is an error; tests/bench/check.py --write stores them.
bench-check: all
	@$(FETCH) count
	@$(WITH) tests/bench/check.py
lint: deps-lint
	@.ci/lint
format: deps-lint
	clang-format -i $(wildcard include/*/*.h daemon/*.[ch] daemon/*/*.[ch] ctl/*.[ch] console/*.[ch] tests/*/*.[ch])

# --- Install -----------------------------------------------------------------------------------------
CONF = $(wildcard conf/*.conf conf/rules.d/*.conf conf/calendar/*)
MAN = $(wildcard man/*.[1-8])
EXAMPLES = $(wildcard examples/* examples/*/* examples/*/*/*)
# For other programs: they are told where these stand, and nothing of ours reads them.
MONITORING = $(wildcard conf/grafana/*.json conf/prometheus/*.yml)
# As the files stood when they were installed; only a file that is still like that may be replaced or removed.
SHIPPED = $(DESTDIR)$(PREFIX)/share/followupd
ETC = $(DESTDIR)$(SYSCONFDIR)/followupd
DOC = $(DESTDIR)$(PREFIX)/share/doc/followupd
DOC_CTL = $(DESTDIR)$(PREFIX)/share/doc/followupctl
UNITS = followupd.service followupd.socket followup-console.service
SYSUSERS = followupd.conf followup-console.conf
# Completion: one file for both shells, under the name that each looks for (zsh: where Debian has those of packages).
COMPLETIONS = $(DESTDIR)$(PREFIX)/share/bash-completion/completions/followupctl $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_followupctl
man_target = $(DESTDIR)$(PREFIX)/share/man/man$(subst .,,$(suffix $(1)))/$(notdir $(1))

install: all
	install -D -m 755 $(BUILD)/followupd $(DESTDIR)$(PREFIX)/sbin/followupd
	install -D -m 755 $(BUILD)/followup-console $(DESTDIR)$(PREFIX)/sbin/followup-console
	install -D -m 755 $(BUILD)/followupctl $(DESTDIR)$(PREFIX)/bin/followupctl
	@set -e; $(foreach file,$(COMPLETIONS),install -D -m 644 ctl/completion/followupctl $(file);)
	@set -e; $(foreach file,$(MAN),install -D -m 644 $(file) $(call man_target,$(file));)
	install -D -m 644 man/rulebook.zh-CN.md $(DOC)/rulebook.zh-CN.md
	@set -e; for file in $(EXAMPLES); do [ -d $$file ] || \
		install -D -m $$([ -x $$file ] && echo 755 || echo 644) $$file $$(case $$file in examples/clients/*) echo $(DOC_CTL);; *) echo $(DOC);; esac)/$$file; done
	@set -e; install -d $(DESTDIR)$(UNITDIR); for unit in $(UNITS); do \
		sed -e 's|/usr/sbin/|$(PREFIX)/sbin/|g; s|/usr/bin/|$(PREFIX)/bin/|g; s|/etc/|$(SYSCONFDIR)/|g' systemd/$$unit \
			>$(DESTDIR)$(UNITDIR)/$$unit; chmod 644 $(DESTDIR)$(UNITDIR)/$$unit; done
	@set -e; for file in $(SYSUSERS); do install -D -m 644 systemd/sysusers/$$file $(DESTDIR)$(SYSUSERSDIR)/$$file; done
	@set -e; $(foreach file,$(MONITORING),install -D -m 644 $(file) $(SHIPPED)/$(file:conf/%=%);)
	install -D -m 644 systemd/tmpfiles/followupd.conf $(DESTDIR)$(TMPFILESDIR)/followupd.conf
	@set -e; for file in $(CONF:conf/%=%); do \
		new=conf/$$file; old=$(SHIPPED)/$$file; here=$(ETC)/$$file; \
		if cmp -s $$new $$here; then :; \
		elif [ ! -e $$here ] && [ -e $$old ]; then echo "install: $$here was removed here, and stays so"; \
		elif [ ! -e $$here ] || cmp -s $$old $$here; then install -D -m 644 $$new $$here; \
		elif ! cmp -s $$old $$new; then install -D -m 644 $$new $$here.new; \
			echo "install: $$here was changed here, and stays so; the new one stands beside it as $$here.new"; fi; \
		install -D -m 644 $$new $$old; done
	@[ -n "$(DESTDIR)" ] || echo "Now:  systemd-sysusers; systemd-tmpfiles --create; systemctl daemon-reload; systemctl enable --now followupd.socket followupd"

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/followupd $(DESTDIR)$(PREFIX)/sbin/followup-console $(DESTDIR)$(PREFIX)/bin/followupctl
	rm -f $(foreach file,$(MAN),$(call man_target,$(file))) $(COMPLETIONS) $(MONITORING:conf/%=$(SHIPPED)/%)
	rm -rf $(DOC)/examples $(DOC)/rulebook.zh-CN.md $(DOC_CTL)/examples
	@for folder in $(DOC) $(DOC_CTL); do [ ! -d $$folder ] || rmdir --ignore-fail-on-non-empty $$folder; done
	rm -f $(UNITS:%=$(DESTDIR)$(UNITDIR)/%) $(SYSUSERS:%=$(DESTDIR)$(SYSUSERSDIR)/%) $(DESTDIR)$(TMPFILESDIR)/followupd.conf
	@for file in $(CONF:conf/%=%); do \
		old=$(SHIPPED)/$$file; here=$(ETC)/$$file; rm -f $$here.new; \
		if cmp -s $$old $$here; then rm -f $$here; \
		elif [ -e $$here ]; then echo "uninstall: $$here was changed here, and stays"; fi; \
		rm -f $$old; done
	@for folder in $(ETC)/rules.d $(ETC)/calendar $(ETC) $(SHIPPED)/rules.d $(SHIPPED)/calendar $(SHIPPED)/grafana $(SHIPPED)/prometheus $(SHIPPED); do \
		[ ! -d $$folder ] || rmdir --ignore-fail-on-non-empty $$folder; done

# --- Packages to give away ---------------------------------------------------------------------------
.PHONY: deps-deb dist deb deb-test
dist:
	@$(WITH) packaging/dist $(BUILD)/followupd-$(VERSION).tar.gz followupd-$(VERSION)
	@echo $(BUILD)/followupd-$(VERSION).tar.gz
deb: deps-deb
	@$(WITH) packaging/deb $(BUILD)/deb $(VERSION)
# Built twice and compared; installed in a container, upgraded, removed and purged, with a desk at work.
deb-test: all deps-deb deps-test
	@$(WITH) FOLLOWUP_LONG=1 tests/run packages/

clean:
	rm -rf $(BUILD)

.PHONY: all console-test deps-browser daemon-and-ctl unit fuzz-targets faults-programs faults crash-tools crash powercut deps deps-console deps-test deps-lint deps-fuzz deps-clients deps-bench bench-programs bench bench-quick bench-page bench-clean bench-check demo run test test-long coverage fuzz fuzz-afl model-compare lint format install uninstall clean
.SECONDARY:
.DELETE_ON_ERROR:
-include $(shell find $(BUILD) -name '*.d' -type f 2>/dev/null)
