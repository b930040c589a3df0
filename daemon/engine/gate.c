/* gate.c - every gate looked at again when a call is about to be handed out (POLICY 5). */
#include "followup/store_call.h"
#include "followup/store_hold.h"
#include "internal.h"

enum { AGENDA_PERSONS_MAX = 64 };

static int channel_of(const struct engine *engine, const struct call *call)
{
	for (size_t i = 0; i < engine->policy->channel_count; i++)
		if (engine->channel_names[i] == call->channel)
			return (int)i;
	return ERR_NOT_FOUND;
}

/* Why an item may not go out any more, by what is known now; leaves the client's facts in other_facts unless the rule itself stands in the way. */
static int item_gate(struct engine *engine, const struct call *call, const struct followup *f, struct moment now)
{
	const struct rule *rule = agenda_rule(engine, f);
	int channel = channel_of(engine, call);

	if (rule == NULL || !rule->on)
		return ITEM_RULE_OFF;
	int result = store_pause_holds(engine->store, PAUSE_RULE, f->rule, now.unix_seconds, NULL);
	if (result != 0)
		return result < 0 ? result : ITEM_PAUSED;
	result = facts_load_account(engine, f->client_id, now.day, engine->other_facts);
	if (result < 0)
		return result;
	if (rule->stops_on_account_closed && !engine->other_facts->account_open)
		return ITEM_ACCOUNT_CLOSED;
	if (engine->other_facts->client.number_is_wrong)
		return ITEM_WRONG_NUMBER;
	if (channel < 0 || !channel_is_open(engine, engine->other_facts, rule, channel))
		return ITEM_NO_CHANNEL;
	return engine->other_facts->client.person != call->person ? ITEM_STRANGER : ITEM_GOES;
}

/* Takes an item off the call that may not go out any more: 1, or 0 when it may. */
static int drop_item(struct engine *engine, const struct call *call, struct followup *f, struct moment now)
{
	int gate = item_gate(engine, call, f, now), result = 0;

	switch (gate) {
	case ITEM_GOES:
		return 0;
	case ITEM_RULE_OFF:
		result = followup_move(engine, f, FOLLOWUP_CANCELLED, engine->reasons[REASON_RULE_OFF], now.day);
		break;
	case ITEM_PAUSED:
		result = followup_move(engine, f, FOLLOWUP_SCHEDULED, engine->reasons[REASON_PAUSED], now.day);
		break;
	case ITEM_ACCOUNT_CLOSED:
		result = followup_move(engine, f, FOLLOWUP_CANCELLED, engine->kind_closed, now.day);
		break;
	case ITEM_WRONG_NUMBER:
		result = followup_move(engine, f, FOLLOWUP_SCHEDULED, engine->reasons[REASON_WRONG_NUMBER], now.day);
		break;
	case ITEM_NO_CHANNEL:
	case ITEM_STRANGER:
		result = followup_move(engine, f, FOLLOWUP_SCHEDULED, 0, now.day);
		break;
	default:
		return gate; /* an error */
	}
	return result < 0 ? result : 1;
}

/* Takes off what may not go out any more. 1: something left, nothing was there, or its place is another now; what waits again finds its next channel at once. */
static int drop_items(struct engine *engine, struct call *call, struct moment now)
{
	struct followup_list agenda = {NULL, 0, 0};
	int64_t persons[AGENDA_PERSONS_MAX];
	int count = 0;

	int result = agenda_load(engine, call->id, &agenda);
	bool lost = result == 0 && agenda.count == 0;
	for (int i = 0; result >= 0 && i < agenda.count; i++) {
		struct followup *f = &agenda.items[i];
		result = drop_item(engine, call, f, now);
		lost = lost || result > 0;
		if (result > 0 && f->state == FOLLOWUP_SCHEDULED && count < AGENDA_PERSONS_MAX)
			persons[count++] = engine->other_facts->client.person;
	}
	followup_list_free(&agenda);
	if (result < 0)
		return result;
	if (!lost) {
		/* Facts that are known and not settled yet may recuse others, or have moved it. */
		struct call before = *call;
		result = call_work_out(engine, call, now.day);
		return result < 0 ? result : call_has_moved(&before, call);
	}
	result = store_call_touch(engine->store, call->id);
	if (result == 0)
		result = agenda_settle(engine, now.day, INT32_MAX);
	for (int i = 0; result == 0 && i < count; i++)
		result = agenda_admit(engine, persons[i], now);
	return result < 0 ? result : 1;
}

