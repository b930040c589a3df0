/* history_facts.h - steps that tell something new: clients and events, late, coming, corrected and withdrawn. */
#ifndef FOLLOWUP_HISTORY_FACTS_H
#define FOLLOWUP_HISTORY_FACTS_H

#include "history_world.h"

/* One turn as the daemon makes it: a command in a savepoint of its own, what follows from the facts, the commit. */
static void turn_begin(struct world *w)
{
	must(w, store_begin(w->store, w->now.unix_seconds), "begin");
	if (w->detours && chance(&w->aside, 25)) { /* another command of this turn, refused */
		must(w, store_savepoint(w->store), "savepoint");
		w->wander(w);
		store_rollback_savepoint(w->store);
	}
	must(w, store_savepoint(w->store), "savepoint");
	buffer_clear(&w->answer.json);
	w->answer.why[0] = '\0';
	w->written = store_changes(w->store);
}

/* NEXT, DONE and TOUCH run without a savepoint in the daemon (COMMAND_CHECKS_FIRST): what they refuse they refuse before they have written. */
static void check_first(struct world *w, const char *what, int result)
{
	if (result < 0 && result != ERR_CLOSED && store_changes(w->store) != w->written)
		wrong(w, "%s was refused after it had written: %d %s", what, result, w->answer.why);
}

static void turn_end(struct world *w, int result)
{
	if (result < 0)
		store_rollback_savepoint(w->store);
	else
		must(w, store_release(w->store), "release");
	if (store_is_dirty(w->store))
		must(w, engine_settle(w->engine, w->now, INT32_MAX), "settle");
	must(w, store_commit(w->store), "commit");
	mix_number(w, result);
	if (w->answer.json.length > 0)
		mix(w, w->answer.json.data, w->answer.json.length);
	mix_text(w, w->answer.why);
}

static const char *day_text(day_t day, char out[DATE_TEXT_SIZE])
{
	return date_format(day, out);
}

static const char *manager_name(int agent)
{
	return agent == NOBODY ? "" : all_agents[agent].name;
}

/* Agents 0 to 2 are managers and introducers too. */
static int draw_manager(struct random *random)
{
	return chance(random, 25) ? NOBODY : draw(random, 3);
}

static void draw_birthday(struct random *random, day_t today, char *out, size_t size)
{
	static const char *const calendars[] = {"solar", "solar", "lunar", "lunar-leap"};
	const char *calendar = calendars[draw(random, 4)];
	struct date date = date_of_day(today + draw(random, 120) - 20); /* soon, so that much happens */

	if (chance(random, 10))
		snprintf(out, size, ",\"birthday\":\"\",\"birthday_calendar\":\"\"");
	else if (strcmp(calendar, "solar") == 0)
		snprintf(out, size, ",\"birthday\":\"%02d-%02d\",\"birthday_calendar\":\"solar\"", date.month, date.day);
	else
		snprintf(out, size, ",\"birthday\":\"%02d-%02d\",\"birthday_calendar\":\"%s\"", (date.month + 10) % 12 + 1,
			1 + draw(random, 30), calendar);
}

/* Some members of a client's document besides those that the test follows; they may carry as_of, those that it follows may not. */
static void draw_other_fields(struct random *random, day_t today, char *out, size_t size)
{
	static const char *const tiers[] = {"diamond", "gold", "silver", "standard", ""};
	static const int assets[] = {0, 100000, 150000, 1000000};
	char day[DATE_TEXT_SIZE], part[160];

	out[0] = '\0';
	for (int which = 0; which < 7; which++) {
		part[0] = '\0';
		if (!chance(random, 35))
			continue;
		switch (which) {
		case 0:
			snprintf(part, sizeof(part), ",\"tier\":\"%s\"", tiers[draw(random, 5)]);
			break;
		case 1:
			draw_birthday(random, today, part, sizeof(part));
			break;
		case 2:
			snprintf(part, sizeof(part), ",\"opened_on\":\"%s\"", day_text(today - draw(random, 900) + 5, day));
			break;
		case 3:
			if (chance(random, 50))
				snprintf(part, sizeof(part), ",\"closed_on\":\"%s\"",
					chance(random, 60) ? "" : day_text(today - draw(random, 40) + 10, day));
			break;
		case 4:
			snprintf(part, sizeof(part), ",\"last_trade_on\":\"%s\"", day_text(today - 100 - draw(random, 120), day));
			break;
		case 5:
			snprintf(part, sizeof(part), ",\"assets\":%d", assets[draw(random, 4)]);
			break;
		default:
			snprintf(part, sizeof(part), ",\"branch\":\"%s\"", chance(random, 20) ? "" : chance(random, 60) ? "B1" : "B2");
		}
		strncat(out, part, size - strlen(out) - 1);
	}
}

