/* simulate_desk.h - the desk of simulate and forecast, exact, so that a person can check it by hand (DESIGN 4): on a day the engine's cycle, then the phone queues in bytewise order of
 * their names, each up to its capacity, then the queues of messages without limit. Every call is reached at the first try, which closes its whole agenda. Nothing widens or is tried again. */
#ifndef FOLLOWUP_SIMULATE_DESK_H
#define FOLLOWUP_SIMULATE_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "followup/call.h"
#include "followup/engine.h"

enum { SIMULATE_WITHOUT_LIMIT = INT32_MAX };

struct simulate_desk {
	struct engine *engine;
	const struct policy *policy;
	/* How many calls a phone queue can make on a day on which it has calling hours. */
	long (*capacity)(void *context, const char *queue, struct moment now);
	/* A call is about to be made. NULL: nobody wants to know. */
	int (*making)(void *context, const char *queue, const struct call *call);
	void *context;
};

/* Works the days up to now.day. */
int simulate_desk_work(const struct simulate_desk *desk, struct moment now) MUST_CHECK;

/* What the desk does on that day. No call may be leased. */
int simulate_desk_hand_out(const struct simulate_desk *desk, struct moment now) MUST_CHECK;

/* One call is made, whatever its place. */
int simulate_desk_make(const struct simulate_desk *desk, const char *queue, const struct call *call, struct moment now) MUST_CHECK;

bool simulate_queue_is_bulk(const struct policy *policy, const char *queue);
/* Whether a phone queue has calling hours on a day, after that second of it. */
bool simulate_queue_is_staffed(const struct policy *policy, const char *queue, day_t day, int32_t after_second);

#endif
