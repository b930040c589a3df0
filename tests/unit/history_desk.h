/* history_desk.h - steps at the desk: hand-outs checked against every gate by the test's own reckoning, outcomes, time that passes. */
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
	static const char *const rules[] = {"account-opened", "abnormal", "permission-opened", "manager-departed", "complaint"};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (strcmp(rules[i], rule) == 0)
			return true;
	return false;
}

static const char *rule_of(struct world *w, const struct followup *f)
{
	return store_name_text(w->store, f->rule);
}

static bool is_exempt(struct world *w, const struct call_seen *c)
{
	for (int i = 0; i < c->agenda_count; i++) {
		const char *rule = rule_of(w, &c->agenda[i]);
		if (strcmp(rule, "complaint") == 0 || strcmp(rule, "abnormal") == 0)
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
	if (c->call.bulk != (agent_place >= FIRST_GATEWAY))
		return "messages are for gateways, calls for agents";
	if (!c->call.bulk && !desk_is_open(w, w->now))
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
		if (!c->call.bulk && rule_recuses(rule->name) &&
			(agent_place == client->manager || agent_place == client->introducer || agent_place == MARKETEER))
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
	bool a_due = a->due_on <= today, b_due = b->due_on <= today;

	if (a_due != b_due)
		return a_due;
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
	turn_begin(w);
	int result = desk_next(w->desk, &a->who, &request, w->now, &w->answer);
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
	if (result >= 0 && !held)
		check_order(w, now, count, agent, request.queue_count > 0 ? queues[0] : NULL, given < wanted ? NULL : last);
	if (given == 0)
		trail_add(w, "NEXT by %s: %d %s", a->name, result, w->answer.why);
	turn_end(w, result);
	if (result < 0 && result != ERR_CLOSED)
		must(w, result, "NEXT");
	if (result == ERR_CLOSED && (agent >= FIRST_GATEWAY || desk_is_open(w, w->now)))
		wrong(w, "closed to %s: %s", a->name, w->answer.why);
}

static struct lease_known *draw_lease(struct world *w, enum lease_standing standing)
{
	int count = 0;

	for (int i = 0; i < w->lease_count; i++)
		count += w->leases[i].standing == standing;
	if (count == 0)
		return NULL;
	count = draw(&w->random, count);
	for (int i = 0; i < w->lease_count; i++)
		if (w->leases[i].standing == standing && count-- == 0)
			return &w->leases[i];
	return NULL;
}

static void write_lease(const struct lease_known *l, char out[40])
{
	snprintf(out, 40, "%" PRId64 ".%d", l->call_id, l->generation);
}

static bool is_shown(const struct lease_known *l, int64_t id)
{
	for (int i = 0; i < l->shown_count; i++)
		if (l->shown[i] == id)
			return true;
	return false;
}

/* What an outcome is expected to do. */
struct telling {
	bool has_items, is_refused; /* names a matter of somebody else */
	int64_t items[AGENDA_MAX];
	int count;
	bool has_done_at;
	day_t day;
	char json[256];
};

static void say_items(struct telling *t, int64_t id)
{
	for (int i = 0; i < t->count; i++)
		if (t->items[i] == id)
			return;
	if (t->count < 12)
		t->items[t->count++] = id;
}

/* False when clients have come apart since they shared a call. */
static bool is_one_person(const struct world *w, unsigned clients)
{
	for (int a = 0; a < CLIENTS; a++)
		for (int b = 0; b < a; b++)
			if ((clients & 1u << a) != 0 && (clients & 1u << b) != 0 && !same_person(w, a, b))
				return false;
	return true;
}

/* Items of the agenda, and now and then one that is not on it: open, missed, or nobody's business. */
static void draw_telling(struct world *w, struct telling *t, const struct followup *agenda, int agenda_count, unsigned clients)
{
	struct random *random = &w->random;
	char when[DATE_TEXT_SIZE], items[160] = "";

	t->day = w->now.day;
	for (int i = 0; i < agenda_count; i++)
		clients |= 1u << client_of_id(w, agenda[i].client_id);
	if (chance(random, 50)) {
		t->has_items = true;
		for (int i = 0; i < agenda_count; i++)
			if (chance(random, 60))
				say_items(t, agenda[i].id);
		if (chance(random, 25) && w->seen_count > 0) {
			const struct followup *f = &w->seen[draw(random, w->seen_count)].f;
			int other = client_of_id(w, f->client_id);
			bool stranger = !about_person(w, clients, other), is_there = false;
			for (int i = 0; i < agenda_count; i++)
				is_there = is_there || agenda[i].id == f->id;
			if (!is_there && (stranger ? chance(random, 10) : is_one_person(w, clients))) {
				t->is_refused = stranger;
				say_items(t, f->id);
			}
		}
		for (int i = 0; i < t->count; i++)
			snprintf(items + strlen(items), sizeof(items) - strlen(items), "%s%" PRId64, i > 0 ? "," : "", t->items[i]);
	}
	t->has_done_at = chance(random, 15);
	if (t->has_done_at)
		t->day = w->now.day - 1 - draw(random, 40);
	snprintf(t->json, sizeof(t->json), "{%s%s%s%s%s%s\"note\":\"%d\"}", t->has_items ? "\"items\":[" : "", items,
		t->has_items ? "]," : "", t->has_done_at ? "\"done_at\":\"" : "", t->has_done_at ? day_text(t->day, when) : "",
		t->has_done_at ? "T10:00\"," : "", w->step);
}

static void note_contact(struct world *w, unsigned clients, day_t day, int64_t call_id, int generation)
{
	assert_true(w->contact_count < CONTACTS_MAX);
	w->contacts[w->contact_count++] = (struct contact_known){true, clients, day, call_id, generation};
}

static struct contact_known *contact_of_lease(struct world *w, const struct lease_known *l)
{
	for (int i = 0; i < w->contact_count; i++)
		if (w->contacts[i].call_id == l->call_id && w->contacts[i].generation == l->generation && w->contacts[i].counts)
			return &w->contacts[i];
	return NULL;
}

static unsigned clients_of(struct world *w, const int64_t *items, int count)
{
	unsigned clients = 0;

	for (int i = 0; i < count; i++)
		clients |= 1u << client_of_id(w, w->seen[items[i] - 1].f.client_id);
	return clients;
}

/* Items that a telling closes: those said or shown that are not done already. */
static int closed_by(struct world *w, const struct telling *t, const struct lease_known *l, const struct followup *agenda, int agenda_count,
	int64_t *out)
{
	int count = 0;

	for (int i = 0; t->has_items && i < t->count; i++) {
		enum followup_state state = w->seen[t->items[i] - 1].f.state;
		if (state != FOLLOWUP_DONE && state != FOLLOWUP_DONE_LATE)
			out[count++] = t->items[i];
	}
	for (int i = 0; !t->has_items && l != NULL && i < agenda_count; i++)
		if (is_shown(l, agenda[i].id))
			out[count++] = agenda[i].id;
	/* Shown, and expired while he spoke: he has reached the client about it all the same. */
	for (int i = 0; !t->has_items && l != NULL && i < l->shown_count; i++)
		if (w->seen[l->shown[i] - 1].f.state == FOLLOWUP_MISSED)
			out[count++] = l->shown[i];
	return count;
}

static void check_closed(struct world *w, const int64_t *items, int count, day_t day)
{
	for (int i = 0; i < count; i++) {
		struct followup f;
		must(w, store_followup_load(w->store, items[i], &f), "follow-up");
		enum followup_state wanted = day > f.due_on ? FOLLOWUP_DONE_LATE : FOLLOWUP_DONE;
		if (f.state != wanted || f.closed_on != day)
			wrong(w, "follow-up %" PRId64 " was told of and is %s", f.id, followup_state_name(f.state));
	}
}

static const char *draw_disposition(struct random *random, bool bulk)
{
	static const char *const phone[] = {"reached", "reached", "reached", "reached", "no-answer", "busy", "switched-off", "sent"};
	static const char *const message[] = {"sent", "sent", "sent", "sent", "sent", "bounced", "bounced", "reached"};

	return bulk ? message[draw(random, 8)] : phone[draw(random, 8)];
}

/* The same DONE again is answered the same and changes nothing; another one is refused. */
static void tell_again(struct world *w, const struct lease_known *l)
{
	char lease[40];
	uint64_t before = book_digest(w);

	write_lease(l, lease);
	turn_begin(w);
	int result = desk_done(w->desk, &w->agents[l->agent].who, lease, l->disposition, l->said, w->now, &w->answer);
	if (result != 0 || strcmp(w->answer.json.data, l->answer) != 0)
		wrong(w, "DONE %s again: %d %s", lease, result, result < 0 ? w->answer.why : w->answer.json.data);
	turn_end(w, result);
	turn_begin(w);
	result = desk_done(w->desk, &w->agents[l->agent].who, lease, l->disposition, "{\"note\":\"another\"}", w->now, &w->answer);
	if (result != ERR_NO_LEASE)
		wrong(w, "another DONE %s was not refused: %d", lease, result);
	turn_end(w, result);
	if (book_digest(w) != before)
		wrong(w, "DONE %s again changed something", lease);
}

static void finish(struct world *w, struct lease_known *l, bool retry)
{
	struct followup agenda[AGENDA_MAX];
	int64_t closed[AGENDA_MAX];
	struct telling t = {0};
	char lease[40];
	const char *disposition = draw_disposition(&w->random, l->bulk);
	bool contact = strcmp(disposition, "reached") == 0 || strcmp(disposition, "sent") == 0;
	int agenda_count = agenda_of(w, l->call_id, agenda);

	write_lease(l, lease);
	draw_telling(w, &t, agenda, agenda_count, l->clients);
	int closed_count = closed_by(w, &t, l, agenda, agenda_count, closed);
	w->contact_step = contact;
	turn_begin(w);
	int result = desk_done(w->desk, &w->agents[l->agent].who, lease, disposition, t.json, w->now, &w->answer);
	trail_add(w, "DONE %s %s %s: %d %s", lease, disposition, t.json, result, result < 0 ? w->answer.why : "");
	turn_end(w, result);
	if (result < 0) {
		bool mismatch = l->bulk != (strcmp(disposition, "sent") == 0 || strcmp(disposition, "bounced") == 0);
		if (result != ERR_NO_LEASE && result != ERR_INVALID)
			must(w, result, "DONE");
		if (l->standing != LEASE_OVER && !mismatch && !t.is_refused)
			wrong(w, "DONE %s %s was refused: %s", lease, disposition, w->answer.why);
		return;
	}
	if (t.is_refused && contact)
		wrong(w, "DONE %s closed a stranger's matter", lease);
	l->told = true;
	snprintf(l->disposition, sizeof(l->disposition), "%s", disposition);
	snprintf(l->said, sizeof(l->said), "%s", t.json);
	l->answer = strdup(w->answer.json.data);
	if (contact) {
		day_t day = t.day;
		unsigned clients = clients_of(w, closed, closed_count);
		struct contact_known *k = l->standing == LEASE_UNCERTAIN ? contact_of_lease(w, l) : NULL;
		if (k != NULL)
			day = k->day;
		for (int i = 0; closed_count == 0 && i < agenda_count; i++)
			clients |= 1u << client_of_id(w, agenda[i].client_id);
		if (closed_count == 0)
			clients |= l->clients;
		if (k == NULL)
			note_contact(w, clients, day, l->call_id, l->generation);
		check_closed(w, closed, closed_count, day);
	} else if (l->standing == LEASE_UNCERTAIN && contact_of_lease(w, l) != NULL) {
		contact_of_lease(w, l)->counts = false; /* it bounced after all */
	}
	l->standing = LEASE_OVER;
	observe(w);
	if (retry)
		tell_again(w, l);
}

static void step_done(struct world *w)
{
	struct lease_known *l = draw_lease(w, chance(&w->random, 85) ? LEASE_HELD : LEASE_UNCERTAIN);

	if (l != NULL)
		finish(w, l, chance(&w->random, 30));
}

/* Under a lease that ended: what happened is recorded, anything else refused. */
static void step_stale(struct world *w)
{
	struct lease_known *l = draw_lease(w, LEASE_OVER);

	if (l == NULL)
		return;
	if (l->told)
		tell_again(w, l);
	else
		finish(w, l, true);
}

static void step_touch(struct world *w)
{
	struct lease_known *l = draw_lease(w, chance(&w->random, 80) ? LEASE_HELD : LEASE_OVER);
	struct followup agenda[AGENDA_MAX];
	char lease[40];

	if (l == NULL)
		return;
	write_lease(l, lease);
	turn_begin(w);
	int result = desk_touch(w->desk, &w->agents[l->agent].who, lease, w->now, &w->answer);
	trail_add(w, "TOUCH %s: %d", lease, result);
	turn_end(w, result);
	if ((result == 0) != (l->standing == LEASE_HELD))
		wrong(w, "TOUCH %s: %d %s", lease, result, w->answer.why);
	if (result == 0) {
		const struct call_seen *c = call_seen_before(w, l->call_id);
		l->length = c != NULL && strcmp(c->queue, "letter") == 0 ? 86400 : 900;
		l->until = w->now.unix_seconds + l->length;
		show(w, l, agenda, agenda_of(w, l->call_id, agenda));
	}
}

static void step_release(struct world *w)
{
	struct lease_known *l = draw_lease(w, LEASE_HELD);
	char lease[40];

	if (l == NULL)
		return;
	write_lease(l, lease);
	turn_begin(w);
	int result = desk_release(w->desk, &w->agents[l->agent].who, lease, "not now", w->now, &w->answer);
	trail_add(w, "RELEASE %s: %d", lease, result);
	turn_end(w, result);
	must(w, result, "RELEASE");
	l->standing = LEASE_OVER;
}

/* A contact without a lease: a client who rang in, or something told late. */
static void step_record(struct world *w)
{
	struct call_seen *waiting = NULL;
	struct telling t = {0};
	int64_t closed[AGENDA_MAX];
	char ref[8], own[64] = "";
	int client = draw(&w->random, CLIENTS), closed_count = 0;

	if (!w->clients[client].exists)
		return;
	snprintf(ref, sizeof(ref), "C%02d", client);
	for (int i = 0; i < w->call_count && waiting == NULL; i++) {
		struct client c;
		must(w, store_client_load(w->store, w->clients[client].id, &c), "client");
		if (w->calls[i].call.person == c.person && strcmp(store_name_text(w->store, w->calls[i].call.channel), "phone") == 0)
			waiting = &w->calls[i];
	}
	draw_telling(w, &t, waiting != NULL ? waiting->agenda : NULL, waiting != NULL ? waiting->agenda_count : 0, 1u << client);
	if (t.has_items)
		closed_count = closed_by(w, &t, NULL, NULL, 0, closed);
	for (int i = 0; !t.has_items && waiting != NULL && i < waiting->agenda_count; i++)
		if (waiting->agenda[i].client_id == w->clients[client].id) {
			closed[closed_count++] = waiting->agenda[i].id;
			snprintf(own + strlen(own), sizeof(own) - strlen(own), " %" PRId64, waiting->agenda[i].id);
		}
	w->contact_step = true;
	turn_begin(w);
	int result = desk_record(w->desk, &w->agents[draw(&w->random, FIRST_GATEWAY)].who, ref, t.json, w->now, &w->answer);
	trail_add(w, "RECORD %s %s%s: %d", ref, t.json, own, result);
	turn_end(w, result);
	if (result < 0) {
		if (!t.is_refused)
			wrong(w, "RECORD was refused: %s", w->answer.why);
		return;
	}
	unsigned clients = clients_of(w, closed, closed_count);
	note_contact(w, clients != 0 ? clients : 1u << client, t.day, 0, 0);
	check_closed(w, closed, closed_count, t.day);
}

/* Leases that ran out, as the test reckons: a phone call goes back, a message may have been sent and counts. */
static void note_expiries(struct world *w)
{
	for (int i = 0; i < w->lease_count; i++) {
		struct lease_known *l = &w->leases[i];
		struct followup agenda[AGENDA_MAX];
		if (l->standing != LEASE_HELD || l->until > w->now.unix_seconds)
			continue;
		l->standing = l->bulk ? LEASE_UNCERTAIN : LEASE_OVER;
		if (!l->bulk)
			continue;
		unsigned clients = l->clients;
		int count = agenda_of(w, l->call_id, agenda);
		for (int k = 0; k < count; k++)
			clients |= 1u << client_of_id(w, agenda[k].client_id);
		note_contact(w, clients, w->now.day, l->call_id, l->generation);
	}
}

static void wake(struct world *w)
{
	note_expiries(w);
	turn_begin(w);
	int result = desk_wake(w->desk, w->now);
	turn_end(w, result);
	must(w, result, "wake");
}

/* The days' cycles up to today in slices, each of which may be lost and done again. */
static void work(struct world *w)
{
	int slices = 0, stop_after = !w->whole_days && chance(&w->random, 12) ? draw(&w->random, 6) : INT32_MAX, result = 1;

	while (result > 0 && slices++ < stop_after) {
		bool lost = w->detours && chance(&w->aside, 20);
		int budget = w->detours ? 1 + draw(&w->aside, 12) : stop_after < INT32_MAX ? 1 + draw(&w->random, 8) : 1000000;
		must(w, store_begin(w->store), "begin");
		result = engine_work(w->engine, w->now, budget);
		must(w, result, "work");
		if (lost)
			store_rollback(w->store);
		else
			must(w, store_commit(w->store), "commit");
		if (lost)
			result = 1;
		if (slices > 100000)
			wrong(w, "the cycle of a day does not end");
	}
	if (result > 0)
		trail_add(w, "work interrupted");
}

static void pass_time(struct world *w, int64_t clock)
{
	set_clock(w, clock);
	trail_add(w, "time passes");
	bool wakes_first = chance(&w->random, 50), idle = !w->whole_days && chance(&w->random, 8);
	if (idle)
		return; /* the next step comes before the timer */
	if (wakes_first)
		wake(w);
	work(w);
	if (!wakes_first)
		wake(w);
}

static void step_time(struct world *w)
{
	struct random *random = &w->random;
	int kind = draw(random, 100);

	if (kind < 35)
		pass_time(w, w->clock + 60 * (1 + draw(random, 25)));
	else if (kind < 45)
		pass_time(w, w->clock + 3600 * (1 + draw(random, 5)));
	else if (kind < 60 && w->now.second < 54000) /* this afternoon */
		pass_time(w, zone_unix(w->now.day, 54000 + 60 * draw(random, 100)));
	else if (kind < 84) /* tomorrow morning, or the afternoon */
		pass_time(w, zone_unix(w->now.day + 1, chance(random, 60) ? 36000 : 55800));
	else if (kind < 90)
		pass_time(w, zone_unix(w->now.day + 1, 0) + draw(random, 2) * 30);
	else if (kind < 97)
		pass_time(w, w->clock + (int64_t)86400 * (1 + draw(random, 9)));
	else
		pass_time(w, w->clock + (int64_t)86400 * 7 * (1 + draw(random, 3)));
}

static void step_clock_back(struct world *w)
{
	trail_add(w, "the clock steps back");
	pass_time(w, w->clock - (chance(&w->random, 50) ? 60 + draw(&w->random, 7200) : 3600 * (1 + draw(&w->random, 72))));
}

static void step_reload(struct world *w)
{
	w->policy = chance(&w->random, 40) ? 0 : draw(&w->random, POLICIES);
	trail_add(w, "RELOAD: policy %d", w->policy);
	must(w, engine_set_policy(w->engine, w->policies[w->policy]), "engine_set_policy");
	desk_set_policy(w->desk, w->policies[w->policy]);
	work(w);
}

/* Something that will be rolled back, whatever comes of it; nothing that the test knows changes. */
static void wander(struct world *w)
{
	struct random *random = &w->aside;
	const struct agent_known *a = &w->agents[draw(random, AGENTS)];
	struct lease_known *l = w->lease_count > 0 ? &w->leases[draw(random, w->lease_count)] : NULL;
	struct next_request request = {.count = draw(random, 3)};
	struct event_known event = {0};
	char json[1024], lease[40];
	int result = 0;

	buffer_clear(&w->answer.json);
	switch (draw(random, 8)) {
	case 0:
		draw_client(w, random, draw(random, CLIENTS), NULL, json, sizeof(json));
		result = desk_client_put(w->desk, json, strlen(json), w->now, &w->answer);
		break;
	case 1:
		snprintf(event.ref, sizeof(event.ref), "E%03d", draw(random, w->event_count + 3));
		draw_event(w, random, &event);
		write_event(random, &event, 90000, json, sizeof(json));
		result = desk_event_put(w->desk, json, strlen(json), w->now, &w->answer);
		break;
	case 2:
	case 3:
		result = desk_next(w->desk, &a->who, &request, w->now, &w->answer);
		break;
	case 4:
	case 5:
		if (l == NULL)
			break;
		write_lease(l, lease);
		result = desk_done(w->desk, &w->agents[l->agent].who, lease, draw_disposition(random, l->bulk), "{\"note\":\"never\"}",
			w->now, &w->answer);
		break;
	case 6:
		snprintf(json, sizeof(json), "C%02d", draw(random, CLIENTS));
		result = desk_record(w->desk, &w->agents[0].who, json, "", w->now, &w->answer);
		break;
	default:
		result = desk_wake(w->desk, zone_moment(w->clock + 3600));
	}
	if (result >= 0 && chance(random, 70))
		must(w, engine_settle(w->engine, w->now, chance(random, 50) ? 1 : INT32_MAX), "settle");
	buffer_clear(&w->answer.json);
	w->answer.why[0] = '\0';
}

/* A whole turn that is lost. */
static void detour(struct world *w)
{
	if (!w->detours || !chance(&w->aside, 40))
		return;
	must(w, store_begin(w->store), "begin");
	for (int i = draw(&w->aside, 3); i >= 0; i--)
		wander(w);
	store_rollback(w->store);
}

#endif
