/* said.c - what an agent says of a try, in the JSON of DONE and RECORD. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

void said_clear(struct said *said)
{
	memset(said, 0, offsetof(struct said, items));
}

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

static bool take_text(char *out, size_t size, const struct json_value *value)
{
	if (value->type != JSON_TEXT || value->length == 0 || value->length >= size)
		return false;
	memcpy(out, value->text, value->length + 1);
	return true;
}

static bool take_items(struct said *said, const struct json_value *value)
{
	return said->has_items = value->type == JSON_ARRAY;
}

/* Before any contact that this book can know of a year was mistyped. */
static bool take_done_at(struct said *said, const struct json_value *value)
{
	enum { FIRST_YEAR = 1990 };

	return said->has_done_at = value->type == JSON_TEXT && zone_parse_time(value->text, value->length, &said->done_at) == 0 &&
				   date_of_day(date_of_seconds(said->done_at)).year >= FIRST_YEAR;
}

static bool take_answers(struct said *said, const struct json_value *value)
{
	return said->has_answers = value->type == JSON_OBJECT;
}

static bool take_at(struct said *said, const struct json_value *value)
{
	return said->has_at = value->type == JSON_TEXT && zone_parse_time(value->text, value->length, &said->at) == 0;
}

static bool take_disposition(struct said *said, const struct json_value *value)
{
	return take_text(said->disposition, sizeof(said->disposition), value);
}

static bool take_channel(struct said *said, const struct json_value *value)
{
	return take_text(said->channel, sizeof(said->channel), value);
}

static bool take_attorney(struct said *said, const struct json_value *value)
{
	return take_text(said->attorney, sizeof(said->attorney), value);
}

static bool take_satisfaction(struct said *said, const struct json_value *value)
{
	(void)said;
	return value->type == JSON_INTEGER && value->length == 1 && value->text[0] >= '1' && value->text[0] <= '5';
}

static bool is_text(struct said *said, const struct json_value *value)
{
	(void)said;
	return value->type == JSON_TEXT;
}

static bool take_recording(struct said *said, const struct json_value *value)
{
	return said->has_recording = value->type == JSON_OBJECT;
}

static bool take_promise(struct said *said, const struct json_value *value)
{
	said->has_promise = value->type == JSON_OBJECT;
	said->has_promises = value->type == JSON_ARRAY;
	return said->has_promise || said->has_promises;
}

/* What is read of an outcome's JSON, one row each: satisfaction, needs, opinions and recording are only looked at, and kept as they are said. */
static const struct {
	const char *key;
	bool (*take)(struct said *said, const struct json_value *value);
	const char *wanted;
} members[] = {
	{"items", take_items, "a list of numbers is wanted"},
	{"answers", take_answers, "an object is wanted, a name and a text for each"},
	{"at", take_at, "a time like 2025-03-04T15:30 is wanted"},
	{"done_at", take_done_at, "a time like 2025-03-03T10:15 is wanted, from 1990 on"},
	{"disposition", take_disposition, "a name is wanted"},
	{"channel", take_channel, "a name is wanted"},
	{"attorney", take_attorney, "the name of the client's attorney is wanted"},
	{"satisfaction", take_satisfaction, "a whole number from 1 to 5 is wanted"},
	{"needs", is_text, "a text is wanted"},
	{"opinions", is_text, "a text is wanted"},
	{"promise", take_promise, "an object is wanted, like {\"by\":\"2025-03-10\",\"matter\":\"...\"}, or a list of them"},
	{"recording", take_recording, "an object is wanted, like {\"ref\":\"rec-17\",\"checksum\":\"sha256:5ae7...\"}"},
};

static int take_said(void *context, const struct json_value *value)
{
	struct said *said = context;

	for (size_t i = 0; value->key != NULL && i < sizeof(members) / sizeof(members[0]); i++)
		if (strcmp(value->key, members[i].key) == 0 && !members[i].take(said, value)) {
			snprintf(said->why, sizeof(said->why), "%s: %s", members[i].key, members[i].wanted);
			return ERR_INVALID;
		}
	return 0; /* whatever else is said (notes) is kept as it is */
}

/* POLICY 8: where the recording is, and what shows that it is still the same one. */
static int take_recording_part(void *context, const struct json_value *value)
{
	struct said *said = context;
	char part[RECORDING_PART_SIZE];
	const char *key = value->key != NULL ? value->key : "";
	bool is_ref = strcmp(key, "ref") == 0;

	if ((is_ref || strcmp(key, "checksum") == 0) && !take_text(part, sizeof(part), value)) {
		snprintf(said->why, sizeof(said->why), "recording: %s: a text of at most %d bytes is wanted", key, RECORDING_PART_SIZE - 1);
		return ERR_INVALID;
	}
	said->has_recording_ref = said->has_recording_ref || is_ref;
	return 0;
}

