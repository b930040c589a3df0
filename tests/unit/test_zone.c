/* test_zone.c - clock readings to local days and back. */
#include "table.h"

#include <stdlib.h>
#include <time.h>

#include "followup/zone.h"

enum { HOUR = 3600, DAY = 86400 };

static void test_names(void **state)
{
	static const char *const wrong[] = {
		"",
		"/etc/localtime",
		"/usr/share/zoneinfo/UTC",
		"../zoneinfo/UTC",
		"Asia/../UTC",
		"Asia",
		"No/Where",
		":UTC",
		"tzdata.zi",
		"CST-8",
	};

	(void)state;
	assert_int_equal(zone_set("Asia/Shanghai"), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (zone_set(wrong[i]) != ERR_INVALID)
			fail_msg("\"%s\" was taken for a zone", wrong[i]);
	}
	assert_int_equal(zone_set(NULL), ERR_INVALID);
	/* A refused name changes nothing. */
	assert_int_equal(zone_moment(0).second, 8 * HOUR);
}

static void test_missing_zone_data(void **state)
{
	(void)state;
	assert_int_equal(setenv("TZDIR", "/nonexistent", 1), 0);
	assert_int_equal(zone_set("Asia/Shanghai"), ERR_INVALID);
	assert_int_equal(unsetenv("TZDIR"), 0);
	assert_int_equal(zone_set("Asia/Shanghai"), 0);
}

static void test_known_moments(void **state)
{
	static const struct {
		const char *zone;
		int64_t unix_seconds;
		const char *day;
		int32_t second;
	} cases[] = {
		{"Asia/Shanghai", 1735660799, "2024-12-31", 86399},
		{"Asia/Shanghai", 1735660800, "2025-01-01", 0},
		{"UTC", 1735660800, "2024-12-31", 16 * HOUR},
		{"UTC", -1, "1969-12-31", 86399},
		{"America/New_York", 1741503599, "2025-03-09", 2 * HOUR - 1},
		{"America/New_York", 1741503600, "2025-03-09", 3 * HOUR},
		{"Asia/Kolkata", 0, "1970-01-01", 5 * HOUR + 1800},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(zone_set(cases[i].zone), 0);
		struct moment moment = zone_moment(cases[i].unix_seconds);

		assert_int_equal(moment.unix_seconds, cases[i].unix_seconds);
		table_expect_day(cases[i].zone, "day", moment.day, table_day("case", cases[i].day));
		assert_int_equal(moment.second, cases[i].second);
	}
}

static int64_t local_of(struct moment moment)
{
	return (int64_t)moment.day * DAY + moment.second;
}

/* What the C library says, without any cache. */
static int64_t library_local(int64_t unix_seconds)
{
	time_t time = (time_t)unix_seconds;
	struct tm local;

	assert_non_null(localtime_r(&time, &local));
	return (int64_t)date_to_day(local.tm_year + 1900, local.tm_mon + 1, local.tm_mday) * DAY + local.tm_hour * HOUR +
	       local.tm_min * 60 + local.tm_sec;
}

static void check_moment(const char *zone, int64_t unix_seconds)
{
	struct moment moment = zone_moment(unix_seconds);

	if (local_of(moment) != library_local(unix_seconds))
		fail_msg("%s at %lld", zone, (long long)unix_seconds);

	/* Of the moments with this local time the first: no later than this one, the same on the clock, and a second earlier it was earlier. */
	int64_t first = zone_unix(moment.day, moment.second);
	if (first > unix_seconds || local_of(zone_moment(first)) != local_of(moment) ||
		local_of(zone_moment(first - 1)) >= local_of(moment))
		fail_msg("%s: %lld back to %lld", zone, (long long)unix_seconds, (long long)first);
}

