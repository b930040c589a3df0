/* test_calendar.c - work days and trading days, those of the shipped notices and the arithmetic itself. */
#include "table.h"

static void test_days_of_each_year(void **state)
{
	static const struct {
		int year, worked, traded;
	} cases[] = {{2023, 249, 242}, {2024, 251, 242}, {2025, 248, 243}, {2026, 248, 242}};
	struct shipped shipped;

	(void)state;
	shipped_load(&shipped);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int worked = 0, traded = 0;

		for (day_t day = date_to_day(cases[i].year, 1, 1); day <= date_to_day(cases[i].year, 12, 31); day++) {
			worked += calendar_is_work_day(shipped.calendar, day);
			traded += calendar_is_trading_day(shipped.calendar, day);
			/* Nothing is traded on a day that is not worked. */
			assert_true(calendar_is_work_day(shipped.calendar, day) || !calendar_is_trading_day(shipped.calendar, day));
		}
		assert_int_equal(worked, cases[i].worked);
		assert_int_equal(traded, cases[i].traded);
		assert_true(calendar_has_year(shipped.calendar, cases[i].year));
	}
	assert_false(calendar_has_year(shipped.calendar, 2022));
	assert_false(calendar_has_year(shipped.calendar, 2027));
	table_expect_day("shipped", "reach", calendar_reach(shipped.calendar), date_to_day(2026, 12, 31));
	table_expect_day("shipped", "trading reach", calendar_trading_reach(shipped.calendar), date_to_day(2026, 12, 31));
	shipped_free(&shipped);
}

static void check_day(const char *where, char **fields, void *context)
{
	const struct calendar *calendar = context;
	day_t day = table_day(where, fields[0]);
	bool got[3] = {calendar_is_work_day(calendar, day), calendar_is_trading_day(calendar, day), calendar_is_make_up(calendar, day)};
	static const char *const names[3] = {"worked", "traded", "make-up"};

	for (int i = 0; i < 3; i++) {
		if (strcmp(fields[i + 1], got[i] ? "yes" : "no") != 0)
			fail_msg("%s: %s is %s", where, names[i], got[i] ? "yes" : "no");
	}
}

static void test_kinds_of_days(void **state)
{
	struct shipped shipped;

	(void)state;
	shipped_load(&shipped);
	table_read("tests/rules/workdays.csv", 4, check_day, shipped.calendar);
	shipped_free(&shipped);
}

static void test_steps_agree_with_a_count(void **state)
{
	struct shipped shipped;
	day_t start = date_to_day(2022, 12, 20), end = date_to_day(2027, 1, 10);

	(void)state;
	shipped_load(&shipped);
	for (day_t day = start; day <= end; day++) {
		for (int count = 1; count <= 6; count++) {
			int counted = 0;
			day_t later = calendar_add_work_days(shipped.calendar, day, count);
			day_t earlier = calendar_add_trading_days(shipped.calendar, day, -count);

			assert_true(calendar_is_work_day(shipped.calendar, later));
			for (day_t between = day + 1; between <= later; between++)
				counted += calendar_is_work_day(shipped.calendar, between);
			assert_int_equal(counted, count);

			counted = 0;
			assert_true(calendar_is_trading_day(shipped.calendar, earlier));
			for (day_t between = day - 1; between >= earlier; between--)
				counted += calendar_is_trading_day(shipped.calendar, between);
			assert_int_equal(counted, count);
		}
	}
	shipped_free(&shipped);
}

