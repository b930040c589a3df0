/* outcome.c - DONE and RECORD: what came of a try (POLICY 3, 7). What has happened is never refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/store.h"
#include "followup/store_client.h"
#include "followup/store_followup.h"
#include "followup/store_name.h"
#include "followup/store_view.h"
#include "internal.h"

enum { UNTICKED_REST_SECONDS = 2 * 3600 };

/* A call as DONE finds it. */
struct outcome {
	struct desk *desk;
	const struct identity *who;
	struct moment now;
	const struct disposition *disposition;
	struct said said;
	struct call call;
	bool call_exists;
	bool holds; /* the lease is still good */
	int generation;
	const char *shown_json; /* what the holder was told of; NULL: there is none */
	struct said shown;      /* the same as items */
	bool uncertain;         /* the message's lease ran out, and its contact is counted: */
	int64_t uncertain_contact;
	day_t uncertain_on;
	struct followup_list agenda;
	struct followup *ticked[ITEMS_MAX];
	size_t ticked_count;
	char client_ref[65]; /* of the foremost item, or whom RECORD names */
	int64_t client_id;   /* whom RECORD names, or whom an empty call was about; 0: the agenda says it */
	int64_t contact_id;
	bool over_cap;
};

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

/* Items that were ticked although they are not on the call (any more): of the same person, not done yet, they are closed too; anything else is refused by number.
 * Without a list: what he was told of and what expired while he held the call, for he has reached the client about it all the same. */
static int tick_others(struct outcome *o, struct followup *extra, struct answer *answer)
{
	const struct said *meant = o->said.has_items ? &o->said : &o->shown;
	size_t extra_count = 0;

	for (size_t i = 0; i < meant->item_count && o->ticked_count < ITEMS_MAX; i++) {
		struct followup *f = &extra[extra_count];
		struct client client;
		if (is_ticked(o, meant->items[i]))
			continue;
		int result = store_followup_load(o->desk->store, meant->items[i], f);
		if (result >= 0)
			result = store_client_load(o->desk->store, f->client_id, &client);
		if (result == ERR_NOT_FOUND || (result == 0 && o->said.has_items && client.person != o->call.person))
			return refuse(answer, ERR_INVALID, "item %lld is not a matter of this client", (long long)meant->items[i]);
		if (result < 0)
			return refuse_store(o->desk, answer, result);
		bool is_done = f->state == FOLLOWUP_DONE || f->state == FOLLOWUP_DONE_LATE; /* done is done */
		if (o->said.has_items ? is_done : f->state != FOLLOWUP_MISSED)
			continue;
		o->ticked[o->ticked_count++] = f;
		extra_count++;
	}
	return 0;
}

static day_t day_of_contact(const struct outcome *o)
{
	return o->said.has_done_at ? (day_t)(o->said.done_at / 86400) : o->now.day;
}

static int64_t moment_of_contact(const struct outcome *o)
{
	if (!o->said.has_done_at)
		return o->now.unix_seconds;
	return zone_unix((day_t)(o->said.done_at / 86400), (int32_t)(o->said.done_at % 86400));
}

/* A contact counts for the clients of the ticked items; when nothing is ticked, for the one who rang in or for all whom the call was about. */
static int make_contact(struct outcome *o)
{
	int64_t clients[CLIENTS_OF_CALL_MAX];
	size_t count = 0;
	bool free_only = o->ticked_count > 0;

	for (size_t i = 0; i < o->ticked_count && count < CLIENTS_OF_CALL_MAX; i++) {
		const struct rule *rule = agenda_rule(o->desk->engine, o->ticked[i]);
		free_only = free_only && rule != NULL && rule->class == CLASS_FREE;
		clients[count++] = o->ticked[i]->client_id;
	}
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
	struct contact_made made = {
		.call = o->call_exists ? &o->call : NULL,
		.channel = o->call.channel,
		.counted = !free_only,
		.person = o->call.person,
		.client_ids = clients,
		.client_count = count,
		.ticked = o->ticked,
		.ticked_count = o->ticked_count,
		.day = day_of_contact(o),
		.at = moment_of_contact(o),
		.agent_id = o->who->agent_id,
	};
	o->contact_id = agenda_contact(o->desk->engine, &made, &o->over_cap);
	return o->contact_id < 0 ? (int)o->contact_id : 0;
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
	call->state = CALL_RESTING;
	call->agent_id = 0;
	call->lease_until = 0;
	call->not_before = retry_time(o);
	result = store_call_save(o->desk->store, call);
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

	if (o->uncertain) {
		int64_t clients[CLIENTS_OF_CALL_MAX];
		result = shown_clients(o->desk, o->shown_json, clients, CLIENTS_OF_CALL_MAX);
		if (result >= 0)
			result = store_contact_take_back(o->desk->store, o->uncertain_contact, clients, (size_t)result, o->uncertain_on);
	}
	if (result < 0 || !o->call_exists)
		return result;
	o->call.state = CALL_READY;
	o->call.agent_id = 0;
	o->call.lease_until = 0;
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

	for (size_t i = 0; result == 0 && i < o->ticked_count; i++)
		result = followup_move(
			o->desk->engine, o->ticked[i], on_day > o->ticked[i]->due_on ? FOLLOWUP_DONE_LATE : FOLLOWUP_DONE, 0, on_day);
	return result;
}

