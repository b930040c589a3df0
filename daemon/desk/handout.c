/* handout.c - NEXT: the best call that this agent may serve, with every gate looked at again in the same transaction (POLICY 5, 6). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/opening.h"
#include "followup/own_hours.h"
#include "followup/store_hold.h"
#include "followup/store_name.h"
#include "followup/store_record.h"
#include "followup/store_view.h"
#include "internal.h"

/* The next call of a queue that could be handed out, or of one of its lanes. */
struct head {
	int64_t queue;
	bool is_open;          /* the queue is */
	struct call_lane lane; /* ALL_LANES: calls that he may not make now are among them */
	int barred;            /* how many of those it has met */
	struct call_place place;
	struct call call;
	bool passed;        /* that call has been looked at */
	bool is_place_only; /* of the call only its place in the order is known yet */
};

struct search {
	struct desk *desk;
	struct agent *agent;
	struct moment now;
	struct head *heads;
	size_t count, capacity;
	bool any_open;    /* some queue he asked for is open */
	int64_t opens_at; /* else: when the first of them opens */
	int64_t paused;   /* one of the queues that a supervisor holds back; 0: none */
	bool own_hours;   /* some rule has hours of its own */
	size_t opened;    /* heads so far, those of each look counted */
	size_t barred;    /* lanes that were left out */
	bool anew;        /* of all queues those are asked for that have calls at this moment */
	bool remembered;  /* else: what is remembered of them was enough, and some may be empty */
};

/* 1: he must not make the calls of that lane. */
static int is_recused(struct search *search, int64_t lane)
{
	enum { LANE_TEXT_SIZE = 8192 };
	char text[LANE_TEXT_SIZE];

	if (lane == 1)
		return 0;
	int result = store_lane_text(search->desk->store, lane, text, sizeof(text));
	return result < 0 ? result : agent_is_excluded(search->agent, text);
}

/* 1: what calls have in common with their hours is closed. The gate asks again (call_is_open). */
static int is_shut(struct search *search, bool queue_open, int64_t hours)
{
	char text[OWN_HOURS_SIZE];

	if (hours == NO_OWN_HOURS)
		return !queue_open;
	int result = store_own_hours_text(search->desk->store, hours, text, sizeof(text));
	return result < 0 ? result : !own_hours_are_open(search->desk->policy, text, queue_open, search->now);
}

/* Room for one more: the place of the new head, or an error. */
static int add_head(struct search *search, int64_t queue, bool is_open, struct call_lane lane)
{
	if (search->count == search->capacity) {
		size_t capacity = search->capacity * 2 + 16;
		struct head *larger = realloc(search->heads, capacity * sizeof(*larger));
		if (larger == NULL)
			return ERR_MEMORY;
		search->heads = larger;
		search->capacity = capacity;
	}
	search->heads[search->count] = (struct head){.queue = queue, .is_open = is_open, .lane = lane};
	search->opened++;
	return (int)search->count++;
}

static void drop_head(struct search *search, size_t place)
{
	search->heads[place] = search->heads[--search->count];
}

/* The hours that were asked about last: lanes come hours by hours. */
struct hours_seen {
	int64_t hours;
	int shut;
};

/* 1: a lane that he may not serve, or nobody now. */
static int is_barred(struct search *search, bool is_open, struct call_lane lane, struct hours_seen *seen)
{
	if (lane.hours != seen->hours)
		*seen = (struct hours_seen){lane.hours, is_shut(search, is_open, lane.hours)};
	int barred = seen->shut != 0 ? seen->shut : is_recused(search, lane.lane);

	search->barred += barred > 0;
	return barred;
}

static int add_lane(struct search *search, int64_t queue, bool is_open, struct call_lane lane, const struct call_place *place)
{
	int head = add_head(search, queue, is_open, lane);

	if (head < 0)
		return head;
	search->heads[head].place = *place;
	search->heads[head].call =
		(struct call){.id = place->id, .due_now = place->due_now, .priority = place->priority, .due_on = place->due_on};
	search->heads[head].is_place_only = true;
	return 0;
}

