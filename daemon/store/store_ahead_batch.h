/* store_ahead_batch.h - rows that have been read ahead, some at a time (store_ahead.c). */
#ifndef FOLLOWUP_STORE_AHEAD_BATCH_H
#define FOLLOWUP_STORE_AHEAD_BATCH_H

#include "ahead.h"

enum { AHEAD_ROWS = 64 }; /* as many as the loop works through in some milliseconds */

enum ahead_kind { AHEAD_NOTHING, AHEAD_DUE, AHEAD_REST, AHEAD_ADMISSIONS };

/* What has been read of one client beside the row that he comes with. */
struct ahead_story {
	int64_t client_id; /* 0: nothing */
	bool has_row, has_trades;
	int first_event, event_count;
	day_t last_trade, next_trade;
	bool trade_withdrawn;
};

/* Of the order of admission. */
struct ahead_group {
	int priority;
	day_t due_on;
	int64_t rule; /* a name */
};

struct ahead_waiting {
	day_t next_on;
	int64_t client_id;
	bool changed;
};

/* Which rows are wanted: of those who wait to be looked at on or before a day; of those who have no day of their own; or of one rule's follow-ups in the order of admission, with the contacts of some days. */
struct ahead_wish {
	enum ahead_kind kind;
	day_t day;
	struct ahead_group group;
	day_t first, last;
};

struct ahead_batch {
	struct ahead_wish wish;
	/* Behind whom, or which. */
	struct ahead_waiting after;
	struct admission_place place;
	struct left_out *left_out; /* the loop's */
	int capacity;
	struct {
		struct store_stamp clients, events, due;
	} as_of;

	int count; /* rows; negative: an error */
	int next;  /* the first that has not been passed */
	struct ahead_waiting waiting[AHEAD_ROWS];
	struct admission admissions[AHEAD_ROWS];
	struct kept_client clients_read[AHEAD_ROWS];
	struct ahead_story stories[AHEAD_ROWS];
	int event_count, event_capacity;
	struct event *events;
};

/* NULL: no memory. */
struct ahead_batch *ahead_batch_new(void);
void ahead_batch_free(struct ahead_batch *batch);

/* Fills it with what it asks for, out of a snapshot of its own. */
int ahead_batch_read(struct ahead_batch *batch, struct store *reader) MUST_CHECK;

#endif
