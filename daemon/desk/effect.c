/* effect.c - what a disposition does to a call, its matters and the client (POLICY 7). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/store_client.h"
#include "followup/store_followup.h"
#include "followup/store_task.h"
#include "outcome.h"

enum { UNTICKED_REST_SECONDS = 2 * 3600 };

/* Without a list of items the agent means what he was told of; what joined since stays, and he hears of it. */
static void tick(struct outcome *o)
{
	const struct said *meant = o->said.has_items ? &o->said : &o->shown;

	for (int i = 0; i < o->agenda.count && o->ticked_count < ITEMS_MAX; i++)
		if (said_names(meant, o->agenda.items[i].id))
			o->ticked[o->ticked_count++] = &o->agenda.items[i];
}

static bool is_ticked(const struct outcome *o, int64_t id)
{
	for (size_t i = 0; i < o->ticked_count; i++)
		if (o->ticked[i]->id == id)
			return true;
	return false;
}

int outcome_is_barred(const struct outcome *o, const struct followup *f)
{
	bool of_a_message = o->shown_json != NULL && o->call.bulk;

	return of_a_message || said_names(&o->shown, f->id) ? 0 : agenda_is_recused(o->desk->engine, f, o->who->agent_id);
}

/* Items that were ticked although they are not on the call (any more): what he was told of and others of the same person, not done yet, they are closed too; anything
 * else is refused by number.
 * Without a list: what he was told of and what expired while he held the call, for he has reached the client about it all the same. */
static int tick_others(struct outcome *o, struct answer *answer)
{
	const struct said *meant = o->said.has_items ? &o->said : &o->shown;
	size_t on_call = o->ticked_count, extra_count = 0;

	for (size_t i = 0; i < meant->item_count && o->ticked_count < ITEMS_MAX; i++) {
		struct client client;
		if (is_ticked(o, meant->items[i]))
			continue;
		if (o->extra == NULL && (o->extra = calloc(ITEMS_MAX, sizeof(*o->extra))) == NULL)
			return ERR_MEMORY;
		struct followup *f = &o->extra[extra_count];
		int result = store_followup_load(o->desk->store, meant->items[i], f);
		if (result >= 0)
			result = store_client_load(o->desk->store, f->client_id, &client);
		bool was_told = !o->said.has_items || said_names(&o->shown, meant->items[i]);
		if (result == ERR_NOT_FOUND || (result == 0 && !was_told && client.person != o->call.person))
			return refuse(answer, ERR_INVALID, "item %lld is not a matter of this client", (long long)meant->items[i]);
		if (result < 0)
			return refuse_store(o->desk, answer, result);
		bool is_done = f->state == FOLLOWUP_DONE || f->state == FOLLOWUP_DONE_LATE; /* done is done */
		if (o->said.has_items ? is_done : f->state != FOLLOWUP_MISSED)
			continue;
		o->ticked[o->ticked_count++] = f;
		extra_count++;
	}
	/* What is on the call that he holds he was not recused from when it came there. */
	for (size_t i = o->holds ? on_call : 0; o->said.has_items && i < o->ticked_count; i++) {
		int barred = outcome_is_barred(o, o->ticked[i]);
		if (barred != 0)
			return barred < 0 ? refuse_store(o->desk, answer, barred)
					  : refuse(answer, ERR_INVALID,
						    "item %lld: its rule says that %s must not make this call; without it the contact is "
						    "taken down",
						    (long long)o->ticked[i]->id, o->who->name);
	}
	return 0;
}

day_t outcome_day(const struct outcome *o)
{
	return o->said.has_done_at ? date_of_seconds(o->said.done_at) : o->now.day;
}

int64_t outcome_moment(const struct outcome *o)
{
	if (!o->said.has_done_at)
		return o->now.unix_seconds;
	return zone_unix_of_local(o->said.done_at);
}

int64_t outcome_foremost(const struct outcome *o)
{
	bool under_lease = o->shown_json != NULL;

	if (under_lease && o->agenda.count > 0)
		return o->agenda.items[0].id;
	if (o->ticked_count > 0)
		return o->ticked[0]->id;
	return under_lease && o->shown.item_count > 0 ? o->shown.items[0] : 0;
}

