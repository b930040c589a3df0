/* store_due.h - when each client is looked at next: on a day of his own, or on the common day, for which whoever has none waits. One who has just come is due, behind all who have a day: a whole book
 * that is loaded needs no row until it is worked. */
#ifndef FOLLOWUP_STORE_DUE_H
#define FOLLOWUP_STORE_DUE_H

#include <stdbool.h>
#include <stdint.h>

#include "followup/date.h"
#include "followup/error.h"

struct store;

/* Whom a day looks at first, kept as his next day: whose facts came one by one; whoever a new policy looks at again; then those of the day itself, and of files. */
enum { LOOK_AT_ONCE = 0, LOOK_AGAIN = 1 };

/* When to look at a client again: the next day that matters, INT32_MAX for never. */
int store_due_set(struct store *store, int64_t client_id, day_t next_on) MUST_CHECK;
/* The common day from now on; INT32_MAX, never, until one is set. When it is another than before, whoever has waited for that one is looked at now: so it is set anew on the day itself, before
 * anybody is looked at. */
int store_due_set_common(struct store *store, day_t common_on) MUST_CHECK;
/* Writes down who has been looked at, at the end of whatever looks at some: one who is looked at once more without a reason could be admitted before the next day tries him again. */
int store_due_keep(struct store *store) MUST_CHECK;
/* Has him looked at on day; changed: his facts were corrected or came late, so what is open must be compared with them. */
int store_due_mark(struct store *store, int64_t client_id, day_t day, bool changed) MUST_CHECK;
/* The same for all clients of a manager (also whom an open follow-up about his leaving is for). The count of rows. */
int store_due_mark_manager(struct store *store, const char *manager, day_t day, bool changed) MUST_CHECK;
/* The next client to look at on or before day, and whether his facts changed: 1, or 0 when there is none. Those without a day come from LOOK_AGAIN on. DUE_NOT_YET: many have been passed, of whom
 * nobody is; ask again. */
enum { DUE_NOT_YET = 2 };
int store_due_next(struct store *store, day_t day, int64_t *client_id, bool *changed) MUST_CHECK;
/* The day kept for him; ERR_NOT_FOUND: none. */
int store_due_get(struct store *store, int64_t client_id, day_t *next_on) MUST_CHECK;
/* 1: no day is kept for him and store_due_next() will come to him. */
int store_due_is_new(struct store *store, int64_t client_id) MUST_CHECK;

#endif
