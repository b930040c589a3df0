/* cycle.c - the day cycle: the four steps of a day for everybody, in slices (POLICY 3). */
#include "followup/store.h"
#include "followup/store_ahead.h"
#include "internal.h"

/* Where the cycle of a day stands, kept in the store, so that a crash goes on from the step it was in; within a step the work is found from state. */
enum cycle_step { STEP_BEGIN, STEP_SAMPLE, STEP_FACTS, STEP_FACTS_CALLS, STEP_EXPIRE, STEP_EXPIRE_CALLS, STEP_DUE, STEP_ADMIT, STEP_END };

static int meta_or(struct engine *engine, const char *key, int64_t otherwise, int64_t *value)
{
	int result = store_meta_get(engine->store, key, value);

	if (result == ERR_NOT_FOUND) {
		*value = otherwise;
		return 0;
	}
	return result;
}

int cycle_find(struct engine *engine, struct cycle_place *out)
{
	int64_t start, worked, step;

	int result = meta_or(engine, "start_on", 0, &start);
	if (result == 0)
		result = meta_or(engine, "worked_on", 0, &worked);
	if (result == 0)
		result = meta_or(engine, "cycle_step", STEP_BEGIN, &step);
	if (result == 0)
		*out = (struct cycle_place){(day_t)start, (day_t)worked, step > STEP_BEGIN};
	return result;
}

int cycle_prepare(struct engine *engine, struct moment now, day_t *worked_on)
{
	struct cycle_place place;
	int64_t worked;

	int result = store_meta_get(engine->store, "worked_on", &worked);
	if (result == ERR_NOT_FOUND) {
		worked = now.day - 1;
		result = store_meta_set(engine->store, "worked_on", worked);
		if (result == 0)
			result = store_meta_set(engine->store, "start_on", now.day);
	}
	if (result < 0)
		return result;
	result = cycle_find(engine, &place);
	if (result < 0)
		return result;
	engine->start_on = engine->policy->start_on != NO_DAY ? engine->policy->start_on : place.start_on;
	if (place.has_begun && now.day <= place.worked_on) {
		/* The clock stepped back from the day that was being worked. Facts are settled meanwhile, so its steps begin again when it comes. */
		place.has_begun = false;
		engine->place_valid = false;
		result = store_meta_set(engine->store, "cycle_step", STEP_BEGIN);
	}
	if (result < 0)
		return result;
	engine->reached = place.worked_on + place.has_begun;
	*worked_on = place.worked_on;
	return 0;
}

int engine_begin_at(struct engine *engine, day_t day)
{
	int result = store_meta_set(engine->store, "worked_on", day - 1);

	return result < 0 ? result : store_meta_set(engine->store, "start_on", day);
}

day_t engine_worked_on(const struct engine *engine)
{
	int64_t worked;

	return store_meta_get(engine->store, "worked_on", &worked) == 0 ? (day_t)worked : NO_DAY;
}

/* Each step: 1 when it is finished, 0 when the budget was used up before. */
static int step_begin(struct engine *engine, day_t day)
{
	day_t common_on;

	int result = settle_common_day(engine, day, &common_on);
	if (result == 0)
		result = store_due_set_common(engine->store, common_on);
	if (result == 0)
		result = store_event_mark_departures(engine->store, day);
	if (result >= 0)
		result = staffing_begin(engine);
	return result < 0 ? result : 1;
}

static int step_facts(struct engine *engine, day_t day, int *budget)
{
	int64_t client_id, person;
	bool changed;
	int result;

	while ((result = store_due_next(engine->store, day, &client_id, &changed)) > 0 && (*budget)-- > 0) {
		if (result == DUE_NOT_YET)
			continue;
		result = settle_facts(engine, client_id, changed, day, &person);
		if (result < 0)
			return result;
	}
	int kept = result >= 0 ? store_due_keep(engine->store) : result;
	return kept < 0 ? kept : result == 0;
}

static int step_calls(struct engine *engine, day_t day, int *budget)
{
	int result = agenda_settle(engine, day, *budget);

	if (result > 0)
		*budget = 0;
	return result < 0 ? result : result == 0;
}

