/* admit.c - the fourth step: a follow-up joins the call that its person already has, takes a slot for a new one, or waits (POLICY 5). */
#include <stdlib.h>
#include <string.h>

#include "followup/store_call.h"
#include "followup/store_hold.h"
#include "followup/store_task.h"
#include "internal.h"

enum { PERSON_CALLS_MAX = 64 };

static int join(struct engine *engine, struct followup *f, const struct call *call, day_t day)
{
	f->call_id = call->id;
	f->channel = call->channel;
	f->queue = call->queue;
	f->state = FOLLOWUP_QUEUED;
	f->reason = 0;
	engine->counts.admitted++;
	int result = store_followup_save(engine->store, f);
	if (result < 0)
		return result;
	struct call joined = *call;
	return call_work_out(engine, &joined, day);
}

/* The call of the person on that channel that a follow-up may join: waiting, or a phone call that an agent holds (TOUCH and DONE tell him). A message being sent is
 * closed to additions. */
static const struct call *call_to_join(const struct call *calls, int count, int64_t channel)
{
	for (int i = 0; i < count; i++)
		if (calls[i].channel == channel && !(calls[i].bulk && calls[i].state >= CALL_LEASED))
			return &calls[i];
	return NULL;
}

/* POLICY 5: a duty that must wait raises an alarm to the supervisors at once, once. */
static int raise_alarm(struct engine *engine, const struct followup *f, struct moment now)
{
	struct task task = {.kind = "duty-waits",
		.queue = "supervisors",
		.client_id = f->client_id,
		.followup_id = f->id,
		.at = now.unix_seconds,
		.agent = ""};

	engine->counts.alarms++;
	return store_task_insert(engine->store, &task);
}

static int wait_for_slot(struct engine *engine, struct followup *f, const struct rule *rule, enum reason why, struct moment now)
{
	engine->counts.deferred++;
	if (f->reason != 0)
		return 0; /* keeps its reason until admitted */
	f->reason = engine->reasons[why];
	int result = store_followup_save(engine->store, f);
	return result == 0 && rule->duty && (why == REASON_CAP || why == REASON_GAP) ? raise_alarm(engine, f, now) : result;
}

static int suppress(struct engine *engine, struct followup *f, enum reason why, day_t day)
{
	engine->counts.suppressed++;
	return followup_move(engine, f, FOLLOWUP_SUPPRESSED, engine->reasons[why], day);
}

/* Largest priority number first, then the latest due day, then the newest. */
static int compare_victims(const void *a, const void *b)
{
	const struct call *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority > y->priority ? -1 : 1;
	if (x->due_on != y->due_on)
		return x->due_on > y->due_on ? -1 : 1;
	return x->id > y->id ? -1 : x->id < y->id;
}

/* All items of a call go back to wait, with the reason; the call ends. */
int call_dissolve(struct engine *engine, const struct call *call, enum reason why, day_t day)
{
	struct followup_list agenda = {NULL, 0, 0};

	int result = agenda_load(engine, call->id, &agenda);
	for (int i = 0; result == 0 && i < agenda.count; i++)
		result = followup_move(engine, &agenda.items[i], FOLLOWUP_SCHEDULED, engine->reasons[why], day);
	followup_list_free(&agenda);
	if (result == 0)
		result = store_call_delete(engine->store, call->id);
	return result;
}

/* POLICY 5: makes room for a follow-up, or says that there is none. Waiting, unleased calls that hold only follow-ups of larger number give way, as few as make room and
 * none if even all would not. 1: there is room now, 0: there is not. */
static int make_room(struct engine *engine, const struct followup *f, int64_t person, const struct call *calls, int count, day_t day)
{
	const struct policy *policy = engine->policy;
	struct call victims[PERSON_CALLS_MAX];
	int found = 0;

	int used = slots_used(engine, person, calls, count, day);
	if (used < 0)
		return used;
	for (int i = 0; i < count; i++)
		if (calls[i].state < CALL_LEASED && calls[i].class != CALL_FREE && calls[i].priority > f->priority)
			victims[found++] = calls[i];
	bool greeting = f->priority >= policy->greeting_priority;
	int missing = used + 1 + (greeting ? policy->reserve : 0) - policy->cap;
	if (missing > found)
		return 0; /* whatever the days ahead need on top */
	if (greeting) {
		int ahead = slots_foresight(engine, person, day, f->priority);
		if (ahead < 0)
			return ahead;
		missing += ahead;
	}
	if (missing > found)
		return 0;
	qsort(victims, (size_t)found, sizeof(victims[0]), compare_victims);
	for (int i = 0; i < missing; i++) {
		int result = call_dissolve(engine, &victims[i], REASON_PREEMPTED, day);
		if (result < 0)
			return result;
		engine->counts.preempted++;
	}
	return 1;
}

static bool too_soon(struct engine *engine, const struct followup *f, day_t day, int *error)
{
	day_t last;

	*error = 0;
	if (engine->policy->min_gap_days == 0)
		return false;
	*error = store_contact_last_of_client(engine->store, f->client_id, day, &last);
	return *error == 0 && last != NO_DAY && day - last < engine->policy->min_gap_days;
}

