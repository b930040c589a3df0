/* test_report.c - the quotients of a report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "followup/report_figure.h"

static void test_quotients(void **state)
{
	static const struct {
		int64_t part, whole;
		const char *percent, *mean;
	} cases[] = {
		{0, 1, "0.0", "0.00"},
		{1, 1, "100.0", "1.00"},
		{1, 3, "33.3", "0.33"},
		{2, 3, "66.7", "0.67"},
		{1, 8, "12.5", "0.13"},   /* half up */
		{1, 16, "6.3", "0.06"},   /* 6.25 */
		{1, 2000, "0.1", "0.00"}, /* 0.05 */
		{1, 2001, "0.0", "0.00"},
		{1999, 2000, "100.0", "1.00"}, /* 99.95 */
		{1998, 2000, "99.9", "1.00"},
		{13, 3, "433.3", "4.33"},
		{9, 2, "450.0", "4.50"},
		{14, 3, "466.7", "4.67"},
		{1000000007, 3000000021, "33.3", "0.33"},
		{INT64_C(1000000000000000), INT64_C(2000000000000000), "50.0", "0.50"},
	};
	char out[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(report_percent(cases[i].part, cases[i].whole, out, sizeof(out)), cases[i].percent) != 0)
			fail_msg("%lld of %lld is %s %%", (long long)cases[i].part, (long long)cases[i].whole, out);
		if (strcmp(report_mean(cases[i].part, cases[i].whole, out, sizeof(out)), cases[i].mean) != 0)
			fail_msg("%lld over %lld is %s", (long long)cases[i].part, (long long)cases[i].whole, out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_quotients)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
