/* table.c - JSON documents as tables and lists. Levels call downwards only (document, object, table, cell), so that a hostile depth costs nothing. */
#include "followup/ctl_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "followup/ctl_grid.h"
#include "followup/json.h"
#include "followup/text.h"

enum { INDENT = 2 };

struct ctl_table {
	struct json *json;
	struct ctl_screen screen;
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

struct ctl_table *ctl_table_new(const struct ctl_screen *screen)
{
	struct ctl_table *table = calloc(1, sizeof *table);

	if (table == NULL)
		return NULL;
	table->screen = *screen;
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

/* A value on one line; an array of plain values as a list with commas, an object of them as one of names and values. */
static int show_cell(struct ctl_table *table, const struct item *item, struct buffer *out)
{
	struct items members;

	if (!is_nested(item->type)) {
		show_scalar(item, out);
		return 0;
	}
	int result = read_items(table, item->text, item->length, &members);
	if (result < 0)
		return result;
	for (size_t i = 0; i < members.count; i++) {
		if (i > 0)
			buffer_text(out, ", ");
		if (members.items[i].key != NULL) {
			text_clean(out, members.items[i].key, strlen(members.items[i].key), false);
			buffer_text(out, members.items[i].type == JSON_NULL ? " none" : " ");
		}
		show_scalar(&members.items[i], out);
	}
	items_free(&members);
	return 0;
}

static int grid_put(struct ctl_table *table, struct ctl_grid *grid, size_t row, const struct item *item)
{
	struct buffer name = {0}, cell = {0};
	const char *key = item->key != NULL ? item->key : "";

	text_clean(&name, key, strlen(key), false);
	int result = show_cell(table, item, &cell);
	if (result >= 0 && (name.failed || cell.failed))
		result = ERR_MEMORY;
	if (result >= 0)
		result = ctl_grid_put(
			grid, row, name.data != NULL ? name.data : "", cell.data != NULL ? cell.data : "", is_number(item->type));
	buffer_free(&name);
	buffer_free(&cell);
	return result;
}

/* Objects as rows; what is no object is a row of its own in a column without a name. */
static int show_table(struct ctl_table *table, const struct items *rows, size_t indent, struct buffer *out)
{
	struct ctl_grid *grid = ctl_grid_new(rows->count);
	int result = 0;

	if (grid == NULL)
		return ERR_MEMORY;
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
	ctl_grid_show(grid, indent, &table->screen, out);
	result = 0;
end:
	ctl_grid_free(grid);
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

/* A list of words behind its key; of what is longer than the line the rest stands below, indented. */
static int show_list(struct ctl_table *table, const struct item *item, struct buffer *out)
{
	struct buffer words = {0};
	size_t width = table->screen.width, used = strlen(item->key) + 2;
	int result = show_cell(table, item, &words);

	for (const char *rest = words.data; result >= 0 && !words.failed && rest != NULL && *rest != '\0';) {
		size_t bytes = width > used + 1 ? ctl_grid_line(rest, width - used) : strlen(rest);
		if (rest == words.data)
			buffer_text(out, " ");
		else
			text_pad(out, INDENT);
		buffer_append(out, rest, bytes);
		buffer_text(out, "\n");
		rest += bytes + strspn(rest + bytes, " ");
		used = INDENT;
	}
	out->failed = out->failed || words.failed;
	buffer_free(&words);
	return result;
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
			text_pad(out, INDENT);
			show_scalar(&members.items[i], out);
			buffer_text(out, "\n");
		}
	} else if (members.count == 0) {
		buffer_text(out, " none\n");
	} else if (item->type == JSON_ARRAY) {
		result = show_list(table, item, out);
	} else {
		buffer_text(out, "\n");
		for (size_t i = 0; result >= 0 && i < members.count; i++) {
			text_pad(out, INDENT);
			text_clean(out, members.items[i].key, strlen(members.items[i].key), false);
			buffer_text(out, ": ");
			result = show_cell(table, &members.items[i], out);
			buffer_text(out, "\n");
		}
	}
	items_free(&members);
	return result;
}

static void show_verdict(const struct ctl_table *table, const struct item *item, struct buffer *out)
{
	struct buffer verdict = {0};

	show_scalar(item, &verdict);
	if (verdict.failed)
		out->failed = true;
	else
		ctl_screen_text(&table->screen, out, STYLE_BOLD, verdict.data != NULL ? verdict.data : "");
	buffer_free(&verdict);
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
			if (strcmp(item->key, "verdict") == 0) /* WHY in one line */
				show_verdict(table, item, out);
			else
				show_scalar(item, out);
		}
		buffer_text(out, "\n");
	}
	return result;
}

/* Whether some row holds an array of objects or a deep object, which a cell would squeeze into one line. */
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
			/* An object of plain values, like scores, is a cell. */
			found = (item->type == JSON_OBJECT && strpbrk(item->text + 1, "{[") != NULL) ||
				(item->type == JSON_ARRAY && strncmp(item->text, "[{", 2) == 0);
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
