/* history_check.h - what DESIGN 5 promises, asserted over the whole book after every step. */
#ifndef FOLLOWUP_HISTORY_CHECK_H
#define FOLLOWUP_HISTORY_CHECK_H

#include <limits.h>

#include "followup/store_due.h"
#include "followup/store_review.h"
#include "history_promise.h"
#include "history_world.h"

static int agenda_of(struct world *w, int64_t call_id, struct followup *items)
{
	int count = store_followup_agenda(w->store, call_id, items, AGENDA_MAX);

	must(w, count, "agenda");
	assert_true(count <= AGENDA_MAX);
	return count;
}

/* Every call there is: of all persons and of all clients who stand alone. */
static int load_calls(struct world *w, struct call_seen *out)
{
	struct call found[32];
	int total = 0;

	for (int64_t person = -CLIENTS - 2; person <= PERSONS + 2; person++) {
		int count = store_call_of_person(w->store, person, found, 32);
		must(w, count, "calls");
		for (int i = 0; i < count; i++) {
			assert_true(total < CALLS_MAX && count <= 32);
			out[total].call = found[i];
			out[total].agenda_count = agenda_of(w, found[i].id, out[total].agenda);
			snprintf(out[total].queue, sizeof(out[total].queue), "%s", store_name_text(w->store, found[i].queue));
			total++;
		}
	}
	return total;
}

static const struct call_seen *call_seen_before(const struct world *w, int64_t id)
{
	for (int i = 0; i < w->call_count; i++)
		if (w->calls[i].call.id == id)
			return &w->calls[i];
	return NULL;
}

static bool needs_reason(enum followup_state state)
{
	return state == FOLLOWUP_MISSED || state == FOLLOWUP_CANCELLED || state == FOLLOWUP_SUPPRESSED;
}

static void check_state(struct world *w, const struct followup_seen *s)
{
	const struct followup *f = &s->f;
	bool is_open = f->state <= FOLLOWUP_QUEUED;

	if (f->opens_on > f->due_on || f->due_on > f->last_on)
		wrong(w, "follow-up %" PRId64 " %s %s: a window that ends before it begins", f->id, s->rule, f->occasion);
	if (is_open != (f->closed_on == NO_DAY) || (f->state == FOLLOWUP_QUEUED) != (f->call_id != 0))
		wrong(w, "follow-up %" PRId64 " %s %s: %s with closed_on or call that do not go with it", f->id, s->rule, f->occasion,
			followup_state_name(f->state));
	if (needs_reason(f->state) && s->reason[0] == '\0')
		wrong(w, "follow-up %" PRId64 " %s %s: %s without a reason", f->id, s->rule, f->occasion, followup_state_name(f->state));
	if ((f->state == FOLLOWUP_QUEUED || f->state == FOLLOWUP_DONE || f->state == FOLLOWUP_DONE_LATE) && s->reason[0] != '\0')
		wrong(w, "follow-up %" PRId64 " %s %s: %s with reason %s", f->id, s->rule, f->occasion, followup_state_name(f->state),
			s->reason);
	if (f->state == FOLLOWUP_DONE && f->closed_on > f->due_on)
		wrong(w, "follow-up %" PRId64 " %s %s: done after its due day", f->id, s->rule, f->occasion);
	if (f->state == FOLLOWUP_DONE_LATE && f->closed_on <= f->due_on)
		wrong(w, "follow-up %" PRId64 " %s %s: done-late before its due day", f->id, s->rule, f->occasion);
}

static bool is_reopened(const struct world *w, int64_t id)
{
	for (int i = 0; i < w->reopened_count; i++)
		if (w->reopened[i] == id)
			return true;
	return false;
}

static bool gave_back(const struct followup_seen *s)
{
	return s->f.state == FOLLOWUP_CANCELLED && (strcmp(s->reason, "not-applicable") == 0 || strcmp(s->reason, "rule-off") == 0);
}

