/* store_sample.h - the draws of the yearly sample as the store keeps them: one for each rule and year, its candidates in the order of the draw, and what became of those
 * drawn. A draw once begun is kept: other numbers in the configuration count from the next year. */
#ifndef FOLLOWUP_STORE_SAMPLE_H
#define FOLLOWUP_STORE_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "followup/buffer.h"
#include "followup/date.h"
#include "followup/error.h"

struct store;

/* The numbers stand in the database: never renumber. */
enum sample_state {
	SAMPLE_CANDIDATE = 0,    /* in the order, not drawn */
	SAMPLE_TO_COME = 1,      /* drawn for a day; no follow-up yet */
	SAMPLE_OPEN = 2,         /* its follow-up is open */
	SAMPLE_REACHED = 3,      /* done in the year */
	SAMPLE_LOST = 4,         /* ended otherwise, or its day passed without a follow-up (the account was closed) */
	SAMPLE_REACHED_LATE = 5, /* done after the year's end */
	SAMPLE_WAITING = 6,      /* as SAMPLE_OPEN, but it waits, for a contact to come free or a number to be mended */
	SAMPLE_STATE_COUNT
};

/* Where a candidate stands in the order; unique in a draw. */
struct sample_place {
	int64_t key;
	int64_t client_id;
};

struct sample_draw {
	int64_t id;
	int64_t rule; /* a name (store_name.h) */
	int year;
	int64_t seed;
	int share_percent;
	day_t made_on;   /* the day whose cycle began it */
	bool counted;    /* the whole book has been gone through */
	int64_t scanned; /* up to this client's number, until then */
	int64_t key_end; /* candidates are kept below this key */
	int64_t book;    /* clients whose account was open at the end of the year before, dormant and suspended ones left out */
	int64_t wanted;
	struct sample_place last;           /* the last one drawn; {-1, 0} before the first */
	int64_t batch_count, batch_done;    /* being drawn: so many, of which so many have their day, */
	day_t batch_from;                   /* spread over the work days from this one on */
	int64_t counts[SAMPLE_STATE_COUNT]; /* by state; of candidates: 0. Changed by store_sample_assign() and store_sample_move() alone */
};

/* 1 or 0. */
int store_sample_find(struct store *store, int64_t rule, int year, struct sample_draw *out) MUST_CHECK;
/* The next draw after number id: 1, or 0 at the end. */
int store_sample_after(struct store *store, int64_t id, struct sample_draw *out) MUST_CHECK;
int store_sample_begin(struct store *store, struct sample_draw *draw) MUST_CHECK;      /* gives it its id */
int store_sample_save(struct store *store, const struct sample_draw *draw) MUST_CHECK; /* all but the counts */
int store_sample_drop(struct store *store, int64_t draw_id) MUST_CHECK;                /* nobody was in the book */

/* A number no client's goes above. */
int64_t store_sample_clients(struct store *store) MUST_CHECK;

int store_sample_add(struct store *store, int64_t draw_id, struct sample_place place) MUST_CHECK;
/* The next candidate of the order after place: 1, or 0 when all are drawn. */
int store_sample_next(struct store *store, int64_t draw_id, struct sample_place after, struct sample_place *out) MUST_CHECK;
/* Draws a candidate for a day. */
int store_sample_assign(struct store *store, int64_t draw_id, struct sample_place place, day_t day) MUST_CHECK;
/* What has become of one who was drawn. */
int store_sample_move(struct store *store, int64_t draw_id, int64_t client_id, enum sample_state from, enum sample_state to) MUST_CHECK;

/* The days that a client was drawn for by a rule: at most capacity, the latest year first; the count. */
struct sample_drawn {
	int64_t draw_id;
	int year;
	day_t day;
	enum sample_state state;
};
int store_sample_of_client(struct store *store, int64_t client_id, int64_t rule, struct sample_drawn *out, int capacity) MUST_CHECK;

/* One that is still to come although its day lies before day: 1, or 0 when there is none. */
int store_sample_passed(struct store *store, day_t day, int64_t *draw_id, int64_t *client_id) MUST_CHECK;

/* Lets go of candidates of years before year who were never drawn, at most limit of them; the count. */
int store_sample_forget(struct store *store, int year, int limit) MUST_CHECK;

/* CHECK: what is kept of the draws compared with a full count; appends texts to an array that is open. day: whose cycle is complete. */
int store_sample_faults(struct store *store, day_t day, int *count, struct buffer *out) MUST_CHECK;

#endif
