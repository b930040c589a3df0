/* figures.h - what METRICS tells of the book, read at one moment. Any thread that has a store and this tally to itself. */
#ifndef FOLLOWUP_FIGURES_H
#define FOLLOWUP_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "followup/date.h"
#include "followup/error.h"
#include "followup/policy.h"
#include "followup/store_figures.h"

enum { FIGURE_NAME_SIZE = 130, FIGURE_TASKS_MAX = 32 };

/* A queue, or several of one family ("manager/" and a star) together. */
struct figure_queue {
	char name[FIGURE_NAME_SIZE];
	int64_t ready, resting, leased, uncertain;
	int64_t due_now, overdue;
	day_t oldest_due_on;
};

struct figure_task {
	char kind[32];
	int64_t count, oldest_at;
};

struct figures {
	bool known; /* otherwise the book could not be read, and only the room on its disk may be known */
	struct figure_queue *queues;
	size_t queue_count, queue_capacity;
	struct figure_task tasks[FIGURE_TASKS_MAX];
	size_t task_count;
	int64_t scheduled, queued;          /* follow-ups */
	struct tally tally;                 /* what has happened since the start */
	int64_t database_bytes, free_bytes; /* -1: not known */
};

/* Counts on in tally and fills figures, which begin as all zero. Whatever the result, figures_free() is for the caller. */
int figures_collect(struct store *store, const struct policy *policy, day_t today, struct tally *tally, struct figures *figures) MUST_CHECK;
void figures_free(struct figures *figures);

/* Sums up until at most so many queues are left: first those whose names have a "/", by what stands before it, then all beyond. In order of names before and after. */
void figures_fold(struct figures *figures, size_t most);

/* Rows of outcomes that the configuration knows stand in the tally from the beginning: a counter that appears with its first count hides it from a rate. */
int figures_expect(struct tally *tally, const struct policy *policy) MUST_CHECK;

#endif
