/* settle.c - cancel, expire and create: the first three steps of the day, for one client; and all four at once (POLICY 3). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/store.h"
#include "followup/store_call.h"
#include "followup/store_hold.h"
#include "followup/store_name.h"
#include "internal.h"

static day_t last_useful(const struct rule *rule, day_t due_on)
{
	return rule->late == LATE_KEEP ? due_on + rule->max_late_days : due_on;
}

/* A corrected fact moves the open follow-up; it never makes a second. */
static int follow_facts(struct engine *engine, const struct facts *facts, const struct rule *rule, struct followup *f)
{
	struct occasion now;
	int64_t reason = 0;

	int found = occasion_again(engine, facts, rule, f, &now, &reason);
	if (found < 0)
		return found;
	if (found == 0) {
		engine->counts.cancelled++;
		return followup_move(engine, f, FOLLOWUP_CANCELLED, reason, facts->day);
	}
	if (strcmp(now.key, f->occasion) != 0) {
		f->kept.known = false;
		/* Corrected back to an occasion that has had its follow-up: this one stands for nothing of its own any more. */
		enum followup_state state;
		int there = store_followup_exists(engine->store, f->client_id, f->rule, now.key, &state, &reason);
		if (there < 0)
			return there;
		if (there > 0) {
			engine->counts.cancelled++;
			return followup_move(engine, f, FOLLOWUP_CANCELLED, engine->reasons[REASON_WITHDRAWN], facts->day);
		}
	}
	bool other_manager = now.about != f->about;
	f->about = now.about;
	if (strcmp(now.key, f->occasion) == 0 && now.window.opens_on == f->opens_on && now.window.due_on == f->due_on &&
		now.priority == f->priority)
		return other_manager ? followup_save(engine, f) : 0;
	struct followup before = *f;
	memcpy(f->occasion, now.key, sizeof(f->occasion));
	/* Somebody has said that it is of use for longer than the rule does: so it stays. */
	day_t longer = f->last_on > last_useful(rule, f->due_on) ? f->last_on : NO_DAY;
	f->occasion_on = now.on;
	f->opens_on = now.window.opens_on;
	f->due_on = now.window.due_on;
	f->last_on = last_useful(rule, now.window.due_on);
	if (longer > f->last_on)
		f->last_on = longer;
	f->priority = now.priority;
	engine->counts.moved++;
	int told = decided_window(engine, &before, f);
	if (told < 0)
		return told;
	if (f->state == FOLLOWUP_QUEUED && f->opens_on - rule->early_days > facts->day)
		return followup_move(engine, f, FOLLOWUP_SCHEDULED, 0, facts->day);
	if (f->state == FOLLOWUP_SCHEDULED && f->opens_on - rule->early_days > facts->day)
		f->reason = 0; /* it waits for its day now, not for a slot */
	int result = followup_save(engine, f);
	if (result == 0 && f->state == FOLLOWUP_QUEUED)
		result = store_call_touch(engine->store, f->call_id);
	return result;
}

/* The client has become part of another person: his matters leave the former person's waiting calls. */
static int leave_stranger(struct engine *engine, const struct facts *facts, struct followup *f)
{
	struct call call;

	int result = store_call_load(engine->store, f->call_id, &call);
	if (result < 0)
		return result;
	if (call.person == facts->client.person || call.state == CALL_LEASED)
		return store_call_touch(engine->store, call.id); /* recusals may have changed */
	return followup_move(engine, f, FOLLOWUP_SCHEDULED, 0, facts->day);
}

