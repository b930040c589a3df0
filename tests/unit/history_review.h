/* history_review.h - contacts drawn for review: who may judge them, and what a rejection opens again. */
#ifndef FOLLOWUP_HISTORY_REVIEW_H
#define FOLLOWUP_HISTORY_REVIEW_H

#include "followup/store_correction.h"
#include "followup/store_review.h"
#include "history_outcome.h"

enum { REVIEWERS_FROM = 2, REVIEWERS = 2 }; /* cara and dora */

static const char review_scores[] = "\"scores\":{\"greeting\":5,\"listening\":4,\"verifying\":3,\"acting\":2,\"closing\":0}";

/* By the test's own reckoning: not his own contact, nor one with a client whom he looks after or has brought. */
static bool may_review(struct world *w, const struct review *review, int agent)
{
	int64_t clients[CLIENTS];
	int count = store_review_clients(w->store, review->id, clients, CLIENTS);

	must(w, count, "clients of a review");
	assert_true(count > 0 && count <= CLIENTS);
	for (int i = 0; i < count; i++) {
		const struct client_known *client = &w->clients[client_of_id(w, clients[i])];
		if (is_manager(w, client->manager, agent) || client->introducer == agent)
			return false;
	}
	return strcmp(review->agent, w->agents[agent].name) != 0;
}

static void check_none_left(struct world *w, int agent)
{
	struct review review = {.id = 0};
	int result;

	while ((result = store_review_next_open(w->store, review.id, &review)) > 0)
		if (may_review(w, &review, agent))
			wrong(w, "review %" PRId64 " waits, and REVIEW.NEXT gave nothing to %s", review.id, w->agents[agent].name);
	must(w, result, "open reviews");
}

/* What the contact has closed, and is closed by it still, is open again by the end of the command. */
static void note_closed(struct world *w, const struct review *review)
{
	w->reopened_count = store_attempt_items(w->store, review->attempt_id, w->reopened, AGENDA_MAX);
	must(w, w->reopened_count, "items of an attempt");
	assert_true(w->reopened_count <= AGENDA_MAX);
}

static void check_reopened(struct world *w)
{
	enum { AGAIN_DAYS = 7 };

	for (int i = 0; i < w->reopened_count; i++) {
		enum followup_state was = w->seen[w->reopened[i] - 1].f.state;
		struct followup f;
		must(w, store_followup_load(w->store, w->reopened[i], &f), "follow-up");
		if (was != FOLLOWUP_DONE && was != FOLLOWUP_DONE_LATE)
			continue;
		if (f.state != FOLLOWUP_SCHEDULED || strcmp(store_name_text(w->store, f.reason), "rejected") != 0 ||
			f.last_on < w->now.day + AGAIN_DAYS)
			wrong(w, "follow-up %" PRId64 " was rejected and is %s", f.id, followup_state_name(f.state));
	}
}

static void judge_again(struct world *w, int agent, const char *number, const char *verdict, const char *said, const char *answer)
{
	uint64_t before = book_digest(w);

	turn_begin(w);
	int result = desk_review_done(w->desk, &w->agents[agent].who, number, verdict, said, w->now, &w->answer);
	if (result != 0 || strcmp(w->answer.json.data, answer) != 0)
		wrong(w, "REVIEW.DONE %s again: %d %s", number, result, w->answer.why);
	turn_end(w, result);
	if (book_digest(w) != before)
		wrong(w, "REVIEW.DONE %s again changed something", number);
}

static void step_review(struct world *w)
{
	int agent = REVIEWERS_FROM + draw(&w->random, REVIEWERS);
	const struct identity *who = &w->agents[agent].who;
	struct review review;
	char number[24], said[200];

	turn_begin(w);
	int result = desk_review_next(w->desk, who, w->now, &w->answer);
	if (result > 0) {
		must(w, store_review_held(w->store, who->agent_id, &review), "held review");
		if (!may_review(w, &review, agent))
			wrong(w, "review %" PRId64 " was given to %s, who may not judge it", review.id, w->agents[agent].name);
	} else {
		must(w, result, "REVIEW.NEXT");
		check_none_left(w, agent);
	}
	trail_add(w, "REVIEW.NEXT by %s: %" PRId64, w->agents[agent].name, result > 0 ? review.id : 0);
	turn_end(w, result);
	if (result == 0 || chance(&w->random, 25))
		return;
	bool reject = chance(&w->random, 50);
	const char *verdict = reject ? "rejected" : "accepted";
	snprintf(number, sizeof(number), "%" PRId64, review.id);
	snprintf(said, sizeof(said), "{%s,\"note\":\"%d\"}", review_scores, w->step);
	observe(w);
	turn_begin(w);
	if (reject)
		note_closed(w, &review);
	result = desk_review_done(w->desk, who, number, verdict, said, w->now, &w->answer);
	trail_add(w, "REVIEW.DONE %s %s: %d %s", number, verdict, result, result < 0 ? w->answer.why : w->answer.json.data);
	must(w, result, "REVIEW.DONE");
	if (reject)
		check_reopened(w);
	char *answer = strdup(w->answer.json.data);
	turn_end(w, result);
	w->rejections += reject;
	observe(w);
	if (chance(&w->random, 30))
		judge_again(w, agent, number, verdict, said, answer);
	free(answer);
}

#endif
