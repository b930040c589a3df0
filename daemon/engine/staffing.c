/* staffing.c - nobody left: an alarm, not silence (POLICY 6). Who may make the calls of a queue's lane is asked when a call comes to stand there, and again, in
 * bounded slices, when the agents change and each day; the answer is kept in memory until then. */
#include <stdio.h>
#include <string.h>

#include "followup/role.h"
#include "followup/store.h"
#include "followup/store_agent.h"
#include "followup/store_name.h"
#include "followup/store_staffing.h"
#include "internal.h"

/* The place of the look at everything, kept in the book: WALK_ENDED, or the queue and lane that it has reached; up to WALK_ALARMS the alarms there are. */
enum { WALK_ENDED = -1, WALK_ALARMS = 0 };

struct seeking {
	const char *queue;
	const char *lane;
	unsigned role;
	enum staffing found;
};

static int seek_agent(void *context, const struct agent *agent)
{
	struct seeking *seeking = context;

	if ((agent->roles & seeking->role) == 0 || !agent_serves(agent, seeking->queue))
		return 0;
	seeking->found = agent_is_excluded(agent, seeking->lane) ? STAFFING_RECUSED : STAFFING_SERVED;
	return seeking->found == STAFFING_SERVED; /* ends the search */
}

static int ask(struct engine *engine, int64_t queue, int64_t lane, enum staffing *out)
{
	char name[160], text[LANE_SIZE];
	int result = store_lane_text(engine->store, lane, text, sizeof(text));

	if (result < 0)
		return result;
	snprintf(name, sizeof(name), "%s", store_name_text(engine->store, queue));
	int channel = policy_channel(engine->policy, name);
	bool bulk = channel >= 0 && engine->policy->channels[channel].kind == CHANNEL_BULK;
	struct seeking seeking = {name, text, bulk ? ROLE_GATEWAY : ROLE_AGENT, STAFFING_NOBODY};
	result = store_agent_each(engine->store, seek_agent, &seeking);
	*out = seeking.found;
	return result < 0 ? result : 0;
}

int agenda_staffing(struct engine *engine, int64_t queue, int64_t lane, enum staffing *out)
{
	struct staffing_memo *memo = &engine->staffing[(uint64_t)(queue * 31 + lane) % STAFFING_MEMO];
	uint64_t rollbacks = store_rollbacks(engine->store);

	if (engine->staffing_rollbacks != rollbacks) {
		memset(engine->staffing, 0, sizeof(engine->staffing));
		engine->staffing_rollbacks = rollbacks;
	}
	if (memo->queue != queue || memo->lane != lane) {
		int result = ask(engine, queue, lane, &memo->found);
		memo->queue = result < 0 ? 0 : queue;
		memo->lane = lane;
		if (result < 0)
			return result;
	}
	*out = memo->found;
	return 0;
}

/* Before the first agent has been let in there is a book and no desk: nothing to raise an alarm about. */
static int is_staffed(struct engine *engine)
{
	int64_t staffed;
	int result = store_meta_get(engine->store, "staffed", &staffed);

	return result == ERR_NOT_FOUND ? 0 : result < 0 ? result : 1;
}

/* Raises the alarm of a queue's lane, if nobody may serve it and something waits there that does not move on by itself. */
static int note(struct engine *engine, int64_t queue, int64_t lane)
{
	int64_t call_id = 0, client_id = 0;
	enum staffing found;

	int result = agenda_staffing(engine, queue, lane, &found);
	if (result < 0 || found == STAFFING_SERVED)
		return result;
	if (found == STAFFING_NOBODY)
		lane = 0;
	result = store_unserved_call(engine->store, queue, lane, &call_id, &client_id);
	if (result > 0)
		result = store_unserved_add(engine->store, queue, lane, call_id, client_id);
	if (result > 0)
		engine->counts.alarms++;
	return result < 0 ? result : 0;
}

int agenda_note_staffing(struct engine *engine, const struct call *call)
{
	if (call->state != CALL_READY || call->widen_at != 0)
		return 0;
	enum staffing found;
	int result = agenda_staffing(engine, call->queue, call->lane, &found);
	if (result == 0 && found != STAFFING_SERVED)
		result = is_staffed(engine);
	return result > 0 ? note(engine, call->queue, call->lane) : result;
}