int settle_cancel(struct engine *engine, const struct facts *facts, bool changed)
{
	struct followup_list *open = &engine->open;
	int loaded = agenda_open_of_client(engine, facts->client.id, open);

	if (loaded < 0)
		return loaded;
	for (int i = 0; i < open->count; i++) {
		struct followup *f = &open->items[i];
		const struct rule *rule = agenda_rule(engine, f);
		if (rule == NULL) {
			int result = followup_move(engine, f, FOLLOWUP_CANCELLED, engine->reasons[REASON_RULE_OFF], facts->day);
			if (result < 0)
				return result;
			continue;
		}
		int result = changed || facts->withdrawal_today ? follow_facts(engine, facts, rule, f) : 0;
		int64_t stopped_by = followup_state_is_open(f->state) ? facts_stop(engine, facts, rule, f->occasion_on, f->opens_on) : 0;
		if (result == 0 && stopped_by != 0) {
			engine->counts.cancelled++;
			result = followup_move(engine, f, FOLLOWUP_CANCELLED, stopped_by, facts->day);
		}
		if (result == 0 && changed && f->state == FOLLOWUP_QUEUED)
			result = leave_stranger(engine, facts, f);
		if (result < 0)
			return result;
	}
	return 0;
}

int settle_expire(struct engine *engine, struct followup *f, day_t day)
{
	engine->counts.expired++;
	/* Waiting for a slot when its last useful day passed: the reason it waited for is why it never came. */
	if (f->state == FOLLOWUP_SCHEDULED && f->reason != 0 && f->reason != engine->reasons[REASON_REJECTED])
		return followup_move(engine, f, FOLLOWUP_SUPPRESSED, f->reason, day);
	return followup_move(engine, f, FOLLOWUP_MISSED, engine->reasons[REASON_EXPIRED], day);
}

enum { YEARS_AHEAD_DAYS = 800 }; /* far enough to meet the next occasion of every yearly rule, lunar birthdays that skip a year included */

struct creating {
	struct engine *engine;
	const struct facts *facts;
	day_t next_on;  /* the next day on which one opens, or something known takes effect */
	day_t until;    /* what opens later than this does not matter: not before next_on, and not for years */
	bool look_only; /* find out when something matters, create nothing: CHECK */
};

/* POLICY 5, channel: whether a follow-up of the rule's own was suppressed because a channel that is open for the client now was off then: the mistake of a configuration costs nobody his call. */
static int channel_is_back(struct engine *engine, const struct facts *facts, const struct rule *rule, const char *occasion)
{
	struct followup f;
	int result = store_followup_find(engine->store, facts->client.id, engine->rules[rule - engine->policy->rules].name, occasion, &f);

	if (result <= 0)
		return result;
	for (size_t i = (size_t)f.channel_from; i < rule->channel_count; i++) {
		int channel = rule->channels[i];
		if (!channel_is_open(engine, facts, rule, channel))
			continue;
		int was_off = store_channel_was_off(engine->store, engine->channel_names[channel], f.closed_on);
		if (was_off != 0)
			return was_off;
	}
	return 0;
}

/* Rules of one family share their occasions: whether this one is taken, by the rule or by a sibling. A follow-up that ended because its rule no longer fitted, or was off, has
 * given it back; when that is the rule's own, it fits or is on again, and given_back says so. So it does when the rule's own was suppressed and its channel is back. */
static int is_taken(struct engine *engine, const struct facts *facts, const struct rule *rule, const char *occasion, bool *given_back)
{
	const struct policy *policy = engine->policy;

	*given_back = false;
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *sibling = &policy->rules[i];
		enum followup_state state;
		int64_t reason;
		bool same = sibling == rule;
		if (!same && (rule->family == NULL || sibling->family == NULL || strcmp(rule->family, sibling->family) != 0))
			continue;
		int exists = store_followup_exists(engine->store, facts->client.id, engine->rules[i].name, occasion, &state, &reason);
		if (exists < 0)
			return exists;
		if (exists == 0)
			continue;
		if (same && state == FOLLOWUP_SUPPRESSED && reason == engine->reasons[REASON_NO_CHANNEL]) {
			int back = channel_is_back(engine, facts, rule, occasion);
			if (back <= 0)
				return back < 0 ? back : 1;
		} else if (state != FOLLOWUP_CANCELLED ||
			   (reason != engine->reasons[REASON_NOT_APPLICABLE] && reason != engine->reasons[REASON_RULE_OFF]))
			return 1;
		*given_back = *given_back || same;
	}
	return 0;
}

