/* history_desk.h - NEXT: hand-outs checked against every gate by the test's own reckoning. */
#ifndef FOLLOWUP_HISTORY_DESK_H
#define FOLLOWUP_HISTORY_DESK_H

#include "history_check.h"
#include "history_facts.h"

/* The shipped hours, in minutes of the day. */
static bool desk_is_open(const struct world *w, struct moment now)
{
	const struct calendar *calendar = w->policies[w->policy]->calendar;
	int weekday = calendar_is_make_up(calendar, now.day) ? 4 : date_weekday(now.day), minute = now.second / 60;

	if (!calendar_is_work_day(calendar, now.day))
		return false;
	if (weekday == 1)
		return minute >= 870 && minute < 1020;
	return (minute >= 570 && minute < 660) || (weekday < 5 && minute >= 900 && minute < 1020);
}

/* Those of a rule that has some of its own. */
static const char rule_hours[] = "Mon-Sun 10:00-21:00";
static bool own_rule_is_open(struct moment now)
{
	return now.second >= 36000 && now.second < 75600;
}

static bool client_is_open(const struct client_known *c, struct moment now)
{
	int weekday = date_weekday(now.day), minute = now.second / 60;

	switch (c->hours) {
	case 1:
		return weekday <= 5 && minute >= 540 && minute < 720;
	case 2:
		return weekday >= 2 && weekday <= 4 && minute >= 900 && minute < 1020;
	default:
		return true;
	}
}

static bool client_may_be_reached(const struct client_known *c, const char *channel, day_t day)
{
	const char *list = forbidden[c->forbidden].channel, *until = forbidden[c->forbidden].until;

	if ((strcmp(channel, "phone") == 0 || strcmp(channel, "sms") == 0) && !c->phone)
		return false;
	if (strcmp(channel, "email") == 0 && !c->email)
		return false;
	if (until != NULL && day > date_parse(until, strlen(until)))
		return true;
	return strcmp(list, "all") != 0 && strcmp(list, channel) != 0;
}

static bool queue_matches(const char *pattern, const char *queue)
{
	size_t length = strlen(pattern);

	return pattern[length - 1] == '*' ? strncmp(pattern, queue, length - 1) == 0 : strcmp(pattern, queue) == 0;
}

static bool rule_recuses(const char *rule)
{
	static const char *const rules[] = {
		"account-opened", "abnormal", "permission-opened", "yearly-sample", "manager-departed", "complaint"};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (strcmp(rules[i], rule) == 0)
			return true;
	return false;
}

static const char *rule_of(struct world *w, const struct followup *f)
{
	return store_name_text(w->store, f->rule);
}

/* POLICY 6: whether an agent must not speak of it. */
static bool is_recused(struct world *w, const struct followup *f, int agent)
{
	const struct client_known *client = &w->clients[client_of_id(w, f->client_id)];

	return rule_recuses(rule_of(w, f)) && (is_manager(w, client->manager, agent) || agent == client->introducer || agent == MARKETEER);
}

static bool is_exempt(struct world *w, const struct call_seen *c)
{
	for (int i = 0; i < c->agenda_count; i++) {
		const char *rule = rule_of(w, &c->agenda[i]);
		if (strcmp(rule, "complaint") == 0 || strcmp(rule, "abnormal") == 0 || strcmp(rule, "promise") == 0)
			return true;
	}
	return false;
}

/* Leases of that person that hold now, besides one; of phone calls only, or all that use a slot. */
static int leases_of(struct world *w, int client, int64_t but, bool phone_only)
{
	struct followup agenda[AGENDA_MAX];
	int count = 0;

	for (int i = 0; i < w->lease_count; i++) {
		const struct lease_known *l = &w->leases[i];
		unsigned clients = 0;
		if (l->standing != LEASE_HELD || l->call_id == but || (phone_only && l->bulk))
			continue;
		/* Whoever changed persons and has nothing left on the call cannot be known by it. */
		int items = agenda_of(w, l->call_id, agenda);
		for (int k = 0; k < items; k++)
			clients |= 1u << client_of_id(w, agenda[k].client_id);
		for (int k = 0; k < CLIENTS; k++)
			if ((l->clients & 1u << k) != 0 && w->clients[k].moved_at < l->begun_at)
				clients |= 1u << k;
		count += about_person(w, clients, client);
	}
	return count;
}

