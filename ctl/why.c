/* why.c - WHY on one screen: the verdict, then only what says something. */
#include "followup/ctl_why.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "followup/json.h"
#include "followup/text.h"

enum { LEVELS = 3, GROUPS_MAX = 16, ENDED_MAX = 5 };

/* The members of a row, of those that have a value. */
enum { CELLS_MAX = 24 };
struct row {
	struct {
		char *key, *text;
		bool is_text;
	} cells[CELLS_MAX];
	size_t count;
};

struct page {
	struct json *levels[LEVELS]; /* a visit may not use the reader that is visiting */
	struct buffer *out;
	struct buffer rows; /* of the list that is being made */
	struct row row;
	struct {
		char *why;
		struct buffer rules;
	} groups[GROUPS_MAX]; /* rules that do not fire, by what holds them */
	size_t group_count;
	struct buffer ended[ENDED_MAX];
	size_t ended_count;
};

static void row_clear(struct row *row)
{
	for (size_t i = 0; i < row->count; i++) {
		free(row->cells[i].key);
		free(row->cells[i].text);
	}
	row->count = 0;
}

static int keep_cell(void *context, const struct json_value *value)
{
	struct row *row = context;

	if (value->text == NULL || value->length == 0 || value->key == NULL || row->count == CELLS_MAX)
		return 0;
	row->cells[row->count].key = strdup(value->key);
	row->cells[row->count].text = strdup(value->text);
	row->cells[row->count].is_text = value->type == JSON_TEXT;
	row->count++;
	return row->cells[row->count - 1].key != NULL && row->cells[row->count - 1].text != NULL ? 0 : ERR_MEMORY;
}

static const char *cell(const struct row *row, const char *key)
{
	for (size_t i = 0; i < row->count; i++)
		if (strcmp(row->cells[i].key, key) == 0)
			return row->cells[i].text;
	return NULL;
}

static void add_name(struct buffer *out, const char *key)
{
	if (out->length > 0 && out->data[out->length - 1] != '{' && out->data[out->length - 1] != '[')
		buffer_text(out, ",");
	text_json(out, key, strlen(key));
	buffer_text(out, ":");
}

/* Nothing where there is no text. */
static void add_text(struct buffer *out, const char *key, const char *text)
{
	if (text == NULL)
		return;
	add_name(out, key);
	text_json(out, text, strlen(text));
}

/* A member of a row as it is. */
static void add_cell(struct buffer *out, const struct row *row, const char *key)
{
	for (size_t i = 0; i < row->count; i++) {
		if (strcmp(row->cells[i].key, key) != 0)
			continue;
		add_name(out, key);
		if (row->cells[i].is_text)
			text_json(out, row->cells[i].text, strlen(row->cells[i].text));
		else
			buffer_text(out, row->cells[i].text);
	}
}

static void add_window(struct buffer *out, const char *key, const char *first, const char *last)
{
	struct buffer text = {0};

	if (first == NULL || last == NULL)
		return;
	buffer_printf(&text, "%s to %s", first, last);
	if (!text.failed)
		add_text(out, key, text.data);
	out->failed = out->failed || text.failed;
	buffer_free(&text);
}

/* A rule that does not fire stands with the others that the same holds back. */
static int keep_group(struct page *page, const char *why, const char *rule)
{
	size_t at = 0;

	while (at < page->group_count && strcmp(page->groups[at].why, why) != 0)
		at++;
	if (at == GROUPS_MAX)
		return 0; /* there are fewer reasons than that */
	if (at == page->group_count) {
		page->groups[at].why = strdup(why);
		if (page->groups[at].why == NULL)
			return ERR_MEMORY;
		page->group_count++;
	}
	buffer_text(&page->groups[at].rules, page->groups[at].rules.length > 0 ? ", " : "");
	buffer_text(&page->groups[at].rules, rule);
	return page->groups[at].rules.failed ? ERR_MEMORY : 0;
}

static int take_rule(void *context, const struct json_value *value)
{
	struct page *page = context;
	struct row *row = &page->row;
	struct buffer *out = &page->rows;

	row_clear(row);
	int result = json_each(page->levels[2], value->text, value->length, "$", keep_cell, row);
	if (result < 0)
		return result;
	const char *rule = cell(row, "rule"), *holds = cell(row, "holds");
	if (holds != NULL && cell(row, "state") == NULL)
		return keep_group(page, holds, rule != NULL ? rule : "");
	const char *opens = cell(row, "opens_on"), *due = cell(row, "due_on");
	const char *computed_opens = cell(row, "computed_opens_on"), *computed_due = cell(row, "computed_due_on");
	bool moved = opens != NULL && due != NULL && computed_opens != NULL && computed_due != NULL &&
		     (strcmp(opens, computed_opens) != 0 || strcmp(due, computed_due) != 0);
	buffer_text(out, out->length > 0 ? ",{" : "{");
	add_text(out, "rule", rule);
	add_text(out, "occasion", cell(row, "next_occasion"));
	add_window(out, "window", opens, due);
	if (moved)
		add_window(out, "before_the_calendar", computed_opens, computed_due);
	add_text(out, "channel", cell(row, "channel"));
	add_text(out, "state", cell(row, "state"));
	add_text(out, "holds", holds);
	add_text(out, "must_not_call", cell(row, "must_not_call"));
	buffer_text(out, "}");
	return out->failed ? ERR_MEMORY : 0;
}

