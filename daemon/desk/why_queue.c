/* why_queue.c - WHY QUEUE: why nothing comes out of a queue, or not to this agent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/json_text.h"
#include "followup/store_followup.h"
#include "followup/store_name.h"
#include "why.h"

enum { LANE_TEXT_SIZE = 8192, LANE_LOOKS = 50, LOOKS_MAX = 200, ROWS_MAX = 20 };

/* What is known of a queue when all has been looked at. */
struct view {
	struct desk *desk;
	struct moment now;
	const char *name;
	int64_t queue;
	const struct agent *agent; /* whose eyes; NULL: anybody's */
	bool bulk;
	char paused[HOLD_TEXT_SIZE];
	bool open;
	char opens_at[32];
	int64_t ready, hidden; /* hidden: in lanes of which the agent is excluded; of which nobody may make them, without one */
	int resting, held, uncertain;
	char rests_until[32];
	int64_t waiting; /* for a contact */
	int looked_at, may_go;
	struct {
		int calls;
		char says[WHY_TEXT_SIZE]; /* of the first of them, */
		int64_t call;
		char client_ref[65]; /* which is its foremost matter's */
	} back[WHY_GATES];
	struct call next; /* the first that may go; id 0: none was found */
	int serve, may;   /* agents */
	char agent_why[WHY_TEXT_SIZE];
	const char *agent_needs; /* what would have to happen then */
	struct buffer agents, lanes, holders;
};

static int ask_agent(void *context, const struct agent *agent)
{
	struct view *view = context;
	char why[WHY_TEXT_SIZE];
	const char *needs;

	if (!agent_serves(agent, view->name) || !agent_suits(agent, view->bulk))
		return 0;
	int result = why_agent(view->desk, agent, view->name, "", view->bulk, why, &needs);
	if (result < 0)
		return result;
	view->may += why[0] == '\0';
	if (view->serve++ >= WHY_AGENTS_MAX)
		return 0;
	buffer_text(&view->agents, view->serve > 1 ? ",{\"agent\":" : "{\"agent\":");
	json_text_append(&view->agents, agent->name);
	add_text(&view->agents, "why_not", why[0] != '\0' ? why : NULL);
	buffer_text(&view->agents, "}");
	return view->agents.failed ? ERR_MEMORY : 0;
}

static void keep_first(
	struct view *view, enum why_gate gate, const struct why_gates *gates, const struct call *call, const struct followup_list *agenda)
{
	memcpy(view->back[gate].says, gates->gates[gate].says, WHY_TEXT_SIZE);
	view->back[gate].call = call->id;
	if (agenda->count > 0)
		snprintf(view->back[gate].client_ref, sizeof(view->back[gate].client_ref), "%s", agenda->items[0].client_ref);
}

/* What the same must not call, in the order in which NEXT would look at it: a walk for each kind of hours among them. */
struct walks {
	struct {
		struct call_lane lane;
		struct call_place place;
		struct call call;
	} * items;
	size_t count;
};

static int walks_open(const struct view *view, int64_t lane, struct walks *walks)
{
	struct store *store = view->desk->store;
	int64_t hours = 0;
	int result = 0;

	while (result >= 0 && (hours = store_call_next_hours(store, view->queue, hours)) > 0) {
		void *larger = realloc(walks->items, (walks->count + 1) * sizeof(walks->items[0]));
		if (larger == NULL)
			return ERR_MEMORY;
		walks->items = larger;
		walks->items[walks->count].lane = (struct call_lane){hours, lane};
		walks->items[walks->count].place = (struct call_place){0};
		result = store_call_next(store, view->queue, walks->items[walks->count].lane, &walks->items[walks->count].place,
			&walks->items[walks->count].call);
		walks->count += result > 0;
	}
	return hours < 0 ? (int)hours : result < 0 ? result : 0;
}

/* The next call of all walks: 1 or 0. */
static int walks_next(const struct view *view, struct walks *walks, struct call *out)
{
	size_t best = 0;

	if (walks->count == 0)
		return 0;
	for (size_t i = 1; i < walks->count; i++)
		if (call_compare(&walks->items[i].call, &walks->items[best].call) < 0)
			best = i;
	*out = walks->items[best].call;
	int result = store_call_next(
		view->desk->store, view->queue, walks->items[best].lane, &walks->items[best].place, &walks->items[best].call);
	if (result == 0)
		walks->items[best] = walks->items[--walks->count];
	return result < 0 ? result : 1;
}