static int set_walk(struct engine *engine, int64_t queue, int64_t lane)
{
	int result = store_meta_set(engine->store, "staffing_lane", lane);

	return result < 0 ? result : store_meta_set(engine->store, "staffing_queue", queue);
}

int agenda_agents_changed(struct engine *engine)
{
	memset(engine->staffing, 0, sizeof(engine->staffing));
	int result = store_meta_set(engine->store, "staffed", 1);
	return result < 0 ? result : set_walk(engine, WALK_ALARMS, -1);
}

int staffing_begin(struct engine *engine)
{
	int staffed = is_staffed(engine);

	return staffed > 0 ? set_walk(engine, WALK_ALARMS, -1) : staffed;
}

/* An alarm ends by itself when somebody may serve again, or nothing is left to serve. */
static int end_alarm(struct engine *engine, int64_t queue, int64_t lane)
{
	int64_t call_id, client_id;
	enum staffing found = STAFFING_NOBODY;

	int waits = store_unserved_call(engine->store, queue, lane, &call_id, &client_id);
	int result = waits < 0 ? waits : agenda_staffing(engine, queue, lane != 0 ? lane : 1, &found);
	if (result < 0)
		return result;
	if (waits == 0)
		return store_unserved_end(engine->store, queue, lane, "nothing waits there any more");
	/* lane 0 says that nobody serves the queue at all, so whoever serves it ends it, recused or not: then its lanes are asked one by one. */
	if (found == STAFFING_SERVED || (lane == 0 && found == STAFFING_RECUSED))
		return store_unserved_end(engine->store, queue, lane, "somebody serves the queue");
	return lane != 0 && found == STAFFING_NOBODY ? store_unserved_end(engine->store, queue, lane, "nobody serves the queue at all now")
						     : 0;
}

/* All alarms, in one go: as many as there are red tasks. */
static int look_at_alarms(struct engine *engine)
{
	int64_t queue = 0, lane = -1;
	int result;

	while ((result = store_unserved_next(engine->store, &queue, &lane)) > 0) {
		result = end_alarm(engine, queue, lane);
		if (result < 0)
			return result;
	}
	return result;
}

/* The lane after a place, over all queues: 1, or 0 at the end. */
static int next_lane(struct engine *engine, int64_t *queue, int64_t *lane)
{
	int64_t next = *queue > 0 ? store_call_next_lane(engine->store, *queue, *lane) : 0;

	while (next == 0) {
		int64_t after = store_call_next_queue(engine->store, *queue);
		if (after <= 0)
			return (int)after;
		*queue = after;
		next = store_call_next_lane(engine->store, after, 0);
	}
	*lane = next;
	return next < 0 ? (int)next : 1;
}

int staffing_work(struct engine *engine, int budget)
{
	int64_t queue, lane;

	int result = store_meta_get(engine->store, "staffing_queue", &queue);
	if (result == ERR_NOT_FOUND || (result == 0 && queue == WALK_ENDED))
		return 0;
	if (result == 0)
		result = store_meta_get(engine->store, "staffing_lane", &lane);
	if (result == 0 && queue == WALK_ALARMS) {
		result = look_at_alarms(engine);
		lane = 0;
	}
	while (result == 0 && budget-- > 0) {
		int more = next_lane(engine, &queue, &lane);
		if (more <= 0)
			return more < 0 ? more : set_walk(engine, WALK_ENDED, 0);
		result = note(engine, queue, lane);
	}
	if (result == 0)
		result = set_walk(engine, queue, lane);
	return result < 0 ? result : 1;
}

int agenda_unserved(struct engine *engine, int most, struct buffer *out)
{
	int64_t queue = 0;
	int count = 0;

	while ((queue = store_call_next_queue(engine->store, queue)) > 0) {
		int64_t alarm = queue, lane = -1;
		enum staffing found;
		int result = agenda_staffing(engine, queue, 1, &found);
		if (result == 0)
			result = store_unserved_next(engine->store, &alarm, &lane);
		if (result < 0)
			return result;
		if (found != STAFFING_NOBODY && (result == 0 || alarm != queue))
			continue;
		if (count++ < most)
			buffer_printf(out, "%s%s", count > 1 ? " " : "", store_name_text(engine->store, queue));
	}
	return queue < 0 ? (int)queue : count;
}
