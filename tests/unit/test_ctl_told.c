/* test_ctl_told.c - followupctl: times and days as agents type them, and the JSON that is made of their answers. Its sources are taken in here, because they are no part of the
 * library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../ctl/question.c"
#include "../../ctl/rows.c"
#include "../../ctl/told.c"

#define TODAY "2025-12-30"

static void test_times(void **state)
{
	static const struct {
		const char *typed, *time; /* NULL: no time */
	} cases[] = {
		{"15:30", "2025-12-30T15:30"},
		{"9:05", "2025-12-30T09:05"},
		{"12-31 10:00", "2025-12-31T10:00"},
		{"1-2 10:00", "2026-01-02T10:00"}, /* a day that has passed this year is next year's */
		{"12-30 00:00", "2025-12-30T00:00"},
		{"2026-01-05 10:00", "2026-01-05T10:00"},
		{"2026-01-05T10:00", "2026-01-05T10:00"},
		{"+1 10:00", "2025-12-31T10:00"},
		{"1-2   9:00", "2026-01-02T09:00"},
		{"24:00", NULL},
		{"15:60", NULL},
		{"-1:30", NULL},
		{"15", NULL},
		{"15:30h", NULL},
		{"tomorrow 10:00", NULL},
		{"2-30 10:00", NULL},
		{"2026-02-29 10:00", NULL},
		{"1-2", NULL},
		{"", NULL},
		{" ", NULL},
		{"2026-01-05 10:00:00", NULL},
		{"99999999999999999999 10:00", NULL},
	};
	day_t today = date_parse(TODAY, strlen(TODAY));

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char time[32] = "untouched";
		bool is_time = ctl_told_time(cases[i].typed, today, time);
		if (is_time != (cases[i].time != NULL) || strcmp(time, is_time ? cases[i].time : "untouched") != 0)
			fail_msg("\"%s\" gives %s", cases[i].typed, is_time ? time : "no time");
	}
}

static void test_days(void **state)
{
	static const struct {
		const char *typed, *day;
	} cases[] = {
		{"2026-01-05", "2026-01-05"},
		{"1-5", "2026-01-05"},
		{"12-31", "2025-12-31"},
		{"2-29", NULL}, /* neither this year nor the next has one */
		{"+0", "2025-12-30"},
		{"+3", "2026-01-02"},
		{"+-3", NULL},
		{"+3d", NULL},
		{"13-1", NULL},
		{"0-0", NULL},
		{"+9999", NULL},
		{"soon", NULL},
	};
	day_t today = date_parse(TODAY, strlen(TODAY));

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char day[DATE_TEXT_SIZE] = "untouched";
		bool is_day = ctl_told_day(cases[i].typed, today, day);
		if (is_day != (cases[i].day != NULL) || strcmp(day, is_day ? cases[i].day : "untouched") != 0)
			fail_msg("\"%s\" gives %s", cases[i].typed, is_day ? day : "no day");
	}
}

static void test_items(void **state)
{
	static const char document[] = "[{\"item\":3},{\"item\":14},{\"item\":140}]";
	static const struct {
		const char *typed, *items;
	} cases[] = {{"3", "3"}, {"14,3", "14,3"}, {"3 140", "3,140"}, {" 14 , 3 ", "14,3"}, {"1", NULL}, {"", NULL}, {"3;14", NULL},
		{"3x", NULL}, {",", NULL}};
	struct ctl_rows agenda;
	char items[QUESTION_LINE_SIZE];

	(void)state;
	assert_int_equal(ctl_rows_read(document, strlen(document), &agenda), 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bool taken = take_items(&agenda, cases[i].typed, items);
		if (taken != (cases[i].items != NULL) || (taken && strcmp(items, cases[i].items) != 0))
			fail_msg("\"%s\" gives %s", cases[i].typed, taken ? items : "nothing");
	}
	ctl_rows_free(&agenda);
}

/* Only what the outcome wants is sent, whatever was answered before it was chosen. */
static void test_json(void **state)
{
	static const struct {
		const char *disposition, *json;
	} cases[] = {
		{"{\"effect\":\"contact\",\"attorney\":false}",
			"{\"items\":[3,14],\"answers\":{\"why\":\"a "
			"\\\"b\\\"\"},\"satisfaction\":4,\"promise\":{\"by\":\"2026-01-05\",\"matter\":\"x\"},"
			"\"note\":\"n\"}"},
		{"{\"effect\":\"contact\",\"attorney\":true}", "{\"items\":[3,14],\"attorney\":\"Li\",\"answers\":{\"why\":\"a "
							       "\\\"b\\\"\"},\"satisfaction\":4,\"promise\":{\"by\":\"2026-01-05\","
							       "\"matter\":\"x\"},\"note\":\"n\"}"},
		{"{\"effect\":\"refused\",\"attorney\":false}", "{\"items\":[3,14],\"note\":\"n\"}"},
		{"{\"effect\":\"appoint\",\"attorney\":false}", "{\"at\":\"2026-01-05T10:00\",\"note\":\"n\"}"},
		{"{\"effect\":\"retry\",\"attorney\":false}", "{\"note\":\"n\"}"},
	};
	static const char *const answers[][2] = {{"answers.why", "a \"b\""}, {"answers.wish", ""}, {"items", "3,14"},
		{"at", "2026-01-05T10:00"}, {"attorney", "Li"}, {"satisfaction", "4"}, {"promise.by", "2026-01-05"},
		{"promise.matter", "x"}, {"promise.dept", ""}, {"note", "m"}, {"note", "n"}};
	struct ctl_told told = {0};

	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
		assert_int_equal(set(&told, answers[i][0], answers[i][1]), 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct ctl_rows disposition;
		struct buffer json = {0};
		assert_int_equal(ctl_rows_read(cases[i].disposition, strlen(cases[i].disposition), &disposition), 0);
		ctl_told_json(&told, &disposition.rows[0], &json);
		assert_string_equal(json.data, cases[i].json);
		buffer_free(&json);
		ctl_rows_free(&disposition);
	}
	ctl_told_free(&told);
}

static void test_rows(void **state)
{
	static const struct {
		const char *document;
		int result;
		size_t count;
	} cases[] = {{"[]", 0, 0}, {"{}", 0, 1}, {"[{\"a\":1},2,\"x\",null,[3]]", 0, 5}, {"", ERR_SYNTAX, 0}, {"[", ERR_SYNTAX, 0},
		{"7", ERR_NOT_FOUND, 0}, {" {\"a\":[1]}", 0, 1}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct ctl_rows rows = {0};
		int result = ctl_rows_read(cases[i].document, strlen(cases[i].document), &rows);
		if (result != cases[i].result || rows.count != cases[i].count)
			fail_msg("\"%s\": %d, %zu rows", cases[i].document, result, rows.count);
		ctl_rows_free(&rows);
	}
	struct ctl_rows rows;
	static const char document[] = "{\"a\":null,\"b\":12,\"c\":true,\"d\":{\"e\":[1]}}";
	assert_int_equal(ctl_rows_read(document, strlen(document), &rows), 0);
	assert_false(ctl_row_has(&rows.rows[0], "a") || ctl_row_has(&rows.rows[0], "x") || ctl_row_true(&rows.rows[0], "b"));
	assert_int_equal(ctl_row_number(&rows.rows[0], "b"), 12);
	assert_true(ctl_row_true(&rows.rows[0], "c"));
	assert_string_equal(ctl_row_text(&rows.rows[0], "d"), "{\"e\":[1]}");
	ctl_rows_free(&rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
