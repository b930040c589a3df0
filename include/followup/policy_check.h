/* policy_check.h - the body of "followupd check": reads everything and says everything that is wrong. */
#ifndef FOLLOWUP_POLICY_CHECK_H
#define FOLLOWUP_POLICY_CHECK_H

#include "followup/date.h"

enum { EXIT_CONFIGURATION = 78 }; /* EX_CONFIG */

/* Every complaint to standard error, one a line, as "file:line: error: text" or "warning:"; then, when the policy can be used, a summary to standard output.
 * The exit status: 0 (warnings are none), 78, or 71 without memory. */
int policy_check_command(const char *file, day_t today);

#endif