static int walk_lanes(struct search *search, int64_t queue, bool is_open)
{
	struct call_place place;
	struct call_lane lane = ALL_LANES;
	struct hours_seen seen = {0};
	int result;

	while ((result = store_call_next_head(search->desk->store, queue, &lane, &place)) > 0) {
		result = is_barred(search, is_open, lane, &seen);
		if (result == 0)
			result = add_lane(search, queue, is_open, lane, &place);
		if (result < 0)
			return result;
		if (seen.shut > 0)
			lane.lane = LAST_LANE;
	}
	return result;
}

/* One head a lane in the place of the queue's. */
static int open_lanes(struct search *search, int64_t queue, bool is_open)
{
	struct store *store = search->desk->store;
	struct call_lane lanes[STORE_LANES_KEPT];
	struct hours_seen seen = {0};
	int count = store_call_lanes(store, queue, lanes, STORE_LANES_KEPT), result = 0;

	if (count == ERR_NOT_FOUND)
		return walk_lanes(search, queue, is_open);
	for (int i = 0; result >= 0 && i < count; i++) {
		struct call_place place;
		result = is_barred(search, is_open, lanes[i], &seen);
		if (result != 0)
			continue;
		result = store_call_lane_head(store, queue, lanes[i], &place);
		if (result > 0)
			result = add_lane(search, queue, is_open, lanes[i], &place);
		else if (result == 0)
			store_call_lane_is_empty(store, queue, lanes[i]);
	}
	return count < 0 ? count : result < 0 ? result : 0;
}

static struct lanes_first *lanes_first(const struct search *search, int64_t queue)
{
	enum { PLACES = sizeof(search->desk->lanes_first) / sizeof(search->desk->lanes_first[0]) };

	return &search->desk->lanes_first[(uint64_t)(search->agent->id * 31 + queue) % PLACES];
}

/* Lane by lane; where that leaves few of them out of many he begins with it the next time. */
static int open_his_lanes(struct search *search, int64_t queue, bool is_open)
{
	size_t before = search->count, barred = search->barred;
	int result = open_lanes(search, queue, is_open);
	bool few = search->barred > barred && search->count - before <= (size_t)search->desk->patience;

	*lanes_first(search, queue) = few ? (struct lanes_first){search->agent->id, queue} : (struct lanes_first){0, 0};
	return result;
}

/* Moves a head to its next call that he may make; it is dropped at the end, or where lanes do better. */
static int advance(struct search *search, size_t place)
{
	for (;;) {
		struct head *head = &search->heads[place];
		int64_t queue = head->queue;
		bool is_open = head->is_open;
		int result = store_call_next(search->desk->store, queue, head->lane, &head->place, &head->call);
		if (result < 0)
			return result;
		if (result == 0) {
			drop_head(search, place);
			return 0;
		}
		if (head->lane.lane != 0) /* all of them alike */
			return 0;
		int barred = is_shut(search, is_open, head->call.hours);
		if (barred == 0)
			barred = is_recused(search, head->call.lane);
		if (barred <= 0)
			return barred;
		if (++head->barred > search->desk->patience) {
			drop_head(search, place);
			return open_his_lanes(search, queue, is_open);
		}
	}
}

/* Those whose call has been looked at move on; most searches end with their first call, and need no second. */
static int step_over(struct search *search)
{
	int result = 0;

	for (size_t i = search->count; result >= 0 && i-- > 0;)
		if (search->heads[i].passed) {
			search->heads[i].passed = false;
			result = advance(search, i);
		}
	return result;
}