/* Some are read together: that one expires changes no other. */
static int step_expire(struct engine *engine, day_t day, int *budget)
{
	enum { TOGETHER = 32 };
	struct followup some[TOGETHER];
	int count;

	while ((count = store_followup_expired(engine->store, day, some, TOGETHER)) > 0)
		for (int i = 0; i < count; i++) {
			if ((*budget)-- <= 0)
				return 0;
			int result = settle_expire(engine, &some[i], day);
			if (result < 0)
				return result;
		}
	return count < 0 ? count : 1;
}

static int step_due(struct engine *engine, day_t day, int *budget)
{
	int marked = store_call_mark_due(engine->store, day, *budget);

	if (marked < 0)
		return marked;
	engine->changes += marked > 0;
	*budget -= marked;
	return *budget > 0;
}

/* Admits some that have been read together, as long as what was read of them stands: until another follow-up is written, for what one of them has preempted or taken along changes who comes
 * next, and until the next is the same client's. */
static int admit_some(struct engine *engine, int count, struct moment now, int *budget)
{
	uint64_t before = engine->others_written;
	int64_t former = 0;
	int result = 0;

	for (int i = 0; result >= 0 && i<count && * budget> 0 && engine->others_written == before; i++, (*budget)--) {
		struct admission *next = &engine->admission[i];
		if (next->followup.client_id == former)
			break;
		former = next->followup.client_id;
		store_admission_pass(&engine->place, &next->followup);
		engine->admitting = next->followup.id;
		result = admit_followup(engine, &next->followup, next->is_plain ? next : NULL, now);
		engine->admitting = 0;
	}
	return result;
}

/* The place in the order is only in memory: after a crash or a rollback the walk begins again, and finds admitted what it has admitted. */
static int step_admit(struct engine *engine, day_t day, struct moment now, int *budget)
{
	enum cap_window kind = engine->policy->cap_window;
	int count;

	if (!engine->place_valid || engine->place_rollbacks != store_rollbacks(engine->store)) {
		store_admission_start(engine->store, &engine->place);
		/* What comes in on a later day is looked at on that day. */
		if (day == now.day)
			slots_leave_out(engine, day);
		engine->place_rollbacks = store_rollbacks(engine->store);
		engine->place_valid = true;
		engine->version++;
	}
	now.day = day;
	while ((count = store_admission_next(engine->store, &engine->place, cap_window_start(kind, day), cap_window_end(kind, day),
			engine->admission, ADMISSION_ROWS)) > 0) {
		int result = admit_some(engine, count, now, budget);
		if (result < 0)
			return result;
		if (*budget <= 0)
			return 0;
	}
	if (count < 0)
		return count;
	engine->place_valid = false;
	return 1;
}

static int run_step(struct engine *engine, enum cycle_step step, day_t day, struct moment now, int *budget)
{
	switch (step) {
	case STEP_BEGIN:
		return step_begin(engine, day);
	case STEP_SAMPLE:
		return sample_work(engine, day, budget);
	case STEP_FACTS:
		return step_facts(engine, day, budget);
	case STEP_FACTS_CALLS:
	case STEP_EXPIRE_CALLS:
		return step_calls(engine, day, budget);
	case STEP_EXPIRE:
		return step_expire(engine, day, budget);
	case STEP_DUE:
		return step_due(engine, day, budget);
	case STEP_ADMIT:
		return step_admit(engine, day, now, budget);
	case STEP_END:
		break;
	}
	return ERR_INVALID;
}

int cycle_work(struct engine *engine, day_t day, struct moment now, int *budget)
{
	bool commit_first = false;
	int64_t step;

	int result = meta_or(engine, "cycle_step", STEP_BEGIN, &step);
	if (result < 0)
		return result;
	engine->reached = day;
	while (step < STEP_END) {
		result = run_step(engine, (enum cycle_step)step, day, now, budget);
		if (result < 0)
			return result;
		if (result == 0)
			break;
		step++;
		commit_first = step == STEP_ADMIT && store_ahead_gains(engine->store);
		if (commit_first)
			break;
	}
	bool complete = step == STEP_END;
	result = store_meta_set(engine->store, "cycle_step", complete ? STEP_BEGIN : step);
	if (result == 0 && complete)
		result = store_meta_set(engine->store, "worked_on", day);
	return result < 0 ? result : commit_first ? ENGINE_COMMIT_FIRST : complete;
}
