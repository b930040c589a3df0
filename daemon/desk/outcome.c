/* outcome.c - DONE and RECORD: what came of a try (POLICY 3, 7). What has happened is never refused. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/json_text.h"
#include "followup/store.h"
#include "followup/store_client.h"
#include "followup/store_erase.h"
#include "followup/store_followup.h"
#include "followup/store_name.h"
#include "followup/store_view.h"
#include "outcome.h"

static int answer_outcome(struct outcome *o, const char *shown, struct buffer *out)
{
	struct call left;

	buffer_text(out, "{\"call\":");
	if (o->call.id != 0)
		buffer_number(out, o->call.id);
	else
		buffer_text(out, "null");
	buffer_text(out, ",\"disposition\":\"");
	buffer_text(out, o->disposition->name);
	buffer_text(out, "\",\"closed\":[");
	for (size_t i = 0; i < o->ticked_count; i++) {
		buffer_text(out, i > 0 ? "," : "");
		buffer_number(out, o->ticked[i]->id);
	}
	buffer_text(out, o->over_cap ? "],\"over_cap\":true" : "],\"over_cap\":false");
	for (size_t i = 0; i < o->said.promise_count; i++)
		buffer_printf(out, "%s%lld%s", i > 0 ? "," : ",\"promises\":[", (long long)o->promises[i],
			i + 1 == o->said.promise_count ? "]" : "");
	if (o->attorney[0] != '\0') {
		buffer_text(out, ",\"attorney\":");
		json_text_append(out, o->attorney);
	}
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

/* The try, without what is known of it only at the end. */
static struct attempt attempt_of(const struct outcome *o)
{
	return (struct attempt){
		.id = o->attempt_id,
		.at = outcome_moment(o),
		.call_id = o->call.id,
		.generation = o->generation,
		.agent = o->who->name,
		.queue = o->call.queue,
		.channel = o->call.channel,
		.client_ref = o->client_ref,
		.client_id = o->agenda.count > 0 && o->shown_json != NULL ? o->agenda.items[0].client_id : o->client_id,
		.disposition = o->disposition->name,
		.address = address_of(o->desk, o->call.channel),
		.detail = o->detail,
		.contact_id = o->contact_id,
		.over_cap = o->over_cap,
		.expired = !o->holds,
		.holder = o->who->agent_id,
		.shown = o->holds && !o->call_exists ? o->shown_json : NULL, /* the contact has ended the call, and with it the lease */
	};
}

int64_t outcome_enter(void *outcome, int64_t contact_id, bool over_cap)
{
	struct outcome *o = outcome;

	o->contact_id = contact_id;
	o->over_cap = over_cap;
	struct attempt attempt = attempt_of(o);
	o->attempt_id = store_attempt_enter(o->desk->store, &attempt);
	return o->attempt_id;
}

static int write_down(struct outcome *o, const char *answer_text)
{
	const struct followup *closed[ITEMS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < o->ticked_count; i++)
		closed[count++] = o->ticked[i];
	for (size_t i = 0; i < o->given_up_count && count < ITEMS_MAX; i++)
		closed[count++] = o->given_up[i];
	struct attempt attempt = attempt_of(o);
	attempt.answer = answer_text;
	attempt.followup_id = outcome_foremost(o);
	attempt.closed = closed;
	attempt.closed_count = count;
	int64_t id = agenda_attempt(o->desk->engine, &attempt, &o->agenda, o->client_id);
	return id < 0 ? (int)id : outcome_draw_review(o, id);
}

/* After everything: calls worked out, matters that moved on admitted at once, the record written. */
static int conclude(struct outcome *o, struct answer *answer)
{
	/* Nothing is left on it and nobody holds it: it ends. */
	int result = o->call_exists && o->agenda.count == 0 ? store_call_touch(o->desk->store, o->call.id) : 0;

	if (result == 0)
		result = outcome_keep_promises(o);
	if (result == 0)
		result = agenda_settle(o->desk->engine, o->now.day, INT32_MAX);
	if (result == 0 && !outcome_is_contact(o->disposition))
		result = agenda_admit(o->desk->engine, o->call.person, o->now);
	if (result == 0)
		result = answer_outcome(o, o->shown_json != NULL ? o->shown_json : "[]", &answer->json);
	if (result == 0)
		result = write_down(o, answer->json.data);
	o->desk->changes++;
	return result;
}

