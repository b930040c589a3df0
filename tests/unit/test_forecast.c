/* test_forecast.c - a forecast does exactly what simulate does with the same book, calendar and capacities, from any day on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "followup/date.h"
#include "followup/forecast.h"
#include "followup/json.h"
#include "followup/simulate.h"
#include "followup/simulate_compare.h"
#include "followup/store.h"
#include "shipped_policy.h"

/* The example book simulated from a day to another; to the day before it is only loaded. */
static struct store *simulate(day_t from, day_t to, const struct simulate_capacity *capacities, size_t count)
{
	struct simulation simulation = {
		policy, "tests/data/example/clients.csv", "tests/data/example/events.csv", from, to, capacities, count};
	struct simulate_result made = {NULL, 0, 0};

	assert_int_equal(simulate_run(&simulation, stderr, &made), 0);
	return made.store;
}

static long differences(struct store *one, struct store *other)
{
	FILE *out = tmpfile();
	char line[512];
	long differing = -1;

	assert_non_null(out);
	assert_int_equal(simulate_compare(one, other, out, &differing), 0);
	rewind(out);
	for (int i = 0; differing > 0 && i < 8 && fgets(line, sizeof(line), out) != NULL; i++)
		print_message("%s", line);
	(void)fclose(out);
	return differing;
}

/* The numbers of the days' rows, added up. */
struct sums {
	long rows, due, done, missed, left_over;
	struct json *json;
	const char *document;
	size_t length;
};

static int add_member(void *context, const struct json_value *value)
{
	struct sums *sums = context;
	long number = value->text != NULL ? strtol(value->text, NULL, 10) : 0;

	if (strcmp(value->key, "falling_due") == 0)
		sums->due += number;
	else if (strcmp(value->key, "done") == 0)
		sums->done += number;
	else if (strcmp(value->key, "missed") == 0)
		sums->missed += number;
	return 0;
}

static struct sums add_up(const struct buffer *document)
{
	struct sums sums = {.json = json_new()};
	char path[64];

	assert_non_null(sums.json);
	for (;; sums.rows++) {
		snprintf(path, sizeof(path), "$.days[%ld]", sums.rows);
		if (json_each(sums.json, document->data, document->length, path, add_member, &sums) < 0)
			break;
	}
	json_free(sums.json);
	return sums;
}

static const struct simulate_capacity few[] = {{"service", 1}, {"hq", 0}, {"manager/SH02-M2", 0}};
static const struct forecast_capacity few_here[] = {{"service=", 7, 1}, {"hq", 2, 0}, {"manager/SH02-M2", 15, 0}, {"*", 1, NO_LIMIT}};
static const struct forecast_capacity no_limit[] = {{"*", 1, NO_LIMIT}};

static const struct {
	const char *name, *from, *forecast_from;
	int days;
	bool scarce;
} cases[] = {
	{"from the first day on, without limits", "2025-01-01", "2025-01-01", 181, false},
	{"from the first day on, with few agents", "2025-01-01", "2025-01-01", 181, true},
	{"from the middle of a spring, with few agents", "2025-01-01", "2025-05-06", 120, true},
	{"over the holidays at the end of a quarter", "2025-07-01", "2025-09-20", 40, true},
	{"one day", "2025-01-01", "2025-03-04", 1, true},
};

static void test_as_simulate(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		day_t from = date_parse(cases[i].from, 10), begin = date_parse(cases[i].forecast_from, 10);
		struct moment now = {zone_unix(begin, 0), begin, 0};
		const struct simulate_capacity *capacities = cases[i].scarce ? few : NULL;
		size_t count = cases[i].scarce ? sizeof(few) / sizeof(few[0]) : 0;
		struct forecast forecast = {.days = cases[i].days,
			.capacities = cases[i].scarce ? few_here : no_limit,
			.capacity_count = cases[i].scarce ? sizeof(few_here) / sizeof(few_here[0]) : 1};
		struct buffer json = {0};
		struct store *simulated = simulate(from, begin + cases[i].days - 1, capacities, count);
		struct store *foreseen = simulate(from, begin - 1, capacities, count);

		assert_int_equal(forecast_run(foreseen, policy, &forecast, now, &json), 0);
		long apart = differences(simulated, foreseen);
		if (apart != 0)
			fail_msg("%s: %ld follow-ups are not as simulate has them", cases[i].name, apart);
		struct sums sums = add_up(&json);
		print_message("%s: %ld rows, %ld done, %ld missed\n", cases[i].name, sums.rows, sums.done, sums.missed);
		assert_true(sums.rows > 0 && sums.done > 0);
		if (cases[i].days > 100)
			assert_true(cases[i].scarce == (sums.missed > 20));
		assert_null(strstr(json.data, "\"left_out\":1"));
		buffer_free(&json);
		store_close(simulated);
		store_close(foreseen);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_simulate),
	};

	return cmocka_run_group_tests(tests, load_policy_without_sample, free_policy);
}
