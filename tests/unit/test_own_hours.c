/* test_own_hours.c - hours of rules and clients as texts that calls share (own_hours.h). */
#include <stdlib.h>

#include "table.h"

#include "followup/lines.h"
#include "followup/own_hours.h"
#include "shipped_policy.h"

/* Hours in one spelling, those of several clients in one order. */
static void test_texts(void **state)
{
	static const struct {
		const char *rule, *clients[3], *text;
	} cases[] = {
		{NULL, {NULL}, ""},
		{"complaint", {NULL}, "%complaint\n"},
		{NULL, {"Mon-Tue 9:00-12:00, 14:00-24:00"}, "~Mon09:00-12:00,14:00-24:00;Tue09:00-12:00,14:00-24:00\n"},
		{NULL, {"Tue 09:00-10:00", "  Tue 9:00 - 10:00 ; "}, "~Tue09:00-10:00\n"},
		{"complaint", {"Tue 09:00-10:00", "Mon 09:00-10:00", "Tue 09:00-10:00"}, "%complaint\n~Mon09:00-10:00\n~Tue09:00-10:00\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[OWN_HOURS_SIZE] = "";
		struct hours hours;
		for (size_t k = 0; k < 3 && cases[i].clients[k] != NULL; k++) {
			assert_true(hours_parse(cases[i].clients[k], &hours));
			own_hours_add_client(text, &hours);
		}
		if (cases[i].rule != NULL)
			own_hours_add_rule(text, cases[i].rule);
		if (strcmp(text, cases[i].text) != 0)
			fail_msg("case %zu: \"%s\"", i, text);
	}
}

/* Every text reads as what it was made of: a day of each week at each minute. */
static void test_spelling_back(void **state)
{
	static const char *const all[] = {"Mon 14:30-17:00; Tue-Thu 09:30-11:00, 15:00-17:00; Fri 09:30-11:00", "Sat-Sun 00:00-24:00",
		"Wed 01:00-02:00,03:00-04:00,05:00-06:00,07:00-08:00", "Mon-Sun 00:00-00:01, 12:00-12:30, 13:00-14:00, 23:00-24:00"};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char text[OWN_HOURS_SIZE] = "";
		struct hours hours;
		assert_true(hours_parse(all[i], &hours));
		own_hours_add_client(text, &hours);
		for (int minute = 0; minute < 7 * 1440; minute++) {
			struct moment now = {.day = date_to_day(2025, 3, 3) + minute / 1440, .second = minute % 1440 * 60 + 59};
			if (own_hours_are_open(policy, text, true, now) != opening_is_now(&hours, now, policy->calendar))
				fail_msg("%s at minute %d of the week", all[i], minute);
			assert_false(own_hours_are_open(policy, text, false, now));
		}
	}
}

static void test_open(void **state)
{
	/* 2025-03-04 is a Tuesday; complaint has hours 08:00-21:00, dormant has none. */
	static const struct {
		const char *text, *time;
		bool queue, open;
		const char *next;
	} cases[] = {
		{"", "10:00", true, true, NULL},
		{"", "10:00", false, false, NULL},
		{"%complaint\n", "10:00", false, true, "2025-03-05T08:00:00"},
		{"%complaint\n", "07:59", true, false, "2025-03-04T08:00:00"},
		{"%dormant\n", "10:00", true, true, NULL},
		{"%dormant\n", "10:00", false, false, NULL},
		{"%gone\n", "10:00", false, false, NULL},
		{"%complaint\n~Tue20:00-22:00\n", "20:59", false, true, "2025-03-05T08:00:00"},
		{"%complaint\n~Tue20:00-22:00\n", "21:00", true, false, "2025-03-05T08:00:00"},
		{"%complaint\n~Tue20:00-22:00\n", "19:59", true, false, "2025-03-04T20:00:00"},
		{"~Mon09:00-10:00\n~Tue09:00-10:00\n", "09:30", true, false, "2025-03-10T09:00:00"},
		{"!\n", "03:00", false, true, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int hour = atoi(cases[i].time), minute = atoi(cases[i].time + 3);
		struct moment now = zone_moment(zone_unix(date_to_day(2025, 3, 4), (int)(hour * 3600 + minute * 60)));
		if (own_hours_are_open(policy, cases[i].text, cases[i].queue, now) != cases[i].open)
			fail_msg("case %zu: not %s", i, cases[i].open ? "open" : "closed");
		int64_t next = own_hours_open_after(policy, cases[i].text, now);
		if (cases[i].next == NULL) {
			assert_true(next == INT64_MAX);
			continue;
		}
		int64_t wanted = zone_unix(date_parse(cases[i].next, 10), atoi(cases[i].next + 11) * 3600);
		if (next != wanted)
			fail_msg("case %zu: the next opening is %lld, not %lld", i, (long long)next, (long long)wanted);
	}
}

/* So many that one text cannot hold them: nothing is known of such calls, and that is what it says. */
static void test_too_many(void **state)
{
	char text[OWN_HOURS_SIZE] = "";

	(void)state;
	for (int i = 0; i < 600; i++) {
		struct hours hours = {.work_days_only = false};
		hours.days[0] = (struct hours_day){.spans = {{(int16_t)i, (int16_t)(i + 1)}}, .count = 1};
		own_hours_add_client(text, &hours);
		assert_true(strlen(text) < sizeof(text));
	}
	assert_string_equal(text, "!\n");
}

static int give_a_rule_hours(void **state)
{
	if (load_policy(state) < 0)
		return -1;
	for (size_t i = 0; i < policy->rule_count; i++)
		if (strcmp(policy->rules[i].name, "complaint") == 0)
			policy->rules[i].has_hours = hours_parse("Mon-Sun 08:00-21:00", &policy->rules[i].hours);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_spelling_back),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, give_a_rule_hours, free_policy);
}
