/* console_link.h - followup-console: one connection to the daemon, signed in as an agent. It is used by one thread at a time, which waits on it, but never longer
 * than somebody waits for the answer. */
#ifndef FOLLOWUP_CONSOLE_LINK_H
#define FOLLOWUP_CONSOLE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "followup/error.h"

struct redisReply;
struct link;

/* What ends a wait early. A descriptor may be -1. */
struct link_wait {
	int64_t until_ms; /* monotonic */
	int asker_fd;     /* the browser's connection: over when it is closed */
	int ended_fd;     /* readable when the session has ended, or the console stops */
};

enum { LINK_WHY_SIZE = 256 };

/* Connects to the daemon and signs in. Nothing else is ever sent before the daemon has taken the token, so the console's own user never
 * counts. Errors: ERR_RIGHTS: the token is wrong; ERR_BUSY: the daemon does not look at it now; ERR_SYSTEM: the daemon is away; ERR_CLOSED: the wait was ended. why
 * holds what the daemon said, or what failed. */
struct console_address; /* console_settings.h */
int link_open(const struct console_address *daemon, const char *name, const char *token, const struct link_wait *wait, struct link **out,
	char why[LINK_WHY_SIZE]) MUST_CHECK;
void link_close(struct link *link); /* NULL is fine */

/* Whether an idle link still leads to the daemon. */
bool link_is_alive(const struct link *link);

/* Sends one command and waits for its answer, which the caller frees with freeReplyObject; error answers too. After any error the link is of no more use:
 * ERR_SYSTEM: the connection broke, and whether the command was done is not known; ERR_CLOSED: the wait was ended; ERR_LIMIT: its time was over; ERR_MEMORY. */
int link_ask(struct link *link, size_t count, const char **words, const size_t *lengths, const struct link_wait *wait,
	struct redisReply **out) MUST_CHECK;

/* Waits for one more message after SUBSCRIBE. Errors as with link_ask, except that the link stays of use after ERR_LIMIT. */
int link_listen(struct link *link, const struct link_wait *wait, struct redisReply **out) MUST_CHECK;

/* Waits without a link: ERR_LIMIT when the time is over, ERR_CLOSED when the wait was ended. */
int link_sleep(const struct link_wait *wait) MUST_CHECK;

#endif
