/* test_store_kept_calls.c - what the store keeps in memory of calls, their agendas and leases, queues and lanes is never older than the book: whatever writes it, and whatever takes that back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kept_case.h"

enum { CALLS_MANY = 1024 };

static void ask_agenda(struct book *b, char *out, size_t size)
{
	struct followup items[8];
	size_t used = 0;

	out[0] = '\0';
	for (int which = 0; which < 2; which++) {
		int count = store_followup_agenda(b->store, which == 0 ? b->held.id : b->waiting.id, items, 8);
		for (int i = 0; i < count; i++)
			used += (size_t)snprintf(out + used, size - used, "%d:%d %d %d|", which, (int)items[i].id, (int)items[i].reason,
				(int)items[i].due_on);
	}
}

static void ask_lease(struct book *b, char *out, size_t size)
{
	struct call c = {0};
	int64_t agent = 0;
	char *shown = NULL, *answer = NULL;

	int result = store_call_load(b->store, b->held.id, &c);
	assert_int_equal(store_handout_load(b->store, b->held.id, b->held.generation, &agent, &shown), 1);
	int told = store_attempt_answer(b->store, b->held.id, b->held.generation, "anna", "reached", "", &answer);
	snprintf(out, size, "%d %d %d %d %d|%s|%d %s", result, (int)c.state, c.due_now, (int)c.owner_id, (int)(c.lease_until - NOW), shown,
		told, answer != NULL ? answer : "");
	free(shown);
	free(answer);
}

static void ask_touched(struct book *b, char *out, size_t size)
{
	struct call c = {0};

	int there = store_call_touched(b->store, &c);
	snprintf(out, size, "%d %d", there, (int)c.id);
}

static int save_first(struct book *b, int64_t call_id, enum followup_state state, int64_t reason, day_t due_on, bool is_known)
{
	struct followup f;
	int result = store_followup_load(b->store, b->first.id, &f);

	f.call_id = call_id;
	f.state = state;
	f.reason = reason;
	f.due_on = due_on;
	f.closed_on = state > FOLLOWUP_QUEUED ? TODAY : NO_DAY;
	f.kept.known = is_known;
	return result < 0 ? result : store_followup_save(b->store, &f);
}

static int take_off(struct book *b)
{
	return save_first(b, 0, FOLLOWUP_SCHEDULED, 0, b->first.due_on, true);
}

static int end_first(struct book *b)
{
	return save_first(b, 0, FOLLOWUP_MISSED, b->queue, b->first.due_on, true);
}

static int say_why(struct book *b)
{
	return save_first(b, b->held.id, FOLLOWUP_QUEUED, b->queue, b->first.due_on, true);
}

static int move_due(struct book *b)
{
	return save_first(b, b->held.id, FOLLOWUP_QUEUED, 0, b->first.due_on + 3, true);
}

static int change_call(struct book *b)
{
	return save_first(b, b->waiting.id, FOLLOWUP_QUEUED, 0, b->first.due_on, true);
}

static int change_call_unread(struct book *b)
{
	return save_first(b, b->waiting.id, FOLLOWUP_QUEUED, 0, b->first.due_on, false);
}

static int extend(struct book *b)
{
	struct call c = b->held;

	c.lease_until += 600;
	return store_call_save(b->store, &c);
}

static int tell_showing(struct book *b, const char *shown)
{
	struct attempt attempt = {.at = NOW,
		.call_id = b->held.id,
		.generation = b->held.generation,
		.agent = "anna",
		.queue = b->queue,
		.channel = b->channel,
		.client_ref = "C1",
		.disposition = "reached",
		.answer = "{}",
		.holder = b->agent,
		.shown = shown};

	return store_attempt_insert(b->store, &attempt) < 0 ? -1 : 0;
}

static int tell(struct book *b)
{
	return tell_showing(b, NULL);
}

/* What its holder was told of stays known, by the attempt that has ended it. */
static int end_call(struct book *b)
{
	int64_t agent = 0;
	char *shown = NULL;

	if (tell_showing(b, "[1]") < 0 || store_call_delete(b->store, b->held.id) < 0)
		return -1;
	int known = store_handout_load(b->store, b->held.id, 1, &agent, &shown);
	bool same = known == 1 && agent == b->agent && strcmp(shown, "[1]") == 0;
	free(shown);
	return same ? 0 : -1;
}

