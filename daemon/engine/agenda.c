/* agenda.c - every move of a follow-up's state, and every call worked out from its agenda. */
#include "followup/agenda.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/lines.h"
#include "followup/own_hours.h"
#include "followup/store.h"
#include "followup/store_call.h"
#include "followup/store_correction.h"
#include "followup/store_name.h"
#include "internal.h"

void followup_list_free(struct followup_list *list)
{
	free(list->items);
	*list = (struct followup_list){NULL, 0, 0};
}

/* Reads a list into room that grows until the whole of it fits. */
typedef int read_followups(struct store *store, int64_t of, struct followup *out, int capacity);

static int load_all(struct engine *engine, read_followups *read, int64_t of, struct followup_list *out)
{
	enum { ROOM_TO_SPARE = 3 }; /* few have more, and that many the C library has at hand */
	int count = 0;

	do {
		if (count >= out->capacity) {
			struct followup *larger = realloc(out->items, (size_t)(count + ROOM_TO_SPARE) * sizeof(*larger));
			if (larger == NULL)
				return ERR_MEMORY;
			out->items = larger;
			out->capacity = count + ROOM_TO_SPARE;
		}
		count = read(engine->store, of, out->items, out->capacity);
		if (count < 0)
			return count;
	} while (count > out->capacity);
	out->count = count;
	return 0;
}

int agenda_load(struct engine *engine, int64_t call_id, struct followup_list *out)
{
	return load_all(engine, store_followup_agenda, call_id, out);
}

int agenda_open_of_client(struct engine *engine, int64_t client_id, struct followup_list *out)
{
	return load_all(engine, store_followup_open_of_client, client_id, out);
}

int agenda_scheduled_of_person(struct engine *engine, int64_t person, struct followup_list *out)
{
	return load_all(engine, store_followup_scheduled_of_person, person, out);
}

const struct rule *agenda_rule(const struct engine *engine, const struct followup *followup)
{
	for (size_t i = 0; i < engine->policy->rule_count; i++)
		if (engine->rules[i].name == followup->rule)
			return &engine->policy->rules[i];
	return NULL;
}

int64_t agenda_reason_do_not_contact(const struct engine *engine)
{
	return engine->reasons[REASON_DO_NOT_CONTACT];
}

int agenda_hold_client(struct engine *engine, int64_t client_id, day_t day)
{
	int64_t reason = engine->reasons[REASON_WRONG_NUMBER];
	int result = agenda_open_of_client(engine, client_id, &engine->open);

	for (int i = 0; result == 0 && i < engine->open.count; i++) {
		struct followup *f = &engine->open.items[i];
		if (f->state == FOLLOWUP_QUEUED) {
			result = followup_move(engine, f, FOLLOWUP_SCHEDULED, reason, day);
		} else {
			bool told = f->reason == reason;
			f->reason = reason;
			result = followup_save(engine, f);
			if (result == 0 && !told)
				result = decided(engine, f, RECORD_DEFERRED);
		}
	}
	return result;
}

int followup_save(struct engine *engine, struct followup *f)
{
	int result = store_followup_save(engine->store, f);

	engine->others_written += f->id != engine->admitting;
	return result < 0 ? result : sample_note(engine, f);
}

/* ends: the call it is on, which ends with this and needs no working out; or NULL. */
static int move(struct engine *engine, struct followup *f, enum followup_state to, int64_t reason, day_t day, const struct call *ends)
{
	enum followup_state from = f->state;

	if (!followup_move_is_legal(f->state, to)) {
		fprintf(stderr, "%s:%d: follow-up %lld cannot go from %s to %s\n", __FILE__, __LINE__, (long long)f->id,
			followup_state_name(f->state), followup_state_name(to));
		abort();
	}
	if (f->state == FOLLOWUP_QUEUED && ends != NULL && ends->id == f->call_id) {
		f->queue = ends->queue;
		f->channel = ends->channel;
		f->call_id = 0;
	} else if (f->state == FOLLOWUP_QUEUED) {
		struct call call;
		int result = store_call_load(engine->store, f->call_id, &call);
		if (result < 0)
			return result;
		/* What it was on when it left (POLICY 5). */
		f->queue = call.queue;
		f->channel = call.channel;
		f->call_id = 0;
		result = store_call_touch(engine->store, call.id);
		if (result < 0)
			return result;
	}
	f->state = to;
	f->reason = reason;
	f->closed_on = followup_state_is_open(to) ? NO_DAY : day;
	int result = followup_save(engine, f);
	return result < 0 ? result : decided_move(engine, f, from);
}

