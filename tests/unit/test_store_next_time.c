/* test_store_next_time.c - when something happens by itself next: whoever waits for that moment never waits too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "followup/store_review.h"
#include "kept_book.h"

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
		cmocka_unit_test(test_next_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
