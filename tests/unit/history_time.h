/* history_time.h - time that passes, work that is interrupted or lost, turns that are rolled back. */
#ifndef FOLLOWUP_HISTORY_TIME_H
#define FOLLOWUP_HISTORY_TIME_H

#include "followup/book_rows.h"
#include "followup/policy_difference.h"
#include "followup/store_reader.h"
#include "history_outcome.h"

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
		must(w, store_begin(w->store, w->now.unix_seconds), "begin");
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

/* How many follow-ups RELOAD says that a policy changes. */
static long told_changes(struct world *w, const struct policy *policy)
{
	struct buffer json = {0};
	struct store *copy = NULL;
	char message[256] = "";

	must(w, store_copy(w->store, &copy, message), message);
	must(w, policy_difference(copy, w->policies[w->policy], policy, w->now, &json), "policy_difference");
	long told = strtol(strstr(json.data, "\"changed\":") + strlen("\"changed\":"), NULL, 10);
	buffer_free(&json);
	store_close(copy);
	return told;
}

static int count_nothing(void *context, const struct followup_row *before, const struct followup_row *after)
{
	(void)context, (void)before, (void)after;
	return 0;
}

static void step_reload(struct world *w)
{
	int next = chance(&w->random, 40) ? 0 : draw(&w->random, POLICIES);
	struct book_rows *before = NULL, *after = NULL;
	bool compares = engine_is_idle(w->engine, w->now);
	long told = 0, happened = 0;

	if (compares) {
		told = told_changes(w, w->policies[next]);
		must(w, book_rows_read(w->store, w->now.day, &before), "rows before");
	}
	if (next == POLICY_WITHOUT_PHONE && w->policy != next) {
		day_t worked_on = engine_worked_on(w->engine);
		/* Days that were missed are worked without it. */
		w->phone_off_since = worked_on != NO_DAY && worked_on < w->now.day ? worked_on + 1 : w->now.day;
		w->phone_off_until = INT32_MAX;
	} else if (w->policy == POLICY_WITHOUT_PHONE && w->policy != next) {
		w->phone_off_until = w->now.day;
	}
	w->policy = next;
	trail_add(w, "RELOAD: policy %d", w->policy);
	must(w, engine_set_policy(w->engine, w->policies[w->policy], w->now.unix_seconds), "engine_set_policy");
	desk_set_policy(w->desk, w->policies[w->policy]);
	work(w);
	/* What is told is what happens, unless the work was interrupted. */
	if (compares && engine_is_idle(w->engine, w->now)) {
		must(w, book_rows_read(w->store, w->now.day, &after), "rows after");
		must(w, book_rows_compare(before, after, count_nothing, NULL, &happened), "book_rows_compare");
		if (happened != told)
			wrong(w, "RELOAD told of %ld changes, and %ld happened", told, happened);
	}
	book_rows_free(before);
	book_rows_free(after);
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
	must(w, store_begin(w->store, w->now.unix_seconds), "begin");
	for (int i = draw(&w->aside, 3); i >= 0; i--)
		wander(w);
	store_rollback(w->store);
}

#endif
