/* history.c - HISTORY on a screen: a line for each entry of the record. */
#include "followup/ctl_history.h"

#include <stdbool.h>
#include <string.h>

#include "followup/json.h"
#include "followup/text.h"

enum { LEVELS = 3 };

struct entry {
	struct buffer number, at, kind, what, call, agent, said;
};

struct page {
	struct json *levels[LEVELS]; /* a visit may not use the reader that is visiting */
	struct buffer *out;
	struct entry entry;
	bool any;
};

static void put(struct buffer *out, const char *separator, const struct json_value *value)
{
	buffer_text(out, out->length > 0 ? separator : "");
	buffer_append(out, value->text, value->length);
}

/* What an attempt says of itself stands in the columns already. */
static bool stands_elsewhere(const char *key)
{
	static const char *const names[] = {"rule", "occasion", "at", "agent"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], key) == 0)
			return true;
	return false;
}

static int take_said(void *context, const struct json_value *value)
{
	struct entry *entry = context;

	if (value->key == NULL || value->length == 0 || stands_elsewhere(value->key) || strcmp(value->text, "[]") == 0)
		return 0;
	if (strcmp(value->key, "over_cap") == 0) {
		if (strcmp(value->text, "1") == 0)
			buffer_text(&entry->said, entry->said.length > 0 ? "; over the cap" : "over the cap");
		return 0;
	}
	buffer_text(&entry->said, entry->said.length > 0 ? "; " : "");
	buffer_text(&entry->said, value->key);
	buffer_text(&entry->said, " ");
	buffer_append(&entry->said, value->text, value->length);
	return 0;
}

static int take_member(void *context, const struct json_value *value)
{
	struct page *page = context;
	struct entry *entry = &page->entry;
	const char *key = value->key != NULL ? value->key : "";

	if (value->text == NULL)
		return 0;
	if (strcmp(key, "entry") == 0)
		put(&entry->number, " ", value);
	else if (strcmp(key, "at") == 0)
		put(&entry->at, " ", value);
	else if (strcmp(key, "kind") == 0)
		put(&entry->kind, " ", value);
	else if (strcmp(key, "rule") == 0 || strcmp(key, "occasion") == 0)
		put(&entry->what, " ", value);
	else if (strcmp(key, "call") == 0)
		put(&entry->call, " ", value);
	else if (strcmp(key, "agent") == 0)
		put(&entry->agent, " ", value);
	else if (strcmp(key, "reason") == 0)
		put(&entry->said, "; ", value);
	else if (strcmp(key, "said") == 0 && value->type == JSON_OBJECT)
		return json_each(page->levels[2], value->text, value->length, "$", take_said, entry);
	else if (value->type == JSON_TRUE) /* erased, sealed */
		buffer_printf(&entry->said, "%s%s", entry->said.length > 0 ? "; " : "", key);
	else if (strcmp(key, "corrected_by") == 0)
		buffer_printf(&entry->said, "%scorrected by entry %s", entry->said.length > 0 ? "; " : "", value->text);
	return 0;
}

static void add(struct page *page, const char *name, struct buffer *text, bool first)
{
	buffer_text(page->out, first ? "{\"" : ",\"");
	buffer_text(page->out, name);
	buffer_text(page->out, "\":");
	text_json(page->out, text->data != NULL ? text->data : "", text->length);
	page->out->failed = page->out->failed || text->failed;
	buffer_clear(text);
	if (text->data != NULL)
		text->data[0] = '\0';
}

static int take_entry(void *context, const struct json_value *value)
{
	struct page *page = context;
	struct entry *entry = &page->entry;
	int result = value->type == JSON_OBJECT ? json_each(page->levels[1], value->text, value->length, "$", take_member, page) : 0;

	if (result < 0)
		return result;
	buffer_text(page->out, page->any ? "," : "");
	page->any = true;
	add(page, "entry", &entry->number, true);
	add(page, "at", &entry->at, false);
	add(page, "what", &entry->kind, false);
	add(page, "of", &entry->what, false);
	add(page, "call", &entry->call, false);
	add(page, "agent", &entry->agent, false);
	add(page, "said", &entry->said, false);
	buffer_text(page->out, "}");
	return page->out->failed ? ERR_MEMORY : 0;
}

int ctl_history_page(const char *document, size_t length, struct buffer *out)
{
	struct page page = {.out = out};
	int result = 0;

	for (int i = 0; i < LEVELS; i++)
		if ((page.levels[i] = json_new()) == NULL)
			result = ERR_MEMORY;
	if (result == 0) {
		buffer_text(out, "[");
		result = json_each(page.levels[0], document, length, "$", take_entry, &page);
		buffer_text(out, "]");
	}
	for (int i = 0; i < LEVELS; i++)
		json_free(page.levels[i]);
	buffer_free(&page.entry.number);
	buffer_free(&page.entry.at);
	buffer_free(&page.entry.kind);
	buffer_free(&page.entry.what);
	buffer_free(&page.entry.call);
	buffer_free(&page.entry.agent);
	buffer_free(&page.entry.said);
	return result < 0 ? result : out->failed ? ERR_MEMORY : 0;
}
