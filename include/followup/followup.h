/* followup.h - a follow-up: one occasion's obligation, with its window and its state (POLICY 1, 3). */
#ifndef FOLLOWUP_FOLLOWUP_H
#define FOLLOWUP_FOLLOWUP_H

#include <stdbool.h>
#include <stdint.h>

#include "followup/date.h"

/* The numbers stand in the database: never renumber. Up to FOLLOWUP_QUEUED it is open. */
enum followup_state {
	FOLLOWUP_SCHEDULED = 0,
	FOLLOWUP_QUEUED = 1,
	FOLLOWUP_DONE = 2,
	FOLLOWUP_DONE_LATE = 3,
	FOLLOWUP_MISSED = 4,
	FOLLOWUP_CANCELLED = 5,
	FOLLOWUP_SUPPRESSED = 6,
	FOLLOWUP_STATE_COUNT
};

const char *followup_state_name(enum followup_state state);
int followup_state_parse(const char *name); /* the state, or ERR_NOT_FOUND */
bool followup_state_is_open(enum followup_state state);

/* Whether a move is one of POLICY 3's: open ones move on, a missed or suppressed one may turn out to be done (a contact typed in late), and a
 * cancelled one comes back when its rule fits again. */
bool followup_move_is_legal(enum followup_state from, enum followup_state to);

enum { OCCASION_SIZE = 80 };

/* What its row held when it was last read or written, so that writing it again touches no index whose columns are the same. */
struct followup_kept {
	bool known; /* false: the row may be anything */
	bool overridden;
	day_t occasion_on, opens_on, due_on, last_on, closed_on;
	int priority, channel_from, tries;
	enum followup_state state;
	int64_t call_id, about;
};

struct followup {
	int64_t id;
	int64_t client_id;
	int64_t rule; /* a name (store_name.h), as channel, queue and reason are; 0: none */
	char occasion[OCCASION_SIZE];
	char client_ref[65];
	day_t occasion_on;
	day_t opens_on, due_on;
	day_t last_on; /* the last useful day */
	int priority;
	enum followup_state state;
	int64_t reason, channel, queue;
	int64_t call_id; /* 0 unless queued */
	day_t created_on, closed_on;
	int channel_from; /* how many of the rule's channels are used up */
	int tries;
	int64_t about;     /* a name: the manager whose leaving it was made for; 0: it is about the client alone */
	bool overridden;   /* a supervisor lets it go ahead whatever the cap says */
	int64_t closed_by; /* only when it is being closed: the attempt that does it, written with the move; 0: none, or not known yet */
	struct followup_kept kept; /* the store's */
};

#endif
