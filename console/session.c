/* session.c - see console_session.h. One lock for the list of sessions; a lock of its own in each for its connections. The first is never asked for while the second
 * is held. */
#include "followup/console_session.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include "followup/clock.h"
#include "followup/sha256.h"

struct web_session {
	TAILQ_ENTRY(web_session) in_list;
	/* Under the list's lock. */
	unsigned char digest[SHA256_SIZE]; /* of the cookie: who reads our memory or our timing learns no cookie */
	int64_t began_ms, used_ms;
	size_t holders;
	bool ended; /* off the list */
	/* Never changed. */
	char name[WEB_SESSION_NAME_SIZE], csrf[WEB_SESSION_KEY_SIZE];
	char *roles;
	int ended_fd;
	/* Under its own lock. */
	pthread_mutex_t lock;
	pthread_cond_t given;
	char *token; /* NULL when it has ended */
	struct link *idle[WEB_SESSION_LINKS];
	size_t idle_count, link_count, slow_count, stream_count; /* links: idle and taken */
};

struct web_sessions {
	const struct console_settings *settings;
	pthread_mutex_t lock;
	TAILQ_HEAD(web_session_list, web_session) list; /* the one least used first */
	size_t count;
};

struct web_sessions *web_sessions_new(const struct console_settings *settings)
{
	struct web_sessions *sessions = calloc(1, sizeof *sessions);

	if (sessions == NULL)
		return NULL;
	sessions->settings = settings;
	TAILQ_INIT(&sessions->list);
	if (pthread_mutex_init(&sessions->lock, NULL) != 0) {
		free(sessions);
		return NULL;
	}
	return sessions;
}

static void token_wipe(char *token)
{
	if (token == NULL)
		return;
	explicit_bzero(token, strlen(token));
	free(token);
}

static void web_session_free(struct web_session *session)
{
	if (session == NULL)
		return;
	for (size_t i = 0; i < session->idle_count; i++)
		link_close(session->idle[i]);
	token_wipe(session->token);
	free(session->roles);
	if (session->ended_fd >= 0)
		(void)close(session->ended_fd);
	(void)pthread_cond_destroy(&session->given);
	(void)pthread_mutex_destroy(&session->lock);
	explicit_bzero(session, sizeof *session);
	free(session);
}

void web_sessions_free(struct web_sessions *sessions)
{
	if (sessions == NULL)
		return;
	web_sessions_end_all(sessions);
	(void)pthread_mutex_destroy(&sessions->lock);
	free(sessions);
}

static void digest_of(const char *cookie, unsigned char digest[SHA256_SIZE])
{
	sha256(cookie, strlen(cookie), digest);
}

/* 32 random bytes in hexadecimal. */
static bool make_key(char key[WEB_SESSION_KEY_SIZE])
{
	unsigned char bytes[(WEB_SESSION_KEY_SIZE - 1) / 2];

	if (RAND_bytes(bytes, sizeof bytes) != 1)
		return false;
	for (size_t i = 0; i < sizeof bytes; i++)
		(void)snprintf(key + 2 * i, 3, "%02x", bytes[i]);
	explicit_bzero(bytes, sizeof bytes);
	return true;
}

static struct web_session *web_session_new(const char *name, const char *token, const char *roles, char cookie[WEB_SESSION_KEY_SIZE])
{
	struct web_session *session = calloc(1, sizeof *session);
	pthread_condattr_t monotonic;

