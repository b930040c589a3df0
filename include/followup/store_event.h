/* store_event.h - events as the store keeps them. */
#ifndef FOLLOWUP_STORE_EVENT_H
#define FOLLOWUP_STORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "followup/fact.h"

struct store;

enum { EVENT_TEXT_SIZE = 65 };

struct event {
	char ref[EVENT_TEXT_SIZE];
	int64_t kind;        /* a name (store_name.h) */
	int64_t occurred_at; /* local seconds */
	day_t day;           /* of occurred_at */
	money_t amount;      /* NO_MONEY: none */
	day_t withdrawn_on;  /* from this day on it never happened (a void event); NO_DAY: it stands */
};

/* What taking in an event touched, so that the engine knows whom to look at: whoever it is about, was about before a correction, and those of the events that it
 * withdraws or no longer withdraws. */
enum { EVENT_SUBJECTS_MAX = 4 };
struct event_change {
	int64_t clients[EVENT_SUBJECTS_MAX];
	int client_count;
	char managers[EVENT_SUBJECTS_MAX][EVENT_TEXT_SIZE]; /* manager_departed: whose clients */
	int manager_count;
	bool corrected; /* it was known with other content, or is a withdrawal */
};

/* 1: something changed, 0: known already (or of an earlier as_of). An event of a client that nobody has named yet is kept for him. */
int store_event_put(struct store *store, const struct event_fact *fact, struct event_change *change) MUST_CHECK;

/* The events of a client that are not trades, ordered by occurred_at, then ref (POLICY 3), withdrawn ones included: at most capacity; the count. */
int store_event_of_client(struct store *store, int64_t client_id, struct event *events, int capacity) MUST_CHECK;

/* Departures of a manager, in the same order. */
int store_event_departures(struct store *store, const char *manager, struct event *events, int capacity) MUST_CHECK;

/* The manager whom an event names in its detail, as a name (store_name.h); 0: none. */
int store_event_manager(struct store *store, const char *ref, int64_t *manager) MUST_CHECK;

/* One event by its reference: 1, or 0 when it is not there. */
int store_event_find(struct store *store, const char *ref, struct event *event, int64_t *client_id) MUST_CHECK;

/* Trades standing on day: the day of the last one up to it and the day of the next change after it (NO_DAY when there is none), and whether one is
 * withdrawn on that very day. */
int store_event_trades(struct store *store, int64_t client_id, day_t day, day_t *last, day_t *next, bool *withdrawn_today) MUST_CHECK;

/* Whether a trade on that day stands, as known on another: 1 or 0. */
int store_event_traded_on(struct store *store, int64_t client_id, day_t day, day_t known_on) MUST_CHECK;

/* Has the clients of every manager looked at on day whose departure happened on it. */
int store_event_mark_departures(struct store *store, day_t day) MUST_CHECK;

/* The name of the event kinds that are trades. */
int64_t store_event_kind_trade(void);

#endif