/* Looks at the first calls of a lane as NEXT would, and takes nothing. */
static int look_down(struct view *view, int64_t lane)
{
	struct why_gates *gates = calloc(1, sizeof(*gates));
	struct followup_list agenda = {NULL, 0, 0};
	struct walks walks = {NULL, 0};
	struct call call;
	bool found = false;
	int result = gates != NULL ? walks_open(view, lane, &walks) : ERR_MEMORY;

	for (int i = 0; result >= 0 && i < LANE_LOOKS && view->looked_at < LOOKS_MAX; i++) {
		result = walks_next(view, &walks, &call);
		int loaded = result > 0 ? agenda_load(view->desk->engine, call.id, &agenda) : 0;
		if (result > 0 && loaded == 0)
			loaded = why_gates(view->desk, &call, &agenda, view->agent, view->now, gates);
		if (loaded < 0)
			result = loaded;
		if (result <= 0)
			break;
		view->looked_at++;
		enum why_gate first = why_first(gates);
		if (first < WHY_GATES) {
			if (view->back[first].calls++ == 0)
				keep_first(view, first, gates, &call, &agenda);
			continue;
		}
		view->may_go++;
		if (!found && (view->next.id == 0 || call_compare(&call, &view->next) < 0))
			view->next = call;
		found = true;
	}
	followup_list_free(&agenda);
	free(walks.items);
	free(gates);
	return result < 0 ? result : 0;
}

static int look_at_lanes(struct view *view)
{
	char text[LANE_TEXT_SIZE], words[WHY_TEXT_SIZE];
	int64_t lane = 0;
	int listed = 0, result = 0;

	while (result == 0 && view->queue > 0 && (lane = store_call_next_lane(view->desk->store, view->queue, lane)) > 0) {
		enum staffing staffing = STAFFING_SERVED;
		int64_t calls = store_call_count_lane(view->desk->store, view->queue, lane);
		result = calls < 0 ? (int)calls : store_lane_text(view->desk->store, lane, text, sizeof(text));
		if (result == 0)
			result = agenda_staffing(view->desk->engine, view->queue, lane, &staffing);
		if (result < 0)
			break;
		bool hidden = view->agent != NULL ? agent_is_excluded(view->agent, text) : staffing != STAFFING_SERVED;
		view->ready += calls;
		view->hidden += hidden ? calls : 0;
		if (hidden && listed++ < ROWS_MAX) {
			lane_in_words(text, words, sizeof(words));
			buffer_printf(&view->lanes, "%s{\"calls\":%lld", listed > 1 ? "," : "", (long long)calls);
			add_text(&view->lanes, "must_not_call", words);
			buffer_text(&view->lanes, "}");
		}
		if (!hidden)
			result = look_down(view, lane);
	}
	return lane < 0 ? (int)lane : result;
}

/* Those that rest, and those that somebody has. */
static int look_at_others(struct view *view)
{
	enum { HELD_LISTED = 20 };
	struct call calls[HELD_LISTED];
	struct agent agent;
	char time[32];

	int count = store_call_resting_on(view->desk->store, view->queue, calls, HELD_LISTED);
	if (count < 0)
		return count;
	view->resting = count;
	if (count > 0)
		local_time_text(calls[0].not_before, view->rests_until);
	count = store_call_held_on(view->desk->store, view->queue, calls, HELD_LISTED);
	for (int i = 0; i < count && i < HELD_LISTED; i++) {
		view->uncertain += calls[i].state == CALL_UNCERTAIN;
		buffer_printf(&view->holders, "%s{\"call\":%lld", i > 0 ? "," : "", (long long)calls[i].id);
		add_text(&view->holders, "agent", store_agent_load(view->desk->store, calls[i].agent_id, &agent) > 0 ? agent.name : NULL);
		add_text(&view->holders, "until", calls[i].state == CALL_LEASED ? local_time_text(calls[i].lease_until, time) : NULL);
		buffer_text(&view->holders, "}");
	}
	view->held = count;
	return count < 0 ? count : 0;
}

