/* ctl_top.h - followupctl top: the queues and the agents of this moment, until q. */
#ifndef FOLLOWUP_CTL_TOP_H
#define FOLLOWUP_CTL_TOP_H

#include <stdbool.h>

#include "followup/ctl_connection.h"

/* top [interval SECONDS], the words behind "top". On a terminal it draws again whenever the daemon tells of something, and at every interval at least; the terminal is as it
 * was afterwards, whatever ends it. Elsewhere, and with json, it prints once. */
enum ctl_status ctl_top(const struct ctl_target *target, int count, char **words, bool json);

#endif