static int reached(struct outcome *o)
{
	int result = 0;

	if (o->holds) {
		/* What is not ticked stays, but nobody rings the same client again at once. */
		o->call.state = (size_t)o->agenda.count > o->ticked_count && !o->call.bulk ? CALL_RESTING : CALL_READY;
		o->call.not_before = o->call.state == CALL_RESTING ? o->now.unix_seconds + UNTICKED_REST_SECONDS : 0;
		o->call.agent_id = 0;
		o->call.lease_until = 0;
		result = store_call_save(o->desk->store, &o->call);
		if (result == 0) /* worked out again even when nothing was ticked: it is a waiting call once more */
			result = store_call_touch(o->desk->store, o->call.id);
	}
	if (result < 0)
		return result;
	return o->uncertain ? sent_after_all(o) : make_contact(o);
}

static int answer_outcome(struct outcome *o, const char *shown, struct buffer *out)
{
	struct call left;

	if (o->call.id != 0)
		buffer_printf(out, "{\"call\":%lld,", (long long)o->call.id);
	else
		buffer_text(out, "{\"call\":null,");
	buffer_printf(out, "\"disposition\":\"%s\",\"closed\":[", o->disposition->name);
	for (size_t i = 0; i < o->ticked_count; i++)
		buffer_printf(out, "%s%lld", i > 0 ? "," : "", (long long)o->ticked[i]->id);
	buffer_printf(out, "],\"over_cap\":%s", o->over_cap ? "true" : "false");
	int result = o->call_exists ? store_call_load(o->desk->store, o->call.id, &left) : ERR_NOT_FOUND;
	if (result == ERR_NOT_FOUND) {
		buffer_text(out, ",\"left\":[]}");
		return out->failed ? ERR_MEMORY : 0;
	}
	if (result < 0)
		return result;
	/* Whatever the agent was not told of yet: it joined while he spoke. */
	buffer_printf(out, ",\"state\":\"%s\",", call_state_name(left.state));
	if (left.state == CALL_RESTING) {
		char until[32];
		buffer_printf(out, "\"not_before\":\"%s\",", local_time_text(left.not_before, until));
	}
	buffer_text(out, "\"left\":");
	result = store_view_items(o->desk->store, left.id, out);
	buffer_text(out, ",\"joined\":");
	if (result == 0)
		result = store_view_joined(o->desk->store, left.id, shown, out);
	buffer_text(out, "}");
	return result < 0 ? result : out->failed ? ERR_MEMORY : 0;
}

static int write_down(struct outcome *o, const char *detail, const char *answer_text)
{
	struct attempt attempt = {
		.at = moment_of_contact(o),
		.call_id = o->call.id,
		.generation = o->generation,
		.agent = o->who->name,
		.queue = o->call.queue,
		.channel = o->call.channel,
		.client_ref = o->client_ref,
		.disposition = o->disposition->name,
		.detail = detail,
		.contact_id = o->contact_id,
		.over_cap = o->over_cap,
		.expired = !o->holds,
		.answer = answer_text,
	};

	return agenda_write_down(o->desk->engine, &attempt, &o->agenda, o->client_id);
}

/* After everything: calls worked out, matters that moved on admitted at once, the record written. */
static int conclude(struct outcome *o, const char *detail, struct answer *answer)
{
	/* Nothing is left on it and nobody holds it: it ends. */
	int result = o->call_exists && o->agenda.count == 0 ? store_call_touch(o->desk->store, o->call.id) : 0;

	if (result == 0)
		result = agenda_settle(o->desk->engine, o->now.day, INT32_MAX);
	if (result == 0 && o->disposition->effect != EFFECT_CONTACT)
		result = agenda_admit(o->desk->engine, o->call.person, o->now);
	if (result == 0)
		result = answer_outcome(o, o->shown_json != NULL ? o->shown_json : "[]", &answer->json);
	if (result == 0)
		result = write_down(o, detail, answer->json.data);
	o->desk->changes++;
	return result;
}

/* A lease that no longer holds: whoever was given the call may still report that it happened, or that his message bounced after all. */
static int check_former_holder(struct outcome *o, int64_t holder, const char *lease, struct answer *answer)
{
	if (holder != o->who->agent_id || o->who->agent_id == 0)
		return refuse(answer, ERR_NO_LEASE, "lease %s is not yours", lease);
	if (o->disposition->effect == EFFECT_RETRY || (o->disposition->effect == EFFECT_NEXT_CHANNEL && !o->uncertain))
		return refuse(answer, ERR_NO_LEASE, "lease %s has ended: only a contact that happened can still be told", lease);
	return 0;
}