int followup_move(struct engine *engine, struct followup *f, enum followup_state to, int64_t reason, day_t day)
{
	return move(engine, f, to, reason, day, NULL);
}

static void add_person(void *lane, const char *name)
{
	lines_add(lane, LANE_SIZE, "=", name);
}

/* POLICY 6, recusal: "=name" for a person who must not call, "@role" for a role, "!" alone for everybody: more than a lane can name, so when in doubt, nobody. */
static int add_recusals(struct engine *engine, const struct followup *f, const struct rule *rule, char *lane)
{
	struct client client;

	if (rule->recuse == 0 && rule->exclude_roles.count == 0)
		return 0;
	int result = store_client_load(engine->store, f->client_id, &client);
	if (result < 0)
		return result;
	if ((rule->recuse & RECUSE_INTRODUCER) != 0)
		lines_add(lane, LANE_SIZE, "=", client.introducer);
	if ((rule->recuse & RECUSE_MANAGER) != 0)
		result = manager_each(engine, client.manager, add_person, lane); /* the departed one, and whoever stands for him */
	for (size_t i = 0; i < rule->exclude_roles.count; i++)
		lines_add(lane, LANE_SIZE, "@", rule->exclude_roles.items[i]);
	return result;
}

/* The queue that a template names for a client: "manager/" and a star stands for his own; without one, the fallback. */
static int64_t queue_of_template(struct engine *engine, const char *template, const struct client *client)
{
	char name[160];
	size_t length = strlen(template);

	if (length == 0 || template[length - 1] != '*')
		return store_name_id(engine->store, template);
	char manager[CLIENT_TEXT_SIZE];
	int result = agenda_present_manager(engine, client->manager, manager);
	if (result < 0)
		return result;
	const char *own = strncmp(template, "manager/", 8) == 0 ? manager : client->branch;
	if (own[0] == '\0')
		return store_name_id(engine->store, engine->policy->fallback_queue);
	snprintf(name, sizeof(name), "%.*s%s", (int)(length - 1), template, own);
	return store_name_id(engine->store, name);
}

static int64_t queue_for(struct engine *engine, const struct call *call, const struct followup *foremost, const struct rule *rule)
{
	struct client client;

	if (call->bulk || rule == NULL)
		return call->bulk ? call->channel : store_name_id(engine->store, engine->policy->fallback_queue);
	int result = store_client_load(engine->store, foremost->client_id, &client);
	if (result < 0)
		return result;
	const char *template = rule->queue;
	if (call->widened > 0 && rule->widen_count > 0) {
		size_t step = (size_t)call->widened < rule->widen_count ? (size_t)call->widened : rule->widen_count;
		template = rule->widen[step - 1].queue;
	}
	return queue_of_template(engine, template, &client);
}

/* POLICY 6: the foremost rule's own hours, if it has any, and those of the clients. */
static int64_t hours_of(struct engine *engine, const struct followup_list *agenda, const struct rule *foremost)
{
	char text[OWN_HOURS_SIZE] = "";
	struct client client;
	struct hours hours;

	if (foremost != NULL && foremost->has_hours)
		own_hours_add_rule(text, foremost->name);
	for (int i = 0; i < agenda->count; i++) {
		int result = store_client_load(engine->store, agenda->items[i].client_id, &client);
		if (result < 0)
			return result;
		if (client.hours[0] != '\0' && hours_parse(client.hours, &hours))
			own_hours_add_client(text, &hours);
	}
	return store_own_hours_id(engine->store, text);
}

