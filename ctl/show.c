/* show.c - answers as pages, tables and JSON. */
#include "followup/ctl_show.h"

#include <err.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "followup/ctl_bars.h"
#include "followup/ctl_history.h"
#include "followup/ctl_screen.h"
#include "followup/ctl_table.h"
#include "followup/ctl_why.h"
#include "followup/text.h"

enum ctl_status ctl_show_text(const struct buffer *text)
{
	if (text->failed) {
		warnx("out of memory");
		return CTL_REFUSED;
	}
	if (text->length > 0)
		fwrite(text->data, 1, text->length, stdout);
	return CTL_OK;
}

/* Prints an answer for people, or as it is. */
static enum ctl_status show_document(const char *document, size_t length, bool json)
{
	struct buffer out = {0};
	int result = ERR_SYNTAX;

	if (!json) {
		struct ctl_screen screen = ctl_screen_look();
		struct ctl_table *table = ctl_table_new(&screen);
		result = table != NULL ? ctl_table_show(table, document, length, &out) : ERR_MEMORY;
		ctl_table_free(table);
		if (result < 0)
			buffer_clear(&out);
	}
	if (result < 0) { /* asked for as it is, or no JSON after all */
		if (json)
			buffer_append(&out, document, length);
		else
			text_clean(&out, document, length, true);
		if (length == 0 || document[length - 1] != '\n')
			buffer_text(&out, "\n");
	}
	enum ctl_status status = ctl_show_text(&out);
	buffer_free(&out);
	return status;
}

/* INFO's lines of "key:value" below "# Section" as an object of objects. */
static void info_json(const redisReply *reply, struct buffer *out)
{
	struct buffer clean = {0};
	bool section = false, first = true;

	text_clean(&clean, reply->str, (size_t)reply->len, true);
	out->failed = out->failed || clean.failed;
	buffer_text(out, "{");
	for (char *rest = clean.failed ? NULL : clean.data, *line; rest != NULL && (line = strsep(&rest, "\n")) != NULL;) {
		char *value = strchr(line, ':');
		if (strncmp(line, "# ", 2) == 0) {
			buffer_text(out, section ? "}," : "");
			line += 2;
			text_json(out, line, strlen(line));
			buffer_text(out, ":{");
			section = first = true;
		} else if (value != NULL && section) {
			buffer_text(out, first ? "" : ",");
			text_json(out, line, (size_t)(value - line));
			buffer_text(out, ":");
			text_json(out, value + 1, strlen(value + 1));
			first = false;
		}
	}
	buffer_text(out, section ? "}}" : "}");
	buffer_free(&clean);
}

static enum ctl_status show_as_json(const redisReply *reply, const char *command)
{
	/* A list is one document a line, so that a script may read it line by line. */
	size_t count = reply->type == REDIS_REPLY_ARRAY ? reply->elements : 1;
	enum ctl_status status = CTL_OK;

	for (size_t i = 0; i < count && status == CTL_OK; i++) {
		struct buffer document = {0};
		if (reply->type == REDIS_REPLY_STRING && strcasecmp(command, "info") == 0)
			info_json(reply, &document);
		else
			ctl_reply_json(reply->type == REDIS_REPLY_ARRAY ? reply->element[i] : reply, &document);
		if (document.failed) {
			warnx("out of memory");
			status = CTL_REFUSED;
		} else {
			status = show_document(document.data, document.length, true);
		}
		buffer_free(&document);
	}
	return status;
}

static enum ctl_status show_for_people(const redisReply *reply)
{
	struct buffer document = {0};
	enum ctl_status status;

	switch (reply->type) {
	case REDIS_REPLY_INTEGER:
		printf("%lld\n", reply->integer);
		return CTL_OK;
	case REDIS_REPLY_ARRAY:
		ctl_reply_json(reply, &document);
		if (document.failed) {
			warnx("out of memory");
			status = CTL_REFUSED;
		} else {
			status = show_document(document.data, document.length, false);
		}
		buffer_free(&document);
		return status;
	default:
		return show_document(reply->str, (size_t)reply->len, false);
	}
}

/* A page of it; --json has everything. */
typedef int make_page(const char *document, size_t length, struct buffer *out);

static enum ctl_status show_page(const redisReply *reply, make_page *make)
{
	struct buffer page = {0};
	int result = make(reply->str, (size_t)reply->len, &page);
	enum ctl_status status =
		result < 0 ? show_document(reply->str, (size_t)reply->len, false) : show_document(page.data, page.length, false);

	buffer_free(&page);
	return status;
}

/* Whether CHECK has found faults, or VERIFY that the record does not hold: whoever runs them by the clock goes by the exit status. */
static bool is_bad_news(const redisReply *reply, const char *command)
{
	return reply->type == REDIS_REPLY_STRING &&
	       ((strcasecmp(command, "check") == 0 && strncmp(reply->str, "{\"faults\":[]", 12) != 0) ||
		       (strcasecmp(command, "verify") == 0 && strstr(reply->str, "\"holds\":false") != NULL));
}

enum ctl_status ctl_show_reply(const redisReply *reply, const char *command, bool json)
{
	if (reply->type == REDIS_REPLY_ERROR)
		return ctl_tell_error(reply);
	if (reply->type == REDIS_REPLY_STRING && !json && strcasecmp(command, "why") == 0)
		return show_page(reply, ctl_why_page);
	if (reply->type == REDIS_REPLY_STRING && !json && strcasecmp(command, "history") == 0)
		return show_page(reply, ctl_history_page);
	bool next = strcasecmp(command, "next") == 0;
	if (reply->type == REDIS_REPLY_NIL || (next && reply->type == REDIS_REPLY_ARRAY && reply->elements == 0)) {
		if (json)
			printf("null\n");
		else
			fprintf(stderr, "%s\n", next ? "no call is waiting for you" : "nothing there");
		return CTL_NOTHING;
	}
	enum ctl_status status = json ? show_as_json(reply, command) : show_for_people(reply);
	return status == CTL_OK && is_bad_news(reply, command) ? CTL_REFUSED : status;
}

enum ctl_status ctl_show_bars(const redisReply *reply)
{
	struct ctl_screen screen = ctl_screen_look();
	struct buffer bars = {0};
	enum ctl_status status;

	if (reply->type == REDIS_REPLY_STRING && ctl_bars_show(reply->str, (size_t)reply->len, &screen, &bars) == 0)
		status = ctl_show_text(&bars);
	else
		status = ctl_show_reply(reply, "forecast", false);
	buffer_free(&bars);
	return status;
}
