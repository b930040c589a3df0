/* forecast.h - what falls due on each queue in the days to come, and what the desk can make of it (POLICY 9): the engine with a test clock over a copy of the book. */
#ifndef FOLLOWUP_FORECAST_H
#define FOLLOWUP_FORECAST_H

#include <stddef.h>
#include <stdint.h>

#include "followup/buffer.h"
#include "followup/error.h"
#include "followup/policy.h"
#include "followup/zone.h"

struct store;

enum { FORECAST_DAYS_STANDARD = 30, FORECAST_DAYS_MAX = 366, FORECAST_CAPACITIES_MAX = 256, FORECAST_CALLS_MAX = 1000000 };

/* What the asker says of a queue, or of all that begin like "manager/" and a star. */
struct forecast_capacity {
	const char *queue; /* not NUL-terminated: */
	size_t length;
	int calls_a_day; /* NO_LIMIT: none */
};

struct forecast {
	int days;          /* today included */
	const char *queue; /* only this one's rows; NULL: all */
	const struct forecast_capacity *capacities;
	size_t capacity_count;
};

/* Appends one JSON document. copy is worked on and moves on to the last day: it has to be the caller's own (store_copy). ERR_BUSY when it has been interrupted; no error of
 * the copy is one of the book. */
int forecast_run(struct store *copy, const struct policy *policy, const struct forecast *forecast, struct moment now,
	struct buffer *json) MUST_CHECK;

#endif
