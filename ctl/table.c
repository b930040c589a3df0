/* table.c - JSON documents as tables and lists. Levels call downwards only (document, object, table, cell), so that a hostile depth costs nothing. */
#include "followup/ctl_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "followup/json.h"
#include "followup/text.h"

enum { COLUMNS_MAX = 64, INDENT = 2, COLUMN_GAP = 2 };

struct ctl_table {
	struct json *json;
};

/* One value, copied: a visit may not use the reader that is visiting. */
struct item {
	char *key; /* NULL in an array */
	char *text;
	size_t length;
	enum json_type type;
};

struct items {
	struct item *items;
	size_t count, capacity;
};

struct ctl_table *ctl_table_new(void)
{
	struct ctl_table *table = calloc(1, sizeof *table);

	if (table == NULL)
		return NULL;
	table->json = json_new();
	if (table->json == NULL) {
		free(table);
		return NULL;
	}
	return table;
}

void ctl_table_free(struct ctl_table *table)
{
	if (table == NULL)
		return;
	json_free(table->json);
	free(table);
}

static void items_free(struct items *items)
{
	for (size_t i = 0; i < items->count; i++) {
		free(items->items[i].key);
		free(items->items[i].text);
	}
	free(items->items);
	*items = (struct items){0};
}

static int keep_item(void *context, const struct json_value *value)
{
	struct items *items = context;

	if (items->count == items->capacity) {
		size_t capacity = items->capacity == 0 ? 16 : items->capacity * 2;
		struct item *grown = realloc(items->items, capacity * sizeof *grown);
		if (grown == NULL)
			return ERR_MEMORY;
		items->items = grown;
		items->capacity = capacity;
	}
	struct item *item = &items->items[items->count];
	*item = (struct item){.type = value->type};
	if (value->text != NULL) {
		item->text = malloc(value->length + 1);
		if (item->text == NULL)
			return ERR_MEMORY;
		memcpy(item->text, value->text, value->length);
		item->text[value->length] = '\0';
		item->length = value->length;
	}
	if (value->key != NULL) {
		item->key = strdup(value->key);
		if (item->key == NULL) {
			free(item->text);
			return ERR_MEMORY;
		}
	}
	items->count++;
	return 0;
}

/* The members of a document; on failure there are none. */
static int read_items(struct ctl_table *table, const char *document, size_t length, struct items *out)
{
	struct items items = {0};
	int result = json_each(table->json, document, length, "$", keep_item, &items);

	if (result < 0) {
		items_free(&items);
		return result;
	}
	*out = items;
	return 0;
}

static bool is_number(enum json_type type)
{
	return type == JSON_INTEGER || type == JSON_REAL;
}

static bool is_nested(enum json_type type)
{
	return type == JSON_ARRAY || type == JSON_OBJECT;
}

/* A value that holds nothing deeper, on one line; deeper ones as the JSON they are. */
static void show_scalar(const struct item *item, struct buffer *out)
{
	if (item->type == JSON_TRUE)
		buffer_text(out, "yes");
	else if (item->type == JSON_FALSE)
		buffer_text(out, "no");
	else if (item->text != NULL && item->type != JSON_NULL)
		text_clean(out, item->text, item->length, false);
}

/* A value on one line; an array of plain values as a list with commas. */
static int show_cell(struct ctl_table *table, const struct item *item, struct buffer *out)
{
	struct items members;

	if (item->type != JSON_ARRAY) {
		show_scalar(item, out);
		return 0;
	}
	int result = read_items(table, item->text, item->length, &members);
	if (result < 0)
		return result;
	for (size_t i = 0; i < members.count; i++) {
		if (i > 0)
			buffer_text(out, ", ");
		show_scalar(&members.items[i], out);
	}
	items_free(&members);
	return 0;
}

static void pad(struct buffer *out, size_t columns)
{
	static const char blanks[] = "                                ";

	while (columns > 0) {
		size_t now = columns < sizeof blanks - 1 ? columns : sizeof blanks - 1;
		buffer_append(out, blanks, now);
		columns -= now;
	}
}

/* A table being laid out: cells stands row after row, `columns` to a row; a cell that a row does not have is NULL. */
struct grid {
	char *names[COLUMNS_MAX];
	size_t widths[COLUMNS_MAX];
	bool numeric[COLUMNS_MAX];
	size_t columns, rows;
	char **cells; /* rows * COLUMNS_MAX */
};

