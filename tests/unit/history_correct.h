/* history_correct.h - CORRECT: outcomes told wrongly, corrected and corrected again; the ledger of contacts and what is closed follow. */
#ifndef FOLLOWUP_HISTORY_CORRECT_H
#define FOLLOWUP_HISTORY_CORRECT_H

#include "followup/store_correction.h"
#include "history_outcome.h"

/* An outcome under a lease, whose contact is known by its lease; the number of its attempt, or 0. */
static int64_t draw_attempt(struct world *w, struct attempt_truth *truth)
{
	enum { ENTRIES_MAX = 1500 };
	int64_t first = draw(&w->random, w->step * 6 + 1);

	for (int64_t i = 0; i < ENTRIES_MAX; i++) {
		int64_t id = 1 + (first + i) % ENTRIES_MAX;
		int result = store_attempt_load(w->store, id, truth);
		if (result == ERR_NOT_FOUND)
			continue;
		must(w, result, "attempt");
		free(truth->said);
		truth->said = NULL;
		bool known = strcmp(truth->disposition, "reached") == 0 || strcmp(truth->disposition, "sent") == 0 ||
			     strcmp(truth->disposition, "bounced") == 0 || strcmp(truth->disposition, "no-answer") == 0;
		if (truth->is_outcome && !truth->is_closed && truth->generation > 0 && known)
			return id;
	}
	return 0;
}

/* What a correction of this try says, drawn: another disposition, other items of those that it has closed, or another day. */
static void draw_correction(
	struct world *w, const struct attempt_truth *truth, const int64_t *closed, int closed_count, char *json, size_t size)
{
	bool message = strcmp(truth->disposition, "sent") == 0 || strcmp(truth->disposition, "bounced") == 0;
	bool contact = truth->contact_id != 0;
	struct random *random = &w->random;
	char items[160] = "", when[DATE_TEXT_SIZE];
	bool has_items = contact && chance(random, 40);

	for (int i = 0; has_items && i < closed_count && i < 12; i++)
		if (chance(random, 50))
			snprintf(
				items + strlen(items), sizeof(items) - strlen(items), "%s%" PRId64, items[0] != '\0' ? "," : "", closed[i]);
	if (has_items)
		snprintf(json, size, "{\"items\":[%s]}", items);
	else if (contact && chance(random, 25))
		snprintf(json, size, "{\"done_at\":\"%sT08:00\"}", day_text(w->now.day - 1 - draw(random, 30), when));
	else
		snprintf(json, size, "{\"disposition\":\"%s\"}",
			message   ? (contact ? "bounced" : "sent")
			: contact ? "no-answer"
				  : "reached");
}

/* What the test knows of the contact becomes what was said of it. */
static void note_correction(struct world *w, const struct attempt_truth *was, const struct attempt_truth *is)
{
	struct lease_known lease = {.call_id = was->call_id, .generation = was->generation};
	struct contact_known *k = contact_of_lease(w, &lease);
	int64_t items[AGENDA_MAX], clients[CLIENTS];
	int count = store_attempt_items(w->store, is->id, items, AGENDA_MAX);
	unsigned about = 0;

	must(w, count, "items");
	if (is->contact_id == 0) {
		if (k != NULL)
			k->counts = false;
		note_promises_gone(w);
		return;
	}
	note_promises_again(w, was);
	about = clients_of(w, items, count);
	if (count == 0) {
		count = store_attempt_clients(w->store, is->id, clients, CLIENTS);
		must(w, count, "clients");
		for (int i = 0; i < count; i++)
			about |= 1u << client_of_id(w, clients[i]);
	}
	if (k != NULL)
		*k = (struct contact_known){true, about, is->contact_on, was->call_id, was->generation};
	else
		note_contact(w, about, is->contact_on, was->call_id, was->generation);
}

static void step_correct(struct world *w)
{
	static const struct identity mary = {.name = "mary", .roles = ROLE_SUPERVISOR};
	struct attempt_truth was, is;
	int64_t closed[AGENDA_MAX], left[AGENDA_MAX];
	char json[256], number[24];
	int64_t id = draw_attempt(w, &was);

	if (id == 0)
		return;
	int count = store_attempt_items(w->store, id, closed, AGENDA_MAX);
	must(w, count, "items");
	snprintf(number, sizeof(number), "%" PRId64, id);
	draw_correction(w, &was, closed, count, json, sizeof(json));
	w->correction_step = true;
	turn_begin(w);
	int result = desk_correct(w->desk, &mary, number, json, "so it was", w->now, &w->answer);
	trail_add(w, "CORRECT %s (%s) %s: %d %s", number, was.disposition, json, result, result < 0 ? w->answer.why : w->answer.json.data);
	if (result == 0) {
		must(w, store_attempt_load(w->store, id, &is), "attempt");
		free(is.said);
		note_correction(w, &was, &is);
		/* What it says it closes is closed by its day; what it has closed before and does not, is not. */
		int left_count = store_attempt_items(w->store, id, left, AGENDA_MAX);
		must(w, left_count, "items");
		check_closed(w, left, left_count, is.contact_on);
		for (int i = 0; i < count; i++) {
			struct followup f;
			bool kept = false;
			for (int k = 0; k < left_count; k++)
				kept = kept || left[k] == closed[i];
			must(w, store_followup_load(w->store, closed[i], &f), "follow-up");
			if (!kept && (f.state == FOLLOWUP_DONE || f.state == FOLLOWUP_DONE_LATE))
				wrong(w, "follow-up %" PRId64 " is %s by a contact that did not close it", f.id,
					followup_state_name(f.state));
		}
	}
	turn_end(w, result);
	if (result < 0 && result != ERR_INVALID)
		must(w, result, "CORRECT");
	if (result < 0 && strstr(w->answer.why, "nothing would change") == NULL)
		wrong(w, "CORRECT %s %s was refused: %s", number, json, w->answer.why);
	if (result < 0)
		return;
	w->corrections++;
	char *answer = strdup(w->answer.json.data);
	observe(w);
	uint64_t before = book_digest(w);
	turn_begin(w);
	result = desk_correct(w->desk, &mary, number, json, "so it was", w->now, &w->answer);
	if (result != 0 || strcmp(w->answer.json.data, answer) != 0)
		wrong(w, "CORRECT %s again: %d %s", number, result, result < 0 ? w->answer.why : w->answer.json.data);
	turn_end(w, result);
	if (book_digest(w) != before)
		wrong(w, "CORRECT %s again changed something", number);
	free(answer);
}

#endif
