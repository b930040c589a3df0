/* policy_difference.h - what another configuration changes for the follow-ups that are open now, and for whom (POLICY 9): what RELOAD tells. */
#ifndef FOLLOWUP_POLICY_DIFFERENCE_H
#define FOLLOWUP_POLICY_DIFFERENCE_H

#include "followup/buffer.h"
#include "followup/error.h"
#include "followup/policy.h"
#include "followup/zone.h"

struct store;

enum { POLICY_DIFFERENCE_ROWS_MAX = 1000 };

/* Appends the members "changed" (how many follow-ups), "changed_by_rule" and "changes" (the first so many rows) of a JSON object, each with a comma before it. copy is worked on: first up to
 * now under before, then under after; it has to be the caller's own (store_copy). */
int policy_difference(
	struct store *copy, const struct policy *before, const struct policy *after, struct moment now, struct buffer *json) MUST_CHECK;

/* The same members when nothing changes. */
void policy_difference_none(struct buffer *json);

#endif