/* Follow-ups for want of a contact, of rules that put their calls here. */
static int look_at_waiting(struct view *view)
{
	const struct policy *policy = view->desk->policy;

	for (size_t i = 0; i < policy->rule_count; i++) {
		if (strcmp(policy->rules[i].queue, view->name) != 0)
			continue;
		int64_t rule = store_name_find(view->desk->store, policy->rules[i].name);
		int64_t count = rule > 0 ? store_followup_waiting_of_rule(view->desk->store, rule) : rule;
		if (count < 0)
			return (int)count;
		view->waiting += count;
	}
	return 0;
}

/* Plain words first: the first thing that stands in the way, as a person would ask. */
static void put_verdict(const struct view *view, char verdict[WHY_TEXT_SIZE], char needs[WHY_TEXT_SIZE])
{
	const char *who = view->agent != NULL ? view->agent->name : "";
	int worst = 0;

	needs[0] = '\0';
	for (int i = 1; i < WHY_GATES; i++)
		worst = view->back[i].calls > view->back[worst].calls ? i : worst;
	if (view->paused[0] != '\0') {
		snprintf(verdict, WHY_TEXT_SIZE, "%s is %s", view->name, view->paused);
		snprintf(needs, WHY_TEXT_SIZE, "RESUME QUEUE %s, or wait", view->name);
	} else if (view->agent_why[0] != '\0') {
		snprintf(verdict, WHY_TEXT_SIZE, "%.64s: %.400s", who, view->agent_why);
		snprintf(needs, WHY_TEXT_SIZE, "%s", view->agent_needs);
	} else if (view->ready == 0) {
		snprintf(verdict, WHY_TEXT_SIZE, "nothing waits on %s: %d rest%s%s, %d are held, %lld wait for a contact of their client",
			view->name, view->resting, view->resting > 0 ? ", the first until " : "", view->rests_until, view->held,
			(long long)view->waiting);
	} else if (view->serve == 0) {
		snprintf(verdict, WHY_TEXT_SIZE, "no %s serves %s, on which %lld wait", view->bulk ? "gateway" : "agent", view->name,
			(long long)view->ready);
		snprintf(needs, WHY_TEXT_SIZE, "AGENT.ADD somebody for it");
	} else if (view->hidden == view->ready) {
		snprintf(verdict, WHY_TEXT_SIZE, "rules say of all %lld calls that wait that %s must not make them", (long long)view->ready,
			view->agent != NULL ? who : "whoever serves the queue");
		snprintf(needs, WHY_TEXT_SIZE, view->agent != NULL ? "somebody else says NEXT" : "AGENT.ADD somebody who may");
	} else if (!view->open && view->may_go == 0) {
		snprintf(verdict, WHY_TEXT_SIZE, "%s is closed%s%s; %lld wait", view->name, view->opens_at[0] != '\0' ? " until " : "",
			view->opens_at, (long long)view->ready);
		snprintf(needs, WHY_TEXT_SIZE, "wait until the desk opens; TAKE a call whose client rings in");
	} else if (view->may_go == 0) {
		snprintf(verdict, WHY_TEXT_SIZE, "none of the %d calls looked at may go out now; of %d: %s", view->looked_at,
			view->back[worst].calls, view->back[worst].says);
		snprintf(needs, WHY_TEXT_SIZE, "WHY CALL tells it for each");
	} else if (view->agent == NULL && view->may == 0) {
		snprintf(verdict, WHY_TEXT_SIZE, "call %lld would go out, but all %d who serve %s are busy or on a break",
			(long long)view->next.id, view->serve, view->name);
		snprintf(needs, WHY_TEXT_SIZE, "somebody says DONE, RELEASE or READY");
	} else {
		snprintf(verdict, WHY_TEXT_SIZE, "%lld wait, and NEXT QUEUE %s gives call %lld%s%s", (long long)view->ready, view->name,
			(long long)view->next.id, view->agent != NULL ? " to " : "", who);
	}
}

