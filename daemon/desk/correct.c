/* correct.c - CORRECT: what was told of a try was wrong (POLICY 8). What was written stays; a later entry says what is true, and what follows from that is done: a contact that was
 * none is taken back and what it closed is reopened, one that was one after all counts on its day and closes what it closed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/json_text.h"
#include "followup/store.h"
#include "followup/store_client.h"
#include "followup/store_correction.h"
#include "followup/store_due.h"
#include "followup/store_followup.h"
#include "followup/store_name.h"
#include "followup/store_task.h"
#include "outcome.h"

struct correction {
	struct outcome o; /* the outcome as it is known now: who told it, for whom, what it closes */
	struct identity teller;
	struct attempt_truth was, is;
	const struct disposition *from; /* NULL: configured no more */
	const struct identity *who;
	const char *json, *reason;
	int64_t former[ITEMS_MAX]; /* what it has closed so far */
	size_t former_count;
	int64_t reopened[ITEMS_MAX];
	size_t reopened_count;
	int64_t clients[CLIENTS_OF_CALL_MAX]; /* whom the try concerned */
	int client_count;
	day_t day;           /* on which it happened */
	struct buffer said;  /* what is said of it now */
	struct said told;    /* the same, read again for what was promised */
	bool says_otherwise; /* that differs from before */
	struct followup items[ITEMS_MAX];
	size_t item_count;
};

/* Members that an outcome has and a correction cannot have. */
static const struct {
	const char *key, *why;
} strangers[] = {
	{"client", "the client stays: name in items the matters of his other accounts; for another client correct this one, and RECORD the "
		   "other"},
	{"channel", "the channel stays: correct this one to what it was, and RECORD the other"},
	{"at", "an appointment is made with DONE alone; done_at says when it happened"},
	{"promise", "a promise is told with DONE or RECORD"},
};

struct looking_at_members {
	struct answer *answer;
	size_t count;
};

static int look_at_member(void *context, const struct json_value *value)
{
	struct looking_at_members *looking = context;

	looking->count++;
	for (size_t i = 0; value->key != NULL && i < sizeof(strangers) / sizeof(strangers[0]); i++)
		if (strcmp(value->key, strangers[i].key) == 0)
			return refuse(looking->answer, ERR_INVALID, "%s: %s", strangers[i].key, strangers[i].why);
	return 0;
}

static int read_correction(struct correction *c, struct answer *answer)
{
	struct desk *desk = c->o.desk;
	struct looking_at_members looking = {answer, 0};

	int result = said_read(desk, c->json, c->o.now, &c->o.said, answer);
	if (result == 0 && c->json[0] != '\0')
		result = json_each(desk->json, c->json, strlen(c->json), "$", look_at_member, &looking);
	if (result == 0 && looking.count == 0)
		result = refuse(
			answer, ERR_INVALID, "what is true of it instead? An object is wanted, like {\"disposition\":\"no-answer\"}");
	if (result < 0)
		return result;
	const char *name = c->o.said.disposition[0] != '\0' ? c->o.said.disposition : c->was.disposition;
	int channel = policy_channel(desk->policy, store_name_text(desk->store, c->was.channel));
	bool bulk = channel >= 0 && desk->policy->channels[channel].kind == CHANNEL_BULK;
	c->from = policy_disposition(desk->policy, c->was.disposition);
	c->o.disposition = policy_disposition(desk->policy, name);
	if (c->o.disposition == NULL)
		return refuse(answer, ERR_INVALID, "no such disposition: %s", name);
	if (c->o.disposition->bulk != bulk)
		return refuse(answer, ERR_INVALID, "%s is not an outcome of a %s", name, bulk ? "message" : "call");
	c->is = c->was;
	snprintf(c->is.disposition, sizeof(c->is.disposition), "%s", name);
	if (c->o.said.has_done_at)
		c->is.at = zone_unix_of_local(c->o.said.done_at);
	c->day = c->o.said.has_done_at    ? date_of_seconds(c->o.said.done_at)
		 : c->was.contact_id != 0 ? c->was.contact_on
					  : zone_moment(c->was.at).day;
	/* The effects go by when it happened. */
	c->o.said.has_done_at = true;
	c->o.said.done_at = (int64_t)c->day * 86400 + zone_moment(c->is.at).second;
	result = store_correction_said(desk->store, c->was.said, c->json, &c->said);
	c->says_otherwise = result > 0;
	return result < 0 ? result : 0;
}

static bool is_former(const struct correction *c, int64_t id)
{
	for (size_t i = 0; i < c->former_count; i++)
		if (c->former[i] == id)
			return true;
	return false;
}

