/* faults.c - every allocation and every file operation made to fail at the n-th call, for every n, across every command (DESIGN 5, STYLE 20).
 *
 * The daemon's own server runs in this process, over a book that SQLite keeps in its memory. Before each command of the script the process is copied, once for each
 * fault: the copy gets the command with the fault in it, and then everything that must hold is looked at. At last the command is done without a fault, and the next one follows.
 *
 *   faults [--each N] [--seed S] [--only WORD] [--show] [--weaken commit|rollback|sync]
 *
 * --each N: of each kind of fault only so many calls of every command, drawn by the seed. --only: commands with that word in them.
 * --show: what the
 * script is answered. --weaken: breaks the daemon on purpose; then the run succeeds when it finds that out. Prints TAP. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../daemon/store/internal.h"
#include "fault.h"
#include "followup/command.h"
#include "script.h"
#include "world.h"

enum {
	JOBS_MAX = 16,
	PATIENCE_SECONDS = 20,
	HUNG = 3 /* exit status */,
	KEPT_MAX = 32,
	SAID_MAX = 512,
	FINDINGS_SHOWN = 4 /* of each row */
};

/* What comes after the command. */
enum afterlife {
	AFTER_NOTHING, /* the daemon goes on: the command again */
	AFTER_CLOSE,   /* it stops in order and is started again */
	AFTER_KILL,    /* the process ends at once */
	AFTER_POWER,   /* the machine does */
};

static const struct way {
	const char *name;
	enum fault_kind kind;
	bool onward;
	enum afterlife after;
} ways[] = {
	{"one allocation fails", FAULT_MEMORY, false, AFTER_NOTHING},
	{"no memory from one allocation on", FAULT_MEMORY, true, AFTER_NOTHING},
	{"one file operation fails, restart", FAULT_IO, false, AFTER_CLOSE},
	{"one file operation fails, kill", FAULT_IO, false, AFTER_KILL},
	{"the disk fails for good, kill", FAULT_IO, true, AFTER_KILL},
	{"the disk fails for good, power lost", FAULT_IO, true, AFTER_POWER},
	{"one write is cut short, power lost", FAULT_SHORT, false, AFTER_POWER},
	{"no room once, the daemon goes on", FAULT_FULL, false, AFTER_NOTHING},
	{"no room for a while, the daemon goes on", FAULT_FULL, true, AFTER_NOTHING},
	{"no room for a while, power lost", FAULT_FULL, true, AFTER_POWER},
};
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

/* What a copy of the process tells the one it was copied from. */
struct told {
	int64_t counted;
	struct digest digest;
	struct reply_heard reply;
	char why[2 * SAID_MAX]; /* what is wrong; "": nothing */
	char place[8192];       /* the call that failed */
};

/* How it has to come out: found by doing it without a fault, on the same ways. */
struct expected {
	struct digest before, after;
	struct digest restarted_before, restarted_after; /* after a restart */
	struct digest repeated;                          /* the command done after a restart */
	int64_t counts[FAULT_FULL + 1];
	struct reply_heard reply, repeated_reply;
};

enum weakness { WEAK_NOT, WEAK_COMMIT, WEAK_ROLLBACK, WEAK_SYNC };

static struct {
	int64_t each;
	uint64_t seed;
	const char *only;
	enum weakness weakness;
	int jobs;
	bool show;
	struct told *told; /* shared with the copies, one each */
	struct world *world, *other;
	struct expected *expected;
	struct {
		char name[16], value[128];
	} kept[KEPT_MAX];
	int64_t clock, clean_ours, clean_theirs;
	uint64_t tried;
	int findings, row_findings, tests;
} run;

/* --- The daemon, broken on purpose ------------------------------------------------------------------- */

/* NOLINTBEGIN(bugprone-reserved-identifier) */
int __real_store_commit(struct store *store);
int __wrap_store_commit(struct store *store);
void __real_store_rollback(struct store *store);
void __wrap_store_rollback(struct store *store);

int __wrap_store_commit(struct store *store)
{
	int result = __real_store_commit(store);

	return result < 0 && run.weakness == WEAK_COMMIT ? 0 : result;
}

