/* faults.c - every allocation and every file operation made to fail at the n-th call, for every n, across every command (DESIGN 5, STYLE 20).
 *
 * The daemon's own server runs in this process, over a book that SQLite keeps in its memory. Before each command of the script the process is copied, once for each
 * fault: the copy gets the command with the fault in it, and then everything that must hold is looked at. At last the command is done without a fault, and the next one follows.
 *
 *   faults [--each N] [--seed S] [--only WORD] [--show] [--weaken commit|rollback|sync|early]
 *
 * --each N: of each kind of fault only so many calls of every command, drawn by the seed. --only: commands with that word in them. --show: what the script is
 * answered. --weaken: breaks the daemon on purpose; then the run succeeds when it finds that out. Prints TAP. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "followup/command.h"
#include "run.h"

struct run run;

static const struct way ways[] = {
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

/* One rehearsal, whose outcome is in the first slot afterwards. */
static const struct told *rehearsed(const struct row *row, enum rehearsal what, enum fault_kind kind)
{
	if (copies_split_off(0, NULL, 0)) {
		rehearse(row, what, kind, &run.told[0]);
		copies_leave(0);
	}
	copies_collect(row, 0);
	return &run.told[0];
}

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
		if (kind > FAULT_MEMORY &&
			(!suffer_same_reply(row, &told->reply, &e->reply) || !suffer_alike(row, told->digest, e->after))) {
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
			int slot = copies_free_slot(row);
			if (copies_split_off(slot, &ways[w], at)) {
				suffer_it(row, &ways[w], at, &run.told[slot]);
				copies_leave(slot);
			}
		}
	}
	copies_collect_all(row);
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
	struct words words = {0};

	words_split(row->words, &words);
	if (!words_speak_as(run.world, row->who))
		abort();
	(void)world_ask(run.world, words.words, words.count, (struct fault){0}, &reply);
	if (run.show)
		printf("# %s %s -> %s\n", row->who, row->words, reply.lost ? "(lost)" : reply.bytes);
	if (row->keep[0] != '\0')
		words_keep(row, reply.bytes);
	run.clock = run.world->clock.reading;
}

static const struct row starts[] = {
	{"operator", "(the start on a new book)", 0, ""}, {"operator", "(the start on a book that is there)", 0, ""}};

static void learn_start(const struct row *row)
{
	for (enum fault_kind kind = FAULT_MEMORY; kind <= FAULT_FULL; kind++) {
		if (copies_split_off(0, NULL, 0)) {
			suffer_start(row, &(struct way){.kind = kind}, 0, &run.told[0]);
			copies_leave(0);
		}
		copies_collect(row, 0);
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
	static const char *const weaknesses[] = {"", "commit", "rollback", "sync", "early"};
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
			while (run.weakness < WEAK_EARLY && (run.weakness == WEAK_NOT || strcmp(optarg, weaknesses[run.weakness]) != 0))
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
		if (suffer_open(run.world) < 0)
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
	if (suffer_open(run.world) < 0)
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
