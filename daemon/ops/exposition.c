#include "followup/exposition.h"

#include <inttypes.h>
#include <string.h>

/* From a sync of memory behind a battery to a disk in trouble. */
static const struct {
	int64_t microseconds;
	const char *seconds;
} bounds[HISTOGRAM_BOUNDS] = {
	{100, "0.0001"},
	{250, "0.00025"},
	{500, "0.0005"},
	{1000, "0.001"},
	{2500, "0.0025"},
	{5000, "0.005"},
	{10000, "0.01"},
	{25000, "0.025"},
	{50000, "0.05"},
	{100000, "0.1"},
	{250000, "0.25"},
	{1000000, "1"},
	{5000000, "5"},
};

static const char *const type_names[] = {
	[METRIC_COUNTER] = "counter",
	[METRIC_GAUGE] = "gauge",
	[METRIC_HISTOGRAM] = "histogram",
};

/* Backslash and line feed are escaped everywhere, a quote in labels. */
static void append_escaped(struct buffer *out, const char *text, const char *special)
{
	while (*text != '\0') {
		size_t plain = strcspn(text, special);
		buffer_append(out, text, plain);
		text += plain;
		if (*text == '\0')
			break;
		buffer_append(out, "\\", 1);
		buffer_append(out, *text == '\n' ? "n" : text, 1);
		text++;
	}
}

void exposition_head(struct buffer *out, const char *name, enum metric_type type, const char *help)
{
	buffer_printf(out, "# HELP %s ", name);
	append_escaped(out, help, "\\\n");
	buffer_printf(out, "\n# TYPE %s %s\n", name, type_names[type]);
}

void exposition_sample(struct buffer *out, const char *name, const char *labels, const char *const *values, int64_t value)
{
	buffer_text(out, name);
	for (size_t i = 0; *labels != '\0'; i++) {
		size_t length = strcspn(labels, ",");
		buffer_append(out, i == 0 ? "{" : ",", 1);
		buffer_append(out, labels, length);
		buffer_append(out, "=\"", 2);
		append_escaped(out, values[i], "\\\"\n");
		buffer_append(out, "\"", 1);
		labels += length + (labels[length] == ',');
		if (*labels == '\0')
			buffer_append(out, "}", 1);
	}
	buffer_printf(out, " %" PRId64 "\n", value);
}

void histogram_add(struct histogram *histogram, int64_t microseconds)
{
	size_t i = 0;

	if (microseconds < 0)
		microseconds = 0;
	while (i < HISTOGRAM_BOUNDS && microseconds > bounds[i].microseconds)
		i++;
	histogram->counts[i]++;
	histogram->sum_us += (uint64_t)microseconds;
}

void exposition_histogram(struct buffer *out, const char *name, const struct histogram *histogram)
{
	uint64_t so_far = 0;

	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
		so_far += histogram->counts[i];
		buffer_printf(out, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name, bounds[i].seconds, so_far);
	}
	so_far += histogram->counts[HISTOGRAM_BOUNDS];
	buffer_printf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum %" PRIu64 ".%06" PRIu64 "\n%s_count %" PRIu64 "\n", name, so_far,
		name, histogram->sum_us / 1000000, histogram->sum_us % 1000000, name, so_far);
}
