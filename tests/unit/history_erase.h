/* history_erase.h - clients who ask to be erased: nothing of theirs is open any more, no fact brings them back, and their contacts stay in the cap of their person. */
#ifndef FOLLOWUP_HISTORY_ERASE_H
#define FOLLOWUP_HISTORY_ERASE_H

#include "history_outcome.h"

/* The last of a person's clients takes the person along: those who are gone stand alone then. */
static void leave_person(struct world *w, int client)
{
	int person = w->clients[client].person;

	if (person == NOBODY)
		return;
	for (int i = 0; i < CLIENTS; i++)
		if (w->clients[i].person == person && !w->clients[i].erased)
			return;
	for (int i = 0; i < CLIENTS; i++)
		if (w->clients[i].person == person) {
			w->clients[i].person = NOBODY;
			w->clients[i].moved_at = w->step;
		}
}

static void step_erase(struct world *w)
{
	enum { ERASED_MAX = 3 };
	static const struct identity operator= {.name = "operator", .roles = ROLE_OPERATOR};
	int client = draw(&w->random, CLIENTS), erased = 0;
	char ref[8];

	for (int i = 0; i < CLIENTS; i++)
		erased += w->clients[i].erased;
	if (!w->clients[client].exists || w->clients[client].erased || erased == ERASED_MAX)
		return;
	snprintf(ref, sizeof(ref), "C%02d", client);
	turn_begin(w);
	int result = desk_erase(w->desk, &operator, ref, "mary", "asked for", w->now, &w->answer);
	trail_add(w, "ERASE %s: %d", ref, result);
	for (int i = 0; result == 0 && i < w->seen_count; i++) {
		struct followup f;
		if (w->seen[i].f.client_id != w->clients[client].id || w->seen[i].f.state > FOLLOWUP_QUEUED)
			continue;
		must(w, store_followup_load(w->store, w->seen[i].f.id, &f), "follow-up");
		if (f.state != FOLLOWUP_CANCELLED || f.call_id != 0 || strcmp(store_name_text(w->store, f.reason), "erased") != 0)
			wrong(w, "follow-up %" PRId64 " of the erased client %s is %s", f.id, ref, followup_state_name(f.state));
	}
	turn_end(w, result);
	must(w, result, "ERASE");
	struct client_known *c = &w->clients[client];
	c->erased = true;
	c->manager = c->introducer = NOBODY;
	c->hours = c->forbidden = 0;
	c->phone = c->email = false;
	w->erasures++;
	leave_person(w, client);
	note_promises_gone(w);
}

#endif
