/* supervise.c - what a supervisor decides against the rules' own course: TAKE, MOVE, PAUSE, RESUME, DNC, OVERRIDE (POLICY 5, 6). Each is written down with his name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "followup/json_text.h"
#include "followup/marking.h"
#include "followup/store_client.h"
#include "followup/store_due.h"
#include "followup/store_erase.h"
#include "followup/store_followup.h"
#include "followup/store_hold.h"
#include "followup/store_name.h"
#include "followup/store_task.h"
#include "internal.h"

int check_reason(const char *reason, struct answer *answer)
{
	if (reason[0] == '\0' || strlen(reason) >= HOLD_REASON_SIZE)
		return refuse(answer, ERR_INVALID, "a reason is needed, of at most %d bytes", HOLD_REASON_SIZE - 1);
	return 0;
}

/* One line of the record about a call or a client. */
static int write_down(struct desk *desk, const struct identity *who, const char *what, const char *detail, const struct call *call,
	int64_t client_id, struct moment now)
{
	struct followup_list agenda = {NULL, 0, 0};
	struct attempt attempt = {.at = now.unix_seconds, .agent = who->name, .client_ref = "", .disposition = what, .detail = detail};
	struct client client;
	int result = 0;

	if (call == NULL) {
		result = store_client_load(desk->store, client_id, &client);
		attempt.client_ref = result == 0 ? client.ref : "";
	} else {
		result = agenda_load(desk->engine, call->id, &agenda);
		attempt.call_id = call->id;
		attempt.generation = call->generation;
		attempt.queue = call->queue;
		attempt.channel = call->channel;
		attempt.client_ref = agenda.count > 0 ? agenda.items[0].client_ref : "";
	}
	if (result == 0)
		result = agenda_write_down(desk->engine, &attempt, &agenda, client_id);
	followup_list_free(&agenda);
	return result;
}

static int load_call(struct desk *desk, const char *text, struct call *call, struct answer *answer)
{
	int64_t id;

	if (!parse_count(text, 1, INT64_MAX, &id))
		return refuse(answer, ERR_INVALID, "a call's number is wanted");
	int result = store_call_load(desk->store, id, call);
	if (result == ERR_NOT_FOUND)
		return refuse(answer, result, "there is no call %lld; it may have ended", (long long)id);
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}

/* Whatever its place and the hours; but recusal holds, nobody holds more calls than he may, and a person is spoken to by one agent at a time. */
static int may_take(struct desk *desk, const struct identity *who, const struct call *call, struct answer *answer)
{
	enum { CALLS_MAX = 64, LANE_TEXT_SIZE = 8192 };
	struct call others[CALLS_MAX];
	struct agent agent;
	char lane[LANE_TEXT_SIZE];
	int talks = 0;

	int result = store_agent_load(desk->store, who->agent_id, &agent);
	if (result == 0)
		return refuse(answer, ERR_RIGHTS, "calls go to agents: sign in with AUTH name token");
	if (result > 0)
		result = store_lane_text(desk->store, call->lane, lane, sizeof(lane));
	if (result < 0)
		return result;
	if (agent_is_excluded(&agent, lane))
		return refuse(answer, ERR_RIGHTS, "a rule says that %s must not make this call", who->name);
	int count = store_call_of_agent(desk->store, who->agent_id, others, CALLS_MAX);
	for (int i = 0; i < count && i < CALLS_MAX; i++)
		talks += !others[i].bulk;
	if (talks >= desk->policy->calls_held_max)
		return refuse(answer, ERR_BUSY, "%s holds a call already: DONE or RELEASE comes first", who->name);
	if (count >= 0)
		count = store_call_leased_of_person(desk->store, call->person, 0, others, CALLS_MAX);
	for (int i = 0; i < count && i < CALLS_MAX; i++)
		if (!others[i].bulk)
			return refuse(answer, ERR_BUSY, "somebody speaks with this client already, in call %lld", (long long)others[i].id);
	return count < 0 ? count : 0;
}

int desk_take(struct desk *desk, const struct identity *who, const char *call_text, struct moment now, struct answer *answer)
{
	struct call call;

	if (who->agent_id == 0)
		return refuse(answer, ERR_RIGHTS, "calls go to agents: sign in with AUTH name token");
	int result = load_call(desk, call_text, &call, answer);
	if (result < 0)
		return result;
	if (call.state >= CALL_LEASED && call.agent_id != who->agent_id)
		return refuse(answer, ERR_BUSY, "call %s is held by somebody else", call_text);
	if (call.bulk)
		return refuse(answer, ERR_INVALID, "call %s is a message: nobody talks in it", call_text);
	if (call.state == CALL_LEASED)
		result = tell_holder(desk, &call, &answer->json);
	else
		result = may_take(desk, who, &call, answer);
	if (result == 0 && call.state != CALL_LEASED)
		result = lease_call(desk, who->agent_id, &call, now, &answer->json);
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}

