/* test_due.c - who is looked at next: those with a day in its order, behind them those who have just come, nobody twice and nobody never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "followup/fact.h"
#include "followup/store.h"
#include "followup/store_client.h"
#include "followup/store_due.h"

enum { TODAY = 20000, LATER = 30000, MANY = 2500 };

static struct store *store;

static int begin(void **state)
{
	char message[256];

	(void)state;
	return store_open(":memory:", &store, message) < 0 || store_begin(store, 0) < 0 ? -1 : 0;
}

static int end(void **state)
{
	(void)state;
	store_rollback(store);
	store_close(store);
	return 0;
}

static int64_t come(const char *format, int number)
{
	char ref[24];
	int64_t id = 0;

	snprintf(ref, sizeof(ref), format, number);
	struct client_fact fact = {.client_ref = ref};
	fact.present[CLIENT_NAME] = true;
	fact.values[CLIENT_NAME] = "x";
	assert_int_equal(store_client_put(store, &fact, 10, &id), CLIENT_IS_NEW);
	return id;
}

/* 0: nobody. */
static int64_t next(day_t day)
{
	int64_t id = 0;
	bool changed;
	int found;

	while ((found = store_due_next(store, day, &id, &changed)) == DUE_NOT_YET)
		;
	assert_true(found >= 0);
	return found > 0 ? id : 0;
}

static void test_order(void **state)
{
	(void)state;
	int64_t first = come("C%d", 1), second = come("C%d", 2), third = come("C%d", 3), fourth = come("C%d", 4);

	assert_int_equal(next(LOOK_AT_ONCE), 0);
	assert_int_equal(next(LOOK_AGAIN), first);
	assert_int_equal(store_due_set(store, first, LATER), 0);
	assert_int_equal(store_due_mark(store, third, LOOK_AT_ONCE, true), 0);
	assert_int_equal(next(LOOK_AT_ONCE), third);
	assert_int_equal(store_due_set(store, third, LATER), 0);
	/* A day to come does not put him off. */
	assert_int_equal(store_due_mark(store, fourth, LATER, false), 0);
	assert_int_equal(next(TODAY), fourth);
	assert_int_equal(store_due_set(store, fourth, TODAY), 0);
	assert_int_equal(next(TODAY), fourth);
	assert_int_equal(store_due_set(store, fourth, LATER), 0);
	assert_int_equal(store_due_is_new(store, second), 1);
	assert_int_equal(store_due_is_new(store, fourth), 0);
	assert_int_equal(next(TODAY), second);
	assert_int_equal(store_due_set(store, second, LATER), 0);
	assert_int_equal(next(TODAY), 0);
	assert_int_equal(store_due_is_new(store, second), 0);
	/* Whoever comes afterwards is found too. */
	int64_t fifth = come("C%d", 5);
	assert_int_equal(next(TODAY), fifth);
}

static void test_rollback(void **state)
{
	(void)state;
	int64_t first = come("C%d", 1), second = come("C%d", 2);

	assert_int_equal(store_savepoint(store), 0);
	assert_int_equal(store_due_set(store, next(TODAY), LATER), 0);
	assert_int_equal(next(TODAY), second);
	store_rollback_savepoint(store);
	assert_int_equal(next(TODAY), first);
	/* The number of a client who has been taken back is the next one's. */
	assert_int_equal(store_savepoint(store), 0);
	int64_t gone = come("C%d", 3);
	store_rollback_savepoint(store);
	assert_int_equal(come("C%d", 4), gone);
	assert_int_equal(store_client_find(store, "C3"), ERR_NOT_FOUND);
	int64_t stub = store_client_ensure(store, "C5");
	assert_int_equal(stub, gone + 1);
	assert_int_equal(come("C%d", 6), stub + 1);
}