/* Whether the desk may make it: by the hours of its foremost matter's rule, where that has some of its own (test_history.c), or by its queue's. */
static bool call_is_in_hours(struct world *w, const struct call_seen *c)
{
	const struct followup *foremost = &c->agenda[0];

	for (int i = 1; i < c->agenda_count; i++) {
		const struct followup *f = &c->agenda[i];
		int order = f->priority != foremost->priority ? f->priority - foremost->priority : (int)(f->due_on - foremost->due_on);
		if (order == 0)
			order = strcmp(rule_of(w, f), rule_of(w, foremost));
		if (order < 0)
			foremost = f;
	}
	const struct rule *rule = rule_named(w, rule_of(w, foremost));
	return rule != NULL && rule->has_hours ? own_rule_is_open(w->now) : desk_is_open(w, w->now);
}

/* Why this agent may not be handed this call now; NULL when he may. Every gate of POLICY 5 and 6, from what the test knows. */
static const char *why_not(struct world *w, const struct call_seen *c, const struct agent_known *agent, int agent_place)
{
	char channel[40];
	bool serves = false;

	snprintf(channel, sizeof(channel), "%s", store_name_text(w->store, c->call.channel));
	for (size_t i = 0; i < 4 && agent->queues[i] != NULL; i++)
		serves = serves || queue_matches(agent->queues[i], c->queue);
	if (!serves)
		return "a queue he does not serve";
	if (c->call.owner_id != 0 && c->call.owner_id != agent->who.agent_id &&
		w->now.unix_seconds < c->call.appointed_at + APPOINTMENT_GRACE_SECONDS)
		return "somebody else has an appointment";
	if (c->call.bulk != (agent_place >= FIRST_GATEWAY))
		return "messages are for gateways, calls for agents";
	if (agent->away)
		return "he is on a break";
	if (!c->call.bulk && c->agenda_count > 0 && !call_is_in_hours(w, c))
		return "out of hours";
	for (int i = 0; i < c->agenda_count; i++) {
		const struct followup *f = &c->agenda[i];
		int place = client_of_id(w, f->client_id);
		const struct client_known *client = &w->clients[place];
		const struct rule *rule = rule_named(w, rule_of(w, f));
		if (!c->call.bulk && !client_is_open(client, w->now))
			return "out of the client's hours";
		if (rule == NULL || !rule->on)
			return "a rule that is off";
		if (!client_may_be_reached(client, channel, w->now.day))
			return "a channel that is forbidden or has no address";
		if (!c->call.bulk && is_recused(w, f, agent_place))
			return "he is recused";
		if (!same_person(w, place, client_of_id(w, c->agenda[0].client_id)))
			return "matters of two persons";
	}
	int client = client_of_id(w, c->agenda[0].client_id);
	if (!c->call.bulk && leases_of(w, client, c->call.id, true) > 0)
		return "another phone call of that person is leased";
	int used = contacts_of(w, client, date_quarter_start(w->now.day), date_quarter_end(w->now.day)) +
		   leases_of(w, client, c->call.id, false);
	if (used + 1 > CAP && !is_exempt(w, c))
		return "the third contact of the quarter";
	return NULL;
}

static bool comes_before(const struct call *a, const struct call *b, day_t today)
{
	int a_due = a->appointed_at != 0 ? CALL_APPOINTED : a->due_on <= today;
	int b_due = b->appointed_at != 0 ? CALL_APPOINTED : b->due_on <= today;

	if (a_due != b_due)
		return a_due > b_due;
	if (a->priority != b->priority)
		return a->priority < b->priority;
	return a->due_on != b->due_on ? a->due_on < b->due_on : a->id < b->id;
}

