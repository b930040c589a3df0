/* store_promise.h - what agents have promised clients: a matter, a day, a department (POLICY 7). A promise is state like a birthday: the rule of trigger promise makes a
 * follow-up of it when its day comes. */
#ifndef FOLLOWUP_STORE_PROMISE_H
#define FOLLOWUP_STORE_PROMISE_H

#include <stdint.h>

#include "followup/date.h"
#include "followup/error.h"

struct store;

enum { PROMISE_MATTER_SIZE = 513, PROMISE_DEPT_SIZE = 65 };

struct promise {
	int64_t id;
	int64_t client_id;
	int64_t call_id; /* in which it was made; 0: in none */
	day_t made_on;
	int64_t at; /* unix seconds: when it was told */
	day_t by;   /* the day that the client was told */
	char matter[PROMISE_MATTER_SIZE];
	char dept[PROMISE_DEPT_SIZE]; /* "" when none was named */
	int64_t agent_id;             /* who made it; 0: somebody who is no agent */
};

/* Its number. agent: his name, kept beside the number. */
int64_t store_promise_insert(struct store *store, const struct promise *promise, const char *agent) MUST_CHECK;
/* ERR_NOT_FOUND */
int store_promise_load(struct store *store, int64_t id, struct promise *out) MUST_CHECK;
/* A client's promises by number: the next one after id, 1 or 0. */
int store_promise_next(struct store *store, int64_t client_id, int64_t id, struct promise *out) MUST_CHECK;
/* Notes the follow-up that stands for it. */
int store_promise_followed(struct store *store, int64_t id, int64_t followup_id) MUST_CHECK;
/* The contact in which an agent has promised something happened at another moment than he told. */
int store_promise_move(
	struct store *store, int64_t client_id, int64_t call_id, const char *agent, int64_t from, int64_t to, day_t made_on) MUST_CHECK;
/* The contact in which an agent is said to have promised something was none: what he promised the client then is gone, and so is its open follow-up. */
int store_promise_take_back(struct store *store, int64_t client_id, int64_t call_id, const char *agent, int64_t at) MUST_CHECK;

#endif