int outcome_clients(struct outcome *o, int64_t clients[CLIENTS_OF_CALL_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < o->ticked_count && count < CLIENTS_OF_CALL_MAX; i++)
		clients[count++] = o->ticked[i]->client_id;
	if (count == 0 && o->client_id != 0 && o->shown_json == NULL) {
		clients[count++] = o->client_id;
	} else if (count == 0) {
		for (int i = 0; i < o->agenda.count && count < CLIENTS_OF_CALL_MAX; i++)
			clients[count++] = o->agenda.items[i].client_id;
		int shown = o->shown_json == NULL ? 0 : shown_clients(o->desk, o->shown_json, clients + count, CLIENTS_OF_CALL_MAX - count);
		if (shown < 0)
			return shown;
		count += (size_t)shown;
	}
	return (int)count;
}

/* Everything that is on the call is closed by it: the contact ends the call. */
static bool ends_call(const struct outcome *o)
{
	bool all = o->holds && !o->uncertain;

	for (int i = 0; all && i < o->agenda.count; i++)
		all = is_ticked(o, o->agenda.items[i].id);
	return all && o->agenda.count > 0;
}

static int make_contact(struct outcome *o)
{
	int64_t clients[CLIENTS_OF_CALL_MAX];
	bool free_only = o->ticked_count > 0;

	for (size_t i = 0; i < o->ticked_count; i++) {
		const struct rule *rule = agenda_rule(o->desk->engine, o->ticked[i]);
		free_only = free_only && rule != NULL && rule->class == CLASS_FREE;
	}
	int count = outcome_clients(o, clients);
	if (count < 0)
		return count;
	struct contact_made made = {
		.call = o->call_exists ? &o->call : NULL,
		.channel = o->call.channel,
		.counted = !free_only,
		.person = o->call.person,
		.client_ids = clients,
		.client_count = (size_t)count,
		.ticked = o->ticked,
		.ticked_count = o->ticked_count,
		.day = outcome_day(o),
		.at = outcome_moment(o),
		.agent_id = o->who->agent_id,
		.ends_call = ends_call(o),
		.write_down = outcome_enter,
		.context = o,
	};
	o->contact_id = agenda_contact(o->desk->engine, &made, &o->over_cap);
	if (o->contact_id < 0)
		return (int)o->contact_id;
	if (made.ends_call)
		o->call_exists = false;
	return 0;
}

/* POLICY 7: in another part of the day than this try, and not before the disposition's delay; when the tries of a day are used up, tomorrow. */
static int64_t retry_time(const struct outcome *o)
{
	const struct policy *policy = o->desk->policy;
	int64_t earliest = o->now.unix_seconds + o->disposition->retry_seconds;
	int minute = o->now.second / 60;
	size_t part = 0;

	if (o->call.tries_today >= policy->tries_a_day)
		return zone_unix(o->now.day + 1, 0) > earliest ? zone_unix(o->now.day + 1, 0) : earliest;
	while (part + 1 < policy->day_part_count && policy->day_part_minutes[part + 1] <= minute)
		part++;
	int64_t next_part = part + 1 < policy->day_part_count ? zone_unix(o->now.day, policy->day_part_minutes[part + 1] * 60)
							      : zone_unix(o->now.day + 1, 0);
	return next_part > earliest ? next_part : earliest;
}

static int try_again(struct outcome *o)
{
	struct call *call = &o->call;
	int result = 0;

	call->tries_today = call->tries_on == o->now.day ? call->tries_today + 1 : 1;
	call->tries_on = o->now.day;
	lease_end(call);
	call->state = CALL_RESTING;
	call->not_before = retry_time(o);
	result = store_call_save(o->desk->store, call);
	if (result == 0) /* its clients may have become other persons meanwhile */
		result = store_call_touch(o->desk->store, call->id);
	for (int i = 0; result == 0 && i < o->agenda.count; i++) {
		struct followup *f = &o->agenda.items[i];
		f->tries++;
		result = store_followup_save(o->desk->store, f);
		if (result == 0 && f->tries >= o->desk->policy->tries_in_all)
			result = agenda_next_channel(o->desk->engine, f, o->now.day);
	}
	return result;
}

