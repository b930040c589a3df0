/* test_store_kept.c - what the store keeps in memory of the book is never older than the book: whatever writes it, and whatever takes that back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "book_memory.h"
#include "followup/fact.h"
#include "followup/store.h"
#include "followup/store_agent.h"
#include "followup/store_call.h"
#include "followup/store_client.h"
#include "followup/store_due.h"
#include "followup/store_erase.h"
#include "followup/store_event.h"
#include "followup/store_followup.h"
#include "followup/store_hold.h"
#include "followup/store_name.h"
#include "followup/store_promise.h"
#include "followup/store_review.h"
#include "followup/store_task.h"

enum { TODAY = 20000, NOW = TODAY * 86400, SOON = NOW + 900, CALLS_MANY = 1024 };

/* A client with two follow-ups on a call that anna holds, and another call that waits, to be worked out. */
struct book {
	struct store *store;
	int64_t client, agent, queue, channel, attempts;
	struct call held, waiting;
	struct followup first, second;
	struct contact contact;
};

/* --- What is asked, as text, and what writes it. --------------------------------------------------- */

static void ask_client(struct book *b, char *out, size_t size)
{
	struct client c;

	assert_int_equal(store_client_load(b->store, b->client, &c), 0);
	snprintf(out, size, "%s|%d%d%d%d|%s|%s", c.tier, c.known, c.has_phone, c.number_is_wrong, c.has_promises, c.do_not_contact,
		c.no_greetings);
}

static void ask_agent(struct book *b, char *out, size_t size)
{
	static struct agent a;

	int there = store_agent_load(b->store, b->agent, &a);
	assert_true(there >= 0);
	snprintf(out, size, "%d %s|%s", there, there > 0 ? a.labels : "", there > 0 ? a.break_code : "");
}

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

static void ask_meta(struct book *b, char *out, size_t size)
{
	int64_t value = 0;

	int result = store_meta_get(b->store, "a key", &value);
	snprintf(out, size, "%d %d", result, (int)value);
}

static void ask_pause(struct book *b, char *out, size_t size)
{
	snprintf(out, size, "%d", store_pause_holds(b->store, PAUSE_QUEUE, b->queue, NOW, NULL));
}

static void ask_erasures(struct book *b, char *out, size_t size)
{
	/* With nothing to spend it only looks. */
	snprintf(out, size, "%d", store_erase_some(b->store, NOW, 0));
}

static void ask_touched(struct book *b, char *out, size_t size)
{
	struct call c = {0};

	int there = store_call_touched(b->store, &c);
	snprintf(out, size, "%d %d", there, (int)c.id);
}

static int put_tier(struct book *b)
{
	int64_t id;
	struct client_fact fact = {.client_ref = "C1"};

	fact.present[CLIENT_TIER] = fact.present[CLIENT_NAME] = true;
	fact.values[CLIENT_NAME] = "x";
	fact.values[CLIENT_TIER] = "gold";
	return store_client_put(b->store, &fact, TODAY, &id);
}

static int mark_number(struct book *b)
{
	return store_client_number_is_wrong(b->store, b->client, true);
}

static int forbid(struct book *b)
{
	return store_forbid_set(b->store, b->client, "email", "2030-01-01", "asked", "anna", NOW);
}

static int allow(struct book *b)
{
	return store_forbid_clear(b->store, b->client, "sms") == 1 ? 0 : -1;
}

static int refuse(struct book *b)
{
	return store_refusal_set(b->store, b->client, b->channel, "2031-01-01", "anna", NOW + 1);
}

static int take_refusal_back(struct book *b)
{
	return store_refusal_take_back(b->store, b->client, b->channel, "anna", NOW);
}

static int erase_client(struct book *b)
{
	return store_client_erase(b->store, b->client, NOW, "anna");
}

static int promise(struct book *b)
{
	struct promise made = {.client_id = b->client, .made_on = TODAY, .at = NOW, .by = TODAY + 3, .matter = "the form", .dept = ""};

	return store_promise_insert(b->store, &made, "anna") > 0 ? 0 : -1;
}

static int relabel(struct book *b)
{
	static struct agent agent = {.name = "anna", .roles = 1, .labels = "marketing", .queues = "service\n"};

	return store_agent_save(b->store, &agent);
}

static int go_away(struct book *b)
{
	return store_agent_set_break(b->store, b->agent, "lunch", NOW);
}

