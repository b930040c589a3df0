/* stepped_clock.c - preloaded into a daemon: its wall clock is off by as many seconds as the file STEPPED_CLOCK says. What never steps (CLOCK_MONOTONIC) is left alone. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t which, struct timespec *now)
{
	static int (*real)(clockid_t, struct timespec *);
	const char *name = getenv("STEPPED_CLOCK");
	char text[32] = "";

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	int result = real(which, now);
	int file = result == 0 && which == CLOCK_REALTIME && name != NULL ? open(name, O_RDONLY | O_CLOEXEC) : -1;
	if (file < 0)
		return result;
	if (read(file, text, sizeof(text) - 1) > 0)
		now->tv_sec += (time_t)strtoll(text, NULL, 10);
	(void)close(file);
	return result;
}