/* Around every change of clocks, in steps that do not divide an hour, forwards, backwards and by leaps, so that each answer meets another's cache. */
static void test_changes_of_clocks(void **state)
{
	static const struct {
		const char *zone;
		int64_t around; /* some moment on the day of a change */
	} cases[] = {
		{"Asia/Shanghai", 515520000},                                           /* 1986-05-04, forward an hour */
		{"Asia/Shanghai", 527094000},                                           /* 1986-09-14, back */
		{"America/New_York", 1741503600},                                       /* 2025-03-09 */
		{"America/New_York", 1762063200},                                       /* 2025-11-02 */
		{"Australia/Lord_Howe", 1759591800},                                    /* half an hour */
		{"Australia/Lord_Howe", 1743865200}, {"America/Sao_Paulo", 1541300400}, /* 2018-11-04, forward at midnight */
		{"America/Sao_Paulo", 1550368800},                                      /* 2019-02-17, back at midnight */
		{"Pacific/Apia", 1325239200},                                           /* 2011-12-30 did not take place */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *zone = cases[i].zone;
		int64_t from = cases[i].around - 3 * DAY, until = cases[i].around + 3 * DAY;
		bool changes = false;

		assert_int_equal(zone_set(zone), 0);
		for (int64_t at = from; at < until; at += 587) {
			check_moment(zone, at);
			changes = changes || library_local(at) - at != library_local(from) - from;
		}
		/* A case without a change would show nothing. */
		if (!changes)
			fail_msg("%s: no change of clocks around %lld", zone, (long long)cases[i].around);
		for (int64_t at = until; at > from; at -= 641)
			check_moment(zone, at);
		for (int64_t step = 0; step < until - from; step += 3607)
			check_moment(zone, from + step * 7919 % (until - from));
	}
}

static void test_local_times_that_do_not_exist(void **state)
{
	(void)state;
	assert_int_equal(zone_set("America/New_York"), 0);
	day_t forward = date_to_day(2025, 3, 9), back = date_to_day(2025, 11, 2);
	assert_int_equal(zone_unix(forward, 2 * HOUR - 1), 1741503599);
	assert_int_equal(zone_unix(forward, 2 * HOUR), 1741503600);
	assert_int_equal(zone_unix(forward, 2 * HOUR + 1800), 1741503600);
	assert_int_equal(zone_unix(forward, 3 * HOUR), 1741503600);
	assert_int_equal(zone_unix(forward, 3 * HOUR + 1), 1741503601);
	/* 01:30 comes twice: the first. */
	assert_int_equal(zone_unix(back, HOUR + 1800), 1762061400);
	assert_int_equal(zone_unix(back, 2 * HOUR), 1762066800);

	/* Midnight itself is skipped: the day begins at 01:00. */
	assert_int_equal(zone_set("America/Sao_Paulo"), 0);
	assert_int_equal(zone_unix(date_to_day(2018, 11, 4), 0), 1541300400);
	assert_int_equal(zone_moment(1541300400).second, HOUR);

	/* A whole day is skipped. */
	assert_int_equal(zone_set("Pacific/Apia"), 0);
	assert_int_equal(zone_unix(date_to_day(2011, 12, 30), 0), 1325239200);
	assert_int_equal(zone_unix(date_to_day(2011, 12, 30), 12 * HOUR), 1325239200);
	assert_int_equal(zone_moment(1325239200).day, date_to_day(2011, 12, 31));

	assert_int_equal(zone_set("Asia/Shanghai"), 0);
	assert_int_equal(zone_unix(date_to_day(2025, 1, 1), 0), 1735660800);
	assert_int_equal(zone_unix(NO_DAY, 0), INT64_MIN);
	assert_int_equal(zone_unix(INT32_MAX, 0), INT64_MAX);
}