/* What was done of it stays. */
void __wrap_store_rollback(struct store *store)
{
	if (run.weakness == WEAK_ROLLBACK)
		(void)sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
	__real_store_rollback(store);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static int start(struct world *world)
{
	int result = world_open(world, run.clock);

	/* The copies talk, into a file that is read when something is wrong. */
	if (result == 0)
		log_configure(world->log, 0, LOG_LEVEL_ERROR);

	if (result == 0 && run.weakness == WEAK_SYNC &&
		sqlite3_exec(world->server.store->db, "PRAGMA synchronous=OFF", NULL, NULL, NULL) != SQLITE_OK)
		result = ERR_STORE;
	return result;
}

/* --- Words ------------------------------------------------------------------------------------------- */

static const char *kept_value(const char *name)
{
	for (int i = 0; i < KEPT_MAX; i++)
		if (strcmp(run.kept[i].name, name) == 0)
			return run.kept[i].value;
	(void)fprintf(stderr, "the script wants %s, which no answer has given\n", name);
	exit(2);
}

static void keep(const char *name, const char *value, size_t length)
{
	for (int i = 0; i < KEPT_MAX; i++) {
		if (run.kept[i].name[0] != '\0' && strcmp(run.kept[i].name, name) != 0)
			continue;
		(void)snprintf(run.kept[i].name, sizeof(run.kept[i].name), "%s", name);
		(void)snprintf(run.kept[i].value, sizeof(run.kept[i].value), "%.*s", (int)length, value);
		return;
	}
	abort();
}

/* Keeps what the row wants of the answer: "lease=L call=C". */
static void keep_all(const struct row *row, const char *reply)
{
	char wants[128], *rest = wants, *want;

	(void)snprintf(wants, sizeof(wants), "%s", row->keep);
	while ((want = strsep(&rest, " ")) != NULL && *want != '\0') {
		char member[64];
		char *name = strchr(want, '=');
		(void)snprintf(member, sizeof(member), "\"%.*s\":", (int)(name - want), want);
		const char *value = strstr(reply, member);
		if (value == NULL) {
			(void)fprintf(stderr, "%s: no %s in %s\n", row->words, member, reply);
			exit(2);
		}
		value += strlen(member);
		value += *value == '"';
		keep(name + 1, value, strcspn(value, "\",}"));
	}
}

static char *new_file(void)
{
	static char path[128];
	static int number;

	(void)snprintf(path, sizeof(path), "%s-%ld-%d", world_book(), (long)getpid(), ++number);
	return path;
}

struct words {
	char text[4096];
	const char *words[WORDS_MAX];
	size_t count;
};

static void split(const char *text, struct words *out)
{
	char *rest = out->text, *word;

	(void)snprintf(out->text, sizeof(out->text), "%s", text);
	out->count = 0;
	while ((word = strsep(&rest, " ")) != NULL) {
		if (word[0] == '$')
			word = (char *)(uintptr_t)kept_value(word + 1);
		else if (strcmp(word, "@") == 0)
			word = new_file();
		else
			for (char *c = word; *c != '\0'; c++)
				*c = *c == '^' ? ' ' : *c;
		out->words[out->count++] = word;
	}
}

/* A connection of his, signed in. */
static bool speak_as(struct world *world, const char *who)
{
	static struct reply_heard reply;

	world_connect(world);
	if (strcmp(who, "operator") == 0)
		return true;
	const char *words[3] = {"AUTH", who, kept_value(who)};
	(void)world_ask(world, words, 3, (struct fault){0}, &reply);
	return !reply.lost && strncmp(reply.bytes, "+OK", 3) == 0;
}

/* --- What must hold ---------------------------------------------------------------------------------- */

static bool alike(struct digest one, struct digest other)
{
	return one.alike == other.alike;
}

static bool same_reply(const struct row *row, const struct reply_heard *one, const struct reply_heard *other)
{
	if (one->lost || other->lost)
		return one->lost && other->lost;
	if ((row->flags & ROW_VARIES) != 0)
		return one->bytes[0] == other->bytes[0];
	return one->length == other->length && memcmp(one->bytes, other->bytes, one->length) == 0;
}

static void wrong(struct told *told, const char *what, const char *more)
{
	if (told->why[0] == '\0')
		(void)snprintf(told->why, sizeof(told->why), "%s%.400s", what, more);
}

static bool has_word(const struct reply_heard *reply, const char *word)
{
	return !reply->lost && reply->bytes[0] == '-' && strncmp(reply->bytes + 1, word, strlen(word)) == 0;
}

/* Ends the copy's daemon, and tells what it still holds afterwards. */
static void finish(struct world *world, struct told *told)
{
	char text[128];

	world_close(world);
	if (memory_ours() != run.clean_ours || memory_theirs() != run.clean_theirs) {
		(void)snprintf(text, sizeof(text), "%lld of ours, %lld of SQLite's and libevent's",
			(long long)(memory_ours() - run.clean_ours), (long long)(memory_theirs() - run.clean_theirs));
		wrong(told, "a leak: ", text);
	}
}

/* The command once more, without a fault: the answer and the book that it would have had without. */
static void repeat(struct world *world, const struct row *row, struct digest wanted, const struct reply_heard *reply, struct told *told)
{
	static struct reply_heard again;
	struct words words;

	split(row->words, &words);
	world->server.health.probe_at_ms = 0; /* some seconds later */
	if (!speak_as(world, row->who)) {
		wrong(told, "afterwards nobody can sign in", "");
		return;
	}
	(void)world_ask(world, words.words, words.count, (struct fault){0}, &again);
	if (!same_reply(row, &again, reply))
		wrong(told, "done again it answers otherwise: ", again.lost ? "nothing" : again.bytes);
	else if (!alike(world_digest(world), wanted))
		wrong(told, "done again it leads elsewhere", "");
}

/* The answer that came in spite of the fault. true: it says that all was done. */
static bool judge_reply(const struct row *row, const struct world *world, enum fault_kind kind, struct told *told)
{
	const struct reply_heard *reply = &told->reply;
	bool stopped = world->server.exit_status != 0;

	if (stopped && (kind == FAULT_MEMORY || kind == FAULT_FULL))
		wrong(told, "the daemon stops", "");
	if (same_reply(row, reply, &run.expected->reply))
		return true;
	if (reply->lost)
		return false;
	if ((row->flags & ROW_BESIDE) != 0 && reply->bytes[0] == '-')
		return false;
	if (!has_word(reply, "STORE ") &&
		!(kind == FAULT_MEMORY && (has_word(reply, "BUSY ") || strstr(reply->bytes, "out of memory") != NULL)))
		wrong(told, "an answer that is not true: ", reply->bytes);
	if ((kind == FAULT_IO || kind == FAULT_SHORT) && !stopped)
		wrong(told, "the daemon goes on after an I/O error: ", reply->bytes);
	return false;
}

/* The book as the daemon that goes on sees it. */
static void judge_running(struct world *world, const struct row *row, bool done, struct told *told)
{
	const struct expected *e = run.expected;
	struct digest now = world_digest(world);
	bool slices = (row->flags & ROW_SLICES) != 0;

	if (done && !alike(now, e->after) && !slices)
		wrong(told, "it says that it has done what it has not: ", told->reply.bytes);
	if (!done && !slices && now.same != e->before.same && !(told->reply.lost && alike(now, e->after)))
		wrong(told, alike(now, e->after) ? "it says that it has not done what it has: " : "half a change: ",
			told->reply.lost ? "(no answer)" : told->reply.bytes);
	if ((!done && !(told->reply.lost && alike(now, e->after))) || (slices && !alike(now, e->after)))
		repeat(world, row, e->after, &e->reply, told);
	if (slices && told->why[0] == '\0')
		wrong(told, world_inspect(world), "");
}

/* The book as the next daemon finds it. */
static void judge_restarted(struct world *world, const struct row *row, bool done, struct told *told)
{
	const struct expected *e = run.expected;

	int result = start(world);
	if (result < 0) {
		wrong(told, "no start afterwards: ", error_text(result));
		return;
	}
	struct digest now = world_digest(world);
	bool slices = (row->flags & ROW_SLICES) != 0, is_after = alike(now, e->restarted_after);
	if (done && !is_after && !slices)
		wrong(told, "what was answered is not there after the restart: ", told->reply.bytes);
	if (!is_after && !slices && !alike(now, e->restarted_before))
		wrong(told, "half a change after the restart", "");
	if (told->why[0] == '\0' && !slices)
		wrong(told, world_inspect(world), "");
	if (!is_after && !slices)
		repeat(world, row, e->repeated, &e->repeated_reply, told);
	else if (slices) {
		static const char *const work[] = {"CLOCK", "ADVANCE", "0"};
		static struct reply_heard reply;
		world_connect(world);
		(void)world_ask(world, work, 3, (struct fault){0}, &reply);
		wrong(told, world_inspect(world), "");
	}
}

/* The daemon is gone, one way or another. */
static void end_daemon(struct world *world, enum afterlife after, uint64_t seed)
{
	if (after == AFTER_CLOSE) {
		world_close(world);
		disk_let_go();
		return;
	}
	world_disconnect(world);
	server_release(&world->server);
	if (after == AFTER_KILL)
		disk_let_go();
	else
		disk_lose_power(seed);
}

/* In a copy: the row's command with one fault in it. */
static void suffer(const struct row *row, const struct way *way, int64_t at, struct told *told)
{
	struct fault fault = {.kind = way->kind, .onward = way->onward, .at = at};
	struct words words;

	split(row->words, &words);
	if (!speak_as(run.world, row->who)) {
		wrong(told, "cannot sign in", "");
		return;
	}
	told->counted = world_ask(run.world, words.words, words.count, fault, &told->reply);
	bool done = judge_reply(row, run.world, way->kind, told);
	bool ends = (row->flags & ROW_ENDS) != 0;
	if (way->after == AFTER_NOTHING && !ends)
		judge_running(run.world, row, done, told);
	if (way->after == AFTER_NOTHING) {
		finish(run.world, told);
		return;
	}
	end_daemon(run.world, way->after, run.seed + (uint64_t)at);
	if (ends)
		return;
	judge_restarted(run.other, row, done, told);
}

/* In a copy: the same without a fault, of which the parent keeps what came of it. */
enum rehearsal { REHEARSE_AFTER, REHEARSE_RESTARTED_BEFORE, REHEARSE_RESTARTED_AFTER, REHEARSE_REPEATED };

static void rehearse(const struct row *row, enum rehearsal what, enum fault_kind kind, struct told *told)
{
	struct words words;
	struct world *world = run.world;

	split(row->words, &words);
	if (what == REHEARSE_AFTER || what == REHEARSE_RESTARTED_AFTER) {
		if (!speak_as(world, row->who))
			wrong(told, "cannot sign in", "");
		told->counted = world_ask(world, words.words, words.count, (struct fault){.kind = kind}, &told->reply);
	}
	if (what != REHEARSE_AFTER) {
		end_daemon(world, AFTER_CLOSE, 0);
		world = run.other;
		if (start(world) < 0)
			wrong(told, "no start", "");
	}
	if (what == REHEARSE_REPEATED && told->why[0] == '\0') {
		if (!speak_as(world, row->who))
			wrong(told, "cannot sign in", "");
		(void)world_ask(world, words.words, words.count, (struct fault){0}, &told->reply);
	}
	if (told->why[0] == '\0')
		told->digest = world_digest(world);
	if (what == REHEARSE_AFTER)
		finish(world, told);
}

/* --- Copies of the process --------------------------------------------------------------------------- */

static struct {
	pid_t pid;
	const struct way *way;
	int64_t at;
	FILE *said; /* what it wrote to standard error */
} copies[JOBS_MAX];

static void tell_finding(const struct row *row, const struct way *way, int64_t at, const char *why, const struct told *told, FILE *said)
{
	char line[1024];

	run.findings++;
	if (run.row_findings++ >= FINDINGS_SHOWN || run.weakness != WEAK_NOT)
		return;
	printf("# %s %s: %s, at %lld: ", row->who, row->words, way != NULL ? way->name : "no fault", (long long)at);
	for (const char *c = why; *c != '\0'; c++)
		(void)putchar(*c == '\r' || *c == '\n' ? ' ' : *c);
	(void)putchar('\n');
	if (told->place[0] != '\0')
		printf("%s", told->place);
	rewind(said);
	for (int i = 0; i < 60 && fgets(line, sizeof(line), said) != NULL; i++)
		printf("#   | %s", line);
	(void)fflush(stdout);
}

/* Waits for one copy to end, and looks at what it has told. */
static void collect(const struct row *row, int slot)
{
	struct told *told = &run.told[slot];
	char how[SAID_MAX];
	int status = 0;

	while (waitpid(copies[slot].pid, &status, 0) < 0 && errno == EINTR)
		;
	copies[slot].pid = 0;
	run.tried++;
	if (WIFSIGNALED(status)) {
		(void)snprintf(how, sizeof(how), "died of %s", strsignal(WTERMSIG(status)));
		tell_finding(row, copies[slot].way, copies[slot].at, how, told, copies[slot].said);
	} else if (WEXITSTATUS(status) != 0 && told->why[0] == '\0') {
		(void)snprintf(how, sizeof(how), WEXITSTATUS(status) == HUNG ? "no answer, no end" : "ended with %d", WEXITSTATUS(status));
		tell_finding(row, copies[slot].way, copies[slot].at, how, told, copies[slot].said);
	} else if (told->why[0] != '\0') {
		tell_finding(row, copies[slot].way, copies[slot].at, told->why, told, copies[slot].said);
	}
	(void)fclose(copies[slot].said);
	copies[slot].said = NULL;
}

static void on_alarm(int number)
{
	(void)number;
	fault_print_place(stderr);
	_exit(HUNG);
}

/* true in the copy. */
static bool split_off(int slot, const struct way *way, int64_t at)
{
	struct told *told = &run.told[slot];

	told->why[0] = told->place[0] = '\0';
	told->reply.length = 0;
	copies[slot].way = way;
	copies[slot].at = at;
	copies[slot].said = tmpfile();
	if (copies[slot].said == NULL)
		abort();
	(void)fflush(stdout);
	pid_t pid = fork();
	if (pid < 0)
		abort();
	copies[slot].pid = pid;
	if (pid > 0)
		return false;
	(void)dup2(fileno(copies[slot].said), STDERR_FILENO);
	if (run.world->log != NULL)
		log_configure(run.world->log, 0, LOG_LEVEL_INFO);
	(void)signal(SIGALRM, on_alarm);
	(void)alarm(PATIENCE_SECONDS);
	return true;
}

static void leave_copy(int slot)
{
	struct told *told = &run.told[slot];

	if (told->why[0] != '\0' && fault_has_struck()) {
		FILE *place = tmpfile();
		if (place != NULL) {
			fault_print_place(place);
			rewind(place);
			told->place[fread(told->place, 1, sizeof(told->place) - 1, place)] = '\0';
		}
	}
	_exit(told->why[0] != '\0');
}

static int free_slot(const struct row *row)
{
	for (int i = 0; i < run.jobs; i++)
		if (copies[i].pid == 0)
			return i;
	/* Whoever ends first. */
	siginfo_t info;
	while (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) != 0)
		;
	for (int i = 0; i < run.jobs; i++) {
		if (copies[i].pid == info.si_pid) {
			collect(row, i);
			return i;
		}
	}
	abort();
}

