/* test_window.c - offsets, windows with roll, and the days that a cap looks at. */
#include "table.h"

#include "followup/window.h"

static struct offset offset_of(const char *where, const char *text)
{
	struct offset offset = {0, UNIT_DAY};

	if (!offset_parse(text, &offset))
		fail_msg("%s: \"%s\" is no offset", where, text);
	return offset;
}

static void check_offset(const char *where, char **fields, void *context)
{
	table_expect_day(where, "result", offset_apply(offset_of(where, fields[1]), table_day(where, fields[0]), context),
		table_day(where, fields[2]));
}

static void test_offsets(void **state)
{
	struct shipped shipped;

	(void)state;
	shipped_load(&shipped);
	table_read("tests/rules/offsets.csv", 3, check_offset, shipped.calendar);
	assert_int_equal(offset_apply((struct offset){5, UNIT_DAY}, NO_DAY, shipped.calendar), NO_DAY);
	shipped_free(&shipped);
}

static void check_window(const char *where, char **fields, void *context)
{
	enum roll roll = ROLL_NONE;
	if (strcmp(fields[3], "forward") == 0)
		roll = ROLL_FORWARD;
	else if (strcmp(fields[3], "backward") == 0)
		roll = ROLL_BACKWARD;
	else if (strcmp(fields[3], "none") != 0)
		fail_msg("%s: no roll \"%s\"", where, fields[3]);

	struct window window =
		window_compute(table_day(where, fields[0]), offset_of(where, fields[1]), offset_of(where, fields[2]), roll, context);
	table_expect_day(where, "opens_on", window.opens_on, table_day(where, fields[4]));
	table_expect_day(where, "due_on", window.due_on, table_day(where, fields[5]));
}

static void test_windows(void **state)
{
	struct shipped shipped;

	(void)state;
	shipped_load(&shipped);
	table_read("tests/rules/windows.csv", 6, check_window, shipped.calendar);
	assert_int_equal(window_compute(NO_DAY, (struct offset){0}, (struct offset){0}, ROLL_FORWARD, shipped.calendar).due_on, NO_DAY);
	shipped_free(&shipped);
}

static void test_offset_spellings(void **state)
{
	static const struct {
		const char *text, *canonical; /* NULL: refused */
	} cases[] = {
		{"0", "0"},
		{"-0", "0"},
		{"0wd", "0"},
		{"00", "0"},
		{"7d", "7d"},
		{"+7d", "7d"},
		{"-3d", "-3d"},
		{"2td", "2td"},
		{"-5wd", "-5wd"},
		{"6m", "6m"},
		{"1w", "1w"},
		{"10000d", "10000d"},
		{"-10000wd", "-10000wd"},
		{"10001d", NULL},
		{"-10001d", NULL},
		{"99999999999999999999d", NULL},
		{"7", NULL},
		{"+", NULL},
		{"", NULL},
		{"d", NULL},
		{"7 d", NULL},
		{" 7d", NULL},
		{"7d ", NULL},
		{"7days", NULL},
		{"7y", NULL},
		{"--7d", NULL},
		{"+-7d", NULL},
		{"1.5d", NULL},
		{"7D", NULL},
		{"0x", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct offset offset = {0, UNIT_DAY};
		char text[24];

		if (offset_parse(cases[i].text, &offset) != (cases[i].canonical != NULL))
			fail_msg("\"%s\"", cases[i].text);
		if (cases[i].canonical != NULL)
			assert_string_equal(offset_format(offset, text), cases[i].canonical);
	}
}

static void test_cap_days(void **state)
{
	day_t day = date_to_day(2025, 5, 20);

	(void)state;
	table_expect_day("quarter", "start", cap_window_start(CAP_QUARTER, day), date_to_day(2025, 4, 1));
	table_expect_day("quarter", "foresight", cap_foresight_end(CAP_QUARTER, day), date_to_day(2025, 6, 30));
	/* Any 91 days: the day itself and the 90 before it. */
	table_expect_day("rolling", "start", cap_window_start(CAP_ROLLING, day), date_to_day(2025, 2, 19));
	table_expect_day("rolling", "foresight", cap_foresight_end(CAP_ROLLING, day), date_to_day(2025, 8, 19));
	table_expect_day("quarter", "end", cap_window_end(CAP_QUARTER, day), date_to_day(2025, 6, 30));
	table_expect_day("rolling", "end", cap_window_end(CAP_ROLLING, day), date_to_day(2025, 8, 18));
	assert_int_equal(cap_window_start(CAP_ROLLING, NO_DAY), NO_DAY);
	assert_int_equal(cap_window_end(CAP_ROLLING, NO_DAY), NO_DAY);
	assert_int_equal(cap_foresight_end(CAP_ROLLING, NO_DAY), NO_DAY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_offset_spellings),
		cmocka_unit_test(test_cap_days),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