/* The slots that the person's other leased calls use, or ERR_BUSY when one of them is a phone call and so is this. */
static int leased_elsewhere(struct engine *engine, const struct call *call)
{
	struct call others[PERSON_CALLS_MAX];
	int count = store_call_leased_of_person(engine->store, call->person, call->id, others, PERSON_CALLS_MAX), leased = 0;

	for (int i = 0; i < count && i < PERSON_CALLS_MAX; i++) {
		leased += others[i].class != CALL_FREE;
		if (!call->bulk && !others[i].bulk)
			return ERR_BUSY;
	}
	return count < 0 ? count : leased;
}

/* POLICY 5, min_gap: asked again, for another call of the client may have gone out since. 1 or 0. */
static int gap_is_short(struct engine *engine, const struct call *call, day_t day)
{
	struct followup_list agenda = {NULL, 0, 0};
	bool near = false;

	if (engine->policy->min_gap_days == 0)
		return 0;
	int result = agenda_load(engine, call->id, &agenda);
	for (int i = 0; result == 0 && !near && i < agenda.count; i++)
		near = slots_too_soon(engine, &agenda.items[i], day, &result);
	followup_list_free(&agenda);
	return result < 0 ? result : near;
}

int gate_call(struct engine *engine, struct call *call, struct moment now)
{
	const struct policy *policy = engine->policy;

	int result = drop_items(engine, call, now);
	if (result != 0)
		return result < 0 ? result : GATE_GONE;
	int leased = leased_elsewhere(engine, call);
	if (leased < 0)
		return leased == ERR_BUSY ? GATE_LATER : leased;
	if (call->class == CALL_COUNTED && policy->cap != NO_LIMIT) {
		int contacts = slots_contacts(engine, call->person, now.day);
		if (contacts < 0)
			return contacts;
		if (contacts + leased + 1 > policy->cap) {
			result = call_dissolve(engine, call, REASON_CAP, now);
			return result < 0 ? result : GATE_GONE;
		}
	}
	int near = call->class == CALL_COUNTED ? gap_is_short(engine, call, now.day) : 0;
	if (near > 0)
		near = call_dissolve(engine, call, REASON_GAP, now);
	else if (near == 0)
		return GATE_OPEN;
	return near < 0 ? near : GATE_GONE;
}

int gate_look(struct engine *engine, const struct call *call, const struct followup_list *agenda, struct moment now, struct gate_view *out)
{
	struct call others[PERSON_CALLS_MAX];
	struct gate_view view = {.item = ITEM_GOES, .cap = NO_LIMIT, .gap_until = NO_DAY};

	for (int i = 0; i < agenda->count && view.item == ITEM_GOES; i++) {
		int gate = item_gate(engine, call, &agenda->items[i], now);
		if (gate < 0)
			return gate;
		view.item = (enum item_gate)gate;
		view.item_place = i;
	}
	int count = store_call_leased_of_person(engine->store, call->person, call->id, others, PERSON_CALLS_MAX);
	for (int i = 0; i < count && i < PERSON_CALLS_MAX; i++) {
		view.leased += others[i].class != CALL_FREE;
		if (!call->bulk && !others[i].bulk)
			view.other = others[i];
	}
	int result = count < 0 ? count : slots_contacts(engine, call->person, now.day);
	if (result >= 0) {
		view.contacts = result;
		view.cap = call->class == CALL_COUNTED ? engine->policy->cap : NO_LIMIT;
		result = 0;
	}
	for (int i = 0; result == 0 && i < agenda->count && call->class == CALL_COUNTED; i++)
		if (slots_too_soon(engine, &agenda->items[i], now.day, &result)) {
			day_t last;
			result = store_contact_last_of_client(engine->store, agenda->items[i].client_id, now.day, &last);
			view.gap_until = last + engine->policy->min_gap_days;
		}
	if (result == 0)
		*out = view;
	return result;
}