/* And of one that goes back and is given to somebody else: told more of under the second lease, and of the first as it was. */
static int lease_again(struct book *b)
{
	struct call c = b->held;
	int64_t agent = 0;
	char *shown = NULL;

	if (store_handout_show(b->store, c.id, 1, "[1,2]") < 0)
		return -1;
	c.state = CALL_READY;
	c.agent_id = c.lease_until = 0;
	if (store_call_save(b->store, &c) < 0 || store_handout_show(b->store, c.id, 1, "[3]") < 0)
		return -1;
	c.state = CALL_LEASED;
	c.generation = 2;
	c.agent_id = b->agent + 1;
	c.lease_until = SOON;
	if (store_call_lease(b->store, &c, "[7]") < 0 || store_handout_show(b->store, c.id, 2, "[8]") < 0)
		return -1;
	for (int generation = 1; generation <= 2; generation++) {
		int known = store_handout_load(b->store, c.id, generation, &agent, &shown);
		bool same = known == 1 && agent == (generation == 1 ? b->agent : b->agent + 1) &&
			    strcmp(shown, generation == 1 ? "[1,2,3]" : "[7,8]") == 0;
		free(shown);
		if (!same)
			return -1;
	}
	return store_handout_load(b->store, c.id, 3, &agent, &shown) == 0 ? 0 : -1;
}

static int mark_due(struct book *b)
{
	return store_call_mark_due(b->store, TODAY + 9, 10) == 2 ? 0 : -1;
}

static int disown(struct book *b)
{
	return store_call_disown(b->store, b->agent);
}

static int show_more(struct book *b)
{
	return store_handout_show(b->store, b->held.id, b->held.generation, "[1,2]");
}

static int work_out(struct book *b)
{
	return store_call_clear_touched(b->store, b->waiting.id);
}

/* When it has been found that none is. */
static int touch(struct book *b)
{
	struct call c;

	return work_out(b) < 0 || store_call_touched(b->store, &c) != 0 ? -1 : store_call_touch(b->store, b->held.id);
}

/* As NEXT does: what is remembered first, and only if nothing is there which queues have calls at this moment. */
static void ask_queues(struct book *b, char *out, size_t size)
{
	int64_t remembered[4] = {0}, anew[4] = {0};
	int count = store_call_queues(b->store, false, remembered, 4), exact = 0;
	bool covered = true;

	for (int64_t queue = 0; (queue = store_call_next_queue(b->store, queue)) > 0; exact++) {
		bool found = false;
		for (int i = 0; i < count && i < 4; i++)
			found = found || remembered[i] == queue;
		covered = covered && found;
	}
	snprintf(out, size, "%d %d %d", covered, exact, store_call_queues(b->store, true, anew, 4) == exact);
}

/* As NEXT does where an agent must not make what comes first: every lane that has calls is among those remembered, and one found empty is forgotten. */
static void ask_lanes(struct book *b, char *out, size_t size)
{
	int64_t queues[] = {b->queue, b->channel};
	int exact = 0, covered = 0, left = 0, which = 0;

	for (size_t q = 0; q < sizeof(queues) / sizeof(queues[0]); q++) {
		struct call_lane lanes[8] = {{0, 0}}, lane = ALL_LANES;
		struct call_place place;
		int count = store_call_lanes(b->store, queues[q], lanes, 8);
		for (; store_call_next_head(b->store, queues[q], &lane, &place) > 0; exact++) {
			which += (int)((int64_t)q * 10000 + lane.hours * 100 + lane.lane);
			for (int i = 0; i < count && i < 8; i++)
				covered += lanes[i].lane == lane.lane && lanes[i].hours == lane.hours;
		}
		for (int i = 0; i < count && i < 8; i++)
			if (store_call_lane_head(b->store, queues[q], lanes[i], &place) == 0)
				store_call_lane_is_empty(b->store, queues[q], lanes[i]);
		left += store_call_lanes(b->store, queues[q], lanes, 8);
	}
	snprintf(out, size, "%d %d %d %d", covered == exact, left == exact, exact, which);
}

