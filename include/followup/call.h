/* call.h - a call: one interruption of one natural person, and its agenda (POLICY 1, 5). */
#ifndef FOLLOWUP_CALL_H
#define FOLLOWUP_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "followup/date.h"

/* The numbers stand in the database. A call that has ended is no longer kept; its attempts are. */
enum call_state {
	CALL_READY = 0,   /* may be handed out */
	CALL_RESTING = 1, /* not before not_before: a retry */
	CALL_LEASED = 2,
	CALL_UNCERTAIN = 3, /* a message whose lease ran out: perhaps sent, counted, not sent again without the gateway's word (POLICY 6) */
};

const char *call_state_name(enum call_state state);

enum call_class {
	CALL_COUNTED = 0,
	CALL_EXEMPT = 1, /* holds an exempt item: goes ahead whole, and is counted */
	CALL_FREE = 2,   /* only free items: asks for no slot and is not counted */
};

/* What goes first (POLICY 6): an appointment, then what is due today or overdue, then the rest. */
enum { CALL_NOT_DUE = 0, CALL_DUE = 1, CALL_APPOINTED = 2 };

enum { NO_OWN_HOURS = 1 };

struct call {
	int64_t id;
	int64_t person;
	int64_t channel; /* a name (store_name.h), as queue is */
	bool bulk;
	int64_t queue;
	int64_t lane;  /* who must not call (store_call.h); 1: nobody is excluded */
	int64_t hours; /* of its own (likewise); NO_OWN_HOURS: only the queue's */
	int due_now;   /* CALL_NOT_DUE, CALL_DUE or CALL_APPOINTED: the larger goes first */
	int priority;
	day_t due_on;
	enum call_state state;
	enum call_class class;
	int generation; /* of the lease; grows with each hand-out */
	int64_t agent_id;
	int64_t lease_until; /* unix seconds; of the lease */
	int64_t not_before;  /* unix seconds; of the rest, which goes on when a call is taken before that and given back */
	day_t tries_on;      /* the day that tries_today counts */
	int tries_today;
	int expiries;
	int widened;          /* how many of the rule's wider queues it has moved on to */
	int64_t queued_at;    /* unix seconds: since when it has waited on this queue */
	int64_t widen_at;     /* unix seconds: when it moves to the next wider queue; 0: never */
	int64_t appointed_at; /* unix seconds: the time that was agreed with the client; 0: none */
	int64_t owner_id; /* the agent who agreed on it, while it is his alone; both stay while the call is leased, and end with an outcome */
	int64_t appointed_for; /* the promise's follow-up that the appointment is for, and ends with; 0: the client named the time */
	int64_t moved;         /* the queue (a name) a supervisor has put it on; 0: where its foremost item belongs */
};

/* POLICY 6, the order inside a queue: due today or overdue first; then priority; then due_on; then the call created first. Negative: a comes first. */
int call_compare(const struct call *a, const struct call *b);

#endif
