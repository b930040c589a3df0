/* test_store_kept.c - what the store keeps in memory of clients, agents and the book's own values is never older than the book: whatever writes it, and whatever takes that back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "followup/store_erase.h"
#include "followup/store_event.h"
#include "followup/store_promise.h"
#include "kept_case.h"

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

static int set_meta(struct book *b)
{
	return store_meta_set(b->store, "a key", 7);
}

static int pause_queue(struct book *b)
{
	return store_pause_set(b->store, PAUSE_QUEUE, b->queue, SOON, "because", "anna");
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

static const struct kept_case cases[] = {
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
};

static void test_written_and_taken_back(void **state)
{
	(void)state;
	hear_each(cases, sizeof(cases) / sizeof(cases[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written_and_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
