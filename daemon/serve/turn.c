#include "followup/turn.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "followup/backup.h"
#include "followup/command.h"
#include "followup/long_command.h"
#include "followup/server.h"
#include "followup/store_record.h"
#include "followup/subscribe.h"
#include "followup/waiter.h"
#include "followup/wal.h"
#include "followup/worker.h"

enum {
	SETTLE_ROWS = 16, /* clients settled between two looks at the clock, */
	SETTLE_US = 5000, /* for so long inside a turn; the rest goes into slices */
	/* How long the commit of a file's pieces waits for the next of them: as long as a commit takes, within bounds. All of the waiting together lasts no longer either, except on a quiet
	 * desk, so that a page that many rows touch is written once. */
	LOAD_WAIT_US_LEAST = 4000,
	LOAD_WAIT_US_MOST = 25000,
	LOAD_WAIT_US_QUIET = 100000,
	QUIET_US = 250000,
	LOAD_PAUSE_US = 100000,   /* after which a file is taken to be there, or its feeder to be slow */
	SAY_AGAIN_MS = 60 * 1000, /* how often the log repeats that storage fails */
	PROBE_MS = 5 * 1000,      /* how often a failing store is tried without being asked */
	SERVE_ROUNDS = 4,         /* serving those who wait may make calls available to others of them */
	ACTIVE_MS = 100,          /* whoever was heard no longer ago may ask for more at any moment */
};

bool turn_is_store_error(int error)
{
	return error == ERR_STORE || error == ERR_FULL || error == ERR_CORRUPT;
}

void turn_note(struct server *server, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	buffer_text(&server->notes, line);
	buffer_append(&server->notes, "\n", 1);
}

static void notes_say(struct server *server)
{
	char *line = server->held_notes.failed ? NULL : server->held_notes.data;

	while (line != NULL && *line != '\0') {
		char *end = strchr(line, '\n');
		if (end == NULL)
			break;
		*end = '\0';
		log_line(server->log, LOG_LEVEL_INFO, line);
		subscribe_tell(server, line);
		line = end + 1;
	}
	buffer_clear(&server->held_notes);
}

static void notes_hold(struct server *server)
{
	struct buffer *notes = &server->notes;

	if (notes->failed)
		server->held_notes.failed = true;
	else if (notes->length > 0)
		buffer_append(&server->held_notes, notes->data, notes->length);
	buffer_clear(notes);
}

void turn_fail(struct server *server, int error)
{
	struct storage_health *health = &server->health;
	int64_t now_ms = clock_monotonic_ms();
	struct session *session;
	char quoted[LOG_QUOTED_SIZE];

	/* The words first: rolling back may succeed and leave none. */
	if (!turn_is_store_error(error))
		(void)snprintf(health->message, sizeof health->message, "the work of this turn failed: %s", error_text(error));
	else if (store_message(server->store)[0] != '\0')
		(void)snprintf(health->message, sizeof health->message, "%s", store_message(server->store));
	else
		(void)snprintf(health->message, sizeof health->message, "%s", error_text(error));
	for (char *byte = health->message; *byte != '\0'; byte++)
		if ((unsigned char)*byte < 0x20)
			*byte = ' ';
	(void)snprintf(health->refusal, sizeof health->refusal, "cannot be made durable: %s", health->message);
	if (server->turn_open)
		store_rollback(server->store);
	server->turn_open = false;
	buffer_clear(&server->notes);
	health->failures++;
	if (!health->failing) {
		health->failing = true;
		health->since = server->now.unix_seconds;
	}
	if (health->said_ms == 0 || now_ms - health->said_ms >= SAY_AGAIN_MS) {
		health->said_ms = now_ms;
		log_event(server->log, LOG_LEVEL_ERROR, "storage_failing", "failures=%" PRIu64 " reason=%s error=\"%s\"", health->failures,
			log_quote(health->message, strlen(health->message), quoted), error_text(error));
	}
	health->probe_at_ms = now_ms + PROBE_MS;
	for (session = TAILQ_FIRST(&server->touched); session != NULL; session = TAILQ_NEXT(session, in_touched))
		session_fail_marks(session, false);
	server->sweep_wanted = true;
	server->wakeup_stale = true;
	if (error == ERR_CORRUPT && server->exit_status == 0) {
		log_event(server->log, LOG_LEVEL_ERROR, "stopping", "reason=storage_damaged exit=%d", (int)EXIT_STORAGE);
		server->exit_status = EXIT_STORAGE;
		server_drain(server, "storage damaged");
	}
}

