/* simulate.h - the engine over files alone, with a test clock and an exact desk (DESIGN 4). */
#ifndef FOLLOWUP_SIMULATE_H
#define FOLLOWUP_SIMULATE_H

#include <stdio.h>

#include "followup/error.h"
#include "followup/policy.h"

struct simulate_capacity {
	const char *queue;
	long calls_a_day;
};

struct simulation {
	const struct policy *policy;
	const char *clients_file, *events_file; /* events_file may be NULL */
	day_t from, to;
	const struct simulate_capacity *capacities;
	size_t capacity_count;
};

struct simulate_result {
	struct store *store; /* the book at the end; store_close() it */
	long rows_read, rows_bad;
};

/* Runs it. Bad rows are named on complaints (a file's name, line, reason) and left out. ERR_SYSTEM: a file cannot be read; ERR_INVALID: its header is wrong; both said there. */
int simulate_run(const struct simulation *simulation, FILE *complaints, struct simulate_result *out) MUST_CHECK;

/* `followupd simulate ...`: the exit status: 0, 1 when rows were left out, 64 usage, 74 a file, 78 configuration. argv[0] is "simulate". */
int simulate_command(int argc, char **argv);

#endif