int desk_move(struct desk *desk, const struct identity *who, const char *call_text, const char *queue, const char *reason,
	struct moment now, struct answer *answer)
{
	struct call call;

	int result = check_reason(reason, answer);
	if (result == 0)
		result = load_call(desk, call_text, &call, answer);
	if (result < 0)
		return result;
	if (call.bulk || call.state >= CALL_LEASED)
		return refuse(answer, call.bulk ? ERR_INVALID : ERR_BUSY,
			call.bulk ? "call %s is a message; it waits on its channel" : "call %s is held by an agent", call_text);
	int channel = policy_channel(desk->policy, queue);
	if (channel >= 0 && desk->policy->channels[channel].kind == CHANNEL_BULK)
		return refuse(answer, ERR_INVALID, "%s is a queue of messages: nobody would make the call there", queue);
	if (!queue_is_known(desk->policy, queue) || strchr(queue, '*') != NULL)
		return refuse(answer, ERR_INVALID, "no rule puts calls on a queue %s, and no section of the configuration names it", queue);
	call.moved = store_name_id(desk->store, queue);
	result = call.moved < 0 ? (int)call.moved : store_call_save(desk->store, &call);
	if (result == 0)
		result = store_call_touch(desk->store, call.id);
	if (result == 0)
		result = agenda_settle(desk->engine, now.day, INT32_MAX);
	if (result == 0)
		result = store_call_load(desk->store, call.id, &call);
	if (result == 0)
		result = write_down(desk, who, "moved", reason, &call, 0, now);
	if (result == 0)
		result = tell_call(desk, &call, &answer->json);
	desk->changes++;
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}

/* What PAUSE and RESUME are about. */
static int pause_subject(
	struct desk *desk, const char *kind, const char *name, enum pause_kind *out, int64_t *number, struct answer *answer)
{
	bool queue = strcasecmp(kind, "QUEUE") == 0;

	if (!queue && strcasecmp(kind, "RULE") != 0)
		return refuse(answer, ERR_INVALID, "QUEUE and the name of a queue, or RULE and the name of a rule are wanted");
	if (queue && strchr(name, '*') != NULL)
		return refuse(answer, ERR_INVALID, "one queue after the other: %s stands for several", name);
	if (queue ? !queue_is_known(desk->policy, name) : policy_rule(desk->policy, name) == NULL)
		return refuse(answer, ERR_INVALID, "there is no %s %s", queue ? "queue" : "rule", name);
	*out = queue ? PAUSE_QUEUE : PAUSE_RULE;
	*number = store_name_id(desk->store, name);
	return *number < 0 ? refuse_store(desk, answer, (int)*number) : 0;
}

int desk_pause(struct desk *desk, const struct identity *who, const char *kind_text, const char *name, const char *until,
	const char *reason, struct moment now, struct answer *answer)
{
	enum pause_kind kind;
	int64_t number, local;

	int result = check_reason(reason, answer);
	if (result == 0)
		result = pause_subject(desk, kind_text, name, &kind, &number, answer);
	if (result < 0)
		return result;
	if (zone_parse_time(until, strlen(until), &local) < 0)
		return refuse(answer, ERR_INVALID, "until when? A time like 2025-03-03T16:00 is wanted");
	int64_t end = zone_unix_of_local(local);
	if (end <= now.unix_seconds)
		return refuse(answer, ERR_INVALID, "that time has passed");
	result = store_pause_set(desk->store, kind, number, end, reason, who->name);
	if (result == 0) {
		const char *const said[] = {kind == PAUSE_QUEUE ? "queue" : "rule", name, "until", until, "reason", reason};
		result = acted(desk, RECORD_PAUSED, 0, said, 6);
	}
	if (result == 0 && kind == PAUSE_RULE)
		result = marking_begin(desk->engine, MARKING_RULE, name, now);
	if (result >= 0)
		result = store_pause_list(desk->store, &answer->json);
	desk->changes++;
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}

int desk_pauses(struct desk *desk, struct answer *answer)
{
	int result = store_pause_list(desk->store, &answer->json);

	return result < 0 ? refuse_store(desk, answer, result) : 0;
}

