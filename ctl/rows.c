/* rows.c - JSON objects, copied out of the reader. */
#include "followup/ctl_rows.h"

#include <stdlib.h>
#include <string.h>

static void row_free(struct ctl_row *row)
{
	for (size_t i = 0; i < row->count; i++) {
		free(row->cells[i].key);
		free(row->cells[i].text);
	}
	free(row->cells);
	*row = (struct ctl_row){0};
}

void ctl_rows_free(struct ctl_rows *rows)
{
	if (rows == NULL)
		return;
	for (size_t i = 0; i < rows->count; i++)
		row_free(&rows->rows[i]);
	free(rows->rows);
	*rows = (struct ctl_rows){0};
}

static int keep_cell(void *context, const struct json_value *value)
{
	struct ctl_row *row = context;

	/* Grows by doubling: full where the count is a power of two. */
	if ((row->count & (row->count - 1)) == 0) {
		struct ctl_cell *grown = realloc(row->cells, (row->count == 0 ? 1 : row->count * 2) * sizeof *grown);
		if (grown == NULL)
			return ERR_MEMORY;
		row->cells = grown;
	}
	struct ctl_cell *cell = &row->cells[row->count++];
	*cell = (struct ctl_cell){.type = value->type, .key = strdup(value->key != NULL ? value->key : "")};
	if (value->text != NULL)
		cell->text = strdup(value->text);
	return cell->key != NULL && (value->text == NULL || cell->text != NULL) ? 0 : ERR_MEMORY;
}

int ctl_rows_read(const char *document, size_t length, struct ctl_rows *out)
{
	struct ctl_row top = {0};
	struct ctl_rows rows = {0};
	struct json *json = json_new();
	int result = json != NULL ? json_each(json, document, length, "$", keep_cell, &top) : ERR_MEMORY;

	if (result < 0)
		goto end;
	bool array = document[strspn(document, " \t\r\n")] == '[';
	rows.rows = calloc(array ? top.count + 1 : 1, sizeof *rows.rows);
	if (rows.rows == NULL) {
		result = ERR_MEMORY;
		goto end;
	}
	if (!array) {
		rows.rows[0] = top;
		rows.count = 1;
		top = (struct ctl_row){0};
	}
	for (size_t i = 0; result >= 0 && i < top.count; i++) {
		const struct ctl_cell *cell = &top.cells[i];
		struct json_value value = {.type = cell->type, .text = cell->text};
		struct ctl_row *row = &rows.rows[rows.count++];
		result = cell->type == JSON_OBJECT ? json_each(json, cell->text, strlen(cell->text), "$", keep_cell, row)
						   : keep_cell(row, &value);
	}
	if (result >= 0) {
		*out = rows;
		rows = (struct ctl_rows){0};
	}
end:
	ctl_rows_free(&rows);
	row_free(&top);
	json_free(json);
	return result < 0 ? result : 0;
}

static const struct ctl_cell *find(const struct ctl_row *row, const char *key)
{
	for (size_t i = 0; i < row->count; i++)
		if (strcmp(row->cells[i].key, key) == 0)
			return row->cells[i].text != NULL && row->cells[i].type != JSON_NULL ? &row->cells[i] : NULL;
	return NULL;
}

const char *ctl_row_text(const struct ctl_row *row, const char *key)
{
	const struct ctl_cell *cell = find(row, key);

	return cell != NULL ? cell->text : "";
}

bool ctl_row_has(const struct ctl_row *row, const char *key)
{
	return find(row, key) != NULL;
}

long ctl_row_number(const struct ctl_row *row, const char *key)
{
	return strtol(ctl_row_text(row, key), NULL, 10);
}

bool ctl_row_true(const struct ctl_row *row, const char *key)
{
	const struct ctl_cell *cell = find(row, key);

	return cell != NULL && cell->type == JSON_TRUE;
}
