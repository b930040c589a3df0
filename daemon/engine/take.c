/* take.c - facts come in: into the store, with a note of whom they concern. */
#include <string.h>

#include "followup/fact.h"
#include "internal.h"

int engine_take_client(struct engine *engine, const struct client_fact *fact, struct moment now, day_t assets_day)
{
	int64_t id = 0;

	int changed = store_client_put(engine->store, fact, assets_day, &id);
	if (changed <= 0)
		return changed;
	int result = store_due_mark(engine->store, id, now.day, true);
	return result < 0 ? result : 1;
}

static int note(struct engine *engine, int64_t client_id, day_t today, bool changed)
{
	return client_id != 0 ? store_due_mark(engine->store, client_id, today, changed) : 0;
}

int engine_take_event(struct engine *engine, const struct event_fact *fact, struct moment now)
{
	struct event_change change;
	day_t day = (day_t)(fact->occurred_at / 86400);

	int changed = store_event_put(engine->store, fact, &change);
	if (changed <= 0)
		return changed;
	/* A fact from before today may contradict what was concluded without it. */
	bool compare = change.corrected || day < now.day;
	int result = note(engine, change.client_id, now.day, compare);
	if (result >= 0)
		result = note(engine, change.former_client_id, now.day, true);
	if (result >= 0 && change.manager[0] != '\0' && day <= now.day)
		result = store_due_mark_manager(engine->store, change.manager, now.day, compare);
	if (result >= 0 && change.former_manager[0] != '\0')
		result = store_due_mark_manager(engine->store, change.former_manager, now.day, true);
	return result < 0 ? result : 1;
}
