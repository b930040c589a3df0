/* test_date.c - calendar days as numbers. */
#include "table.h"

static void test_every_day_there_and_back(void **state)
{
	day_t expected = date_to_day(1600, 1, 1);
	int weekday = 6; /* 1600-01-01 was a Saturday */

	(void)state;
	for (int year = 1600; year <= 9999; year++) {
		for (int month = 1; month <= 12; month++) {
			for (int day = 1; day <= date_days_in_month(year, month); day++) {
				struct date date = date_of_day(expected);

				if (date_to_day(year, month, day) != expected || date.year != year || date.month != month ||
					date.day != day || date_weekday(expected) != weekday)
					fail_msg("%04d-%02d-%02d", year, month, day);
				expected++;
				weekday = weekday % 7 + 1;
			}
		}
	}
	assert_int_equal(expected, date_to_day(9999, 12, 31) + 1);
}

static void test_known_days(void **state)
{
	static const struct {
		int year, month, day;
		day_t number;
		int weekday;
	} cases[] = {
		{1970, 1, 1, 0, 4},
		{1969, 12, 31, -1, 3},
		{2000, 2, 29, 11016, 2},
		{2024, 2, 9, 19762, 5},
		{2025, 1, 1, 20089, 3},
		{1900, 3, 1, -25508, 4},
		{2100, 12, 31, 47846, 5},
		{1600, 1, 1, -135140, 6},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(date_to_day(cases[i].year, cases[i].month, cases[i].day), cases[i].number);
		assert_int_equal(date_weekday(cases[i].number), cases[i].weekday);
	}
}

static void test_days_that_do_not_exist(void **state)
{
	(void)state;
	assert_int_equal(date_to_day(2023, 2, 29), NO_DAY);
	assert_int_equal(date_to_day(1900, 2, 29), NO_DAY);
	assert_int_equal(date_to_day(2025, 4, 31), NO_DAY);
	assert_int_equal(date_to_day(2025, 0, 1), NO_DAY);
	assert_int_equal(date_to_day(2025, 13, 1), NO_DAY);
	assert_int_equal(date_to_day(2025, 1, 0), NO_DAY);
	assert_int_equal(date_to_day(1599, 12, 31), NO_DAY);
	assert_int_equal(date_to_day(10000, 1, 1), NO_DAY);
	assert_int_equal(date_of_day(NO_DAY).year, 0);
	assert_int_equal(date_of_day(INT32_MAX).year, 0);
	assert_true(date_is_leap_year(2000));
	assert_false(date_is_leap_year(2100));
	assert_int_equal(date_days_in_month(2024, 2), 29);
	assert_int_equal(date_days_in_month(2024, 13), 0);
}

static void test_parse_takes_one_spelling(void **state)
{
	static const char *const wrong[] = {
		"",
		"2025-1-01",
		"2025-01-1",
		"25-01-01",
		"2025/01/01",
		"2025-01-01 ",
		" 2025-01-01",
		"2025-01-32",
		"2025-02-29",
		"2025-00-10",
		"+025-01-01",
		"2025-0x-01",
		"2025-01-01T00:00",
		"20250101",
		"0000-01-01",
		"2025-01--1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (date_parse(wrong[i], strlen(wrong[i])) != NO_DAY)
			fail_msg("\"%s\" was taken for a day", wrong[i]);
	}
	assert_int_equal(date_parse("2025-01-01", 10), 20089);
	assert_int_equal(date_parse("2025-01-01", 9), NO_DAY);
	assert_int_equal(date_parse(NULL, 0), NO_DAY);
}

static void test_format(void **state)
{
	char text[DATE_TEXT_SIZE];

	(void)state;
	assert_string_equal(date_format(date_to_day(2025, 1, 2), text), "2025-01-02");
	assert_string_equal(date_format(date_to_day(9999, 12, 31), text), "9999-12-31");
	assert_string_equal(date_format(date_to_day(1600, 1, 1), text), "1600-01-01");
	assert_string_equal(date_format(NO_DAY, text), "");
	assert_string_equal(date_format(INT32_MAX, text), "");
}

static void test_add_months_leaves_the_known_years(void **state)
{
	(void)state;
	assert_int_equal(date_add_months(date_to_day(9999, 12, 31), 1), NO_DAY);
	assert_int_equal(date_add_months(date_to_day(1600, 1, 1), -1), NO_DAY);
	assert_int_equal(date_add_months(date_to_day(2025, 1, 1), INT32_MAX), NO_DAY);
	assert_int_equal(date_add_months(date_to_day(2025, 1, 1), INT32_MIN), NO_DAY);
	assert_int_equal(date_add_months(NO_DAY, 1), NO_DAY);
}

static void test_quarters(void **state)
{
	static const struct {
		const char *day, *start, *end;
	} cases[] = {
		{"2025-01-01", "2025-01-01", "2025-03-31"},
		{"2025-03-31", "2025-01-01", "2025-03-31"},
		{"2025-04-01", "2025-04-01", "2025-06-30"},
		{"2024-02-29", "2024-01-01", "2024-03-31"},
		{"2025-08-15", "2025-07-01", "2025-09-30"},
		{"2025-12-31", "2025-10-01", "2025-12-31"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		day_t day = table_day("case", cases[i].day);

		table_expect_day(cases[i].day, "start", date_quarter_start(day), table_day("case", cases[i].start));
		table_expect_day(cases[i].day, "end", date_quarter_end(day), table_day("case", cases[i].end));
	}
	assert_int_equal(date_quarter_start(NO_DAY), NO_DAY);
	assert_int_equal(date_quarter_end(NO_DAY), NO_DAY);
}

static void test_seconds(void **state)
{
	static const struct {
		int64_t seconds;
		day_t day;
		int32_t second;
	} cases[] = {{0, 0, 0}, {86399, 0, 86399}, {86400, 1, 0}, {-1, -1, 86399}, {-86400, -1, 0}, {-86401, -2, 86399}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(date_of_seconds(cases[i].seconds), cases[i].day);
		assert_int_equal(date_second_of_day(cases[i].seconds), cases[i].second);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_every_day_there_and_back),
		cmocka_unit_test(test_known_days),
		cmocka_unit_test(test_days_that_do_not_exist),
		cmocka_unit_test(test_parse_takes_one_spelling),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_add_months_leaves_the_known_years),
		cmocka_unit_test(test_quarters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
