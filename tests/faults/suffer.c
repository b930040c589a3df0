/* suffer.c - what a daemon does with one fault, and what must hold afterwards. */
#include <stdlib.h>
#include <string.h>

#include "../../daemon/store/internal.h"
#include "run.h"

/* NOLINTBEGIN(bugprone-reserved-identifier) */
int __real_store_commit(struct store *store);
int __wrap_store_commit(struct store *store);
void __real_store_rollback(struct store *store);
void __wrap_store_rollback(struct store *store);
int __real_store_sync(struct store *store);
int __wrap_store_sync(struct store *store);
bool __real_store_is_synced(const struct store *store);
bool __wrap_store_is_synced(const struct store *store);

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

/* What was committed is told before it is on the disk. */
int __wrap_store_sync(struct store *store)
{
	return run.weakness == WEAK_EARLY ? 0 : __real_store_sync(store);
}

bool __wrap_store_is_synced(const struct store *store)
{
	return run.weakness == WEAK_EARLY || __real_store_is_synced(store);
}
/* NOLINTEND(bugprone-reserved-identifier) */

int suffer_open(struct world *world)
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

bool suffer_alike(const struct row *row, struct digest one, struct digest other)
{
	return (row->flags & ROW_SLICES) != 0 ? one.loose == other.loose : one.alike == other.alike;
}

bool suffer_same_reply(const struct row *row, const struct reply_heard *one, const struct reply_heard *other)
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

/* For a row that works in slices: what is left of them, without a fault. */
static void settle(struct world *world, const struct row *row, struct told *told)
{
	static struct reply_heard reply;
	struct words words = {0};

	if ((row->flags & ROW_SLICES) == 0)
		return;
	/* A daemon that has started again has the clock of its start. */
	words_split(strncmp(row->words, "CLOCK ", strlen("CLOCK ")) == 0 ? row->words : "CLOCK ADVANCE 0", &words);
	world->server.health.probe_at_ms = 0; /* some seconds later */
	if (!words_speak_as(world, "operator")) {
		wrong(told, "afterwards nobody can sign in", "");
		return;
	}
	(void)world_ask(world, words.words, words.count, (struct fault){0}, &reply);
	if (reply.lost || reply.bytes[0] == '-')
		wrong(told, "afterwards no work is done: ", reply.lost ? "nothing" : reply.bytes);
}

/* The command once more, without a fault: the answer and the book that it would have had without. */
static void repeat(struct world *world, const struct row *row, struct digest wanted, const struct reply_heard *reply, struct told *told)
{
	static struct reply_heard again;
	struct words words = {0};

	words_split(row->words, &words);
	world->server.health.probe_at_ms = 0; /* some seconds later */
	if (!words_speak_as(world, row->who)) {
		wrong(told, "afterwards nobody can sign in", "");
		return;
	}
	(void)world_ask(world, words.words, words.count, (struct fault){0}, &again);
	settle(world, row, told);
	if (!suffer_same_reply(row, &again, reply))
		wrong(told, "done again it answers otherwise: ", again.lost ? "nothing" : again.bytes);
	else if (!suffer_alike(row, world_digest(world), wanted))
		wrong(told, "done again it leads elsewhere", "");
}

/* The answer that came in spite of the fault. true: it says that all was done. */
static bool judge_reply(const struct row *row, const struct world *world, enum fault_kind kind, struct told *told)
{
	const struct reply_heard *reply = &told->reply;
	bool stopped = world->server.exit_status != 0;

	if (stopped && (kind == FAULT_MEMORY || kind == FAULT_FULL))
		wrong(told, "the daemon stops", "");
	if (suffer_same_reply(row, reply, &run.expected->reply))
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

	/* The answer alone may have been lost; whether it was, shows when what follows from the command has been worked. */
	if (slices && !done && told->reply.lost) {
		settle(world, row, told);
		now = world_digest(world);
	}
	if (done && !suffer_alike(row, now, e->after) && !slices)
		wrong(told, "it says that it has done what it has not: ", told->reply.bytes);
	if (!done && !slices && now.same != e->before.same && !(told->reply.lost && suffer_alike(row, now, e->after)))
		wrong(told, suffer_alike(row, now, e->after) ? "it says that it has not done what it has: " : "half a change: ",
			told->reply.lost ? "(no answer)" : told->reply.bytes);
	if (!done && !(told->reply.lost && suffer_alike(row, now, e->after)))
		repeat(world, row, e->after, &e->reply, told);
	if (!slices)
		return;
	settle(world, row, told);
	if (!suffer_alike(row, world_digest(world), e->after))
		wrong(told, "its work ends elsewhere", "");
	if (told->why[0] == '\0')
		wrong(told, world_inspect(world), "");
}

