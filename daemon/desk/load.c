/* load.c - many facts at once: a piece of a CSV file, as followupctl cuts it (POLICY 10). Its rows are taken in as CLIENT.PUT and EVENT.PUT take in theirs, a bad one refused by itself;
 * but the conclusions are drawn afterwards, in slices, so that a whole book does not keep the desk waiting. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/csv.h"
#include "followup/engine.h"
#include "followup/fact.h"
#include "followup/store.h"
#include "internal.h"

struct loading {
	struct desk *desk;
	bool events;
	struct moment now;
	struct csv *csv;
	char *names[CSV_FIELDS_MAX]; /* the header; NULL until it is read */
	size_t count;
	desk_load_visit *visit;
	void *context;
	char why[FACT_REASON_SIZE + 64];
};

static int take_header(struct loading *loading, const struct csv_record *record)
{
	char reason[FACT_REASON_SIZE] = "";
	const struct policy *policy = loading->desk->policy;

	if (record->bad != NULL) {
		snprintf(loading->why, sizeof(loading->why), "the header row is bad: %s", record->bad);
		return ERR_INVALID;
	}
	for (size_t i = 0; i < record->count; i++) {
		loading->names[i] = strdup(record->fields[i]);
		if (loading->names[i] == NULL)
			return ERR_MEMORY;
		loading->count = i + 1;
	}
	const char *const *names = (const char *const *)loading->names;
	int result = loading->events ? fact_check_event_columns(policy, names, loading->count, reason)
				     : fact_check_client_columns(policy, names, loading->count, reason);
	if (result < 0)
		snprintf(loading->why, sizeof(loading->why), "%s", reason);
	csv_expect(loading->csv, loading->count);
	return result;
}

static int take_fields(struct loading *loading, const struct fact_field *fields, size_t count, char reason[FACT_REASON_SIZE])
{
	struct desk *desk = loading->desk;
	int result;

	if (loading->events) {
		struct event_fact event;
		result = fact_event(desk->policy, fields, count, &event, reason);
		return result < 0 ? result : engine_take_event(desk->engine, &event, loading->now);
	}
	struct client_fact client;
	result = fact_client(desk->policy, fields, count, &client, reason);
	return result < 0 ? result : engine_take_client(desk->engine, &client, loading->now, loading->now.day);
}

static int take_row(void *context, const struct csv_record *record)
{
	struct loading *loading = context;
	struct store *store = loading->desk->store;
	struct fact_field fields[CSV_FIELDS_MAX];
	char reason[FACT_REASON_SIZE] = "";

	if (loading->count == 0)
		return take_header(loading, record);
	if (record->bad != NULL)
		return loading->visit(loading->context, ERR_INVALID, record->bad);
	for (size_t i = 0; i < record->count; i++)
		fields[i] = (struct fact_field){loading->names[i], record->fields[i], record->lengths[i]};
	int64_t written = store_changes(store);
	int result = take_fields(loading, fields, record->count, reason);
	if (result == ERR_INVALID && store_changes(store) != written) {
		/* It has left something behind: then the whole piece is taken back. None does: what is refused is refused before anything is written. */
		snprintf(loading->why, sizeof(loading->why), "line %ld: %s", record->line, store_message(store));
		return ERR_INVALID;
	}
	if (result < 0 && result != ERR_INVALID)
		return result;
	return loading->visit(loading->context, result, reason[0] != '\0' ? reason : store_message(store));
}

int desk_load(struct desk *desk, bool events, const char *csv, size_t length, struct moment now, desk_load_visit *visit, void *context,
	struct answer *answer)
{
	struct loading loading = {.desk = desk, .events = events, .now = now, .visit = visit, .context = context};

	loading.csv = csv_new(take_row, &loading);
	engine_take_many(desk->engine, now);
	int result = loading.csv == NULL ? ERR_MEMORY : csv_feed(loading.csv, csv, length);
	if (result == 0)
		result = csv_finish(loading.csv);
	if (result == 0 && loading.count == 0) {
		snprintf(loading.why, sizeof(loading.why), "a header row that names the columns is wanted first");
		result = ERR_INVALID;
	}
	engine_take_many_end(desk->engine);
	csv_free(loading.csv);
	for (size_t i = 0; i < loading.count; i++)
		free(loading.names[i]);
	if (result == ERR_INVALID)
		return refuse(answer, result, "%s", loading.why);
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}
