/* engine.c - the slices of its work: the days that have come, and the clients whose facts have (POLICY 3). */
#include "followup/engine.h"

#include <stdlib.h>

#include "followup/store_ahead.h"
#include "followup/store_marking.h"
#include "internal.h"

struct engine *engine_new(struct store *store)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (engine == NULL)
		return NULL;
	engine->store = store;
	engine->many_look_on = NO_DAY;
	engine->facts = facts_new();
	engine->other_facts = facts_new();
	if (engine->facts == NULL || engine->other_facts == NULL) {
		engine_free(engine);
		return NULL;
	}
	return engine;
}

void engine_free(struct engine *engine)
{
	if (engine == NULL)
		return;
	facts_free(engine->facts);
	facts_free(engine->other_facts);
	followup_list_free(&engine->open);
	followup_list_free(&engine->scheduled);
	followup_list_free(&engine->waiting);
	free(engine->rules);
	free(engine->festivals);
	free(engine->foreseen.clients);
	free(engine);
}

struct store *engine_store(const struct engine *engine)
{
	return engine->store;
}

struct engine_counts engine_counts(const struct engine *engine)
{
	return engine->counts;
}

uint64_t engine_changes(const struct engine *engine)
{
	return engine->changes;
}

bool engine_is_idle(struct engine *engine, struct moment now)
{
	struct marking marking;
	int64_t client_id;
	bool changed;

	return engine_worked_on(engine) >= now.day && store_marking_next(engine->store, &marking) == 0 &&
	       store_due_next(engine->store, now.day, &client_id, &changed) == 0;
}

/* Those whose next day is not after until. */
static int settle_some(struct engine *engine, struct moment now, day_t until, int budget)
{
	int64_t client_id;
	bool changed;
	int result;

	while ((result = store_due_next(engine->store, until, &client_id, &changed)) > 0 && budget-- > 0) {
		if (result == DUE_NOT_YET)
			continue;
		result = settle_client(engine, client_id, changed, now);
		if (result < 0)
			return result;
	}
	int kept = result >= 0 ? store_due_keep(engine->store) : result;
	return kept < 0 ? kept : result > 0;
}

/* A clock that stepped back works on the day it had reached. */
static struct moment not_before(struct moment now, day_t worked_on)
{
	if (now.day < worked_on)
		now.day = worked_on;
	return now;
}

static int settle_all(struct engine *engine, struct moment now, day_t worked_on, int budget)
{
	now = not_before(now, worked_on);
	return settle_some(engine, now, now.day, budget);
}

int engine_settle(struct engine *engine, struct moment now, int budget)
{
	day_t worked_on;

	int result = cycle_prepare(engine, now, &worked_on);
	if (result < 0)
		return result;
	if (worked_on < now.day)
		return ENGINE_DAY_FIRST;
	result = settle_all(engine, now, worked_on, budget);
	if (result == 0)
		result = staffing_work(engine, budget);
	if (result == 0)
		result = engine_tidy_record(engine, now, budget);
	return result == 0 ? engine->marking : result;
}

int engine_settle_few(struct engine *engine, struct moment now, int budget)
{
	day_t worked_on;

	int result = cycle_prepare(engine, now, &worked_on);
	if (result < 0)
		return result;
	return worked_on < now.day ? ENGINE_DAY_FIRST : settle_some(engine, not_before(now, worked_on), LOOK_AT_ONCE, budget);
}

static int work(struct engine *engine, struct moment now, int budget)
{
	day_t worked_on;

	int result = cycle_prepare(engine, now, &worked_on);
	if (result == 0)
		result = marking_work(engine, not_before(now, worked_on).day, &budget);
	if (result <= 0)
		return result < 0 ? result : 1;
	while (worked_on < now.day) {
		result = cycle_work(engine, worked_on + 1, now, &budget);
		if (result < 0)
			return result;
		if (result != 1)
			return result == 0 ? 1 : result;
		worked_on++;
		if (budget <= 0)
			return 1;
	}
	result = settle_all(engine, now, worked_on, budget);
	if (result == 0)
		result = staffing_work(engine, budget);
	return result == 0 ? engine_tidy_record(engine, now, budget) : result;
}

int engine_work(struct engine *engine, struct moment now, int budget)
{
	store_ahead_resume(engine->store);
	int result = work(engine, now, budget);
	store_ahead_pause(engine->store);
	return result;
}
