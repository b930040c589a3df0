/* ctl_grid.h - followupctl: rows and columns on a terminal of a given width. */
#ifndef FOLLOWUP_CTL_GRID_H
#define FOLLOWUP_CTL_GRID_H

#include <stdbool.h>
#include <stddef.h>

#include "followup/buffer.h"
#include "followup/ctl_screen.h"
#include "followup/error.h"

struct ctl_grid;

struct ctl_grid *ctl_grid_new(size_t rows); /* NULL without memory */
void ctl_grid_free(struct ctl_grid *grid);

/* Puts clean text (text_clean(), one line) into the row, under the column of that name, a new one where there is none; twice into one place: the later one. Columns of
 * numbers alone stand at the right. There are 64 columns at most; what comes under a further one is left out. */
int ctl_grid_put(struct ctl_grid *grid, size_t row, const char *column, const char *text, bool is_number) MUST_CHECK;

/* Appends a heading and the rows, each line behind indent blanks. On a screen with a width what is too wide loses the columns in which
 * nothing stands; is that not enough, its widest column of words is broken into several lines; or else each row takes several lines, the further ones below its second
 * column. */
void ctl_grid_show(struct ctl_grid *grid, size_t indent, const struct ctl_screen *screen, struct buffer *out);

/* How many bytes of clean text go on a line of so many columns: as many characters as fit, whole words if there is a blank to part them; at least one character. */
size_t ctl_grid_line(const char *text, size_t width);

#endif
