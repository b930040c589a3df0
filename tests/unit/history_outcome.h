/* history_outcome.h - what agents say of the calls they were given, in time, late and twice, and what must come of it. */
#ifndef FOLLOWUP_HISTORY_OUTCOME_H
#define FOLLOWUP_HISTORY_OUTCOME_H

#include "history_desk.h"

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
	bool has_items, is_refused; /* names a matter of somebody else, or one that he must not speak of */
	int64_t items[AGENDA_MAX];
	int count;
	bool has_done_at;
	day_t day;
	day_t promised[2];
	int promise_count;
	char json[400];
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

/* Whether one that it closes is not his to close: he is recused from it, was not told of it, and does not hold it. */
static bool names_barred(struct world *w, const struct lease_known *l, int agent, const struct followup *agenda, int agenda_count,
	const int64_t *closed, int count)
{
	for (int i = 0; i < count; i++) {
		bool given = l != NULL && is_shown(l, closed[i]);
		for (int k = 0; l != NULL && l->standing == LEASE_HELD && k < agenda_count; k++)
			given = given || agenda[k].id == closed[i];
		if (!given && is_recused(w, &w->seen[closed[i] - 1].f, agent))
			return true;
	}
	return false;
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
	check_first(w, "DONE", result);
	if (result != 0 || strcmp(w->answer.json.data, l->answer) != 0)
		wrong(w, "DONE %s again: %d %s", lease, result, result < 0 ? w->answer.why : w->answer.json.data);
	turn_end(w, result);
	turn_begin(w);
	result = desk_done(w->desk, &w->agents[l->agent].who, lease, l->disposition, "{\"note\":\"another\"}", w->now, &w->answer);
	check_first(w, "DONE", result);
	if (result != ERR_NO_LEASE)
		wrong(w, "another DONE %s was not refused: %d", lease, result);
	turn_end(w, result);
	if (book_digest(w) != before)
		wrong(w, "DONE %s again changed something", lease);
}

/* Whether one of them has been erased. */
static bool is_erased(const struct world *w, unsigned clients)
{
	for (int i = 0; i < CLIENTS; i++)
		if ((clients & 1u << i) != 0 && w->clients[i].erased)
			return true;
	return false;
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
	bool barred = contact && !l->bulk && t.has_items && names_barred(w, l, l->agent, agenda, agenda_count, closed, closed_count);
	t.is_refused = t.is_refused || barred;
	if (strcmp(disposition, "reached") == 0 && !l->bulk)
		t.promise_count = is_erased(w, l->clients) ? 0 : say_promises(w, t.json, sizeof(t.json), t.day, t.promised);
	w->contact_step = contact;
	turn_begin(w);
	int result = desk_done(w->desk, &w->agents[l->agent].who, lease, disposition, t.json, w->now, &w->answer);
	check_first(w, "DONE", result);
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
		note_promises(w, t.promised, t.promise_count, l->agent, clients);
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
	check_first(w, "TOUCH", result);
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
	int agent = draw(&w->random, FIRST_GATEWAY);
	if (t.has_items) {
		closed_count = closed_by(w, &t, NULL, NULL, 0, closed);
		t.is_refused = t.is_refused || names_barred(w, NULL, agent, NULL, 0, closed, closed_count);
	}
	for (int i = 0; !t.has_items && waiting != NULL && i < waiting->agenda_count; i++)
		if (waiting->agenda[i].client_id == w->clients[client].id && !is_recused(w, &waiting->agenda[i], agent)) {
			closed[closed_count++] = waiting->agenda[i].id;
			snprintf(own + strlen(own), sizeof(own) - strlen(own), " %" PRId64, waiting->agenda[i].id);
		}
	t.promise_count = say_promises(w, t.json, sizeof(t.json), t.day, t.promised);
	w->contact_step = true;
	turn_begin(w);
	int result = desk_record(w->desk, &w->agents[agent].who, ref, t.json, w->now, &w->answer);
	trail_add(w, "RECORD %s %s%s: %d", ref, t.json, own, result);
	turn_end(w, result);
	if (w->clients[client].erased && result != ERR_INVALID)
		wrong(w, "RECORD for an erased client: %d", result);
	if (result < 0) {
		if (!t.is_refused && !w->clients[client].erased)
			wrong(w, "RECORD was refused: %s", w->answer.why);
		return;
	}
	if (t.is_refused)
		wrong(w, "RECORD closed what was not his to close");
	unsigned clients = clients_of(w, closed, closed_count);
	note_contact(w, clients != 0 ? clients : 1u << client, t.day, 0, 0);
	note_promises(w, t.promised, t.promise_count, agent, clients | 1u << client);
	check_closed(w, closed, closed_count, t.day);
}

#endif