static bool is_item(const struct correction *c, int64_t id)
{
	for (size_t i = 0; i < c->item_count; i++)
		if (c->items[i].id == id)
			return true;
	return false;
}

/* One that the contact closes: it closed it before, or nothing else did. meant: it was named, and must be a matter of this person. */
static int add_item(struct correction *c, int64_t id, bool meant, struct answer *answer)
{
	struct followup *f = &c->items[c->item_count];
	struct client client;

	if (is_item(c, id) || c->item_count == ITEMS_MAX)
		return 0;
	int result = store_followup_load(c->o.desk->store, id, f);
	if (result >= 0)
		result = store_client_load(c->o.desk->store, f->client_id, &client);
	if (result == ERR_NOT_FOUND || (result == 0 && !is_former(c, id) && client.person != c->o.call.person))
		return meant ? refuse(answer, ERR_INVALID, "item %lld is not a matter of this client", (long long)id) : 0;
	if (result < 0)
		return result;
	bool is_done = f->state == FOLLOWUP_DONE || f->state == FOLLOWUP_DONE_LATE; /* by another contact: done is done */
	bool fits = meant ? !is_done : followup_state_is_open(f->state) || f->state == FOLLOWUP_MISSED;
	c->item_count += is_former(c, id) || fits;
	return 0;
}

/* What the contact closes: the items named; without them what it has closed so far, or for a try what its agent had been told of. */
static int find_items(struct correction *c, struct answer *answer)
{
	struct outcome *o = &c->o;
	struct said *shown = &o->shown;
	char *json = NULL;
	int64_t holder;
	int result = 0;

	if (!outcome_is_contact(o->disposition))
		return 0;
	for (size_t i = 0; result == 0 && o->said.has_items && i < o->said.item_count; i++)
		result = add_item(c, o->said.items[i], true, answer);
	for (size_t i = 0; result == 0 && !o->said.has_items && i < c->former_count; i++)
		result = add_item(c, c->former[i], false, answer);
	if (result < 0 || o->said.has_items || c->was.contact_id != 0)
		return result;
	int found = store_handout_load(o->desk->store, c->was.call_id, c->was.generation, &holder, &json);
	if (found > 0)
		found = said_shown(json, shown);
	free(json);
	for (size_t i = 0; found >= 0 && result == 0 && i < shown->item_count; i++)
		result = add_item(c, shown->items[i], false, answer);
	return found < 0 ? found : result;
}

/* Whether the contact closes an item, or a client who refused gives it up. */
static bool closes(const struct correction *c, const struct followup *f)
{
	const struct rule *rule = agenda_rule(c->o.desk->engine, f);

	return c->o.disposition->effect != EFFECT_REFUSED || (rule != NULL && rule->duty);
}

/* Whether an item that it has closed so far is what it has to be. */
static bool stands(const struct correction *c, const struct followup *f)
{
	enum followup_state wanted = !closes(c, f) ? FOLLOWUP_SUPPRESSED : c->day > f->due_on ? FOLLOWUP_DONE_LATE : FOLLOWUP_DONE;

	return f->state == wanted && f->closed_on == c->day;
}

static bool changes_anything(const struct correction *c)
{
	bool same = strcmp(c->is.disposition, c->was.disposition) == 0 && c->is.at == c->was.at && !c->says_otherwise;

	if (outcome_is_contact(c->o.disposition)) {
		same = same && c->item_count == c->former_count;
		for (size_t i = 0; same && i < c->item_count; i++)
			same = is_former(c, c->items[i].id) && stands(c, &c->items[i]);
	}
	return !same;
}

/* What it has closed and does not close, or not like this: open again; after a message that did not arrive on its next channel. */
static int take_back_items(struct correction *c)
{
	struct desk *desk = c->o.desk;
	day_t today = c->o.now.day;
	int result = 0;

	for (size_t i = 0; result == 0 && i < c->former_count; i++) {
		struct followup other, *f = NULL;
		for (size_t k = 0; k < c->item_count; k++)
			if (c->items[k].id == c->former[i])
				f = &c->items[k];
		if (f != NULL && stands(c, f))
			continue;
		bool again = f != NULL;
		if (f == NULL)
			result = store_followup_load(desk->store, c->former[i], f = &other);
		if (result >= 0 && c->o.disposition->effect == EFFECT_NEXT_CHANNEL)
			result = agenda_next_channel(desk->engine, f, today);
		else if (result >= 0)
			result = agenda_take_back(desk->engine, f, today);
		if (result == 0)
			result = store_attempt_closes(desk->store, 0, c->former[i]);
		if (!again)
			c->reopened[c->reopened_count++] = c->former[i];
	}
	return result;
}

