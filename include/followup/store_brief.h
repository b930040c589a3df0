/* store_brief.h - what a console shows an agent beside the call he holds, and of his own day: documents, made by SQLite (store_view.h). */
#ifndef FOLLOWUP_STORE_BRIEF_H
#define FOLLOWUP_STORE_BRIEF_H

#include <stdint.h>

#include "followup/buffer.h"
#include "followup/date.h"
#include "followup/error.h"

struct store;

/* The accounts of a person that have not been erased: an array in the order of their numbers. */
int store_brief_clients(struct store *store, int64_t person, struct buffer *out) MUST_CHECK;

/* The tries and contacts of a person, newest first, with what was said where the record still shows it: an array. */
int store_brief_history(struct store *store, int64_t person, int limit, struct buffer *out) MUST_CHECK;

/* What was promised to a person and is not done: an array, earliest day first. */
int store_brief_promises(struct store *store, int64_t person, int limit, struct buffer *out) MUST_CHECK;

/* What an agent has told since a moment (unix seconds), by disposition: an array. What he gave back is none of it. */
int store_brief_told(struct store *store, const char *agent, int64_t since, struct buffer *out) MUST_CHECK;

/* The appointments that are an agent's own, earliest first: an array. */
int store_brief_appointments(struct store *store, int64_t agent_id, struct buffer *out) MUST_CHECK;

/* How many calls an agent has given back since a moment. */
int store_brief_released(struct store *store, const char *agent, int64_t since) MUST_CHECK;

#endif
