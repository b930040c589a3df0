/* rows.h - an array of flat JSON objects as CSV or as a table for people. columns: the members to show, in that order, NULL at the end, at most 16; what is missing or null
 * is empty. path: where the array stands in the document ("$.days"). ERR_SYNTAX, ERR_NOT_FOUND, ERR_MEMORY. */
#ifndef FOLLOWUP_ROWS_H
#define FOLLOWUP_ROWS_H

#include <stddef.h>

#include "followup/buffer.h"
#include "followup/error.h"

/* RFC 4180 with LF and a header line. */
int rows_as_csv(const char *document, size_t length, const char *path, const char *const *columns, struct buffer *out) MUST_CHECK;

/* Aligned, numbers to the right; one line a row. */
int rows_as_text(const char *document, size_t length, const char *path, const char *const *columns, struct buffer *out) MUST_CHECK;

#endif
