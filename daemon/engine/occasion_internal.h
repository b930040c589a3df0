/* occasion_internal.h - what the files of the occasions share. */
#ifndef FOLLOWUP_OCCASION_INTERNAL_H
#define FOLLOWUP_OCCASION_INTERNAL_H

#include "internal.h"

/* Where the caller looks, and what he does with what he finds. */
struct visitor {
	struct engine *engine;
	const struct facts *facts;
	const struct rule *rule;
	day_t due_from;
	const day_t *opens_until; /* comes nearer when he has seen enough */
	occasion_visit *visit;
	void *context;
	bool ahead; /* events of days to come count as well: where a corrected one has gone */
};

/* Whether a window lies where the caller looks. */
bool occasion_is_wanted(const struct visitor *visitor, const struct window *window);
/* Whether it opens later than the caller looks. */
bool occasion_is_beyond(const struct visitor *visitor, const struct window *window);
/* Hands an occasion on when it does. */
int occasion_offer(const struct visitor *visitor, const struct occasion *occasion);
/* Names an occasion by a day, or (behind what stands before this place) by a year; gives it its window. */
void occasion_key_day(struct occasion *occasion, day_t day);
void occasion_key_year(struct occasion *occasion, size_t at, int year);
void occasion_place(const struct engine *engine, const struct rule *rule, struct occasion *occasion, day_t on, int priority);

const struct rule_index *rule_index_of(const struct engine *engine, const struct rule *rule);
bool rule_has_kind(const struct engine *engine, const struct rule *rule, int64_t kind);

/* One row a trigger: its occasions, and the one that a follow-up stands for as the facts give it now (see occasion_again()). */
typedef int occasion_each_function(struct engine *engine, const struct facts *facts, const struct visitor *visitor);
typedef int occasion_again_function(struct engine *engine, const struct facts *facts, const struct rule *rule,
	const struct followup *followup, struct occasion *out, int64_t *reason);

/* occasion_fact.c: by events and by what the client's fields say */
occasion_each_function each_event, each_outflow, each_dormant, each_series, each_urge, each_expiry, each_cadence;
occasion_again_function again_event, again_outflow, again_dormant, again_series, again_urge, again_expiry, again_cadence;

/* promise.c: what was promised */
occasion_each_function each_promise;
occasion_again_function again_promise;

/* occasion_year.c: by the year */
occasion_each_function each_birthday, each_festival, each_anniversary, each_yearly, each_sample;
occasion_again_function again_birthday, again_festival, again_anniversary, again_yearly, again_sample;

#endif
