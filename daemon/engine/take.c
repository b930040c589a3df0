/* take.c - facts come in: into the store, with a note of whom they concern. */
#include <stdio.h>
#include <string.h>

#include "followup/fact.h"
#include "followup/json_text.h"
#include "followup/store_promise.h"
#include "internal.h"

/* The day that looks at a fact: today, or the first of the missed days that are still to be worked, for each of them sees all that is known by then. */
static day_t day_to_look(struct engine *engine, struct moment now)
{
	day_t worked_on = engine_worked_on(engine);

	return worked_on != NO_DAY && worked_on + 1 < now.day ? worked_on + 1 : now.day;
}

void engine_take_many(struct engine *engine, struct moment now)
{
	engine->many_look_on = day_to_look(engine, now);
}

void engine_take_many_end(struct engine *engine)
{
	engine->many_look_on = NO_DAY;
}

/* Facts that come one by one are looked at before what came by the thousand. */
static int mark(struct engine *engine, int64_t client_id, bool compare)
{
	return slots_mark(engine, client_id, engine->many_look_on != NO_DAY ? engine->many_look_on : LOOK_AT_ONCE, compare);
}

int engine_take_event(struct engine *engine, const struct event_fact *fact, struct moment now)
{
	struct event_change change;
	day_t day = date_of_seconds(fact->occurred_at);

	int changed = store_event_put(engine->store, fact, &change);
	if (changed <= 0)
		return changed;
	/* A fact from before today may contradict what was concluded without it. */
	bool compare = change.corrected || day < now.day;
	day_t look_on = change.manager_count == 0 ? now.day : day_to_look(engine, now);
	int result = 0;
	for (int i = 0; result >= 0 && i < change.client_count; i++)
		result = mark(engine, change.clients[i], compare);
	for (int i = 0; result >= 0 && i < change.manager_count; i++)
		result = store_due_mark_manager(engine->store, change.managers[i], compare || day < look_on ? look_on : day, compare);
	return result < 0 ? result : 1;
}

static int record_promise(struct engine *engine, int64_t id, const struct promise *promise, const char *agent)
{
	struct buffer body = {0};
	char text[DATE_TEXT_SIZE];

	buffer_printf(&body, "{\"promise\":%lld,\"by\":\"%s\",\"matter\":", (long long)id, date_format(promise->by, text));
	json_text_append(&body, promise->matter);
	if (promise->dept[0] != '\0') {
		buffer_text(&body, ",\"dept\":");
		json_text_append(&body, promise->dept);
	}
	buffer_text(&body, "}");
	int64_t entry = body.failed ? ERR_MEMORY
				    : store_record_add(engine->store, &(struct record_entry){.kind = RECORD_PROMISED,
									      .client_id = promise->client_id,
									      .call_id = promise->call_id,
									      .body = body.data,
									      .agent = agent});
	buffer_free(&body);
	return entry < 0 ? (int)entry : 0;
}

int64_t engine_take_promise(struct engine *engine, const struct promise *promise, const char *agent)
{
	int64_t id = store_promise_insert(engine->store, promise, agent);
	int result = id < 0 ? (int)id : record_promise(engine, id, promise, agent);

	if (result == 0)
		result = mark(engine, promise->client_id, false);
	return result < 0 ? result : id;
}

/* POLICY 10, infer_events: a new opened_on or closed_on acts as its event. The same day told again is the same event. */
static int infer(struct engine *engine, const struct client *client, const char *kind, day_t day, struct moment now)
{
	char ref[EVENT_TEXT_SIZE], text[DATE_TEXT_SIZE];

	int length = snprintf(ref, sizeof(ref), "%s:%s:%s", strcmp(kind, "account_opened") == 0 ? "opened" : "closed",
		date_format(day, text), client->ref);
	if (length < 0 || (size_t)length >= sizeof(ref))
		return 0; /* a reference too long for a name made of it; its event must come as an event */
	struct event_fact fact = {
		.event_ref = ref, .client_ref = client->ref, .kind = kind, .occurred_at = (int64_t)day * 86400, .detail = ""};
	return engine_take_event(engine, &fact, now);
}

int engine_take_client(struct engine *engine, const struct client_fact *fact, struct moment now, day_t assets_day)
{
	struct client before = {.opened_on = NO_DAY, .closed_on = NO_DAY}, after;
	int64_t id = engine->policy->infer_events ? store_client_find(engine->store, fact->client_ref) : ERR_NOT_FOUND;
	int result = 0;

	if (id >= 0)
		result = store_client_load(engine->store, id, &before);
	else if (id != ERR_NOT_FOUND)
		result = (int)id;
	if (result < 0)
		return result;
	int changed = store_client_put(engine->store, fact, assets_day, &id);
	if (changed <= 0)
		return changed;
	/* Of many, a new one needs no mark. */
	result = changed == CLIENT_IS_NEW && engine->many_look_on != NO_DAY ? 0 : mark(engine, id, true);
	if (result == 0 && engine->policy->infer_events) {
		result = store_client_load(engine->store, id, &after);
		if (result == 0 && after.opened_on != NO_DAY && after.opened_on != before.opened_on)
			result = infer(engine, &after, "account_opened", after.opened_on, now);
		if (result >= 0 && after.closed_on != NO_DAY && after.closed_on != before.closed_on)
			result = infer(engine, &after, "account_closed", after.closed_on, now);
	}
	return result < 0 ? result : 1;
}
