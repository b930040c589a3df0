/* lease.c - holding a call: TOUCH, RELEASE, MINE, SHOW, and what happens when time runs out (POLICY 6). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/store_followup.h"
#include "followup/store_name.h"
#include "followup/store_review.h"
#include "followup/store_view.h"
#include "internal.h"

/* Writes a number and what ends it; the place after that. */
static char *number_text(char *out, int64_t number, char end)
{
	char digits[24], *at = digits + sizeof(digits);

	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	size_t length = (size_t)(digits + sizeof(digits) - at);
	memcpy(out, at, length);
	out[length] = end;
	return out + length + 1;
}

char *lease_format(const struct call *call, char out[LEASE_TEXT_SIZE])
{
	number_text(number_text(out, call->id, '.'), call->generation, '\0');
	return out;
}

bool lease_parse(const char *text, int64_t *call_id, int *generation)
{
	char *end;

	if (text[0] < '1' || text[0] > '9')
		return false;
	long long id = strtoll(text, &end, 10);
	if (*end != '.' || end[1] < '1' || end[1] > '9' || end - text > 18)
		return false;
	const char *second = end + 1;
	long number = strtol(second, &end, 10);
	if (*end != '\0' || end - second > 9)
		return false;
	*call_id = id;
	*generation = (int)number;
	return true;
}

int held_call(struct desk *desk, const struct identity *who, const char *lease, struct call *call, struct answer *answer)
{
	int64_t id;
	int generation;

	if (!lease_parse(lease, &id, &generation))
		return refuse(answer, ERR_INVALID, "a lease is written CALL.GENERATION, as NEXT gave it");
	int result = store_call_load(desk->store, id, call);
	if (result < 0 && result != ERR_NOT_FOUND)
		return refuse_store(desk, answer, result);
	if (result == ERR_NOT_FOUND || call->state != CALL_LEASED || call->generation != generation || call->agent_id != who->agent_id ||
		who->agent_id == 0)
		return refuse(answer, ERR_NO_LEASE, "lease %s is not yours, or has ended: take the next call with NEXT", lease);
	return 0;
}

int desk_touch(struct desk *desk, const struct identity *who, const char *lease, struct moment now, struct answer *answer)
{
	struct call call;

	int result = held_call(desk, who, lease, &call, answer);
	if (result < 0)
		return result;
	call.lease_until = now.unix_seconds + policy_queue(desk->policy, store_name_text(desk->store, call.queue))->lease_seconds;
	result = store_call_save(desk->store, &call);
	if (result == 0)
		result = tell_holder(desk, &call, &answer->json);
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}

void lease_end(struct call *call)
{
	call->agent_id = 0;
	call->lease_until = 0;
	call->not_before = 0;
	call->appointed_at = 0;
	call->owner_id = 0;
	call->appointed_for = 0;
}

/* Back on its queue, at its place. A call that was taken before its time rests on until then; an appointment stands, its owner's, while it can be kept. */
static int put_back(struct desk *desk, struct call *call, struct moment now)
{
	call->state = call->not_before > now.unix_seconds ? CALL_RESTING : CALL_READY;
	call->agent_id = 0;
	call->lease_until = 0;
	if (call->state == CALL_READY)
		call->not_before = 0;
	if (call->appointed_at != 0 && now.unix_seconds >= call->appointed_at + APPOINTMENT_GRACE_SECONDS) {
		call->appointed_at = 0;
		call->owner_id = 0;
	}
	int result = store_call_save(desk->store, call);
	if (result == 0)
		result = store_call_touch(desk->store, call->id);
	if (result == 0)
		result = agenda_settle(desk->engine, now.day, INT32_MAX);
	desk->changes++;
	return result;
}

/* The record's line of something that befell a call. */
static int write_down(struct desk *desk, const struct call *call, const char *agent, const char *disposition, const char *detail,
	int64_t contact_id, bool over_cap, struct moment now)
{
	struct followup_list agenda = {NULL, 0, 0};

	int result = agenda_load(desk->engine, call->id, &agenda);
	struct attempt attempt = {
		.at = now.unix_seconds,
		.call_id = call->id,
		.generation = call->generation,
		.agent = agent,
		.queue = call->queue,
		.channel = call->channel,
		.client_ref = agenda.count > 0 ? agenda.items[0].client_ref : "",
		.client_id = agenda.count > 0 ? agenda.items[0].client_id : 0,
		.disposition = disposition,
		.detail = detail,
		.contact_id = contact_id,
		.over_cap = over_cap,
		.followup_id = agenda.count > 0 ? agenda.items[0].id : 0,
	};
	if (result == 0)
		result = agenda_write_down(desk->engine, &attempt, &agenda, 0);
	followup_list_free(&agenda);
	return result;
}

