/* clock.h - the one place that asks what time it is (STYLE 12). Everybody else is handed the answer. */
#ifndef FOLLOWUP_CLOCK_H
#define FOLLOWUP_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* The business clock: leases, calling hours and midnights go by it. */
struct business_clock {
	bool frozen;     /* a test clock: moves only when it is told to */
	int64_t reading; /* unix seconds: the largest given out, or where the test clock stands */
	int64_t behind;  /* seconds by which the system's clock was last seen behind reading; 0 when it is right */
};

/* Unix seconds. Never below a reading given out before, so that a clock that steps back cannot hand out or expire twice; a test clock may be set back. */
int64_t clock_now(struct business_clock *source);

/* Turns it into a test clock that stands at unix_seconds. */
void clock_freeze(struct business_clock *source, int64_t unix_seconds);

/* Milliseconds and microseconds since some moment in the past: for timeouts and for the service manager. They never step. */
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);

/* The system's own clock, for the time in a log line: unix seconds. */
int64_t clock_wall(void);

#endif
