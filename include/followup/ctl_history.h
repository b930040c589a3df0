/* ctl_history.h - followupctl history: the answer of HISTORY as one line an entry. */
#ifndef FOLLOWUP_CTL_HISTORY_H
#define FOLLOWUP_CTL_HISTORY_H

#include <stddef.h>

#include "followup/buffer.h"
#include "followup/error.h"

/* Appends a flatter document for ctl_table_show(): for each entry when, what happened, to which rule's occasion and call, who did it, and what else stands there as words.
 * ERR_SYNTAX when the answer is not JSON, ERR_NOT_FOUND when it is no array, ERR_MEMORY. */
int ctl_history_page(const char *document, size_t length, struct buffer *out) MUST_CHECK;

#endif