/* The holder is told of an agenda, besides what he has been told of before. */
static void show(struct world *w, struct lease_known *l, const struct followup *agenda, int count)
{
	for (int i = 0; i < count; i++) {
		bool known = false;
		for (int k = 0; k < l->shown_count; k++)
			known = known || l->shown[k] == agenda[i].id;
		assert_true(l->shown_count < AGENDA_MAX);
		if (!known)
			l->shown[l->shown_count++] = agenda[i].id;
		l->clients |= 1u << client_of_id(w, agenda[i].client_id);
	}
}

static void lease_begun(struct world *w, const struct call_seen *c, int agent)
{
	assert_true(w->lease_count < LEASES_MAX);
	struct lease_known *l = &w->leases[w->lease_count++];
	*l = (struct lease_known){
		.call_id = c->call.id, .generation = c->call.generation, .agent = agent, .bulk = c->call.bulk, .begun_at = w->step};
	l->length = strcmp(c->queue, "letter") == 0 ? 86400 : 900;
	l->until = w->now.unix_seconds + l->length;
	show(w, l, c->agenda, c->agenda_count);
}

/* What is still waiting after a NEXT must not have deserved to go before what was given. */
static void check_order(struct world *w, const struct call_seen *now, int count, int agent, const char *queue, const struct call *given)
{
	if (w->now.day != w->latest || !engine_is_idle(w->engine, w->now))
		return;
	for (int i = 0; i < count; i++) {
		const struct call_seen *c = &now[i];
		if (c->call.state != CALL_READY || (queue != NULL && strcmp(queue, c->queue) != 0) ||
			why_not(w, c, &w->agents[agent], agent) != NULL)
			continue;
		if (given == NULL)
			wrong(w, "call %" PRId64 " on %s waits, and NEXT gave nothing to %s", c->call.id, c->queue, w->agents[agent].name);
		if (comes_before(&c->call, given, w->now.day))
			wrong(w, "call %" PRId64 " should have gone before call %" PRId64, c->call.id, given->id);
	}
}

static bool holds_phone_call(const struct world *w, int agent)
{
	for (int i = 0; i < w->lease_count; i++)
		if (w->leases[i].agent == agent && w->leases[i].standing == LEASE_HELD && !w->leases[i].bulk)
			return true;
	return false;
}

/* What WHY QUEUE says that NEXT will give to an agent: 0 nothing; -1 when a gate would change the book on the way, and with it the answer. */
static int64_t foretell(struct world *w, int agent, const char *queue)
{
	const char *const words[] = {"QUEUE", queue, "AGENT", w->agents[agent].name};
	const char *json, *found;

	if (w->now.day != w->latest || !engine_is_idle(w->engine, w->now))
		return -1;
	must(w, store_begin(w->store, w->now.unix_seconds), "begin");
	buffer_clear(&w->answer.json);
	must(w, desk_why(w->desk, words, 4, w->now, &w->answer), "WHY");
	must(w, store_commit(w->store), "commit");
	json = w->answer.json.data;
	if (strstr(json, "\"gate\":\"matters\"") != NULL || strstr(json, "\"gate\":\"contacts\"") != NULL)
		return -1;
	bool none = strstr(json, "\"why_not\":null,\"open\":") == NULL;
	found = strstr(json, "\"next_call\":");
	assert_non_null(found);
	return none || strncmp(found + 12, "null", 4) == 0 ? 0 : strtoll(found + 12, NULL, 10);
}