static int add_queue(struct search *search, int64_t queue, const char *name)
{
	struct desk *desk = search->desk;

	int64_t until;
	int paused = store_pause_holds(desk->store, PAUSE_QUEUE, queue, search->now.unix_seconds, &until);
	if (paused < 0)
		return paused;
	if (paused > 0) {
		if (until < search->opens_at)
			search->opens_at = until;
		search->paused = queue;
		return 0;
	}
	bool is_open = queue_is_open(desk, name, search->now);
	if (is_open) {
		search->any_open = true;
	} else {
		int64_t opens = queue_opens_at(desk, name, search->now);
		if (opens < search->opens_at)
			search->opens_at = opens;
		if (!search->own_hours)
			return 0;
	}
	/* Messages are on queues of their own. */
	if (queue == 0 || !agent_suits(search->agent, opening_is_bulk(desk->policy, name)))
		return 0;
	const struct lanes_first *first = lanes_first(search, queue);
	if (first->queue == queue && first->agent_id == search->agent->id)
		return open_his_lanes(search, queue, is_open);
	int place = add_head(search, queue, is_open, ALL_LANES);
	return place < 0 ? place : advance(search, (size_t)place);
}

static int add_fitting(struct search *search, const char *pattern, int64_t queue)
{
	char name[160] = "";

	/* A copy: names that are asked for meanwhile may take its place. */
	strncat(name, store_name_text(search->desk->store, queue), sizeof(name) - 1);
	return queue_fits(pattern, name) ? add_queue(search, queue, name) : 0;
}

/* A pattern is asked against the queues that have calls; a plain name directly. */
static int add_pattern(struct search *search, const char *pattern)
{
	struct store *store = search->desk->store;
	size_t length = strlen(pattern);

	if (length == 0 || pattern[length - 1] != '*') {
		int64_t queue = store_name_find(store, pattern);
		return queue < 0 ? (int)queue : add_queue(search, queue, pattern);
	}
	int64_t queues[STORE_QUEUES_KEPT], queue = 0;
	int result = add_queue(search, 0, pattern); /* its hours, even when nothing waits there */
	int count = result == 0 ? store_call_queues(store, search->anew, queues, STORE_QUEUES_KEPT) : 0;
	search->remembered = search->remembered || (count >= 0 && !search->anew);
	for (int i = 0; result == 0 && i < count; i++)
		result = add_fitting(search, pattern, queues[i]);
	while (count == ERR_NOT_FOUND && result == 0 && (queue = store_call_next_queue(store, queue)) > 0)
		result = add_fitting(search, pattern, queue);
	if (count < 0 && count != ERR_NOT_FOUND)
		return count;
	return queue < 0 ? (int)queue : result;
}

static int open_search(struct search *search, const struct next_request *request, struct answer *answer)
{
	char pattern[160];
	int result = 0;

	for (size_t i = 0; i < search->desk->policy->rule_count; i++)
		search->own_hours = search->own_hours || search->desk->policy->rules[i].has_hours;
	for (size_t i = 0; result == 0 && i < request->queue_count; i++) {
		if (!agent_serves(search->agent, request->queues[i]))
			return refuse(answer, ERR_NOT_FOUND, "%s does not serve queue %s", search->agent->name, request->queues[i]);
		result = add_pattern(search, request->queues[i]);
	}
	for (const char *at = search->agent->queues; result == 0 && request->queue_count == 0 && *at != '\0';) {
		size_t length = strcspn(at, "\n");
		if (length < sizeof(pattern)) {
			memcpy(pattern, at, length);
			pattern[length] = '\0';
			result = add_pattern(search, pattern);
		}
		at += length + (at[length] == '\n');
	}
	return result;
}

bool agent_suits(const struct agent *agent, bool bulk)
{
	return (agent->roles & (bulk ? ROLE_GATEWAY : ROLE_AGENT)) != 0;
}

int write_lease(struct desk *desk, const struct call *call, const struct followup_list *agenda, enum record_kind kind, const char *agent,
	const char *items)
{
	struct buffer body = {0};
	int64_t entry = 0;

	if (agenda->count == 0)
		return 0;
	buffer_text(&body, "{\"generation\":");
	buffer_number(&body, call->generation);
	buffer_text(&body, ",\"items\":");
	buffer_text(&body, items);
	buffer_text(&body, "}");
	if (body.failed)
		entry = ERR_MEMORY;
	else
		entry = store_record_add(desk->store, &(struct record_entry){
							      .kind = kind,
							      .client_id = agenda->items[0].client_id,
							      .client_ref = agenda->items[0].client_ref,
							      .call_id = call->id,
							      .body = body.data,
							      .agent = agent,
						      });
	int result = entry < 0 ? (int)entry : 0;
	for (int i = 1; result == 0 && i < agenda->count; i++)
		if (agenda->items[i].client_id != agenda->items[0].client_id)
			result = store_record_about(desk->store, entry, agenda->items[i].client_id);
	buffer_free(&body);
	return result;
}

