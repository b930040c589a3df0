/* simulate_compare.c - two books made of the same files, held against each other row by row. */
#include "followup/simulate_compare.h"

#include <string.h>

#include "followup/book_rows.h"
#include "followup/csv.h"
#include "followup/store.h"

static int print_row(FILE *out, char sign, const struct followup_row *row)
{
	char opens[DATE_TEXT_SIZE], due[DATE_TEXT_SIZE], closed[DATE_TEXT_SIZE];
	const char *const fields[] = {row->rule, row->client_ref, row->occasion, date_format(row->opens_on, opens),
		date_format(row->due_on, due), row->channel, row->queue, row->state, date_format(row->closed_on, closed), row->reason};

	(void)fputc(sign, out);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		char quoted[512];
		int length = csv_quote(fields[i], quoted, sizeof(quoted));
		if (length < 0)
			return length;
		(void)fprintf(out, ",%.*s", length, quoted);
	}
	(void)fputc('\n', out);
	return 0;
}

static int print_difference(void *context, const struct followup_row *before, const struct followup_row *after)
{
	int result = before != NULL ? print_row(context, '-', before) : 0;

	return result == 0 && after != NULL ? print_row(context, '+', after) : result;
}

int simulate_compare(struct store *first, struct store *second, FILE *out, long *differing)
{
	struct book_rows *before = NULL, *after = NULL;

	int result = book_rows_read(first, NO_DAY, &before);
	if (result == 0)
		result = book_rows_read(second, NO_DAY, &after);
	if (result == 0) {
		fputs("change,rule,client_ref,occasion,opens_on,due_on,channel,queue,state,closed_on,reason\n", out);
		result = book_rows_compare(before, after, print_difference, out, differing);
	}
	book_rows_free(before);
	book_rows_free(after);
	return result;
}
