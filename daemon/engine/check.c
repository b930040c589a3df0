/* check.c - CHECK: what is kept compared with a full scan, and the invariants of DESIGN 5. */
#include <stdio.h>

#include "followup/json_text.h"
#include "followup/store.h"
#include "followup/store_sample.h"
#include "followup/store_view.h"
#include "internal.h"

/* The day kept for a client must not lie behind the one a full look gives: a later day would be a missed occasion. */
static int check_client(struct engine *engine, int64_t client_id, day_t day, day_t today, int *faults, struct buffer *out)
{
	day_t kept = INT32_MAX, wanted = INT32_MAX;

	int result = facts_load(engine, client_id, day, engine->facts);
	if (result == 0 && engine->facts->client.known)
		result = settle_look(engine, engine->facts, &wanted);
	if (result < 0)
		return result;
	result = store_due_get(engine->store, client_id, &kept);
	if (result == ERR_NOT_FOUND)
		result = store_due_is_new(engine->store, client_id);
	if (result < 0)
		return result;
	if (result > 0)
		return 0; /* he has just come */
	/* Up to today: he waits for the work that is under way. */
	if (kept <= wanted || kept <= today || engine_looks_again_at(engine, client_id))
		return 0;
	if ((*faults)++ < 1000) {
		char text[DATE_TEXT_SIZE];
		buffer_text(out, out->data[out->length - 1] == '[' ? "" : ",");
		char line[200];
		snprintf(line, sizeof(line), "client %s: would be looked at too late; %s matters", engine->facts->client.ref,
			date_format(wanted, text));
		json_text_append(out, line);
	}
	return 0;
}

/* While the cycle of a day is being worked some clients have been looked at with that day's eyes and the others wait for it: for both it is the day to compare with. */
static day_t day_of_facts(struct engine *engine, day_t worked_on)
{
	int64_t step;

	return store_meta_get(engine->store, "cycle_step", &step) == 0 && step > 0 ? worked_on + 1 : worked_on;
}

int engine_check(struct engine *engine, struct moment now, struct buffer *json)
{
	int faults = 0;
	int64_t id = 0;
	/* Not today: a clock that stepped back undoes nothing. */
	day_t day = engine_worked_on(engine);

	buffer_text(json, "{\"faults\":");
	int result = store_view_faults(engine->store, day, &faults, json);
	if (result < 0)
		return result;
	json->length--; /* the closing bracket comes again below */
	result = store_sample_faults(engine->store, day, &faults, json);
	if (result < 0)
		return result;
	day = day_of_facts(engine, day);
	while ((id = store_client_after(engine->store, id)) > 0) {
		result = check_client(engine, id, day, now.day, &faults, json);
		if (result < 0)
			return result;
	}
	if (id < 0)
		return (int)id;
	buffer_printf(json, "],\"count\":%d,\"book\":", faults);
	result = store_view_counts(engine->store, json);
	buffer_text(json, "}");
	if (result == 0 && json->failed)
		result = ERR_MEMORY;
	return result < 0 ? result : faults;
}
