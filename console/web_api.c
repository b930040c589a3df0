/* web_api.c - what the page asks: signing in and out, and commands. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "followup/clock.h"
#include "followup/json.h"
#include "followup/text.h"
#include "followup/web.h"
#include "followup/web_command.h"

enum {
	TOKEN_MAX = 1024,
	SIGN_IN_SECONDS = 10,
	ANSWER_SECONDS = 120, /* reports of a large book take long; what takes longer is no answer to somebody at a screen */
	RETRY_PAUSE_MS = 200,
	RETRY_MS = 3000, /* a daemon that is restarted is back by then */
	COOKIE_SIZE = 256,
};

/* --- Signing in ------------------------------------------------------------------------------------- */

struct credentials {
	char name[WEB_SESSION_NAME_SIZE];
	char token[TOKEN_MAX + 1];
};

static int take_credential(void *context, const struct json_value *value)
{
	struct credentials *credentials = context;
	bool is_name = value->key != NULL && strcmp(value->key, "name") == 0;
	bool is_token = value->key != NULL && strcmp(value->key, "token") == 0;
	char *place = is_name ? credentials->name : credentials->token;
	size_t room = is_name ? sizeof credentials->name : sizeof credentials->token;

	if (!is_name && !is_token)
		return 0;
	if (value->type != JSON_TEXT || value->length == 0 || value->length >= room)
		return ERR_SYNTAX;
	memcpy(place, value->text, value->length + 1);
	return 0;
}

/* {"name":...,"token":...} */
static int read_credentials(const struct exchange *exchange, struct credentials *out)
{
	struct json *json = json_new();

	if (json == NULL)
		return ERR_MEMORY;
	int result = json_each(json, exchange->body.data, exchange->body.length, "$", take_credential, out);
	json_free(json);
	if (result == ERR_MEMORY)
		return result;
	return result < 0 || out->name[0] == '\0' || out->token[0] == '\0' ? ERR_SYNTAX : 0;
}

static enum MHD_Result refuse_for(struct exchange *exchange, int seconds)
{
	char text[96], after[16];
	struct buffer json = {0};

	(void)snprintf(text, sizeof text, "too many wrong tokens; try again in %d s", seconds);
	(void)snprintf(after, sizeof after, "%d", seconds);
	buffer_text(&json, "{\"error\":");
	text_json(&json, text, strlen(text));
	buffer_printf(&json, ",\"retry_after\":%d}", seconds);
	struct MHD_Response *response = json.failed ? NULL : MHD_create_response_from_buffer(json.length, json.data, MHD_RESPMEM_MUST_COPY);
	buffer_free(&json);
	if (response == NULL)
		return MHD_NO;
	(void)MHD_add_response_header(response, "Content-Type", "application/json");
	(void)MHD_add_response_header(response, "Cache-Control", "no-store");
	(void)MHD_add_response_header(response, "Retry-After", after);
	return web_send(exchange, MHD_HTTP_TOO_MANY_REQUESTS, response);
}

static int guess_wait_seconds(struct exchange *exchange, const char *name)
{
	struct web *web = exchange->web;

	(void)pthread_mutex_lock(&web->guess_lock);
	int64_t wait_ms = guesses_wait(web->guesses, exchange->source, name, clock_monotonic_ms());
	(void)pthread_mutex_unlock(&web->guess_lock);
	return (int)((wait_ms + 999) / 1000);
}

static void count_guess(struct exchange *exchange, const char *name, bool right)
{
	struct web *web = exchange->web;
	char agent[LOG_QUOTED_SIZE];

	(void)pthread_mutex_lock(&web->guess_lock);
	if (right)
		guesses_right(web->guesses, exchange->source);
	else
		guesses_wrong(web->guesses, exchange->source, name, clock_monotonic_ms());
	(void)pthread_mutex_unlock(&web->guess_lock);
	if (!right)
		web_log(web, LOG_LEVEL_WARNING, "sign_in_refused", "agent=%s source=%s", log_quote(name, strlen(name), agent),
			exchange->source);
}