static int open_call(struct engine *engine, struct followup *f, int64_t person, int channel, struct moment now, int64_t *call_id)
{
	struct call call = {
		.person = person,
		.channel = engine->channel_names[channel],
		.bulk = engine->policy->channels[channel].kind == CHANNEL_BULK,
		.queue = engine->channel_names[channel], /* worked out by join() */
		.lane = 1,
		.due_now = f->due_on <= now.day,
		.priority = f->priority,
		.due_on = f->due_on,
		.state = CALL_READY,
		.queued_at = now.unix_seconds,
	};

	int result = store_call_insert(engine->store, &call);
	if (result < 0)
		return result;
	engine->changes++;
	*call_id = call.id;
	return join(engine, f, &call, now.day);
}

/* When a person gets a new call, those of his follow-ups that wait for a slot on its channel join it at once. */
static int join_waiting(struct engine *engine, int64_t person, int64_t call_id, struct moment now)
{
	struct followup *waiting = engine->waiting;
	struct call call;

	int count = store_followup_scheduled_of_person(engine->store, person, waiting, PERSON_SCHEDULED_MAX);
	for (int i = 0; i < count && i < PERSON_SCHEDULED_MAX; i++) {
		const struct rule *rule = agenda_rule(engine, &waiting[i]);
		enum reason why;
		if (waiting[i].reason == 0 || waiting[i].reason == engine->reasons[REASON_PAUSED] || rule == NULL || !rule->on ||
			waiting[i].opens_on - rule->early_days > now.day)
			continue;
		int result = facts_load_client(engine, waiting[i].client_id, now.day, engine->other_facts);
		if (result == 0)
			result = store_call_load(engine->store, call_id, &call);
		if (result < 0)
			return result;
		int channel = engine->other_facts->client.number_is_wrong
				      ? -1
				      : channel_pick(engine, engine->other_facts, rule, waiting[i].channel_from, &why);
		if (channel < 0 || engine->channel_names[channel] != call.channel)
			continue;
		result = join(engine, &waiting[i], &call, now.day);
		if (result < 0)
			return result;
	}
	return count < 0 ? count : 0;
}

int admit_followup(struct engine *engine, struct followup *f, struct moment now)
{
	const struct rule *rule = agenda_rule(engine, f);
	struct call calls[PERSON_CALLS_MAX];
	day_t day = now.day;
	enum reason why;
	int error = 0;

	if (rule == NULL || !rule->on)
		return followup_move(engine, f, FOLLOWUP_CANCELLED, engine->reasons[REASON_RULE_OFF], day);
	if (f->opens_on - rule->early_days > day)
		return 0;
	int paused = store_pause_holds(engine->store, PAUSE_RULE, f->rule, now.unix_seconds, NULL);
	if (paused != 0)
		return paused < 0 ? paused : wait_for_slot(engine, f, rule, REASON_PAUSED, now);
	int result = facts_load_client(engine, f->client_id, day, engine->other_facts);
	if (result < 0)
		return result;
	int64_t person = engine->other_facts->client.person;
	if (engine->other_facts->client.number_is_wrong)
		return wait_for_slot(engine, f, rule, REASON_WRONG_NUMBER, now);
	int channel = channel_pick(engine, engine->other_facts, rule, f->channel_from, &why);
	bool open = f->opens_on <= day;
	if (channel < 0)
		return open ? suppress(engine, f, why, day) : 0;
	int count = store_call_of_person(engine->store, person, calls, PERSON_CALLS_MAX);
	if (count < 0)
		return count;
	if (count > PERSON_CALLS_MAX)
		count = PERSON_CALLS_MAX;
	const struct call *there = call_to_join(calls, count, engine->channel_names[channel]);
	if (there != NULL)
		return join(engine, f, there, day);
	if (!open)
		return 0; /* early: it may join, but asks for no slot of its own yet */
	bool asks = rule->class == CLASS_COUNTED && !f->overridden;
	if (asks && engine->policy->cap != NO_LIMIT) {
		int room = make_room(engine, f, person, calls, count, day);
		if (room < 0)
			return room;
		if (room == 0)
			return wait_for_slot(engine, f, rule, REASON_CAP, now);
	}
	if (asks && too_soon(engine, f, day, &error))
		return wait_for_slot(engine, f, rule, REASON_GAP, now);
	if (error < 0)
		return error;
	int64_t call_id;
	result = open_call(engine, f, person, channel, now, &call_id);
	return result < 0 ? result : join_waiting(engine, person, call_id, now);
}

int admit_person(struct engine *engine, int64_t person, struct moment now)
{
	struct followup *scheduled = engine->scheduled;
	int count = store_followup_scheduled_of_person(engine->store, person, scheduled, PERSON_SCHEDULED_MAX);

	for (int i = 0; i < count && i < PERSON_SCHEDULED_MAX; i++) {
		struct followup f;
		/* An earlier one may have taken this one along. */
		int result = store_followup_load(engine->store, scheduled[i].id, &f);
		if (result >= 0 && f.state == FOLLOWUP_SCHEDULED)
			result = admit_followup(engine, &f, now);
		if (result < 0)
			return result;
	}
	return count < 0 ? count : 0;
}
