/* zone.h - the business time zone: the only place that turns clock readings into local days (POLICY 2). */
#ifndef FOLLOWUP_ZONE_H
#define FOLLOWUP_ZONE_H

#include <stdint.h>

#include "followup/date.h"
#include "followup/error.h"

/* A moment as the core, the engine and the desk are handed it. */
struct moment {
	int64_t unix_seconds; /* for leases and waits */
	day_t day;            /* the local calendar day */
	int32_t second;       /* local second of the day, 0 .. 86399 */
};

/* Sets the process's zone; ERR_INVALID when the system has no data for that name (tzdata missing included). */
int zone_set(const char *name) MUST_CHECK;

struct moment zone_moment(int64_t unix_seconds);

/* The first moment, in unix seconds, at which it is that local time or later. */
int64_t zone_unix(day_t day, int32_t second);

/* The same for a count of local seconds, as zone_parse_time gives it. */
int64_t zone_unix_of_local(int64_t local_seconds);

/* POLICY 10: "YYYY-MM-DD" (00:00) or ISO 8601 "YYYY-MM-DDTHH:MM[:SS[.fff]][Z|+HH:MM|+HHMM|+HH]" ('T' or a space), local where no zone is given.
 * *local_seconds counts local seconds since 1970-01-01 00:00 local: day * 86400 + second. ERR_SYNTAX otherwise. */
int zone_parse_time(const char *text, size_t length, int64_t *local_seconds) MUST_CHECK;

#endif
