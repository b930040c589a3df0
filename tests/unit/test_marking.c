/* test_marking.c - clients who are to be looked at again are marked a few at a time, those whom it concerns and no others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "followup/fact.h"
#include "followup/followup.h"
#include "followup/store.h"
#include "followup/store_client.h"
#include "followup/store_due.h"
#include "followup/store_followup.h"
#include "followup/store_handover.h"
#include "followup/store_marking.h"
#include "followup/store_name.h"

enum { CLIENTS = 10, LATER = 30000, TODAY = 20000 };

static struct store *store;
static int64_t ids[CLIENTS];

/* Every third has an open follow-up of the rule "called", the others one that has ended; managers take turns. */
static int begin(void **state)
{
	static const char *const managers[] = {"M1", "M2", "M3"};
	char message[256], ref[8];

	(void)state;
	if (store_open(":memory:", &store, message) < 0 || store_begin(store, 0) < 0)
		return -1;
	for (int i = 0; i < CLIENTS; i++) {
		snprintf(ref, sizeof(ref), "C%d", i);
		struct client_fact fact = {.client_ref = ref};
		fact.present[CLIENT_NAME] = fact.present[CLIENT_MANAGER] = true;
		fact.values[CLIENT_NAME] = "x";
		fact.values[CLIENT_MANAGER] = managers[i % 3];
		if (store_client_put(store, &fact, 10, &ids[i]) < 0 || store_due_set(store, ids[i], LATER) < 0)
			return -1;
		struct followup f = {.client_id = ids[i],
			.rule = store_name_id(store, "called"),
			.occasion = "x",
			.due_on = TODAY,
			.last_on = TODAY,
			.closed_on = i % 3 == 0 ? NO_DAY : TODAY,
			.state = i % 3 == 0 ? FOLLOWUP_SCHEDULED : FOLLOWUP_DONE};
		snprintf(f.client_ref, sizeof(f.client_ref), "%s", ref);
		if (store_followup_insert(store, &f) < 0)
			return -1;
	}
	return 0;
}

static int end(void **state)
{
	(void)state;
	store_rollback(store);
	store_close(store);
	return 0;
}

/* Which clients are to be looked at today: a letter for each. */
static void check_marked(const char *wanted)
{
	char got[CLIENTS + 1] = "";

	for (int i = 0; i < CLIENTS; i++) {
		day_t next_on;
		assert_int_equal(store_due_get(store, ids[i], &next_on), 0);
		got[i] = next_on <= TODAY ? 'x' : '.';
	}
	assert_string_equal(got, wanted);
}

static int step(int limit, bool *done)
{
	struct marking marking;

	assert_int_equal(store_marking_next(store, &marking), 1);
	return store_marking_some(store, &marking, limit, TODAY, done);
}

static void everybody_in_pieces(void **state)
{
	bool done;

	(void)state;
	assert_int_equal(store_marking_begin(store, MARKING_ALL, ""), 0);
	assert_int_equal(step(4, &done), 4);
	assert_false(done);
	check_marked("xxxx......");
	assert_int_equal(store_marking_waits(store, ids[3]), 0);
	assert_int_equal(store_marking_waits(store, ids[4]), 1);
	assert_int_equal(step(4, &done), 4);
	assert_int_equal(step(4, &done), 2);
	assert_true(done);
	check_marked("xxxxxxxxxx");
	assert_int_equal(store_marking_waits(store, ids[4]), 0);
	struct marking none;
	assert_int_equal(store_marking_next(store, &none), 0);
}

static void a_rule_concerns_those_with_open_ones(void **state)
{
	bool done;

	(void)state;
	assert_int_equal(store_marking_begin(store, MARKING_RULE, "called"), 0);
	assert_int_equal(step(4, &done), 4);
	check_marked("x..x......");
	/* The other way round before it was through: all are looked at again. */
	assert_int_equal(store_due_set(store, ids[0], LATER), 0);
	assert_int_equal(store_marking_begin(store, MARKING_RULE, "called"), 0);
	for (int left = CLIENTS; left > 0; left -= 4)
		assert_true(step(4, &done) > 0);
	assert_true(done);
	check_marked("x..x..x..x");
}

static void a_manager_concerns_his_clients_and_those_handed_to_him(void **state)
{
	bool done;

	(void)state;
	assert_int_equal(store_marking_begin_managers(store, "M2"), 0);
	assert_int_equal(step(2, &done), 2);
	assert_false(done);
	check_marked(".x..x.....");
	assert_true(step(2, &done) > 0);
	assert_true(done);
	check_marked(".x..x..x..");
	assert_int_equal(store_handover_set(store, "M1", "M2", "left", "sven", 0), 0);
	assert_int_equal(store_handover_set(store, "M2", "M9", "left", "sven", 0), 0);
	assert_int_equal(store_marking_begin_managers(store, "M9"), 0);
	struct marking marking;
	for (int steps = 0; store_marking_next(store, &marking) > 0; steps++) {
		assert_true(steps < 10);
		assert_true(step(3, &done) > 0);
	}
	check_marked("xx.xx.xx.x");
}

/* Who comes later is looked at with the eyes of then. */
static void who_comes_later_is_left_alone(void **state)
{
	bool done;
	int64_t id;

	(void)state;
	assert_int_equal(store_marking_begin(store, MARKING_ALL, ""), 0);
	struct client_fact fact = {.client_ref = "LATE"};
	fact.present[CLIENT_NAME] = true;
	fact.values[CLIENT_NAME] = "x";
	assert_true(store_client_put(store, &fact, 10, &id) >= 0);
	assert_int_equal(store_due_set(store, id, LATER), 0);
	assert_int_equal(store_marking_waits(store, id), 0);
	assert_int_equal(step(100, &done), CLIENTS);
	assert_true(done);
	day_t next_on;
	assert_int_equal(store_due_get(store, id, &next_on), 0);
	assert_int_equal(next_on, LATER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everybody_in_pieces, begin, end),
		cmocka_unit_test_setup_teardown(a_rule_concerns_those_with_open_ones, begin, end),
		cmocka_unit_test_setup_teardown(a_manager_concerns_his_clients_and_those_handed_to_him, begin, end),
		cmocka_unit_test_setup_teardown(who_comes_later_is_left_alone, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
