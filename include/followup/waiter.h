/* waiter.h - sessions whose request waits for something to happen: agents in NEXT WAIT, in the order they came. */
#ifndef FOLLOWUP_WAITER_H
#define FOLLOWUP_WAITER_H

#include <stdbool.h>
#include <stdint.h>

struct server;
struct session;
enum park;

void waiter_park(struct session *session, enum park park, int64_t until_ms);
void waiter_unpark(struct session *session); /* harmless when it is not parked */

/* Tries NEXT again for those who wait, first come first, when anything has changed since the last look; a bounded number at once. */
void waiter_serve(struct server *server);

/* Whether something has changed that waiter_serve() has not looked at: the loop goes on without waiting. */
bool waiter_is_wanted(const struct server *server);

/* Answers those whose time is over, after a last look. */
void waiter_expire(struct server *server, int64_t now_ms);

/* Answers all with nothing: the daemon stops. */
void waiter_dismiss(struct server *server);

/* Answers those who wait for the engine to be idle: OK, or STORE when the store has failed. */
void waiter_answer_idle(struct server *server);

/* The earliest end of a wait, monotonic; INT64_MAX: nobody waits. */
int64_t waiter_next_end(const struct server *server);

#endif
