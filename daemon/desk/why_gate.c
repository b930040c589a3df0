/* why_gate.c - the gates of POLICY 5 and 6 that stand before a call now, in words. Looks only: what NEXT would take off or dissolve stays as it is. */
#include "why.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "followup/opening.h"
#include "followup/store_client.h"
#include "followup/store_name.h"

static const char *const names[WHY_GATES] = {
	[WHY_STATE] = "state",
	[WHY_QUEUE] = "queue",
	[WHY_MATTERS] = "matters",
	[WHY_OTHER_CALL] = "other call",
	[WHY_CONTACTS] = "contacts",
	[WHY_GAP] = "min_gap",
	[WHY_HOURS] = "hours",
	[WHY_APPOINTMENT] = "appointment",
	[WHY_AGENTS] = "agents",
};

const char *why_gate_name(enum why_gate gate)
{
	return names[gate];
}

enum why_gate why_first(const struct why_gates *gates)
{
	int at = 0;

	while (at < WHY_GATES && !gates->gates[at].holds_back)
		at++;
	return (enum why_gate)at;
}

/* How it is with a gate. */
__attribute__((format(printf, 3, 4))) static void say(struct why_gates *g, enum why_gate gate, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(g->gates[gate].says, WHY_TEXT_SIZE, format, arguments);
	va_end(arguments);
}

/* It holds the call back, and what would have to happen. */
__attribute__((format(printf, 3, 4))) static void needs(struct why_gates *g, enum why_gate gate, const char *format, ...)
{
	va_list arguments;

	g->gates[gate].holds_back = true;
	va_start(arguments, format);
	(void)vsnprintf(g->gates[gate].needs, WHY_TEXT_SIZE, format, arguments);
	va_end(arguments);
}

static const char *agent_name(struct desk *desk, int64_t id, struct agent *agent)
{
	return store_agent_load(desk->store, id, agent) > 0 ? agent->name : "somebody who is no agent any more";
}

static void look_at_state(struct desk *desk, const struct call *call, struct why_gates *g)
{
	struct agent agent;
	char time[32];
	bool gone;

	switch (call->state) {
	case CALL_READY:
		say(g, WHY_STATE, "ready; on this queue since %s", local_time_text(call->queued_at, time));
		break;
	case CALL_RESTING:
		say(g, WHY_STATE, "%s %s",
			call->appointed_at != 0 ? "the client has an appointment: it rests until" : "it rests between two tries until",
			local_time_text(call->not_before, time));
		needs(g, WHY_STATE, "wait until %s; TAKE %lld when the client rings in", time, (long long)call->id);
		break;
	case CALL_LEASED:
		say(g, WHY_STATE, "%s holds it until %s", agent_name(desk, call->agent_id, &agent),
			local_time_text(call->lease_until, time));
		needs(g, WHY_STATE, "its holder says DONE or RELEASE, or his lease runs out at %s", time);
		break;
	case CALL_UNCERTAIN:
		gone = store_agent_load(desk->store, call->agent_id, &agent) <= 0;
		say(g, WHY_STATE, "%s was given the message, and nobody knows whether it went out",
			agent_name(desk, call->agent_id, &agent));
		if (!gone)
			needs(g, WHY_STATE, "the gateway says DONE %lld.%d sent or bounced", (long long)call->id, call->generation);
		else
			needs(g, WHY_STATE, "nobody is left who could tell: it ends with the last useful day of its matters");
		break;
	}
}

static int look_at_pause(struct desk *desk, const struct call *call, struct moment now, struct why_gates *g)
{
	char text[HOLD_TEXT_SIZE];
	const char *queue = store_name_text(desk->store, call->queue);
	int paused = store_pause_text(desk->store, PAUSE_QUEUE, call->queue, now.unix_seconds, text);

	if (paused <= 0)
		return paused;
	say(g, WHY_QUEUE, "%s is %s", queue, text);
	needs(g, WHY_QUEUE, "RESUME QUEUE %s, or wait", queue);
	return 0;
}

/* What a matter that does not go waits for, or what becomes of it. */
static int look_at_matter(
	struct desk *desk, const struct followup *f, const struct call *call, enum item_gate gate, struct moment now, struct why_gates *g)
{
	char pause[HOLD_TEXT_SIZE] = "", rule[128], channel[80];
	const char *says = "", *wants = "";