static void test_extreme_readings(void **state)
{
	(void)state;
	assert_int_equal(zone_set("Asia/Shanghai"), 0);
	assert_true(date_of_day(zone_moment(INT64_MAX).day).year == 9999);
	assert_true(date_of_day(zone_moment(INT64_MIN).day).year == 1600);
	assert_in_range(zone_moment(INT64_MAX).second, 0, DAY - 1);
	assert_in_range(zone_moment(INT64_MIN).second, 0, DAY - 1);
}

static void test_times_in_files(void **state)
{
	static const struct {
		const char *text;
		const char *day; /* local; NULL: refused */
		int32_t second;
	} cases[] = {
		{"2025-03-01", "2025-03-01", 0},
		{"2025-03-01T09:30", "2025-03-01", 34200},
		{"2025-03-01 09:30", "2025-03-01", 34200},
		{"2025-03-01T09:30:15", "2025-03-01", 34215},
		{"2025-03-01T09:30:15.999", "2025-03-01", 34215},
		{"2025-03-01T23:59:59.123456789012", "2025-03-01", 86399},
		{"2025-03-01T00:00Z", "2025-03-01", 28800},
		{"2025-03-01T20:00:00Z", "2025-03-02", 14400},
		{"2025-03-01T00:00+08:00", "2025-03-01", 0},
		{"2025-03-01T00:00+0900", "2025-02-28", 82800},
		{"2025-03-01T00:00:00.5+09", "2025-02-28", 82800},
		{"2025-03-01 00:00-05:30", "2025-03-01", 48600},
		{"2025-03-01T00:00-00:00", "2025-03-01", 28800},
		{"", NULL, 0},
		{"2025-03-0", NULL, 0},
		{"2025-02-29", NULL, 0},
		{"2025-03-01T", NULL, 0},
		{"2025-03-01 ", NULL, 0},
		{"2025-03-01Z", NULL, 0},
		{"2025-03-01+08:00", NULL, 0},
		{"2025-03-01t09:30", NULL, 0},
		{"2025-03-01T09", NULL, 0},
		{"2025-03-01T9:30", NULL, 0},
		{"2025-03-01T24:00", NULL, 0},
		{"2025-03-01T09:60", NULL, 0},
		{"2025-03-01T09:30:60", NULL, 0},
		{"2025-03-01T09:30:", NULL, 0},
		{"2025-03-01T09:30:15.", NULL, 0},
		{"2025-03-01T09:30.5", NULL, 0},
		{"2025-03-01T09:30:15,5", NULL, 0},
		{"2025-03-01T09:30z", NULL, 0},
		{"2025-03-01T09:30ZZ", NULL, 0},
		{"2025-03-01T09:30+", NULL, 0},
		{"2025-03-01T09:30+8", NULL, 0},
		{"2025-03-01T09:30+08:", NULL, 0},
		{"2025-03-01T09:30+080", NULL, 0},
		{"2025-03-01T09:30+08:000", NULL, 0},
		{"2025-03-01T09:30+24:00", NULL, 0},
		{"2025-03-01T09:30 +08:00", NULL, 0},
		{"2025-03-01  09:30", NULL, 0},
		{"20250301T093000", NULL, 0},
	};

	(void)state;
	assert_int_equal(zone_set("Asia/Shanghai"), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t seconds = -4711;
		int result = zone_parse_time(cases[i].text, strlen(cases[i].text), &seconds);

		if (result != (cases[i].day == NULL ? ERR_SYNTAX : 0))
			fail_msg("\"%s\": %d", cases[i].text, result);
		if (cases[i].day == NULL)
			assert_int_equal(seconds, -4711);
		else if (seconds != (int64_t)table_day("case", cases[i].day) * DAY + cases[i].second)
			fail_msg("\"%s\" is %lld", cases[i].text, (long long)seconds);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_missing_zone_data),
		cmocka_unit_test(test_known_moments),
		cmocka_unit_test(test_changes_of_clocks),
		cmocka_unit_test(test_local_times_that_do_not_exist),
		cmocka_unit_test(test_extreme_readings),
		cmocka_unit_test(test_times_in_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
