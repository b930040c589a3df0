/* ctl_table.h - followupctl: a JSON document as people read it. */
#ifndef FOLLOWUP_CTL_TABLE_H
#define FOLLOWUP_CTL_TABLE_H

#include <stddef.h>

#include "followup/buffer.h"
#include "followup/ctl_screen.h"
#include "followup/error.h"

struct ctl_table; /* the readers of JSON that it takes */

/* Tables keep to the screen (ctl_grid.h), of which a copy is taken. */
struct ctl_table *ctl_table_new(const struct ctl_screen *screen);
void ctl_table_free(struct ctl_table *table);

/* Appends the document: an array of objects as aligned columns (as one block an object where they hold tables of their own), an object as "key: value" lines
 * with its arrays of objects as indented tables, anything deeper as the JSON it is. Ends with a line end. ERR_SYNTAX when it is not JSON, ERR_NOT_FOUND
 * when it is neither array nor object, ERR_MEMORY. */
int ctl_table_show(struct ctl_table *table, const char *document, size_t length, struct buffer *out) MUST_CHECK;

#endif
