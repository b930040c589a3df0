/* test_lunar.c - the lunar table, birthdays and festivals. */
#include "table.h"

#include "followup/occasion_day.h"

static void check_birthday(const char *where, char **fields, void *context)
{
	enum birthday_calendar calendar = strcmp(fields[0], "solar") == 0   ? BIRTHDAY_SOLAR
					  : strcmp(fields[0], "lunar") == 0 ? BIRTHDAY_LUNAR
									    : BIRTHDAY_LUNAR_LEAP;
	struct birthday birthday;
	int year = 0;

	if (!birthday_parse(fields[1], strlen(fields[1]), calendar, &birthday) || sscanf(fields[3], "%d", &year) != 1)
		fail_msg("%s: not a case", where);
	table_expect_day(
		where, "birthday", birthday_in_year(&birthday, year, strcmp(fields[2], "mar1") == 0, context), table_day(where, fields[4]));
}

static void test_birthdays(void **state)
{
	struct shipped shipped;

	(void)state;
	shipped_load(&shipped);
	table_read("tests/rules/birthdays.csv", 5, check_birthday, shipped.lunar);
	assert_int_equal(birthday_in_year(&(struct birthday){0}, 2025, false, shipped.lunar), NO_DAY);
	shipped_free(&shipped);
}

static void check_festival(const char *where, char **fields, void *context)
{
	enum festival_basis basis = strcmp(fields[0], "solar") == 0 ? FESTIVAL_SOLAR : FESTIVAL_LUNAR;
	int month = 0, day = 0, year = 0;

	if (sscanf(fields[1], "%d-%d", &month, &day) != 2 || sscanf(fields[2], "%d", &year) != 1)
		fail_msg("%s: not a case", where);
	table_expect_day(where, "festival", festival_in_year(basis, month, day, year, context), table_day(where, fields[3]));
}

static void test_festivals(void **state)
{
	struct shipped shipped;

	(void)state;
	shipped_load(&shipped);
	table_read("tests/rules/festivals.csv", 4, check_festival, shipped.lunar);
	shipped_free(&shipped);
}

static void test_leap_months(void **state)
{
	static const struct {
		int year, month;
	} leaps[] = {{2020, 4}, {2023, 2}, {2025, 6}, {2028, 5}, {2031, 3}, {2033, 11}};
	struct shipped shipped;

	(void)state;
	shipped_load(&shipped);
	for (int year = 2020; year <= 2033; year++) {
		for (int month = 1; month <= 12; month++) {
			bool expected = false;
			day_t ordinary = lunar_to_day(shipped.lunar, year, month, 1, false);
			day_t leap = lunar_to_day(shipped.lunar, year, month, 1, true);

			for (size_t i = 0; i < sizeof(leaps) / sizeof(leaps[0]); i++)
				expected = expected || (leaps[i].year == year && leaps[i].month == month);
			if ((leap != ordinary) != expected)
				fail_msg("leap month %d of %d", month, year);
			/* The leap month is the one right after. */
			if (expected)
				assert_in_range(leap - ordinary, 29, 30);
		}
	}
	shipped_free(&shipped);
}

static void test_short_twelfth_months(void **state)
{
	struct shipped shipped;

	(void)state;
	shipped_load(&shipped);
	for (int year = 2020; year <= 2032; year++) {
		bool is_short = year == 2021 || (year >= 2024 && year <= 2028) || year == 2030 || year == 2031;
		day_t thirtieth = lunar_to_day(shipped.lunar, year, 12, 30, false);
		day_t last_but_one = lunar_to_day(shipped.lunar, year, 12, 29, false);

		if ((thirtieth == last_but_one) != is_short)
			fail_msg("the twelfth month of %d", year);
		/* Either way it is New Year's Eve. */
		table_expect_day("eve", "30th of the twelfth month", thirtieth, lunar_year_end(shipped.lunar, year));
	}
	shipped_free(&shipped);
}

/* How many times the eighth of the twelfth month comes in each Gregorian year. */
static void test_laba_twice_and_never(void **state)
{
	struct shipped shipped;
	int times[3] = {0, 0, 0}; /* 2022, 2023, 2024 */

	(void)state;
	shipped_load(&shipped);
	for (int lunar_year = 2020; lunar_year <= 2025; lunar_year++) {
		int year = date_of_day(lunar_to_day(shipped.lunar, lunar_year, 12, 8, false)).year;

		if (year >= 2022 && year <= 2024)
			times[year - 2022]++;
	}
	assert_int_equal(times[0], 2);
	assert_int_equal(times[1], 0);
	assert_int_equal(times[2], 1);
	shipped_free(&shipped);
}