int turn_open(struct server *server)
{
	int result;

	if (server->turn_open)
		return 0;
	if (server->exit_status == EXIT_STORAGE)
		return ERR_CORRUPT;
	result = server->policy_unset ? ERR_FULL : store_begin(server->store, server->now.unix_seconds);
	if (result < 0) {
		turn_fail(server, result);
		return result;
	}
	server->turn_open = true;
	server->turn_opened_us = clock_monotonic_us();
	return 0;
}

/* Nobody will know what the disk holds of it. */
static void fail_held(struct server *server)
{
	struct session *session;

	for (session = TAILQ_FIRST(&server->held); session != NULL; session = TAILQ_NEXT(session, in_held))
		session_fail_held(session);
	/* Whatever has been asked since may rest on it: INFO too tells the head of the record. */
	for (session = TAILQ_FIRST(&server->touched); session != NULL; session = TAILQ_NEXT(session, in_touched))
		session_fail_marks(session, true);
	buffer_clear(&server->held_notes);
}

void turn_finish(struct server *server)
{
	struct session *session;
	int result = store_sync(server->store);

	if (result < 0) {
		fail_held(server);
		if (server->sync_wanted || server->turn_open)
			turn_fail(server, result); /* the daemon ends */
	} else if (server->sync_wanted) {
		server->commit_us = server->committing_us + store_sync_us(server->store);
		histogram_add(&server->metrics.commits, server->commit_us);
		/* Only a write proves that writing works again. */
		if (server->health.failing && server->sync_proves) {
			log_event(server->log, LOG_LEVEL_NOTICE, "storage_works", "failures=%" PRIu64 " seconds=%" PRId64,
				server->health.failures, server->now.unix_seconds - server->health.since);
			server->health.failing = false;
			server->health.said_ms = 0;
		}
	}
	server->sync_wanted = false;
	/* Those who wait come first: while they think, the log and the subscribers are told. */
	while ((session = TAILQ_FIRST(&server->held)) != NULL)
		session_deliver(session);
	notes_say(server);
	if (result == 0 && server->changes_held)
		subscribe_tell_changes(server);
	server->changes_held = false;
}

void turn_look(struct server *server)
{
	if ((server->sync_wanted || !TAILQ_EMPTY(&server->held)) && store_is_synced(server->store))
		turn_finish(server);
}

int turn_commit(struct server *server)
{
	bool dirty;
	int result;

	if (!server->turn_open)
		return 0;
	dirty = store_is_dirty(server->store);
	if (dirty)
		turn_finish(server);
	/* What had been committed was not made durable, and this is lost with it. */
	if (!server->turn_open)
		return ERR_CORRUPT;
	int64_t began_us = clock_monotonic_us();
	result = store_commit(server->store);
	server->turn_open = false; /* a failed commit has rolled back */
	if (result < 0) {
		turn_fail(server, result);
		return result;
	}
	if (dirty) {
		server->sync_wanted = true;
		server->sync_proves = server->health.failing;
		server->committing_us = clock_monotonic_us() - began_us;
		server->committed_ms = began_us / 1000;
		wal_watch(server);
		server->checkpoint_wanted = true;
		server->wakeup_stale = true;
	}
	notes_hold(server);
	server->changes_held |= subscribe_has_changes(server);
	return 0;
}

int turn_commit_now(struct server *server)
{
	int result = turn_commit(server);

	turn_finish(server);
	return result == 0 && server->exit_status == EXIT_STORAGE ? ERR_CORRUPT : result;
}

/* Whether somebody may ask for something while the commit is synced. Otherwise the loop does it itself, which is quicker than to wait for another thread. */
static bool others_may_ask(const struct server *server)
{
	int64_t since_ms = clock_monotonic_ms() - ACTIVE_MS;
	const struct session *session;

	/* What comes next is long work, and first waits for the disk. */
	if (server->work_pending)
		return false;
	if (!TAILQ_EMPTY(&server->ready))
		return true;
	TAILQ_FOREACH_REVERSE(session, &server->all, session_list, in_all)
	if (session->heard_ms < since_ms)
		return false;
	else if (!session->is_held && session->park == PARK_NONE)
		return true;
	return false;
}

static void turn_settle(struct server *server)
{
	int64_t began_us = clock_monotonic_us();
	int result;

	if (!server->turn_open || !store_is_dirty(server->store))
		return;
	do
		result = turn_is_loading(server) ? engine_settle_few(server->engine, server->now, SETTLE_ROWS)
						 : engine_settle(server->engine, server->now, SETTLE_ROWS);
	while (result > 0 && result != ENGINE_DAY_FIRST && clock_monotonic_us() - began_us < SETTLE_US);
	if (result < 0)
		turn_fail(server, result);
	else if (result > 0 || turn_is_loading(server))
		server->work_pending = true;
}

