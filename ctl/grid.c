/* grid.c - rows and columns on a terminal. */
#include "followup/ctl_grid.h"

#include <stdlib.h>
#include <string.h>

#include "followup/text.h"

enum { COLUMNS_MAX = 64, COLUMN_GAP = 2, BREAK_LEAST = 24 /* narrower columns are not broken into lines */ };

struct column {
	char *name;
	size_t width; /* of its widest cell; less where it is broken into lines */
	bool numeric, used;
	size_t line; /* of the lines that a row takes */
};

struct ctl_grid {
	struct column columns[COLUMNS_MAX];
	size_t column_count, rows;
	char **cells; /* rows * COLUMNS_MAX, row after row; a cell that a row does not have is NULL */
};

struct ctl_grid *ctl_grid_new(size_t rows)
{
	struct ctl_grid *grid = calloc(1, sizeof *grid);

	if (grid == NULL)
		return NULL;
	grid->rows = rows;
	grid->cells = calloc(rows + 1, COLUMNS_MAX * sizeof *grid->cells);
	if (grid->cells == NULL) {
		free(grid);
		return NULL;
	}
	return grid;
}

void ctl_grid_free(struct ctl_grid *grid)
{
	if (grid == NULL)
		return;
	for (size_t i = 0; i < grid->column_count; i++)
		free(grid->columns[i].name);
	for (size_t i = 0; i < grid->rows * COLUMNS_MAX; i++)
		free(grid->cells[i]);
	free(grid->cells);
	free(grid);
}

int ctl_grid_put(struct ctl_grid *grid, size_t row, const char *name, const char *text, bool is_number)
{
	size_t at = 0;

	while (at < grid->column_count && strcmp(grid->columns[at].name, name) != 0)
		at++;
	if (at == COLUMNS_MAX)
		return 0;
	struct column *column = &grid->columns[at];
	if (at == grid->column_count) {
		char *copy = strdup(name);
		if (copy == NULL)
			return ERR_MEMORY;
		*column = (struct column){.name = copy, .width = text_width(name, strlen(name)), .numeric = true};
		grid->column_count++;
	}
	char *copy = strdup(text);
	if (copy == NULL)
		return ERR_MEMORY;
	size_t width = text_width(text, strlen(text));
	if (width > column->width)
		column->width = width;
	if (text[0] != '\0')
		column->used = true;
	if (text[0] != '\0' && !is_number)
		column->numeric = false;
	char **place = &grid->cells[row * COLUMNS_MAX + at];
	free(*place);
	*place = copy;
	return 0;
}

static size_t total_width(const struct ctl_grid *grid, size_t indent)
{
	size_t total = indent;

	for (size_t i = 0; i < grid->column_count; i++)
		total += grid->columns[i].width + (i > 0 ? COLUMN_GAP : 0);
	return total;
}

static void drop_unused(struct ctl_grid *grid)
{
	size_t kept = 0;

	for (size_t i = 0; i < grid->column_count; i++) {
		if (!grid->columns[i].used) {
			free(grid->columns[i].name);
			continue;
		}
		for (size_t row = 0; kept < i && row < grid->rows; row++) {
			char **cells = grid->cells + row * COLUMNS_MAX;
			free(cells[kept]);
			cells[kept] = cells[i];
			cells[i] = NULL;
		}
		grid->columns[kept++] = grid->columns[i];
	}
	/* What stood in a dropped column behind the last one kept is empty text. */
	grid->column_count = kept;
}

/* Whether the widest column of words can take so many lines that the rest has room beside it. */
static bool break_words(struct ctl_grid *grid, size_t excess)
{
	struct column *widest = NULL;

	for (size_t i = 0; i < grid->column_count; i++) {
		struct column *column = &grid->columns[i];
		if (!column->numeric && (widest == NULL || column->width > widest->width))
			widest = column;
	}
	if (widest == NULL || widest->width < excess + BREAK_LEAST ||
		text_width(widest->name, strlen(widest->name)) > widest->width - excess)
		return false;
	widest->width -= excess;
	return true;
}