	if (session == NULL)
		return NULL;
	(void)pthread_mutex_init(&session->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&session->given, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	(void)snprintf(session->name, sizeof session->name, "%s", name);
	session->token = strdup(token);
	session->roles = strdup(roles);
	session->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (session->token == NULL || session->roles == NULL || session->ended_fd < 0 || !make_key(cookie) || !make_key(session->csrf)) {
		web_session_free(session);
		return NULL;
	}
	digest_of(cookie, session->digest);
	return session;
}

/* Off the list, under its lock. What the session itself holds goes in web_session_quench, without that lock. */
static bool web_session_strike(struct web_sessions *sessions, struct web_session *session)
{
	if (session->ended)
		return false;
	session->ended = true;
	TAILQ_REMOVE(&sessions->list, session, in_list);
	sessions->count--;
	return true;
}

static void web_session_quench(struct web_session *session)
{
	uint64_t one = 1;

	(void)pthread_mutex_lock(&session->lock);
	token_wipe(session->token);
	session->token = NULL;
	while (session->idle_count > 0) {
		link_close(session->idle[--session->idle_count]);
		session->link_count--;
	}
	(void)pthread_cond_broadcast(&session->given);
	(void)pthread_mutex_unlock(&session->lock);
	(void)!write(session->ended_fd, &one, sizeof one);
}

int web_sessions_open(struct web_sessions *sessions, const char *name, const char *token, const char *roles, struct link *link,
	int64_t now_ms, char cookie[WEB_SESSION_KEY_SIZE], struct web_session **out)
{
	struct web_session *session = web_session_new(name, token, roles, cookie), *other, *oldest = NULL;
	size_t same = 0;
	bool fits;

	if (session == NULL)
		return ERR_MEMORY;
	session->began_ms = session->used_ms = now_ms;
	session->holders = 1;
	(void)pthread_mutex_lock(&sessions->lock);
	TAILQ_FOREACH(other, &sessions->list, in_list)
	{
		if (strcmp(other->name, name) != 0)
			continue;
		same++;
		if (oldest == NULL)
			oldest = other;
	}
	/* A browser that was closed leaves its session behind; who comes again must not be shut out by his own. */
	if (same < sessions->settings->sessions_an_agent)
		oldest = NULL;
	fits = oldest != NULL || sessions->count < sessions->settings->sessions_most;
	if (oldest != NULL) {
		(void)web_session_strike(sessions, oldest);
		oldest->holders++;
	}
	if (fits) {
		TAILQ_INSERT_TAIL(&sessions->list, session, in_list);
		sessions->count++;
		session->idle[0] = link;
		session->idle_count = session->link_count = 1;
	}
	(void)pthread_mutex_unlock(&sessions->lock);
	if (oldest != NULL) {
		web_session_quench(oldest);
		web_session_let_go(sessions, oldest);
	}
	if (!fits) {
		web_session_free(session);
		return ERR_LIMIT;
	}
	*out = session;
	return 0;
}

struct web_session *web_sessions_find(struct web_sessions *sessions, const char *cookie, bool is_work, int64_t now_ms)
{
	unsigned char digest[SHA256_SIZE];
	struct web_session *session, *found = NULL;

	digest_of(cookie, digest);
	(void)pthread_mutex_lock(&sessions->lock);
	TAILQ_FOREACH(session, &sessions->list, in_list)
	{
		if (CRYPTO_memcmp(session->digest, digest, sizeof digest) == 0)
			found = session;
	}
	if (found != NULL) {
		found->holders++;
		if (is_work) {
			found->used_ms = now_ms;
			TAILQ_REMOVE(&sessions->list, found, in_list);
			TAILQ_INSERT_TAIL(&sessions->list, found, in_list);
		}
	}
	(void)pthread_mutex_unlock(&sessions->lock);
	return found;
}

void web_session_let_go(struct web_sessions *sessions, struct web_session *session)
{
	bool last;

	if (session == NULL)
		return;
	(void)pthread_mutex_lock(&sessions->lock);
	session->holders--;
	last = session->ended && session->holders == 0;
	(void)pthread_mutex_unlock(&sessions->lock);
	if (last)
		web_session_free(session);
}

bool web_session_end(struct web_sessions *sessions, struct web_session *session)
{
	bool first;

	(void)pthread_mutex_lock(&sessions->lock);
	first = web_session_strike(sessions, session);
	(void)pthread_mutex_unlock(&sessions->lock);
	if (first)
		web_session_quench(session);
	return first;
}

/* One that is to end, off the list and held; NULL: none. */
static struct web_session *strike_next(struct web_sessions *sessions, int64_t now_ms, const char **why)
{
	const struct console_settings *settings = sessions->settings;
	struct web_session *session;