bool turn_is_loading(const struct server *server)
{
	return server->loaded_us != 0 && clock_monotonic_us() - server->loaded_us < LOAD_PAUSE_US;
}

bool turn_is_quiet(const struct server *server)
{
	return clock_monotonic_us() - server->others_us > QUIET_US;
}

bool turn_is_full(const struct server *server)
{
	enum { SYNCS = 2 };

	return server->turn_open && server->sync_event != NULL && store_is_synced(server->store) &&
	       clock_monotonic_us() - server->turn_opened_us > SYNCS * server->commit_us;
}

bool turn_may_wait(const struct server *server)
{
	/* What has been committed is being synced. */
	if (!store_is_synced(server->store) && !server->draining && !server->health.failing && !backup_is_copying(server))
		return true;
	if (!server->turn_open || server->others_wait || server->draining || server->health.failing || backup_is_copying(server))
		return false;
	int64_t now_us = clock_monotonic_us();
	int64_t wait_us = server->commit_us < LOAD_WAIT_US_LEAST  ? LOAD_WAIT_US_LEAST
			  : server->commit_us > LOAD_WAIT_US_MOST ? LOAD_WAIT_US_MOST
								  : server->commit_us;
	int64_t most_us = turn_is_quiet(server) ? LOAD_WAIT_US_QUIET : wait_us;

	return now_us - server->loaded_us < wait_us && now_us - server->turn_opened_us < most_us;
}

void turn_close(struct server *server)
{
	struct session *session;

	/* A command that is executed for one who waits closes no turn: its turn is being closed already. */
	if (server->turn_closing)
		return;
	server->turn_closing = true;
	turn_finish(server);
	turn_settle(server);
	for (int round = 0; round < SERVE_ROUNDS; round++) {
		uint64_t before = server->sweep;
		waiter_serve(server);
		if (server->sweep == before)
			break;
	}
	(void)turn_commit(server); /* whoever it concerns hears it below */
	server->others_wait = false;
	while ((session = TAILQ_FIRST(&server->touched)) != NULL)
		session_hold(session);
	if (server->sync_event != NULL && !store_is_synced(server->store) && others_may_ask(server))
		store_begin_sync(server->store);
	else
		turn_finish(server);
	if (server->worker != NULL)
		worker_release(server->worker);
	if (server->brief != NULL)
		worker_release(server->brief);
	server->turn_closing = false;
}

/* Errors after which nothing of the transaction can be relied on. Without memory SQLite may have rolled back the whole
 * of it, and the next savepoint would then begin another one unnoticed. */
static bool loses_turn(int error)
{
	return turn_is_store_error(error) || error == ERR_MEMORY;
}

/* Whether what a command did is to be undone. That the desk is closed is an answer: what a gate has changed on the way to it is so. */
static bool is_undone(int result)
{
	return result == COMMAND_REFUSED || (result < 0 && result != ERR_CLOSED && !loses_turn(result));
}

static int run_in_savepoint(struct request *request, command_handler *handler)
{
	struct store *store = request->server->store;
	int result = store_savepoint(store);

	if (result < 0)
		return result;
	result = handler(request);
	if (is_undone(result)) {
		store_rollback_savepoint(store);
	} else if (!loses_turn(result)) {
		int release = store_release(store);
		if (release < 0)
			result = release;
	}
	return result;
}

/* A savepoint copies every page that the command changes: one that checks first and acts second does without. Should it have written and refused all the same, the turn is
 * lost for everybody in it, who hear STORE and ask again; from then on nothing runs without a savepoint. */
static int run_checked(struct request *request, command_handler *handler)
{
	struct server *server = request->server;
	int64_t before = store_changes(server->store);
	int result = handler(request);

	if (!is_undone(result) || store_changes(server->store) == before)
		return result;
	log_event(server->log, LOG_LEVEL_ERROR, "refused_late", "command=%s error=\"%s\"", request->command->name, error_text(result));
	server->always_savepoints = true;
	return ERR_STORE; /* turn_run() fails the turn */
}

int turn_run(struct request *request, command_handler *handler)
{
	struct server *server = request->server;
	int result = turn_open(server);

	request->used_store = true;
	if (result < 0)
		return result;
	if ((request->command->flags & COMMAND_CHECKS_FIRST) != 0 && !server->always_savepoints)
		result = run_checked(request, handler);
	else
		result = run_in_savepoint(request, handler);
	if (loses_turn(result))
		turn_fail(server, result);
	return result;
}

