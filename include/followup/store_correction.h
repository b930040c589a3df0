/* store_correction.h - attempts as they are known now: what was told of a try, and what a later entry of the record has corrected of it (POLICY 8). The try's own entry is never
 * touched: its row among the attempts, which lists and reports read, is. */
#ifndef FOLLOWUP_STORE_CORRECTION_H
#define FOLLOWUP_STORE_CORRECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "followup/buffer.h"
#include "followup/date.h"
#include "followup/error.h"

struct store;

struct attempt_truth {
	int64_t id;
	int64_t told_at, at; /* unix seconds: when it was written down, when it happened */
	int64_t call_id;
	int generation; /* 0: RECORD */
	char agent[65];
	int64_t channel; /* a name */
	int64_t client_id;
	char client_ref[65];
	char disposition[65];
	int64_t contact_id; /* 0: it is none */
	day_t contact_on;
	bool over_cap;
	bool is_outcome;      /* told with DONE or RECORD; not something that befell a call */
	bool is_closed;       /* sealed, or erased: nobody may see what was said */
	bool number_is_his;   /* the number dialled is still the client's */
	int64_t corrected_by; /* the entry that says so; 0: nothing was corrected */
	char *said;           /* a JSON object; NULL: nothing was said. The caller's */
};

/* ERR_NOT_FOUND. */
int store_attempt_load(struct store *store, int64_t id, struct attempt_truth *out) MUST_CHECK;

/* The follow-ups that it has closed and that are still closed by it, and everybody whom it concerns: at most capacity; the count. */
int store_attempt_items(struct store *store, int64_t id, int64_t *items, int capacity) MUST_CHECK;
int store_attempt_clients(struct store *store, int64_t id, int64_t *clients, int capacity) MUST_CHECK;

/* A follow-up is closed by an attempt (0: by none any more). */
int store_attempt_closes(struct store *store, int64_t id, int64_t followup_id) MUST_CHECK;

/* The answer to a correction, a JSON object made of its entry. */
int store_correction_answer(struct store *store, int64_t entry_id, struct buffer *out) MUST_CHECK;
/* Whether the attempt's latest correction said the same, by the same agent for the same reason: 1, or 0. */
int store_correction_is_same(
	struct store *store, const struct attempt_truth *attempt, const char *agent, const char *json, const char *reason) MUST_CHECK;

/* What was said, as corrected by json: items, disposition and done_at left out, for they are told apart. 1: it differs from before, 0: it does not. */
int store_correction_said(struct store *store, const char *said, const char *json, struct buffer *out) MUST_CHECK;

/* Writes an attempt's row anew: disposition, at, contact and mark are those of truth, by the entry corrected_by. */
int store_attempt_correct(struct store *store, const struct attempt_truth *truth) MUST_CHECK;

#endif