	(void)pthread_mutex_lock(&sessions->lock);
	TAILQ_FOREACH(session, &sessions->list, in_list)
	{
		if (now_ms - session->used_ms >= (int64_t)settings->idle_seconds * 1000)
			*why = "idle";
		else if (now_ms - session->began_ms >= (int64_t)settings->lifetime_seconds * 1000)
			*why = "lifetime";
		else
			continue;
		(void)web_session_strike(sessions, session);
		session->holders++;
		break;
	}
	(void)pthread_mutex_unlock(&sessions->lock);
	return session;
}

void web_sessions_expire(struct web_sessions *sessions, int64_t now_ms, web_session_told *told, void *context)
{
	struct web_session *session;
	const char *why = "";

	while ((session = strike_next(sessions, now_ms, &why)) != NULL) {
		web_session_quench(session);
		if (told != NULL)
			told(context, session, why);
		web_session_let_go(sessions, session);
	}
}

void web_sessions_end_all(struct web_sessions *sessions)
{
	web_sessions_expire(sessions, INT64_MAX, NULL, NULL);
}

size_t web_sessions_count(struct web_sessions *sessions)
{
	(void)pthread_mutex_lock(&sessions->lock);
	size_t count = sessions->count;
	(void)pthread_mutex_unlock(&sessions->lock);
	return count;
}

const char *web_session_name(const struct web_session *session)
{
	return session->name;
}

const char *web_session_roles(const struct web_session *session)
{
	return session->roles;
}

const char *web_session_csrf(const struct web_session *session)
{
	return session->csrf;
}

int web_session_ended_fd(const struct web_session *session)
{
	return session->ended_fd;
}

int web_session_open_link(struct web_sessions *sessions, struct web_session *session, const struct link_wait *wait, struct link **out,
	char why[LINK_WHY_SIZE])
{
	char *token;

	(void)pthread_mutex_lock(&session->lock);
	token = session->token != NULL ? strdup(session->token) : NULL;
	bool ended = session->token == NULL;
	(void)pthread_mutex_unlock(&session->lock);
	if (token == NULL) {
		(void)snprintf(why, LINK_WHY_SIZE, ended ? "the session has ended" : "out of memory");
		return ended ? ERR_CLOSED : ERR_MEMORY;
	}
	int result = link_open(&sessions->settings->daemon_at, session->name, token, wait, out, why);
	token_wipe(token);
	return result;
}

/* Waits, under the session's lock, until there is a link to take, idle or still to be opened. */
static int wait_for_place(struct web_session *session, bool slow, const struct link_wait *wait)
{
	struct timespec until = {.tv_sec = wait->until_ms / 1000, .tv_nsec = (long)(wait->until_ms % 1000) * 1000000};

	while (session->token != NULL && session->idle_count == 0 && session->link_count == WEB_SESSION_LINKS)
		if (pthread_cond_timedwait(&session->given, &session->lock, &until) != 0)
			return ERR_LIMIT;
	if (session->token == NULL)
		return ERR_CLOSED;
	return slow && session->slow_count == WEB_SESSION_SLOW_LINKS ? ERR_LIMIT : 0;
}

/* One that leads somewhere still; NULL: none. Under the session's lock. */
static struct link *take_idle(struct web_session *session)
{
	while (session->idle_count > 0) {
		struct link *link = session->idle[--session->idle_count];
		if (link_is_alive(link))
			return link;
		link_close(link);
		session->link_count--;
	}
	return NULL;
}

int web_session_take_link(struct web_sessions *sessions, struct web_session *session, bool slow, const struct link_wait *wait,
	struct link **out, char why[LINK_WHY_SIZE])
{
	struct link *link = NULL;
	int result;

	(void)pthread_mutex_lock(&session->lock);
	result = wait_for_place(session, slow, wait);
	if (result == 0) {
		session->slow_count += slow;
		link = take_idle(session);
		session->link_count += link == NULL;
	}
	(void)pthread_mutex_unlock(&session->lock);
	if (result < 0) {
		(void)snprintf(why, LINK_WHY_SIZE, "too much is asked at once in this session");
		return result;
	}
	if (link == NULL)
		result = web_session_open_link(sessions, session, wait, &link, why);
	if (result < 0) {
		web_session_give_link(session, NULL, slow, false);
		return result;
	}
	*out = link;
	return 0;
}

void web_session_give_link(struct web_session *session, struct link *link, bool slow, bool is_good)
{
	(void)pthread_mutex_lock(&session->lock);
	session->slow_count -= slow;
	if (is_good && session->token != NULL) {
		session->idle[session->idle_count++] = link;
		link = NULL;
	} else {
		session->link_count--;
	}
	(void)pthread_cond_signal(&session->given);
	(void)pthread_mutex_unlock(&session->lock);
	link_close(link);
}

int web_session_begin_stream(struct web_session *session)
{
	(void)pthread_mutex_lock(&session->lock);
	bool fits = session->token != NULL && session->stream_count < WEB_SESSION_STREAMS;
	session->stream_count += fits;
	(void)pthread_mutex_unlock(&session->lock);
	return fits ? 0 : ERR_LIMIT;
}

void web_session_end_stream(struct web_session *session)
{
	(void)pthread_mutex_lock(&session->lock);
	session->stream_count--;
	(void)pthread_mutex_unlock(&session->lock);
}
