/* command.c - see web_command.h. */
#include <hiredis/hiredis.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "followup/ctl_reply.h"
#include "followup/json.h"
#include "followup/text.h"
#include "followup/web_command.h"

/* What an agent's or a supervisor's page is for. What lets people in, feeds the book, runs the daemon or changes the connection stays with followupctl. */
const struct web_word web_words[] = {
	{"ACK", false, false},
	{"AGENT.LIST", true, false},
	{"BREAK", true, false},
	{"BRIEF", true, false},
	{"CORRECT", true, false},
	{"DESK", true, false},
	{"DISPOSITIONS", true, false},
	{"DNC", false, false},
	{"DONE", true, false},
	{"FORECAST", true, true},
	{"HANDOVER", false, false},
	{"HELP", true, false},
	{"HISTORY", true, false},
	{"INFO", true, false},
	{"LIST", true, false},
	{"MINE", true, false},
	{"MOVE", false, false},
	{"NEXT", true, false}, /* slow with WAIT */
	{"OVERRIDE", false, false},
	{"PAUSE", false, false},
	{"PING", true, false},
	{"QUEUES", true, false},
	{"READY", true, false},
	{"RECORD", false, false},
	{"RELEASE", false, false},
	{"REPORT", true, true},
	{"RESUME", false, false},
	{"REVIEW.DONE", true, false},
	{"REVIEW.NEXT", true, false},
	{"SHOW", true, false},
	{"TAKE", false, false},
	{"TOUCH", true, false},
	{"VERIFY", true, true},
	{"WHOAMI", true, false},
	{"WHY", true, false},
};
const size_t web_word_count = sizeof web_words / sizeof *web_words;

static const struct web_word *word_find(const char *name)
{
	for (size_t i = 0; i < web_word_count; i++)
		if (strcasecmp(web_words[i].name, name) == 0)
			return &web_words[i];
	return NULL;
}

struct reading {
	struct web_command *command;
	char *why;
};

static int take_word(void *context, const struct json_value *value)
{
	struct reading *reading = context;
	struct web_command *command = reading->command;
	bool fits = value->type == JSON_TEXT || value->type == JSON_INTEGER || value->type == JSON_OBJECT;

	if (value->key != NULL || !fits || command->count == WEB_WORDS_MAX) {
		(void)snprintf(reading->why, WEB_WHY_SIZE, "a command is a JSON array of at most %d texts, whole numbers and objects",
			WEB_WORDS_MAX);
		return ERR_SYNTAX;
	}
	char *word = malloc(value->length + 1);
	if (word == NULL)
		return ERR_MEMORY;
	memcpy(word, value->text, value->length);
	word[value->length] = '\0';
	command->words[command->count] = word;
	command->lengths[command->count++] = value->length;
	return 0;
}

/* How long NEXT may wait: a connection that is silent for longer is cut off on its way by many a proxy. */
static int read_wait(struct web_command *command, char why[WEB_WHY_SIZE])
{
	for (size_t i = 1; i + 1 < command->count; i++) {
		if (strcasecmp(command->words[i], "WAIT") != 0)
			continue;
		const char *text = command->words[i + 1];
		size_t digits = strspn(text, "0123456789");
		long seconds = digits > 0 && digits < 9 && text[digits] == '\0' ? strtol(text, NULL, 10) : LONG_MAX;
		if (seconds > WEB_WAIT_SECONDS_MAX) {
			(void)snprintf(why, WEB_WHY_SIZE, "WAIT takes a number from 0 to %d here", WEB_WAIT_SECONDS_MAX);
			return ERR_SYNTAX;
		}
		command->wait_seconds = (int)seconds;
		command->slow = command->slow || seconds > 0;
	}
	return 0;
}

int web_command_read(const char *body, size_t length, struct web_command *out, char why[WEB_WHY_SIZE])
{
	struct json *json = json_new();
	struct reading reading = {.command = out, .why = why};

	*out = (struct web_command){0};
	if (json == NULL)
		return ERR_MEMORY;
	why[0] = '\0';
	int result = json_each(json, body, length, "$", take_word, &reading);
	json_free(json);
	if (result == ERR_MEMORY)
		return result;
	if (result == 0 && out->count == 0)
		result = ERR_SYNTAX;
	if (result < 0) {
		if (why[0] == '\0')
			(void)snprintf(why, WEB_WHY_SIZE, "the body is not a JSON array with a command in it");
		return ERR_SYNTAX;
	}
	out->word = word_find(out->words[0]);
	out->slow = out->word != NULL && out->word->slow;
	return out->word != NULL && strcmp(out->word->name, "NEXT") == 0 ? read_wait(out, why) : 0;
}

void web_command_clear(struct web_command *command)
{
	for (size_t i = 0; i < command->count; i++)
		free(command->words[i]);
	*command = (struct web_command){0};
}

void web_reply_error(const char *word, const char *text, struct buffer *out)
{
	struct buffer clean = {0};

	text_clean(&clean, text, strlen(text), false);
	buffer_text(out, "{\"error\":{\"word\":");
	text_json(out, word, strlen(word));
	buffer_text(out, ",\"text\":");
	text_json(out, clean.data != NULL ? clean.data : "", clean.length);
	buffer_text(out, "}}");
	out->failed = out->failed || clean.failed;
	buffer_free(&clean);
}

void web_reply(const struct redisReply *reply, struct buffer *out)
{
	if (reply->type == REDIS_REPLY_ERROR) {
		char word[32];
		size_t length = strcspn(reply->str, " ");
		const char *text = reply->str + length + (reply->str[length] == ' ');
		(void)snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word - 1), reply->str);
		web_reply_error(word, text, out);
		return;
	}
	buffer_text(out, "{\"ok\":");
	ctl_reply_json(reply, out);
	buffer_text(out, "}");
}
