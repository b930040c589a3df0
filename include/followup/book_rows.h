/* book_rows.h - the follow-ups of a book as they stand at one moment, to be held against those of another moment or another book (POLICY 9). */
#ifndef FOLLOWUP_BOOK_ROWS_H
#define FOLLOWUP_BOOK_ROWS_H

#include "followup/date.h"
#include "followup/error.h"
#include "followup/store_view.h"

struct book_rows;

/* All of them; or, with open_since other than NO_DAY, the open ones and those that were closed on that day or later. */
int book_rows_read(struct store *store, day_t open_since, struct book_rows **out) MUST_CHECK;
void book_rows_free(struct book_rows *rows);

/* Visits every follow-up that differs in anything, ordered by client_ref, rule, occasion, bytewise; before or after is NULL where only one of them has it. *differing counts them. */
typedef int book_rows_visit(void *context, const struct followup_row *before, const struct followup_row *after);
int book_rows_compare(
	const struct book_rows *before, const struct book_rows *after, book_rows_visit *visit, void *context, long *differing) MUST_CHECK;

#endif
