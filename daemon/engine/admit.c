/* admit.c - the fourth step: a follow-up joins the call that its person already has, takes a slot for a new one, or waits (POLICY 5). */
#include <stdlib.h>
#include <string.h>

#include "followup/store_agent.h"
#include "followup/store_call.h"
#include "followup/store_hold.h"
#include "followup/store_task.h"
#include "internal.h"

/* On the call, which is worked out afterwards. */
static int put_on(struct engine *engine, struct followup *f, const struct call *call)
{
	f->call_id = call->id;
	f->channel = call->channel;
	f->queue = call->queue;
	f->state = FOLLOWUP_QUEUED;
	f->reason = 0;
	engine->counts.admitted++;
	int result = followup_save(engine, f);
	return result < 0 ? result : decided(engine, f, RECORD_QUEUED);
}

/* begins: the call has nothing else on it. */
static int join(struct engine *engine, struct followup *f, const struct rule *rule, const struct call *call, bool begins, struct moment now)
{
	struct call joined = *call;

	int result = put_on(engine, f, call);
	if (result == 0)
		result = begins ? call_work_out_new(engine, &joined, f, now.day) : call_work_out(engine, &joined, now.day);
	return result == 0 && rule->trigger == TRIGGER_PROMISE ? promise_appoint(engine, f, now) : result;
}

struct sought {
	const char *name;
	bool found;
};

static void seek_name(void *context, const char *name)
{
	struct sought *sought = context;

	sought->found = sought->found || strcmp(name, sought->name) == 0;
}

int agent_is_recused(struct engine *engine, const struct client *client, const struct rule *rule, const struct agent *agent)
{
	if ((rule->recuse & RECUSE_INTRODUCER) != 0 && strcmp(client->introducer, agent->name) == 0)
		return 1;
	struct sought sought = {agent->name, false};
	int result = (rule->recuse & RECUSE_MANAGER) != 0 ? manager_each(engine, client->manager, seek_name, &sought) : 0;
	if (result < 0 || sought.found)
		return result < 0 ? result : 1;
	for (size_t i = 0; i < rule->exclude_roles.count; i++)
		if (agent_has_label(agent, rule->exclude_roles.items[i]))
			return 1;
	return 0;
}

int agenda_is_close(struct engine *engine, int64_t client_id, const struct agent *agent)
{
	static const struct rule close = {.recuse = RECUSE_INTRODUCER | RECUSE_MANAGER};
	struct client client;
	int result = store_client_load(engine->store, client_id, &client);

	return result < 0 ? result : agent_is_recused(engine, &client, &close, agent);
}

/* The same for the agent who holds a call. 1 or 0. */
static int is_recused(struct engine *engine, const struct client *client, const struct rule *rule, int64_t agent_id)
{
	struct agent agent;

	if (rule->recuse == 0 && rule->exclude_roles.count == 0)
		return 0;
	int result = store_agent_load(engine->store, agent_id, &agent);
	return result <= 0 ? result : agent_is_recused(engine, client, rule, &agent);
}

int agenda_is_recused(struct engine *engine, const struct followup *followup, int64_t agent_id)
{
	const struct rule *rule = agenda_rule(engine, followup);
	struct client client;
	int result = rule != NULL ? store_client_load(engine->store, followup->client_id, &client) : 0;

	return rule == NULL || result < 0 ? result : is_recused(engine, &client, rule, agent_id);
}

/* The place of the call of the person on that channel that a follow-up may join: waiting, or a phone call that an agent holds (TOUCH and DONE tell him) and who is not
 * recused from it. A message being sent is closed to additions, and a call that rests until after the follow-up's last useful day would only let it pass. -1: none. */