/* The book as the next daemon finds it. */
static void judge_restarted(struct world *world, const struct row *row, bool done, struct told *told)
{
	const struct expected *e = run.expected;

	int result = suffer_open(world);
	if (result < 0) {
		wrong(told, "no start afterwards: ", error_text(result));
		return;
	}
	struct digest now = world_digest(world);
	bool slices = (row->flags & ROW_SLICES) != 0, is_after = suffer_alike(row, now, e->restarted_after);
	if (done && !is_after && !slices)
		wrong(told, "what was answered is not there after the restart: ", told->reply.bytes);
	if (!is_after && !slices && !suffer_alike(row, now, e->restarted_before))
		wrong(told, "half a change after the restart", "");
	if (told->why[0] == '\0' && !slices)
		wrong(told, world_inspect(world), "");
	if (!is_after && !slices)
		repeat(world, row, e->repeated, &e->repeated_reply, told);
	if (!slices)
		return;
	settle(world, row, told);
	if (done && !suffer_alike(row, world_digest(world), e->restarted_after))
		wrong(told, "after the restart its work ends elsewhere", "");
	wrong(told, world_inspect(world), "");
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
void suffer(const struct row *row, const struct way *way, int64_t at, struct told *told)
{
	struct fault fault = {.kind = way->kind, .onward = way->onward, .at = at};
	struct words words = {0};

	words_split(row->words, &words);
	if (!words_speak_as(run.world, row->who)) {
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

void rehearse(const struct row *row, enum rehearsal what, enum fault_kind kind, struct told *told)
{
	struct words words = {0};
	struct world *world = run.world;

	words_split(row->words, &words);
	if (what == REHEARSE_AFTER || what == REHEARSE_RESTARTED_AFTER) {
		if (!words_speak_as(world, row->who))
			wrong(told, "cannot sign in", "");
		told->counted = world_ask(world, words.words, words.count, (struct fault){.kind = kind}, &told->reply);
		settle(world, row, told);
	}
	if (what != REHEARSE_AFTER) {
		end_daemon(world, AFTER_CLOSE, 0);
		world = run.other;
		if (suffer_open(world) < 0)
			wrong(told, "no start", "");
	}
	if (what == REHEARSE_REPEATED && told->why[0] == '\0') {
		if (!words_speak_as(world, row->who))
			wrong(told, "cannot sign in", "");
		(void)world_ask(world, words.words, words.count, (struct fault){0}, &told->reply);
		settle(world, row, told);
	}
	if (told->why[0] == '\0')
		told->digest = world_digest(world);
	if (what == REHEARSE_AFTER)
		finish(world, told);
}

void suffer_start(const struct row *row, const struct way *way, int64_t at, struct told *told)
{
	struct world *world = run.other;

	if (strstr(row->words, "new") != NULL)
		disk_empty();
	fault_arm((struct fault){.kind = way->kind, .onward = way->onward, .at = at});
	int result = suffer_open(world);
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
	result = suffer_open(world);
	if (result < 0)
		wrong(told, "no start afterwards: ", error_text(result));
	else
		wrong(told, world_inspect(world), "");
	if (told->why[0] == '\0') {
		told->digest = world_digest(world);
		if (at > 0 && !suffer_alike(row, told->digest, run.expected->after))
			wrong(told, "the start leads elsewhere afterwards", "");
	}
}
