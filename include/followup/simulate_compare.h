/* simulate_compare.h - what another configuration would change, and for whom (POLICY 9). */
#ifndef FOLLOWUP_SIMULATE_COMPARE_H
#define FOLLOWUP_SIMULATE_COMPARE_H

#include <stdio.h>

#include "followup/error.h"

struct store;

/* Writes CSV: a header, then for each follow-up that differs a row "-" as it is under the first and a row "+" as it is under the second; one that only one of them has stands
 * alone. Ordered by client_ref, rule, occasion, bytewise. *differing counts the follow-ups. */
int simulate_compare(struct store *first, struct store *second, FILE *out, long *differing) MUST_CHECK;

#endif
