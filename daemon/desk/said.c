/* said.c - what an agent says of a try, in the JSON of DONE and RECORD. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static int take_item(void *context, const struct json_value *value)
{
	struct said *said = context;

	if (value->type != JSON_INTEGER || said->item_count == ITEMS_MAX)
		return ERR_INVALID;
	said->items[said->item_count++] = strtoll(value->text, NULL, 10);
	return 0;
}

static int take_answer(void *context, const struct json_value *value)
{
	struct said *said = context;

	if (value->key == NULL || value->text == NULL || value->length == 0 || strlen(value->key) >= sizeof(said->answered[0]))
		return 0; /* as good as not given */
	if (said->answered_count == ANSWERS_MAX)
		return ERR_INVALID;
	snprintf(said->answered[said->answered_count++], sizeof(said->answered[0]), "%s", value->key);
	return 0;
}

static int take_said(void *context, const struct json_value *value)
{
	struct said *said = context;
	const char *key = value->key != NULL ? value->key : "";

	if (strcmp(key, "items") == 0) {
		said->has_items = value->type == JSON_ARRAY;
		if (!said->has_items)
			snprintf(said->why, sizeof(said->why), "items: a list of numbers is wanted");
	} else if (strcmp(key, "done_at") == 0) {
		said->has_done_at = value->type == JSON_TEXT && zone_parse_time(value->text, value->length, &said->done_at) == 0;
		if (!said->has_done_at)
			snprintf(said->why, sizeof(said->why), "done_at: a time like 2025-03-03T10:15 is wanted");
	} else if (strcmp(key, "answers") == 0) {
		said->has_answers = value->type == JSON_OBJECT;
		if (!said->has_answers)
			snprintf(said->why, sizeof(said->why), "answers: an object is wanted, a name and a text for each");
	} else if (strcmp(key, "at") == 0) {
		said->has_at = value->type == JSON_TEXT && zone_parse_time(value->text, value->length, &said->at) == 0;
		if (!said->has_at)
			snprintf(said->why, sizeof(said->why), "at: a time like 2025-03-04T15:30 is wanted");
	} else if (strcmp(key, "disposition") == 0 || strcmp(key, "channel") == 0) {
		char *out = key[0] == 'd' ? said->disposition : said->channel;
		if (value->type != JSON_TEXT || value->length >= sizeof(said->channel))
			snprintf(said->why, sizeof(said->why), "%s: a name is wanted", key);
		else
			snprintf(out, sizeof(said->channel), "%s", value->text);
	}
	/* Whatever else is said (notes, answers) is kept as it is. */
	return said->why[0] != '\0' ? ERR_INVALID : 0;
}

int said_read(struct desk *desk, const char *json, struct moment now, struct said *said, struct answer *answer)
{
	if (json == NULL || json[0] == '\0')
		return 0;
	if (strlen(json) > 65536)
		return refuse(answer, ERR_INVALID, "more than 64 KiB were said");
	int result = json[strspn(json, " \t\r\n")] == '{' ? json_each(desk->json, json, strlen(json), "$", take_said, said) : ERR_INVALID;
	if (result == 0 && said->has_items) {
		result = json_each(desk->json, json, strlen(json), "$.items", take_item, said);
		if (result == ERR_INVALID)
			return refuse(answer, result, "items: a list of at most %d numbers is wanted", ITEMS_MAX);
	}
	if (result == 0 && said->has_answers) {
		result = json_each(desk->json, json, strlen(json), "$.answers", take_answer, said);
		if (result == ERR_INVALID)
			return refuse(answer, result, "answers: more than %d", ANSWERS_MAX);
	}
	if (result == ERR_MEMORY)
		return refuse_store(desk, answer, result);
	if (result < 0)
		return refuse(answer, ERR_INVALID, "%s", said->why[0] != '\0' ? said->why : "a JSON object is wanted");
	if (said->has_done_at && said->done_at > (int64_t)now.day * 86400 + now.second)
		return refuse(answer, ERR_INVALID, "done_at lies in the future");
	return 0;
}

static int take_shown(void *context, const struct json_value *value)
{
	struct said *shown = context;

	if (shown->item_count < ITEMS_MAX)
		shown->items[shown->item_count++] = strtoll(value->text, NULL, 10);
	return 0;
}

int said_shown(struct desk *desk, const char *json, struct said *out)
{
	return json_each(desk->json, json, strlen(json), "$", take_shown, out);
}

bool said_names(const struct said *said, int64_t id)
{
	for (size_t i = 0; i < said->item_count; i++)
		if (said->items[i] == id)
			return true;
	return false;
}
