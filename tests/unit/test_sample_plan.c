/* test_sample_plan.c - the arithmetic of the yearly sample: how many, on which day, and whether the year will make it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "followup/sample_plan.h"

static void test_wanted(void **state)
{
	static const struct {
		int64_t book;
		int share;
		int64_t wanted;
	} rows[] = {{0, 10, 0}, {1, 10, 1}, {10, 10, 1}, {11, 10, 2}, {487, 10, 49}, {500, 10, 50}, {500, 100, 500}, {3, 1, 1},
		{10000000, 10, 1000000}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(sample_wanted(rows[i].book, rows[i].share), rows[i].wanted);
}

/* Evenly: no day has two more than another, the days ascend, the first is the first. */
static void test_days(void **state)
{
	static const struct {
		int64_t count, days;
	} rows[] = {{1, 1}, {1, 248}, {49, 248}, {248, 248}, {249, 248}, {5000, 248}, {7, 3}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t on_day[248] = {0}, least = rows[i].count, most = 0, former = 0;
		for (int64_t place = 0; place < rows[i].count; place++) {
			int64_t day = sample_day(place, rows[i].count, rows[i].days);
			assert_true(day >= former && day < rows[i].days);
			former = day;
			on_day[day]++;
		}
		for (int64_t day = 0; day < rows[i].days; day++) {
			least = on_day[day] < least ? on_day[day] : least;
			most = on_day[day] > most ? on_day[day] : most;
		}
		assert_true(on_day[0] > 0 && most - least <= 1);
	}
	assert_int_equal(sample_day(INT64_C(999999), INT64_C(1000000), 248), 247);
}

static void test_plans(void **state)
{
	static const struct {
		struct sample_plan plan;
		int64_t projected, missing;
	} rows[] = {
		{{.wanted = 50, .rounds = 5}, 0, 50}, /* the year begins */
		{{.wanted = 50, .pending = 50, .rounds = 5}, 50, 0},
		{{.wanted = 50, .lost = 1, .pending = 49, .rounds = 5}, 49, 1},                /* replaced, one for one */
		{{.wanted = 50, .reached = 10, .lost = 3, .pending = 40, .rounds = 3}, 50, 0}, /* there is time to replace those */
		{{.wanted = 50, .reached = 20, .lost = 20, .pending = 30, .rounds = 0}, 36,
			28}, /* half are lost, and none can be replaced later */
		{{.wanted = 50, .reached = 40, .lost = 0, .pending = 10, .rounds = 0}, 50, 0}, /* nobody was lost so far */
		{{.wanted = 50, .reached = 40, .lost = 0, .pending = 7, .rounds = 0}, 47, 3},
		{{.wanted = 50, .reached = 50, .lost = 9, .pending = 3, .rounds = 0}, 53, 0},
		{{.wanted = 50, .reached = 0, .lost = 30, .pending = 50, .rounds = 2}, 9, 0}, /* nobody calls */
		{{.wanted = 0, .rounds = 0}, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t projected = sample_projected(&rows[i].plan), missing = sample_missing(&rows[i].plan);
		if (projected != rows[i].projected || missing != rows[i].missing)
			fail_msg("row %zu: %lld projected, %lld missing", i, (long long)projected, (long long)missing);
	}
}

static void test_kept(void **state)
{
	(void)state;
	assert_int_equal(sample_kept(500, 10), 500);
	assert_int_equal(sample_kept(10000, 10), 3000);
	assert_int_equal(sample_kept(10000000, 10), 3000000);
	assert_int_equal(sample_kept(10000000, 50), 10000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wanted),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_plans),
		cmocka_unit_test(test_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