/* POLICY 5: the lowest priority number and the earliest due day of the agenda, the queue of its foremost item, everyone's recusals. */
static int work_out(struct engine *engine, struct call *call, const struct followup_list *agenda, day_t day)
{
	char lane[LANE_SIZE];
	bool exempt = false, free_only = true;

	lane[0] = '\0'; /* not all of it: it is long */
	call->priority = agenda->items[0].priority;
	call->due_on = agenda->items[0].due_on;
	for (int i = 0; i < agenda->count; i++) {
		const struct followup *f = &agenda->items[i];
		const struct rule *rule = agenda_rule(engine, f);
		if (f->due_on < call->due_on)
			call->due_on = f->due_on;
		exempt = exempt || f->overridden || (rule != NULL && rule->class == CLASS_EXEMPT);
		free_only = free_only && rule != NULL && rule->class == CLASS_FREE;
		int result = rule != NULL && !call->bulk ? add_recusals(engine, f, rule, lane) : 0;
		if (result < 0)
			return result;
	}
	/* The promise has left the call: what is still on it has no appointment. */
	bool promised = call->appointed_for == 0;
	for (int i = 0; i < agenda->count; i++)
		promised = promised || agenda->items[i].id == call->appointed_for;
	if (!promised)
		call->appointed_at = call->owner_id = call->appointed_for = 0;
	if (call->state != CALL_UNCERTAIN) /* that one is counted as a contact already */
		call->class = exempt ? CALL_EXEMPT : free_only ? CALL_FREE : CALL_COUNTED;
	/* What was due stays so when the clock steps back. */
	call->due_now = call->appointed_at != 0                                           ? CALL_APPOINTED
			: call->due_on <= (day > engine->reached ? day : engine->reached) ? CALL_DUE
											  : CALL_NOT_DUE;
	call->lane = store_lane_id(engine->store, lane);
	if (call->lane < 0)
		return (int)call->lane;
	const struct rule *foremost = agenda_rule(engine, &agenda->items[0]);
	call->hours = call->bulk ? NO_OWN_HOURS : hours_of(engine, agenda, foremost);
	if (call->hours < 0)
		return (int)call->hours;
	call->queue = queue_for(engine, call, &agenda->items[0], foremost);
	if (call->moved != 0)
		call->queue = call->moved;
	bool widens = call->moved == 0 && foremost != NULL && !call->bulk && (size_t)call->widened < foremost->widen_count;
	call->widen_at = widens ? call->queued_at + foremost->widen[call->widened].after_seconds : 0;
	return call->queue < 0 ? (int)call->queue : 0;
}

/* A client may have become part of another person while the call was held: back on its queue it speaks of one person only. His matters wait again, and he is
 * settled at once. */
static int leave_strangers(struct engine *engine, const struct call *call, struct followup_list *agenda, day_t day)
{
	int kept = 0, result = 0;

	for (int i = 0; result == 0 && i < agenda->count; i++) {
		struct client client;
		result = store_client_load(engine->store, agenda->items[i].client_id, &client);
		if (result < 0 || client.person == call->person) {
			agenda->items[kept++] = agenda->items[i];
			continue;
		}
		result = followup_move(engine, &agenda->items[i], FOLLOWUP_SCHEDULED, 0, day);
		if (result == 0)
			result = slots_mark(engine, client.id, day, true);
	}
	agenda->count = kept;
	return result;
}

bool call_has_moved(const struct call *before, const struct call *call)
{
	return before->lane != call->lane || before->hours != call->hours || before->queue != call->queue ||
	       before->due_now != call->due_now || before->priority != call->priority || before->due_on != call->due_on ||
	       before->class != call->class || before->widen_at != call->widen_at || before->appointed_for != call->appointed_for;
}

static int place_call(struct engine *engine, struct call *call, const struct followup_list *agenda, day_t day)
{
	struct call before = *call;

	int result = work_out(engine, call, agenda, day);
	if (result == 0 && call_has_moved(&before, call))
		result = store_call_save(engine->store, call);
	return result == 0 ? agenda_note_staffing(engine, call) : result;
}

int call_work_out_new(struct engine *engine, struct call *call, struct followup *only, day_t day)
{
	return place_call(engine, call, &(struct followup_list){only, 1, 1}, day);
}

/* Nothing is left of a call that somebody holds: he will hear it at TOUCH or DONE. An appointment has left it with its promise. */
static int keep_empty(struct engine *engine, struct call *call)
{
	if (call->appointed_for == 0)
		return 0;
	call->appointed_at = call->owner_id = call->appointed_for = 0;
	call->due_now = CALL_DUE;
	return store_call_save(engine->store, call);
}

int call_work_out(struct engine *engine, struct call *call, day_t day)
{
	struct followup_list agenda = {NULL, 0, 0};

	int result = agenda_load(engine, call->id, &agenda);
	if (result == 0 && call->state < CALL_LEASED && call->generation > 0)
		result = leave_strangers(engine, call, &agenda, day);
	if (result == 0 && agenda.count == 0) {
		result = call->state == CALL_LEASED ? keep_empty(engine, call) : store_call_delete(engine->store, call->id);
	} else if (result == 0) {
		result = place_call(engine, call, &agenda, day);
	}
	followup_list_free(&agenda);
	return result;
}

int agenda_settle(struct engine *engine, day_t day, int limit)
{
	struct call call;
	int result;

	while ((result = store_call_touched(engine->store, &call)) > 0) {
		if (limit-- <= 0)
			return 1;
		result = store_call_clear_touched(engine->store, call.id);
		if (result == 0)
			result = call_work_out(engine, &call, day);
		if (result < 0)
			return result;
		engine->changes++;
	}
	return result;
}