static void step_next(struct world *w)
{
	static struct call_seen now[CALLS_MAX];
	/* Mostly those who can have something to do now. */
	int agent = chance(&w->random, 15)                              ? draw(&w->random, AGENTS)
		    : desk_is_open(w, w->now) && chance(&w->random, 75) ? draw(&w->random, FIRST_GATEWAY)
									: FIRST_GATEWAY + draw(&w->random, AGENTS - FIRST_GATEWAY);
	const struct agent_known *a = &w->agents[agent];
	bool held = holds_phone_call(w, agent);
	const char *queues[1];
	struct next_request request = {.count = agent >= FIRST_GATEWAY ? draw(&w->random, 4) : draw(&w->random, 2)};
	int wanted = request.count > 0 && agent >= FIRST_GATEWAY ? request.count : 1, given = 0;

	if (chance(&w->random, 20) && strchr(a->queues[0], '*') == NULL) {
		queues[0] = a->queues[0];
		request.queues = queues;
		request.queue_count = 1;
	}
	int64_t foretold = request.queue_count > 0 && agent < FIRST_GATEWAY && !held ? foretell(w, agent, queues[0]) : -1;
	turn_begin(w);
	int result = desk_next(w->desk, &a->who, &request, w->now, &w->answer);
	check_first(w, "NEXT", result);
	/* Looked at before facts that wait are settled: a hand-out is by what was known then. */
	int count = result >= 0 ? load_calls(w, now) : 0;
	const struct call *last = NULL;
	for (int i = 0; i < count; i++) {
		const struct call_seen *was = call_seen_before(w, now[i].call.id);
		if (now[i].call.state != CALL_LEASED ||
			(was != NULL && was->call.state == CALL_LEASED && was->call.generation == now[i].call.generation))
			continue;
		const char *objection = why_not(w, &now[i], a, agent);
		if (held)
			wrong(w, "%s holds a call and was given call %" PRId64, a->name, now[i].call.id);
		if (objection != NULL)
			wrong(w, "call %" PRId64 " was handed to %s: %s", now[i].call.id, a->name, objection);
		given++;
		if (last == NULL || comes_before(last, &now[i].call, w->now.day))
			last = &now[i].call;
		lease_begun(w, &now[i], agent);
		trail_add(w, "NEXT by %s: call %" PRId64 ".%d on %s for %s", a->name, now[i].call.id, now[i].call.generation, now[i].queue,
			now[i].agenda[0].client_ref);
	}
	for (int i = 0; held && result > 0 && i < w->lease_count; i++) {
		struct lease_known *l = &w->leases[i];
		struct followup agenda[AGENDA_MAX];
		if (l->agent == agent && l->standing == LEASE_HELD && !l->bulk)
			show(w, l, agenda, agenda_of(w, l->call_id, agenda));
	}
	if (given > wanted)
		wrong(w, "%s asked for %d calls and was given %d", a->name, wanted, given);
	if (foretold >= 0 && foretold != (given > 0 ? last->id : 0))
		wrong(w, "WHY QUEUE %s foretold call %" PRId64 " for %s, NEXT gave %" PRId64, queues[0], foretold, a->name,
			given > 0 ? last->id : 0);
	w->foretold += foretold > 0;
	if (a->away != (result == ERR_INVALID))
		wrong(w, "%s is %s and NEXT said %d %s", a->name, a->away ? "away" : "there", result, w->answer.why);
	if (result >= 0 && !held)
		check_order(w, now, count, agent, request.queue_count > 0 ? queues[0] : NULL, given < wanted ? NULL : last);
	if (given == 0)
		trail_add(w, "NEXT by %s: %d %s", a->name, result, w->answer.why);
	turn_end(w, result);
	if (result < 0 && result != ERR_CLOSED && !a->away)
		must(w, result, "NEXT");
	if (result == ERR_CLOSED && (agent >= FIRST_GATEWAY || desk_is_open(w, w->now)))
		wrong(w, "closed to %s: %s", a->name, w->answer.why);
}

/* BREAK and READY, again and again by whoever may. */
static void step_break(struct world *w)
{
	struct agent_known *a = &w->agents[draw(&w->random, FIRST_GATEWAY)];
	bool leaves = !a->away && chance(&w->random, 40);

	turn_begin(w);
	int result = leaves ? desk_break(w->desk, &a->who, chance(&w->random, 50) ? "lunch" : "rest", w->now, &w->answer)
			    : desk_ready(w->desk, &a->who, w->now, &w->answer);
	turn_end(w, result);
	must(w, result, leaves ? "BREAK" : "READY");
	a->away = leaves;
	trail_add(w, "%s %s", a->name, leaves ? "takes a break" : "is ready");
}