/* Those who wait are read several at once: whoever is marked, set or taken away meanwhile is met as he is then. */
static void test_meanwhile(void **state)
{
	enum { SOME = 40 };
	int64_t ids[SOME], id = 0;
	bool changed = false;

	(void)state;
	for (int i = 0; i < SOME; i++) {
		ids[i] = come("C%02d", i);
		assert_int_equal(store_due_set(store, ids[i], TODAY), 0);
	}
	for (int i = 0; i < SOME; i++)
		assert_int_equal(next(TODAY - 1), 0);
	assert_int_equal(next(TODAY), ids[0]);
	assert_int_equal(store_due_set(store, ids[0], LATER), 0);
	/* His facts changed, and he comes at once. */
	assert_int_equal(store_due_mark(store, ids[5], LOOK_AT_ONCE, true), 0);
	assert_int_equal(store_due_next(store, TODAY, &id, &changed), 1);
	assert_true(id == ids[5] && changed);
	assert_int_equal(store_due_set(store, ids[5], TODAY + 1), 0);
	/* Changed where he stands. */
	assert_int_equal(next(TODAY), ids[1]);
	assert_int_equal(store_due_mark(store, ids[1], TODAY, true), 0);
	assert_int_equal(store_due_next(store, TODAY, &id, &changed), 1);
	assert_true(id == ids[1] && changed);
	/* Looked at out of turn. */
	assert_int_equal(store_due_set(store, ids[2], LATER), 0);
	assert_int_equal(store_due_set(store, ids[1], LATER), 0);
	assert_int_equal(next(TODAY), ids[3]);
	assert_int_equal(store_due_set(store, ids[3], LATER), 0);
	/* Taken back. */
	assert_int_equal(store_savepoint(store), 0);
	assert_int_equal(next(TODAY), ids[4]);
	assert_int_equal(store_due_set(store, ids[4], LATER), 0);
	assert_int_equal(next(TODAY), ids[6]);
	store_rollback_savepoint(store);
	assert_int_equal(next(TODAY), ids[4]);
	assert_int_equal(store_due_set(store, ids[4], LATER), 0);
	/* Again on the day itself: he is still the first. */
	assert_int_equal(store_due_set(store, ids[6], TODAY), 0);
	assert_int_equal(next(TODAY), ids[6]);
	assert_int_equal(store_due_set(store, ids[6], LATER), 0);
	for (int i = 7; i < SOME; i++) {
		assert_int_equal(store_due_next(store, TODAY, &id, &changed), 1);
		assert_true(id == ids[i] && !changed);
		assert_int_equal(store_due_set(store, id, LATER), 0);
	}
	assert_int_equal(next(TODAY), 0);
	assert_int_equal(next(TODAY + 1), ids[5]);
}

/* How far the looking has come is written down now and then: after a rollback to the beginning of the transaction too nobody is left out. */
static void test_many(void **state)
{
	(void)state;
	for (int i = 0; i < MANY; i++)
		(void)come("C%04d", i);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(store_begin(store, 0), 0);
	for (int i = 0; i < MANY - 1; i++) {
		int64_t id = next(TODAY);
		assert_int_equal(id, i + 1);
		assert_int_equal(store_due_set(store, id, LATER), 0);
	}
	store_rollback(store);
	assert_int_equal(store_begin(store, 0), 0);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(next(TODAY), i + 1);
		assert_int_equal(store_due_set(store, i + 1, LATER), 0);
	}
	assert_int_equal(next(TODAY), 0);
}

/* How far the looking came in what was taken back is not written down: the number of a client who was passed then is the next one's. */
static void test_many_taken_back(void **state)
{
	(void)state;
	for (int i = 0; i < MANY; i++)
		assert_int_equal(store_due_mark(store, come("C%04d", i), LOOK_AT_ONCE, false), 0);
	for (int64_t id = MANY; id > 0; id--)
		assert_int_equal(store_due_set(store, id, LATER), 0);
	assert_int_equal(store_savepoint(store), 0);
	int64_t gone = come("C%04d", MANY);
	assert_int_equal(store_due_mark(store, gone, LOOK_AT_ONCE, false), 0);
	assert_int_equal(store_due_set(store, gone, LATER), 0);
	assert_int_equal(next(TODAY), 0);
	store_rollback_savepoint(store);
	assert_int_equal(come("D%04d", MANY), gone);
	assert_int_equal(store_due_set(store, 1, LATER), 0);
	assert_int_equal(next(TODAY), gone);
}