int agenda_widen(struct engine *engine, struct call *call, struct moment now)
{
	call->widened++;
	call->queued_at = now.unix_seconds;
	call->widen_at = 0;
	engine->changes++;
	int result = store_call_save(engine->store, call);
	/* One that somebody holds moves when he gives it back. */
	return result == 0 && call->state < CALL_LEASED ? call_work_out(engine, call, now.day) : result;
}

int agenda_wider_queue(struct engine *engine, const struct call *call, char *out, size_t size)
{
	struct followup_list agenda = {NULL, 0, 0};
	struct call wider = *call;
	int64_t queue = 0;

	wider.widened++;
	int result = agenda_load(engine, call->id, &agenda);
	if (result == 0 && agenda.count > 0)
		queue = queue_for(engine, &wider, &agenda.items[0], agenda_rule(engine, &agenda.items[0]));
	followup_list_free(&agenda);
	if (result < 0 || queue < 0)
		return result < 0 ? result : (int)queue;
	snprintf(out, size, "%s", queue > 0 ? store_name_text(engine->store, queue) : "");
	return 0;
}

/* The ledger's rows, and what the contact closes. counted: for how many of its clients it counts already. */
static int count_and_close(struct engine *engine, int64_t contact_id, int64_t attempt_id, size_t counted, const struct contact_made *made)
{
	int result = 0;

	for (size_t i = counted; result == 0 && made->counted && i < made->client_count; i++)
		result = store_contact_count_for(engine->store, contact_id, made->client_ids[i], made->day);
	/* A contact moves the next one of a cadence, and may have been with somebody who wants no greetings any more. */
	for (size_t i = 0; result == 0 && i < made->client_count; i++) {
		slots_forget(engine, made->client_ids[i]);
		if (engine->asks_contacts)
			result = store_due_mark(engine->store, made->client_ids[i], made->day, false);
	}
	for (size_t i = 0; result == 0 && i < made->ticked_count; i++) {
		struct followup *f = made->ticked[i];
		f->closed_by = attempt_id;
		result = move(engine, f, made->day > f->due_on ? FOLLOWUP_DONE_LATE : FOLLOWUP_DONE, 0, made->day,
			made->ends_call ? made->call : NULL);
	}
	return result;
}

/* Whether a contact on that day is one more than the person should have. */
static int is_over_cap(struct engine *engine, const struct contact_made *made)
{
	if (!made->counted || engine->policy->cap == NO_LIMIT)
		return 0;
	int before = slots_contacts(engine, made->person, made->day);
	return before < 0 ? before : before + 1 > engine->policy->cap;
}

int64_t agenda_contact(struct engine *engine, const struct contact_made *made, bool *over_cap)
{
	int over = is_over_cap(engine, made);
	size_t counted = made->counted && made->client_count > 0;
	struct contact contact = {
		.call_id = made->call != NULL ? made->call->id : 0,
		.on_day = made->day,
		.at = made->at,
		.channel = made->channel,
		.agent_id = made->agent_id,
		.over_cap = over > 0,
		.client_id = counted > 0 ? made->client_ids[0] : 0,
	};
	int result = over < 0 ? over : store_contact_insert(engine->store, &contact);
	int64_t attempt = result == 0 && made->write_down != NULL ? made->write_down(made->context, contact.id, contact.over_cap) : 0;

	if (result == 0)
		result = attempt < 0 ? (int)attempt : count_and_close(engine, contact.id, attempt, counted, made);
	if (result == 0 && made->ends_call) {
		engine->changes++;
		result = store_call_delete(engine->store, made->call->id);
	}
	if (result < 0)
		return result;
	*over_cap = contact.over_cap;
	return contact.id;
}

int agenda_contact_again(struct engine *engine, int64_t contact_id, day_t former_day, const struct contact_made *made, bool *over_cap)
{
	struct contact contact = {.id = contact_id, .on_day = made->day, .at = made->at, .over_cap = *over_cap};
	int result = store_contact_take_back(engine->store, contact_id);

	if (result == 0 && made->day != former_day) {
		result = is_over_cap(engine, made);
		contact.over_cap = result > 0;
	}
	if (result >= 0)
		result = store_contact_move(engine->store, &contact);
	if (result == 0)
		result = count_and_close(engine, contact_id, 0, 0, made);
	if (result == 0)
		*over_cap = contact.over_cap;
	return result;
}

int agenda_take_back(struct engine *engine, struct followup *f, day_t day)
{
	int result = followup_move(engine, f, FOLLOWUP_SCHEDULED, engine->reasons[REASON_CORRECTED], day);

	/* That is why it was reopened, and stands in the record; it waits for nothing. */
	f->reason = 0;
	if (result == 0)
		result = store_followup_save(engine->store, f);
	return result == 0 ? slots_mark(engine, f->client_id, day, true) : result;
}

