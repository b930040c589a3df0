/* ctl_card.h - followupctl: a call as the agent reads it who is about to make it. */
#ifndef FOLLOWUP_CTL_CARD_H
#define FOLLOWUP_CTL_CARD_H

#include "followup/buffer.h"
#include "followup/ctl_rows.h"
#include "followup/ctl_screen.h"

/* Appends the card of a call's document (followup-protocol(7), DOCUMENTS): whom to ring and until when it is held, each matter with its due day, what the rules give to
 * say and to ask, and from BRIEF (NULL: not there) what was before. ERR_MEMORY; ERR_SYNTAX where the document is not what NEXT answers. */
int ctl_card_show(const struct ctl_row *call, const struct ctl_row *brief, const struct ctl_screen *screen, struct buffer *out) MUST_CHECK;

#endif