	snprintf(rule, sizeof(rule), "%s", store_name_text(desk->store, f->rule));
	snprintf(channel, sizeof(channel), "%s", store_name_text(desk->store, call->channel));
	switch (gate) {
	case ITEM_GOES:
		return 0;
	case ITEM_RULE_OFF:
		says = "the rule is off or gone";
		wants = "NEXT will cancel it; switch the rule on again and RELOAD";
		break;
	case ITEM_PAUSED: {
		int result = store_pause_text(desk->store, PAUSE_RULE, f->rule, now.unix_seconds, pause);
		if (result < 0)
			return result;
		says = pause;
		wants = "RESUME the rule, or wait";
		break;
	}
	case ITEM_ACCOUNT_CLOSED:
		says = "the account is not open";
		wants = "NEXT will cancel it";
		break;
	case ITEM_WRONG_NUMBER:
		says = "the client's number is wrong";
		wants = "correct the number (CLIENT.PUT)";
		break;
	case ITEM_NO_CHANNEL: {
		int number = policy_channel(desk->policy, channel);
		bool on = number >= 0 && desk->policy->channels[number].on;
		says = on ? "the client has no address for the channel, or does not wish it" : "the channel is off or gone";
		wants = on ? "NEXT will take it to the rule's next channel, or suppress it; DNC client channel CLEAR reason lifts a "
			     "prohibition"
			   : "NEXT will take it to the rule's next channel, or suppress it; switch the channel on again and RELOAD";
		break;
	}
	case ITEM_STRANGER:
		says = "its client has become part of another person";
		wants = "NEXT will take it off this call";
		break;
	}
	say(g, WHY_MATTERS, "%s of %s (%lld), by %s: %s", rule, f->client_ref, (long long)f->id, channel, says);
	needs(g, WHY_MATTERS, "%s", wants);
	return 0;
}

static void look_at_contacts(struct desk *desk, const struct call *call, const struct followup_list *agenda, const struct gate_view *view,
	struct moment now, struct why_gates *g)
{
	char day[DATE_TEXT_SIZE];

	if (call->class == CALL_EXEMPT)
		say(g, WHY_CONTACTS, "goes ahead whatever the contacts say: a matter on it is exempt");
	else if (call->class == CALL_FREE)
		say(g, WHY_CONTACTS, "uses no contact");
	else if (view->cap == NO_LIMIT)
		say(g, WHY_CONTACTS, "there is no limit");
	else
		say(g, WHY_CONTACTS, "%d of %d contacts made since %s, %d more held by agents", view->contacts, view->cap,
			date_format(cap_window_start(desk->policy->cap_window, now.day), day), view->leased);
	if (call->class == CALL_COUNTED && view->cap != NO_LIMIT && view->contacts + view->leased + 1 > view->cap)
		needs(g, WHY_CONTACTS,
			"NEXT will dissolve it, and its matters wait for a contact; OVERRIDE %lld second reason lets it go ahead",
			agenda->count > 0 ? (long long)agenda->items[0].id : 0LL);
	if (view->gap_until != NO_DAY) {
		say(g, WHY_GAP, "the client was contacted less than %d days ago", desk->policy->min_gap_days);
		needs(g, WHY_GAP, "NEXT will dissolve it; its matters are tried again from %s on", date_format(view->gap_until, day));
	}
}

/* The hours that count for a call: its foremost rule's own or its queue's, and those of its clients. From a moment on, the first at which all are open. */
static int first_open(struct desk *desk, const struct call *call, const struct followup_list *agenda, struct moment now, int64_t *opens)
{
	const struct rule *rule = agenda->count > 0 ? agenda_rule(desk->engine, &agenda->items[0]) : NULL;
	const char *queue = store_name_text(desk->store, call->queue);
	int64_t at = now.unix_seconds, before = -1;

	for (int rounds = 0; at != before && at != INT64_MAX && rounds < 400; rounds++) {
		struct moment from = zone_moment(at);
		before = at;
		at = rule != NULL && rule->has_hours ? opening_of_hours(&rule->hours, desk->policy->calendar, from)
						     : opening_of_queue(desk->policy, queue, from);
		for (int i = 0; i < agenda->count && at == before; i++) {
			struct client client;
			struct hours hours;
			int result = store_client_load(desk->store, agenda->items[i].client_id, &client);
			if (result < 0)
				return result;
			if (client.hours[0] != '\0' && hours_parse(client.hours, &hours))
				at = opening_of_hours(&hours, desk->policy->calendar, from);
		}
	}
	*opens = at == before ? at : INT64_MAX;
	return 0;
}

static int look_at_hours(
	struct desk *desk, const struct call *call, const struct followup_list *agenda, struct moment now, struct why_gates *g)
{
	const struct rule *rule = agenda->count > 0 ? agenda_rule(desk->engine, &agenda->items[0]) : NULL;
	bool own = rule != NULL && rule->has_hours;
	char time[32];
	int64_t opens;

	if (call->bulk) {
		say(g, WHY_HOURS, "messages go out at any hour");
		return 0;
	}
	int open = call_is_open(desk, call, now);
	if (open < 0)
		return open;
	if (open > 0) {
		say(g, WHY_HOURS, "open now");
		return 0;
	}
	int result = first_open(desk, call, agenda, now, &opens);
	if (result < 0)
		return result;
	bool queue_open = own ? opening_is_now(&rule->hours, now, desk->policy->calendar)
			      : queue_is_open(desk, store_name_text(desk->store, call->queue), now);
	const char *whose = queue_open ? "the client's own hours" : own ? "the rule's hours" : "the queue's hours";
	if (opens == INT64_MAX) {
		say(g, WHY_HOURS, "%s are closed, and never open together with the others within a year", whose);
		needs(g, WHY_HOURS, "change the client's hours, or TAKE %lld", (long long)call->id);
	} else {
		say(g, WHY_HOURS, "%s are closed; it may be called from %s", whose, local_time_text(opens, time));
		needs(g, WHY_HOURS, "wait until %s; TAKE %lld when the client rings in", time, (long long)call->id);
	}
	return 0;
}