static void collect_all(const struct row *row)
{
	for (int i = 0; i < run.jobs; i++)
		if (copies[i].pid != 0)
			collect(row, i);
}

/* One rehearsal, whose outcome is in the first slot afterwards. */
static const struct told *rehearsed(const struct row *row, enum rehearsal what, enum fault_kind kind)
{
	if (split_off(0, NULL, 0)) {
		rehearse(row, what, kind, &run.told[0]);
		leave_copy(0);
	}
	collect(row, 0);
	return &run.told[0];
}

/* --- Rows -------------------------------------------------------------------------------------------- */

static uint64_t drawn(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

static void learn_expected(const struct row *row)
{
	struct expected *e = run.expected;

	e->before = world_digest(run.world);
	for (enum fault_kind kind = FAULT_MEMORY; kind <= FAULT_FULL; kind++) {
		const struct told *told = rehearsed(row, REHEARSE_AFTER, kind);
		e->counts[kind] = told->counted;
		if (kind > FAULT_MEMORY && (!same_reply(row, &told->reply, &e->reply) || !alike(told->digest, e->after))) {
			run.findings++;
			printf("# %s: done twice without a fault it does not come out the same\n", row->words);
		}
		e->reply = told->reply;
		e->after = told->digest;
	}
	if ((row->flags & ROW_ENDS) == 0) {
		e->restarted_before = rehearsed(row, REHEARSE_RESTARTED_BEFORE, FAULT_NONE)->digest;
		e->restarted_after = rehearsed(row, REHEARSE_RESTARTED_AFTER, FAULT_NONE)->digest;
		const struct told *told = rehearsed(row, REHEARSE_REPEATED, FAULT_NONE);
		e->repeated = told->digest;
		e->repeated_reply = told->reply;
	}
	if (!e->reply.lost && (e->reply.bytes[0] == '-') != ((row->flags & ROW_REFUSED) != 0)) {
		run.findings++;
		printf("# %s %s: %.300s\n", row->who, row->words, e->reply.bytes);
	}
}

static void try_row(const struct row *row, void (*learn)(const struct row *row),
	void (*suffer_it)(const struct row *row, const struct way *way, int64_t at, struct told *told))
{
	uint64_t random = run.seed * 7919 + (uint64_t)run.tests;
	int findings = run.findings;
	uint64_t tried = run.tried;

	run.row_findings = 0;

	learn(row);
	int64_t all = 0;
	for (int w = 0; w < WAYS; w++) {
		int64_t count = run.expected->counts[ways[w].kind];
		int64_t times = run.each > 0 && run.each < count ? run.each : count;
		all += count;
		for (int64_t i = 1; i <= times && (run.weakness == WEAK_NOT || run.findings == 0); i++) {
			int64_t at = times == count ? i : 1 + (int64_t)(drawn(&random) % (uint64_t)count);
			int slot = free_slot(row);
			if (split_off(slot, &ways[w], at)) {
				suffer_it(row, &ways[w], at, &run.told[slot]);
				leave_copy(slot);
			}
		}
	}
	collect_all(row);
	if (run.weakness != WEAK_NOT)
		return;
	printf("%s %d - %s %s # %lld allocations, %lld file operations, %lld that need room: %llu of %lld faults\n",
		run.findings == findings ? "ok" : "not ok", ++run.tests, row->who, row->words,
		(long long)run.expected->counts[FAULT_MEMORY], (long long)run.expected->counts[FAULT_IO],
		(long long)run.expected->counts[FAULT_FULL], (unsigned long long)(run.tried - tried), (long long)all);
	(void)fflush(stdout);
}

/* The row itself, for those that follow. */
static void do_row(const struct row *row)
{
	static struct reply_heard reply;
	struct words words;

	split(row->words, &words);
	if (!speak_as(run.world, row->who))
		abort();
	(void)world_ask(run.world, words.words, words.count, (struct fault){0}, &reply);
	if (run.show)
		printf("# %s %s -> %s\n", row->who, row->words, reply.lost ? "(lost)" : reply.bytes);
	if (row->keep[0] != '\0')
		keep_all(row, reply.bytes);
	run.clock = run.world->clock.reading;
}

/* --- The start --------------------------------------------------------------------------------------- */

static const struct row starts[] = {
	{"operator", "(the start on a new book)", 0, ""}, {"operator", "(the start on a book that is there)", 0, ""}};

static void suffer_start(const struct row *row, const struct way *way, int64_t at, struct told *told)
{
	struct world *world = run.other;

	if (row == starts)
		disk_empty();
	fault_arm((struct fault){.kind = way->kind, .onward = way->onward, .at = at});
	int result = start(world);
	told->counted = fault_disarm();
	if (result < 0 && !fault_has_struck())
		wrong(told, "no start: ", error_text(result));
	if (way->after == AFTER_NOTHING) {
		finish(world, told);
	} else if (way->after == AFTER_CLOSE) {
		world_close(world);
	} else {
		server_release(&world->server);
	}
	if (way->after == AFTER_POWER)
		disk_lose_power(run.seed + (uint64_t)at);
	else
		disk_let_go();
	result = start(world);
	if (result < 0)
		wrong(told, "no start afterwards: ", error_text(result));
	else
		wrong(told, world_inspect(world), "");
	if (told->why[0] == '\0') {
		told->digest = world_digest(world);
		if (at > 0 && !alike(told->digest, run.expected->after))
			wrong(told, "the start leads elsewhere afterwards", "");
	}
}

static void learn_start(const struct row *row)
{
	for (enum fault_kind kind = FAULT_MEMORY; kind <= FAULT_FULL; kind++) {
		if (split_off(0, NULL, 0)) {
			suffer_start(row, &(struct way){.kind = kind}, 0, &run.told[0]);
			leave_copy(0);
		}
		collect(row, 0);
		run.expected->counts[kind] = run.told[0].counted;
		run.expected->after = run.told[0].digest;
	}
}

static void check_script(void)
{
	for (size_t i = 0; i < command_count; i++) {
		size_t length = strlen(command_table[i].name), row = 0;
		while (row < script_length && (strncmp(script[row].words, command_table[i].name, length) != 0 ||
						      (script[row].words[length] != ' ' && script[row].words[length] != '\0')))
			row++;
		if (row < script_length)
			continue;
		run.findings++;
		printf("not ok %d - %s stands in no row of tests/faults/script.c\n", ++run.tests, command_table[i].name);
	}
}

static void *shared(size_t size)
{
	void *room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (room == MAP_FAILED)
		abort();
	return room;
}

static void read_options(int count, char **words)
{
	static const struct option options[] = {{"each", required_argument, NULL, 'e'}, {"seed", required_argument, NULL, 's'},
		{"only", required_argument, NULL, 'o'}, {"weaken", required_argument, NULL, 'w'}, {"show", no_argument, NULL, 'v'}, {0}};
	static const char *const weaknesses[] = {"", "commit", "rollback", "sync"};
	int option;

	run.seed = 1;
	while ((option = getopt_long(count, words, "", options, NULL)) != -1) {
		if (option == 'e')
			run.each = strtoll(optarg, NULL, 10);
		else if (option == 's')
			run.seed = strtoull(optarg, NULL, 10);
		else if (option == 'o')
			run.only = optarg;
		else if (option == 'v')
			run.show = true;
		else if (option == 'w')
			while (run.weakness < WEAK_SYNC && (run.weakness == WEAK_NOT || strcmp(optarg, weaknesses[run.weakness]) != 0))
				run.weakness++;
		else
			exit(2);
	}
}

static bool wanted(const struct row *row)
{
	return run.only == NULL || strstr(row->words, run.only) != NULL;
}

/* Whatever the daemon has to do by itself is done. */
static void settle(void)
{
	do_row(&(struct row){"operator", "CLOCK ADVANCE 0", 0, ""});
}

int main(int count, char **words)
{
	static struct world worlds[2];
	int64_t local = 0;

	read_options(count, words);
	(void)setenv("EVENT_NOEPOLL", "1", 1); /* poll() keeps nothing in the kernel that a copy of the process would share */
	memory_take_over();
	disk_take_over();
	fault_arm((struct fault){0});
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	run.jobs = processors < 1 ? 1 : processors > JOBS_MAX ? JOBS_MAX : (int)processors;
	run.told = shared(sizeof(*run.told) * JOBS_MAX);
	run.expected = shared(sizeof(*run.expected));
	run.world = &worlds[0];
	run.other = &worlds[1];
	if (zone_set("Asia/Shanghai") < 0 || zone_parse_time(script_begins, strlen(script_begins), &local) < 0)
		return 2;
	run.clock = zone_unix_of_local(local);
	/* The second time nothing is left that is made once for the process. */
	for (int i = 0; i < 2; i++) {
		if (start(run.world) < 0)
			return 2;
		world_close(run.world);
		run.clean_ours = memory_ours();
		run.clean_theirs = memory_theirs();
	}
	printf("# seed %llu\n", (unsigned long long)run.seed);
	if (run.weakness == WEAK_NOT)
		check_script();
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (wanted(&starts[i]))
			try_row(&starts[i], learn_start, suffer_start);
	disk_empty();
	if (start(run.world) < 0)
		return 2;
	settle();
	for (size_t i = 0; i < script_length; i++) {
		if (wanted(&script[i]))
			try_row(&script[i], learn_expected, suffer);
		if ((script[i].flags & ROW_ENDS) == 0)
			do_row(&script[i]);
	}
	world_close(run.world);
	if (run.weakness != WEAK_NOT)
		printf("%s 1 - a daemon that is broken on purpose is found out\n1..1\n", run.findings > 0 ? "ok" : "not ok");
	else
		printf("1..%d\n# %llu faults, %d findings\n", run.tests, (unsigned long long)run.tried, run.findings);
	return (run.findings > 0) != (run.weakness != WEAK_NOT);
}
