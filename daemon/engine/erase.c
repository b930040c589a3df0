/* erase.c - clients who ask to be erased, and the record of long ago: in slices, beside everything else (POLICY 8). */
#include "followup/store_erase.h"

#include <stdio.h>

#include "followup/store.h"
#include "internal.h"

int engine_erase_client(struct engine *engine, int64_t client_id, struct moment now, const char *by)
{
	int result = agenda_open_of_client(engine, client_id, &engine->open);

	for (int i = 0; result == 0 && i < engine->open.count; i++)
		result = followup_move(engine, &engine->open.items[i], FOLLOWUP_CANCELLED, engine->reasons[REASON_ERASED], now.day);
	if (result == 0)
		result = agenda_settle(engine, now.day, INT32_MAX);
	if (result == 0)
		result = store_client_erase(engine->store, client_id, now.unix_seconds, by);
	/* No rule looks at him again; his person's greetings may come closer. */
	engine->version++;
	return result == 0 ? slots_mark(engine, client_id, now.day, true) : result;
}

/* What was written before this moment is kept no longer; INT64_MIN: all is. */
static int64_t kept_since(struct engine *engine, struct moment now)
{
	int months = engine->policy->record_keep_months;

	if (engine->kept_since.policy_version != engine->policy_version || engine->kept_since.day != now.day) {
		engine->kept_since.policy_version = engine->policy_version;
		engine->kept_since.day = now.day;
		engine->kept_since.since = months == 0 ? INT64_MIN : zone_unix(date_add_months(now.day, -months), 0);
		engine->kept_since.nothing_older = false;
	}
	return engine->kept_since.since;
}

/* One entry says how many there were, when all that were due have been worked. */
static int finish_retiring(struct engine *engine, const char *count_key, int64_t count, int64_t last)
{
	char body[128];

	if (count == 0)
		return 0;
	snprintf(body, sizeof(body), "{\"%s\":%lld,\"up_to\":%lld}", engine->policy->record_erase ? "erased" : "sealed", (long long)count,
		(long long)last);
	int64_t entry = store_record_add(engine->store, &(struct record_entry){.kind = RECORD_RETIRED, .body = body});
	return entry < 0 ? (int)entry : store_meta_set(engine->store, count_key, 0);
}

/* How far it has come is kept for each of the two, so that what was only sealed is erased when the configuration says so one day. */
static int retire(struct engine *engine, struct moment now, int budget)
{
	bool erase = engine->policy->record_erase;
	const char *place_key = erase ? "record_erased_to" : "record_sealed_to";
	const char *count_key = erase ? "record_erasing" : "record_sealing";
	int64_t last = 0, count = 0, since = kept_since(engine, now);

	if (since == INT64_MIN)
		return 0;
	/* What is written from now on is not old today. */
	if (engine->kept_since.nothing_older && engine->kept_since.rollbacks == store_rollbacks(engine->store))
		return 0;
	int result = store_meta_get(engine->store, place_key, &last);
	if (result == 0 || result == ERR_NOT_FOUND)
		result = store_meta_get(engine->store, count_key, &count);
	if (result < 0 && result != ERR_NOT_FOUND)
		return result;
	int64_t place = last, counted = count;
	int more = store_record_retire(engine->store, since, erase, budget, &last, &count);
	if (more < 0)
		return more;
	result = last != place ? store_meta_set(engine->store, place_key, last) : 0;
	if (result == 0 && count != counted)
		result = store_meta_set(engine->store, count_key, count);
	if (result == 0 && more == 0)
		result = finish_retiring(engine, count_key, count, last);
	engine->kept_since.nothing_older = result == 0 && more == 0;
	engine->kept_since.rollbacks = store_rollbacks(engine->store);
	return result < 0 ? result : more;
}

int engine_tidy_record(struct engine *engine, struct moment now, int budget)
{
	if (store_record_is_off(engine->store))
		return 0;
	int more = store_erase_some(engine->store, kept_since(engine, now), budget);
	return more == 0 ? retire(engine, now, budget) : more;
}