/* What a row about client i says; applies it to known unless that is NULL. */
static void draw_client(struct world *w, struct random *random, int i, struct client_known *known, char *out, size_t size)
{
	struct client_known c = w->clients[i];
	char other[512], persons[24] = "";
	bool is_new = !c.exists;

	if (is_new || chance(random, 12))
		c.person = chance(random, 65) ? draw(random, PERSONS) : NOBODY;
	if (is_new || chance(random, 10))
		c.manager = draw_manager(random);
	if (is_new || chance(random, 10))
		c.introducer = draw_manager(random);
	if (is_new || chance(random, 10))
		c.phone = chance(random, 80);
	if (is_new || chance(random, 10))
		c.email = chance(random, 60);
	if (is_new || chance(random, 8))
		c.hours = chance(random, 60) ? 0 : draw(random, HOURS_COUNT);
	if (is_new || chance(random, 10))
		c.forbidden = chance(random, 65) ? 0 : draw(random, FORBIDDEN_COUNT);
	c.exists = true;
	draw_other_fields(random, w->now.day, other, sizeof(other));
	if (c.person != NOBODY)
		snprintf(persons, sizeof(persons), "P%d", c.person);
	snprintf(out, size,
		"{\"client_ref\":\"C%02d\",\"name\":\"Client "
		"%d\",\"person_ref\":\"%s\",\"manager\":\"%s\",\"introducer\":\"%s\",\"phone\":\"%s\","
		"\"email\":\"%s\",\"hours\":\"%s\",\"do_not_contact\":\"%s\"%s}",
		i, i, persons, manager_name(c.manager), manager_name(c.introducer), c.phone ? "13900000000" : "",
		c.email ? "c@example.com" : "", own_hours[c.hours], forbidden[c.forbidden].text, other);
	if (known != NULL) {
		if (known->person != c.person)
			c.moved_at = w->step;
		*known = c;
	}
}

static void step_client(struct world *w)
{
	char json[1024];
	int i = draw(&w->random, CLIENTS);
	struct client_known known = w->clients[i];

	if (w->clients[i].exists && chance(&w->random, 30)) {
		char other[512];
		draw_other_fields(&w->random, w->now.day, other, sizeof(other));
		char time[DATE_TEXT_SIZE];
		snprintf(json, sizeof(json), "{\"client_ref\":\"C%02d\",\"as_of\":\"%sT%02d:00\"%s}", i,
			day_text(w->now.day - draw(&w->random, 6), time), draw(&w->random, 24), other);
	} else {
		draw_client(w, &w->random, i, &known, json, sizeof(json));
	}
	trail_add(w, "CLIENT.PUT %s", json);
	turn_begin(w);
	int result = desk_client_put(w->desk, json, strlen(json), w->now, &w->answer);
	turn_end(w, result);
	if (w->clients[i].erased) {
		if (result != ERR_INVALID)
			wrong(w, "CLIENT.PUT for an erased client: %d", result);
		return;
	}
	must(w, result, "CLIENT.PUT");
	w->clients[i] = known;
	w->clients[i].id = store_client_find(w->store, (char[]){'C', (char)('0' + i / 10), (char)('0' + i % 10), '\0'});
}

static const char *draw_kind(struct random *random)
{
	static const char *const kinds[] = {"account_opened", "account_closed", "account_reopened", "trade", "asset_outflow",
		"asset_outflow", "complaint", "complaint", "feedback", "abnormal", "transfer_requested", "permission_opened",
		"manager_departed"};

	return kinds[draw(random, (int)(sizeof(kinds) / sizeof(kinds[0])))];
}

static day_t draw_event_day(struct random *random, day_t today)
{
	if (chance(random, 55))
		return today;
	if (chance(random, 60))
		return today - draw(random, 12);
	return chance(random, 60) ? today + draw(random, 20) : today - 20 - draw(random, 60);
}