static void ask_holding(struct book *b, char *out, size_t size)
{
	struct call held[4];
	int count = store_call_of_agent(b->store, b->agent, held, 4), other = store_call_of_agent(b->store, b->agent + 1, held + 2, 2);

	snprintf(out, size, "%d %d", count, other);
}

static int move_waiting(struct book *b)
{
	struct call c = b->waiting;

	c.queue = b->channel;
	return store_call_save(b->store, &c);
}

static int new_on_other_queue(struct book *b)
{
	struct call c = b->waiting;

	c.queue = b->channel;
	return store_call_insert(b->store, &c);
}

static int lease_waiting(struct book *b)
{
	struct call c = b->waiting;

	c.state = CALL_LEASED;
	c.generation = 1;
	c.agent_id = b->agent;
	c.lease_until = SOON;
	return store_call_lease(b->store, &c, "[1]");
}

static int put_back(struct book *b)
{
	struct call c = b->held;

	c.state = CALL_READY;
	c.agent_id = c.lease_until = 0;
	c.lane = store_lane_id(b->store, "M2"); /* nobody else's */
	return store_call_save(b->store, &c);
}

static int change_lane(struct book *b)
{
	struct call c = b->waiting;

	c.lane = store_lane_id(b->store, "M1");
	return store_call_save(b->store, &c);
}

static int change_hours(struct book *b)
{
	struct call c = b->waiting;

	c.hours = store_own_hours_id(b->store, "Mon 14:30-17:00");
	return store_call_save(b->store, &c);
}

/* Its lane is empty meanwhile, and was found to be. */
static int lease_and_put_back(struct book *b)
{
	struct call c = b->waiting;
	char answer[80];

	if (lease_waiting(b) < 0)
		return -1;
	ask_lanes(b, answer, sizeof(answer));
	c.generation = 1;
	return store_call_save(b->store, &c) < 0 ? -1 : new_on_other_queue(b);
}

static int rest_and_return(struct book *b)
{
	struct call c = b->waiting;

	if (move_waiting(b) < 0 || store_call_queues(b->store, true, &(int64_t){0}, 1) != 1)
		return -1;
	return store_call_save(b->store, &c) < 0 ? -1 : new_on_other_queue(b);
}

static const struct kept_case cases[] = {
	{"a follow-up taken off its call", ask_agenda, take_off},
	{"a follow-up that ends", ask_agenda, end_first},
	{"why a follow-up waits", ask_agenda, say_why},
	{"a follow-up's window", ask_agenda, move_due},
	{"a follow-up on another call", ask_agenda, change_call},
	{"a follow-up on another call, written unread", ask_agenda, change_call_unread},
	{"a lease extended", ask_lease, extend},
	{"a call that has ended", ask_lease, end_call},
	{"a call leased again", ask_lease, lease_again},
	{"calls that are due", ask_lease, mark_due},
	{"an appointment that is nobody's", ask_lease, disown},
	{"items shown", ask_lease, show_more},
	{"a try", ask_lease, tell},
	{"one more that he holds", ask_holding, lease_waiting},
	{"one less that he holds", ask_holding, end_call},
	{"what he held is another's", ask_holding, lease_again},
	{"what he held waits again", ask_holding, put_back},
	{"a call on another lane", ask_lanes, change_lane},
	{"a call of other hours", ask_lanes, change_hours},
	{"a call moved, and its lane", ask_lanes, move_waiting},
	{"a new call on another queue's lane", ask_lanes, new_on_other_queue},
	{"a lane's last call taken", ask_lanes, lease_waiting},
	{"a lane's last call given back, and another queue's", ask_lanes, lease_and_put_back},
	{"a held call put back on a lane of its own", ask_lanes, put_back},
	{"a queue's only call leased", ask_queues, lease_waiting},
	{"a call on another queue", ask_queues, new_on_other_queue},
	{"calls on other queues, looked for meanwhile", ask_queues, rest_and_return},
	{"a call touched", ask_touched, touch},
	{"a call worked out", ask_touched, work_out},
};