static int take_roles(void *context, const struct json_value *value)
{
	struct buffer *roles = context;

	if (value->key != NULL && strcmp(value->key, "roles") == 0 && value->type == JSON_ARRAY)
		buffer_append(roles, value->text, value->length);
	return 0;
}

/* Whom the daemon takes the link for: his roles as a JSON array. */
static int ask_roles(struct link *link, const struct link_wait *wait, struct buffer *roles)
{
	const char *words[] = {"WHOAMI"};
	const size_t lengths[] = {6};
	redisReply *reply = NULL;
	struct json *json = json_new();
	int result = json == NULL ? ERR_MEMORY : link_ask(link, 1, words, lengths, wait, &reply);

	if (result == 0)
		result = reply->type != REDIS_REPLY_STRING ? ERR_SYSTEM
							   : json_each(json, reply->str, (size_t)reply->len, "$", take_roles, roles);
	if (reply != NULL)
		freeReplyObject(reply);
	json_free(json);
	if (result == 0 && (roles->length == 0 || roles->failed))
		result = roles->failed ? ERR_MEMORY : ERR_SYSTEM;
	return result;
}

static void append_session(const struct web_session *session, struct buffer *out)
{
	const char *name = web_session_name(session);

	buffer_text(out, "{\"name\":");
	text_json(out, name, strlen(name));
	buffer_printf(out, ",\"roles\":%s,\"csrf\":\"%s\"}", web_session_roles(session), web_session_csrf(session));
}

static void write_cookie(const struct web *web, const char *value, char out[COOKIE_SIZE])
{
	(void)snprintf(out, COOKIE_SIZE, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s",
		web->settings->is_secure ? "__Host-followup" : "followup", value, web->settings->is_secure ? "; Secure" : "",
		value[0] == '\0' ? "; Max-Age=0" : "");
}

static enum MHD_Result refuse_sign_in(struct exchange *exchange, int result, const char *name, const char *why)
{
	char quoted[LOG_QUOTED_SIZE];

	if (result == ERR_RIGHTS) {
		count_guess(exchange, name, false);
		return web_refuse(exchange, MHD_HTTP_UNAUTHORIZED, "no agent of that name has that token");
	}
	if (result == ERR_LIMIT)
		return web_refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, "too many people are signed in (sessions: most)");
	if (result == ERR_MEMORY)
		return web_refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
	web_log(exchange->web, LOG_LEVEL_WARNING, "daemon_away", "while=signing_in why=%s", log_quote(why, strlen(why), quoted));
	return web_refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE,
		result == ERR_BUSY ? "the daemon is busy; try again in a moment" : "the daemon is away; try again in a moment");
}

/* With the right to sign in now. */
static enum MHD_Result sign_in(struct exchange *exchange, const struct credentials *who)
{
	struct web *web = exchange->web;
	struct link_wait wait;
	struct link *link = NULL;
	struct buffer roles = {0};
	char why[LINK_WHY_SIZE] = "the connection broke", key[WEB_SESSION_KEY_SIZE], cookie[COOKIE_SIZE], agent[LOG_QUOTED_SIZE];
	struct web_session *session = NULL;
	int seconds = guess_wait_seconds(exchange, who->name);