static int bounce(struct outcome *o)
{
	int result = 0;

	if (o->uncertain)
		result = store_contact_take_back(o->desk->store, o->uncertain_contact);
	if (result < 0 || !o->call_exists)
		return result;
	lease_end(&o->call);
	o->call.state = CALL_READY;
	result = store_call_save(o->desk->store, &o->call);
	for (int i = 0; result == 0 && i < o->agenda.count; i++)
		result = agenda_next_channel(o->desk->engine, &o->agenda.items[i], o->now.day);
	return result;
}

/* The message was sent after all: its contact is counted already, so the items only close. */
static int sent_after_all(struct outcome *o)
{
	day_t on_day = o->uncertain_on;
	int result = 0;

	o->contact_id = o->uncertain_contact;
	for (size_t i = 0; result == 0 && i < o->ticked_count; i++)
		result = followup_move(
			o->desk->engine, o->ticked[i], on_day > o->ticked[i]->due_on ? FOLLOWUP_DONE_LATE : FOLLOWUP_DONE, 0, on_day);
	return result;
}

static int reached(struct outcome *o)
{
	int result = 0;

	if (o->holds && !ends_call(o)) {
		/* What is not ticked stays, but nobody rings the same client again at once. */
		lease_end(&o->call);
		o->call.state = (size_t)o->agenda.count > o->ticked_count && !o->call.bulk ? CALL_RESTING : CALL_READY;
		o->call.not_before = o->call.state == CALL_RESTING ? o->now.unix_seconds + UNTICKED_REST_SECONDS : 0;
		result = store_call_save(o->desk->store, &o->call);
		if (result == 0) /* worked out again even when nothing was ticked: it is a waiting call once more */
			result = store_call_touch(o->desk->store, o->call.id);
	}
	if (result < 0)
		return result;
	return o->uncertain ? sent_after_all(o) : make_contact(o);
}

/* POLICY 7: the client named a time. Checked against hours, window and cap now, so that a promise is not made which cannot be kept. */
static int appoint(struct outcome *o, struct answer *answer)
{
	const struct policy *policy = o->desk->policy;
	char text[DATE_TEXT_SIZE];

	if (!o->said.has_at)
		return refuse(answer, ERR_INVALID, "at: the time that the client named is wanted, like {\"at\":\"2025-03-04T15:30\"}");
	int64_t at = zone_unix_of_local(o->said.at);
	struct moment then = zone_moment(at);
	if (at <= o->now.unix_seconds)
		return refuse(answer, ERR_INVALID, "at: that time has passed");
	for (int i = 0; i < o->agenda.count; i++)
		if (then.day > o->agenda.items[i].last_on)
			return refuse(answer, ERR_INVALID, "at: too late for item %lld, whose last useful day is %s",
				(long long)o->agenda.items[i].id, date_format(o->agenda.items[i].last_on, text));
	int open = call_is_open(o->desk, &o->call, then);
	if (open <= 0)
		return open < 0
			       ? open
			       : refuse(answer, ERR_INVALID, "at: nobody calls at that time; see the hours of the queue and of the client");
	if (o->call.class == CALL_COUNTED && policy->cap != NO_LIMIT) {
		int contacts =
			store_contact_of_person(o->desk->store, o->call.person, cap_window_start(policy->cap_window, then.day), then.day);
		if (contacts < 0)
			return contacts;
		if (contacts + 1 > policy->cap)
			return refuse(answer, ERR_INVALID, "at: the client has no contact left by then");
	}
	lease_end(&o->call);
	o->call.state = CALL_RESTING;
	o->call.not_before = at;
	o->call.appointed_at = at;
	o->call.owner_id = o->who->agent_id;
	o->call.due_now = CALL_APPOINTED;
	return store_call_save(o->desk->store, &o->call);
}

/* Whom the outcome is about: whom RECORD names, though a call of another of the person's clients may wait; else the foremost of the call. */
static int64_t concerned_client(const struct outcome *o)
{
	return o->client_id != 0 || o->agenda.count == 0 ? o->client_id : o->agenda.items[0].client_id;
}