static bool waits_for_channel(const struct world *w, const struct followup_seen *s)
{
	return s->f.state == FOLLOWUP_SUPPRESSED && strcmp(s->reason, "no-channel") == 0 && w->policy != POLICY_WITHOUT_PHONE &&
	       s->f.closed_on >= w->phone_off_since && s->f.closed_on <= w->phone_off_until;
}

/* DESIGN 5.3: what is closed stays as it is, unless a contact is told of that has happened, the one that closed it is rejected, a rule that did not fit fits again, or a channel is back that was off. */
static void check_move(struct world *w, const struct followup_seen *was, const struct followup_seen *is)
{
	const struct followup *a = &was->f, *b = &is->f;

	if (a->client_id != b->client_id || a->rule != b->rule || a->created_on != b->created_on)
		wrong(w, "follow-up %" PRId64 ": another client, rule or beginning than before", a->id);
	if (a->state <= FOLLOWUP_QUEUED || w->correction_step ||
		((gave_back(was) || waits_for_channel(w, was)) && strcmp(a->occasion, b->occasion) == 0))
		return;
	if (a->state != b->state) {
		bool told = b->state == FOLLOWUP_DONE || b->state == FOLLOWUP_DONE_LATE;
		bool rejected = (a->state == FOLLOWUP_DONE || a->state == FOLLOWUP_DONE_LATE) && is_reopened(w, a->id);
		if (!rejected && (!w->contact_step || !told || !needs_reason(a->state)))
			wrong(w, "follow-up %" PRId64 " %s %s: was %s (%s), now %s", a->id, is->rule, a->occasion,
				followup_state_name(a->state), was->reason, followup_state_name(b->state));
		return;
	}
	if (a->opens_on != b->opens_on || a->due_on != b->due_on || strcmp(a->occasion, b->occasion) != 0 || a->closed_on != b->closed_on ||
		a->reason != b->reason || a->channel != b->channel || a->queue != b->queue)
		wrong(w, "follow-up %" PRId64 " %s %s: changed after it was %s", a->id, is->rule, a->occasion,
			followup_state_name(a->state));
}

static const char *family_of(const struct world *w, const char *rule)
{
	const struct rule *r = rule_named(w, rule);

	return r != NULL && r->family != NULL ? r->family : rule;
}

/* DESIGN 5.2: no occasion gives two follow-ups; a family shares its occasions. */
static void check_alone(struct world *w, const struct followup_seen *s)
{
	for (int i = 0; i < w->seen_count; i++) {
		const struct followup_seen *t = &w->seen[i];
		if (t->f.id == s->f.id || t->f.client_id != s->f.client_id || strcmp(t->f.occasion, s->f.occasion) != 0)
			continue;
		if (strcmp(t->rule, s->rule) == 0)
			wrong(w, "two follow-ups of %s for client %s and occasion %s", s->rule, s->f.client_ref, s->f.occasion);
		if (strcmp(family_of(w, t->rule), family_of(w, s->rule)) == 0 && !gave_back(t) && !gave_back(s))
			wrong(w, "%s and %s both follow up occasion %s of client %s", s->rule, t->rule, s->f.occasion, s->f.client_ref);
	}
}

static void mix_followup(struct world *w, const struct followup_seen *s)
{
	const struct followup *f = &s->f;

	mix_text(w, s->rule);
	mix_text(w, s->reason);
	mix_text(w, f->occasion);
	mix_text(w, f->client_ref);
	mix_number(w, f->opens_on);
	mix_number(w, f->due_on);
	mix_number(w, f->last_on);
	mix_number(w, (int64_t)f->state * 100 + f->priority);
	mix_number(w, f->closed_on);
	mix_number(w, f->call_id);
	mix_number(w, (int64_t)f->tries * 10 + f->channel_from);
	mix_text(w, store_name_text(w->store, f->channel));
	mix_text(w, store_name_text(w->store, f->queue));
}