static void test_every_day_has_its_year(void **state)
{
	struct shipped shipped;

	(void)state;
	shipped_load(&shipped);
	assert_int_equal(lunar_first_year(shipped.lunar), 1949);
	assert_int_equal(lunar_last_year(shipped.lunar), 2100);
	for (int year = 1949; year <= 2100; year++) {
		day_t first = lunar_to_day(shipped.lunar, year, 1, 1, false), last = lunar_year_end(shipped.lunar, year);

		assert_true(last - first + 1 >= 353 && last - first + 1 <= 385);
		for (day_t day = first; day <= last; day++)
			assert_int_equal(lunar_year_of(shipped.lunar, day), year);
	}
	assert_int_equal(lunar_year_of(shipped.lunar, date_to_day(1949, 1, 28)), 0);
	assert_int_equal(lunar_year_of(shipped.lunar, lunar_year_end(shipped.lunar, 2100) + 1), 0);
	assert_int_equal(lunar_year_of(shipped.lunar, NO_DAY), 0);
	assert_int_equal(lunar_year_end(shipped.lunar, 2101), NO_DAY);
	assert_int_equal(lunar_to_day(shipped.lunar, 2025, 0, 1, false), NO_DAY);
	assert_int_equal(lunar_to_day(shipped.lunar, 2025, 13, 1, false), NO_DAY);
	assert_int_equal(lunar_to_day(shipped.lunar, 2025, 1, 31, false), NO_DAY);
	assert_int_equal(lunar_to_day(shipped.lunar, 2025, 1, 0, false), NO_DAY);
	shipped_free(&shipped);
}

static void test_rows_that_do_not_fit(void **state)
{
	static const int lengths[13] = {29, 30, 30, 29, 30, 29, 30, 29, 30, 29, 30, 29, 30};
	static const int wrong_lengths[13] = {31, 30, 30, 29, 30, 29, 30, 29, 30, 29, 30, 29, 30};
	struct lunar *lunar = lunar_new();
	day_t new_year = date_to_day(2024, 2, 10);

	(void)state;
	assert_non_null(lunar);
	assert_int_equal(lunar_first_year(lunar), 0);
	assert_int_equal(lunar_year_of(lunar, new_year), 0);
	assert_int_equal(lunar_add_year(lunar, 2023, new_year, 0, lengths, 12), ERR_INVALID);
	assert_int_equal(lunar_add_year(lunar, 2024, NO_DAY, 0, lengths, 12), ERR_INVALID);
	assert_int_equal(lunar_add_year(lunar, 2024, date_to_day(2024, 3, 1), 0, lengths, 12), ERR_INVALID);
	assert_int_equal(lunar_add_year(lunar, 2023, date_to_day(2023, 12, 22), 2, lengths, 13), ERR_INVALID);
	assert_int_equal(lunar_add_year(lunar, 9999, date_to_day(9999, 2, 5), 0, lengths, 12), ERR_INVALID);
	assert_int_equal(lunar_add_year(lunar, 2024, new_year, 0, lengths, 13), ERR_INVALID);
	assert_int_equal(lunar_add_year(lunar, 2024, new_year, 3, lengths, 12), ERR_INVALID);
	assert_int_equal(lunar_add_year(lunar, 2024, new_year, 13, lengths, 13), ERR_INVALID);
	assert_int_equal(lunar_add_year(lunar, 2024, new_year, 0, wrong_lengths, 12), ERR_INVALID);
	assert_int_equal(lunar_last_year(lunar), 0);
	assert_int_equal(lunar_add_year(lunar, 2024, new_year, 0, lengths, 12), 0);
	assert_int_equal(lunar_add_year(lunar, 2024, new_year, 0, lengths, 12), ERR_INVALID);
	assert_int_equal(lunar_add_year(lunar, 2025, new_year + 355, 0, lengths, 12), ERR_INVALID);
	assert_int_equal(lunar_add_year(lunar, 2025, new_year + 354, 6, lengths, 13), 0);
	assert_int_equal(lunar_last_year(lunar), 2025);
	lunar_free(lunar);
	lunar_free(NULL);
}

static void test_birthday_spellings(void **state)
{
	static const struct {
		const char *text;
		enum birthday_calendar calendar;
		bool good;
	} cases[] = {
		{"1980-02-29", BIRTHDAY_SOLAR, true},
		{"1981-02-29", BIRTHDAY_SOLAR, false},
		{"02-29", BIRTHDAY_SOLAR, true},
		{"02-30", BIRTHDAY_SOLAR, false},
		{"02-30", BIRTHDAY_LUNAR, true},
		{"1981-02-30", BIRTHDAY_LUNAR_LEAP, true},
		{"12-31", BIRTHDAY_SOLAR, true},
		{"12-31", BIRTHDAY_LUNAR, false},
		{"13-01", BIRTHDAY_LUNAR, false},
		{"00-01", BIRTHDAY_LUNAR, false},
		{"01-00", BIRTHDAY_LUNAR, false},
		{"01-00", BIRTHDAY_SOLAR, false},
		{"1-1", BIRTHDAY_SOLAR, false},
		{"", BIRTHDAY_SOLAR, false},
		{"01/01", BIRTHDAY_SOLAR, false},
		{"1980/01-01", BIRTHDAY_SOLAR, false},
		{"198x-01-01", BIRTHDAY_LUNAR, false},
		{"1980-01-011", BIRTHDAY_SOLAR, false},
		{"01-0a", BIRTHDAY_LUNAR, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct birthday birthday = {.month = -1};

		if (birthday_parse(cases[i].text, strlen(cases[i].text), cases[i].calendar, &birthday) != cases[i].good)
			fail_msg("\"%s\"", cases[i].text);
		assert_true(cases[i].good == (birthday.month != -1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_birthdays),
		cmocka_unit_test(test_festivals),
		cmocka_unit_test(test_leap_months),
		cmocka_unit_test(test_short_twelfth_months),
		cmocka_unit_test(test_laba_twice_and_never),
		cmocka_unit_test(test_every_day_has_its_year),
		cmocka_unit_test(test_rows_that_do_not_fit),
		cmocka_unit_test(test_birthday_spellings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