/* A task for people, until somebody acknowledges it. */
static int make_task(struct outcome *o, const char *kind, const char *queue)
{
	struct task task = {
		.kind = kind,
		.queue = queue,
		.client_id = concerned_client(o),
		.call_id = o->call.id,
		.followup_id = outcome_foremost(o),
		.at = o->now.unix_seconds,
		.agent = o->who->name,
	};

	return store_task_insert(o->desk->store, &task);
}

/* POLICY 7: everything of the client whose number it was waits until the number is corrected; the other clients' matters stay on the call. */
int outcome_number_is_wrong(struct outcome *o)
{
	int64_t client_id = concerned_client(o);
	int result = store_client_number_is_wrong(o->desk->store, client_id, true);

	if (result == 0)
		result = agenda_hold_client(o->desk->engine, client_id, o->now.day);
	return result == 0 ? make_task(o, "wrong-number", "records") : result;
}

static int wrong_number(struct outcome *o)
{
	lease_end(&o->call);
	o->call.state = CALL_READY;
	int result = store_call_save(o->desk->store, &o->call);
	return result == 0 ? outcome_number_is_wrong(o) : result;
}

int outcome_escalate(struct outcome *o)
{
	struct client client;
	char branch[CLIENT_TEXT_SIZE + 8];
	int64_t client_id = concerned_client(o);

	int result = store_client_load(o->desk->store, client_id, &client);
	if (result < 0)
		return result;
	snprintf(branch, sizeof(branch), "branch/%s", client.branch);
	result = make_task(o, "disputed", client.branch[0] != '\0' ? branch : o->desk->policy->fallback_queue);
	return result == 0 ? make_task(o, "disputed", "hq") : result;
}

static int disputed(struct outcome *o)
{
	int result = outcome_escalate(o);

	return result == 0 ? reached(o) : result;
}

static int refuse_greetings(const struct outcome *o, int64_t client_id, const char *until)
{
	return store_refusal_set(o->desk->store, client_id, o->call.channel, until, o->who->name, o->now.unix_seconds);
}

/* POLICY 7: a contact; what is a duty is done, everything else on the call is suppressed, and no greeting goes out on that channel for twelve months. */
static int refused(struct outcome *o)
{
	enum { REFUSED_MONTHS = 12 };
	struct followup **others = o->given_up;
	size_t other_count = 0, duty_count = 0;
	char until[DATE_TEXT_SIZE];

	date_format(date_add_months(outcome_day(o), REFUSED_MONTHS), until);
	for (size_t i = 0; i < o->ticked_count; i++) {
		const struct rule *rule = agenda_rule(o->desk->engine, o->ticked[i]);
		if (rule != NULL && rule->duty)
			o->ticked[duty_count++] = o->ticked[i];
		else
			others[other_count++] = o->ticked[i];
	}
	o->ticked_count = duty_count;
	int result = o->client_id != 0 ? refuse_greetings(o, o->client_id, until) : 0;
	for (size_t i = 0; result == 0 && i < other_count; i++)
		result = refuse_greetings(o, others[i]->client_id, until);
	for (size_t i = 0; result == 0 && i < duty_count; i++)
		result = refuse_greetings(o, o->ticked[i]->client_id, until);
	/* Nothing was ticked: whoever the call was about has refused all the same. */
	for (int i = 0; result == 0 && o->client_id == 0 && other_count + duty_count == 0 && i < o->agenda.count; i++)
		result = refuse_greetings(o, o->agenda.items[i].client_id, until);
	if (result == 0)
		result = reached(o);
	for (size_t i = 0; result == 0 && i < other_count; i++)
		if (followup_state_is_open(others[i]->state)) {
			others[i]->closed_by = o->attempt_id;
			result = followup_move(o->desk->engine, others[i], FOLLOWUP_SUPPRESSED,
				agenda_reason_do_not_contact(o->desk->engine), outcome_day(o));
			o->given_up[o->given_up_count++] = others[i];
		}
	return result;
}

bool outcome_is_contact(const struct disposition *disposition)
{
	return disposition->effect == EFFECT_CONTACT || disposition->effect == EFFECT_DISPUTED || disposition->effect == EFFECT_REFUSED;
}

