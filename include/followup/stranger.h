/* stranger.h - connections that nobody has signed in on: few, from one source fewer, and not for long (limits in followupd.conf). */
#ifndef FOLLOWUP_STRANGER_H
#define FOLLOWUP_STRANGER_H

#include <stdint.h>

#include "followup/accept.h"

struct server;
struct session;

/* Whether one more from this source is too many. source: session->source; NULL: those of one source are not counted. */
enum refusal stranger_refusal(const struct server *server, const char *source);

/* After whatever may have signed a session in or out: on the list of strangers or off it. */
void stranger_update(struct session *session);

/* Cuts off those whose time is over. The next such moment, monotonic; INT64_MAX: none. */
void stranger_expire(struct server *server, int64_t now_ms);
int64_t stranger_next_end(const struct server *server);

#endif