/* The rule fits, or is on, again: its follow-up comes back, with the window that its occasion has now. */
static int bring_back(struct engine *engine, const struct followup *wanted)
{
	struct followup f, before;
	int result = store_followup_find(engine->store, wanted->client_id, wanted->rule, wanted->occasion, &f);

	if (result <= 0)
		return result < 0 ? result : ERR_NOT_FOUND;
	before = f;
	f.occasion_on = wanted->occasion_on;
	f.opens_on = wanted->opens_on;
	f.due_on = wanted->due_on;
	f.last_on = wanted->last_on;
	f.priority = wanted->priority;
	f.about = wanted->about;
	if (f.opens_on != before.opens_on || f.due_on != before.due_on || f.priority != before.priority) {
		result = decided_window(engine, &before, &f);
		if (result < 0)
			return result;
	}
	return followup_move(engine, &f, FOLLOWUP_SCHEDULED, 0, wanted->created_on);
}

static void next_is(struct creating *creating, day_t day)
{
	if (day >= creating->next_on)
		return;
	creating->next_on = day;
	/* Today is looked at whole, whatever comes. */
	if (day - 1 < creating->until)
		creating->until = day - 1 > creating->facts->day ? day - 1 : creating->facts->day;
}

/* It is there now; what that means besides. */
static int created(struct engine *engine, const struct rule *rule, const struct followup *f)
{
	engine->counts.created++;
	int result = sample_note(engine, f);
	if (result == 0)
		result = decided(engine, f, RECORD_CREATED);
	return result == 0 && rule->trigger == TRIGGER_PROMISE ? promise_followed(engine, f) : result;
}

/* On the day it opens an occasion hardly ever has its follow-up by now, so it is written down without asking first: 1, or 0 where there is one after all, or where more than that has to be
 * known. */
static int create_first(struct engine *engine, const struct facts *facts, const struct rule *rule, day_t from, struct followup *f)
{
	const struct rule_index *index = &engine->rules[rule - engine->policy->rules];

	if (from != facts->day || f->state != FOLLOWUP_SCHEDULED || index->has_siblings || rule->trigger == TRIGGER_MANAGER_DEPARTED)
		return 0;
	int result = store_followup_insert_first(engine->store, f, index->sibling);
	if (result > 0) {
		int told = created(engine, rule, f);
		return told < 0 ? told : 1;
	}
	return result;
}

static int create_one(void *context, const struct rule *rule, const struct occasion *occasion)
{
	struct creating *creating = context;
	struct engine *engine = creating->engine;
	const struct facts *facts = creating->facts;
	day_t from = occasion->window.opens_on - rule->early_days;

	if (from > facts->day) {
		next_is(creating, from);
		return 0;
	}
	if (rule->stops_on_account_closed) {
		day_t since = facts->reopened_on > facts->opened_on ? facts->reopened_on : facts->opened_on;
		if (!facts->account_open || occasion->window.due_on < since)
			return 0;
	}
	struct followup f = {
		.client_id = facts->client.id,
		.rule = engine->rules[rule - engine->policy->rules].name,
		.occasion_on = occasion->on,
		.opens_on = occasion->window.opens_on,
		.due_on = occasion->window.due_on,
		.last_on = last_useful(rule, occasion->window.due_on),
		.priority = occasion->priority,
		.state = FOLLOWUP_SCHEDULED,
		.created_on = facts->day,
		.closed_on = NO_DAY,
	};
	bool too_late = f.last_on < facts->day; /* never under late = drop: each_occasion() does not look there */
	bool given_back;
	memcpy(f.occasion, occasion->key, sizeof(f.occasion));
	memcpy(f.client_ref, facts->client.ref, sizeof(f.client_ref));
	if (too_late) {
		f.state = FOLLOWUP_MISSED;
		f.reason = engine->reasons[REASON_LATE_FACT];
		f.closed_on = facts->day;
	}
	int made = creating->look_only ? 0 : create_first(engine, facts, rule, from, &f);
	int taken = made == 0 ? is_taken(engine, facts, rule, occasion->key, &given_back) : 0;
	if (made < 0 || taken != 0 || (made == 0 && given_back && too_late))
		return made < 0 ? made : taken < 0 ? taken : 0;
	if (creating->look_only) {
		next_is(creating, facts->day); /* it should be there by now */
		return 0;
	}
	/* Stopped by something known already: the next cancel step says so, for that comes before create. */
	if (f.state == FOLLOWUP_SCHEDULED && facts_stop(engine, facts, rule, f.occasion_on, f.opens_on) != 0)
		next_is(creating, facts->day + 1);
	if (made > 0)
		return 0;
	if (rule->trigger == TRIGGER_MANAGER_DEPARTED) {
		f.about = store_name_id(engine->store, facts->client.manager);
		if (f.about < 0)
			return (int)f.about;
	}
	if (given_back)
		return bring_back(engine, &f);
	int result = store_followup_insert(engine->store, &f);
	if (result == 0)
		result = created(engine, rule, &f);
	return result == 0 && too_late ? decided(engine, &f, RECORD_MISSED) : result;
}