/* A lease that no longer holds: whoever was given the call may still report that it happened, or that his message bounced after all. */
static int check_former_holder(struct outcome *o, int64_t holder, const char *lease, struct answer *answer)
{
	if (holder != o->who->agent_id || o->who->agent_id == 0)
		return refuse(answer, ERR_NO_LEASE, "lease %s is not yours", lease);
	if (!outcome_is_contact(o->disposition) && !(o->disposition->effect == EFFECT_NEXT_CHANNEL && o->uncertain))
		return refuse(answer, ERR_NO_LEASE, "lease %s has ended: only a contact that happened can still be told", lease);
	return 0;
}

static bool is_answered(const struct said *said, const char *name)
{
	for (size_t i = 0; i < said->answered_count; i++)
		if (strcmp(said->answered[i], name) == 0)
			return true;
	return false;
}

/* POLICY 7: each rule's form has answers that a contact must bring; what is missing is named. Nothing that happened is lost by this: the lease stays. */
static int check_forms(const struct outcome *o, struct answer *answer)
{
	struct buffer missing = {0};

	for (size_t i = 0; i < o->ticked_count; i++) {
		const struct rule *rule = agenda_rule(o->desk->engine, o->ticked[i]);
		for (size_t f = 0; rule != NULL && f < rule->form.count; f++)
			if (!is_answered(&o->said, rule->form.items[f]))
				buffer_printf(&missing, "%s%s (%s)", missing.length > 0 ? ", " : "", rule->form.items[f], rule->name);
	}
	int result = missing.failed ? ERR_MEMORY : 0;
	if (result == 0 && missing.length > 0)
		result = refuse(answer, ERR_INVALID, "answers are missing: %s; say {\"answers\":{name:text ...}}", missing.data);
	buffer_free(&missing);
	return result;
}

int outcome_perform(struct outcome *o, const char *lease, int64_t holder, struct answer *answer)
{
	if (o->disposition->bulk != o->call.bulk)
		return refuse(answer, ERR_INVALID, "%s is not an outcome of a %s", o->disposition->name, o->call.bulk ? "message" : "call");
	int result = o->holds ? 0 : check_former_holder(o, holder, lease, answer);
	if (result == 0)
		result = outcome_check_promises(o, answer);
	if (result < 0)
		return result;
	if (outcome_is_contact(o->disposition)) {
		tick(o);
		result = tick_others(o, answer);
		if (result == 0)
			result = outcome_check_attorney(o, answer);
		if (result == 0 && o->holds && !o->call.bulk && o->disposition->effect == EFFECT_CONTACT)
			result = check_forms(o, answer);
		if (result < 0)
			return result;
	}
	switch (o->disposition->effect) {
	case EFFECT_CONTACT:
		return reached(o);
	case EFFECT_DISPUTED:
		return disputed(o);
	case EFFECT_REFUSED:
		return refused(o);
	case EFFECT_RETRY:
		return try_again(o);
	case EFFECT_NEXT_CHANNEL:
		return bounce(o);
	case EFFECT_APPOINT:
		return appoint(o, answer);
	case EFFECT_WRONG_NUMBER:
		return wrong_number(o);
	}
	return ERR_INVALID;
}

int outcome_record(struct outcome *o, struct answer *answer)
{
	if (o->said.has_items)
		tick(o);
	int result = tick_others(o, answer);
	if (result == 0)
		result = outcome_check_promises(o, answer);
	if (result == 0)
		result = outcome_check_attorney(o, answer);
	if (result < 0)
		return result;
	if (o->disposition->effect == EFFECT_DISPUTED)
		return disputed(o);
	return o->disposition->effect == EFFECT_REFUSED ? refused(o) : make_contact(o);
}

int outcome_bounce_late(struct outcome *o, int64_t contact_id, day_t on_day)
{
	int result = store_contact_take_back(o->desk->store, contact_id);

	for (size_t i = 0; result == 0 && i < o->shown.item_count; i++) {
		struct followup f;
		result = store_followup_load(o->desk->store, o->shown.items[i], &f);
		bool closed_by_it = result >= 0 && (f.state == FOLLOWUP_DONE || f.state == FOLLOWUP_DONE_LATE) && f.closed_on == on_day;
		if (result >= 0)
			result = closed_by_it ? agenda_next_channel(o->desk->engine, &f, o->now.day) : 0;
	}
	return result;
}
