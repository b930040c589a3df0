/* web.h - followup-console: HTTP. libmicrohttpd takes requests apart and gives each connection a thread of its own, so that whoever waits for the daemon waits
 * alone; how many there may be is a setting. */
#ifndef FOLLOWUP_WEB_H
#define FOLLOWUP_WEB_H

#include <microhttpd.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "followup/buffer.h"
#include "followup/console_session.h"
#include "followup/console_settings.h"
#include "followup/guess.h"
#include "followup/log.h"
#include "followup/web_origin.h"

/* What all threads share. */
struct web {
	const struct console_settings *settings;
	struct web_sessions *sessions;
	pthread_mutex_t log_lock;
	struct log *log;
	pthread_mutex_t guess_lock;
	struct guesses *guesses;
	sem_t signing_in; /* so many at once: the daemon takes few strangers, and a wrong token has to be counted before the next is looked at */
	struct MHD_Daemon *http;
	atomic_bool stopping;
	char address[96]; /* where it listens, when it does */
};

/* One request and what is answered. */
struct exchange {
	struct web *web;
	struct MHD_Connection *connection;
	const struct web_route *route;
	struct buffer body;
	bool too_large;
	char source[WEB_SOURCE_SIZE];
	struct web_session *session; /* held; NULL: nobody is signed in */
	struct buffer answer;
};

/* Starts to listen. log, sessions and guesses are there. ERR_SYSTEM and why. */
int web_start(struct web *web, char why[256]) MUST_CHECK;
void web_stop(struct web *web); /* ends every session and waits for every thread */

void web_log(struct web *web, enum log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Answers with a JSON document, or {"error":text}. cookie: a Set-Cookie header, NULL: none. */
enum MHD_Result web_answer(struct exchange *exchange, unsigned status, const struct buffer *json, const char *cookie);
enum MHD_Result web_refuse(struct exchange *exchange, unsigned status, const char *text);
/* Any response: adds the headers that everything has, sends and frees it. */
enum MHD_Result web_send(struct exchange *exchange, unsigned status, struct MHD_Response *response);

/* Waiting of at most so many seconds begins, or is over: libmicrohttpd would count it as the browser's silence. */
void web_wait_begins(struct exchange *exchange, struct link_wait *wait, int seconds);
void web_wait_is_over(struct exchange *exchange);

/* The session is over; source: who has asked, for the log. */
void web_end_session(struct web *web, struct web_session *session, const char *source, const char *why);

/* The handlers of web_api.c and web_events.c. */
typedef enum MHD_Result web_handler(struct exchange *exchange);
web_handler web_sign_in, web_sign_out, web_session_show, web_command_run, web_help, web_health, web_events;

#endif