/* A row that comes behind a new one is taken for new as well: it is none, and changes what it should. */
static void test_known_behind_new(void **state)
{
	struct client_fact fact = {.client_ref = "C1"};
	struct client client;
	int64_t id = 0;

	(void)state;
	int64_t first = come("C%d", 1);
	(void)come("C%d", 2);
	fact.present[CLIENT_NAME] = fact.present[CLIENT_TIER] = true;
	fact.values[CLIENT_NAME] = "x";
	fact.values[CLIENT_TIER] = "gold";
	assert_int_equal(store_client_put(store, &fact, 10, &id), 1);
	assert_int_equal(id, first);
	assert_int_equal(store_client_load(store, first, &client), 0);
	assert_string_equal(client.tier, "gold");
	(void)come("C%d", 3);
	assert_int_equal(store_client_put(store, &fact, 10, &id), 0);
}

/* Whoever waits for the common day has no day of his own: all of them come when it has, in their order and behind the others, once each, and whoever is marked meanwhile before his turn. */
static void test_common_day(void **state)
{
	enum { SOME = 100, FESTIVAL = TODAY + 5, NEXT_FESTIVAL = TODAY + 90 };
	day_t next_on;
	int64_t id;
	bool changed;

	(void)state;
	assert_int_equal(store_due_set_common(store, FESTIVAL), 0);
	for (int i = 1; i <= SOME; i++) {
		assert_int_equal(come("C%03d", i), i);
		assert_int_equal(next(TODAY), i);
		assert_int_equal(store_due_set(store, i, i % 10 == 0 ? FESTIVAL + 1 : FESTIVAL), 0);
	}
	assert_int_equal(next(FESTIVAL), 0);
	assert_int_equal(store_due_keep(store), 0);
	assert_int_equal(store_due_get(store, 9, &next_on), 0);
	assert_int_equal(next_on, FESTIVAL);
	/* A day before that is his own; one behind it is not waited for. */
	assert_int_equal(store_due_mark(store, 8, TODAY + 1, false), 0);
	assert_int_equal(store_due_mark(store, 9, NEXT_FESTIVAL, false), 0);
	assert_int_equal(next(TODAY), 0);
	assert_int_equal(next(TODAY + 1), 8);
	assert_int_equal(store_due_set(store, 8, FESTIVAL), 0);
	assert_int_equal(store_due_get(store, 9, &next_on), 0);
	assert_int_equal(next_on, FESTIVAL);
	assert_int_equal(next(FESTIVAL), 9);
	assert_int_equal(store_due_set(store, 9, FESTIVAL), 0);
	assert_int_equal(next(FESTIVAL - 1), 0);

	/* It has come. */
	assert_int_equal(store_due_set_common(store, NEXT_FESTIVAL), 0);
	assert_int_equal(store_due_mark(store, 77, FESTIVAL, true), 0);
	assert_int_equal(store_due_next(store, FESTIVAL, &id, &changed), 1);
	assert_true(id == 77 && changed);
	assert_int_equal(store_due_set(store, 77, NEXT_FESTIVAL), 0);
	for (int i = 1; i <= SOME; i++) {
		if (i % 10 == 0)
			continue;
		if (i == 50 + 1) {
			/* Out of turn, behind him and before him, and taken back. */
			assert_int_equal(store_due_mark(store, 20, LOOK_AT_ONCE, false), 0);
			assert_int_equal(next(FESTIVAL), 20);
			assert_int_equal(store_due_set(store, 20, NEXT_FESTIVAL), 0);
			assert_int_equal(store_due_mark(store, 60, LOOK_AT_ONCE, false), 0);
			assert_int_equal(next(FESTIVAL), 60);
			assert_int_equal(store_due_set(store, 60, FESTIVAL + 1), 0);
			assert_int_equal(store_due_keep(store), 0);
			assert_int_equal(store_savepoint(store), 0);
			assert_int_equal(store_due_set(store, next(FESTIVAL), NEXT_FESTIVAL), 0);
			assert_int_equal(next(FESTIVAL), i + 1);
			store_rollback_savepoint(store);
		}
		assert_int_equal(store_due_next(store, FESTIVAL, &id, &changed), 1);
		assert_true(id == i && !changed);
		assert_int_equal(store_due_set(store, i, i % 7 == 0 ? FESTIVAL + 1 : NEXT_FESTIVAL), 0);
	}
	assert_int_equal(next(FESTIVAL), 0);
	assert_int_equal(come("D%d", 1), SOME + 1);
	assert_int_equal(next(FESTIVAL), SOME + 1);
	assert_int_equal(store_due_set(store, SOME + 1, NEXT_FESTIVAL), 0);

	/* The day behind it: those who had it, and nobody else. */
	for (int i = 1; i <= SOME; i++)
		if (i != 20 && (i % 10 == 0 || i % 7 == 0)) {
			assert_int_equal(next(FESTIVAL + 1), i);
			assert_int_equal(store_due_set(store, i, NEXT_FESTIVAL), 0);
		}
	assert_int_equal(next(NEXT_FESTIVAL), 0);

	/* Nothing happens when it is set to what it is. */
	assert_int_equal(store_due_set_common(store, NEXT_FESTIVAL), 0);
	assert_int_equal(next(NEXT_FESTIVAL), 0);
	/* The same after whatever has been remembered is forgotten. */
	assert_int_equal(store_due_keep(store), 0);
	assert_int_equal(store_savepoint(store), 0);
	store_rollback_savepoint(store);
	assert_int_equal(next(NEXT_FESTIVAL), 0);
	assert_int_equal(store_due_set_common(store, INT32_MAX), 0);
	assert_int_equal(next(TODAY), 1);
}

