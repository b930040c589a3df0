/* daemon.h - the daemon's life: reads, opens, serves, closes. */
#ifndef FOLLOWUP_DAEMON_H
#define FOLLOWUP_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "followup/log.h"
#include "followup/policy.h"

struct daemon_options {
	const char *config_file;
	bool foreground;        /* the log goes to standard error */
	const char *test_clock; /* "2025-03-03T10:00:00", local; NULL: the real one */
};

/* Runs until a signal or SHUTDOWN ends it; the exit status. */
int daemon_run(const struct daemon_options *options);

/* Brings what the process is given by the system into line with the policy: descriptors for max_connections, the log's level and facility. */
void daemon_apply_limits(const struct policy *policy, struct log *log);

#endif
