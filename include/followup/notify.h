/* notify.h - the service manager's two small protocols, by hand: state lines sent to it, and listening sockets inherited from it. */
#ifndef FOLLOWUP_NOTIFY_H
#define FOLLOWUP_NOTIFY_H

#include <stdint.h>

#include "followup/error.h"

/* Sends state lines ("READY=1\nSTATUS=...") to the socket that NOTIFY_SOCKET names (a path, or @name for an abstract one). Never blocks. 1: sent,
 * 0: nobody asked for it, ERR_SYSTEM otherwise. The caller may ignore the result: a service manager that does not listen stops nothing. */
int notify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Microseconds within which the service manager wants to hear WATCHDOG=1; 0 when it does not ask this process. */
uint64_t notify_watchdog_us(void);

enum { NOTIFY_FIRST_FD = 3, NOTIFY_FDS_MAX = 64 };

/* The number of listening sockets handed to this process, at descriptors NOTIFY_FIRST_FD and up; they are marked close-on-exec and the
 * variables are removed from the environment, so a second call gives 0. ERR_INVALID for more than NOTIFY_FDS_MAX. */
int notify_inherited(void) MUST_CHECK;

#endif
