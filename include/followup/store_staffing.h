/* store_staffing.h - queues and lanes with calls that nobody may make: one row and one task for each, until somebody may or nothing waits there (POLICY 6). */
#ifndef FOLLOWUP_STORE_STAFFING_H
#define FOLLOWUP_STORE_STAFFING_H

#include <stdint.h>

#include "followup/error.h"

struct store;

/* A ready call on a queue's lane (0: any lane) that does not move to a wider queue by itself, and its client: 1, or 0 when none of the first of them is. */
int store_unserved_call(struct store *store, int64_t queue, int64_t lane, int64_t *call_id, int64_t *client_id) MUST_CHECK;

/* lane 0: nobody serves the queue at all. 1: the task has been made, 0: there is one. */
int store_unserved_add(struct store *store, int64_t queue, int64_t lane, int64_t call_id, int64_t client_id) MUST_CHECK;
/* Its task, unless somebody has acknowledged it, is done with: note says why. */
int store_unserved_end(struct store *store, int64_t queue, int64_t lane, const char *note) MUST_CHECK;
/* The row after a place (0, -1 to start), in order: 1, or 0 at the end. */
int store_unserved_next(struct store *store, int64_t *queue, int64_t *lane) MUST_CHECK;

#endif