static void test_written_and_taken_back(void **state)
{
	(void)state;
	hear_each(cases, sizeof(cases) / sizeof(cases[0]));
}

/* Nobody has the number 0, not even what was forgotten. */
static void test_nobody(void **state)
{
	static struct agent agent;
	struct followup items[8];
	struct client client;
	struct call call;
	struct store *store = open_memory();
	struct book b;

	(void)state;
	assert_int_equal(store_client_load(store, 0, &client), ERR_NOT_FOUND);
	assert_int_equal(store_agent_load(store, 0, &agent), 0);
	assert_int_equal(store_call_load(store, 0, &call), ERR_NOT_FOUND);
	close_memory(store);
	/* The call whose place in memory is the first. */
	make_book(&b);
	while (b.waiting.id < CALLS_MANY)
		insert_call(&b, &b.waiting);
	assert_int_equal(change_call(&b), 0);
	assert_int_equal(store_followup_agenda(b.store, b.waiting.id, items, 8), 1);
	assert_int_equal(take_off(&b), 0);
	assert_int_equal(store_followup_agenda(b.store, 0, items, 8), 0);
	b.held = b.waiting;
	b.held.state = CALL_LEASED;
	b.held.generation = 1;
	b.held.agent_id = b.agent;
	b.held.lease_until = SOON;
	assert_int_equal(store_call_lease(b.store, &b.held, "[1]"), 0);
	assert_int_equal(end_call(&b), 0);
	assert_int_equal(store_call_load(b.store, 0, &call), ERR_NOT_FOUND);
	close_memory(b.store);
}

/* Then they are walked: neither kept in part, nor kept on when they grow beyond it. */
static void test_more_lanes_than_are_kept(void **state)
{
	static struct call_lane lanes[STORE_LANES_KEPT];
	struct book b;
	char excluded[16];

	(void)state;
	make_book(&b);
	struct call c = b.waiting;
	for (int i = 0; i < STORE_LANES_KEPT - 2; i++) {
		snprintf(excluded, sizeof(excluded), "M%d", i);
		c.lane = store_lane_id(b.store, excluded);
		assert_int_equal(store_call_insert(b.store, &c), 0);
	}
	assert_int_equal(store_call_lanes(b.store, b.queue, lanes, STORE_LANES_KEPT), STORE_LANES_KEPT - 1);
	for (int more = 0; more < 2; more++) {
		snprintf(excluded, sizeof(excluded), "N%d", more);
		c.lane = store_lane_id(b.store, excluded);
		assert_int_equal(store_call_insert(b.store, &c), 0);
		assert_int_equal(store_call_lanes(b.store, b.queue, lanes, STORE_LANES_KEPT), more == 0 ? STORE_LANES_KEPT : ERR_NOT_FOUND);
	}
	assert_int_equal(store_savepoint(b.store), 0);
	store_rollback_savepoint(b.store);
	assert_int_equal(store_call_lanes(b.store, b.queue, lanes, STORE_LANES_KEPT), ERR_NOT_FOUND);
	close_memory(b.store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written_and_taken_back),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_more_lanes_than_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
