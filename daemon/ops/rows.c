#include "followup/rows.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "followup/csv.h"
#include "followup/json.h"
#include "followup/text.h"

enum { COLUMNS_MAX = 16, GAP = 2 };

struct cell {
	char *text; /* clean; NULL: empty */
	bool is_number;
};

struct rows {
	struct json *outer, *inner; /* a visit may not use the reader that is visiting */
	const char *const *columns;
	size_t column_count;
	bool for_people;
	struct cell *cells; /* row by row */
	size_t count, capacity;
};

static int take_cell(void *context, const struct json_value *value)
{
	struct rows *rows = context;
	struct cell *row = &rows->cells[(rows->count - 1) * rows->column_count];
	struct buffer text = {0};

	for (size_t i = 0; value->text != NULL && value->key != NULL && i < rows->column_count; i++) {
		if (strcmp(rows->columns[i], value->key) != 0)
			continue;
		if (rows->for_people)
			text_clean(&text, value->text, value->length, false);
		else
			buffer_append(&text, value->text, value->length);
		row[i] = (struct cell){text.data, value->type == JSON_INTEGER || value->type == JSON_REAL};
	}
	return text.failed ? ERR_MEMORY : 0;
}

static int take_row(void *context, const struct json_value *value)
{
	struct rows *rows = context;

	if (rows->count == rows->capacity) {
		size_t capacity = rows->capacity * 2 + 64;
		struct cell *larger = realloc(rows->cells, capacity * rows->column_count * sizeof *larger);
		if (larger == NULL)
			return ERR_MEMORY;
		rows->cells = larger;
		rows->capacity = capacity;
	}
	memset(&rows->cells[rows->count++ * rows->column_count], 0, rows->column_count * sizeof *rows->cells);
	return json_each(rows->inner, value->text, value->length, "$", take_cell, rows);
}

static void rows_free(struct rows *rows)
{
	for (size_t i = 0; i < rows->count * rows->column_count; i++)
		free(rows->cells[i].text);
	free(rows->cells);
	json_free(rows->outer);
	json_free(rows->inner);
}

static int rows_read(const char *document, size_t length, const char *path, const char *const *columns, bool for_people, struct rows *out)
{
	struct rows rows = {.outer = json_new(), .inner = json_new(), .columns = columns, .for_people = for_people};

	while (columns[rows.column_count] != NULL && rows.column_count < COLUMNS_MAX)
		rows.column_count++;
	int result = rows.outer != NULL && rows.inner != NULL ? json_each(rows.outer, document, length, path, take_row, &rows) : ERR_MEMORY;
	if (result < 0)
		rows_free(&rows);
	else
		*out = rows;
	return result < 0 ? result : 0;
}

int rows_as_csv(const char *document, size_t length, const char *path, const char *const *columns, struct buffer *out)
{
	struct rows rows;
	int result = rows_read(document, length, path, columns, false, &rows);

	if (result < 0)
		return result;
	for (size_t i = 0; i < rows.column_count; i++)
		buffer_printf(out, "%s%s", i > 0 ? "," : "", columns[i]);
	buffer_text(out, "\n");
	for (size_t i = 0; result == 0 && i < rows.count * rows.column_count; i++) {
		const char *text = rows.cells[i].text != NULL ? rows.cells[i].text : "";
		size_t capacity = strlen(text) * 2 + 3;
		char *quoted = malloc(capacity);
		result = quoted != NULL && csv_quote(text, quoted, capacity) >= 0 ? 0 : ERR_MEMORY;
		if (result == 0)
			buffer_text(out, quoted);
		buffer_text(out, (i + 1) % rows.column_count == 0 ? "\n" : ",");
		free(quoted);
	}
	rows_free(&rows);
	return result == 0 && out->failed ? ERR_MEMORY : result;
}

/* No blanks at the end of a line. */
static void end_line(struct buffer *out)
{
	while (!out->failed && out->length > 0 && out->data[out->length - 1] == ' ')
		out->data[--out->length] = '\0';
	buffer_text(out, "\n");
}

static void pad_cell(struct buffer *out, const char *text, size_t width, bool to_the_right, bool last)
{
	size_t taken = text_width(text, strlen(text)), blanks = width > taken ? width - taken : 0;

	if (to_the_right)
		text_pad(out, blanks);
	buffer_text(out, text);
	if (!to_the_right && !last)
		text_pad(out, blanks);
	text_pad(out, last ? 0 : GAP);
}

int rows_as_text(const char *document, size_t length, const char *path, const char *const *columns, struct buffer *out)
{
	struct rows rows;
	size_t widths[COLUMNS_MAX];
	bool numbers[COLUMNS_MAX] = {false};
	int result = rows_read(document, length, path, columns, true, &rows);

	if (result < 0)
		return result;
	for (size_t c = 0; c < rows.column_count; c++) {
		widths[c] = strlen(columns[c]);
		for (size_t i = 0; i < rows.count; i++) {
			const struct cell *cell = &rows.cells[i * rows.column_count + c];
			size_t width = cell->text != NULL ? text_width(cell->text, strlen(cell->text)) : 0;
			widths[c] = width > widths[c] ? width : widths[c];
			numbers[c] = numbers[c] || cell->is_number;
		}
	}
	for (size_t c = 0; c < rows.column_count; c++)
		pad_cell(out, columns[c], widths[c], numbers[c], c + 1 == rows.column_count);
	end_line(out);
	for (size_t i = 0; i < rows.count * rows.column_count; i++) {
		size_t c = i % rows.column_count;
		bool last = c + 1 == rows.column_count;
		pad_cell(out, rows.cells[i].text != NULL ? rows.cells[i].text : "", widths[c], numbers[c], last);
		if (last)
			end_line(out);
	}
	rows_free(&rows);
	return out->failed ? ERR_MEMORY : 0;
}
