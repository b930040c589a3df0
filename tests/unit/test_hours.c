/* test_hours.c - the spelling of calling hours, and which of them apply on a day (POLICY 6). */
#include "table.h"

#include "followup/policy.h"

/* Writes hours as "0:870-1020 1:570-660,900-1020": weekday and minutes. */
static const char *hours_show(const struct hours *hours, char *out, size_t size)
{
	size_t used = 0;
	out[0] = '\0';
	for (int day = 0; day < 7; day++) {
		for (size_t i = 0; i < hours->days[day].count; i++) {
			struct hours_span span = hours->days[day].spans[i];
			char prefix[16];
			snprintf(prefix, sizeof prefix, "%s%d:", used == 0 ? "" : " ", day);
			used += (size_t)snprintf(out + used, size - used, "%s%d-%d", i == 0 ? prefix : ",", span.from, span.to);
		}
	}
	return out;
}

static void test_spellings(void **state)
{
	static const struct {
		const char *text, *shown; /* shown NULL: no hours */
	} cases[] = {
		{"Mon 14:30-17:00", "0:870-1020"},
		{"Mon 14:30-17:00; Tue-Thu 09:30-11:00, 15:00-17:00; Fri 09:30-11:00",
			"0:870-1020 1:570-660,900-1020 2:570-660,900-1020 3:570-660,900-1020 4:570-660"},
		{"Fri 9:30-11:00;Mon 9:00-9:01", "0:540-541 4:570-660"},
		{"  Sat-Sun  00:00 - 24:00 ; ", "5:0-1440 6:0-1440"},
		{"Wed 08:00-09:00,09:00-10:00", "2:480-540,540-600"},
		{"Wed 01:00-02:00,03:00-04:00,05:00-06:00,07:00-08:00", "2:60-120,180-240,300-360,420-480"},
		{"Mon - Tue 08:00-09:00", "0:480-540 1:480-540"},
		{"", NULL},
		{" ; ", NULL},
		{"Mon", NULL},
		{"Mon 09:00", NULL},
		{"Mon 09:00-", NULL},
		{"Mon 09:00-09:00", NULL},
		{"Mon 11:00-09:00", NULL},
		{"Mon 09:00-24:01", NULL},
		{"Mon 09:60-10:00", NULL},
		{"Mon 9-10", NULL},
		{"Mon 009:00-10:00", NULL},
		{"Mon 09:000-10:00", NULL},
		{"Mon 09:00-10:00,", NULL},
		{"Mon 09:00-10:00, 09:30-11:00", NULL},
		{"Mon 10:00-11:00, 08:00-09:00", NULL},
		{"Mon 09:00-10:00; Mon 11:00-12:00", NULL},
		{"Mon-Wed 09:00-10:00; Tue 11:00-12:00", NULL},
		{"Fri-Mon 09:00-10:00", NULL},
		{"Mondays 09:00-10:00", NULL},
		{"mon 09:00-10:00", NULL},
		{"Mon 09:00-10:00 Tue 09:00-10:00", NULL},
		{"Wed 01:00-02:00,03:00-04:00,05:00-06:00,07:00-08:00,09:00-10:00", NULL},
		{"always", NULL},
		{"-", NULL},
		{"Mon 09:00-10:00;x", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct hours hours, untouched;
		char shown[512];
		memset(&hours, 0x55, sizeof hours);
		memcpy(&untouched, &hours, sizeof hours);
		bool good = hours_parse(cases[i].text, &hours);
		if (good != (cases[i].shown != NULL))
			fail_msg("\"%s\" was %s", cases[i].text, good ? "taken" : "refused");
		if (!good)
			assert_memory_equal(&hours, &untouched, sizeof hours);
		else if (strcmp(hours_show(&hours, shown, sizeof shown), cases[i].shown) != 0)
			fail_msg("\"%s\" gave %s, not %s", cases[i].text, shown, cases[i].shown);
	}
}

static void test_days(void **state)
{
	static const struct {
		const char *day;
		bool work_days_only;
		int from; /* of the first span; -1: closed */
	} cases[] = {
		{"2026-03-02", true, 870},                            /* Monday */
		{"2026-03-05", true, 900},                            /* Thursday */
		{"2026-03-06", true, -1},                             /* Friday, without hours here */
		{"2026-03-07", true, -1},                             /* Saturday */
		{"2026-03-07", false, 600},                           /* ... of hours that do not ask for work days */
		{"2026-02-14", true, 900},                            /* a make-up Saturday counts as a Thursday */
		{"2026-02-14", false, 600},                           /* ... but not for a client's own week */
		{"2026-02-17", true, -1},                             /* Spring Festival, a Tuesday */
		{"2026-02-17", false, 570}, {"2024-02-09", true, -1}, /* a Friday: work day, not traded */
		{"2023-01-29", true, 900}                             /* a make-up Sunday */
	};
	struct shipped shipped;
	struct hours hours;
	(void)state;
	shipped_load(&shipped);
	assert_true(hours_parse("Mon 14:30-17:00; Tue 09:30-11:00; Thu 15:00-17:00; Sat 10:00-12:00", &hours));
	assert_false(hours.work_days_only);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		hours.work_days_only = cases[i].work_days_only;
		const struct hours_day *day = hours_on(&hours, date_parse(cases[i].day, strlen(cases[i].day)), shipped.calendar);
		int from = day == NULL ? -1 : day->spans[0].from;
		if (from != cases[i].from)
			fail_msg("%s gave %d, not %d", cases[i].day, from, cases[i].from);
	}
	shipped_free(&shipped);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_days),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