int desk_release(
	struct desk *desk, const struct identity *who, const char *lease, const char *reason, struct moment now, struct answer *answer)
{
	struct call call;
	char text[32];

	int result = held_call(desk, who, lease, &call, answer);
	if (result < 0)
		return result;
	if (reason[0] == '\0' || strlen(reason) > 200)
		return refuse(answer, ERR_INVALID, "RELEASE needs a reason of at most 200 bytes");
	result = write_down(desk, &call, who->name, "released", reason, 0, false, now);
	if (result == 0)
		result = put_back(desk, &call, now);
	if (result < 0)
		return refuse_store(desk, answer, result);
	buffer_printf(&answer->json, "{\"call\":%lld,\"state\":\"%s\"", (long long)call.id, call_state_name(call.state));
	if (call.state == CALL_RESTING)
		buffer_printf(&answer->json, ",\"not_before\":\"%s\"", local_time_text(call.not_before, text));
	buffer_text(&answer->json, "}");
	return answer->json.failed ? ERR_MEMORY : 0;
}

int desk_show(struct desk *desk, const struct identity *who, const char *text, struct moment now, struct answer *answer)
{
	struct call call;
	char *end;

	(void)now;
	long long id = strtoll(text, &end, 10);
	if (end == text || (*end != '\0' && *end != '.') || id <= 0)
		return refuse(answer, ERR_INVALID, "SHOW needs a call's number");
	int result = store_call_load(desk->store, id, &call);
	if (result == ERR_NOT_FOUND)
		return refuse(answer, result, "there is no call %lld; it may have ended (LIST attempts)", id);
	bool holds = call.state == CALL_LEASED && call.agent_id == who->agent_id && who->agent_id != 0;
	if (result == 0)
		result = holds ? tell_holder(desk, &call, &answer->json) : tell_call(desk, &call, &answer->json);
	/* What its holder sees was written down when he was given it. */
	if (result == 0 && !holds)
		result = looked(desk, (const char *const[]){"SHOW", text}, 2, answer, 0);
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}

int desk_mine(struct desk *desk, const struct identity *who, struct moment now, struct answer *answer)
{
	struct call *held = NULL;

	(void)now;
	if (who->agent_id == 0)
		return refuse(answer, ERR_RIGHTS, "sign in with AUTH name token");
	/* All of them: a gateway that has lost its connection asks here what it has been given, and NEXT gives it a thousand at a time. */
	int count = store_call_of_agent(desk->store, who->agent_id, NULL, 0), result = 0;
	if (count > 0) {
		held = calloc((size_t)count, sizeof(*held));
		count = held != NULL ? store_call_of_agent(desk->store, who->agent_id, held, count) : ERR_MEMORY;
	}
	buffer_text(&answer->json, "[");
	for (int i = 0; result == 0 && i < count; i++) {
		if (i > 0)
			buffer_text(&answer->json, ",");
		result = tell_holder(desk, &held[i], &answer->json);
	}
	buffer_text(&answer->json, "]");
	free(held);
	if (count < 0)
		result = count;
	else if (result == 0 && answer->json.failed)
		result = ERR_MEMORY;
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}

struct shown_clients {
	struct desk *desk;
	int64_t *clients;
	size_t count, capacity;
};

static int take_shown_client(void *context, const struct json_value *value)
{
	struct shown_clients *shown = context;
	struct followup f;
	int result = store_followup_load(shown->desk->store, strtoll(value->text, NULL, 10), &f);

	if (result >= 0 && shown->count < shown->capacity)
		shown->clients[shown->count++] = f.client_id;
	return result < 0 ? result : 0;
}

int shown_clients(struct desk *desk, const char *shown_json, int64_t *clients, size_t capacity)
{
	struct shown_clients shown = {desk, clients, 0, capacity};
	int result = json_each(desk->json, shown_json, strlen(shown_json), "$", take_shown_client, &shown);

	return result < 0 ? result : (int)shown.count;
}

