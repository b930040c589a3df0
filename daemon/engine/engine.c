/* engine.c - the day cycle in slices, and clients settled as their facts arrive (POLICY 3). */
#include "followup/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/marking.h"
#include "followup/store.h"
#include "followup/store_call.h"
#include "followup/store_condition.h"
#include "followup/store_hold.h"
#include "followup/store_name.h"
#include "internal.h"

/* Where the cycle of a day stands, kept in the store, so that a crash goes on from the step it was in; within a step the work is found from state. */
enum cycle_step { STEP_BEGIN, STEP_SAMPLE, STEP_FACTS, STEP_FACTS_CALLS, STEP_EXPIRE, STEP_EXPIRE_CALLS, STEP_DUE, STEP_ADMIT, STEP_END };

static const char *const reason_names[REASON_COUNT] = {
	[REASON_NONE] = "",
	[REASON_CAP] = "cap",
	[REASON_PREEMPTED] = "preempted",
	[REASON_GAP] = "min-gap",
	[REASON_NO_CHANNEL] = "no-channel",
	[REASON_DO_NOT_CONTACT] = "do-not-contact",
	[REASON_EXPIRED] = "expired",
	[REASON_LATE_FACT] = "late-fact",
	[REASON_NOT_APPLICABLE] = "not-applicable",
	[REASON_WITHDRAWN] = "withdrawn",
	[REASON_RULE_OFF] = "rule-off",
	[REASON_UNREACHABLE] = "unreachable",
	[REASON_RENEWED] = "renewed",
	[REASON_CONTACT] = "contact",
	[REASON_PAUSED] = "paused",
	[REASON_WRONG_NUMBER] = "wrong-number",
	[REASON_REJECTED] = "rejected",
	[REASON_CORRECTED] = "corrected",
	[REASON_ERASED] = "erased",
};

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

static int name_number(struct engine *engine, const char *name, int64_t *out)
{
	int64_t id = store_name_id(engine->store, name);

	if (id < 0)
		return (int)id;
	*out = id;
	return 0;
}

static int index_rule(struct engine *engine, const struct rule *rule, struct rule_index *index)
{
	int result = name_number(engine, rule->name, &index->name);

	for (size_t i = 0; result == 0 && i < rule->events.count && i < RULE_KINDS_MAX; i++) {
		result = name_number(engine, rule->events.items[i], &index->kinds[i]);
		index->kind_count = i + 1;
	}
	for (size_t i = 0; result == 0 && i < rule->stops_on.count && i < RULE_KINDS_MAX; i++) {
		result = name_number(engine, rule->stops_on.items[i], &index->stops[i]);
		index->stop_count = i + 1;
	}
	return result;
}

static int index_policy(struct engine *engine)
{
	const struct policy *policy = engine->policy;
	int result = 0;

	for (size_t i = 0; result == 0 && i < policy->rule_count; i++)
		result = index_rule(engine, &policy->rules[i], &engine->rules[i]);
	for (size_t i = 0; result == 0 && i < policy->channel_count; i++)
		result = name_number(engine, policy->channels[i].name, &engine->channel_names[i]);
	for (int i = 1; result == 0 && i < REASON_COUNT; i++)
		result = name_number(engine, reason_names[i], &engine->reasons[i]);
	if (result == 0)
		result = name_number(engine, "account_opened", &engine->kind_opened);
	if (result == 0)
		result = name_number(engine, "account_closed", &engine->kind_closed);
	if (result == 0)
		result = name_number(engine, "account_reopened", &engine->kind_reopened);
	engine->kind_trade = store_event_kind_trade();
	engine->asks_contacts = false;
	for (size_t i = 0; i < policy->rule_count; i++)
		engine->asks_contacts =
			engine->asks_contacts ||
			(policy->rules[i].on && (policy->rules[i].trigger == TRIGGER_CADENCE || policy->rules[i].stops_on_contact));
	return result;
}

static int meta_or(struct engine *engine, const char *key, int64_t otherwise, int64_t *value)
{
	int result = store_meta_get(engine->store, key, value);

	if (result == ERR_NOT_FOUND) {
		*value = otherwise;
		return 0;
	}
	return result;
}

