/* store_view.h - what people and programs read: rows and JSON documents, made by SQLite (DESIGN 3). Each function appends one document. Days are
 * YYYY-MM-DD, numbers of clients are masked unless asked for whole. */
#ifndef FOLLOWUP_STORE_VIEW_H
#define FOLLOWUP_STORE_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "followup/buffer.h"
#include "followup/declared_field.h"
#include "followup/error.h"
#include "followup/followup.h"
#include "followup/store_call.h"

struct store;

/* A follow-up as simulate prints it (DESIGN 4). Text is never NULL. */
struct followup_row {
	const char *rule, *client_ref, *occasion, *channel, *queue, *state, *reason;
	day_t opens_on, due_on, closed_on;
};
typedef int followup_row_visit(void *context, const struct followup_row *row);
/* Every follow-up, ordered by client_ref, opens_on, rule, occasion, bytewise. */
int store_view_followups(struct store *store, followup_row_visit *visit, void *context) MUST_CHECK;
/* The open ones, and those that were closed on that day or later; in no order. */
int store_view_followups_open(struct store *store, day_t since, followup_row_visit *visit, void *context) MUST_CHECK;

/* A call with its agenda, which the caller has read. lease and times: text of the desk, NULL to leave out. Written here, not by SQLite's JSON functions: every NEXT makes
 * one, and they would be a fifth of its cost. */
struct call_view {
	bool may_promise; /* an item may stand for what was promised */
	const char *lease, *lease_until, *not_before;
	enum view_address address;
	bool whole_number;
};
int store_view_call(struct store *store, const struct call *call, const struct followup *agenda, int count, const struct call_view *view,
	struct buffer *out) MUST_CHECK;

/* The item numbers of a call's agenda: "[12,15]". */
int store_view_items(struct store *store, int64_t call_id, struct buffer *out) MUST_CHECK;

/* The items of a call that are not in shown (a JSON array of numbers): "[{"item":..,"rule":..}]". */
int store_view_joined(struct store *store, int64_t call_id, const char *shown, struct buffer *out) MUST_CHECK;

/* Every queue that has calls, by name: how many are in each state, how many of the ready ones are due today or overdue, and overdue; the oldest due day. */
struct queue_row {
	const char *queue;
	int64_t ready, due_now, resting, leased, uncertain, overdue;
	day_t oldest_due_on;
};
typedef int queue_row_visit(void *context, const struct queue_row *row);
int store_view_queues(struct store *store, day_t today, queue_row_visit *visit, void *context) MUST_CHECK;

/* Lists, an array each. Filters are NULL (or -1) when not asked for; after: numbers above this one only. */
struct list_filter {
	const char *client_ref, *queue, *rule, *reason; /* reason: of follow-ups alone */
	int state;
	int64_t after, limit;
	const struct declared_field *declared; /* of clients: members besides the fixed ones */
	size_t declared_count;
};
int store_view_list_followups(struct store *store, const struct list_filter *filter, struct buffer *out) MUST_CHECK;
int store_view_list_calls(struct store *store, const struct list_filter *filter, struct buffer *out) MUST_CHECK;
int store_view_list_clients(struct store *store, const struct list_filter *filter, struct buffer *out) MUST_CHECK;
int store_view_list_events(struct store *store, const struct list_filter *filter, struct buffer *out) MUST_CHECK;
int store_view_list_tasks(struct store *store, const struct list_filter *filter, struct buffer *out) MUST_CHECK;
int store_view_list_promises(struct store *store, const struct list_filter *filter, struct buffer *out) MUST_CHECK;
int store_view_list_attempts(struct store *store, const struct list_filter *filter, struct buffer *out) MUST_CHECK;

/* The contacts of a person's clients in a span of days, an array, oldest first. */
int store_view_contacts(struct store *store, int64_t person, day_t first, day_t last, struct buffer *out) MUST_CHECK;

/* Whole-book faults against DESIGN 5: an array of texts, empty when there are none; the count. */
int store_view_faults(struct store *store, day_t day, int *count, struct buffer *out) MUST_CHECK;

/* Counts of clients, events, follow-ups, calls, and of events whose client nobody has named: one object. */
int store_view_counts(struct store *store, struct buffer *out) MUST_CHECK;

#endif
