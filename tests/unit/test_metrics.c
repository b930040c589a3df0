/* test_metrics.c - the text that Prometheus reads, the figures of queues, and what is counted from the record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "followup/exposition.h"
#include "followup/figures.h"
#include "followup/metric_table.h"
#include "followup/store.h"
#include "followup/store_figures.h"
#include "followup/store_name.h"
#include "followup/store_record.h"

static void labels_are_escaped(void **state)
{
	static const struct {
		const char *labels;
		const char *values[2];
		const char *wanted;
	} cases[] = {
		{"", {NULL}, "m 7\n"},
		{"queue", {"service"}, "m{queue=\"service\"} 7\n"},
		{"queue", {""}, "m{queue=\"\"} 7\n"},
		{"queue,state", {"manager/M17", "ready"}, "m{queue=\"manager/M17\",state=\"ready\"} 7\n"},
		{"queue", {"a\"b\\c\nd"}, "m{queue=\"a\\\"b\\\\c\\nd\"} 7\n"},
		{"queue", {"\"} 1\nother{x=\""}, "m{queue=\"\\\"} 1\\nother{x=\\\"\"} 7\n"},
		{"queue", {"分行/上海"}, "m{queue=\"分行/上海\"} 7\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out = {0};
		exposition_sample(&out, "m", cases[i].labels, cases[i].values, 7);
		assert_string_equal(out.data, cases[i].wanted);
		buffer_free(&out);
	}
}

static void heads_are_two_lines(void **state)
{
	struct buffer out = {0};

	(void)state;
	exposition_head(&out, "m_total", METRIC_COUNTER, "One\\two\nthree \"four\".");
	assert_string_equal(out.data, "# HELP m_total One\\\\two\\nthree \"four\".\n# TYPE m_total counter\n");
	buffer_free(&out);
}

static void histograms_add_up(void **state)
{
	struct histogram histogram = {0};
	struct buffer out = {0};

	(void)state;
	histogram_add(&histogram, 100); /* a bound belongs to its own class */
	histogram_add(&histogram, 101);
	histogram_add(&histogram, 2000000);
	histogram_add(&histogram, 6000000);
	histogram_add(&histogram, -5);
	exposition_histogram(&out, "m_seconds", &histogram);
	assert_non_null(strstr(out.data, "m_seconds_bucket{le=\"0.0001\"} 2\nm_seconds_bucket{le=\"0.00025\"} 3\n"));
	assert_non_null(strstr(out.data, "m_seconds_bucket{le=\"1\"} 3\nm_seconds_bucket{le=\"5\"} 4\nm_seconds_bucket{le=\"+Inf\"} 5\n"
					 "m_seconds_sum 8.000201\nm_seconds_count 5\n"));
	buffer_free(&out);
}

/* Names as Prometheus wants them; promtool says the same where it can be had. */
static void names_follow_the_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < metric_count; i++) {
		const struct metric *metric = &metric_table[i];
		size_t length = strlen(metric->name);
		bool is_total = length > 6 && strcmp(metric->name + length - 6, "_total") == 0;
		if (strncmp(metric->name, "followupd_", 10) != 0 || strspn(metric->name, "abcdefghijklmnopqrstuvwxyz_") != length)
			fail_msg("%s: not a name", metric->name);
		if (is_total != (metric->type == METRIC_COUNTER))
			fail_msg("%s: _total is for counters, and for all of them", metric->name);
		if ((metric->value == NULL) == (metric->print == NULL))
			fail_msg("%s: a row has one source", metric->name);
		if (metric->value != NULL && metric->labels[0] != '\0')
			fail_msg("%s: a single value has no labels", metric->name);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(metric->name, metric_table[j].name);
	}
}

static void add_queue(struct figures *figures, const char *name, int64_t ready, day_t oldest)
{
	struct figure_queue *queue = &figures->queues[figures->queue_count++];

	*queue = (struct figure_queue){.ready = ready, .overdue = 1, .oldest_due_on = oldest};
	snprintf(queue->name, sizeof(queue->name), "%s", name);
}

static void check_queue(const struct figures *figures, size_t i, const char *name, int64_t ready, int64_t overdue, day_t oldest)
{
	assert_true(i < figures->queue_count);
	assert_string_equal(figures->queues[i].name, name);
	assert_int_equal(figures->queues[i].ready, ready);
	assert_int_equal(figures->queues[i].overdue, overdue);
	assert_int_equal(figures->queues[i].oldest_due_on, oldest);
}

static struct figures seven_queues(void)
{
	struct figures figures = {.queues = calloc(8, sizeof(struct figure_queue)), .queue_capacity = 8};