static void test_later_listing_wins(void **state)
{
	struct calendar *calendar = calendar_new();
	day_t friday = date_to_day(2025, 3, 14), sunday = date_to_day(2025, 3, 16);

	(void)state;
	assert_non_null(calendar);
	assert_int_equal(calendar_list_day(calendar, sunday, DAY_OFF), 0);
	assert_int_equal(calendar_list_day(calendar, sunday, DAY_MAKE_UP), 0);
	assert_true(calendar_is_work_day(calendar, sunday));
	assert_true(calendar_is_make_up(calendar, sunday));
	assert_false(calendar_is_trading_day(calendar, sunday));
	assert_int_equal(calendar_list_day(calendar, sunday, DAY_OFF), 0);
	assert_false(calendar_is_work_day(calendar, sunday));

	/* A day off taken back is an ordinary Friday, not a make-up weekend. */
	assert_int_equal(calendar_list_day(calendar, friday, DAY_OFF), 0);
	assert_int_equal(calendar_list_day(calendar, friday, DAY_MAKE_UP), 0);
	assert_true(calendar_is_work_day(calendar, friday));
	assert_true(calendar_is_trading_day(calendar, friday));
	assert_false(calendar_is_make_up(calendar, friday));

	/* A closure stays beside what the notice says, in either order. */
	assert_int_equal(calendar_list_day(calendar, friday, DAY_EXCHANGE_CLOSED), 0);
	assert_true(calendar_is_work_day(calendar, friday));
	assert_false(calendar_is_trading_day(calendar, friday));
	assert_int_equal(calendar_list_day(calendar, friday, DAY_MAKE_UP), 0);
	assert_false(calendar_is_trading_day(calendar, friday));

	assert_int_equal(calendar_list_day(calendar, NO_DAY, DAY_OFF), ERR_INVALID);
	assert_int_equal(calendar_list_day(calendar, friday, (enum day_kind)(DAY_OFF | DAY_MAKE_UP)), ERR_INVALID);
	assert_int_equal(calendar_list_day(calendar, friday, (enum day_kind)8), ERR_INVALID);
	calendar_free(calendar);
	calendar_free(NULL);
}

static void test_days_far_apart(void **state)
{
	static const int years[] = {2025, 1600, 9999, 2030};
	struct calendar *calendar = calendar_new();

	(void)state;
	assert_non_null(calendar);
	for (size_t i = 0; i < sizeof(years) / sizeof(years[0]); i++) {
		assert_int_equal(calendar_list_day(calendar, date_to_day(years[i], 12, 31), DAY_OFF), 0);
		for (size_t j = 0; j <= i; j++)
			assert_false(calendar_is_work_day(calendar, date_to_day(years[j], 12, 31)));
	}
	assert_int_equal(calendar_add_work_days(calendar, date_to_day(9999, 12, 30), 1), NO_DAY);
	assert_int_equal(calendar_add_work_days(calendar, date_to_day(1600, 1, 3), -1), NO_DAY);
	assert_int_equal(calendar_add_work_days(calendar, NO_DAY, 1), NO_DAY);
	assert_int_equal(calendar_add_trading_days(calendar, INT32_MAX, 0), NO_DAY);
	calendar_free(calendar);
}

static void test_reach_ends_at_the_first_gap(void **state)
{
	struct calendar *calendar = calendar_new();

	(void)state;
	assert_non_null(calendar);
	assert_int_equal(calendar_reach(calendar), NO_DAY);
	assert_int_equal(calendar_trading_reach(calendar), NO_DAY);
	assert_int_equal(calendar_list_year(calendar, 2026, true), 0);
	assert_int_equal(calendar_list_year(calendar, 2023, true), 0);
	assert_int_equal(calendar_list_year(calendar, 2024, false), 0);
	table_expect_day("gap at 2025", "reach", calendar_reach(calendar), date_to_day(2024, 12, 31));
	table_expect_day("2024 without closures", "trading reach", calendar_trading_reach(calendar), date_to_day(2023, 12, 31));
	assert_int_equal(calendar_list_year(calendar, 2024, true), 0);
	assert_int_equal(calendar_list_year(calendar, 2025, true), 0);
	/* What was known once stays known. */
	assert_int_equal(calendar_list_year(calendar, 2024, false), 0);
	table_expect_day("no gap", "trading reach", calendar_trading_reach(calendar), date_to_day(2026, 12, 31));
	assert_int_equal(calendar_list_year(calendar, 9999, true), 0);
	assert_int_equal(calendar_list_year(calendar, 10000, true), ERR_INVALID);
	assert_false(calendar_has_year(calendar, 10000));
	assert_false(calendar_has_year(calendar, -1));
	calendar_free(calendar);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days_of_each_year),
		cmocka_unit_test(test_kinds_of_days),
		cmocka_unit_test(test_steps_agree_with_a_count),
		cmocka_unit_test(test_later_listing_wins),
		cmocka_unit_test(test_days_far_apart),
		cmocka_unit_test(test_reach_ends_at_the_first_gap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
