#include "followup/clock.h"

#include <time.h>

static int64_t read_clock(clockid_t which, int64_t parts_a_second)
{
	struct timespec now = {0};

	/* Both clocks exist on every Linux: the call cannot fail with these names. */
	(void)clock_gettime(which, &now);
	return (int64_t)now.tv_sec * parts_a_second + (int64_t)now.tv_nsec / (INT64_C(1000000000) / parts_a_second);
}

int64_t clock_now(struct business_clock *source)
{
	int64_t now;

	if (source->frozen)
		return source->reading;
	now = clock_wall();
	if (now < source->reading) {
		source->behind = source->reading - now;
		return source->reading;
	}
	source->behind = 0;
	source->reading = now;
	return now;
}

void clock_freeze(struct business_clock *source, int64_t unix_seconds)
{
	source->frozen = true;
	source->reading = unix_seconds;
	source->behind = 0;
}

int64_t clock_monotonic_ms(void)
{
	return read_clock(CLOCK_MONOTONIC, 1000);
}

int64_t clock_monotonic_us(void)
{
	return read_clock(CLOCK_MONOTONIC, 1000000);
}

int64_t clock_wall(void)
{
	return read_clock(CLOCK_REALTIME, 1);
}