/* The last few that have ended; what is open stands under waiting. */
static int take_followup(void *context, const struct json_value *value)
{
	static const char *const shown[] = {"followup", "rule", "occasion", "due_on", "state", "reason", "closed_on"};
	struct page *page = context;
	struct row *row = &page->row;

	row_clear(row);
	int result = json_each(page->levels[2], value->text, value->length, "$", keep_cell, row);
	const char *state = result < 0 ? NULL : cell(row, "state");
	if (result < 0 || state == NULL || strcmp(state, "scheduled") == 0 || strcmp(state, "queued") == 0)
		return result;
	struct buffer *out = &page->ended[page->ended_count++ % ENDED_MAX];
	buffer_clear(out);
	buffer_text(out, "{");
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		add_cell(out, row, shown[i]);
	buffer_text(out, "}");
	return out->failed ? ERR_MEMORY : 0;
}

/* The line in words says the rest. */
static int take_waiting(void *context, const struct json_value *value)
{
	static const char *const shown[] = {"followup", "rule", "state", "reason", "summary"};
	struct page *page = context;
	struct buffer *out = &page->rows;

	row_clear(&page->row);
	int result = json_each(page->levels[2], value->text, value->length, "$", keep_cell, &page->row);
	if (result < 0)
		return result;
	buffer_text(out, out->length > 0 ? ",{" : "{");
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		add_cell(out, &page->row, shown[i]);
	buffer_text(out, "}");
	return out->failed ? ERR_MEMORY : 0;
}

static void add_rows(struct page *page, const char *name)
{
	add_name(page->out, name);
	buffer_printf(page->out, "[%s]", page->rows.data != NULL ? page->rows.data : "");
	buffer_clear(&page->rows);
}

static void add_rules(struct page *page)
{
	struct buffer *out = page->out;

	if (page->rows.length > 0)
		add_rows(page, "rules");
	for (size_t i = 0; i < page->group_count; i++) {
		if (i == 0)
			add_name(out, "other_rules");
		buffer_text(out, i == 0 ? "[{" : ",{");
		add_text(out, "why_not", page->groups[i].why);
		add_text(out, "rules", page->groups[i].rules.data);
		buffer_text(out, i + 1 < page->group_count ? "}" : "}]");
	}
}

static void add_ended(struct page *page)
{
	size_t first = page->ended_count > ENDED_MAX ? page->ended_count - ENDED_MAX : 0;

	for (size_t i = first; i < page->ended_count; i++) {
		if (i == first)
			add_name(page->out, "ended_last");
		buffer_text(page->out, i == first ? "[" : ",");
		buffer_text(page->out, page->ended[i % ENDED_MAX].data);
		if (i + 1 == page->ended_count)
			buffer_text(page->out, "]");
	}
}

static int take_member(void *context, const struct json_value *value)
{
	struct page *page = context;
	int result = 0;

	if (value->key == NULL)
		return ERR_NOT_FOUND;
	if (value->text == NULL || value->length == 0 || strcmp(value->text, "[]") == 0)
		return 0;
	if (strcmp(value->key, "rules") == 0 && value->type == JSON_ARRAY) {
		result = json_each(page->levels[1], value->text, value->length, "$", take_rule, page);
		add_rules(page);
	} else if (strcmp(value->key, "waiting") == 0 && value->type == JSON_ARRAY) {
		result = json_each(page->levels[1], value->text, value->length, "$", take_waiting, page);
		add_rows(page, "waiting");
	} else if (strcmp(value->key, "followups") == 0 && value->type == JSON_ARRAY) {
		result = json_each(page->levels[1], value->text, value->length, "$", take_followup, page);
		add_ended(page);
	} else {
		add_name(page->out, value->key);
		if (value->type == JSON_TEXT)
			text_json(page->out, value->text, value->length);
		else
			buffer_append(page->out, value->text, value->length);
	}
	return result < 0 ? result : page->out->failed ? ERR_MEMORY : 0;
}

int ctl_why_page(const char *document, size_t length, struct buffer *out)
{
	struct page *page = calloc(1, sizeof *page);
	int result = page != NULL ? 0 : ERR_MEMORY;

	for (int i = 0; result == 0 && i < LEVELS; i++)
		if ((page->levels[i] = json_new()) == NULL)
			result = ERR_MEMORY;
	if (result == 0) {
		page->out = out;
		buffer_text(out, "{");
		result = json_each(page->levels[0], document, length, "$", take_member, page);
		buffer_text(out, "}");
	}
	for (int i = 0; page != NULL && i < LEVELS; i++)
		json_free(page->levels[i]);
	for (size_t i = 0; page != NULL && i < GROUPS_MAX; i++) {
		free(page->groups[i].why);
		buffer_free(&page->groups[i].rules);
	}
	for (size_t i = 0; page != NULL && i < ENDED_MAX; i++)
		buffer_free(&page->ended[i]);
	if (page != NULL) {
		row_clear(&page->row);
		buffer_free(&page->rows);
	}
	free(page);
	return result < 0 ? result : out->failed ? ERR_MEMORY : 0;
}