/* The contact as it was: for whom it counts, on which day, and what it closes. */
static int make_contact(struct correction *c)
{
	struct outcome *o = &c->o;
	struct engine *engine = o->desk->engine;
	int64_t clients[CLIENTS_OF_CALL_MAX];
	struct followup *ticked[ITEMS_MAX];
	size_t client_count = 0, ticked_count = 0;
	bool free_only = c->item_count > 0,
	     unchanged = c->was.contact_id != 0 && c->day == c->was.contact_on && c->item_count == c->former_count;
	int64_t contact = c->was.contact_id;

	for (size_t i = 0; i < c->item_count; i++) {
		struct followup *f = &c->items[i];
		const struct rule *rule = agenda_rule(engine, f);
		free_only = free_only && rule != NULL && rule->class == CLASS_FREE;
		unchanged = unchanged && is_former(c, f->id);
		if (client_count < CLIENTS_OF_CALL_MAX)
			clients[client_count++] = f->client_id;
		bool there = is_former(c, f->id) && stands(c, f);
		if (closes(c, f) && !there)
			ticked[ticked_count++] = f;
	}
	for (int i = 0; client_count == 0 && i < c->client_count; i++)
		clients[i] = c->clients[i];
	struct contact_made made = {
		.channel = c->was.channel,
		.counted = !free_only,
		.person = o->call.person,
		.client_ids = clients,
		.client_count = client_count > 0 ? client_count : (size_t)c->client_count,
		.ticked = ticked,
		.ticked_count = ticked_count,
		.day = c->day,
		.at = c->is.at,
		.agent_id = c->teller.agent_id,
	};
	if (contact == 0)
		contact = agenda_contact(engine, &made, &c->is.over_cap);
	else if (!unchanged || ticked_count > 0)
		contact = agenda_contact_again(engine, contact, c->was.contact_on, &made, &c->is.over_cap);
	if (contact < 0)
		return (int)contact;
	if (c->was.contact_id == 0)
		c->is.contact_id = contact;
	return 0;
}

static int give_up(struct correction *c)
{
	struct engine *engine = c->o.desk->engine;
	int result = 0;

	for (size_t i = 0; result == 0 && i < c->item_count; i++)
		if (!closes(c, &c->items[i]) && followup_state_is_open(c->items[i].state))
			result = followup_move(engine, &c->items[i], FOLLOWUP_SUPPRESSED, agenda_reason_do_not_contact(engine), c->day);
	return result;
}

/* POLICY 7: whether the client wants no greetings on this channel. */
static int correct_refusal(struct correction *c)
{
	enum { REFUSED_MONTHS = 12 };
	struct store *store = c->o.desk->store;
	char until[DATE_TEXT_SIZE];
	int result = 0;

	for (int i = 0; result == 0 && c->from != NULL && c->from->effect == EFFECT_REFUSED && i < c->client_count; i++)
		result = store_refusal_take_back(store, c->clients[i], c->was.channel, c->was.agent, c->was.told_at);
	if (c->o.disposition->effect != EFFECT_REFUSED)
		return result;
	date_format(date_add_months(c->day, REFUSED_MONTHS), until);
	for (int i = 0; result == 0 && i < c->client_count; i++)
		result = store_refusal_set(store, c->clients[i], c->was.channel, until, c->was.agent, c->was.told_at);
	return result;
}

/* What else a disposition does and another does not. */
static int correct_effects(struct correction *c)
{
	enum disposition_effect effect = c->o.disposition->effect;
	enum disposition_effect former = c->from != NULL ? c->from->effect : c->was.contact_id != 0 ? EFFECT_CONTACT : EFFECT_RETRY;
	int result = correct_refusal(c);

	if (result == 0 && former == EFFECT_WRONG_NUMBER && effect != former)
		result = store_client_number_is_wrong(c->o.desk->store, c->was.client_id, false);
	if (result == 0 && effect == EFFECT_WRONG_NUMBER && effect != former && c->was.number_is_his)
		result = outcome_number_is_wrong(&c->o);
	if (result == 0 && effect == EFFECT_DISPUTED && effect != former)
		result = outcome_escalate(&c->o);
	return result;
}

static void append_numbers(struct buffer *out, const int64_t *numbers, size_t count)
{
	buffer_text(out, "[");
	for (size_t i = 0; i < count; i++)
		buffer_printf(out, "%s%lld", i > 0 ? "," : "", (long long)numbers[i]);
	buffer_text(out, "]");
}

