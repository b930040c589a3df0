#include "followup/book_rows.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A row with its texts in one piece. */
struct book_row {
	struct followup_row row;
	char *texts;
};

struct book_rows {
	struct book_row *items;
	size_t count, capacity;
};

enum { TEXT_COUNT = 7 };

/* The places of a row's texts. */
static void list_texts(struct followup_row *row, const char **places[TEXT_COUNT])
{
	const char **all[TEXT_COUNT] = {
		&row->client_ref, &row->rule, &row->occasion, &row->channel, &row->queue, &row->state, &row->reason};

	memcpy(places, all, sizeof(all));
}

void book_rows_free(struct book_rows *rows)
{
	if (rows == NULL)
		return;
	for (size_t i = 0; i < rows->count; i++)
		free(rows->items[i].texts);
	free(rows->items);
	free(rows);
}

static int add_row(void *context, const struct followup_row *row)
{
	struct book_rows *rows = context;
	struct book_row kept = {.row = *row};
	const char **places[TEXT_COUNT];
	size_t size = 0;

	if (rows->count == rows->capacity) {
		size_t capacity = rows->capacity * 2 + 1024;
		struct book_row *larger = realloc(rows->items, capacity * sizeof(*larger));
		if (larger == NULL)
			return ERR_MEMORY;
		rows->items = larger;
		rows->capacity = capacity;
	}
	list_texts(&kept.row, places);
	for (int i = 0; i < TEXT_COUNT; i++)
		size += strlen(*places[i]) + 1;
	char *at = kept.texts = malloc(size);
	if (at == NULL)
		return ERR_MEMORY;
	for (int i = 0; i < TEXT_COUNT; i++) {
		size_t length = strlen(*places[i]) + 1;
		*places[i] = memcpy(at, *places[i], length);
		at += length;
	}
	rows->items[rows->count++] = kept;
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	const struct followup_row *x = &((const struct book_row *)a)->row, *y = &((const struct book_row *)b)->row;
	int order = strcmp(x->client_ref, y->client_ref);

	if (order == 0)
		order = strcmp(x->rule, y->rule);
	return order != 0 ? order : strcmp(x->occasion, y->occasion);
}

int book_rows_read(struct store *store, day_t open_since, struct book_rows **out)
{
	struct book_rows *rows = calloc(1, sizeof(*rows));

	if (rows == NULL)
		return ERR_MEMORY;
	int result = open_since == NO_DAY ? store_view_followups(store, add_row, rows)
					  : store_view_followups_open(store, open_since, add_row, rows);
	if (result < 0) {
		book_rows_free(rows);
		return result;
	}
	if (rows->count > 1)
		qsort(rows->items, rows->count, sizeof(*rows->items), compare_keys);
	*out = rows;
	return 0;
}

static bool is_same(struct followup_row one, struct followup_row other)
{
	const char **texts[TEXT_COUNT], **other_texts[TEXT_COUNT];

	list_texts(&one, texts);
	list_texts(&other, other_texts);
	for (int i = 0; i < TEXT_COUNT; i++)
		if (strcmp(*texts[i], *other_texts[i]) != 0)
			return false;
	return one.opens_on == other.opens_on && one.due_on == other.due_on && one.closed_on == other.closed_on;
}

int book_rows_compare(const struct book_rows *before, const struct book_rows *after, book_rows_visit *visit, void *context, long *differing)
{
	long count = 0;

	for (size_t i = 0, j = 0; i < before->count || j < after->count;) {
		const struct book_row *b = i < before->count ? &before->items[i] : NULL, *a = j < after->count ? &after->items[j] : NULL;
		int order = b == NULL ? 1 : a == NULL ? -1 : compare_keys(b, a);
		i += order <= 0;
		j += order >= 0;
		if (order == 0 && is_same(b->row, a->row))
			continue;
		count++;
		int result = visit(context, order <= 0 ? &b->row : NULL, order >= 0 ? &a->row : NULL);
		if (result < 0)
			return result;
	}
	*differing = count;
	return 0;
}
