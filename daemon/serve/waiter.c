#include "followup/waiter.h"

#include "followup/backup.h"
#include "followup/long_command.h"
#include "followup/server.h"
#include "followup/turn.h"

static bool waits_for_call(const struct session *session)
{
	return session->park == PARK_NEXT || session->park == PARK_LIST;
}

/* A look costs some microseconds. Fewer looks than there are waiting would give what comes in the middle of a sweep to those at its end, who came last. */
enum { LOOKS_AT_ONCE = 1024 };

void waiter_park(struct session *session, enum park park, int64_t until_ms)
{
	struct server *server = session->server;

	session->park = park;
	session->park_until_ms = until_ms;
	session->sweep = server->sweep; /* it has just looked for itself */
	TAILQ_INSERT_TAIL(&server->parked, session, in_parked);
	server->parked_count++;
	server->callers_count += waits_for_call(session);
	if (until_ms < server->wait_end_ms)
		server->wait_end_ms = until_ms;
}

void waiter_unpark(struct session *session)
{
	struct server *server = session->server;

	if (session->park == PARK_NONE)
		return;
	long_command_leave(session);
	backup_leave(session);
	server->callers_count -= waits_for_call(session);
	session->park = PARK_NONE;
	TAILQ_REMOVE(&server->parked, session, in_parked);
	server->parked_count--;
	session_make_ready(session);
}

bool waiter_is_wanted(const struct server *server)
{
	uint64_t changes = desk_changes(server->desk) + engine_changes(server->engine);

	return server->parked_count > 0 && (server->sweep_unfinished || server->sweep_wanted || changes != server->sweep_seen);
}

void waiter_serve(struct server *server)
{
	uint64_t changes = desk_changes(server->desk) + engine_changes(server->engine);
	struct session *session;
	struct session *next;
	int looks = 0;

	if (server->sweep_running || server->parked_count == 0)
		return;
	if (!server->sweep_unfinished) {
		if (!server->sweep_wanted && changes == server->sweep_seen)
			return;
		server->sweep++;
		server->sweep_seen = changes;
		server->sweep_wanted = false;
		server->sweep_unfinished = true;
	}
	server->sweep_running = true;
	for (session = TAILQ_FIRST(&server->parked); session != NULL && looks < LOOKS_AT_ONCE; session = next) {
		next = TAILQ_NEXT(session, in_parked);
		if (!waits_for_call(session) || session->sweep == server->sweep)
			continue;
		session->sweep = server->sweep;
		looks++;
		turn_execute(server, session, false);
	}
	server->sweep_unfinished = looks == LOOKS_AT_ONCE;
	server->sweep_running = false;
}

void waiter_expire(struct server *server, int64_t now_ms)
{
	struct session *session;
	struct session *next;

	if (now_ms < server->wait_end_ms)
		return;
	server->wait_end_ms = INT64_MAX;
	for (session = TAILQ_FIRST(&server->parked); session != NULL; session = next) {
		next = TAILQ_NEXT(session, in_parked);
		if (waits_for_call(session) && session->park_until_ms <= now_ms)
			turn_execute(server, session, true);
		else if (session->park_until_ms < server->wait_end_ms)
			server->wait_end_ms = session->park_until_ms;
	}
}

/* The parked request's answer, written here and not by its handler. */
static void answer(struct session *session, const char *word, const char *text)
{
	struct reply reply = {.out = &session->replies, .protocol = session->standing.protocol};

	session_touch(session);
	if (word == NULL && text == NULL && session->park == PARK_LIST)
		reply_null_array(&reply);
	else if (word == NULL && text == NULL)
		reply_null(&reply);
	else if (word == NULL)
		reply_simple(&reply, text);
	else
		reply_error(&reply, word, text);
	session_mark(session, false);
	waiter_unpark(session);
}

void waiter_dismiss(struct server *server)
{
	struct session *session;

	while ((session = TAILQ_FIRST(&server->parked)) != NULL) {
		if (server->exit_status != 0)
			answer(session, "STORE", server->health.refusal);
		else if (session->park == PARK_IDLE || session->park == PARK_WORKER || session->park == PARK_BACKUP)
			answer(session, "BUSY", "the daemon stops");
		else
			answer(session, NULL, NULL);
	}
}

void waiter_answer_idle(struct server *server)
{
	struct session *session;
	struct session *next;

	for (session = TAILQ_FIRST(&server->parked); session != NULL; session = next) {
		next = TAILQ_NEXT(session, in_parked);
		if (session->park != PARK_IDLE)
			continue;
		if (server->health.failing)
			answer(session, "STORE", server->health.refusal);
		else
			answer(session, NULL, "OK");
	}
}

int64_t waiter_next_end(const struct server *server)
{
	return server->parked_count > 0 ? server->wait_end_ms : INT64_MAX;
}