static int read_recording(struct desk *desk, const char *json, struct said *said)
{
	int result = json_each(desk->json, json, strlen(json), "$.recording", take_recording_part, said);

	if (result == 0 && !said->has_recording_ref) {
		snprintf(said->why, sizeof(said->why), "recording: ref is missing: where the recording is");
		result = ERR_INVALID;
	}
	return result;
}

/* POLICY 7: what, by when, and whose part it is. */
static int take_promise_part(void *context, const struct json_value *value)
{
	struct said *said = context;
	struct promise *promise = &said->promises[said->promise_count];
	const char *key = value->key != NULL ? value->key : "";

	if (strcmp(key, "by") == 0) {
		promise->by = value->type == JSON_TEXT ? date_parse(value->text, value->length) : NO_DAY;
		if (promise->by == NO_DAY || promise->by > date_to_day(2100, 12, 31))
			snprintf(said->why, sizeof(said->why), "promise: by: a day like 2025-03-10 is wanted");
	} else if (strcmp(key, "matter") == 0) {
		if (!take_text(promise->matter, sizeof(promise->matter), value))
			snprintf(said->why, sizeof(said->why), "promise: matter: a text of at most %d bytes is wanted",
				PROMISE_MATTER_SIZE - 1);
	} else if (strcmp(key, "dept") == 0 && value->type != JSON_NULL) {
		if (!take_text(promise->dept, sizeof(promise->dept), value))
			snprintf(
				said->why, sizeof(said->why), "promise: dept: a text of at most %d bytes is wanted", PROMISE_DEPT_SIZE - 1);
	}
	return said->why[0] != '\0' ? ERR_INVALID : 0;
}

static int read_promise(struct desk *desk, const char *json, const char *path, struct said *said)
{
	struct promise *promise = &said->promises[said->promise_count];

	*promise = (struct promise){.by = NO_DAY};
	int result = json_each(desk->json, json, strlen(json), path, take_promise_part, said);
	if (result == 0 && (promise->by == NO_DAY || promise->matter[0] == '\0')) {
		snprintf(said->why, sizeof(said->why), "promise: %s is missing", promise->by == NO_DAY ? "by" : "matter");
		result = ERR_INVALID;
	}
	said->promise_count++;
	return result;
}

static int count_promise(void *context, const struct json_value *value)
{
	size_t *count = context;

	(*count)++;
	return value->type == JSON_OBJECT ? 0 : ERR_INVALID;
}

static int read_promises(struct desk *desk, const char *json, struct said *said)
{
	char path[32];
	size_t count = 0;
	int result;

	if (said->has_promise)
		return read_promise(desk, json, "$.promise", said);
	result = json_each(desk->json, json, strlen(json), "$.promise", count_promise, &count);
	if (result == ERR_INVALID || count > PROMISES_MAX) {
		snprintf(said->why, sizeof(said->why), "promise: an object, or a list of at most %d of them is wanted", PROMISES_MAX);
		return ERR_INVALID;
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		snprintf(path, sizeof(path), "$.promise[%zu]", i);
		result = read_promise(desk, json, path, said);
	}
	return result;
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
	if (result == 0 && said->has_recording)
		result = read_recording(desk, json, said);
	if (result == 0 && (said->has_promise || said->has_promises))
		result = read_promises(desk, json, said);
	if (result == ERR_MEMORY)
		return refuse_store(desk, answer, result);
	if (result < 0)
		return refuse(answer, ERR_INVALID, "%s", said->why[0] != '\0' ? said->why : "a JSON object is wanted");
	if (said->has_done_at && said->done_at > (int64_t)now.day * 86400 + now.second)
		return refuse(answer, ERR_INVALID, "done_at lies in the future");
	return 0;
}

int said_shown(const char *json, struct said *out)
{
	const char *at = json;
	char *end;

	/* As store_view_items() writes it. */
	if (*at++ != '[')
		return ERR_SYNTAX;
	for (; *at != ']'; at = end + (*end == ',')) {
		long long item = strtoll(at, &end, 10);
		if (end == at || (*end != ',' && *end != ']'))
			return ERR_SYNTAX;
		if (out->item_count < ITEMS_MAX)
			out->items[out->item_count++] = item;
	}
	return 0;
}

bool said_names(const struct said *said, int64_t id)
{
	for (size_t i = 0; i < said->item_count; i++)
		if (said->items[i] == id)
			return true;
	return false;
}