static int call_to_join(struct engine *engine, const struct followup *f, const struct client *client, const struct rule *rule,
	const struct call *calls, int count, int64_t channel, int *place)
{
	*place = -1;
	for (int i = 0; i < count; i++) {
		const struct call *call = &calls[i];
		if (call->channel != channel || (call->bulk && call->state >= CALL_LEASED))
			continue;
		if (call->state == CALL_RESTING && zone_moment(call->not_before).day > f->last_on)
			continue;
		int recused = call->state == CALL_LEASED ? is_recused(engine, client, rule, call->agent_id) : 0;
		if (recused < 0)
			return recused;
		if (recused > 0)
			continue;
		*place = i;
		break;
	}
	return 0;
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
	bool was_held = f->reason == engine->reasons[REASON_PAUSED] || f->reason == engine->reasons[REASON_WRONG_NUMBER] ||
			f->reason == engine->reasons[REASON_REJECTED];
	bool slot = why == REASON_CAP || why == REASON_GAP;

	engine->counts.deferred++;
	/* For want of a slot it keeps its reason until admitted; a pause or a wrong number is the reason as long as it lasts. */
	if (f->reason == engine->reasons[why] || (slot && f->reason != 0 && !was_held))
		return 0;
	f->reason = engine->reasons[why];
	int result = followup_save(engine, f);
	if (result == 0)
		result = decided(engine, f, RECORD_DEFERRED);
	return result == 0 && rule->duty && slot ? raise_alarm(engine, f, now) : result;
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
int call_dissolve(struct engine *engine, const struct call *call, enum reason why, struct moment now)
{
	struct followup_list agenda = {NULL, 0, 0};

	int result = agenda_load(engine, call->id, &agenda);
	for (int i = 0; result == 0 && i < agenda.count; i++) {
		const struct rule *rule = agenda_rule(engine, &agenda.items[i]);
		result = followup_move(engine, &agenda.items[i], FOLLOWUP_SCHEDULED, engine->reasons[why], now.day);
		if (result == 0 && rule != NULL && rule->duty)
			result = raise_alarm(engine, &agenda.items[i], now);
	}
	followup_list_free(&agenda);
	if (result == 0)
		result = store_call_delete(engine->store, call->id);
	return result;
}

/* Whether two supervisors have let something on a call go ahead: that does not give way to what comes later. 1 or 0. */
static int is_overridden(struct engine *engine, const struct call *call)
{
	struct followup_list agenda = {NULL, 0, 0};
	int found = 0;

	if (call->class != CALL_EXEMPT)
		return 0;
	int result = agenda_load(engine, call->id, &agenda);
	for (int i = 0; result == 0 && i < agenda.count; i++)
		found = found || agenda.items[i].overridden;
	followup_list_free(&agenda);
	return result < 0 ? result : found;
}

/* Whether the next day kept for a client who stands alone says that nothing of his opens in time to be foreseen: it was worked out of the same occasions, with whatever is known now, or is to
 * be looked at first. */
static bool nothing_ahead(const struct engine *engine, const struct admission *client, day_t day)
{
	return client != NULL && client->next_on != NO_DAY && engine->opens_as_told && engine->start_on <= day &&
	       client->next_on > cap_foresight_end(engine->policy->cap_window, day);
}

/* POLICY 5: makes room for a follow-up, or says that there is none. Waiting, unleased calls that hold only follow-ups of larger number give way, as few as make room and
 * none if even all would not. 1: there is room now, 0: there is not. */
static int make_room(struct engine *engine, const struct followup *f, const struct admission *client, int64_t person,
	const struct call *calls, int count, struct moment now)
{
	const struct policy *policy = engine->policy;
	struct call victims[PERSON_CALLS_MAX];
	int found = 0;

	int used = client != NULL ? client->contacts : slots_used(engine, person, calls, count, now.day);
	if (used < 0)
		return used;
	for (int i = 0; i < count; i++)
		if (calls[i].state < CALL_LEASED && calls[i].class != CALL_FREE && calls[i].priority > f->priority) {
			int let_go = is_overridden(engine, &calls[i]);
			if (let_go < 0)
				return let_go;
			if (let_go == 0)
				victims[found++] = calls[i];
		}
	bool greeting = f->priority >= policy->greeting_priority;
	int missing = used + 1 + (greeting ? policy->reserve : 0) - policy->cap;
	if (missing > found)
		return 0; /* whatever the days ahead need on top */
	if (greeting && !nothing_ahead(engine, client, now.day)) {
		int ahead =
			client != NULL ? slots_foresight_alone(engine, f, now.day) : slots_foresight(engine, person, now.day, f->priority);
		if (ahead < 0)
			return ahead;
		missing += ahead;
	}
	if (missing > found)
		return 0;
	qsort(victims, (size_t)found, sizeof(victims[0]), compare_victims);
	for (int i = 0; i < missing; i++) {
		int result = call_dissolve(engine, &victims[i], REASON_PREEMPTED, now);
		if (result < 0)
			return result;
		engine->counts.preempted++;
	}
	return 1;
}

bool slots_too_soon(struct engine *engine, const struct followup *f, day_t day, int *error)
{
	day_t last;

	*error = 0;
	if (engine->policy->min_gap_days == 0)
		return false;
	*error = store_contact_last_of_client(engine->store, f->client_id, day, &last);
	return *error == 0 && last != NO_DAY && day - last < engine->policy->min_gap_days;
}

static int open_call(struct engine *engine, struct followup *f, const struct rule *rule, int64_t person, int channel, struct moment now,
	int64_t *call_id)
{
	struct call call = {
		.person = person,
		.channel = engine->channel_names[channel],
		.bulk = engine->policy->channels[channel].kind == CHANNEL_BULK,
		.queue = engine->channel_names[channel], /* worked out by join() */
		.lane = 1,
		.hours = NO_OWN_HOURS,
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
	return join(engine, f, rule, &call, true, now);
}

/* When a person gets a new call, those of his follow-ups that wait for a slot on its channel join it at once. */
static int join_waiting(struct engine *engine, int64_t person, int64_t call_id, struct moment now)
{
	struct call call;
	int joined = 0;

	int result = agenda_scheduled_of_person(engine, person, &engine->waiting);
	if (result == 0 && engine->waiting.count == 0)
		return 0;
	if (result == 0)
		result = store_call_load(engine->store, call_id, &call);
	for (int i = 0; result >= 0 && i < engine->waiting.count; i++) {
		struct followup *f = &engine->waiting.items[i];
		const struct rule *rule = agenda_rule(engine, f);
		enum reason why;
		if (f->reason == 0 || rule == NULL || !rule->on || f->opens_on - rule->early_days > now.day)
			continue;
		result = store_pause_holds(engine->store, PAUSE_RULE, f->rule, now.unix_seconds, NULL);
		if (result != 0) /* paused, or an error */
			continue;
		result = facts_load_client(engine, f->client_id, now.day, engine->other_facts);
		if (result < 0 || engine->other_facts->client.number_is_wrong)
			continue;
		int channel = channel_pick(engine, engine->other_facts, rule, f->channel_from, &why);
		if (channel < 0 || engine->channel_names[channel] != call.channel)
			continue;
		result = put_on(engine, f, &call);
		joined++;
	}
	if (result < 0 || joined == 0)
		return result < 0 ? result : 0;
	result = call_work_out(engine, &call, now.day);
	for (int i = 0; result == 0 && i < engine->waiting.count; i++) {
		const struct followup *f = &engine->waiting.items[i];
		const struct rule *rule = agenda_rule(engine, f);
		if (f->state == FOLLOWUP_QUEUED && rule != NULL && rule->trigger == TRIGGER_PROMISE)
			result = promise_appoint(engine, f, now);
	}
	return result;
}

/* As much of the facts as the choice of a channel asks of somebody who has forbidden nothing. */
static void facts_of_admission(const struct admission *read, day_t day, struct facts *facts)
{
	facts->client = (struct client){.id = read->followup.client_id,
		.person = -read->followup.client_id,
		.has_phone = read->has_phone,
		.has_email = read->has_email,
		.number_is_wrong = read->number_is_wrong};
	facts->day = day;
	facts->tier = TIER_UNKNOWN;
}

int admit_followup(struct engine *engine, struct followup *f, const struct admission *client, struct moment now)
{
	const struct rule *rule = agenda_rule(engine, f);
	struct call calls[PERSON_CALLS_MAX];
	day_t day = now.day;
	enum reason why;
	int error = 0;

	if (client == NULL)
		slots_forget(engine, f->client_id); /* whoever stands alone is found out about again by the next walk */
	if (rule == NULL || !rule->on)
		return followup_move(engine, f, FOLLOWUP_CANCELLED, engine->reasons[REASON_RULE_OFF], day);
	if (f->opens_on - rule->early_days > day)
		return 0;
	int paused = store_pause_holds(engine->store, PAUSE_RULE, f->rule, now.unix_seconds, NULL);
	if (paused != 0)
		return paused < 0 ? paused : wait_for_slot(engine, f, rule, REASON_PAUSED, now);
	int result = 0;
	if (client != NULL)
		facts_of_admission(client, day, engine->other_facts);
	else
		result = facts_load_client(engine, f->client_id, day, engine->other_facts);
	if (result < 0)
		return result;
	int64_t person = engine->other_facts->client.person;
	if (engine->other_facts->client.number_is_wrong)
		return wait_for_slot(engine, f, rule, REASON_WRONG_NUMBER, now);
	int channel = channel_pick(engine, engine->other_facts, rule, f->channel_from, &why);
	bool open = f->opens_on <= day;
	if (channel < 0)
		return open ? suppress(engine, f, why, day) : 0;
	int count = client != NULL ? 0 : store_call_of_person(engine->store, person, calls, PERSON_CALLS_MAX);
	if (count < 0)
		return count;
	if (count > PERSON_CALLS_MAX)
		count = PERSON_CALLS_MAX;
	int there;
	result = call_to_join(engine, f, &engine->other_facts->client, rule, calls, count, engine->channel_names[channel], &there);
	if (result < 0)
		return result;
	if (there >= 0)
		return join(engine, f, rule, &calls[there], false, now);
	if (!open)
		return 0; /* early: it may join, but asks for no slot of its own yet */
	bool asks = rule->class == CLASS_COUNTED && !f->overridden;
	if (asks && slots_too_soon(engine, f, day, &error)) /* first, so that no call gives way in vain */
		return wait_for_slot(engine, f, rule, REASON_GAP, now);
	if (error < 0)
		return error;
	if (asks && engine->policy->cap != NO_LIMIT) {
		int room = make_room(engine, f, client, person, calls, count, now);
		if (room < 0)
			return room;
		if (room == 0)
			return wait_for_slot(engine, f, rule, REASON_CAP, now);
	}
	int64_t call_id;
	result = open_call(engine, f, rule, person, channel, now, &call_id);
	bool more = client == NULL || client->waits_for_more;
	return result < 0 || !more ? result : join_waiting(engine, person, call_id, now);
}

int admit_person(struct engine *engine, int64_t person, struct moment now)
{
	int result = agenda_scheduled_of_person(engine, person, &engine->scheduled);

	for (int i = 0; result >= 0 && i < engine->scheduled.count; i++) {
		struct followup f;
		/* An earlier one may have taken this one along. */
		result = store_followup_load(engine->store, engine->scheduled.items[i].id, &f);
		if (result >= 0 && f.state == FOLLOWUP_SCHEDULED)
			result = admit_followup(engine, &f, NULL, now);
	}
	return result < 0 ? result : 0;
}
