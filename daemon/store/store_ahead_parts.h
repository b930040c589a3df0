/* store_ahead_parts.h - what the files of the reading ahead share: store_ahead.c, the thread and what is asked of it; store_ahead_unseen.c, what it cannot see; store_ahead_answer.c, what it has read. */
#ifndef FOLLOWUP_STORE_AHEAD_PARTS_H
#define FOLLOWUP_STORE_AHEAD_PARTS_H

#include "followup/thread.h"
#include "store_ahead_batch.h"

/* What has been written since the last commit, which the thread does not see (store_ahead_unseen.c). */
enum { AHEAD_GROUPS = 8 };
struct ahead_unseen {
	bool by_others;                             /* something is */
	bool before_walk;                           /* something that came before the walk of admission */
	bool in_rest;                               /* who has come among those who have no day of their own */
	struct ahead_group scheduled[AHEAD_GROUPS]; /* where follow-ups have come to wait for admission */
	int scheduled_count;                        /* more than AHEAD_GROUPS: anywhere */
	day_t least_due;                            /* the earliest day that somebody was given */
	uint64_t committed[KEPT_KINDS];
};

struct store_ahead {
	/* The loop's thread alone. */
	struct ahead_batch *batch; /* in use */
	bool is_asked;             /* the other one is being read, or has been */
	bool is_unwanted;          /* it is to be forgotten when it comes */
	int insists;               /* on so many rows at a time, see store_ahead_insist(); 0: it does not */
	int calm;                  /* undisturbed steps */
	int failures;              /* one after the other */
	int64_t changes;           /* of the store at the end of the last one */
	struct ahead_unseen unseen;
	uint64_t used;
	struct thread thread;

	/* The thread's alone, from a request to its answer. */
	struct ahead_batch *other;
	struct store *reader;

	/* Shared, under lock. */
	bool is_wanted, is_ready;
};

/* store_ahead.c: forgets what has been read, or is being read; or that of one kind. */
void ahead_forget(struct store_ahead *ahead);
void ahead_forget_kind(struct store_ahead *ahead, enum ahead_kind kind);
bool ahead_is_for(const struct ahead_batch *batch, const struct ahead_wish *wish);
struct ahead_wish ahead_wish_due(day_t day);
struct ahead_wish ahead_wish_rest(day_t day);
struct ahead_wish ahead_wish_admissions(const struct admission_place *place, int64_t rule, day_t first, day_t last);
/* The batch that has rows of what is wished, the one in use or the one behind it; NULL: none that holds. */
struct ahead_batch *ahead_in_use(struct store *store, const struct ahead_wish *wish);

/* store_ahead_unseen.c */
void ahead_unseen_begin(struct ahead_unseen *unseen);
/* Whether the thread would see what the loop sees of the rows that are wished. */
bool ahead_sees(const struct store *store, const struct ahead_wish *wish);
bool ahead_is_same(const struct ahead_group *one, const struct ahead_group *other);

#endif
