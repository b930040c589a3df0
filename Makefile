# followupd - see README.md. Everything is built below $(BUILD).
BUILD ?= build
PREFIX ?= /usr
SYSCONFDIR ?= /etc
CC = gcc
PKGS = libevent libevent_openssl sqlite3 libconfuse openssl
WARN = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wvla -Werror
OPT ?= -O2 -g
CPPFLAGS += -Iinclude -D_GNU_SOURCE -DFOLLOWUP_VERSION='"$(VERSION)"'
CFLAGS += -std=c17 $(OPT) $(WARN) -fstack-protector-strong -fPIE -MMD -MP $(SAN)
LDFLAGS += -pie -Wl,-z,relro,-z,now $(SAN)
VERSION := $(shell sed -n 's/^## \([0-9][0-9.]*\).*/\1/p' CHANGELOG | head -n 1)

PURE_SRC = $(wildcard daemon/core/*.c)
LIB_SRC = $(wildcard daemon/core/*.c daemon/policy/*.c daemon/store/*.c daemon/engine/*.c daemon/desk/*.c daemon/serve/*.c daemon/ingest/*.c daemon/ops/*.c)
CTL_SRC = $(wildcard ctl/*.c)
UNIT_SRC = $(wildcard tests/unit/*.c)
obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

all: $(BUILD)/followupd $(BUILD)/followupctl

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/libfollowup.a: $(call obj,$(LIB_SRC))
	rm -f $@ && ar rcs $@ $^

$(BUILD)/followupd: $(call obj,daemon/main.c) $(BUILD)/libfollowup.a
	$(CC) $(LDFLAGS) -o $@ $^ -levent_openssl -levent -lssl -lcrypto -lsqlite3 -lconfuse

$(BUILD)/followupctl: $(call obj,$(CTL_SRC)) $(BUILD)/libfollowup.a
	$(CC) $(LDFLAGS) -o $@ $^ -lhiredis -lsqlite3 -lconfuse -lcrypto

# One program a file; each prints cmocka's summary.
UNIT = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRC))
$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libfollowup.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka -levent_openssl -levent -lssl -lcrypto -lsqlite3 -lconfuse -lm
unit: $(UNIT)

clean:
	rm -rf $(BUILD)

.PHONY: all unit clean
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
