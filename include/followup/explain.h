/* explain.h - the engine's part of WHY client (POLICY 5, 8): each appends one JSON array, and notes what the verdict needs. */
#ifndef FOLLOWUP_EXPLAIN_H
#define FOLLOWUP_EXPLAIN_H

#include <stdint.h>

#include "followup/buffer.h"
#include "followup/date.h"
#include "followup/error.h"
#include "followup/zone.h"

struct engine;

/* What has been told of a client, in a few words. Begin with today, change_on INT32_MAX and zeros. */
struct explained {
	day_t today;
	int open, queued, held_back;          /* follow-ups */
	char first_rule[80], first_says[400]; /* of the foremost open one that does not wait for an agent only */
	const char *next_rule;                /* that fires next; NULL: none is known */
	day_t next_opens_on;
	day_t change_on; /* the next day on which anything changes; INT32_MAX: none is known */
	char change[128];
};

/* Something changes on a day; the nearest after today is kept. */
void explain_change(struct explained *told, day_t on, const char *what);

/* Every rule, by name: its next occasion for the client with its window as computed and as the calendar moved it, channel, state, who must not call, or what holds it back. */
int engine_explain_rules(
	struct engine *engine, int64_t client_id, struct moment now, struct explained *told, struct buffer *out) MUST_CHECK;

/* What of the client is open, each with a line in words: what it waits for, until when it is of use, on which day a slot comes free, and whether that is in time. */
int engine_explain_waiting(
	struct engine *engine, int64_t client_id, struct moment now, struct explained *told, struct buffer *out) MUST_CHECK;

#endif
