/* store_task.h - what people must see to: disputes, numbers to correct, duties that wait; and greetings that clients have refused (POLICY 7). */
#ifndef FOLLOWUP_STORE_TASK_H
#define FOLLOWUP_STORE_TASK_H

#include <stdint.h>

#include "followup/error.h"

struct store;

struct task {
	const char *kind, *queue;
	int64_t client_id, call_id, followup_id; /* 0: none */
	int64_t at;                              /* unix seconds */
	const char *agent;
};
int store_task_insert(struct store *store, const struct task *task) MUST_CHECK;

/* Acknowledges a task: 1, 0 when it had been already, ERR_NOT_FOUND. */
int store_task_acknowledge(struct store *store, int64_t id, int64_t at, const char *agent, const char *note) MUST_CHECK;

/* The client whom a task is about. */
int store_task_client(struct store *store, int64_t id, int64_t *client_id) MUST_CHECK;

/* How many are open. */
int store_task_count_open(struct store *store) MUST_CHECK;

/* channel: a name (store_name.h); until: a day as text. */
int store_refusal_set(struct store *store, int64_t client_id, int64_t channel, const char *until, const char *agent, int64_t at) MUST_CHECK;
/* It was none: the one told by that agent at that moment. */
int store_refusal_take_back(struct store *store, int64_t client_id, int64_t channel, const char *agent, int64_t at) MUST_CHECK;

#endif