int64_t agenda_contact_whole(struct engine *engine, const struct call *call, bool close, struct moment now, bool *over_cap)
{
	struct followup_list agenda = {NULL, 0, 0};
	int64_t *clients = NULL, contact = 0;
	struct followup **ticked = NULL;

	int result = agenda_load(engine, call->id, &agenda);
	if (result == 0) {
		clients = calloc((size_t)agenda.count + 1, sizeof(*clients));
		ticked = calloc((size_t)agenda.count + 1, sizeof(struct followup *));
		if (clients == NULL || ticked == NULL)
			result = ERR_MEMORY;
	}
	for (int i = 0; result == 0 && i < agenda.count; i++) {
		clients[i] = agenda.items[i].client_id;
		ticked[i] = &agenda.items[i];
	}
	if (result == 0) {
		struct contact_made made = {
			.call = call,
			.channel = call->channel,
			.counted = call->class != CALL_FREE,
			.person = call->person,
			.client_ids = clients,
			.client_count = (size_t)agenda.count,
			.ticked = ticked,
			.ticked_count = close ? (size_t)agenda.count : 0,
			.ends_call = close,
			.day = now.day,
			.at = now.unix_seconds,
			.agent_id = call->agent_id,
		};
		contact = agenda_contact(engine, &made, over_cap);
	}
	free(clients);
	free(ticked);
	followup_list_free(&agenda);
	return result < 0 ? result : contact;
}

int agenda_reopen(struct engine *engine, struct followup *f, int days, struct moment now)
{
	day_t today = now.day > engine->reached ? now.day : engine->reached; /* not of a clock that has stepped back */

	if (f->last_on < today + days)
		f->last_on = today + days;
	f->channel_from = 0;
	f->tries = 0;
	f->overridden = false;
	int result = followup_move(engine, f, FOLLOWUP_SCHEDULED, engine->reasons[REASON_REJECTED], now.day);
	/* What has become known since may stop or move it; then it is admitted like any other. */
	return result < 0 ? result : slots_mark(engine, f->client_id, now.day, true);
}

int64_t agenda_attempt(struct engine *engine, const struct attempt *attempt, const struct followup_list *agenda, int64_t client_id)
{
	int64_t id = store_attempt_insert(engine->store, attempt);
	int result = id < 0 ? (int)id : 0;

	for (int i = 0; result == 0 && i < agenda->count; i++)
		if (strcmp(agenda->items[i].client_ref, attempt->client_ref) != 0) /* whom the entry names first needs no further line */
			result = store_record_about(engine->store, id, agenda->items[i].client_id);
	if (result == 0 && client_id != 0)
		result = store_record_about(engine->store, id, client_id);
	return result < 0 ? result : id;
}

int agenda_write_down(struct engine *engine, const struct attempt *attempt, const struct followup_list *agenda, int64_t client_id)
{
	int64_t id = agenda_attempt(engine, attempt, agenda, client_id);

	return id < 0 ? (int)id : 0;
}

int agenda_admit(struct engine *engine, int64_t person, struct moment now)
{
	day_t worked_on = engine_worked_on(engine);

	engine->version++;
	if (now.day < worked_on) /* the clock has stepped back: what opened stays open */
		now.day = worked_on;
	return admit_person(engine, person, now);
}

int agenda_next_channel(struct engine *engine, struct followup *f, day_t day)
{
	const struct rule *rule = agenda_rule(engine, f);
	int64_t channel = f->channel; /* the last one held */
	int at = 0;

	if (f->state == FOLLOWUP_QUEUED) {
		struct call call;
		int result = store_call_load(engine->store, f->call_id, &call);
		if (result < 0)
			return result;
		channel = call.channel;
	}
	/* Its place in the rule's list: all before and itself are used up. */
	for (size_t i = 0; rule != NULL && i < rule->channel_count; i++)
		if (engine->channel_names[rule->channels[i]] == channel)
			at = (int)i + 1;
	f->channel_from = at > f->channel_from ? at : f->channel_from + 1;
	f->tries = 0;
	if (rule != NULL && rule->on && f->last_on >= day) {
		enum reason why;
		int result = facts_load_client(engine, f->client_id, day, engine->other_facts);
		if (result < 0)
			return result;
		if (channel_pick(engine, engine->other_facts, rule, f->channel_from, &why) >= 0)
			return followup_move(engine, f, FOLLOWUP_SCHEDULED, 0, day);
	}
	return followup_move(engine, f, FOLLOWUP_MISSED, engine->reasons[REASON_UNREACHABLE], day);
}
