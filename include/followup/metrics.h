/* metrics.h - what the daemon counts of itself for METRICS, and the command.
 *
 * What is in memory is told at once. What stands in the book is read on the thread for short reads (server->brief), so that a large book holds nobody up, and without touching the turn's
 * transaction, so that METRICS goes on answering when the book cannot be written. */
#ifndef FOLLOWUP_METRICS_H
#define FOLLOWUP_METRICS_H

#include <stdint.h>

#include "followup/date.h"
#include "followup/error.h"
#include "followup/exposition.h"
#include "followup/store_figures.h"

struct command;
struct metrics_file;
struct server;

struct metrics {
	struct histogram commits; /* how long those took that wrote something */
	uint64_t *commands;       /* how often each row of the command table was asked for */
	/* The last day cycle: when it was done, and how long it took. */
	int64_t worked_at; /* unix seconds; 0: none since the start */
	int64_t worked_ms;
	int64_t working_since_ms; /* monotonic; 0: nothing of a day is left to be done */
	struct tally tally;       /* of the thread that reads for METRICS alone, while there is one */

	/* The file (metrics_file.h). */
	struct metrics_file *file; /* being made; NULL: none */
	int64_t file_at_ms;        /* when the next is due */
	char file_why[512];        /* why the last one could not be written; "" when it could */
};

/* For a server whose store is open and whose policy is set. */
int metrics_init(struct server *server) MUST_CHECK;
void metrics_release(struct server *server); /* when its threads have ended */

void metrics_count_command(struct server *server, const struct command *command);

/* After a slice of work that has been committed; began_ms: when it began (monotonic), worked_before: the last day that had been worked then. */
void metrics_note_work(struct server *server, int64_t began_ms, day_t worked_before);

#endif