/* Where nearly everybody has a day of his own the others are sought a piece at a time; and one who was passed long ago does not have all behind him looked at again. */
static void test_few_without_day(void **state)
{
	int64_t id;
	bool changed;

	(void)state;
	for (int i = 1; i <= MANY; i++) {
		assert_int_equal(come("C%04d", i), i);
		assert_int_equal(next(TODAY), i);
		assert_int_equal(store_due_set(store, i, i == MANY - 1 ? INT32_MAX : LATER), 0);
	}
	assert_int_equal(next(TODAY), 0);
	assert_int_equal(store_due_set_common(store, TODAY + 90), 0);
	assert_int_equal(store_due_next(store, TODAY, &id, &changed), DUE_NOT_YET);
	assert_int_equal(store_due_next(store, TODAY, &id, &changed), DUE_NOT_YET);
	assert_int_equal(store_due_next(store, TODAY, &id, &changed), 1);
	assert_int_equal(id, MANY - 1);
	assert_int_equal(store_due_set(store, id, TODAY + 90), 0);
	assert_int_equal(next(TODAY), 0);
	for (int i = MANY + 1; i <= MANY + 3; i++) {
		assert_int_equal(store_due_mark(store, come("C%04d", i), LOOK_AT_ONCE, false), 0);
		assert_int_equal(store_due_set(store, next(TODAY), TODAY + 90), 0);
	}
	assert_int_equal(store_due_mark(store, MANY - 1, LOOK_AT_ONCE, false), 0);
	assert_int_equal(store_due_set(store, next(TODAY), TODAY + 90), 0);
	assert_int_equal(next(TODAY), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, begin, end),
		cmocka_unit_test_setup_teardown(test_rollback, begin, end),
		cmocka_unit_test_setup_teardown(test_meanwhile, begin, end),
		cmocka_unit_test_setup_teardown(test_many, begin, end),
		cmocka_unit_test_setup_teardown(test_many_taken_back, begin, end),
		cmocka_unit_test_setup_teardown(test_common_day, begin, end),
		cmocka_unit_test_setup_teardown(test_few_without_day, begin, end),
		cmocka_unit_test_setup_teardown(test_known_behind_new, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
