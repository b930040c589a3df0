/* metric_table.h - what METRICS tells: one row a metric. The answer, the manual's list and the checks of dashboard and alerts read these rows. */
#ifndef FOLLOWUP_METRIC_TABLE_H
#define FOLLOWUP_METRIC_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "followup/exposition.h"
#include "followup/figures.h"

struct server;

struct metric_view {
	const struct server *server;
	const struct figures *figures;
};

struct metric {
	const char *name; /* with the unit at its end, as Prometheus has it */
	enum metric_type type;
	const char *labels; /* separated by commas; "" for none */
	const char *help;
	/* One of the two. METRIC_UNKNOWN: no sample. */
	int64_t (*value)(const struct metric_view *view);
	void (*print)(const struct metric *metric, const struct metric_view *view, struct buffer *out);
};
#define METRIC_UNKNOWN INT64_MIN

extern const struct metric metric_table[];
extern const size_t metric_count;

/* Every row with its samples. */
void metric_print_all(const struct metric_view *view, struct buffer *out);

#endif