/* The end of a pause, by word or by time: whatever waited for it is tried again at once. */
int pause_end(struct desk *desk, enum pause_kind kind, int64_t name, struct moment now)
{
	int result = store_pause_clear(desk->store, kind, name);

	if (result > 0 && kind == PAUSE_RULE)
		result = marking_begin(desk->engine, MARKING_RULE, store_name_text(desk->store, name), now);
	desk->changes++;
	return result;
}

int desk_resume(struct desk *desk, const char *kind_text, const char *name, struct moment now, struct answer *answer)
{
	enum pause_kind kind;
	int64_t number;

	int result = pause_subject(desk, kind_text, name, &kind, &number, answer);
	if (result < 0)
		return result;
	result = pause_end(desk, kind, number, now);
	if (result >= 0) {
		const char *const said[] = {kind == PAUSE_QUEUE ? "queue" : "rule", name};
		result = acted(desk, RECORD_RESUMED, 0, said, 2);
	}
	if (result >= 0)
		result = store_pause_list(desk->store, &answer->json);
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}

static int write_down_wish(struct desk *desk, const struct identity *who, const char *channel, const char *until, const char *reason,
	int64_t client_id, struct moment now)
{
	struct buffer said = {0};

	buffer_text(&said, "{\"channel\":");
	json_text_append(&said, channel);
	buffer_text(&said, ",\"until\":");
	json_text_append(&said, strcasecmp(until, "CLEAR") == 0 ? "CLEAR" : strcasecmp(until, "none") == 0 ? "none" : until);
	buffer_text(&said, ",\"reason\":");
	json_text_append(&said, reason);
	buffer_text(&said, "}");
	int result = said.failed ? ERR_MEMORY : write_down(desk, who, "do-not-contact", said.data, NULL, client_id, now);
	buffer_free(&said);
	return result;
}

static int refuse_channel(struct desk *desk, const char *channel, struct answer *answer)
{
	char there[160] = "all";

	for (size_t i = 0, length = 3; i < desk->policy->channel_count && length < sizeof(there); i++)
		length += (size_t)snprintf(there + length, sizeof(there) - length, ", %s", desk->policy->channels[i].name);
	return refuse(answer, ERR_INVALID, "no such channel: %s; there are: %s", channel, there);
}

int desk_forbid(struct desk *desk, const struct identity *who, const char *client_ref, const char *channel, const char *until,
	const char *reason, struct moment now, struct answer *answer)
{
	int64_t id = store_client_find(desk->store, client_ref);

	if (id == ERR_NOT_FOUND)
		return refuse(answer, ERR_NOT_FOUND, "there is no client %s", client_ref);
	if (id < 0)
		return refuse_store(desk, answer, (int)id);
	if (strcmp(channel, "all") != 0 && policy_channel(desk->policy, channel) < 0)
		return refuse_channel(desk, channel, answer);
	int result = store_client_erased(desk->store, id, NULL);
	if (result > 0)
		return refuse(answer, ERR_INVALID, "client %s has been erased: nothing about him is taken in", client_ref);
	if (result < 0)
		return refuse_store(desk, answer, result);
	if (strcasecmp(until, "CLEAR") == 0) {
		result = store_forbid_clear(desk->store, id, channel);
	} else {
		bool forever = strcasecmp(until, "none") == 0;
		day_t last = forever ? NO_DAY : date_parse(until, strlen(until));
		if (!forever && last == NO_DAY)
			return refuse(answer, ERR_INVALID, "until when? A day like 2026-12-31, none, or CLEAR to lift it");
		if (!forever && last < now.day)
			return refuse(answer, ERR_INVALID, "%s has passed; CLEAR lifts what there is", until);
		result = check_reason(reason, answer);
		if (result < 0)
			return result;
		result = store_forbid_set(desk->store, id, channel, forever ? "" : until, reason, who->name, now.unix_seconds);
	}
	if (result >= 0)
		result = write_down_wish(desk, who, channel, until, reason, id, now);
	/* What waits is tried again at once: on another channel, or on this one again. */
	if (result == 0)
		result = store_due_mark(desk->store, id, now.day, false);
	if (result == 0)
		result = store_forbid_list(desk->store, id, &answer->json);
	desk->changes++;
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}

int desk_acknowledge(
	struct desk *desk, const struct identity *who, const char *task_text, const char *note, struct moment now, struct answer *answer)
{
	int64_t id;

