/* store_load.h - what lies on the queues and what was made there, in numbers: what a forecast asks (POLICY 9). */
#ifndef FOLLOWUP_STORE_LOAD_H
#define FOLLOWUP_STORE_LOAD_H

#include <stdint.h>

#include "followup/date.h"
#include "followup/error.h"

struct store;

/* The calls of one queue on a day. */
struct load_row {
	const char *queue;
	int64_t ready;          /* may be handed out */
	int64_t due, overdue;   /* of these, due on that day; due before it */
	int64_t appointed;      /* ready or resting: agreed on for that day */
	int64_t appointed_now;  /* of these, the ready ones, */
	int64_t appointed_more; /* and of those the ones that are due later */
};
typedef int load_visit(void *context, const struct load_row *row);
/* Each queue that has calls. day_begins, day_ends: that day in unix seconds, the end excluded. */
int store_load_queues(struct store *store, day_t day, int64_t day_begins, int64_t day_ends, load_visit *visit, void *context) MUST_CHECK;

/* How many contacts of calls were written down for each queue in a span of time, its end excluded. */
typedef int made_visit(void *context, const char *queue, int64_t contacts);
int store_load_made(struct store *store, int64_t from, int64_t until, made_visit *visit, void *context) MUST_CHECK;

/* When the first of all contacts was written down: 1, or 0 when there is none. */
int store_load_first_made(struct store *store, int64_t *at) MUST_CHECK;

#endif