int lease_call(struct desk *desk, int64_t agent_id, struct call *call, struct moment now, struct buffer *out)
{
	const struct queue_settings *settings = policy_queue(desk->policy, store_name_text(desk->store, call->queue));
	struct followup_list agenda = {NULL, 0, 0};
	struct buffer items = {0};

	/* Read before anything is written: the gates have read it just now. */
	int result = agenda_load(desk->engine, call->id, &agenda);
	if (result == 0)
		result = list_items(&agenda, &items);
	call->state = CALL_LEASED;
	call->generation++;
	call->agent_id = agent_id;
	/* not_before, appointed_at and owner_id stay: whoever gives the call back without an outcome gives back what was agreed with the client, too. */
	call->lease_until = now.unix_seconds + settings->lease_seconds;
	if (result == 0)
		result = store_call_lease(desk->store, call, items.data);
	if (result == 0)
		result = write_lease(desk, call, &agenda, RECORD_HANDED_OUT, NULL, items.data);
	if (result == 0)
		result = describe_call(desk, call, &agenda, true, out);
	followup_list_free(&agenda);
	buffer_free(&items);
	return result;
}

enum { LOOK_AGAIN = 2 };

/* An appointment is its owner's for a while. */
static bool is_anothers(const struct search *search, const struct call *call)
{
	return call->owner_id != 0 && call->owner_id != search->agent->id &&
	       search->now.unix_seconds < call->appointed_at + APPOINTMENT_GRACE_SECONDS;
}

/* Down the heads in order until a call passes every gate: 1 and its document, 0 when none does, LOOK_AGAIN when a gate has changed what waits. */
static int find(struct search *search, struct answer *answer)
{
	for (;;) {
		size_t best = 0;
		int result = step_over(search);
		if (result < 0)
			return result;
		if (search->count == 0)
			return 0;
		for (size_t i = 1; i < search->count; i++)
			if (call_compare(&search->heads[i].call, &search->heads[best].call) < 0)
				best = i;
		if (search->heads[best].is_place_only)
			result = store_call_load(search->desk->store, search->heads[best].call.id, &search->heads[best].call);
		if (result < 0)
			return result;
		struct call call = search->heads[best].call;
		search->heads[best].is_place_only = false;
		search->heads[best].passed = true;
		if (!agent_suits(search->agent, call.bulk) || is_anothers(search, &call))
			continue;
		result = call_is_open(search->desk, &call, search->now);
		if (result == 0)
			continue;
		if (result > 0)
			result = gate_call(search->desk->engine, &call, search->now);
		if (result < 0)
			return result;
		if (result == GATE_GONE)
			return LOOK_AGAIN;
		if (result != GATE_OPEN)
			continue;
		result = lease_call(search->desk, search->agent->id, &call, search->now, &answer->json);
		lease_format(&call, answer->lease);
		return result < 0 ? result : 1;
	}
}

/* Phone calls he holds already: as many as he may hold are given again. The count of those, or 0 when he may take another. */
static int held_again(struct search *search, int wanted, struct answer *answer)
{
	enum { HELD_MAX = 64 };
	struct call held[HELD_MAX];
	int count = store_call_of_agent(search->desk->store, search->agent->id, held, HELD_MAX), talks = 0, given = 0, result = 0;

	if (count < 0)
		return count;
	if (count > HELD_MAX)
		count = HELD_MAX;
	for (int i = 0; i < count; i++)
		talks += !held[i].bulk;
	if ((search->agent->roles & ROLE_AGENT) == 0 || talks < search->desk->policy->calls_held_max)
		return 0;
	for (int i = 0; result == 0 && i < count && given < wanted; i++) {
		if (held[i].bulk)
			continue;
		if (given > 0)
			buffer_text(&answer->json, ",");
		result = tell_holder(search->desk, &held[i], &answer->json);
		lease_format(&held[i], answer->lease);
		given++;
	}
	return result < 0 ? result : given;
}

