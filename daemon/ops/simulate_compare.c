/* simulate_compare.c - two books made of the same files, held against each other row by row. */
#include "followup/simulate_compare.h"

#include <stdlib.h>
#include <string.h>

#include "followup/buffer.h"
#include "followup/csv.h"
#include "followup/store.h"
#include "followup/store_view.h"

/* A follow-up: by what it is known, and all that is printed of it. */
struct line {
	char *key; /* client_ref, rule, occasion; each ends in a NUL, so that they compare one after the other */
	size_t key_length;
	char *text;
};

struct lines {
	struct line *items;
	size_t count, capacity;
};

static void lines_free(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		free(lines->items[i].key);
		free(lines->items[i].text);
	}
	free(lines->items);
}

static int append_field(struct buffer *text, const char *field)
{
	char quoted[512];
	int length = csv_quote(field, quoted, sizeof(quoted));

	if (length < 0)
		return length;
	buffer_text(text, ",");
	buffer_append(text, quoted, (size_t)length);
	return 0;
}

static int add_row(void *context, const struct followup_row *row)
{
	struct lines *lines = context;
	char opens[DATE_TEXT_SIZE], due[DATE_TEXT_SIZE], closed[DATE_TEXT_SIZE];
	const char *const keys[] = {row->client_ref, row->rule, row->occasion};
	const char *const fields[] = {row->rule, row->client_ref, row->occasion, date_format(row->opens_on, opens),
		date_format(row->due_on, due), row->channel, row->queue, row->state, date_format(row->closed_on, closed), row->reason};
	struct buffer key = {0}, text = {0};
	int result = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		buffer_append(&key, keys[i], strlen(keys[i]) + 1);
	for (size_t i = 0; result == 0 && i < sizeof(fields) / sizeof(fields[0]); i++)
		result = append_field(&text, fields[i]);
	if (result == 0 && lines->count == lines->capacity) {
		size_t capacity = lines->capacity * 2 + 1024;
		struct line *larger = realloc(lines->items, capacity * sizeof(*larger));
		if (larger != NULL) {
			lines->items = larger;
			lines->capacity = capacity;
		} else {
			result = ERR_MEMORY;
		}
	}
	if (result == 0 && (key.failed || text.failed))
		result = ERR_MEMORY;
	if (result < 0) {
		buffer_free(&key);
		buffer_free(&text);
		return result;
	}
	lines->items[lines->count++] = (struct line){key.data, key.length, text.data};
	return 0;
}

static int compare_lines(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	size_t shorter = x->key_length < y->key_length ? x->key_length : y->key_length;
	int order = memcmp(x->key, y->key, shorter);

	if (order != 0)
		return order;
	return x->key_length < y->key_length ? -1 : x->key_length > y->key_length;
}

static int read_book(struct store *store, struct lines *out)
{
	int result = store_view_followups(store, add_row, out);

	if (result == 0 && out->count > 1)
		qsort(out->items, out->count, sizeof(*out->items), compare_lines);
	return result;
}

int simulate_compare(struct store *first, struct store *second, FILE *out, long *differing)
{
	struct lines before = {NULL, 0, 0}, after = {NULL, 0, 0};
	long count = 0;

	int result = read_book(first, &before);
	if (result == 0)
		result = read_book(second, &after);
	if (result == 0)
		fputs("change,rule,client_ref,occasion,opens_on,due_on,channel,queue,state,closed_on,reason\n", out);
	for (size_t i = 0, j = 0; result == 0 && (i < before.count || j < after.count);) {
		int order = i == before.count ? 1 : j == after.count ? -1 : compare_lines(&before.items[i], &after.items[j]);
		bool same = order == 0 && strcmp(before.items[i].text, after.items[j].text) == 0;
		if (order <= 0 && !same)
			fprintf(out, "-%s\n", before.items[i].text);
		if (order >= 0 && !same)
			fprintf(out, "+%s\n", after.items[j].text);
		count += !same;
		i += order <= 0;
		j += order >= 0;
	}
	lines_free(&before);
	lines_free(&after);
	if (result == 0)
		*differing = count;
	return result;
}
