/* ahead.h - what the store's own files ask of store_ahead.c. */
#ifndef FOLLOWUP_STORE_AHEAD_INTERNAL_H
#define FOLLOWUP_STORE_AHEAD_INTERNAL_H

#include "followup/store_ahead.h"
#include "followup/store_event.h"
#include "followup/store_followup.h"
#include "internal.h"

void store_ahead_end(struct store *store);

/* How many rows whoever asks should read himself before the others are read ahead: capacity, but for tests. */
int store_ahead_at_once(const struct store *store, int capacity);

/* Who waits to be looked at on or before day, from the one behind those who were asked about: how many, 0 when nothing has been read ahead. Their rows are kept (store_kept.c). */
int store_ahead_due(struct store *store, day_t day, struct store_waiting *out, int capacity) MUST_CHECK;
/* Those up to this one have been read otherwise: the next are wanted soon. */
void store_ahead_ask_due(struct store *store, day_t day, day_t next_on, int64_t client_id);
/* The same of those who have no day of their own (store_due.c), from the one behind that number on: in their order. */
int store_ahead_rest(struct store *store, day_t day, int64_t behind, struct store_waiting *out, int capacity) MUST_CHECK;
void store_ahead_ask_rest(struct store *store, day_t day, int64_t client_id);
/* The order of either has changed: somebody may come before those who have been read, or again. */
void store_ahead_forget_due(struct store *store);
void store_ahead_begin_rest(struct store *store);       /* the common day has come */
void store_ahead_note_rest(struct store *store);        /* somebody has no day of his own any more who is to be looked at with the rest */
void store_ahead_begin_admissions(struct store *store); /* a walk through the scheduled follow-ups begins */
void store_ahead_note_due(struct store *store, day_t next_on); /* somebody's next day is that now */

/* A client's events that are no trades, as store_event_of_client(), and his trades, as store_event_trades(). ERR_NOT_FOUND: they have not been read ahead. */
int store_ahead_events(struct store *store, int64_t client_id, struct event *events, int capacity) MUST_CHECK;
int store_ahead_trades(struct store *store, int64_t client_id, day_t day, day_t *last, day_t *next, bool *withdrawn_today) MUST_CHECK;

/* As store_admission_next(), of the rule (a name) where the place is: how many, 0 when nothing has been read ahead. */
int store_ahead_admissions(struct store *store, const struct admission_place *place, int64_t rule, day_t first, day_t last,
	struct admission *out, int capacity) MUST_CHECK;
/* Those up to last_one have been read otherwise: the next are wanted soon. */
void store_ahead_ask_admissions(
	struct store *store, const struct admission_place *place, int64_t rule, day_t first, day_t last, const struct followup *last_one);
/* One comes among them again that was left out (store_left_out.c). */
void store_ahead_forget_admissions(struct store *store);
/* This follow-up is scheduled now that was not before, or elsewhere: it may stand among those that have been read. was_open: it was there, and open. */
void store_ahead_note_scheduled(struct store *store, const struct followup *followup, bool was_open);

/* A commit has succeeded. changes_before: store_changes() when it began. */
void store_ahead_note_commit(struct store *store, int64_t changes_before);

/* store_followup.c: the rows of store_admission_next() behind a place within its rule; and one of them, as it stands now: 1, or 0 when it is scheduled no more. */
int store_admission_read(struct store *store, const struct admission_place *place, int64_t rule, day_t first, day_t last,
	struct admission *out, int capacity) MUST_CHECK;
int store_admission_again(struct store *store, int64_t followup_id, day_t first, day_t last, struct admission *out) MUST_CHECK;

#endif
