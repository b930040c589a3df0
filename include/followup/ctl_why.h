/* ctl_why.h - followupctl why: the answer of WHY cut down to a page. */
#ifndef FOLLOWUP_CTL_WHY_H
#define FOLLOWUP_CTL_WHY_H

#include <stddef.h>

#include "followup/buffer.h"
#include "followup/error.h"

/* Appends a smaller document for ctl_table_show(): without what says nothing; of the rules those that fire or have a follow-up, with their windows in one column each, the
 * others by what holds them; of the follow-ups the last that have ended. ERR_SYNTAX when the answer is not JSON, ERR_NOT_FOUND when it is no object, ERR_MEMORY. */
int ctl_why_page(const char *document, size_t length, struct buffer *out) MUST_CHECK;

#endif