/* HANDOVER, and back: refused exactly where a circle would come of it, or nobody has that manager. */
static void step_handover(struct world *w)
{
	int manager = draw(&w->random, FIRST_GATEWAY), successor = draw(&w->random, FIRST_GATEWAY);
	bool back = chance(&w->random, 30), known = false;

	for (int i = 0; i < CLIENTS; i++)
		known = known || (w->clients[i].exists && w->clients[i].manager == manager);
	for (int i = 0; i < AGENTS; i++)
		known = known || w->agents[i].successor == manager;
	bool allowed = back ? w->agents[manager].successor != NOBODY : known && !is_manager(w, successor, manager);
	turn_begin(w);
	int result = desk_handover(w->desk, &w->agents[0].who, w->agents[manager].name, back ? "none" : w->agents[successor].name, "a test",
		w->now, &w->answer);
	turn_end(w, result);
	if ((result >= 0) != allowed)
		wrong(w, "HANDOVER of %s to %s: %d %s", w->agents[manager].name, back ? "none" : w->agents[successor].name, result,
			w->answer.why);
	if (result >= 0)
		w->agents[manager].successor = back ? NOBODY : successor;
	trail_add(w, "HANDOVER %s %s: %d", w->agents[manager].name, back ? "none" : w->agents[successor].name, result);
}

/* AGENT.ADD: somebody is given other queues, or his own again. */
static void step_agent(struct world *w)
{
	static const char *const other[] = {"service"};
	int i = draw(&w->random, FIRST_GATEWAY);
	struct agent_known *a = &w->agents[i];
	bool back = a->queues[0] == other[0] || chance(&w->random, 30);
	size_t count = 0;

	memset(a->queues, 0, sizeof(a->queues));
	for (count = 0; count < 4 && (back ? all_agents[i].queues[count] : count == 0 ? other[0] : NULL) != NULL; count++)
		a->queues[count] = back ? all_agents[i].queues[count] : other[0];
	turn_begin(w);
	int result = desk_agent_add(w->desk, a->name, a->roles, a->queues, count, &w->answer);
	buffer_clear(&w->answer.json); /* a token is another each time */
	turn_end(w, result);
	must(w, result, "AGENT.ADD");
	trail_add(w, "AGENT.ADD %s %s", a->name, back ? "as he was" : "service only");
}

/* Whether some agent may ever make a call: he serves its queue, and no rule of its agenda recuses him. */
static bool somebody_may(struct world *w, const struct call_seen *c)
{
	for (int i = c->call.bulk ? FIRST_GATEWAY : 0; i < (c->call.bulk ? AGENTS : FIRST_GATEWAY); i++) {
		bool may = false;
		for (size_t q = 0; q < 4 && w->agents[i].queues[q] != NULL; q++)
			may = may || queue_matches(w->agents[i].queues[q], c->queue);
		for (int k = 0; k < c->agenda_count && !c->call.bulk; k++)
			may = may && !is_recused(w, &c->agenda[k], i);
		if (may)
			return true;
	}
	return false;
}

/* POLICY 6: nobody left is an alarm, not silence. */
static void look_at_staffing(struct world *w)
{
	int64_t walk = 0;

	must(w, store_meta_get(w->store, "staffing_queue", &walk), "the walk");
	if (walk != -1 || !engine_is_idle(w->engine, w->now) || engine_worked_on(w->engine) < w->latest)
		return;
	for (int i = 0; i < w->call_count; i++) {
		const struct call *call = &w->calls[i].call;
		bool alarm = false;
		if (call->state != CALL_READY || call->widen_at != 0)
			continue;
		int64_t queue = 0, lane = -1;
		while (store_unserved_next(w->store, &queue, &lane) > 0)
			alarm = alarm || (queue == call->queue && (lane == 0 || lane == call->lane));
		bool may = somebody_may(w, &w->calls[i]);
		w->unserved += !may;
		if (may == alarm)
			wrong(w, "call %" PRId64 " on %s: somebody may make it: %d, alarm: %d", call->id, w->calls[i].queue, may, alarm);
	}
}

#endif