static void look_at_followups(struct world *w)
{
	struct followup_seen is;

	for (int64_t id = 1;; id++) {
		memset(&is, 0, sizeof(is)); /* they are compared byte by byte */
		int result = store_followup_load(w->store, id, &is.f);
		if (result == ERR_NOT_FOUND) {
			if (id <= w->seen_count)
				wrong(w, "follow-up %" PRId64 " is gone", id);
			return;
		}
		must(w, result, "follow-up");
		assert_true(id <= FOLLOWUPS_MAX);
		snprintf(is.rule, sizeof(is.rule), "%s", store_name_text(w->store, is.f.rule));
		snprintf(is.reason, sizeof(is.reason), "%s", store_name_text(w->store, is.f.reason));
		mix_followup(w, &is);
		bool is_new = id > w->seen_count;
		/* Padding that differs would only mean one look more. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
		if (!is_new && memcmp(&is.f, &w->seen[id - 1].f, sizeof(is.f)) == 0)
			continue;
		check_state(w, &is);
		if (is_new)
			w->seen_count++;
		else
			check_move(w, &w->seen[id - 1], &is);
		bool again = is_new || strcmp(is.f.occasion, w->seen[id - 1].f.occasion) != 0;
		w->seen[id - 1] = is;
		if (again)
			check_alone(w, &is);
	}
}

static void look_at_calls(struct world *w)
{
	static struct call_seen is[CALLS_MAX];
	int count = load_calls(w, is);
	/* In the middle of a cycle a call may be left to be worked out by the next slice. */
	bool settled = engine_worked_on(w->engine) >= w->latest;

	for (int i = 0; i < count; i++) {
		const struct call *call = &is[i].call;
		const struct call_seen *was = call_seen_before(w, call->id);
		if (settled && call->state < CALL_LEASED && is[i].agenda_count == 0)
			wrong(w, "call %" PRId64 " waits with nothing to say", call->id);
		for (int k = 0; k < is[i].agenda_count; k++) {
			const struct followup *f = &is[i].agenda[k];
			if (!settled)
				break;
			if (call->priority > f->priority || call->due_on > f->due_on)
				wrong(w, "call %" PRId64 " ranks behind its follow-up %" PRId64, call->id, f->id);
			if (call->state < CALL_LEASED &&
				!same_person(w, client_of_id(w, f->client_id), client_of_id(w, is[i].agenda[0].client_id)))
				wrong(w, "call %" PRId64 " waits with matters of two persons", call->id);
		}
		/* A manager's queue is that of whoever stands for him by now. */
		if (settled && engine_is_idle(w->engine, w->now) && call->state < CALL_LEASED && is[i].agenda_count > 0 &&
			strncmp(is[i].queue, "manager/", 8) == 0) {
			int manager = present_manager(w, w->clients[client_of_id(w, is[i].agenda[0].client_id)].manager);
			if (manager == NOBODY || strcmp(is[i].queue + 8, w->agents[manager].name) != 0)
				wrong(w, "call %" PRId64 " waits on %s", call->id, is[i].queue);
		}
		if (settled)
			check_owner(w, &is[i]);
		/* A lease changes hands only with a new generation. */
		if (was != NULL && (call->generation < was->call.generation || call->generation > was->call.generation + 1))
			wrong(w, "call %" PRId64 ": generation %d after %d", call->id, call->generation, was->call.generation);
		if (was != NULL && was->call.state == CALL_LEASED && call->state == CALL_LEASED &&
			was->call.generation == call->generation && was->call.agent_id != call->agent_id)
			wrong(w, "call %" PRId64 " has changed hands under one lease", call->id);
		mix_number(w, call->id * 10 + (int64_t)call->state);
		mix_number(w, call->generation * 100 + call->priority);
		mix_number(w, call->lease_until);
		mix_number(w, call->not_before);
		mix_number(w, call->appointed_at * 10 + call->owner_id);
		mix_number(w, (int64_t)call->due_on * 10 + (int64_t)call->class);
		mix_number(w, call->due_now * 100 + call->tries_today * 10 + call->widened);
		mix_text(w, is[i].queue);
	}
	memcpy(w->calls, is, sizeof(is[0]) * (size_t)count);
	w->call_count = count;
}

static void look_at_reviews(struct world *w)
{
	struct review review;
	int result = 0;

	for (int64_t id = 1; (result = store_review_load(w->store, id, &review)) >= 0; id++)
		mix_number(w, (int64_t)review.state * 1000 + review.reviewer_id);
	if (result != ERR_NOT_FOUND)
		must(w, result, "review");
}

/* The ledger of the cap says what the test has noted by itself. */
static void look_at_contacts(struct world *w)
{
	day_t first = date_quarter_start(w->latest), last = date_quarter_end(w->latest);

	for (int i = 0; i < CLIENTS; i++) {
		struct client client;
		if (!w->clients[i].exists)
			continue;
		must(w, store_client_load(w->store, w->clients[i].id, &client), "client");
		int kept = store_contact_of_person(w->store, client.person, first, last), noted = contacts_of(w, i, first, last);
		must(w, kept, "contacts");
		if (kept != noted)
			wrong(w, "client %s has had %d contacts this quarter, the book says %d", client.ref, noted, kept);
		mix_number(w, kept);
		mix_number(w, client.person);
	}
}

/* POLICY 5: a client who stands alone, and whose next day comes after those that are foreseen, has no slot kept free on any: admission spares itself the look then. */
static void look_at_foresight(struct world *w, day_t day)
{
	day_t end = cap_foresight_end(w->policies[w->policy]->cap_window, day), kept, ahead[1];
	int64_t id = 0;

	while ((id = store_client_after(w->store, id)) > 0) {
		struct client client;
		must(w, store_client_load(w->store, id, &client), "client");
		if (client.person > 0 || store_due_get(w->store, id, &kept) < 0 || kept <= end)
			continue;
		if (agenda_foreseen(w->engine, client.person, day, INT_MAX, ahead, 1) != 0)
			wrong(w, "client %s: a slot is kept free for %d, and his next day is %d", client.ref, ahead[0], kept);
	}
}

/* When all is worked: nothing open past its last day, nothing that could go ahead and does not. */
static void look_at_rest(struct world *w)
{
	struct buffer json = {0};

	day_t day = engine_worked_on(w->engine);

	if (!engine_is_idle(w->engine, w->now) ||
		day < w->latest) /* a day that the clock showed before it stepped back, and nobody worked, is still to come */
		return;
	for (int i = 0; i < w->seen_count; i++) {
		const struct followup_seen *s = &w->seen[i];
		if (s->f.state <= FOLLOWUP_QUEUED && s->f.last_on < day)
			wrong(w, "follow-up %" PRId64 " %s %s is open after its last useful day", s->f.id, s->rule, s->f.occasion);
		if (s->f.state == FOLLOWUP_SCHEDULED && s->f.opens_on <= day && s->reason[0] == '\0')
			wrong(w, "follow-up %" PRId64 " %s %s waits for nothing", s->f.id, s->rule, s->f.occasion);
	}
	look_at_promises(w, day);
	int faults = engine_check(w->engine, w->now, &json);
	must(w, faults, "check");
	if (faults > 0)
		wrong(w, "CHECK: %.400s", json.data);
	look_at_foresight(w, day);
	buffer_free(&json);
	struct record_verdict verdict;
	must(w, store_record_verify(w->store, 0, "", &verdict), "verify");
	if (verdict.why[0] != '\0' || (w->seen_count > 0 && verdict.entries < w->seen_count))
		wrong(w, "VERIFY: link %" PRId64 ", entry %" PRId64 ": %s", verdict.broken_link, verdict.broken_entry, verdict.why);
}

static void observe(struct world *w)
{
	look_at_followups(w);
	look_at_calls(w);
	look_at_contacts(w);
	look_at_reviews(w);
	look_at_rest(w);
	w->contact_step = false;
	w->reopened_count = 0;
	w->correction_step = false;
}

/* A number for all that the book says: two looks with nothing between them give the same. */
static uint64_t book_digest(struct world *w)
{
	uint64_t kept = w->digest;

	w->digest = 1;
	observe(w);
	uint64_t digest = w->digest;
	w->digest = kept;
	return digest;
}

#endif