static int perform(struct outcome *o, struct followup *extra, const char *lease, int64_t holder, struct answer *answer)
{
	if (o->disposition->bulk != o->call.bulk)
		return refuse(answer, ERR_INVALID, "%s is not an outcome of a %s", o->disposition->name, o->call.bulk ? "message" : "call");
	int result = o->holds ? 0 : check_former_holder(o, holder, lease, answer);
	if (result < 0)
		return result;
	switch (o->disposition->effect) {
	case EFFECT_CONTACT:
		tick(o);
		result = tick_others(o, extra, answer);
		return result < 0 ? result : reached(o);
	case EFFECT_RETRY:
		return try_again(o);
	case EFFECT_NEXT_CHANNEL:
		return bounce(o);
	}
	return ERR_INVALID;
}

/* Whom the call was about when nothing is left on it, and what kind of call it was when it has ended: known by what was shown of it. */
static int recall(struct outcome *o)
{
	struct followup f = {0};
	struct client client;
	int result = o->shown.item_count > 0 ? store_followup_load(o->desk->store, o->shown.items[0], &f) : ERR_NOT_FOUND;

	if (result >= 0)
		o->client_id = f.client_id;
	else if (result == ERR_NOT_FOUND && o->call_exists)
		result = store_client_of_person(o->desk->store, o->call.person, &o->client_id, 1);
	if (result >= 0)
		result = store_client_load(o->desk->store, o->client_id, &client);
	if (result < 0)
		return result;
	memcpy(o->client_ref, client.ref, sizeof(o->client_ref));
	if (o->call_exists)
		return 0;
	o->call.person = client.person;
	o->call.channel = f.channel;
	o->call.queue = f.queue;
	int channel = policy_channel(o->desk->policy, store_name_text(o->desk->store, f.channel));
	o->call.bulk = channel >= 0 && o->desk->policy->channels[channel].kind == CHANNEL_BULK;
	return 0;
}

/* What the lease was about: the call as it stands, what its holder was told of, whether it counts as a contact already. */
static int load_lease(struct outcome *o, int64_t call_id, int64_t holder, const char *shown)
{
	o->shown_json = shown;
	int result = said_shown(o->desk, shown, &o->shown);

	if (result == 0)
		result = store_call_load(o->desk->store, call_id, &o->call);
	o->call_exists = result == 0;
	o->call.id = call_id;
	if (result == 0)
		result = agenda_load(o->desk->engine, call_id, &o->agenda);
	if (result == ERR_NOT_FOUND || (result == 0 && o->agenda.count == 0))
		result = recall(o);
	if (result < 0)
		return result;
	if (o->agenda.count > 0)
		memcpy(o->client_ref, o->agenda.items[0].client_ref, sizeof(o->client_ref));
	o->holds = o->call_exists && o->call.state >= CALL_LEASED && o->call.generation == o->generation &&
		   o->call.agent_id == o->who->agent_id && holder == o->who->agent_id;
	result = store_attempt_contact(o->desk->store, call_id, o->generation, "uncertain", &o->uncertain_contact, &o->uncertain_on);
	o->uncertain = result > 0;
	return result < 0 ? result : 0;
}

static int done(struct outcome *o, const char *lease, const char *json, struct answer *answer)
{
	char *shown = NULL, *again = NULL;
	int64_t call_id = 0, holder = 0;

	if (!lease_parse(lease, &call_id, &o->generation))
		return refuse(answer, ERR_INVALID, "a lease is written CALL.GENERATION, as NEXT gave it");
	int result = store_attempt_answer(o->desk->store, call_id, o->generation, o->who->name, o->disposition->name, json, &again);
	if (result > 0) { /* the same DONE again: accepted once, answered the same */
		buffer_text(&answer->json, again);
		free(again);
		return 0;
	}
	if (result == ERR_INVALID)
		return refuse(answer, ERR_NO_LEASE, "lease %s has been closed with another outcome", lease);
	if (result == 0)
		result = store_handout_load(o->desk->store, call_id, o->generation, &holder, &shown);
	if (result == 0)
		return refuse(answer, ERR_NO_LEASE, "lease %s was never given", lease);
	if (result < 0)
		return result;
	result = load_lease(o, call_id, holder, shown);
	struct followup *extra = calloc(ITEMS_MAX, sizeof(*extra));
	if (extra == NULL)
		result = ERR_MEMORY;
	if (result == 0)
		result = perform(o, extra, lease, holder, answer);
	if (result == 0)
		result = conclude(o, json, answer);
	free(extra);
	free(shown);
	return result;
}

