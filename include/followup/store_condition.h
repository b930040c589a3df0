/* store_condition.h - whether a rule's condition holds for a client and a fact. */
#ifndef FOLLOWUP_STORE_CONDITION_H
#define FOLLOWUP_STORE_CONDITION_H

#include <stdint.h>

#include "followup/condition.h"
#include "followup/policy.h"

struct store;

/* event_ref: "" for none; amount: what counts instead of the event's own (a day's sum), NO_MONEY for none. 1, 0 (also when a number is missing), or an error. */
int store_condition_holds(
	struct store *store, const struct condition *condition, int64_t client_id, const char *event_ref, money_t amount) MUST_CHECK;

/* Lets go of what was compiled: before conditions are freed. */
void store_condition_forget(struct store *store);

#endif