static void append_truth(struct buffer *out, const struct attempt_truth *truth, const int64_t *items, size_t count, const char *said)
{
	buffer_text(out, "{\"disposition\":");
	json_text_append(out, truth->disposition);
	buffer_printf(out, ",\"at\":%lld", (long long)truth->at);
	if (truth->contact_id != 0)
		buffer_printf(out, ",\"contact\":%lld", (long long)truth->contact_id);
	buffer_printf(out, ",\"over_cap\":%d,\"items\":", truth->over_cap);
	append_numbers(out, items, count);
	buffer_printf(out, ",\"said\":%s}", said != NULL ? said : "null");
}

/* The entry that says so from now on, and the row that lists read. */
static int write_down(struct correction *c)
{
	struct store *store = c->o.desk->store;
	struct buffer body = {0};
	int64_t closed[ITEMS_MAX];

	for (size_t i = 0; i < c->item_count; i++)
		closed[i] = c->items[i].id;
	buffer_printf(&body, "{\"attempt\":%lld,\"what\":%s,\"reason\":", (long long)c->was.id, c->json);
	json_text_append(&body, c->reason);
	buffer_text(&body, ",\"before\":");
	append_truth(&body, &c->was, c->former, c->former_count, c->was.said);
	buffer_text(&body, ",\"after\":");
	append_truth(&body, &c->is, closed, c->item_count, c->said.data);
	buffer_text(&body, ",\"reopened\":");
	append_numbers(&body, c->reopened, c->reopened_count);
	buffer_text(&body, "}");
	struct record_entry entry = {.kind = RECORD_CORRECTED,
		.client_id = c->was.client_id,
		.client_ref = c->was.client_ref,
		.call_id = c->was.call_id,
		.body = body.data,
		.agent = c->who->name};
	int64_t id = body.failed ? ERR_MEMORY : store_record_add(store, &entry);
	buffer_free(&body);
	if (id < 0)
		return (int)id;
	c->is.corrected_by = id;
	int result = store_attempt_correct(store, &c->is);
	for (int i = 0; result == 0 && i < c->client_count; i++)
		result = store_record_about(store, id, c->clients[i]);
	for (size_t i = 0; result == 0 && i < c->item_count; i++) {
		result = store_record_about(store, id, c->items[i].client_id);
		if (result == 0)
			result = store_record_about(store, c->was.id, c->items[i].client_id);
		if (result == 0)
			result = store_attempt_closes(store, c->was.id, c->items[i].id);
	}
	return result;
}

/* The contact is one again: what had been promised in it holds again, as it was said. */
static int promise_again(struct correction *c, struct answer *answer)
{
	struct desk *desk = c->o.desk;
	int result = said_read(desk, c->said.data, c->o.now, &c->told, answer);

	for (size_t i = 0; result == 0 && i < c->told.promise_count; i++) {
		struct promise promise = c->told.promises[i];
		promise.client_id = c->was.client_id;
		promise.call_id = c->was.call_id;
		promise.made_on = c->day;
		promise.at = c->is.at;
		promise.agent_id = c->teller.agent_id;
		int64_t id = engine_take_promise(desk->engine, &promise, c->teller.name);
		result = id < 0 ? (int)id : 0;
	}
	return result;
}

/* What was promised in the contact goes the way of the contact: to the moment at which it happened, away, or back. */
static int correct_promises(struct correction *c, struct answer *answer)
{
	struct store *store = c->o.desk->store;
	const struct attempt_truth *was = &c->was;
	int result = 0;

	if (was->contact_id == 0 && outcome_is_contact(c->o.disposition) && !c->o.disposition->bulk)
		return promise_again(c, answer);
	for (int i = 0; result == 0 && was->contact_id != 0 && i < c->client_count; i++) {
		if (!outcome_is_contact(c->o.disposition))
			result = store_promise_take_back(store, c->clients[i], was->call_id, was->agent, was->at);
		else if (c->is.at != was->at)
			result = store_promise_move(store, c->clients[i], was->call_id, was->agent, was->at, c->is.at, c->day);
	}
	return result;
}