static void grid_free(struct grid *grid)
{
	for (size_t i = 0; i < grid->columns; i++)
		free(grid->names[i]);
	for (size_t i = 0; grid->cells != NULL && i < grid->rows * COLUMNS_MAX; i++)
		free(grid->cells[i]);
	free(grid->cells);
	free(grid);
}

/* The column of a key, a new one where there is none; COLUMNS_MAX when there is no room, ERR_MEMORY. */
static int grid_column(struct grid *grid, const char *key)
{
	struct buffer clean = {0};

	text_clean(&clean, key, strlen(key), false);
	if (clean.failed)
		return ERR_MEMORY;
	const char *name = clean.data != NULL ? clean.data : "";
	size_t column = 0;
	while (column < grid->columns && strcmp(grid->names[column], name) != 0)
		column++;
	if (column == grid->columns && column < COLUMNS_MAX) {
		grid->names[column] = strdup(name);
		if (grid->names[column] == NULL) {
			buffer_free(&clean);
			return ERR_MEMORY;
		}
		grid->widths[column] = text_width(name, strlen(name));
		grid->numeric[column] = true;
		grid->columns++;
	}
	buffer_free(&clean);
	return (int)column;
}

static int grid_put(struct ctl_table *table, struct grid *grid, size_t row, const struct item *item)
{
	struct buffer cell = {0};
	int column = grid_column(grid, item->key != NULL ? item->key : "");

	if (column < 0)
		return column;
	if (column == COLUMNS_MAX)
		return 0; /* no document of the daemon is that wide; --json shows the rest */
	int result = show_cell(table, item, &cell);
	if (result < 0 || cell.failed) {
		buffer_free(&cell);
		return result < 0 ? result : ERR_MEMORY;
	}
	if (cell.data == NULL)
		return 0;
	size_t width = text_width(cell.data, cell.length);
	if (width > grid->widths[column])
		grid->widths[column] = width;
	if (!is_number(item->type) && item->type != JSON_NULL)
		grid->numeric[column] = false;
	char **place = &grid->cells[row * COLUMNS_MAX + (size_t)column];
	free(*place); /* a key that stands there twice: the later one */
	*place = cell.data;
	return 0;
}

static void show_grid_line(const struct grid *grid, char *const *cells, size_t indent, struct buffer *out)
{
	size_t owed = indent; /* blanks, written only when something follows them */

	for (size_t column = 0; column < grid->columns; column++) {
		const char *cell = cells[column] != NULL ? cells[column] : "";
		size_t width = text_width(cell, strlen(cell));
		if (grid->numeric[column])
			owed += grid->widths[column] - width;
		if (*cell != '\0') {
			pad(out, owed);
			buffer_text(out, cell);
			owed = 0;
		} else {
			owed += width;
		}
		if (!grid->numeric[column])
			owed += grid->widths[column] - width;
		owed += COLUMN_GAP;
	}
	buffer_text(out, "\n");
}

/* Objects as rows; what is no object is a row of its own in a column without a name. */
static int show_table(struct ctl_table *table, const struct items *rows, size_t indent, struct buffer *out)
{
	struct grid *grid = calloc(1, sizeof *grid);
	int result = ERR_MEMORY;

	if (grid == NULL)
		return ERR_MEMORY;
	grid->cells = calloc(rows->count, COLUMNS_MAX * sizeof *grid->cells);
	if (grid->cells == NULL)
		goto end;
	grid->rows = rows->count;
	for (size_t row = 0; row < rows->count; row++) {
		const struct item *item = &rows->items[row];
		struct items members = {0};
		if (item->type == JSON_OBJECT)
			result = read_items(table, item->text, item->length, &members);
		else
			result = grid_put(table, grid, row, item);
		for (size_t i = 0; result >= 0 && i < members.count; i++)
			result = grid_put(table, grid, row, &members.items[i]);
		items_free(&members);
		if (result < 0)
			goto end;
	}
	show_grid_line(grid, grid->names, indent, out);
	for (size_t row = 0; row < rows->count; row++)
		show_grid_line(grid, grid->cells + row * COLUMNS_MAX, indent, out);
	result = 0;
end:
	grid_free(grid);
	return result;
}

static bool hold_objects(const struct items *items)
{
	for (size_t i = 0; i < items->count; i++) {
		if (items->items[i].type == JSON_OBJECT)
			return true;
	}
	return false;
}

