/* sample.h - the yearly sample as people ask about it (POLICY 4, 9): how far each draw has come, and whether its year will make it. */
#ifndef FOLLOWUP_SAMPLE_H
#define FOLLOWUP_SAMPLE_H

#include <stdint.h>

#include "followup/buffer.h"
#include "followup/date.h"
#include "followup/error.h"
#include "followup/policy.h"

struct store;

/* One draw on a day. drawn = reached + reached_late + open + lost + to_come. */
struct sample_coverage {
	const char *rule; /* its name; the store's, until its next use */
	int year;
	int64_t seed;
	int share_percent;
	day_t made_on;
	int64_t book;   /* clients whose account was open at the end of the year before, dormant and suspended ones left out */
	int64_t wanted; /* share_percent of them, rounded up */
	int64_t drawn;
	int64_t reached;      /* clients whose sample follow-up was done in the year */
	int64_t reached_late; /* ... after it */
	int64_t open;         /* their follow-up is open; */
	int64_t waiting;      /* so many of these wait, for a contact to come free or a number to be mended */
	int64_t lost;         /* not reached: missed, suppressed, cancelled, or the account was closed on their day */
	int64_t to_come;
	int days_left;     /* work days of the year, today included */
	int64_t projected; /* how many will have been reached when the year ends */
	bool will_make_it;
};

/* Walks the draws that have been made, in the order in which they were: the next after *draw_id, which moves on (begin with 0): 1, or 0 at the end. Only reads. */
int sample_coverage_next(
	struct store *store, const struct policy *policy, day_t today, int64_t *draw_id, struct sample_coverage *out) MUST_CHECK;

/* All of them as a JSON array of objects whose members are those of struct sample_coverage, and coverage, the percentage of the book that was reached in the year; of
 * years first to last. */
int sample_coverage_append(
	struct store *store, const struct policy *policy, day_t today, int first_year, int last_year, struct buffer *json) MUST_CHECK;

/* Warns of rules whose seed or share are other than those of this year's draw, which is kept. */
int sample_warn_of_kept(struct store *store, const struct policy *policy, day_t today, policy_complain *complain, void *context) MUST_CHECK;

#endif