static void look_at_appointment(struct desk *desk, const struct call *call, const struct agent *who, struct moment now, struct why_gates *g)
{
	struct agent owner;
	char time[32], end[32];

	if (call->appointed_at == 0)
		return;
	local_time_text(call->appointed_at, time);
	int64_t until = call->appointed_at + APPOINTMENT_GRACE_SECONDS;
	if (call->owner_id == 0 || now.unix_seconds >= until) {
		say(g, WHY_APPOINTMENT, "agreed for %s: it goes first, to anyone", time);
		return;
	}
	const char *name = agent_name(desk, call->owner_id, &owner);
	say(g, WHY_APPOINTMENT, "agreed for %s by %s: it goes first, until %s to nobody else", time, name, local_time_text(until, end));
	if (who != NULL && who->id != call->owner_id)
		needs(g, WHY_APPOINTMENT, "%s takes it, or anyone from %s on", name, end);
}

int why_gates(struct desk *desk, const struct call *call, const struct followup_list *agenda, const struct agent *who, struct moment now,
	struct why_gates *g)
{
	struct gate_view view = {0};
	struct agent holder;
	char time[32];

	memset(g, 0, sizeof(*g));
	look_at_state(desk, call, g);
	int result = look_at_pause(desk, call, now, g);
	if (result >= 0)
		result = gate_look(desk->engine, call, agenda, now, &view);
	if (result == 0 && view.item != ITEM_GOES)
		result = look_at_matter(desk, &agenda->items[view.item_place], call, view.item, now, g);
	else if (result == 0 && agenda->count == 0)
		say(g, WHY_MATTERS, "nothing is left on its agenda: it ends when nobody holds it");
	else if (result == 0)
		say(g, WHY_MATTERS, "%d on its agenda, all may go out", agenda->count);
	if (result < 0)
		return result;
	if (view.other.id != 0 && !call->bulk) {
		say(g, WHY_OTHER_CALL, "%s speaks with the person in call %lld, until %s", agent_name(desk, view.other.agent_id, &holder),
			(long long)view.other.id, local_time_text(view.other.lease_until, time));
		needs(g, WHY_OTHER_CALL, "call %lld ends", (long long)view.other.id);
	}
	if (call->state < CALL_LEASED)
		look_at_contacts(desk, call, agenda, &view, now, g);
	result = look_at_hours(desk, call, agenda, now, g);
	look_at_appointment(desk, call, who, now, g);
	return result;
}

void lane_in_words(const char *lane, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	if (lane[0] == '!') {
		snprintf(out, size, "everybody");
		return;
	}
	for (const char *at = lane; *at != '\0' && used < size;) {
		size_t length = strcspn(at, "\n");
		int written = snprintf(out + used, size - used, "%s%s%.*s", used > 0 ? ", " : "", at[0] == '@' ? "role " : "",
			(int)(length > 0 ? length - 1 : 0), at + 1);
		used += written > 0 ? (size_t)written : 0;
		at += length + (at[length] == '\n');
	}
}

int why_agent(struct desk *desk, const struct agent *agent, const char *queue, const char *lane, bool bulk, char out[WHY_TEXT_SIZE],
	const char **needs)
{
	enum { HELD_MAX = 64 };
	struct call held[HELD_MAX];
	char since[32];
	int talks = 0;

	out[0] = '\0';
	*needs = "";
	if (!agent_suits(agent, bulk)) {
		snprintf(out, WHY_TEXT_SIZE, bulk ? "messages are for gateways" : "calls are for agents");
		*needs = "AGENT.ADD with another role, which makes a new token";
		return 0;
	}
	if (!agent_serves(agent, queue)) {
		snprintf(out, WHY_TEXT_SIZE, "does not serve %s", queue);
		*needs = "AGENT.ADD with this queue, which makes a new token";
		return 0;
	}
	if (agent_is_excluded(agent, lane)) {
		snprintf(out, WHY_TEXT_SIZE, "a rule says that he must not make it");
		*needs = "somebody else says NEXT";
		return 0;
	}
	if (!bulk && agent->break_code[0] != '\0') {
		snprintf(out, WHY_TEXT_SIZE, "on a break (%s) since %s", agent->break_code, local_time_text(agent->break_since, since));
		*needs = "he says READY";
		return 0;
	}
	int count = bulk ? 0 : store_call_of_agent(desk->store, agent->id, held, HELD_MAX);
	int64_t last = 0;
	for (int i = 0; i < count && i < HELD_MAX; i++)
		if (!held[i].bulk) {
			talks++;
			last = held[i].id;
		}
	if (!bulk && talks >= desk->policy->calls_held_max) {
		snprintf(out, WHY_TEXT_SIZE, "holds call %lld, and NEXT gives it to him again", (long long)last);
		*needs = "he says DONE or RELEASE";
	}
	return count < 0 ? count : 0;
}
