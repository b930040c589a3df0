/* condition.h - a rule's `where`: fields, literals, comparisons, and, or, not, in, between, like (POLICY 4). Checked here word by word, so that what reaches the store can
 * only read; the store compiles it. Pure. */
#ifndef FOLLOWUP_CONDITION_H
#define FOLLOWUP_CONDITION_H

#include <stdbool.h>
#include <stddef.h>

#include "followup/declared_field.h"
#include "followup/error.h"

/* Brackets: SQLite's parser has a stack of 100, of which each of them may take six, and is to compile whatever passes here. */
enum { CONDITION_TEXT_MAX = 2000, CONDITION_LITERALS_MAX = 200, CONDITION_DEPTH_MAX = 10, CONDITION_REASON_SIZE = 200 };

struct condition {
	char *sql; /* an expression over c (client) and e (event); ?4 and on are the literals; the values of declared fields are looked up in it */
	char **literals; /* texts; numbers are texts too, and marked in sql by a cast */
	size_t literal_count;
};

/* declared: the fields that the configuration declares, of each its type: a text goes with texts, a number with numbers, a day with days. ERR_INVALID and the reason,
 * naming the word, when the text is not such a condition. */
int condition_parse(const char *text, const struct declared_field *declared, size_t declared_count, struct condition **out,
	char reason[CONDITION_REASON_SIZE]) MUST_CHECK;

/* Whether a word means something in a condition by itself, so that no declared field may be called so. */
bool condition_knows(const char *word);
void condition_free(struct condition *condition);

#endif
