/* why_call.c - WHY CALL: how it is with one call, what would have to happen, and who could make it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/json_text.h"
#include "followup/store_name.h"
#include "why.h"

enum { LANE_TEXT_SIZE = 8192 };

struct asked {
	struct desk *desk;
	const struct call *call;
	const struct followup_list *agenda;
	struct moment now;
	const char *queue, *lane;
	struct buffer rows;
	int serve, may, listed; /* how many serve the queue, how many may make it now */
	char first[AGENT_TEXT_SIZE];
};

static int ask_agent(void *context, const struct agent *agent)
{
	struct asked *asked = context;
	struct why_gates gates;
	char why[WHY_TEXT_SIZE];
	const char *needs;

	if (!agent_serves(agent, asked->queue) || !agent_suits(agent, asked->call->bulk))
		return 0;
	int result = why_agent(asked->desk, agent, asked->queue, asked->lane, asked->call->bulk, why, &needs);
	if (result == 0 && why[0] == '\0' && asked->call->owner_id != 0) {
		result = why_gates(asked->desk, asked->call, asked->agenda, agent, asked->now, &gates);
		if (result == 0 && gates.gates[WHY_APPOINTMENT].holds_back)
			snprintf(why, sizeof(why), "%s", gates.gates[WHY_APPOINTMENT].says);
	}
	if (result < 0)
		return result;
	asked->serve++;
	if (why[0] == '\0' && asked->may++ == 0)
		memcpy(asked->first, agent->name, sizeof(asked->first));
	if (asked->listed == WHY_AGENTS_MAX)
		return 0;
	buffer_text(&asked->rows, asked->listed++ > 0 ? ",{\"agent\":" : "{\"agent\":");
	json_text_append(&asked->rows, agent->name);
	add_text(&asked->rows, "why_not", why[0] != '\0' ? why : NULL);
	buffer_text(&asked->rows, "}");
	return asked->rows.failed ? ERR_MEMORY : 0;
}

static void add_gates(const struct why_gates *gates, struct buffer *out)
{
	bool any = false;

	buffer_text(out, ",\"gates\":[");
	for (int i = 0; i < WHY_GATES; i++) {
		if (gates->gates[i].says[0] == '\0')
			continue;
		buffer_printf(out, "%s{\"gate\":\"%s\",\"open\":%s", any ? "," : "", why_gate_name((enum why_gate)i),
			gates->gates[i].holds_back ? "false" : "true");
		add_text(out, "says", gates->gates[i].says);
		buffer_text(out, "}");
		any = true;
	}
	buffer_text(out, "]");
}

static void look_at_agents(const struct asked *asked, const char *recused, struct why_gates *g)
{
	char *says = g->gates[WHY_AGENTS].says, *needs = g->gates[WHY_AGENTS].needs;

	if (asked->may > 0) {
		snprintf(says, WHY_TEXT_SIZE, "%d of the %d who serve %s may take it now", asked->may, asked->serve, asked->queue);
		return;
	}
	g->gates[WHY_AGENTS].holds_back = true;
	if (asked->serve == 0)
		snprintf(says, WHY_TEXT_SIZE, "no %s serves %s", asked->call->bulk ? "gateway" : "agent", asked->queue);
	else
		snprintf(says, WHY_TEXT_SIZE, "none of the %d who serve %s may take it now", asked->serve, asked->queue);
	snprintf(needs, WHY_TEXT_SIZE, "AGENT.ADD%s%s%s",
		recused[0] != '\0' ? " somebody who is none of these: " : " somebody for the queue", recused,
		asked->call->bulk ? "" : "; or MOVE it to another queue, or wait for READY or DONE");
}

/* Verdict first: the first gate that holds it back, or who could take it. */
static void add_verdict(const struct asked *asked, const struct why_gates *g, int64_t ahead, struct buffer *out)
{
	char text[WHY_TEXT_SIZE + 64];
	enum why_gate first = why_first(g);

	if (first < WHY_GATES)
		snprintf(text, sizeof(text), "%s%s", asked->call->state == CALL_LEASED ? "" : "held back: ", g->gates[first].says);
	else if (ahead > 0)
		snprintf(text, sizeof(text), "may go out now, to %s%s; %lld call%s of its queue go%s before it", asked->first,
			asked->may > 1 ? " and others" : "", (long long)ahead, ahead == 1 ? "" : "s", ahead == 1 ? "es" : "");
	else
		snprintf(text, sizeof(text), "may go out now, and is the first of its queue: NEXT gives it to %s%s", asked->first,
			asked->may > 1 ? " or others" : "");
	buffer_text(out, "{\"verdict\":");
	json_text_append(out, text);
	add_text(out, "needs", first < WHY_GATES ? g->gates[first].needs : NULL);
}

