/* store_view.h - what people and programs read: rows and JSON documents, made by SQLite (DESIGN 3). */
#ifndef FOLLOWUP_STORE_VIEW_H
#define FOLLOWUP_STORE_VIEW_H

#include <stdint.h>

#include "followup/buffer.h"
#include "followup/error.h"
#include "followup/followup.h"

struct store;

/* A follow-up as simulate prints it (DESIGN 4). Text is never NULL. */
struct followup_row {
	const char *rule, *client_ref, *occasion, *channel, *queue, *state, *reason;
	day_t opens_on, due_on, closed_on;
};
typedef int followup_row_visit(void *context, const struct followup_row *row);
/* Every follow-up, ordered by client_ref, opens_on, rule, occasion, bytewise. */
int store_view_followups(struct store *store, followup_row_visit *visit, void *context) MUST_CHECK;

#endif
