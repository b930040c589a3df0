/* simulate.c - files in, then day by day (DESIGN 4). */
#include "followup/simulate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "followup/agenda.h"
#include "followup/csv.h"
#include "followup/engine.h"
#include "followup/fact.h"
#include "followup/simulate_desk.h"
#include "followup/store.h"
#include "followup/store_record.h"

struct loading {
	struct engine *engine;
	const struct policy *policy;
	const char *file;
	bool events;
	struct moment begin;
	FILE *complaints;
	struct csv *csv;
	char *header[CSV_FIELDS_MAX]; /* NULL until the first record is read */
	size_t header_count;
	long rows, bad;
};

static void complain(struct loading *loading, long line, const char *reason)
{
	fprintf(loading->complaints, "%s:%ld: %s\n", loading->file, line, reason);
}

static int take_header(struct loading *loading, const struct csv_record *record)
{
	char reason[FACT_REASON_SIZE];
	const char *names[CSV_FIELDS_MAX];

	if (record->bad != NULL) {
		complain(loading, record->line, record->bad);
		return ERR_INVALID;
	}
	for (size_t i = 0; i < record->count; i++) {
		loading->header[i] = strdup(record->fields[i]);
		if (loading->header[i] == NULL)
			return ERR_MEMORY;
		loading->header_count = i + 1;
		names[i] = loading->header[i];
	}
	int result = loading->events ? fact_check_event_columns(loading->policy, names, loading->header_count, reason)
				     : fact_check_client_columns(loading->policy, names, loading->header_count, reason);
	if (result < 0)
		complain(loading, record->line, reason);
	csv_expect(loading->csv, loading->header_count);
	return result;
}

static int take_fields(struct loading *loading, const struct fact_field *fields, size_t count, char reason[FACT_REASON_SIZE])
{
	/* Assets stand in the file for every day of the run. */
	enum { BEFORE_ALL_DAYS = -1000000 };
	int result;

	if (loading->events) {
		struct event_fact event;
		result = fact_event(loading->policy, fields, count, &event, reason);
		if (result == 0)
			result = engine_take_event(loading->engine, &event, loading->begin);
	} else {
		struct client_fact client;
		result = fact_client(loading->policy, fields, count, &client, reason);
		if (result == 0)
			result = engine_take_client(loading->engine, &client, loading->begin, BEFORE_ALL_DAYS);
	}
	if (result == ERR_INVALID && reason[0] == '\0')
		snprintf(reason, FACT_REASON_SIZE, "%s", store_message(engine_store(loading->engine)));
	return result;
}

static int take_record(void *context, const struct csv_record *record)
{
	struct loading *loading = context;
	struct fact_field fields[CSV_FIELDS_MAX];
	char reason[FACT_REASON_SIZE] = "";

	if (loading->header_count == 0)
		return take_header(loading, record);
	loading->rows++;
	if (record->bad != NULL) {
		snprintf(reason, sizeof(reason), "%s", record->bad);
	} else {
		for (size_t i = 0; i < record->count; i++)
			fields[i] = (struct fact_field){loading->header[i], record->fields[i], record->lengths[i]};
		int result = take_fields(loading, fields, record->count, reason);
		if (result >= 0)
			return 0;
		if (result != ERR_INVALID)
			return result;
	}
	loading->bad++;
	complain(loading, record->line, reason);
	return 0;
}

static int load_file(struct loading *loading)
{
	char block[65536];
	size_t length;
	int result = 0;

	FILE *file = fopen(loading->file, "re");
	if (file == NULL) {
		fprintf(loading->complaints, "%s: %s\n", loading->file, strerror(errno));
		return ERR_SYSTEM;
	}
	struct csv *csv = csv_new(take_record, loading);
	loading->csv = csv;
	if (csv == NULL)
		result = ERR_MEMORY;
	while (result == 0 && (length = fread(block, 1, sizeof(block), file)) > 0)
		result = csv_feed(csv, block, length);
	if (result == 0 && ferror(file)) {
		fprintf(loading->complaints, "%s: %s\n", loading->file, strerror(errno));
		result = ERR_SYSTEM;
	}
	if (result == 0)
		result = csv_finish(csv);
	if (result == 0 && loading->header_count == 0) {
		complain(loading, 1, "a header row is missing");
		result = ERR_INVALID;
	}
	csv_free(csv);
	(void)fclose(file);
	for (size_t i = 0; i < loading->header_count; i++)
		free(loading->header[i]);
	return result;
}

static long capacity_of(void *context, const char *queue, struct moment now)
{
	const struct simulation *simulation = context;

	(void)now;
	for (size_t i = 0; i < simulation->capacity_count; i++)
		if (strcmp(simulation->capacities[i].queue, queue) == 0)
			return simulation->capacities[i].calls_a_day;
	return SIMULATE_WITHOUT_LIMIT;
}

static int run_days(const struct simulation *simulation, struct engine *engine)
{
	struct simulation lent = *simulation;
	struct simulate_desk desk = {engine, simulation->policy, capacity_of, NULL, &lent};
	int result = 0;

	for (day_t day = simulation->from; result == 0 && day <= simulation->to; day++) {
		struct moment now = {(int64_t)day * 86400, day, 0};
		result = simulate_desk_work(&desk, now);
		if (result == 0)
			result = simulate_desk_hand_out(&desk, now);
	}
	return result;
}

static int load_files(const struct simulation *simulation, struct engine *engine, FILE *complaints, struct simulate_result *out)
{
	const char *const files[2] = {simulation->clients_file, simulation->events_file};
	struct moment begin = {(int64_t)simulation->from * 86400, simulation->from, 0};

	for (int i = 0; i < 2; i++) {
		struct loading loading = {.engine = engine,
			.policy = simulation->policy,
			.file = files[i],
			.events = i == 1,
			.begin = begin,
			.complaints = complaints};
		if (files[i] == NULL)
			continue;
		int result = load_file(&loading);
		out->rows_read += loading.rows;
		out->rows_bad += loading.bad;
		if (result < 0)
			return result;
	}
	return 0;
}

int simulate_run(const struct simulation *simulation, FILE *complaints, struct simulate_result *out)
{
	struct simulate_result made = {NULL, 0, 0};
	struct engine *engine = NULL;
	char message[256];

	int result = store_open(":memory:", &made.store, message);
	if (result < 0) {
		fprintf(complaints, "memory: %s\n", message);
		return result;
	}
	store_record_off(made.store);
	engine = engine_new(made.store);
	result = engine != NULL ? engine_set_policy(engine, simulation->policy, 0) : ERR_MEMORY;
	/* One transaction: nothing here is to last. */
	if (result == 0)
		result = store_begin(made.store, 0);
	if (result == 0)
		result = engine_begin_at(engine, simulation->from);
	if (result == 0)
		result = load_files(simulation, engine, complaints, &made);
	if (result == 0)
		result = run_days(simulation, engine);
	if (result == 0)
		result = store_commit(made.store);
	engine_free(engine);
	if (result < 0) {
		if (result != ERR_SYSTEM && result != ERR_INVALID)
			fprintf(complaints, "%s: %s\n", error_text(result), store_message(made.store));
		store_close(made.store);
		return result;
	}
	*out = made;
	return 0;
}