static int each_occasion(struct engine *engine, const struct facts *facts, bool look_only, day_t *next_on)
{
	struct creating creating = {engine, facts, INT32_MAX, facts->day + YEARS_AHEAD_DAYS, look_only};

	next_is(&creating, facts->next_fact_on);

	for (size_t r = 0; facts->client.known && r < engine->policy->rule_count; r++) {
		const struct rule *rule = &engine->policy->rules[r];
		if (!rule_fits(rule, facts))
			continue;
		/* What is over and would be dropped need not be looked at. */
		day_t due_from = rule->late == LATE_DROP && engine->start_on < facts->day ? facts->day : engine->start_on;
		int result = occasion_each(engine, facts, rule, due_from, &creating.until, create_one, &creating);
		if (result < 0)
			return result;
	}
	*next_on = creating.next_on;
	return 0;
}

int settle_create(struct engine *engine, const struct facts *facts, day_t *next_on)
{
	return each_occasion(engine, facts, false, next_on);
}

int settle_look(struct engine *engine, const struct facts *facts, day_t *next_on)
{
	return each_occasion(engine, facts, true, next_on);
}

struct opening {
	day_t after, first;
};

static int note_opening(void *context, const struct rule *rule, const struct occasion *occasion)
{
	struct opening *opening = context;
	day_t from = occasion->window.opens_on - rule->early_days;

	if (from > opening->after && from < opening->first)
		opening->first = from;
	return 0;
}

int settle_common_day(struct engine *engine, day_t day, day_t *next_on)
{
	const struct facts anybody = {.day = day, .tier = TIER_UNKNOWN, .opened_on = NO_DAY};
	struct opening opening = {day, INT32_MAX};
	day_t until = day + YEARS_AHEAD_DAYS;

	for (size_t r = 0; r < engine->policy->rule_count; r++) {
		const struct rule *rule = &engine->policy->rules[r];
		bool of_all = rule->trigger == TRIGGER_FESTIVAL || rule->trigger == TRIGGER_YEARLY;
		if (!of_all || rule->condition != NULL || !rule_fits(rule, &anybody))
			continue;
		int result = occasion_each(engine, &anybody, rule, day, &until, note_opening, &opening);
		if (result < 0)
			return result;
	}
	*next_on = opening.first;
	return 0;
}

int settle_facts(struct engine *engine, int64_t client_id, bool changed, day_t day, int64_t *person)
{
	day_t next_on;

	engine->version++;
	slots_forget(engine, client_id);
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

int settle_client(struct engine *engine, int64_t client_id, bool changed, struct moment now)
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