	if (!parse_count(task_text, 1, INT64_MAX, &id))
		return refuse(answer, ERR_INVALID, "a task's number is wanted");
	int result = check_reason(note, answer);
	if (result < 0)
		return result;
	result = store_task_acknowledge(desk->store, id, now.unix_seconds, who->name, note);
	if (result == ERR_NOT_FOUND)
		return refuse(answer, result, "there is no task %lld", (long long)id);
	if (result < 0)
		return refuse_store(desk, answer, result);
	if (result == 0)
		return refuse(answer, ERR_INVALID, "task %lld has been acknowledged already", (long long)id);
	int64_t client = 0;
	result = store_task_client(desk->store, id, &client);
	if (result == 0) {
		const char *const said[] = {"task", task_text, "note", note};
		result = acted(desk, RECORD_ACKNOWLEDGED, client, said, 4);
	}
	if (result < 0)
		return refuse_store(desk, answer, result);
	buffer_printf(&answer->json, "{\"task\":%lld,\"state\":\"acknowledged\"}", (long long)id);
	return answer->json.failed ? ERR_MEMORY : 0;
}

static int let_go_ahead(struct desk *desk, struct followup *f, struct moment now)
{
	int result = 0;

	f->overridden = true;
	if (f->last_on < now.day)
		f->last_on = now.day; /* today it is useful again: somebody has just said so */
	if (f->state == FOLLOWUP_SUPPRESSED)
		result = followup_move(desk->engine, f, FOLLOWUP_SCHEDULED, 0, now.day);
	else
		result = store_followup_save(desk->store, f);
	return result;
}

int check_second(struct desk *desk, const struct identity *who, const char *second, struct answer *answer)
{
	struct agent agent;

	if (strcmp(second, who->name) == 0)
		return refuse(answer, ERR_INVALID, "the second name must be somebody else's");
	int known = store_agent_find(desk->store, second, &agent);
	if (known < 0)
		return refuse_store(desk, answer, known);
	if (known == 0 || (agent.roles & ROLE_SUPERVISOR) == 0)
		return refuse(answer, ERR_INVALID, "the second name must be a supervisor's");
	return 0;
}

int desk_override(struct desk *desk, const struct identity *who, const char *followup_text, const char *second, const char *reason,
	struct moment now, struct answer *answer)
{
	struct followup f;
	struct client client;
	int64_t id;

	if (!parse_count(followup_text, 1, INT64_MAX, &id))
		return refuse(answer, ERR_INVALID, "a follow-up's number is wanted");
	int result = check_reason(reason, answer);
	if (result == 0)
		result = check_second(desk, who, second, answer);
	if (result < 0)
		return result;
	result = store_followup_load(desk->store, id, &f);
	if (result == ERR_NOT_FOUND)
		return refuse(answer, result, "there is no follow-up %lld", (long long)id);
	if (result < 0)
		return refuse_store(desk, answer, result);
	if (f.state != FOLLOWUP_SUPPRESSED && f.state != FOLLOWUP_SCHEDULED)
		return refuse(answer, ERR_INVALID, "follow-up %lld is %s: only what is suppressed or waits can be overridden",
			(long long)id, followup_state_name(f.state));
	struct buffer detail = {0};
	buffer_text(&detail, "{\"followup\":");
	buffer_printf(&detail, "%lld,\"second\":", (long long)id);
	json_text_append(&detail, second);
	buffer_text(&detail, ",\"reason\":");
	json_text_append(&detail, reason);
	buffer_text(&detail, "}");
	result = detail.failed ? ERR_MEMORY : store_client_load(desk->store, f.client_id, &client);
	if (result == 0)
		result = write_down(desk, who, "override", detail.data, NULL, f.client_id, now);
	buffer_free(&detail);
	if (result == 0)
		result = let_go_ahead(desk, &f, now);
	if (result == 0)
		result = agenda_admit(desk->engine, client.person, now);
	if (result == 0)
		result = store_followup_load(desk->store, id, &f);
	if (result < 0)
		return refuse_store(desk, answer, result);
	buffer_printf(&answer->json, "{\"followup\":%lld,\"state\":\"%s\",\"reason\":", (long long)id, followup_state_name(f.state));
	json_text_append(&answer->json, store_name_text(desk->store, f.reason));
	if (f.call_id != 0)
		buffer_printf(&answer->json, ",\"call\":%lld", (long long)f.call_id);
	buffer_text(&answer->json, "}");
	desk->changes++;
	return answer->json.failed ? ERR_MEMORY : 0;
}