	assert_non_null(figures.queues);
	add_queue(&figures, "branch/SH01", 1, 20010);
	add_queue(&figures, "branch/SH02", 2, NO_DAY);
	add_queue(&figures, "hq", 4, 20001);
	add_queue(&figures, "manager/M1", 8, NO_DAY);
	add_queue(&figures, "manager/M2", 16, 20005);
	add_queue(&figures, "manager/M3", 32, 20003);
	add_queue(&figures, "service", 64, 20002);
	return figures;
}

static void queues_are_summed_up(void **state)
{
	struct figures figures = seven_queues();

	(void)state;
	figures_fold(&figures, 7);
	assert_int_equal(figures.queue_count, 7);
	figures_fold(&figures, 6);
	assert_int_equal(figures.queue_count, 4);
	check_queue(&figures, 0, "branch/*", 3, 2, 20010);
	check_queue(&figures, 1, "hq", 4, 1, 20001);
	check_queue(&figures, 2, "manager/*", 56, 3, 20003);
	check_queue(&figures, 3, "service", 64, 1, 20002);
	figures_free(&figures);

	figures = seven_queues();
	figures_fold(&figures, 2);
	assert_int_equal(figures.queue_count, 2);
	check_queue(&figures, 0, "branch/*", 3, 2, 20010);
	check_queue(&figures, 1, "*", 124, 5, 20001);
	figures_free(&figures);
}

static uint64_t tallied(const struct tally *tally, enum tally_kind kind, const char *one, const char *other)
{
	for (size_t i = 0; i < tally->count; i++)
		if (tally->rows[i].kind == kind && strcmp(tally->rows[i].words[0], one) == 0 && strcmp(tally->rows[i].words[1], other) == 0)
			return tally->rows[i].count;
	return 0;
}

static void write_entry(struct store *store, enum record_kind kind, const char *reason)
{
	int64_t name = reason != NULL ? store_name_id(store, reason) : 0;

	assert_true(name >= 0);
	assert_true(store_record_add(store, &(struct record_entry){.kind = kind, .followup_id = 1, .reason = name}) > 0);
}

static void the_record_is_counted_once(void **state)
{
	struct store *store = NULL;
	struct tally tally = {0};
	char message[256];

	(void)state;
	assert_int_equal(store_open(":memory:", &store, message), 0);
	assert_int_equal(store_last_entry(store, &tally.entry), 0);
	assert_int_equal(tally.entry, 0);
	assert_int_equal(store_tally(store, &tally, 100), 0);
	assert_int_equal(tally.count, 0);

	assert_int_equal(store_begin(store, 1), 0);
	write_entry(store, RECORD_CREATED, NULL);
	write_entry(store, RECORD_DEFERRED, "cap");
	write_entry(store, RECORD_SUPPRESSED, "cap");
	write_entry(store, RECORD_SUPPRESSED, "no-channel");
	write_entry(store, RECORD_SUPPRESSED, "cap");
	write_entry(store, RECORD_LEASE_EXPIRED, NULL);
	write_entry(store, RECORD_LOOK, NULL); /* is none of these */
	assert_int_equal(store_commit(store), 0);

	/* In pieces, and then nothing more. */
	assert_int_equal(store_tally(store, &tally, 3), 1);
	assert_int_equal(tallied(&tally, TALLY_ENDED, "suppressed", "cap"), 1);
	assert_int_equal(store_tally(store, &tally, 3), 1);
	assert_int_equal(store_tally(store, &tally, 3), 0);
	assert_int_equal(store_tally(store, &tally, 3), 0);
	assert_int_equal(tallied(&tally, TALLY_CREATED, "", ""), 1);
	assert_int_equal(tallied(&tally, TALLY_DEFERRED, "cap", ""), 1);
	assert_int_equal(tallied(&tally, TALLY_ENDED, "suppressed", "cap"), 2);
	assert_int_equal(tallied(&tally, TALLY_ENDED, "suppressed", "no-channel"), 1);
	assert_int_equal(tallied(&tally, TALLY_LEASE_EXPIRED, "", ""), 1);
	assert_int_equal(tally.count, 5);

	/* One that begins now counts what comes. */
	struct tally later = {0};
	assert_int_equal(store_last_entry(store, &later.entry), 0);
	assert_int_equal(store_begin(store, 2), 0);
	write_entry(store, RECORD_MISSED, "expired");
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(store_tally(store, &later, 100), 0);
	assert_int_equal(later.count, 1);
	assert_int_equal(tallied(&later, TALLY_ENDED, "missed", "expired"), 1);
	tally_free(&later);
	tally_free(&tally);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_are_escaped),
		cmocka_unit_test(heads_are_two_lines),
		cmocka_unit_test(histograms_add_up),
		cmocka_unit_test(names_follow_the_rules),
		cmocka_unit_test(queues_are_summed_up),
		cmocka_unit_test(the_record_is_counted_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