	if (seconds > 0)
		return refuse_for(exchange, seconds);
	web_wait_begins(exchange, &wait, SIGN_IN_SECONDS);
	wait.ended_fd = -1;
	int result = link_open(&web->settings->daemon_at, who->name, who->token, &wait, &link, why);
	if (result == 0)
		result = ask_roles(link, &wait, &roles);
	web_wait_is_over(exchange);
	/* One browser, one session. */
	if (result == 0 && exchange->session != NULL)
		web_end_session(exchange->web, exchange->session, exchange->source, "signed in anew");
	if (result == 0)
		result = web_sessions_open(web->sessions, who->name, who->token, roles.data, link, clock_monotonic_ms(), key, &session);
	buffer_free(&roles);
	if (result < 0) {
		link_close(link);
		return refuse_sign_in(exchange, result == ERR_LIMIT && link == NULL ? ERR_SYSTEM : result, who->name, why);
	}
	count_guess(exchange, who->name, true);
	web_session_let_go(web->sessions, exchange->session);
	exchange->session = session;
	web_log(web, LOG_LEVEL_INFO, "signed_in", "agent=%s source=%s sessions=%zu", log_quote(who->name, strlen(who->name), agent),
		exchange->source, web_sessions_count(web->sessions));
	append_session(session, &exchange->answer);
	write_cookie(web, key, cookie);
	enum MHD_Result sent = web_answer(exchange, MHD_HTTP_OK, &exchange->answer, cookie);
	/* Nobody has its cookie. */
	if (sent != MHD_YES)
		web_end_session(web, session, exchange->source, "the answer could not be made");
	explicit_bzero(key, sizeof key);
	explicit_bzero(cookie, sizeof cookie);
	return sent;
}

enum MHD_Result web_sign_in(struct exchange *exchange)
{
	struct credentials who = {0};
	struct timespec until;
	int result = read_credentials(exchange, &who);
	enum MHD_Result sent;

	if (result < 0)
		return result == ERR_MEMORY ? web_refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory")
					    : web_refuse(exchange, MHD_HTTP_BAD_REQUEST, "the body has to be {\"name\":...,\"token\":...}");
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += SIGN_IN_SECONDS;
	while ((result = sem_timedwait(&exchange->web->signing_in, &until)) != 0 && errno == EINTR)
		;
	if (result != 0) {
		sent = web_refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, "too many people sign in at once; try again in a moment");
	} else {
		sent = sign_in(exchange, &who);
		(void)sem_post(&exchange->web->signing_in);
	}
	explicit_bzero(&who, sizeof who);
	return sent;
}

enum MHD_Result web_sign_out(struct exchange *exchange)
{
	char cookie[COOKIE_SIZE];

	web_end_session(exchange->web, exchange->session, exchange->source, "signed out");
	write_cookie(exchange->web, "", cookie);
	buffer_text(&exchange->answer, "{\"ok\":\"OK\"}");
	return web_answer(exchange, MHD_HTTP_OK, &exchange->answer, cookie);
}

enum MHD_Result web_session_show(struct exchange *exchange)
{
	append_session(exchange->session, &exchange->answer);
	return web_answer(exchange, MHD_HTTP_OK, &exchange->answer, NULL);
}

/* --- Commands --------------------------------------------------------------------------------------- */

/* One try. *sent: whether the daemon may have done it. */
static int ask_once(struct exchange *exchange, const struct web_command *command, const struct link_wait *wait, redisReply **reply,
	bool *sent, char why[LINK_WHY_SIZE])
{
	struct web_session *session = exchange->session;
	struct link *link = NULL;
	int result = web_session_take_link(exchange->web->sessions, session, command->slow, wait, &link, why);

	if (result < 0)
		return result;
	*sent = true;
	result = link_ask(link, command->count, (const char **)command->words, command->lengths, wait, reply);
	web_session_give_link(session, link, command->slow, result == 0);
	if (result == ERR_LIMIT) {
		(void)snprintf(why, LINK_WHY_SIZE, "no answer in %d s", ANSWER_SECONDS);
		return ERR_SYSTEM;
	}
	if (result < 0)
		(void)snprintf(why, LINK_WHY_SIZE, "the connection broke");
	return result;
}

