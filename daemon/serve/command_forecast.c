/* FORECAST: the words of the asker; the rest is forecast.h's. Runs on the worker's thread. */
#include <stdio.h>
#include <string.h>

#include "followup/command.h"
#include "followup/forecast.h"
#include "followup/json.h"
#include "followup/rows.h"
#include "followup/simulate_desk.h"
#include "followup/store_reader.h"

static int refuse(struct request *request, int error, const char *why, const char *word)
{
	(void)snprintf(request->answer->why, sizeof request->answer->why, why, word);
	return error;
}

/* "service=40", "manager/" and a star "=none". */
static int take_capacity(struct request *request, const char *word, struct forecast *forecast, struct forecast_capacity *capacities)
{
	const char *equals = strrchr(word, '=');
	struct forecast_capacity made = {.queue = word, .calls_a_day = NO_LIMIT};
	char queue[65];

	if (equals == NULL || equals == word || (size_t)(equals - word) >= sizeof queue)
		return refuse(request, ERR_INVALID, "a capacity is written queue=calls or queue=none, not %.80s", word);
	made.length = (size_t)(equals - word);
	(void)snprintf(queue, sizeof queue, "%.*s", (int)made.length, word);
	if (strcmp(equals + 1, "none") != 0) {
		made.calls_a_day = 0;
		for (const char *digit = equals + 1; digit[0] != '\0' || digit == equals + 1; digit++) {
			if (digit[0] < '0' || digit[0] > '9' || made.calls_a_day > FORECAST_CALLS_MAX)
				return refuse(request, ERR_INVALID,
					"a capacity is a number of calls a day up to 1000000, or none; not %.80s", equals + 1);
			made.calls_a_day = made.calls_a_day * 10 + (digit[0] - '0');
		}
		if (made.calls_a_day > FORECAST_CALLS_MAX)
			return refuse(request, ERR_INVALID, "a capacity is a number of calls a day up to 1000000, or none; not %.80s",
				equals + 1);
	}
	if (simulate_queue_is_bulk(request->policy, queue))
		return refuse(request, ERR_INVALID, "messages go out as they are fetched: %.80s has no capacity", queue);
	if (!desk_knows_queue(request->desk, queue))
		return refuse(request, ERR_INVALID, "there is no queue %.80s", queue);
	if (forecast->capacity_count == FORECAST_CAPACITIES_MAX)
		return refuse(request, ERR_LIMIT, "too many capacities%s", "");
	capacities[forecast->capacity_count++] = made;
	return 0;
}

enum forecast_format { FORMAT_JSON, FORMAT_CSV, FORMAT_TEXT, FORMAT_COUNT };

static int take_format(struct request *request, size_t index, enum forecast_format *format)
{
	static const char *const names[FORMAT_COUNT] = {[FORMAT_JSON] = "json", [FORMAT_CSV] = "csv", [FORMAT_TEXT] = "text"};

	for (int i = 0; i < FORMAT_COUNT; i++) {
		if (request_has_keyword(request, index, names[i])) {
			*format = (enum forecast_format)i;
			return 0;
		}
	}
	return refuse(request, ERR_INVALID, "FORMAT json, csv or text%s", "");
}

static int take_words(
	struct request *request, struct forecast *forecast, struct forecast_capacity *capacities, enum forecast_format *format)
{
	int64_t days;
	int result = 0;

	for (size_t i = 1; result == 0 && i < request->count; i++) {
		if (request_has_keyword(request, i, "DAYS")) {
			result = request_number(request, ++i, 1, FORECAST_DAYS_MAX, &days);
			if (result == 0)
				forecast->days = (int)days;
		} else if (request_has_keyword(request, i, "QUEUE") && i + 1 < request->count) {
			forecast->queue = request->words[++i];
			if (!desk_knows_queue(request->desk, forecast->queue))
				result = refuse(request, ERR_INVALID, "there is no queue %.80s", forecast->queue);
		} else if (request_has_keyword(request, i, "FORMAT") && i + 1 < request->count) {
			result = take_format(request, ++i, format);
		} else if (request_has_keyword(request, i, "CAPACITY") && i + 1 < request->count) {
			while (result == 0 && i + 1 < request->count && strchr(request->words[i + 1], '=') != NULL)
				result = take_capacity(request, request->words[++i], forecast, capacities);
		} else {
			(void)snprintf(request->answer->why, sizeof request->answer->why, "usage: %s %s", request->command->name,
				request->command->usage);
			result = ERR_INVALID;
		}
	}
	return result;
}

static const char *const day_columns[] = {
	"day", "queue", "falling_due", "waiting", "capacity", "done", "missed", "left", "appointments", "appointments_missed", NULL};
static const char *const capacity_columns[] = {"queue", "basis", "calls_a_day", NULL};

static int keep_value(void *context, const struct json_value *value)
{
	struct buffer *out = context;

	buffer_text(out, out->length > 0 ? ", " : "");
	buffer_printf(out, "%s %s", value->key != NULL ? value->key : "", value->text != NULL ? value->text : "none");
	return out->failed ? ERR_MEMORY : 0;
}

/* For people: the days, what the queues can make, and the first day that will be missed, at the end, where one looks. */
static int write_text(const struct buffer *json, struct buffer *out)
{
	struct json *reader = json_new();
	struct buffer first = {0};

	int result = reader != NULL ? rows_as_text(json->data, json->length, "$.days", day_columns, out) : ERR_MEMORY;
	buffer_text(out, "\n");
	if (result == 0)
		result = rows_as_text(json->data, json->length, "$.capacities", capacity_columns, out);
	if (result == 0)
		result = json_each(reader, json->data, json->length, "$.first_missed", keep_value, &first);
	if (result == ERR_NOT_FOUND) /* null: none */
		result = 0;
	if (result == 0)
		buffer_printf(out, "\nfirst missed: %s\n", first.length > 0 ? first.data : "none");
	buffer_free(&first);
	json_free(reader);
	return result == 0 && out->failed ? ERR_MEMORY : result;
}

/* The document as the asker wants it. */
static int write_format(struct request *request, enum forecast_format format)
{
	struct buffer *json = &request->answer->json, out = {0};
	int result = 0;

	if (format == FORMAT_JSON)
		return 0;
	result = format == FORMAT_CSV ? rows_as_csv(json->data, json->length, "$.days", day_columns, &out) : write_text(json, &out);
	buffer_free(json);
	*json = out;
	return result;
}

int command_forecast(struct request *request)
{
	struct forecast_capacity capacities[FORECAST_CAPACITIES_MAX];
	struct forecast forecast = {.days = FORECAST_DAYS_STANDARD, .capacities = capacities};
	struct store *copy = NULL;
	char message[256] = "";
	enum forecast_format format = FORMAT_JSON;
	int result = take_words(request, &forecast, capacities, &format);

	if (result < 0)
		return result;
	result = store_copy(request->store, &copy, message);
	if (result == 0) {
		result = forecast_run(copy, request->policy, &forecast, request->now, &request->answer->json);
		if (result < 0)
			(void)snprintf(
				message, sizeof message, "%s", store_message(copy)[0] != '\0' ? store_message(copy) : error_text(result));
	}
	store_close(copy);
	if (result == 0)
		result = write_format(request, format);
	/* The copy's room or memory was not enough, or somebody ended it: nothing is wrong with the book. */
	if (result < 0 && result != ERR_MEMORY)
		result = refuse(request, ERR_BUSY, "the copy of the book that this is worked out on: %s", message);
	return result < 0 ? result : request_answer_json(request);
}
