/* ctl_page.h - followupctl: what to say below a list that ends at its limit. */
#ifndef FOLLOWUP_CTL_PAGE_H
#define FOLLOWUP_CTL_PAGE_H

#include <stddef.h>

#include "followup/buffer.h"
#include "followup/error.h"

/* Appends a line for people when the words asked for a list whose answer (a JSON array) has as many rows as it may have, so that more may stand behind: what to ask for
 * them. Otherwise nothing. Rows begin with their number. */
int ctl_page_note(int count, char *const *words, const char *document, size_t length, struct buffer *out) MUST_CHECK;

#endif
