/* history_promise.h - what agents promise in a contact, and that it is kept: a follow-up for each on its day, first of all by who made it. */
#ifndef FOLLOWUP_HISTORY_PROMISE_H
#define FOLLOWUP_HISTORY_PROMISE_H

#include "followup/store_correction.h"
#include "followup/store_promise.h"
#include "history_world.h"

/* Now and then one or two are made; the JSON object of an outcome gets them. A contact of earlier may promise what is over by now. */
static int say_promises(struct world *w, char *json, size_t size, day_t day, day_t *by)
{
	int count = chance(&w->random, 12) ? 1 + draw(&w->random, 2) : 0;
	char text[DATE_TEXT_SIZE];

	for (int i = 0; i < count; i++) {
		by[i] = day + draw(&w->random, 25);
		size_t length = strlen(json) - 1; /* before the closing brace */
		snprintf(json + length, size - length, "%s{\"by\":\"%s\",\"matter\":\"m%d\"}%s", i == 0 ? ",\"promise\":[" : ",",
			date_format(by[i], text), w->step, i + 1 == count ? "]}" : "}");
	}
	return count;
}

/* They are in the book, of a client of that person. */
static void note_promises(struct world *w, const day_t *by, int count, int agent, unsigned clients)
{
	for (int i = 0; i < count; i++) {
		struct promise promise;
		assert_true(w->promise_count < PROMISES_KNOWN_MAX);
		must(w, store_promise_load(w->store, ++w->promise_count, &promise), "promise");
		int client = client_of_id(w, promise.client_id);
		if (promise.by != by[i] || client == NOBODY || !about_person(w, clients, client) ||
			promise.agent_id != w->agents[agent].who.agent_id)
			wrong(w, "promise %d is not the one that was made", w->promise_count);
		w->promises[w->promise_count - 1] = (struct promise_known){client, agent, by[i], false};
	}
}

/* The promise that a follow-up stands for; NULL: none. */
static const struct promise_known *promise_of(const struct world *w, const char *rule, const char *occasion)
{
	int number = strcmp(rule, "promise") == 0 ? atoi(occasion + sizeof("promise/") - 1) : 0;

	return number > 0 && number <= w->promise_count ? &w->promises[number - 1] : NULL;
}

/* When all up to day has been worked: one follow-up for each promise of that time, on its day, of its client. */
static void look_at_promises(struct world *w, day_t day)
{
	for (int i = 0; i < w->promise_count; i++) {
		const struct promise_known *p = &w->promises[i];
		int found = 0;
		for (int k = 0; k < w->seen_count; k++) {
			const struct followup *f = &w->seen[k].f;
			if (promise_of(w, w->seen[k].rule, f->occasion) != p)
				continue;
			found++;
			if (f->client_id != w->clients[p->client].id || f->opens_on != p->by || f->due_on != p->by)
				wrong(w, "promise %d is kept for somebody else or on another day", i + 1);
		}
		if (p->gone ? found > 1 : found != (p->by <= day && p->by >= w->begun_on))
			wrong(w, "promise %d has %d follow-ups", i + 1, found);
	}
}

/* Contacts that were none: what was promised in them is no longer in the book. */
static void note_promises_gone(struct world *w)
{
	for (int i = 0; i < w->promise_count; i++) {
		struct promise promise;
		int result = store_promise_load(w->store, i + 1, &promise);
		if (result != ERR_NOT_FOUND)
			must(w, result, "promise");
		w->promises[i].gone = result == ERR_NOT_FOUND;
	}
}

/* A contact that was none is one again: new in the book is what had been promised in it, of that client and by that agent, for the same day. */
static void note_promises_again(struct world *w, const struct attempt_truth *was)
{
	for (;;) {
		struct promise promise;
		int known = w->promise_count, like = NOBODY;
		int result = store_promise_load(w->store, known + 1, &promise);
		if (result == ERR_NOT_FOUND)
			return;
		must(w, result, "promise");
		for (int i = 0; i < known; i++) {
			const struct promise_known *p = &w->promises[i];
			if (p->gone && p->by == promise.by && strcmp(w->agents[p->agent].who.name, was->agent) == 0 &&
				same_person(w, p->client, client_of_id(w, promise.client_id)))
				like = i;
		}
		if (was->contact_id != 0 || like == NOBODY)
			wrong(w, "promise %d was never made", known + 1);
		assert_true(known < PROMISES_KNOWN_MAX);
		w->promises[w->promise_count++] =
			(struct promise_known){client_of_id(w, promise.client_id), w->promises[like].agent, promise.by, false};
	}
}

/* A call that is kept for somebody carries what he has promised. */
static void check_owner(struct world *w, const struct call_seen *c)
{
	bool promised = false;

	for (int i = 0; i < c->agenda_count; i++) {
		const struct promise_known *p = promise_of(w, store_name_text(w->store, c->agenda[i].rule), c->agenda[i].occasion);
		promised = promised || (p != NULL && w->agents[p->agent].who.agent_id == c->call.owner_id);
	}
	if (c->call.owner_id != 0 && !promised)
		wrong(w, "call %" PRId64 " is kept for somebody who has promised nothing of it", c->call.id);
}

#endif
