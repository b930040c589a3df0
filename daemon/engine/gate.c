/* gate.c - every gate looked at again when a call is about to be handed out (POLICY 5). */
#include "followup/store_call.h"
#include "internal.h"

enum { PERSON_CALLS_MAX = 64 };

static int channel_of(const struct engine *engine, const struct call *call)
{
	for (size_t i = 0; i < engine->policy->channel_count; i++)
		if (engine->channel_names[i] == call->channel)
			return (int)i;
	return ERR_NOT_FOUND;
}

/* Takes an item off the call that may not go out any more: 1, or 0 when it may. */
static int drop_item(struct engine *engine, const struct call *call, struct followup *f, day_t day)
{
	const struct rule *rule = agenda_rule(engine, f);
	int channel = channel_of(engine, call), result;

	if (rule == NULL || !rule->on) {
		result = followup_move(engine, f, FOLLOWUP_CANCELLED, engine->reasons[REASON_RULE_OFF], day);
		return result < 0 ? result : 1;
	}
	result = facts_load_account(engine, f->client_id, day, engine->other_facts);
	if (result < 0)
		return result;
	if (rule->stops_on_account_closed && !engine->other_facts->account_open)
		result = followup_move(engine, f, FOLLOWUP_CANCELLED, engine->kind_closed, day);
	else if (channel < 0 || !channel_is_open(engine, engine->other_facts, channel))
		result = followup_move(engine, f, FOLLOWUP_SCHEDULED, 0, day);
	else
		return 0;
	return result < 0 ? result : 1;
}

int gate_call(struct engine *engine, struct call *call, day_t day)
{
	const struct policy *policy = engine->policy;
	struct followup_list agenda = {NULL, 0, 0};
	struct call others[PERSON_CALLS_MAX];
	bool lost = false;

	int result = agenda_load(engine, call->id, &agenda);
	for (int i = 0; result >= 0 && i < agenda.count; i++) {
		result = drop_item(engine, call, &agenda.items[i], day);
		lost = lost || result > 0;
	}
	bool empty = agenda.count == 0;
	followup_list_free(&agenda);
	if (result < 0)
		return result;
	if (lost || empty) {
		result = call_work_out(engine, call, day);
		return result < 0 ? result : GATE_GONE;
	}
	int count = store_call_of_person(engine->store, call->person, others, PERSON_CALLS_MAX), leased = 0;
	if (count < 0)
		return count;
	for (int i = 0; i < count && i < PERSON_CALLS_MAX; i++) {
		if (others[i].id == call->id || others[i].state != CALL_LEASED)
			continue;
		leased += others[i].class != CALL_FREE;
		if (!call->bulk && !others[i].bulk)
			return GATE_LATER;
	}
	if (call->class == CALL_COUNTED && policy->cap != NO_LIMIT) {
		int contacts = store_contact_of_person(engine->store, call->person, cap_window_start(policy->cap_window, day), day);
		if (contacts < 0)
			return contacts;
		if (contacts + leased + 1 > policy->cap) {
			result = call_dissolve(engine, call, REASON_CAP, day);
			return result < 0 ? result : GATE_GONE;
		}
	}
	return GATE_OPEN;
}
