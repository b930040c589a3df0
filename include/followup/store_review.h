/* store_review.h - second-line review as the store keeps it: the contacts drawn, who judges them, what was found (POLICY 8). */
#ifndef FOLLOWUP_STORE_REVIEW_H
#define FOLLOWUP_STORE_REVIEW_H

#include <stdint.h>

#include "followup/buffer.h"
#include "followup/error.h"
#include "followup/store_view.h"

struct store;

/* The numbers stand in the database. */
enum review_state {
	REVIEW_OPEN = 0,   /* waits for a reviewer */
	REVIEW_LEASED = 1, /* one has it until lease_until */
	REVIEW_ACCEPTED = 2,
	REVIEW_REJECTED = 3,
};
const char *review_state_name(enum review_state state);
int review_state_parse(const char *name); /* the state, or ERR_NOT_FOUND */

struct review {
	int64_t id;
	int64_t attempt_id;
	int64_t client_id, call_id; /* the foremost client; call 0: none */
	char agent[65];             /* whose contact it is */
	enum review_state state;
	int64_t reviewer_id; /* who has it, had it last, or has judged; 0: nobody yet */
	int64_t lease_until; /* unix seconds */
};

/* Its number. at: unix seconds, when it was drawn. */
int64_t store_review_insert(struct store *store, const struct review *review, int64_t at) MUST_CHECK;
/* Whom the contact spoke for; what its rejection has reopened. */
int store_review_add_client(struct store *store, int64_t id, int64_t client_id) MUST_CHECK;
int store_review_add_item(struct store *store, int64_t id, int64_t followup_id) MUST_CHECK;
/* At most capacity of them, ascending; the count (which may be larger). */
int store_review_clients(struct store *store, int64_t id, int64_t *ids, int capacity) MUST_CHECK;

int store_review_load(struct store *store, int64_t id, struct review *out) MUST_CHECK; /* ERR_NOT_FOUND */
/* The one that a reviewer holds; the oldest open one after a number: 1 or 0. */
int store_review_held(struct store *store, int64_t reviewer_id, struct review *out) MUST_CHECK;
int store_review_next_open(struct store *store, int64_t after, struct review *out) MUST_CHECK;
/* reviewer: his name. */
int store_review_lease(struct store *store, int64_t id, int64_t reviewer_id, const char *reviewer, int64_t lease_until) MUST_CHECK;
/* Its holder may not judge it any more: it waits for another. */
int store_review_give_back(struct store *store, int64_t id) MUST_CHECK;
/* Leases that have run out by now put their reviews back: the count. */
int store_review_put_back(struct store *store, int64_t now) MUST_CHECK;
/* detail: what was said, JSON; answer: what the reviewer was told. */
int store_review_judge(struct store *store, int64_t id, int64_t reviewer_id, const char *reviewer, enum review_state state, int64_t at,
	const char *detail, const char *answer) MUST_CHECK;
/* The answer to the same judgement by the same reviewer: 1 (free it), or 0. */
int store_review_answer(
	struct store *store, int64_t id, int64_t reviewer_id, enum review_state state, const char *detail, char **answer) MUST_CHECK;

/* A review as its holder sees it. lease_until: text; form: a JSON array. ERR_NOT_FOUND. */
int store_view_review(
	struct store *store, int64_t id, const char *lease_until, const char *form, int score_max, struct buffer *out) MUST_CHECK;
int store_view_list_reviews(struct store *store, const struct list_filter *filter, struct buffer *out) MUST_CHECK;

#endif