/* Whatever was shown to the holder he may have said, also when it has left the call since: the contact counts for those clients too. */
static int count_for_shown(struct desk *desk, const struct call *call, int64_t contact, day_t day)
{
	int64_t agent = 0, clients[CLIENTS_OF_CALL_MAX];
	char *shown = NULL;

	int count = store_handout_load(desk->store, call->id, call->generation, &agent, &shown);
	if (count > 0)
		count = shown_clients(desk, shown, clients, CLIENTS_OF_CALL_MAX);
	free(shown);
	int result = count < 0 ? count : 0;
	for (int i = 0; result == 0 && i < count; i++)
		result = store_contact_count_for(desk->store, contact, clients[i], day);
	return result;
}

/* A message whose lease ran out may have been sent: it counts as a contact, and is not sent again without the gateway's word (POLICY 6). */
static int make_uncertain(struct desk *desk, struct call *call, struct moment now)
{
	bool over_cap = false;

	int64_t contact = agenda_contact_whole(desk->engine, call, false, now, &over_cap);
	if (contact < 0)
		return (int)contact;
	int result = write_down(desk, call, "", "uncertain", NULL, contact, over_cap, now);
	if (result == 0 && call->class != CALL_FREE)
		result = count_for_shown(desk, call, contact, now.day);
	call->state = CALL_UNCERTAIN;
	call->class = CALL_FREE; /* the contact counts in its place */
	call->lease_until = 0;
	if (result == 0)
		result = store_call_save(desk->store, call);
	if (result == 0)
		result = store_call_touch(desk->store, call->id); /* it ends here when nothing was left on it */
	return result == 0 ? agenda_settle(desk->engine, now.day, INT32_MAX) : result;
}

/* A call whose lease ran out goes back on its queue. That it was held in vain stands in the record with the holder's name. */
static int take_back(struct desk *desk, struct call *call, struct moment now)
{
	struct agent agent;
	int result = store_agent_load(desk->store, call->agent_id, &agent);

	struct followup_list agenda = {NULL, 0, 0};
	struct buffer items = {0};
	int known = result;
	if (result >= 0)
		result = agenda_load(desk->engine, call->id, &agenda);
	if (result == 0)
		result = list_items(&agenda, &items);
	if (result == 0)
		result = write_lease(desk, call, &agenda, RECORD_LEASE_EXPIRED, known > 0 ? agent.name : NULL, items.data);
	followup_list_free(&agenda);
	buffer_free(&items);
	return result == 0 ? put_back(desk, call, now) : result;
}

int desk_wake(struct desk *desk, struct moment now)
{
	struct call call;
	int woken = 0, result;

	result = store_review_put_back(desk->store, now.unix_seconds);
	if (result < 0)
		return result;
	woken += result;
	while ((result = store_call_next_expired(desk->store, now.unix_seconds, &call)) > 0) {
		call.expiries++;
		result = call.bulk ? make_uncertain(desk, &call, now) : take_back(desk, &call, now);
		if (result < 0)
			return result;
		woken++;
	}
	while (result == 0 && (result = store_call_next_rested(desk->store, now.unix_seconds, &call)) > 0) {
		call.state = CALL_READY;
		call.not_before = 0;
		result = store_call_save(desk->store, &call);
		if (result == 0)
			result = agenda_note_staffing(desk->engine, &call);
		if (result < 0)
			return result;
		desk->changes++;
		woken++;
	}
	while (result == 0 && (result = store_call_next_widening(desk->store, now.unix_seconds, &call)) > 0) {
		result = agenda_widen(desk->engine, &call, now);
		if (result < 0)
			return result;
		woken++;
	}
	while (result == 0 && (result = store_call_next_unkept(desk->store, now.unix_seconds, &call)) > 0) {
		call.owner_id = 0;
		result = store_call_save(desk->store, &call);
		if (result < 0)
			return result;
		desk->changes++;
		woken++;
	}
	enum pause_kind kind;
	int64_t name;
	while (result == 0 && (result = store_pause_over(desk->store, now.unix_seconds, &kind, &name)) > 0) {
		result = pause_end(desk, kind, name, now);
		if (result < 0)
			return result;
		result = 0;
		woken++;
	}
	return result < 0 ? result : woken;
}