/* Columns that have no room go to further lines, which begin below the second column. */
static void fold(struct ctl_grid *grid, size_t indent, size_t width)
{
	size_t below = indent + (grid->column_count > 0 ? grid->columns[0].width : 0) + COLUMN_GAP, end = indent, line = 0;

	for (size_t i = 0; i < grid->column_count; i++) {
		struct column *column = &grid->columns[i];
		size_t begin = i == 0 ? indent : end + COLUMN_GAP;
		if (i > 1 && begin + column->width > width && begin > below) {
			line++;
			begin = below;
		}
		/* Alone on its line and still too wide: as wide as the line. */
		if (!column->numeric && begin + column->width > width && begin + BREAK_LEAST <= width)
			column->width = width - begin;
		column->line = line;
		end = begin + column->width;
	}
}

size_t ctl_grid_line(const char *text, size_t width)
{
	size_t length = strlen(text), taken = 0, blank = 0, columns = 0;

	while (taken < length) {
		size_t size = 1;
		while (taken + size < length && ((unsigned char)text[taken + size] & 0xC0) == 0x80)
			size++;
		columns += text_width(text + taken, size);
		if (columns > width && taken > 0)
			return blank > 0 ? blank : taken;
		if (text[taken] == ' ')
			blank = taken;
		taken += size;
	}
	return length;
}

static void add_heading(const struct ctl_screen *screen, struct buffer *out, const char *text, size_t bytes)
{
	struct buffer name = {0};

	buffer_append(&name, text, bytes);
	if (name.failed)
		out->failed = true;
	else
		ctl_screen_text(screen, out, STYLE_BOLD, name.data);
	buffer_free(&name);
}

/* Prints one line of the row; rests are what of its cells is still to be printed, and move on. Whether any is left. */
static bool show_line(const struct ctl_grid *grid, const char *rests[COLUMNS_MAX], size_t line, size_t indent, bool first,
	const struct ctl_screen *heading, struct buffer *out)
{
	size_t owed =
		line == 0 ? indent : indent + grid->columns[0].width + COLUMN_GAP; /* blanks, written only when something follows them */
	bool anything = false, left = false;

	for (size_t i = 0; i < grid->column_count; i++) {
		const struct column *column = &grid->columns[i];
		if (column->line != line)
			continue;
		size_t bytes = ctl_grid_line(rests[i], column->width), width = text_width(rests[i], bytes);
		size_t rest = column->width > width ? column->width - width : 0;
		if (column->numeric)
			owed += rest;
		if (bytes > 0) {
			text_pad(out, owed);
			if (heading != NULL)
				add_heading(heading, out, rests[i], bytes);
			else
				buffer_append(out, rests[i], bytes);
			owed = 0;
			anything = true;
		} else {
			owed += width;
		}
		if (!column->numeric)
			owed += rest;
		owed += COLUMN_GAP;
		rests[i] += bytes + strspn(rests[i] + bytes, " ");
		left |= *rests[i] != '\0';
	}
	if (anything || (line == 0 && first))
		buffer_text(out, "\n");
	return left;
}

/* Without cells the heading. */
static void show_row(const struct ctl_grid *grid, char *const *cells, size_t indent, const struct ctl_screen *screen, struct buffer *out)
{
	const char *rests[COLUMNS_MAX];
	size_t last = grid->column_count > 0 ? grid->columns[grid->column_count - 1].line : 0;

	for (size_t i = 0; i < grid->column_count; i++)
		rests[i] = cells == NULL ? grid->columns[i].name : cells[i] != NULL ? cells[i] : "";
	for (size_t line = 0; line <= last; line++)
		for (bool first = true, left = true; left && !out->failed; first = false)
			left = show_line(grid, rests, line, indent, first, cells == NULL ? screen : NULL, out);
}

void ctl_grid_show(struct ctl_grid *grid, size_t indent, const struct ctl_screen *screen, struct buffer *out)
{
	size_t width = screen->width;

	if (width > 0 && total_width(grid, indent) > width) {
		drop_unused(grid);
		size_t total = total_width(grid, indent);
		if (total > width && !break_words(grid, total - width))
			fold(grid, indent, width);
	}
	show_row(grid, NULL, indent, screen, out);
	for (size_t row = 0; row < grid->rows; row++)
		show_row(grid, grid->cells + row * COLUMNS_MAX, indent, screen, out);
}
