/* policy_check.h - the body of "followupd check": reads everything and says everything that is wrong. */
#ifndef FOLLOWUP_POLICY_CHECK_H
#define FOLLOWUP_POLICY_CHECK_H

#include "followup/date.h"

enum { EXIT_CONFIGURATION = 78 }; /* EX_CONFIG */

struct policy;

/* Looks at files that a policy names and does not read itself: 0, or an error; with ERR_INVALID what is wrong stands in why. */
typedef int policy_check_files(const struct policy *policy, char why[256]);

/* Every complaint to standard error, one a line, as "file:line: error: text" or "warning:"; then, when the policy can be used, a summary to standard output.
 * The exit status: 0 (warnings are none), 78, or 71 without memory. check_files: NULL: none are looked at. */
int policy_check_command(const char *file, day_t today, policy_check_files *check_files);

#endif