static int know_disposition(struct outcome *o, const char *name, struct answer *answer)
{
	o->disposition = policy_disposition(o->desk->policy, name);
	if (o->disposition != NULL)
		return 0;
	buffer_clear(&answer->json);
	struct buffer known = {0};
	for (size_t i = 0; i < o->desk->policy->disposition_count; i++)
		buffer_printf(&known, "%s%s", i > 0 ? ", " : "", o->desk->policy->dispositions[i].name);
	refuse(answer, ERR_INVALID, "no such disposition; there are: %s", known.data != NULL ? known.data : "none");
	buffer_free(&known);
	return ERR_INVALID;
}

int desk_done(struct desk *desk, const struct identity *who, const char *lease, const char *disposition, const char *json,
	struct moment now, struct answer *answer)
{
	struct outcome *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return refuse_store(desk, answer, ERR_MEMORY);
	o->desk = desk;
	o->who = who;
	o->now = now;
	int result = know_disposition(o, disposition, answer);
	if (result == 0)
		result = said_read(desk, json, now, &o->said, answer);
	if (result == 0)
		result = done(o, lease, json, answer);
	followup_list_free(&o->agenda);
	free(o);
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}

/* The call of the client's person on the channel, if one waits: RECORD takes the told matters off it. */
static int find_waiting_call(struct outcome *o, const struct client *client)
{
	enum { CALLS_MAX = 64 };
	struct call calls[CALLS_MAX];
	int count = store_call_of_person(o->desk->store, client->person, calls, CALLS_MAX);

	o->call.person = client->person;
	o->call.channel = store_name_id(o->desk->store, o->said.channel);
	if (count < 0 || o->call.channel < 0)
		return count < 0 ? count : (int)o->call.channel;
	int64_t channel = o->call.channel;
	for (int i = 0; i < count && i < CALLS_MAX; i++)
		if (calls[i].channel == channel) {
			o->call = calls[i];
			o->call_exists = true;
			return agenda_load(o->desk->engine, o->call.id, &o->agenda);
		}
	return 0;
}

static int record(struct outcome *o, const char *client_ref, const char *json, struct answer *answer)
{
	struct client client;

	int64_t id = store_client_find(o->desk->store, client_ref);
	if (id == ERR_NOT_FOUND)
		return refuse(answer, ERR_NOT_FOUND, "there is no client %s", client_ref);
	int result = id < 0 ? (int)id : store_client_load(o->desk->store, id, &client);
	if (result == 0) {
		char *again = NULL;
		o->client_id = id;
		memcpy(o->client_ref, client.ref, sizeof(o->client_ref));
		if (o->said.has_done_at)
			result = store_attempt_recorded(o->desk->store, o->who->name, id, moment_of_contact(o), json, &again);
		if (result > 0) { /* the same words about the same moment again: a retry */
			buffer_text(&answer->json, again);
			free(again);
			return 0;
		}
	}
	if (result == 0)
		result = find_waiting_call(o, &client);
	if (result < 0)
		return result;
	/* Without a list: the client's own matters on the call that waits for him. */
	for (int i = 0; !o->said.has_items && i < o->agenda.count && o->ticked_count < ITEMS_MAX; i++)
		if (o->agenda.items[i].client_id == id)
			o->ticked[o->ticked_count++] = &o->agenda.items[i];
	struct followup *extra = calloc(ITEMS_MAX, sizeof(*extra));
	if (extra == NULL)
		return ERR_MEMORY;
	if (o->said.has_items)
		tick(o);
	result = tick_others(o, extra, answer);
	if (result == 0)
		result = make_contact(o);
	if (result == 0)
		result = conclude(o, json, answer);
	free(extra);
	return result;
}

int desk_record(
	struct desk *desk, const struct identity *who, const char *client_ref, const char *json, struct moment now, struct answer *answer)
{
	struct outcome *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return refuse_store(desk, answer, ERR_MEMORY);
	o->desk = desk;
	o->who = who;
	o->now = now;
	snprintf(o->said.disposition, sizeof(o->said.disposition), "reached");
	snprintf(o->said.channel, sizeof(o->said.channel), "phone");
	int result = said_read(desk, json, now, &o->said, answer);
	if (result == 0)
		result = know_disposition(o, o->said.disposition, answer);
	if (result == 0 && o->disposition->effect != EFFECT_CONTACT)
		result = refuse(answer, ERR_INVALID, "RECORD tells of a contact; %s is none", o->disposition->name);
	if (result == 0 && policy_channel(desk->policy, o->said.channel) < 0)
		result = refuse(answer, ERR_INVALID, "no such channel: %s", o->said.channel);
	if (result == 0)
		result = record(o, client_ref, json, answer);
	followup_list_free(&o->agenda);
	free(o);
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}