static bool is_bulk(const struct outcome *o, int64_t channel)
{
	int place = policy_channel(o->desk->policy, store_name_text(o->desk->store, channel));

	return place >= 0 && o->desk->policy->channels[place].kind == CHANNEL_BULK;
}

/* What kind of call has ended. Not by where its matter is now, which may have gone on to another channel since: by what was told of it. Of a message something always was, and be it that its
 * lease ran out. */
static int recall_channel(struct outcome *o, const struct followup *f)
{
	int result = store_attempt_place(o->desk->store, o->call.id, &o->call.channel, &o->call.queue);

	if (result == 0) {
		o->call.queue = f->queue;
		o->call.channel = is_bulk(o, f->channel) ? store_name_id(o->desk->store, "phone") : f->channel;
	}
	o->call.bulk = is_bulk(o, o->call.channel);
	return result < 0 ? result : o->call.channel < 0 ? (int)o->call.channel : 0;
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
	return recall_channel(o, &f);
}

/* What the lease was about: the call as it stands, what its holder was told of, whether it counts as a contact already. */
static int load_lease(struct outcome *o, int64_t call_id, int64_t holder, const char *shown)
{
	o->shown_json = shown;
	int result = said_shown(shown, &o->shown);

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
	/* Counted already are messages alone, whose lease has run out. */
	result = o->call.bulk ? store_attempt_contact(
					o->desk->store, call_id, o->generation, "uncertain", &o->uncertain_contact, &o->uncertain_on)
			      : 0;
	o->uncertain = result > 0;
	return result < 0 ? result : 0;
}

