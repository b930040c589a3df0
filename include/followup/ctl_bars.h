/* ctl_bars.h - followupctl forecast on a terminal: a bar for each day of each queue. */
#ifndef FOLLOWUP_CTL_BARS_H
#define FOLLOWUP_CTL_BARS_H

#include <stddef.h>

#include "followup/buffer.h"
#include "followup/ctl_screen.h"
#include "followup/error.h"

/* Appends the answer of FORECAST (JSON) as bars as wide as the screen: how many calls wait on the day, how many of them will be made, which are missed, and where the day's
 * capacity ends. Days on which nothing waits are left out. The figures stand beside the bars. ERR_SYNTAX when it is no forecast, ERR_MEMORY. */
int ctl_bars_show(const char *document, size_t length, const struct ctl_screen *screen, struct buffer *out) MUST_CHECK;

#endif