static int next(struct search *search, const struct next_request *request, struct answer *answer)
{
	/* Bounds of one turn: a reload or a supervisor may have taken the ground from under every call that waits. */
	enum { LOOKS_MOST = 256, OPENED_MOST = 20000 };
	int wanted = request->count > 0 ? request->count : 1, given, looks = 0;

	given = held_again(search, wanted, answer);
	if (given != 0)
		return given;
	int result = open_search(search, request, answer);
	while (result == 0 && given < wanted) {
		size_t length = answer->json.length;
		if (given > 0)
			buffer_text(&answer->json, ",");
		result = find(search, answer);
		if (given > 0 && (result == 0 || result == LOOK_AGAIN) && !answer->json.failed)
			answer->json.data[answer->json.length = length] = '\0';
		if (result == LOOK_AGAIN && (++looks > LOOKS_MOST || search->opened > OPENED_MOST)) {
			search->desk->changes++; /* whoever waits looks again in the next turn */
			result = 0;
			break;
		}
		if (result == LOOK_AGAIN) {
			search->count = 0;
			result = open_search(search, request, answer);
			continue;
		}
		if (result == 0 && given == 0 && search->remembered) {
			/* Nothing is there: now it counts which queues are open, and those that are empty do not. */
			*search = (struct search){.desk = search->desk,
				.agent = search->agent,
				.now = search->now,
				.heads = search->heads,
				.capacity = search->capacity,
				.opens_at = INT64_MAX,
				.anew = true,
				.opened = search->opened};
			result = open_search(search, request, answer);
			continue;
		}
		if (result <= 0)
			break;
		given++;
		/* Talk: one at a time, whatever COUNT says. */
		result = (search->agent->roles & ROLE_GATEWAY) != 0 ? 0 : 1;
	}
	if (result < 0)
		return result;
	if (given == 0 && !search->any_open && search->opens_at != INT64_MAX && search->opens_at > search->now.unix_seconds) {
		char until[32];
		char reason[HOLD_REASON_SIZE] = "";
		if (search->paused != 0 && (result = store_pause_reason(search->desk->store, PAUSE_QUEUE, search->paused, reason)) < 0)
			return result;
		return refuse(answer, ERR_CLOSED, "until=%s%s%s", local_time_text(search->opens_at, until),
			reason[0] != '\0' ? " paused: " : "", reason);
	}
	return given;
}

int desk_next(struct desk *desk, const struct identity *who, const struct next_request *request, struct moment now, struct answer *answer)
{
	struct agent agent;
	struct search search = {.desk = desk, .agent = &agent, .now = now, .opens_at = INT64_MAX};

	answer->lease[0] = '\0';
	int result = who->agent_id != 0 ? store_agent_load(desk->store, who->agent_id, &agent) : 0;
	if (result < 0)
		return refuse_store(desk, answer, result);
	if (result == 0)
		return refuse(answer, ERR_RIGHTS, "calls go to agents: sign in with AUTH name token");
	if (agent.break_code[0] != '\0') {
		if ((agent.roles & ROLE_GATEWAY) == 0)
			return refuse_on_break(&agent, answer);
		agent.roles &= ~(unsigned)ROLE_AGENT; /* messages have no breaks */
	}
	if (request->count > 0)
		buffer_text(&answer->json, "[");
	result = next(&search, request, answer);
	free(search.heads);
	if (request->count > 0)
		buffer_text(&answer->json, "]");
	if (result >= 0 && answer->json.failed)
		result = ERR_MEMORY;
	if (result < 0)
		return refuse_store(desk, answer, result);
	return result > 0;
}
