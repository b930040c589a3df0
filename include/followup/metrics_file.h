/* metrics_file.h - the figures of METRICS in a file, for node_exporter's textfile collector: written anew again and again, without holding up the loop. */
#ifndef FOLLOWUP_METRICS_FILE_H
#define FOLLOWUP_METRICS_FILE_H

#include <stdint.h>

struct server;

/* Between turns: begins to write it when its time has come. That it cannot be written is logged once. */
void metrics_file_look(struct server *server);

/* The monotonic time at which metrics_file_look() has something to do; INT64_MAX: never. */
int64_t metrics_file_next(const struct server *server);

#endif
