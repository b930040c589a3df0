/* store_followup.h - follow-ups as the store keeps them. */
#ifndef FOLLOWUP_STORE_FOLLOWUP_H
#define FOLLOWUP_STORE_FOLLOWUP_H

#include "followup/error.h"
#include "followup/followup.h"

struct store;

/* Inserts followup (its id is given to it). ERR_INVALID when the occasion has one already: the caller asks first. */
int store_followup_insert(struct store *store, struct followup *followup) MUST_CHECK;

/* The same of a scheduled one that waits for nothing, and that its occasion hardly ever has by now: 1, or 0 when it, or that of another rule (a name; 0: none), is there, and nothing is
 * written. */
int store_followup_insert_first(struct store *store, struct followup *followup, int64_t sibling) MUST_CHECK;

/* Whether a rule has a follow-up for a client's occasion: 1 or 0; its state and reason when it has. */
int store_followup_exists(
	struct store *store, int64_t client_id, int64_t rule, const char *occasion, enum followup_state *state, int64_t *reason) MUST_CHECK;

/* The follow-up of a rule for a client's occasion: 1 or 0. */
int store_followup_find(struct store *store, int64_t client_id, int64_t rule, const char *occasion, struct followup *out) MUST_CHECK;

int store_followup_load(struct store *store, int64_t id, struct followup *out) MUST_CHECK;

/* Reading lists: at most capacity, the count (which may be larger). Open ones of a client by id; a call's agenda in order of rank (priority, due_on, rule's
 * name, client_ref, occasion); scheduled ones of a person likewise, that are open to admission on day or earlier. */
int store_followup_open_of_client(struct store *store, int64_t client_id, struct followup *out, int capacity) MUST_CHECK;
int store_followup_agenda(struct store *store, int64_t call_id, struct followup *out, int capacity) MUST_CHECK;
int store_followup_scheduled_of_person(struct store *store, int64_t person, struct followup *out, int capacity) MUST_CHECK;

/* Open ones whose last useful day is before day: the next, at most capacity; how many. */
int store_followup_expired(struct store *store, day_t day, struct followup *out, int capacity) MUST_CHECK;

/* Where a walk over the scheduled ones in order of admission (POLICY 3, step 4) stands. Start with all zero and priority, due_on at their least. */
struct admission_place {
	int priority;
	day_t due_on;
	char rule[65]; /* "" before the first of a (priority, due_on) */
	char client_ref[65];
	char occasion[OCCASION_SIZE];
};
void store_admission_start(struct store *store, struct admission_place *place);
/* Leaves one out of the walk that has just begun, which is known to wait on: false where there is no room for more. It is taken in again when something about it changes meanwhile. */
bool store_admission_leave_out(struct store *store, int64_t followup_id);
void store_admission_take_in(struct store *store, int64_t followup_id);
/* A scheduled one, and what admission asks of its client, read with it: hardly anybody needs another question. All of it is as it stands until something is written for the client's person. */
struct admission {
	struct followup followup;
	/* He stands alone, has no call, and nobody has forbidden or refused anything: what follows is all there is. Otherwise he is to be asked about by himself. */
	bool is_plain;
	bool has_phone, has_email, number_is_wrong;
	bool waits_for_more; /* others of his follow-ups are open, so that they may be scheduled */
	int contacts;        /* counted ones of the days asked about */
	day_t next_on;       /* the next day kept for him (store_due.h); NO_DAY: none */
};
/* The next scheduled ones after place, of one rule, at most capacity, and their clients' contacts from first to last: how many, 0 at the end. */
int store_admission_next(
	struct store *store, struct admission_place *place, day_t first, day_t last, struct admission *out, int capacity) MUST_CHECK;
void store_admission_pass(struct admission_place *place, const struct followup *followup); /* moves on to one of those */

/* How many follow-ups of a rule (a name) are scheduled and wait for something. */
int64_t store_followup_waiting_of_rule(struct store *store, int64_t rule) MUST_CHECK;

/* Writes back what may change in a follow-up's life: window, priority, state, reason, channel, queue, call, closing, tries. Nothing else decides state:
 * see followup_move() in the engine. Writes only what is not as it was read, and so no index that it need not. */
int store_followup_save(struct store *store, struct followup *followup) MUST_CHECK;

#endif