static int drop_agent(struct book *b)
{
	return store_agent_delete(b->store, "anna") == 1 ? 0 : -1;
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

static int set_meta(struct book *b)
{
	return store_meta_set(b->store, "a key", 7);
}

static int pause_queue(struct book *b)
{
	return store_pause_set(b->store, PAUSE_QUEUE, b->queue, SOON, "because", "anna");
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

static void ask_departures(struct book *b, char *out, size_t size)
{
	struct event events[4] = {{.withdrawn_on = 0}};

	int count = store_event_departures(b->store, "M1", events, 4);
	snprintf(out, size, "%d %d", count, (int)events[0].withdrawn_on);
}

static int depart(struct book *b)
{
	struct event_fact fact = {.event_ref = "E1", .client_ref = "", .kind = "manager_departed", .detail = "M1", .occurred_at = NOW};
	struct event_change change;

	return store_event_put(b->store, &fact, &change) == 1 ? 0 : -1;
}

static int depart_and_stay(struct book *b)
{
	struct event_fact fact = {.event_ref = "E2", .client_ref = "", .kind = "void", .detail = "E1", .occurred_at = NOW};
	struct event_change change;

	return depart(b) < 0 || store_event_put(b->store, &fact, &change) != 1 ? -1 : 0;
}

static void ask_due(struct book *b, char *out, size_t size)
{
	int64_t id = 0;
	bool changed = false;

	int found = store_due_next(b->store, TODAY, &id, &changed);
	snprintf(out, size, "%d %d %d", found, (int)id, found > 0 && changed);
}

/* The day before: nobody does. */
static void ask_nobody(struct book *b, char *out, size_t size)
{
	int64_t id = 0;
	bool changed = false;

	int once = store_due_next(b->store, LOOK_AT_ONCE, &id, &changed), found = store_due_next(b->store, TODAY - 1, &id, &changed);
	snprintf(out, size, "%d %d %d %d", once, found, (int)id, found > 0 && changed);
}

static int bring_forward(struct book *b)
{
	return store_due_set(b->store, b->client, TODAY - 1);
}

static int put_another(struct book *b)
{
	int64_t id;
	struct client_fact fact = {.client_ref = "C2"};

	fact.present[CLIENT_NAME] = true;
	fact.values[CLIENT_NAME] = "y";
	return store_client_put(b->store, &fact, TODAY, &id);
}

static int hear_of_another(struct book *b)
{
	return store_client_ensure(b->store, "C2") > 0 ? 0 : -1;
}

static int mark_changed(struct book *b)
{
	return store_due_mark(b->store, b->client, LOOK_AT_ONCE, true);
}

static int put_off(struct book *b)
{
	return store_due_set(b->store, b->client, TODAY + 9);
}

static void ask_contacts(struct book *b, char *out, size_t size)
{
	snprintf(out, size, "%d %d", store_contact_of_person(b->store, -b->client, TODAY - 9, TODAY),
		store_contact_of_person(b->store, -b->client, TODAY, TODAY));
}

static int make_contact(struct book *b)
{
	return store_contact_insert(b->store,
		&(struct contact){.on_day = TODAY, .at = NOW, .channel = b->channel, .agent_id = b->agent, .client_id = b->client});
}

static int count_contact(struct book *b)
{
	return store_contact_count_for(b->store, b->contact.id, b->client, TODAY - 1);
}

static int take_contact_back(struct book *b)
{
	return store_contact_take_back(b->store, b->contact.id);
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

static int put_back_excluded(struct book *b)
{
	struct call c = b->held;

	c.state = CALL_READY;
	c.agent_id = c.lease_until = 0;
	c.lane = store_lane_id(b->store, "M2");
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

static const struct {
	const char *name;
	void (*ask)(struct book *book, char *out, size_t size);
	int (*write)(struct book *book);
} cases[] = {
	{"a client's field", ask_client, put_tier},
	{"a client's number is wrong", ask_client, mark_number},
	{"a prohibition", ask_client, forbid},
	{"a prohibition's end", ask_client, allow},
	{"a refusal", ask_client, refuse},
	{"a refusal taken back", ask_client, take_refusal_back},
	{"a client erased", ask_client, erase_client},
	{"a promise to a client", ask_client, promise},
	{"an agent's labels", ask_agent, relabel},
	{"an agent's break", ask_agent, go_away},
	{"an agent who is gone", ask_agent, drop_agent},
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
	{"a value of the book's", ask_meta, set_meta},
	{"a pause", ask_pause, pause_queue},
	{"an erasure under way", ask_erasures, erase_client},
	{"a manager who leaves", ask_departures, depart},
	{"a manager who was said to leave", ask_departures, depart_and_stay},
	{"somebody who waits, and has changed", ask_due, mark_changed},
	{"somebody who waits no more", ask_due, put_off},
	{"somebody who waits now, and has changed", ask_nobody, mark_changed},
	{"somebody who waits a day earlier", ask_nobody, bring_forward},
	{"somebody who is new", ask_nobody, put_another},
	{"somebody who is new, and nameless", ask_nobody, hear_of_another},
	{"a contact", ask_contacts, make_contact},
	{"a contact that counts for him too", ask_contacts, count_contact},
	{"a contact taken back", ask_contacts, take_contact_back},
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
	{"a held call put back on a lane of its own", ask_lanes, put_back_excluded},
	{"a queue's only call leased", ask_queues, lease_waiting},
	{"a call on another queue", ask_queues, new_on_other_queue},
	{"calls on other queues, looked for meanwhile", ask_queues, rest_and_return},
	{"a call touched", ask_touched, touch},
	{"a call worked out", ask_touched, work_out},
};

/* --- The book, and each case. ----------------------------------------------------------------------- */

static void insert_call(struct book *b, struct call *call)
{
	*call = (struct call){.person = -b->client,
		.channel = b->channel,
		.queue = b->queue,
		.lane = 1,
		.priority = 3,
		.due_on = TODAY + 7,
		.queued_at = NOW};
	call->tries_on = NO_DAY;
	assert_int_equal(store_call_insert(b->store, call), 0);
}

static void insert_item(struct book *b, struct followup *f, const char *occasion)
{
	*f = (struct followup){.client_id = b->client,
		.rule = b->queue,
		.client_ref = "C1",
		.occasion_on = TODAY,
		.opens_on = TODAY,
		.due_on = TODAY + 7,
		.last_on = TODAY + 7,
		.priority = 3,
		.created_on = TODAY,
		.closed_on = NO_DAY};
	snprintf(f->occasion, sizeof(f->occasion), "%s", occasion);
	assert_int_equal(store_followup_insert(b->store, f), 0);
	f->state = FOLLOWUP_QUEUED;
	f->call_id = b->held.id;
	assert_int_equal(store_followup_save(b->store, f), 0);
}

static void make_book(struct book *b)
{
	static struct agent agent = {.name = "anna", .roles = 1, .queues = "service\n"}, anna;
	struct client_fact fact = {.client_ref = "C1"};

	*b = (struct book){.store = open_memory()};
	b->queue = store_name_id(b->store, "service");
	b->channel = store_name_id(b->store, "phone");
	fact.present[CLIENT_NAME] = fact.present[CLIENT_PHONE] = true;
	fact.values[CLIENT_NAME] = "x";
	fact.values[CLIENT_PHONE] = "139";
	assert_int_equal(store_client_put(b->store, &fact, TODAY, &b->client), CLIENT_IS_NEW);
	assert_int_equal(store_forbid_set(b->store, b->client, "sms", "", "asked", "anna", NOW), 0);
	assert_int_equal(store_refusal_set(b->store, b->client, b->channel, "2030-01-01", "anna", NOW), 0);
	assert_int_equal(store_agent_save(b->store, &agent), 0);
	assert_int_equal(store_agent_find(b->store, "anna", &anna), 1);
	b->agent = anna.id;
	insert_call(b, &b->held);
	insert_call(b, &b->waiting);
	insert_item(b, &b->first, "1");
	insert_item(b, &b->second, "2");
	b->held.owner_id = b->agent;
	b->held.appointed_at = NOW;
	assert_int_equal(store_call_save(b->store, &b->held), 0);
	b->held.state = CALL_LEASED;
	b->held.generation = 1;
	b->held.agent_id = b->agent;
	b->held.lease_until = SOON;
	assert_int_equal(store_call_lease(b->store, &b->held, "[1]"), 0);
	assert_int_equal(store_call_touch(b->store, b->waiting.id), 0);
	assert_int_equal(store_due_set(b->store, b->client, TODAY), 0);
	b->contact = (struct contact){.on_day = TODAY, .at = NOW, .channel = b->channel, .client_id = b->client};
	assert_int_equal(store_contact_insert(b->store, &b->contact), 0);
}

static void must_hear(struct book *b, size_t at, const char *wanted, const char *when)
{
	char heard[256];

	/* Twice: the first time reads it, if it is not kept. */
	for (int i = 0; i < 2; i++) {
		cases[at].ask(b, heard, sizeof(heard));
		if (strcmp(heard, wanted) != 0)
			fail_msg("%s, %s: \"%s\", wanted \"%s\"", cases[at].name, when, heard, wanted);
	}
}

static void write_and_hear(struct book *b, size_t at, const char *before, const char *after, const char *when)
{
	char heard[256];

	must_hear(b, at, before, when);
	assert_true(cases[at].write(b) >= 0);
	cases[at].ask(b, heard, sizeof(heard));
	if (after[0] == '\0' ? strcmp(heard, before) == 0 : strcmp(heard, after) != 0)
		fail_msg("%s, %s: written, and still \"%s\"", cases[at].name, when, heard);
}

static void test_written_and_taken_back(void **state)
{
	(void)state;
	for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
		struct book b;
		char before[256], after[256];
		make_book(&b);
		cases[at].ask(&b, before, sizeof(before));
		assert_int_equal(store_savepoint(b.store), 0);
		write_and_hear(&b, at, before, "", "at first");
		cases[at].ask(&b, after, sizeof(after));
		store_rollback_savepoint(b.store);
		must_hear(&b, at, before, "after a savepoint's rollback");
		assert_int_equal(store_commit(b.store), 0);
		assert_int_equal(store_begin(b.store, NOW), 0);
		write_and_hear(&b, at, before, after, "in another transaction");
		store_rollback(b.store);
		must_hear(&b, at, before, "outside a transaction");
		assert_int_equal(store_begin(b.store, NOW), 0);
		write_and_hear(&b, at, before, after, "after a rollback");
		assert_int_equal(store_commit(b.store), 0);
		must_hear(&b, at, after, "committed");
		assert_int_equal(store_begin(b.store, NOW), 0);
		must_hear(&b, at, after, "after the commit");
		close_memory(b.store);
	}
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

/* --- When something happens by itself. -------------------------------------------------------------- */

static int lease_sooner(struct book *b)
{
	struct call c = b->waiting;

	c.state = CALL_LEASED;
	c.generation = 1;
	c.agent_id = b->agent;
	c.lease_until = SOON - 60;
	return store_call_lease(b->store, &c, "[1]");
}

static int rest_sooner(struct book *b)
{
	struct call c = b->waiting;

	c.state = CALL_RESTING;
	c.not_before = SOON - 60;
	return store_call_save(b->store, &c);
}

static int widen_sooner(struct book *b)
{
	struct call c = b->waiting;

	c.widen_at = SOON - 60;
	return store_call_save(b->store, &c);
}

static int appoint_sooner(struct book *b)
{
	struct call c = b->waiting;

	c.owner_id = b->agent;
	c.appointed_at = SOON - 60 - APPOINTMENT_GRACE_SECONDS;
	return store_call_save(b->store, &c);
}

static int pause_sooner(struct book *b)
{
	return store_pause_set(b->store, PAUSE_QUEUE, b->queue, SOON - 60, "because", "anna");
}

static int review_sooner(struct book *b)
{
	int64_t id = store_review_insert(b->store, &(struct review){.attempt_id = 1, .client_id = b->client, .agent = "bert"}, NOW);

	return id < 0 ? (int)id : store_review_lease(b->store, id, b->agent, "anna", SOON - 60);
}

static int64_t next_time(struct book *b)
{
	int64_t at = 0;

	for (int i = 0; i < 2; i++)
		assert_int_equal(store_call_next_time(b->store, &at), 0);
	return at;
}

static void test_next_time(void **state)
{
	static int (*const sooner[])(struct book * book) = {
		lease_sooner, rest_sooner, widen_sooner, appoint_sooner, pause_sooner, review_sooner};

	(void)state;
	for (size_t i = 0; i < sizeof(sooner) / sizeof(sooner[0]); i++) {
		struct book b;
		struct call call;
		make_book(&b);
		assert_int_equal(store_commit(b.store), 0);
		assert_int_equal(next_time(&b), SOON);
		assert_int_equal(store_begin(b.store, NOW), 0);
		assert_int_equal(sooner[i](&b), 0);
		store_rollback(b.store);
		/* Sooner than need be is no harm: whoever looks then finds nothing, and the next look is right. */
		assert_true(next_time(&b) <= SOON);
		assert_int_equal(store_begin(b.store, NOW), 0);
		assert_int_equal(store_call_next_expired(b.store, SOON - 1, &call), 0);
		assert_int_equal(store_commit(b.store), 0);
		assert_int_equal(next_time(&b), SOON);
		assert_int_equal(store_begin(b.store, NOW), 0);
		assert_int_equal(sooner[i](&b), 0);
		assert_int_equal(store_commit(b.store), 0);
		if (next_time(&b) != SOON - 60)
			fail_msg("moment %zu is not waited for", i);
		store_close(b.store);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written_and_taken_back),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_next_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
