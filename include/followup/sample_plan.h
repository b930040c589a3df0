/* sample_plan.h - the arithmetic of the yearly sample (POLICY 4): how many are wanted, on which day each is drawn, and whether the year will make it. Pure. */
#ifndef FOLLOWUP_SAMPLE_PLAN_H
#define FOLLOWUP_SAMPLE_PLAN_H

#include <stdint.h>

/* What has become of those drawn so far. */
struct sample_plan {
	int64_t wanted;
	int64_t reached; /* in the year */
	int64_t lost;    /* ended, or passed by, without being reached in the year */
	int64_t pending; /* open, or still to come */
	int rounds;      /* how often one that is lost from now on can still be replaced, and the replacement lost, before the year ends */
};

/* At least share_percent of the book. */
int64_t sample_wanted(int64_t book, int share_percent);

/* Which of the days (0 .. days - 1) the place-th (0 .. count - 1) of count falls on: evenly, in order, the first on the first day. days > 0. */
int64_t sample_day(int64_t place, int64_t count, int64_t days);

/* How many will have been reached when the year ends, rounded: those pending by the share of the ended ones that was reached, and so often as they can be replaced. */
int64_t sample_projected(const struct sample_plan *plan);

/* How many are to be drawn now: as many as are missing; and when a loss cannot be replaced any more (rounds 0), those that must be expected to be lost as well. */
int64_t sample_missing(const struct sample_plan *plan);

/* Of candidates for a book of at most clients, how many are kept in order, at least: enough to draw thrice what is wanted. */
int64_t sample_kept(int64_t clients, int share_percent);

#endif
