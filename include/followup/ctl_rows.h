/* ctl_rows.h - followupctl: JSON objects as rows to be looked things up in. */
#ifndef FOLLOWUP_CTL_ROWS_H
#define FOLLOWUP_CTL_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "followup/error.h"
#include "followup/json.h"

struct ctl_cell {
	char *key;
	char *text; /* nested documents as the JSON they are; NULL: null */
	enum json_type type;
};

struct ctl_row {
	struct ctl_cell *cells;
	size_t count;
};

struct ctl_rows {
	struct ctl_row *rows;
	size_t count;
};

/* Reads an array of objects, or one object as the only row; elements that are no objects are a row of one cell, whose key is "". What is written to *out is the caller's to
 * free. ERR_SYNTAX when it is no JSON, ERR_NOT_FOUND when it is neither array nor object, ERR_MEMORY. */
int ctl_rows_read(const char *document, size_t length, struct ctl_rows *out) MUST_CHECK;
void ctl_rows_free(struct ctl_rows *rows);

/* The member's text; "" where there is none, or null. */
const char *ctl_row_text(const struct ctl_row *row, const char *key);
/* Whether there is such a member and it is not null. */
bool ctl_row_has(const struct ctl_row *row, const char *key);
/* The member as a number; 0 where it is none. */
long ctl_row_number(const struct ctl_row *row, const char *key);
bool ctl_row_true(const struct ctl_row *row, const char *key);

#endif