static int describe(struct view *view, struct buffer *out)
{
	char verdict[WHY_TEXT_SIZE], needs[WHY_TEXT_SIZE];
	bool any = false;

	put_verdict(view, verdict, needs);
	buffer_text(out, "{\"verdict\":");
	json_text_append(out, verdict);
	add_text(out, "needs", needs[0] != '\0' ? needs : NULL);
	add_text(out, "queue", view->name);
	if (view->agent != NULL) {
		add_text(out, "agent", view->agent->name);
		add_text(out, "why_not", view->agent_why[0] != '\0' ? view->agent_why : NULL);
	}
	buffer_printf(out, ",\"open\":%s", view->open ? "true" : "false");
	add_text(out, "opens_at", view->opens_at[0] != '\0' ? view->opens_at : NULL);
	add_text(out, "paused", view->paused[0] != '\0' ? view->paused : NULL);
	buffer_printf(out, ",\"ready\":%lld,\"hidden\":%lld,\"resting\":%d,\"rests_until\":", (long long)view->ready,
		(long long)view->hidden, view->resting);
	json_text_append(out, view->rests_until[0] != '\0' ? view->rests_until : NULL);
	buffer_printf(out, ",\"held\":%d,\"waiting_for_contact\":%lld,\"looked_at\":%d,\"may_go\":%d,\"next_call\":", view->held,
		(long long)view->waiting, view->looked_at, view->may_go);
	buffer_printf(out, view->next.id != 0 ? "%lld" : "null", (long long)view->next.id);
	buffer_text(out, ",\"held_back\":[");
	for (int i = 0; i < WHY_GATES; i++) {
		if (view->back[i].calls == 0)
			continue;
		buffer_printf(out, "%s{\"gate\":\"%s\",\"calls\":%d", any ? "," : "", why_gate_name((enum why_gate)i), view->back[i].calls);
		add_text(out, "says", view->back[i].says);
		buffer_printf(out, ",\"call\":%lld", (long long)view->back[i].call);
		add_text(out, "client_ref", view->back[i].client_ref[0] != '\0' ? view->back[i].client_ref : NULL);
		buffer_text(out, "}");
		any = true;
	}
	buffer_printf(out, "],\"excluded\":[%s],\"agents\":[%s],\"holders\":[%s]}", view->lanes.data != NULL ? view->lanes.data : "",
		view->agents.data != NULL ? view->agents.data : "", view->holders.data != NULL ? view->holders.data : "");
	return out->failed || view->lanes.failed || view->agents.failed || view->holders.failed ? ERR_MEMORY : 0;
}

static int look(struct view *view)
{
	struct desk *desk = view->desk;
	int64_t number = store_name_find(desk->store, view->name);
	int64_t opens;

	if (number < 0)
		return (int)number;
	view->queue = number;
	view->open = queue_is_open(desk, view->name, view->now);
	if (!view->open && (opens = queue_opens_at(desk, view->name, view->now)) != INT64_MAX)
		local_time_text(opens, view->opens_at);
	int result = store_pause_text(desk->store, PAUSE_QUEUE, view->queue, view->now.unix_seconds, view->paused);
	if (result >= 0 && view->agent != NULL)
		result = why_agent(desk, view->agent, view->name, "", view->bulk, view->agent_why, &view->agent_needs);
	if (result >= 0)
		result = look_at_lanes(view);
	if (result >= 0)
		result = look_at_others(view);
	if (result >= 0)
		result = look_at_waiting(view);
	return result < 0 ? result : store_agent_each(desk->store, ask_agent, view);
}

int why_queue(struct desk *desk, const char *queue, const char *agent_name, struct moment now, struct answer *answer)
{
	struct agent agent;

	if (!queue_is_known(desk->policy, queue) || strchr(queue, '*') != NULL)
		return refuse(
			answer, ERR_NOT_FOUND, "no rule puts calls on a queue %.100s, and no section of the configuration names it", queue);
	if (agent_name != NULL) {
		int found = store_agent_find(desk->store, agent_name, &agent);
		if (found <= 0)
			return found < 0 ? found : refuse(answer, ERR_NOT_FOUND, "there is no agent %.64s", agent_name);
	}
	struct view *view = calloc(1, sizeof(*view));
	if (view == NULL)
		return ERR_MEMORY;
	view->desk = desk;
	view->now = now;
	view->name = queue;
	view->agent = agent_name != NULL ? &agent : NULL;
	int channel = policy_channel(desk->policy, queue);
	view->bulk = channel >= 0 && desk->policy->channels[channel].kind == CHANNEL_BULK;
	int result = look(view);
	if (result == 0)
		result = describe(view, &answer->json);
	buffer_free(&view->agents);
	buffer_free(&view->lanes);
	buffer_free(&view->holders);
	free(view);
	return result;
}