static void draw_event(struct world *w, struct random *random, struct event_known *e)
{
	snprintf(e->kind, sizeof(e->kind), "%s", draw_kind(random));
	e->client = strcmp(e->kind, "manager_departed") == 0 ? NOBODY : draw(random, CLIENTS);
	snprintf(e->detail, sizeof(e->detail), "%s", e->client == NOBODY ? all_agents[draw(random, 3)].name : "");
	e->day = draw_event_day(random, w->now.day);
}

static void write_event(struct random *random, const struct event_known *e, int as_of, char *out, size_t size)
{
	static const int amounts[] = {20000, 50000, 300000, 500000};
	char day[DATE_TEXT_SIZE], client[8] = "", amount[40] = "", version[40] = "";

	if (e->client != NOBODY)
		snprintf(client, sizeof(client), "C%02d", e->client);
	if (strcmp(e->kind, "asset_outflow") == 0)
		snprintf(amount, sizeof(amount), ",\"amount\":%d", amounts[draw(random, 4)]);
	if (as_of > 0)
		snprintf(version, sizeof(version), ",\"as_of\":\"2025-01-01T%02d:%02d:%02d\"", as_of / 3600, as_of / 60 % 60, as_of % 60);
	snprintf(out, size,
		"{\"event_ref\":\"%s\",\"client_ref\":\"%s\",\"kind\":\"%s\",\"occurred_at\":\"%sT%02d:00\",\"detail\":\"%s\"%s%s}", e->ref,
		client, e->kind, day_text(e->day, day), draw(random, 24), e->detail, amount, version);
}

static void put_event(struct world *w, const struct event_known *e, int as_of)
{
	char json[512];

	write_event(&w->random, e, as_of, json, sizeof(json));
	trail_add(w, "EVENT.PUT %s", json);
	turn_begin(w);
	int result = desk_event_put(w->desk, json, strlen(json), w->now, &w->answer);
	turn_end(w, result);
	if (e->client != NOBODY && w->clients[e->client].erased) {
		if (result != ERR_INVALID)
			wrong(w, "EVENT.PUT for an erased client: %d", result);
		return;
	}
	must(w, result, "EVENT.PUT");
	for (int i = 0; i < CLIENTS; i++) /* an event may be the first that is heard of a client */
		if (w->clients[i].id <= 0) {
			char ref[8];
			snprintf(ref, sizeof(ref), "C%02d", i);
			w->clients[i].id = store_client_find(w->store, ref);
		}
}

static void step_event(struct world *w)
{
	struct event_known *e = &w->events[w->event_count];

	if (w->event_count == EVENTS_MAX)
		return;
	snprintf(e->ref, sizeof(e->ref), "E%03d", w->event_count++);
	draw_event(w, &w->random, e);
	put_event(w, e, 0);
}

/* Another day, another client, another kind, withdrawn, or a withdrawal that meant another event. */
static void step_correction(struct world *w)
{
	if (w->event_count == 0 || w->event_count == EVENTS_MAX)
		return;
	int which = draw(&w->random, w->event_count), other = draw(&w->random, w->event_count);
	struct event_known *e = &w->events[which];
	if (chance(&w->random, 40)) {
		struct event_known *v = &w->events[w->event_count];
		snprintf(v->ref, sizeof(v->ref), "E%03d", w->event_count++);
		snprintf(v->kind, sizeof(v->kind), "void");
		snprintf(v->detail, sizeof(v->detail), "E%03d", which);
		v->client = chance(&w->random, 70) ? e->client : NOBODY;
		v->day = chance(&w->random, 80) ? w->now.day : w->now.day + draw(&w->random, 9) - 4;
		put_event(w, v, 0);
		return;
	}
	if (strcmp(e->kind, "void") == 0) {
		if (other == which) /* an event cannot withdraw itself */
			return;
		snprintf(e->detail, sizeof(e->detail), "E%03d", other);
		if (chance(&w->random, 30))
			draw_event(w, &w->random, e);
	} else if (chance(&w->random, 50)) {
		e->day = draw_event_day(&w->random, w->now.day);
	} else {
		draw_event(w, &w->random, e);
	}
	put_event(w, e, ++w->as_of);
}

#endif
