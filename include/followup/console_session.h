/* console_session.h - followup-console: who is signed in. Sessions are in memory only: an agent's name and token, and a few connections to the daemon under
 * that name. Every function may be called by any thread. */
#ifndef FOLLOWUP_CONSOLE_SESSION_H
#define FOLLOWUP_CONSOLE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "followup/console_link.h"
#include "followup/console_settings.h"
#include "followup/error.h"

struct web_sessions;
struct web_session;

/* WEB_SESSION_LINKS: connections to the daemon of one session at once, so that a page can ask while it waits; of which WEB_SESSION_SLOW_LINKS may wait for calls or for
 * something that reads long. WEB_SESSION_STREAMS: streams of events. */
enum { WEB_SESSION_KEY_SIZE = 65, WEB_SESSION_NAME_SIZE = 65, WEB_SESSION_LINKS = 6, WEB_SESSION_SLOW_LINKS = 4, WEB_SESSION_STREAMS = 4 };

struct web_sessions *web_sessions_new(const struct console_settings *settings); /* keeps settings; NULL without memory or descriptors */
void web_sessions_free(struct web_sessions *sessions);                          /* nobody holds one any more */

/* A new session of the agent, held by the caller; cookie is what the browser shows from now on, and is kept as a digest only. link, on which he has been signed
 * in, is taken over on success. Beyond sessions_an_agent his least used one ends. roles: a JSON array. ERR_LIMIT: too many; ERR_MEMORY. */
int web_sessions_open(struct web_sessions *sessions, const char *name, const char *token, const char *roles, struct link *link,
	int64_t now_ms, char cookie[WEB_SESSION_KEY_SIZE], struct web_session **out) MUST_CHECK;

/* The session of a cookie, held; NULL: none. is_work: whether this counts as use, which puts off its end. */
struct web_session *web_sessions_find(struct web_sessions *sessions, const char *cookie, bool is_work, int64_t now_ms);
void web_session_let_go(struct web_sessions *sessions, struct web_session *session); /* NULL is fine */

/* Ends a session for everybody who holds it; the token is wiped now. The first call of several logs why and is answered true. */
bool web_session_end(struct web_sessions *sessions, struct web_session *session);

/* Ends what has been idle, or has lived, for too long. told is called for each. */
typedef void web_session_told(void *context, const struct web_session *session, const char *why);
void web_sessions_expire(struct web_sessions *sessions, int64_t now_ms, web_session_told *told, void *context);
void web_sessions_end_all(struct web_sessions *sessions);
size_t web_sessions_count(struct web_sessions *sessions);

const char *web_session_name(const struct web_session *session);
const char *web_session_roles(const struct web_session *session);
const char *web_session_csrf(const struct web_session *session);
int web_session_ended_fd(const struct web_session *session); /* readable when it has ended */

/* A connection to the daemon, signed in; waits for one to come free. Errors: those of link_open, and ERR_LIMIT when all stay taken. */
int web_session_take_link(struct web_sessions *sessions, struct web_session *session, bool slow, const struct link_wait *wait,
	struct link **out, char why[LINK_WHY_SIZE]) MUST_CHECK;
void web_session_give_link(struct web_session *session, struct link *link, bool slow, bool is_good);

/* Another connection besides, for a stream of events, which web_session_end_stream counts off. ERR_LIMIT: too many streams. */
int web_session_begin_stream(struct web_session *session) MUST_CHECK;
void web_session_end_stream(struct web_session *session);
int web_session_open_link(struct web_sessions *sessions, struct web_session *session, const struct link_wait *wait, struct link **out,
	char why[LINK_WHY_SIZE]) MUST_CHECK;

#endif