/* The lease was closed with another outcome. POLICY 7: a bounce within 3 days of `sent` takes the contact back; anything else is refused. */
static int came_back(struct outcome *o, const char *lease, int64_t call_id, const char *json, struct answer *answer)
{
	enum { BOUNCE_DAYS = 3 };
	int64_t contact_id = 0, holder = 0;
	day_t on_day = NO_DAY;
	char *shown = NULL;

	/* Once: a bounce told already has its answer, and another one is another outcome. */
	int result = o->disposition->effect == EFFECT_NEXT_CHANNEL;
	if (result > 0) {
		int told = store_attempt_made(o->desk->store, call_id, o->generation, o->disposition->name);
		result = told < 0 ? told : !told;
	}
	if (result > 0)
		result = store_attempt_contact(o->desk->store, call_id, o->generation, NULL, &contact_id, &on_day);
	if (result > 0)
		result = store_handout_load(o->desk->store, call_id, o->generation, &holder, &shown);
	if (result == 0 || (result > 0 && (holder != o->who->agent_id || o->now.day - on_day > BOUNCE_DAYS)))
		result = refuse(answer, ERR_NO_LEASE,
			"lease %s has been closed with another outcome; what was told wrongly a supervisor can CORRECT", lease);
	if (result > 0)
		result = said_read(o->desk, json, o->now, &o->said, answer);
	if (result == 0)
		result = load_lease(o, call_id, holder, shown);
	if (result == 0)
		result = outcome_bounce_late(o, contact_id, on_day);
	if (result == 0)
		result = conclude(o, answer);
	free(shown);
	return result;
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
		return came_back(o, lease, call_id, json, answer);
	if (result == 0)
		result = said_read(o->desk, json, o->now, &o->said, answer);
	if (result == 0)
		result = store_handout_load(o->desk->store, call_id, o->generation, &holder, &shown);
	if (result == 0)
		return refuse(answer, ERR_NO_LEASE, "lease %s was never given", lease);
	if (result < 0)
		return result;
	result = load_lease(o, call_id, holder, shown);
	if (result == 0)
		result = outcome_perform(o, lease, holder, answer);
	if (result == 0)
		result = conclude(o, answer);
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

/* Or NULL. Its lists are long and nearly empty: only their counts are cleared. */
static struct outcome *new_outcome(struct desk *desk, const struct identity *who, const char *json, struct moment now)
{
	struct outcome *o = malloc(sizeof(*o));

	if (o == NULL)
		return NULL;
	memset(o, 0, offsetof(struct outcome, promises));
	said_clear(&o->said);
	said_clear(&o->shown);
	o->desk = desk;
	o->who = who;
	o->detail = json;
	o->now = now;
	return o;
}

static void free_outcome(struct outcome *o)
{
	followup_list_free(&o->agenda);
	free(o->extra);
	free(o);
}

int desk_done(struct desk *desk, const struct identity *who, const char *lease, const char *disposition, const char *json,
	struct moment now, struct answer *answer)
{
	struct outcome *o = new_outcome(desk, who, json, now);

	if (o == NULL)
		return refuse_store(desk, answer, ERR_MEMORY);
	int result = know_disposition(o, disposition, answer);
	if (result == 0)
		result = done(o, lease, json, answer);
	free_outcome(o);
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
	int result = id < 0 ? (int)id : store_client_erased(o->desk->store, id, NULL);
	if (result > 0)
		return refuse(answer, ERR_INVALID, "client %s has been erased: nothing about him is taken in", client_ref);
	if (result == 0)
		result = store_client_load(o->desk->store, id, &client);
	if (result == 0) {
		char *again = NULL;
		o->client_id = id;
		memcpy(o->client_ref, client.ref, sizeof(o->client_ref));
		if (o->said.has_done_at)
			result = store_attempt_recorded(o->desk->store, o->who->name, id, outcome_moment(o), json, &again);
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
	/* Without a list: the client's own matters on the call that waits for him. What this agent must not speak of stays, for somebody else. */
	for (int i = 0; result == 0 && !o->said.has_items && i < o->agenda.count && o->ticked_count < ITEMS_MAX; i++) {
		int barred = o->agenda.items[i].client_id == id ? outcome_is_barred(o, &o->agenda.items[i]) : 1;
		if (barred == 0)
			o->ticked[o->ticked_count++] = &o->agenda.items[i];
		result = barred < 0 ? barred : 0;
	}
	if (result == 0)
		result = outcome_record(o, answer);
	if (result == 0)
		result = conclude(o, answer);
	return result;
}

int desk_record(
	struct desk *desk, const struct identity *who, const char *client_ref, const char *json, struct moment now, struct answer *answer)
{
	struct outcome *o = new_outcome(desk, who, json, now);

	if (o == NULL)
		return refuse_store(desk, answer, ERR_MEMORY);
	snprintf(o->said.disposition, sizeof(o->said.disposition), "reached");
	snprintf(o->said.channel, sizeof(o->said.channel), "phone");
	int result = said_read(desk, json, now, &o->said, answer);
	if (result == 0)
		result = know_disposition(o, o->said.disposition, answer);
	if (result == 0 && !outcome_is_contact(o->disposition))
		result = refuse(answer, ERR_INVALID, "RECORD tells of a contact; %s is none", o->disposition->name);
	if (result == 0 && policy_channel(desk->policy, o->said.channel) < 0)
		result = refuse(answer, ERR_INVALID, "no such channel: %s", o->said.channel);
	if (result == 0 && o->disposition->bulk &&
		desk->policy->channels[policy_channel(desk->policy, o->said.channel)].kind != CHANNEL_BULK)
		result = refuse(
			answer, ERR_INVALID, "%s is not an outcome of a call: name the channel of the message", o->disposition->name);
	if (result == 0)
		result = record(o, client_ref, json, answer);
	free_outcome(o);
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}
