/* ctl_desk.h - followupctl next and done for an agent at a terminal: the card, then the questions that the outcome wants. Meanwhile the lease is kept. */
#ifndef FOLLOWUP_CTL_DESK_H
#define FOLLOWUP_CTL_DESK_H

#include <stdbool.h>

#include "followup/ctl_connection.h"

/* Whether somebody sits there who can be asked. */
bool ctl_desk_is_attended(void);

/* next: the words as they are sent. Call after call, until the agent has enough. A message, or a daemon that does not say which outcomes there are: shown as without a
 * terminal, and nothing is asked. */
enum ctl_status ctl_desk_next(const struct ctl_target *target, int count, char **words);

/* done [LEASE]: asks for the outcome of that lease, or of the call that the agent holds. */
enum ctl_status ctl_desk_done(const struct ctl_target *target, const char *lease);

#endif
