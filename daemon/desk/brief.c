/* brief.c - what a console has to know besides the call itself. DESK: the words and hours of this desk (its outcomes are DISPOSITIONS), and the asker's own day. BRIEF: what was, and when the client can
 * be rung, for who holds a call. Both only read; a BRIEF is a look at the clients of that person, and is written down. */
#include <stdio.h>
#include <string.h>

#include "followup/json_text.h"
#include "followup/store_agent.h"
#include "followup/store_brief.h"
#include "followup/store_client.h"
#include "followup/store_hold.h"
#include "followup/store_name.h"
#include "internal.h"

enum { HISTORY_SHOWN = 30, PROMISES_SHOWN = 20, APPOINTMENT_DAYS = 31, CLIENTS_WITH_HOURS_MAX = 64, MINUTES_OF_DAY = 24 * 60 };

/* --- DESK ------------------------------------------------------------------------------------------ */

static void add_texts(struct buffer *out, const struct text_list *list)
{
	buffer_text(out, "[");
	for (size_t i = 0; i < list->count; i++) {
		buffer_text(out, i > 0 ? "," : "");
		json_text_append(out, list->items[i]);
	}
	buffer_text(out, "]");
}

/* The rules that are on. */
static void add_rules(const struct policy *policy, struct buffer *out)
{
	bool any = false;

	buffer_text(out, ",\"rules\":[");
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].on) {
			buffer_text(out, any ? "," : "");
			json_text_append(out, policy->rules[i].name);
			any = true;
		}
	buffer_text(out, "]");
}

/* A queue that the agent serves, or all those of a pattern: its hours; and what holds it back, which only a queue can be. */
static int add_queue(struct desk *desk, const char *queue, struct moment now, bool first, struct buffer *out)
{
	char time[32], paused[HOLD_TEXT_SIZE] = "";
	bool open = queue_is_open(desk, queue, now);
	int64_t opens = open ? INT64_MAX : queue_opens_at(desk, queue, now), name = store_name_find(desk->store, queue);

	if (name < 0)
		return (int)name;
	if (name > 0) {
		int result = store_pause_text(desk->store, PAUSE_QUEUE, name, now.unix_seconds, paused);
		if (result < 0)
			return result;
	}
	buffer_text(out, first ? "{\"queue\":" : ",{\"queue\":");
	json_text_append(out, queue);
	buffer_printf(out, ",\"open\":%s,\"opens_at\":", open ? "true" : "false");
	json_text_append(out, opens != INT64_MAX ? local_time_text(opens, time) : NULL);
	buffer_text(out, ",\"paused\":");
	json_text_append(out, paused[0] != '\0' ? paused : NULL);
	buffer_printf(out, ",\"lease_seconds\":%d}", policy_queue(desk->policy, queue)->lease_seconds);
	return 0;
}

static int add_queues(struct desk *desk, const struct agent *agent, struct moment now, struct buffer *out)
{
	char queues[AGENT_QUEUES_SIZE], *rest = queues, *queue;
	int result = 0;
	bool first = true;

	memcpy(queues, agent->queues, sizeof(queues));
	buffer_text(out, ",\"queues\":[");
	while (result == 0 && (queue = strsep(&rest, "\n")) != NULL)
		if (queue[0] != '\0') {
			result = add_queue(desk, queue, now, first, out);
			first = false;
		}
	buffer_text(out, "]");
	return result;
}

static int add_day(struct desk *desk, const struct agent *agent, struct moment now, struct buffer *out)
{
	int64_t morning = zone_unix(now.day, 0);
	int released = store_brief_released(desk->store, agent->name, morning);

	if (released < 0)
		return released;
	buffer_printf(out, ",\"released\":%d,\"told\":", released);
	int result = store_brief_told(desk->store, agent->name, morning, out);
	buffer_text(out, ",\"appointments\":");
	return result == 0 ? store_brief_appointments(desk->store, agent->id, out) : result;
}

int desk_desk(struct desk *desk, const struct identity *who, struct moment now, struct answer *answer)
{
	const struct policy *policy = desk->policy;
	struct buffer *out = &answer->json;
	struct agent agent;
	char time[32];

	int known = who->agent_id != 0 ? store_agent_load(desk->store, who->agent_id, &agent) : 0, result = known < 0 ? known : 0;
	buffer_printf(out, "{\"now\":\"%s\",\"time_zone\":", local_time_text(now.unix_seconds, time));
	json_text_append(out, policy->time_zone);
	buffer_text(out, ",\"agent\":");
	json_text_append(out, who->name);
	if (known > 0 && (agent.roles & ROLE_AGENT) != 0) {
		result = add_presence(desk, &agent, out);
		if (result == 0)
			result = add_queues(desk, &agent, now, out);
		if (result == 0)
			result = add_day(desk, &agent, now, out);
	}
	buffer_text(out, ",\"break_codes\":");
	add_texts(out, &policy->break_codes);
	add_rules(policy, out);
	if (policy->cap == NO_LIMIT)
		buffer_text(out, ",\"cap\":null}");
	else
		buffer_printf(out, ",\"cap\":%d}", policy->cap);
	if (result == 0 && out->failed)
		result = ERR_MEMORY;
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}

/* --- BRIEF ------------------------------------------------------------------------------------------ */

/* The minutes of a day on which the desk and all of these clients are open. */
struct minutes {
	bool open[MINUTES_OF_DAY];
};

static void narrow(struct minutes *minutes, const struct hours_day *day)
{
	int from = 0;

	for (size_t i = 0; day != NULL && i < day->count; i++) {
		for (; from < day->spans[i].from; from++)
			minutes->open[from] = false;
		from = day->spans[i].to;
	}
	for (; from < MINUTES_OF_DAY; from++)
		minutes->open[from] = false;
}