/* Which channels are off from when: what is suppressed for want of one comes back with it. A day that was missed is worked with today's channels. */
static int note_channels(struct engine *engine, day_t day)
{
	day_t worked_on = engine_worked_on(engine);
	int result = 0;

	for (size_t i = 0; result == 0 && i < engine->policy->channel_count; i++) {
		bool on = engine->policy->channels[i].on;
		day_t from = !on && worked_on != NO_DAY && worked_on < day ? worked_on + 1 : day;
		result = store_channel_note(engine->store, engine->channel_names[i], on, from);
	}
	return result;
}

static int note_new_policy(struct engine *engine, int64_t at)
{
	int64_t kept = 0, digest = policy_digest(engine->policy);
	int result = store_meta_get(engine->store, "policy_digest", &kept);

	if (result == 0 && kept == digest)
		return 0;
	if (result < 0 && result != ERR_NOT_FOUND)
		return result;
	char body[96];
	snprintf(
		body, sizeof(body), "{\"rules\":\"%016llx\",\"before\":\"%016llx\"}", (unsigned long long)digest, (unsigned long long)kept);
	int64_t entry = store_record_add(engine->store, &(struct record_entry){.kind = RECORD_RULES_CHANGED, .body = body});
	/* Everything open is looked at again. */
	result = entry < 0 ? (int)entry : note_channels(engine, zone_moment(at).day);
	if (result == 0)
		result = marking_begin(engine, MARKING_ALL, "", (struct moment){0});
	return result < 0 ? result : store_meta_set(engine->store, "policy_digest", digest);
}

/* keep: written down at that moment, and everything open is looked at again; otherwise the store is only read. */
static int take_policy(struct engine *engine, const struct policy *policy, bool keep, int64_t at)
{
	const struct policy *former = engine->policy;
	struct rule_index *former_rules = engine->rules, *rules = calloc(policy->rule_count + 1, sizeof(*rules));
	struct festival_year *former_festivals = engine->festivals, *festivals = festival_table(policy);
	int64_t former_channels[POLICY_CHANNELS_MAX], former_reasons[REASON_COUNT];
	bool former_asks = engine->asks_contacts;

	memcpy(former_channels, engine->channel_names, sizeof(former_channels));
	memcpy(former_reasons, engine->reasons, sizeof(former_reasons));
	engine->version++;
	engine->policy_version++;
	engine->place_valid = false;
	/* Its own transaction: the names' numbers are kept in memory and must not be rolled back with something else. */
	int result = rules == NULL || festivals == NULL ? ERR_MEMORY : keep ? store_begin(engine->store, at) : 0;
	if (result == 0) {
		engine->policy = policy;
		engine->rules = rules;
		engine->festivals = festivals;
		result = index_policy(engine);
		if (result == 0 && keep)
			result = note_new_policy(engine, at);
		if (result == 0 && keep)
			result = store_commit(engine->store);
		else if (keep)
			store_rollback(engine->store);
	}
	if (result < 0) { /* as it was */
		engine->policy = former;
		engine->rules = former_rules;
		engine->festivals = former_festivals;
		memcpy(engine->channel_names, former_channels, sizeof(former_channels));
		memcpy(engine->reasons, former_reasons, sizeof(former_reasons));
		engine->asks_contacts = former_asks;
		free(rules);
		free(festivals);
		return result;
	}
	store_condition_forget(engine->store); /* those of the former policy go with it */
	free(former_rules);
	free(former_festivals);
	return 0;
}

/* Where the book stands is read first: once the policy is in force nothing may fail, since the caller frees it then. */
static int take_policy_and_days(struct engine *engine, const struct policy *policy, bool keep, int64_t at)
{
	int64_t start = 0, worked = 0, step = STEP_BEGIN;

	int result = meta_or(engine, "start_on", 0, &start);
	if (result == 0)
		result = meta_or(engine, "worked_on", 0, &worked);
	if (result == 0)
		result = meta_or(engine, "cycle_step", STEP_BEGIN, &step);
	if (result == 0)
		result = take_policy(engine, policy, keep, at);
	if (result < 0)
		return result;
	engine->start_on = policy->start_on != NO_DAY ? policy->start_on : (day_t)start;
	engine->reached = (day_t)worked + (keep && step > STEP_BEGIN);
	return 0;
}

int engine_set_policy(struct engine *engine, const struct policy *policy, int64_t at)
{
	return take_policy_and_days(engine, policy, true, at);
}

bool engine_same_rules(const struct policy *one, const struct policy *other)
{
	return policy_digest(one) == policy_digest(other);
}

