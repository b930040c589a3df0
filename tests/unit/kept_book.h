/* kept_book.h - a small book of which the store keeps something in memory, in an open transaction. */
#ifndef FOLLOWUP_TEST_KEPT_BOOK_H
#define FOLLOWUP_TEST_KEPT_BOOK_H

#include "book_memory.h"
#include "followup/fact.h"
#include "followup/store.h"
#include "followup/store_agent.h"
#include "followup/store_call.h"
#include "followup/store_client.h"
#include "followup/store_due.h"
#include "followup/store_followup.h"
#include "followup/store_hold.h"
#include "followup/store_name.h"
#include "followup/store_task.h"

enum { TODAY = 20000, NOW = TODAY * 86400, SOON = NOW + 900 };

/* A client with two follow-ups on a call that anna holds, and another call that waits, to be worked out. */
struct book {
	struct store *store;
	int64_t client, agent, queue, channel, attempts;
	struct call held, waiting;
	struct followup first, second;
	struct contact contact;
};

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

#endif