static int carry_out(struct correction *c, struct answer *answer)
{
	struct outcome *o = &c->o;
	bool contact = outcome_is_contact(o->disposition);

	int result = take_back_items(c);
	if (result == 0 && contact) {
		result = make_contact(c);
	} else if (result == 0 && c->was.contact_id != 0) {
		result = store_contact_take_back(o->desk->store, c->was.contact_id);
		c->is.contact_id = 0;
		c->is.over_cap = false;
	}
	if (result == 0)
		result = correct_promises(c, answer);
	if (result == 0 && contact)
		result = give_up(c);
	if (result == 0)
		result = correct_effects(c);
	if (result == 0)
		result = agenda_settle(o->desk->engine, o->now.day, INT32_MAX);
	/* A slot may have come free, or be used now; what waits is tried again at the end of the turn. */
	for (int i = 0; result == 0 && i < c->client_count; i++)
		result = store_due_mark(o->desk->store, c->clients[i], o->now.day, true);
	return result == 0 ? write_down(c) : result;
}

/* Who told it, of whom and on which channel: the outcome's own, for what is done in his name. */
static int recall(struct correction *c)
{
	struct desk *desk = c->o.desk;
	struct client client;
	struct agent agent;

	int result = store_client_load(desk->store, c->was.client_id, &client);
	int known = result == 0 ? store_agent_find(desk->store, c->was.agent, &agent) : result;
	if (known < 0)
		return known;
	snprintf(c->teller.name, sizeof(c->teller.name), "%s", c->was.agent);
	c->teller.agent_id = known > 0 ? agent.id : 0;
	c->o.who = &c->teller;
	c->o.client_id = c->was.client_id;
	memcpy(c->o.client_ref, client.ref, sizeof(c->o.client_ref));
	c->o.call.id = c->was.call_id;
	c->o.call.person = client.person;
	c->o.call.channel = c->was.channel;
	c->client_count = store_attempt_clients(desk->store, c->was.id, c->clients, CLIENTS_OF_CALL_MAX);
	if (c->client_count > CLIENTS_OF_CALL_MAX)
		c->client_count = CLIENTS_OF_CALL_MAX;
	int count = c->client_count < 0 ? c->client_count : store_attempt_items(desk->store, c->was.id, c->former, ITEMS_MAX);
	c->former_count = count < 0 ? 0 : count > ITEMS_MAX ? ITEMS_MAX : (size_t)count;
	return count < 0 ? count : 0;
}

static int correct(struct correction *c, struct answer *answer)
{
	struct outcome *o = &c->o;

	int result = store_correction_is_same(o->desk->store, &c->was, c->who->name, c->json, c->reason);
	if (result > 0) /* sent again: done once, answered the same */
		return store_correction_answer(o->desk->store, c->was.corrected_by, &answer->json);
	if (result == 0)
		result = recall(c);
	if (result == 0)
		result = read_correction(c, answer);
	if (result == 0)
		result = find_items(c, answer);
	if (result < 0)
		return result;
	for (size_t i = 0; i < c->item_count; i++)
		o->ticked[o->ticked_count++] = &c->items[i];
	if (strcmp(c->is.disposition, c->was.disposition) != 0 || o->said.attorney[0] != '\0')
		result = outcome_check_attorney(o, answer);
	if (result == 0 && !changes_anything(c))
		result = refuse(answer, ERR_INVALID, "attempt %lld says that already: nothing would change", (long long)c->was.id);
	if (result == 0)
		result = carry_out(c, answer);
	o->desk->changes++;
	return result == 0 ? store_correction_answer(o->desk->store, c->is.corrected_by, &answer->json) : result;
}

int desk_correct(struct desk *desk, const struct identity *who, const char *attempt_text, const char *json, const char *reason,
	struct moment now, struct answer *answer)
{
	int64_t id;

	if (!parse_count(attempt_text, 1, INT64_MAX, &id))
		return refuse(answer, ERR_INVALID, "an attempt's number is wanted (LIST attempts)");
	int result = check_reason(reason, answer);
	if (result < 0)
		return result;
	struct correction *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return refuse_store(desk, answer, ERR_MEMORY);
	c->o.desk = desk;
	c->o.now = now;
	c->who = who;
	c->json = json;
	c->reason = reason;
	result = store_attempt_load(desk->store, id, &c->was);
	if (result == ERR_NOT_FOUND)
		refuse(answer, result, "there is no attempt %lld", (long long)id);
	else if (result == 0 && (!c->was.is_outcome || c->was.client_id == 0))
		result = refuse(
			answer, ERR_INVALID, "attempt %lld (%s) is no outcome that somebody told", (long long)id, c->was.disposition);
	else if (result == 0 && c->was.is_closed)
		result = refuse(answer, ERR_INVALID, "attempt %lld is sealed or erased", (long long)id);
	if (result == 0)
		result = correct(c, answer);
	buffer_free(&c->said);
	free(c->was.said);
	free(c);
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}