/* Sentences rather than words: each deserves a line of its own. */
static bool hold_sentences(const struct items *items)
{
	for (size_t i = 0; i < items->count; i++) {
		if (items->items[i].type == JSON_TEXT && strchr(items->items[i].text, ' ') != NULL)
			return true;
	}
	return false;
}

/* An array or object inside an object, below its key. */
static int show_nested(struct ctl_table *table, const struct item *item, struct buffer *out)
{
	struct items members;
	int result = read_items(table, item->text, item->length, &members);

	if (result < 0)
		return result;
	if (item->type == JSON_ARRAY && hold_objects(&members)) {
		buffer_text(out, "\n");
		result = show_table(table, &members, INDENT, out);
	} else if (item->type == JSON_ARRAY && hold_sentences(&members)) {
		buffer_text(out, "\n");
		for (size_t i = 0; i < members.count; i++) {
			pad(out, INDENT);
			show_scalar(&members.items[i], out);
			buffer_text(out, "\n");
		}
	} else if (item->type == JSON_ARRAY || members.count == 0) {
		buffer_text(out, " ");
		result = members.count == 0 ? 0 : show_cell(table, item, out);
		buffer_text(out, members.count == 0 ? "none\n" : "\n");
	} else {
		buffer_text(out, "\n");
		for (size_t i = 0; result >= 0 && i < members.count; i++) {
			pad(out, INDENT);
			text_clean(out, members.items[i].key, strlen(members.items[i].key), false);
			buffer_text(out, ": ");
			result = show_cell(table, &members.items[i], out);
			buffer_text(out, "\n");
		}
	}
	items_free(&members);
	return result;
}

static int show_object(struct ctl_table *table, const struct items *members, struct buffer *out)
{
	int result = 0;

	for (size_t i = 0; result >= 0 && i < members->count; i++) {
		const struct item *item = &members->items[i];
		text_clean(out, item->key, strlen(item->key), false);
		buffer_text(out, ":");
		if (is_nested(item->type)) {
			result = show_nested(table, item, out);
			continue;
		}
		if (item->type != JSON_NULL && (item->type != JSON_TEXT || item->length > 0)) {
			buffer_text(out, " ");
			show_scalar(item, out);
		}
		buffer_text(out, "\n");
	}
	return result;
}

/* Whether some row holds an array of objects or an object, which a cell would squeeze into one line. */
static int rows_hold_tables(struct ctl_table *table, const struct items *rows)
{
	bool found = false;

	for (size_t row = 0; row < rows->count && !found; row++) {
		struct items members = {0};
		if (rows->items[row].type != JSON_OBJECT)
			continue;
		int result = read_items(table, rows->items[row].text, rows->items[row].length, &members);
		for (size_t i = 0; result >= 0 && i < members.count && !found; i++) {
			const struct item *item = &members.items[i];
			found = item->type == JSON_OBJECT || (item->type == JSON_ARRAY && strncmp(item->text, "[{", 2) == 0);
		}
		items_free(&members);
		if (result < 0)
			return result;
	}
	return found;
}

static int show_array(struct ctl_table *table, const struct items *rows, struct buffer *out)
{
	int blocks = rows_hold_tables(table, rows);

	if (blocks < 0)
		return blocks;
	if (!blocks && hold_objects(rows))
		return show_table(table, rows, 0, out);
	for (size_t row = 0; row < rows->count; row++) {
		const struct item *item = &rows->items[row];
		int result = 0;
		if (item->type != JSON_OBJECT) {
			result = show_cell(table, item, out);
			buffer_text(out, "\n");
		} else {
			struct items members;
			result = read_items(table, item->text, item->length, &members);
			if (result < 0)
				return result;
			if (row > 0)
				buffer_text(out, "\n");
			result = show_object(table, &members, out);
			items_free(&members);
		}
		if (result < 0)
			return result;
	}
	return 0;
}

int ctl_table_show(struct ctl_table *table, const char *document, size_t length, struct buffer *out)
{
	struct items members;
	int result = read_items(table, document, length, &members);

	if (result < 0)
		return result;
	if (members.count == 0)
		buffer_text(out, "none\n");
	else if (members.items[0].key != NULL)
		result = show_object(table, &members, out);
	else
		result = show_array(table, &members, out);
	items_free(&members);
	if (result >= 0 && out->failed)
		result = ERR_MEMORY;
	return result;
}
