/* exposition.h - the text that Prometheus and node_exporter's textfile collector read, version 0.0.4: a family is a head of two lines and its samples. */
#ifndef FOLLOWUP_EXPOSITION_H
#define FOLLOWUP_EXPOSITION_H

#include <stdint.h>

#include "followup/buffer.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* "# HELP name help" and "# TYPE name type". */
void exposition_head(struct buffer *out, const char *name, enum metric_type type, const char *help);

/* One sample. labels: their names, separated by commas, "" for none; values: as many texts, which may hold anything (NULL with no labels). */
void exposition_sample(struct buffer *out, const char *name, const char *labels, const char *const *values, int64_t value);

/* How long something took, by classes of time. All zero: nothing has been seen yet. */
enum { HISTOGRAM_BOUNDS = 13 };
struct histogram {
	uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* those up to each bound, each once; the last: those above all */
	uint64_t sum_us;
};
void histogram_add(struct histogram *histogram, int64_t microseconds);

/* Its samples, in seconds: name_bucket, name_sum, name_count. */
void exposition_histogram(struct buffer *out, const char *name, const struct histogram *histogram);

#endif
