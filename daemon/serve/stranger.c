#include "followup/stranger.h"

#include <string.h>

#include "followup/server.h"

enum refusal stranger_refusal(const struct server *server, const char *source)
{
	const struct session *session;
	size_t same = 0;

	if (server->stranger_count >= server->policy->max_strangers)
		return REFUSAL_STRANGERS;
	TAILQ_FOREACH(session, &server->strangers, in_strangers)
	same += source != NULL && strcmp(session->source, source) == 0;
	return source != NULL && same >= server->policy->max_strangers_a_source ? REFUSAL_SOURCE : REFUSAL_NONE;
}

void stranger_update(struct session *session)
{
	struct server *server = session->server;
	bool is_stranger = !session->standing.signed_in && !session->is_dead && !session->closing;

	if (is_stranger == session->is_stranger)
		return;
	session->is_stranger = is_stranger;
	if (is_stranger) {
		session->stranger_since_ms = clock_monotonic_ms();
		TAILQ_INSERT_TAIL(&server->strangers, session, in_strangers);
		server->stranger_count++;
	} else {
		TAILQ_REMOVE(&server->strangers, session, in_strangers);
		server->stranger_count--;
	}
}

static int64_t end_of(const struct session *session)
{
	return session->stranger_since_ms + (int64_t)session->server->policy->sign_in_seconds * 1000;
}

void stranger_expire(struct server *server, int64_t now_ms)
{
	struct session *session;
	struct session *next;

	/* In the order they came. */
	for (session = TAILQ_FIRST(&server->strangers); session != NULL && end_of(session) <= now_ms; session = next) {
		next = TAILQ_NEXT(session, in_strangers);
		/* A user of this machine may be an agent who has not said a word yet. */
		if (!session->standing.looked_up) {
			session_look_up(session);
			stranger_update(session);
			if (!session->is_stranger)
				continue;
		}
		if (!session->standing.looked_up) { /* the book cannot be asked just now */
			session->stranger_since_ms = now_ms;
			TAILQ_REMOVE(&server->strangers, session, in_strangers);
			TAILQ_INSERT_TAIL(&server->strangers, session, in_strangers);
			continue;
		}
		server->sign_in_timeouts++;
		session_refuse(session, "NOAUTH", "nobody has signed in for so long (limits: sign_in)");
	}
}

int64_t stranger_next_end(const struct server *server)
{
	return TAILQ_EMPTY(&server->strangers) ? INT64_MAX : end_of(TAILQ_FIRST(&server->strangers));
}