int engine_read_with(struct engine *engine, const struct policy *policy)
{
	return take_policy_and_days(engine, policy, false, 0);
}

/* First start: the days before today are nobody's promise (POLICY 3, start_on). */
static int prepare_days(struct engine *engine, struct moment now, day_t *worked_on)
{
	int64_t worked, start;

	int result = store_meta_get(engine->store, "worked_on", &worked);
	if (result == ERR_NOT_FOUND) {
		worked = now.day - 1;
		result = store_meta_set(engine->store, "worked_on", worked);
		if (result == 0)
			result = store_meta_set(engine->store, "start_on", now.day);
	}
	if (result < 0)
		return result;
	result = meta_or(engine, "start_on", now.day, &start);
	if (result < 0)
		return result;
	engine->start_on = engine->policy->start_on != NO_DAY ? engine->policy->start_on : (day_t)start;
	int64_t step;
	result = meta_or(engine, "cycle_step", STEP_BEGIN, &step);
	if (result == 0 && step > STEP_BEGIN && now.day <= worked) {
		/* The clock stepped back from the day that was being worked. Facts are settled meanwhile, so its steps begin again when it comes. */
		step = STEP_BEGIN;
		engine->place_valid = false;
		result = store_meta_set(engine->store, "cycle_step", step);
	}
	if (result < 0)
		return result;
	engine->reached = (day_t)worked + (step > STEP_BEGIN);
	*worked_on = (day_t)worked;
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

bool engine_is_idle(struct engine *engine, struct moment now)
{
	struct marking marking;
	int64_t client_id;
	bool changed;

	return engine_worked_on(engine) >= now.day && store_marking_next(engine->store, &marking) == 0 &&
	       store_due_next(engine->store, now.day, &client_id, &changed) == 0;
}

/* Steps 1 and 3 for one client whose day has come. Expiry walks its own index; nothing it does depends on what is created on the same day. */
static int settle_facts(struct engine *engine, int64_t client_id, bool changed, day_t day, int64_t *person)
{
	day_t next_on;

	engine->version++;
	int result = facts_load(engine, client_id, day, engine->facts);
	if (result == 0)
		result = settle_cancel(engine, engine->facts, changed);
	if (result == 0)
		result = settle_create(engine, engine->facts, &next_on);
	if (result == 0)
		result = store_due_set(engine->store, client_id, next_on);
	*person = engine->facts->client.person;
	return result;
}

static int expire_client(struct engine *engine, int64_t client_id, day_t day)
{
	struct followup_list *open = &engine->open;
	int result = agenda_open_of_client(engine, client_id, open);

	for (int i = 0; result == 0 && i < open->count; i++)
		if (open->items[i].last_on < day)
			result = settle_expire(engine, &open->items[i], day);
	return result;
}

/* A rule that a supervisor has paused: its follow-ups leave the calls they wait on, client by client, so that NEXT need not take them off one after the other.
 * Reads the list that settle_cancel() has left. */
static int hold_paused(struct engine *engine, struct moment now)
{
	int result = 0;

	for (int i = 0; result == 0 && i < engine->open.count; i++) {
		struct followup *f = &engine->open.items[i];
		struct call call;
		if (f->state != FOLLOWUP_QUEUED)
			continue;
		result = store_pause_holds(engine->store, PAUSE_RULE, f->rule, now.unix_seconds, NULL);
		if (result <= 0)
			continue;
		result = store_call_load(engine->store, f->call_id, &call);
		if (result == 0 && call.state < CALL_LEASED)
			result = followup_move(engine, f, FOLLOWUP_SCHEDULED, engine->reasons[REASON_PAUSED], now.day);
	}
	return result;
}

/* The four steps for one client at once (POLICY 3). */
static int settle_client(struct engine *engine, int64_t client_id, bool changed, struct moment now)
{
	int64_t person;

	int result = settle_facts(engine, client_id, changed, now.day, &person);
	if (result == 0)
		result = hold_paused(engine, now);
	if (result == 0)
		result = agenda_settle(engine, now.day, INT32_MAX);
	if (result == 0)
		result = expire_client(engine, client_id, now.day);
	if (result == 0)
		result = agenda_settle(engine, now.day, INT32_MAX);
	if (result == 0)
		result = admit_person(engine, person, now);
	return result;
}

/* Those whose next day is not after until. */
static int settle_some(struct engine *engine, struct moment now, day_t until, int budget)
{
	int64_t client_id;
	bool changed;
	int result;

	while ((result = store_due_next(engine->store, until, &client_id, &changed)) > 0) {
		if (budget-- <= 0)
			return 1;
		result = settle_client(engine, client_id, changed, now);
		if (result < 0)
			return result;
	}
	return result;
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

	int result = prepare_days(engine, now, &worked_on);
	if (result < 0)
		return result;
	if (worked_on < now.day)
		return 1; /* the cycle of the day comes first and finds them */
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

	int result = prepare_days(engine, now, &worked_on);
	if (result < 0)
		return result;
	return worked_on < now.day ? 1 : settle_some(engine, not_before(now, worked_on), LOOK_AT_ONCE, budget);
}

/* Each step of the cycle: 1 when it is finished, 0 when the budget was used up before. */
static int step_facts(struct engine *engine, day_t day, int *budget)
{
	int64_t client_id, person;
	bool changed;
	int result;

	while ((result = store_due_next(engine->store, day, &client_id, &changed)) > 0) {
		if ((*budget)-- <= 0)
			return 0;
		result = settle_facts(engine, client_id, changed, day, &person);
		if (result < 0)
			return result;
	}
	return result < 0 ? result : 1;
}

static int step_calls(struct engine *engine, day_t day, int *budget)
{
	int result = agenda_settle(engine, day, *budget);

	if (result > 0)
		*budget = 0;
	return result < 0 ? result : result == 0;
}

static int step_expire(struct engine *engine, day_t day, int *budget)
{
	struct followup f;
	int result;

	while ((result = store_followup_expired(engine->store, day, &f)) > 0) {
		if ((*budget)-- <= 0)
			return 0;
		result = settle_expire(engine, &f, day);
		if (result < 0)
			return result;
	}
	return result < 0 ? result : 1;
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

/* Admits some that have been read together, as long as no other follow-up was written: what one of them has preempted or taken along changes who comes next. */
static int admit_some(struct engine *engine, int count, struct moment now, int *budget)
{
	uint64_t before = engine->others_written;
	int result = 0;

	for (int i = 0; result >= 0 && i<count && * budget> 0 && engine->others_written == before; i++, (*budget)--) {
		store_admission_pass(&engine->place, &engine->admission[i]);
		engine->admitting = engine->admission[i].id;
		result = admit_followup(engine, &engine->admission[i], now);
		engine->admitting = 0;
	}
	return result;
}

/* The place in the order is only in memory: after a crash or a rollback the walk begins again, and finds admitted what it has admitted. */
static int step_admit(struct engine *engine, day_t day, struct moment now, int *budget)
{
	int count;

	if (!engine->place_valid || engine->place_rollbacks != store_rollbacks(engine->store)) {
		store_admission_start(&engine->place);
		engine->place_rollbacks = store_rollbacks(engine->store);
		engine->place_valid = true;
		engine->version++;
	}
	now.day = day;
	while ((count = store_admission_next(engine->store, &engine->place, engine->admission, ADMISSION_ROWS)) > 0) {
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
	case STEP_BEGIN: {
		int marked = store_event_mark_departures(engine->store, day);
		int begun = marked < 0 ? marked : staffing_begin(engine);
		return begun < 0 ? begun : 1;
	}
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

/* 1: the day is complete, 0: the budget was used up. */
static int work_day(struct engine *engine, day_t day, struct moment now, int *budget)
{
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
	}
	bool complete = step == STEP_END;
	result = store_meta_set(engine->store, "cycle_step", complete ? STEP_BEGIN : step);
	if (result == 0 && complete)
		result = store_meta_set(engine->store, "worked_on", day);
	return result < 0 ? result : complete;
}

int engine_work(struct engine *engine, struct moment now, int budget)
{
	day_t worked_on;

	int result = prepare_days(engine, now, &worked_on);
	if (result == 0)
		result = marking_work(engine, not_before(now, worked_on).day, &budget);
	if (result <= 0)
		return result < 0 ? result : 1;
	while (worked_on < now.day) {
		result = work_day(engine, worked_on + 1, now, &budget);
		if (result < 0)
			return result;
		if (result == 0)
			return 1;
		worked_on++;
		if (budget <= 0)
			return 1;
	}
	result = settle_all(engine, now, worked_on, budget);
	if (result == 0)
		result = staffing_work(engine, budget);
	return result == 0 ? engine_tidy_record(engine, now, budget) : result;
}
