/* condition.h - a rule's `where`: fields, literals, comparisons, and, or, not, in, between, like (POLICY 4). Checked here word by word, so that what reaches the store can
 * only read; the store compiles it. Pure. */
#ifndef FOLLOWUP_CONDITION_H
#define FOLLOWUP_CONDITION_H

#include <stdbool.h>
#include <stddef.h>

#include "followup/error.h"

enum { CONDITION_TEXT_MAX = 2000, CONDITION_LITERALS_MAX = 200, CONDITION_DEPTH_MAX = 50, CONDITION_REASON_SIZE = 200 };

struct condition {
	char *sql;       /* an expression over c (client) and e (event); ?4 and on are the literals */
	char **literals; /* texts; numbers are texts too, and marked in sql by a cast */
	size_t literal_count;
};

/* ERR_INVALID and the reason, naming the word, when the text is not such a condition. */
int condition_parse(const char *text, struct condition **out, char reason[CONDITION_REASON_SIZE]) MUST_CHECK;
void condition_free(struct condition *condition);

#endif
