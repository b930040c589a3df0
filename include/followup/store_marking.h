/* store_marking.h - clients who are to be looked at again, very many perhaps: by number, a few at a time. How far that has come stands in the book, so that a crash goes on from there. */
#ifndef FOLLOWUP_STORE_MARKING_H
#define FOLLOWUP_STORE_MARKING_H

#include <stdbool.h>
#include <stdint.h>

#include "followup/error.h"
#include "followup/store_client.h"

struct store;

/* The numbers stand in the book. */
enum marking_kind {
	MARKING_ALL = 0,     /* everybody: other rules or calendars */
	MARKING_RULE = 1,    /* whoever has an open follow-up of a rule: it is held back, or no longer */
	MARKING_MANAGER = 2, /* a manager's clients, whom somebody else is to look after */
};

struct marking {
	enum marking_kind kind;
	char subject[CLIENT_TEXT_SIZE]; /* the rule's or manager's name; "" for everybody */
	int64_t after, until; /* numbers of clients: those up to the first are marked, those beyond the second came later and need it not */
};

/* Begins one for those who are known now; one that was under way for the same begins anew. */
int store_marking_begin(struct store *store, enum marking_kind kind, const char *subject) MUST_CHECK;
/* One for each manager whose chain of successors leads through this one, himself included. */
int store_marking_begin_managers(struct store *store, const char *manager) MUST_CHECK;

/* The one to go on with: 1, or 0 when there is none. */
int store_marking_next(struct store *store, struct marking *out) MUST_CHECK;

/* Goes on with it: looks at no more than limit clients, and has those whom it concerns looked at on day. How many it has looked at, at least 1; *done: it has come to its end, and is gone. */
int store_marking_some(struct store *store, const struct marking *marking, int limit, day_t day, bool *done) MUST_CHECK;

/* Whether one of them is still to come to this client: 1 or 0. */
int store_marking_waits(struct store *store, int64_t client_id) MUST_CHECK;

#endif