static int add_place(struct desk *desk, const struct call *call, int64_t ahead, struct buffer *out)
{
	char time[32], day[DATE_TEXT_SIZE];

	buffer_printf(out, ",\"call\":%lld", (long long)call->id);
	add_text(out, "queue", store_name_text(desk->store, call->queue));
	add_text(out, "channel", store_name_text(desk->store, call->channel));
	buffer_printf(out, ",\"state\":\"%s\",\"priority\":%d,\"due_on\":\"%s\",\"place\":", call_state_name(call->state), call->priority,
		date_format(call->due_on, day));
	if (call->state == CALL_READY)
		buffer_printf(out, "%lld", (long long)ahead + 1);
	else
		buffer_text(out, "null");
	buffer_printf(out, ",\"on_queue_since\":\"%s\"", local_time_text(call->queued_at, time));
	add_text(out, "moved_by_hand", call->moved != 0 ? "yes" : NULL);
	add_text(out, "widens_at", call->widen_at != 0 ? local_time_text(call->widen_at, time) : NULL);
	if (call->widen_at == 0)
		return 0;
	char to[160];
	int result = agenda_wider_queue(desk->engine, call, to, sizeof(to));
	if (result == 0)
		add_text(out, "widens_to", to);
	return result;
}

static int add_agenda(struct desk *desk, const struct followup_list *agenda, struct buffer *out)
{
	char opens[DATE_TEXT_SIZE], due[DATE_TEXT_SIZE], last[DATE_TEXT_SIZE];

	buffer_text(out, ",\"agenda\":[");
	for (int i = 0; i < agenda->count; i++) {
		const struct followup *f = &agenda->items[i];
		buffer_printf(out, "%s{\"item\":%lld", i > 0 ? "," : "", (long long)f->id);
		add_text(out, "rule", store_name_text(desk->store, f->rule));
		add_text(out, "client_ref", f->client_ref);
		add_text(out, "occasion", f->occasion);
		buffer_printf(out, ",\"opens_on\":\"%s\",\"due_on\":\"%s\",\"last_useful_on\":\"%s\",\"tries\":%d}",
			date_format(f->opens_on, opens), date_format(f->due_on, due), date_format(f->last_on, last), f->tries);
	}
	buffer_text(out, "]");
	return out->failed ? ERR_MEMORY : 0;
}

static int explain(struct desk *desk, const struct call *call, const struct followup_list *agenda, struct moment now, struct buffer *out)
{
	char lane[LANE_TEXT_SIZE], recused[WHY_TEXT_SIZE / 2], queue[160];
	struct why_gates *gates = calloc(1, sizeof(*gates));
	struct asked asked = {.desk = desk, .call = call, .agenda = agenda, .now = now, .queue = queue, .lane = lane};
	int64_t ahead = call->state == CALL_READY ? store_call_ahead(desk->store, call) : 0;

	snprintf(queue, sizeof(queue), "%s", store_name_text(desk->store, call->queue));
	int result = gates == NULL ? ERR_MEMORY : ahead < 0 ? (int)ahead : store_lane_text(desk->store, call->lane, lane, sizeof(lane));
	if (result == 0)
		result = why_gates(desk, call, agenda, NULL, now, gates);
	if (result == 0)
		result = store_agent_each(desk->store, ask_agent, &asked);
	if (result == 0) {
		lane_in_words(lane, recused, sizeof(recused));
		look_at_agents(&asked, recused, gates);
		add_verdict(&asked, gates, ahead, out);
		result = add_place(desk, call, ahead, out);
	}
	if (result == 0) {
		add_text(out, "must_not_call", recused[0] != '\0' ? recused : NULL);
		add_gates(gates, out);
		buffer_printf(out, ",\"agents\":[%s]", asked.rows.data != NULL ? asked.rows.data : "");
		result = add_agenda(desk, agenda, out);
		buffer_text(out, "}");
	}
	buffer_free(&asked.rows);
	free(gates);
	return result;
}

int why_call(struct desk *desk, const char *number, struct moment now, struct answer *answer)
{
	struct followup_list agenda = {NULL, 0, 0};
	struct call call;
	char *end;
	long long id = strtoll(number, &end, 10);

	if (end == number || (*end != '\0' && *end != '.') || id <= 0)
		return refuse(answer, ERR_INVALID, "WHY CALL needs a call's number");
	int result = store_call_load(desk->store, id, &call);
	if (result == ERR_NOT_FOUND)
		return refuse(answer, result, "there is no call %lld; it may have ended (LIST attempts)", id);
	if (result == 0)
		result = agenda_load(desk->engine, id, &agenda);
	if (result == 0)
		result = explain(desk, &call, &agenda, now, &answer->json);
	followup_list_free(&agenda);
	return result;
}