/* While the daemon is away for a moment, as it is when it is restarted, a command that has not gone out yet waits for it; so does one that may be sent twice. */
static int ask(struct exchange *exchange, const struct web_command *command, redisReply **reply, bool *sent, char why[LINK_WHY_SIZE])
{
	struct link_wait wait;
	int64_t give_up_ms = clock_monotonic_ms() + RETRY_MS;
	int result;

	web_wait_begins(exchange, &wait, ANSWER_SECONDS + command->wait_seconds);
	for (;;) {
		result = ask_once(exchange, command, &wait, reply, sent, why);
		bool again = (result == ERR_SYSTEM || result == ERR_BUSY) && (!*sent || command->word->again);
		if (!again || clock_monotonic_ms() >= give_up_ms)
			break;
		struct timespec pause = {.tv_nsec = RETRY_PAUSE_MS * 1000000L};
		(void)nanosleep(&pause, NULL);
	}
	web_wait_is_over(exchange);
	return result;
}

static enum MHD_Result refuse_command(struct exchange *exchange, int result, bool sent, const char *why)
{
	char quoted[LOG_QUOTED_SIZE];

	switch (result) {
	case ERR_RIGHTS:
		web_end_session(exchange->web, exchange->session, exchange->source, "the daemon no longer takes its token");
		return web_refuse(exchange, MHD_HTTP_UNAUTHORIZED, "the session has ended");
	case ERR_CLOSED: /* or nobody hears it any more */
		return web_refuse(exchange, MHD_HTTP_UNAUTHORIZED, "the session has ended");
	case ERR_LIMIT:
		return web_refuse(exchange, MHD_HTTP_TOO_MANY_REQUESTS, why);
	case ERR_MEMORY:
		return web_refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
	default:
		web_log(exchange->web, LOG_LEVEL_WARNING, "daemon_away", "while=asking why=%s", log_quote(why, strlen(why), quoted));
		return web_refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE,
			sent ? "the daemon went away before it answered; whether this was done is not known: look before you do it again"
			     : "the daemon is away; nothing was done");
	}
}

enum MHD_Result web_command_run(struct exchange *exchange)
{
	struct web_command command;
	redisReply *reply = NULL;
	bool sent = false;
	char why[WEB_WHY_SIZE] = "";
	_Static_assert((int)WEB_WHY_SIZE == (int)LINK_WHY_SIZE, "one text serves both");
	enum MHD_Result answered;
	int result = web_command_read(exchange->body.data, exchange->body.length, &command, why);

	if (result < 0) {
		web_command_clear(&command);
		return result == ERR_MEMORY ? web_refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory")
					    : web_refuse(exchange, MHD_HTTP_BAD_REQUEST, why);
	}
	if (command.word == NULL) {
		web_reply_error("NOPERM", "the console does not pass on this command; use followupctl", &exchange->answer);
		web_command_clear(&command);
		return web_answer(exchange, MHD_HTTP_OK, &exchange->answer, NULL);
	}
	result = ask(exchange, &command, &reply, &sent, why);
	if (result == 0 && reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOAUTH ", 7) == 0)
		result = ERR_RIGHTS; /* he was shut out, or has another token now */
	if (result < 0) {
		answered = refuse_command(exchange, result, sent, why);
	} else {
		web_reply(reply, &exchange->answer);
		answered = web_answer(exchange, MHD_HTTP_OK, &exchange->answer, NULL);
	}
	if (reply != NULL)
		freeReplyObject(reply);
	web_command_clear(&command);
	return answered;
}

enum MHD_Result web_help(struct exchange *exchange)
{
	buffer_text(&exchange->answer, "{\"commands\":[");
	for (size_t i = 0; i < web_word_count; i++)
		buffer_printf(&exchange->answer, "%s\"%s\"", i > 0 ? "," : "", web_words[i].name);
	buffer_text(&exchange->answer, "]}");
	return web_answer(exchange, MHD_HTTP_OK, &exchange->answer, NULL);
}

enum MHD_Result web_health(struct exchange *exchange)
{
	buffer_printf(&exchange->answer, "{\"ok\":true,\"sessions\":%zu}", web_sessions_count(exchange->web->sessions));
	return web_answer(exchange, MHD_HTTP_OK, &exchange->answer, NULL);
}