/* Whoever may use a command, and how, is decided here and nowhere else. 0, or a refusal whose reply has been written. */
static int refuse_or_prepare(struct request *request)
{
	struct session *session = request->session;
	struct server *server = request->server;
	const struct identity *who = session->standing.signed_in ? &session->standing.identity : NULL;
	const char *word = "ERR";
	char name[LOG_QUOTED_SIZE];
	char why[512];

	request->command = command_find(request->words[0], request->lengths[0], server->business_clock->frozen);
	if (request->command == NULL) {
		if (who == NULL) {
			reply_error(&request->reply, "NOAUTH", "sign in first: AUTH name token");
		} else {
			(void)log_quote(request->words[0], request->lengths[0] < 64 ? request->lengths[0] : 64, name);
			(void)snprintf(why, sizeof why, "unknown command %s; HELP lists them all", name);
			reply_error(&request->reply, "ERR", why);
		}
		return COMMAND_REFUSED;
	}
	if (command_check(request->command, who, request->count, &word, why, sizeof why) < 0) {
		reply_error(&request->reply, word, why);
		return COMMAND_REFUSED;
	}
	if ((request->command->flags & COMMAND_ANY_BYTES) == 0 && !request_is_text(request)) {
		reply_error(&request->reply, "ERR", "a word is not UTF-8 text, or holds a NUL byte");
		return COMMAND_REFUSED;
	}
	return 0;
}

void turn_execute(struct server *server, struct session *session, bool last_look)
{
	const enum park park = session->park;
	bool stored = false;
	int result;
	struct request request = {
		.server = server,
		.session = session,
		.count = session->parser.count,
		.words = session->parser.words,
		.lengths = session->parser.lengths,
		.who = &session->standing.identity,
		.store = server->store,
		.engine = server->engine,
		.desk = server->desk,
		.policy = server->policy,
		.now = server->now,
		.answer = &server->answer,
		.last_look = last_look || server->draining,
	};

	session_touch(session);
	request.reply = (struct reply){.out = &session->replies, .protocol = session->standing.protocol};
	buffer_clear(&server->answer.json);
	server->answer.why[0] = '\0';
	if (park == PARK_NONE)
		server->commands++;
	result = refuse_or_prepare(&request);
	if (park == PARK_NONE && request.command != NULL)
		metrics_count_command(server, request.command);
	bool piece = result == 0 && (request.command->flags & COMMAND_PIECE) != 0;
	bool time_passes = result == 0 && (request.command->flags & COMMAND_TEST_CLOCK) != 0; /* as it does by itself elsewhere */
	if (!piece)
		server->others_wait = true;
	if (!piece && !time_passes)
		server->others_us = clock_monotonic_us();
	if (result == 0 && (request.command->flags & COMMAND_ALONE) != 0)
		turn_close(server);
	if (result == 0 && (request.command->flags & COMMAND_IN_LINE) != 0) {
		/* Whoever waits came before him. */
		waiter_serve(server);
		buffer_clear(&server->answer.json);
		server->answer.why[0] = '\0';
	}
	/* He may have been among those who were served; and an answer that went out may have been the end of him. */
	if (session->is_dead || session->park != park)
		return;
	/* The turn may have ended, and what he was in it been lost with it. */
	if (!session->is_touched) {
		session_touch(session);
		if (result == 0)
			result = refuse_or_prepare(&request);
	}
	if (result == 0 && (request.command->flags & COMMAND_WORKER) != 0 && long_command_worker(server, request.command) != NULL) {
		result = long_command_begin(&request, &(struct long_command){.handler = request.command->handler});
	} else if (result == 0) {
		store_record_by(server->store, session->standing.signed_in ? session->standing.identity.name : NULL);
		result = (request.command->flags & COMMAND_STORE) != 0 ? turn_run(&request, request.command->handler)
								       : request.command->handler(&request);
		stored = request.used_store;
		store_record_by(server->store, NULL);
	}
	if (piece)
		server->loaded_us = clock_monotonic_us();
	if (session->is_dead)
		return;
	if (result == COMMAND_PARKED) {
		session_take_back(session);
		if (session->park == PARK_NONE)
			waiter_park(session, (enum park)request.park,
				request.park_seconds > 0 ? clock_monotonic_ms() + (int64_t)request.park_seconds * 1000 : INT64_MAX);
		return;
	}
	waiter_unpark(session);
	if (result < 0) {
		bool failed = turn_is_store_error(result);
		session_take_back(session);
		reply_error(&request.reply, command_error_word(result),
			failed                          ? server->health.message
			: server->answer.why[0] != '\0' ? server->answer.why
							: error_text(result));
	}
	session_mark(session, stored);
	/* While storage fails each command stands alone, so that a reader is not taken down by a writer's failure. */
	if (stored && server->health.failing)
		turn_close(server);
}