static void add_spans(const struct minutes *minutes, day_t day, int first, bool *any, struct buffer *out)
{
	char from_text[32], to_text[32];

	for (int from = first; from < MINUTES_OF_DAY; from++) {
		if (!minutes->open[from])
			continue;
		int to = from;
		while (to < MINUTES_OF_DAY && minutes->open[to])
			to++;
		buffer_printf(out, "%s{\"from\":\"%s\",\"to\":\"%s\"}", *any ? "," : "",
			local_time_text(zone_unix(day, from * 60), from_text), local_time_text(zone_unix(day, to * 60), to_text));
		*any = true;
		from = to;
	}
}

/* Whether the person has a contact left by that day, as DONE not-convenient will ask: 1 or 0. */
static int contact_is_left(struct desk *desk, const struct call *call, day_t day)
{
	const struct policy *policy = desk->policy;

	if (call->class != CALL_COUNTED || policy->cap == NO_LIMIT)
		return 1;
	int contacts = store_contact_of_person(desk->store, call->person, cap_window_start(policy->cap_window, day), day);
	return contacts < 0 ? contacts : contacts + 1 <= policy->cap;
}

/* Hours of the clients of the agenda that keep any; the count. */
static int client_hours(struct desk *desk, const struct followup_list *agenda, struct hours *out, int capacity)
{
	int count = 0;

	for (int i = 0; i < agenda->count && count < capacity; i++) {
		struct client client;
		int result = store_client_load(desk->store, agenda->items[i].client_id, &client);
		if (result < 0)
			return result;
		if (client.hours[0] != '\0' && hours_parse(client.hours, &out[count]))
			count++;
	}
	return count;
}

/* When the client can be rung: the times that DONE not-convenient takes for at (effect.c asks the same minute by minute). */
static int add_appointments(
	struct desk *desk, const struct call *call, const struct followup_list *agenda, struct moment now, struct buffer *out)
{
	const char *queue = store_name_text(desk->store, call->queue);
	const struct rule *rule = agenda->count > 0 ? agenda_rule(desk->engine, &agenda->items[0]) : NULL;
	bool by_rule = rule != NULL && rule->has_hours, any = false;
	const struct queue_settings *settings = policy_queue(desk->policy, queue);
	const struct hours *hours = by_rule ? &rule->hours : &settings->hours;
	struct hours clients[CLIENTS_WITH_HOURS_MAX];
	day_t last = now.day + APPOINTMENT_DAYS - 1;
	char text[DATE_TEXT_SIZE];

	int count = client_hours(desk, agenda, clients, CLIENTS_WITH_HOURS_MAX), left = 1;
	for (int i = 0; i < agenda->count; i++)
		if (agenda->items[i].last_on < last)
			last = agenda->items[i].last_on;
	buffer_printf(out, ",\"appointments_until\":\"%s\",\"appointments\":[", date_format(last, text));
	for (day_t day = now.day; count >= 0 && left >= 0 && day <= last; day++) {
		struct minutes minutes;
		left = contact_is_left(desk, call, day);
		if (left <= 0)
			continue;
		memset(minutes.open, 1, sizeof(minutes.open));
		if (by_rule || !settings->always_open)
			narrow(&minutes, hours_on(hours, day, desk->policy->calendar));
		for (int i = 0; i < count; i++)
			narrow(&minutes, hours_on(&clients[i], day, desk->policy->calendar));
		add_spans(&minutes, day, day == now.day ? now.second / 60 + 1 : 0, &any, out);
	}
	buffer_text(out, "]");
	return count < 0 ? count : left < 0 ? left : 0;
}

static int add_contacts(struct desk *desk, const struct call *call, struct moment now, struct buffer *out)
{
	const struct policy *policy = desk->policy;
	day_t since = cap_window_start(policy->cap_window, now.day);
	char text[DATE_TEXT_SIZE];

	int contacts = store_contact_of_person(desk->store, call->person, since, now.day);
	if (contacts < 0)
		return contacts;
	buffer_printf(out, ",\"contacts\":%d,\"counted_since\":\"%s\",\"cap\":", contacts, date_format(since, text));
	if (policy->cap == NO_LIMIT)
		buffer_text(out, "null");
	else
		buffer_printf(out, "%d", policy->cap);
	return 0;
}

int desk_brief(struct desk *desk, const struct identity *who, const char *lease, struct moment now, struct answer *answer)
{
	struct followup_list agenda = {NULL, 0, 0};
	struct buffer *out = &answer->json;
	struct call call;

	int result = held_call(desk, who, lease, &call, answer);
	if (result < 0)
		return result;
	buffer_printf(out, "{\"call\":%lld", (long long)call.id);
	result = add_contacts(desk, &call, now, out);
	if (result == 0)
		result = agenda_load(desk->engine, call.id, &agenda);
	if (result == 0)
		result = add_appointments(desk, &call, &agenda, now, out);
	followup_list_free(&agenda);
	buffer_text(out, ",\"clients\":");
	if (result == 0)
		result = store_brief_clients(desk->store, call.person, out);
	buffer_text(out, ",\"history\":");
	if (result == 0)
		result = store_brief_history(desk->store, call.person, HISTORY_SHOWN, out);
	buffer_text(out, ",\"promises\":");
	if (result == 0)
		result = store_brief_promises(desk->store, call.person, PROMISES_SHOWN, out);
	buffer_text(out, "}");
	if (result == 0)
		result = looked(desk, (const char *const[]){"BRIEF", lease}, 2, answer, 0);
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}
