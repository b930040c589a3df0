/* card.c - who is to be rung, why, and what is to be said. */
#include "followup/ctl_card.h"

#include <stdio.h>
#include <string.h>

#include "followup/ctl_grid.h"
#include "followup/text.h"

enum { INDENT = 2 };

static void add_clean(struct buffer *out, const char *text)
{
	text_clean(out, text, strlen(text), false);
}

/* A member of a row in that style, behind a gap. */
static void add_styled(const struct ctl_screen *screen, struct buffer *out, enum ctl_style style, const char *before, const char *text)
{
	struct buffer clean = {0};

	if (text[0] == '\0')
		return;
	add_clean(&clean, text);
	buffer_text(out, before);
	if (clean.failed)
		out->failed = true;
	else
		ctl_screen_text(screen, out, style, clean.data);
	buffer_free(&clean);
}

/* The clock of a time like 2025-03-04T10:15:00, or the whole of it where it is none. */
static const char *clock_part(const char *time, char out[6])
{
	if (strlen(time) < 16 || time[10] != 'T')
		return time;
	snprintf(out, 6, "%.5s", time + 11);
	return out;
}

static int put(struct ctl_grid *grid, size_t row, const char *column, const char *text, bool is_number)
{
	struct buffer clean = {0};

	if (text[0] == '\0')
		return 0;
	add_clean(&clean, text);
	int result = clean.failed ? ERR_MEMORY : ctl_grid_put(grid, row, column, clean.data, is_number);
	buffer_free(&clean);
	return result;
}

static bool is_first_of_client(const struct ctl_rows *agenda, size_t row)
{
	for (size_t i = 0; i < row; i++)
		if (strcmp(ctl_row_text(&agenda->rows[i], "client_ref"), ctl_row_text(&agenda->rows[row], "client_ref")) == 0)
			return false;
	return true;
}

/* A line for each client: a person may have several accounts. */
static void show_clients(const struct ctl_rows *agenda, const struct ctl_screen *screen, struct buffer *out)
{
	for (size_t i = 0; i < agenda->count; i++) {
		const struct ctl_row *row = &agenda->rows[i];
		if (!is_first_of_client(agenda, i))
			continue;
		text_pad(out, INDENT);
		add_styled(screen, out, STYLE_BOLD, "", ctl_row_text(row, "name"));
		add_styled(screen, out, STYLE_PLAIN, ctl_row_has(row, "name") ? "  " : "", ctl_row_text(row, "client_ref"));
		add_styled(screen, out, STYLE_PLAIN, "  ", ctl_row_text(row, "tier"));
		add_styled(screen, out, STYLE_PLAIN, "  may speak through: ", ctl_row_text(row, "attorney"));
		buffer_text(out, "\n");
	}
	buffer_text(out, "\n");
}

static int show_agenda(const struct ctl_rows *agenda, const struct ctl_screen *screen, struct buffer *out)
{
	static const struct {
		const char *column, *member;
		bool is_number;
	} columns[] = {
		{"item", "item", true},
		{"client", "client_ref", false},
		{"why", "rule", false},
		{"occasion", "occasion", false},
		{"due_on", "due_on", false},
		{"tries", "tries", true},
		{"promised", "matter", false},
		{"department", "dept", false},
		{"promised_by", "promised_by", false},
	};
	struct ctl_grid *grid = ctl_grid_new(agenda->count);
	int result = grid != NULL ? 0 : ERR_MEMORY;

	size_t clients = 0;
	for (size_t row = 0; row < agenda->count; row++)
		clients += is_first_of_client(agenda, row);
	/* Column by column, so that they stand in this order whichever row has them. */
	for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++)
		for (size_t row = 0; result == 0 && row < agenda->count; row++) {
			const char *text = ctl_row_text(&agenda->rows[row], columns[c].member);
			if ((strcmp(columns[c].member, "tries") == 0 && strcmp(text, "0") == 0) ||
				(strcmp(columns[c].member, "client_ref") == 0 && clients == 1))
				continue;
			result = put(grid, row, columns[c].column, text, columns[c].is_number);
		}
	if (result == 0)
		ctl_grid_show(grid, INDENT, screen, out);
	ctl_grid_free(grid);
	return result;
}

/* Text in lines of the screen's width, behind the indent. Breaks at blanks, and between Chinese characters where there are none. */
static void add_paragraph(const struct ctl_screen *screen, struct buffer *out, const char *text)
{
	struct buffer clean = {0};
	size_t width = screen->width > 2 * INDENT ? screen->width - INDENT : 0;

	add_clean(&clean, text);
	for (const char *rest = clean.failed || clean.data == NULL ? "" : clean.data; *rest != '\0';) {
		size_t bytes = width == 0 ? strlen(rest) : ctl_grid_line(rest, width);
		text_pad(out, INDENT);
		buffer_append(out, rest, bytes);
		buffer_text(out, "\n");
		rest += bytes + strspn(rest + bytes, " ");
	}
	out->failed = out->failed || clean.failed;
	buffer_free(&clean);
}

static int show_script(const struct ctl_row *script, const struct ctl_screen *screen, struct buffer *out)
{
	const char *form = ctl_row_text(script, "form");
	struct ctl_rows asked = {0};
	struct buffer line = {0};

	buffer_text(out, "\n");
	add_styled(screen, out, STYLE_BOLD, "", ctl_row_text(script, "rule"));
	buffer_text(out, "\n");
	add_paragraph(screen, out, ctl_row_text(script, "script"));
	int result = form[0] != '\0' ? ctl_rows_read(form, strlen(form), &asked) : 0;
	for (size_t i = 0; i < asked.count; i++) {
		buffer_text(&line, i == 0 ? "To be answered: " : ", ");
		buffer_text(&line, ctl_row_text(&asked.rows[i], ""));
	}
	if (result == 0 && line.failed)
		result = ERR_MEMORY;
	if (result == 0 && line.length > 0)
		add_paragraph(screen, out, line.data);
	buffer_free(&line);
	ctl_rows_free(&asked);
	return result;
}

/* The last tries and contacts, newest first, and what is still promised. */
static int show_before(const struct ctl_row *brief, const struct ctl_screen *screen, struct buffer *out)
{
	static const char *const words[] = {"agent", "channel", "disposition", "rule", "note", "needs", "opinions"};
	enum { SHOWN = 3 };
	const char *text = ctl_row_text(brief, "history"), *promised = ctl_row_text(brief, "promises");
	struct ctl_rows history = {0}, promises = {0};
	int result = text[0] != '\0' ? ctl_rows_read(text, strlen(text), &history) : 0;

	if (result == 0 && promised[0] != '\0')
		result = ctl_rows_read(promised, strlen(promised), &promises);
	if (result == 0 && history.count + promises.count > 0)
		add_styled(screen, out, STYLE_BOLD, "\n", "Before this");
	for (size_t i = 0; result == 0 && i < history.count && i < SHOWN; i++) {
		struct buffer line = {0};
		buffer_printf(&line, "%.10s", ctl_row_text(&history.rows[i], "at"));
		for (size_t w = 0; w < sizeof words / sizeof words[0]; w++)
			if (ctl_row_has(&history.rows[i], words[w]))
				buffer_printf(&line, "%s%s", w < 4 ? "  " : w == 4 ? ": " : "; ", ctl_row_text(&history.rows[i], words[w]));
		buffer_text(out, i == 0 ? "\n" : "");
		if (line.failed)
			result = ERR_MEMORY;
		else
			add_paragraph(screen, out, line.data);
		buffer_free(&line);
	}
	for (size_t i = 0; result == 0 && i < promises.count; i++) {
		struct buffer line = {0};
		buffer_printf(
			&line, "promised by %s: %s", ctl_row_text(&promises.rows[i], "by"), ctl_row_text(&promises.rows[i], "matter"));
		buffer_text(out, i == 0 && history.count == 0 ? "\n" : "");
		if (line.failed)
			result = ERR_MEMORY;
		else
			add_paragraph(screen, out, line.data);
		buffer_free(&line);
	}
	ctl_rows_free(&history);
	ctl_rows_free(&promises);
	return result;
}

int ctl_card_show(const struct ctl_row *call, const struct ctl_row *brief, const struct ctl_screen *screen, struct buffer *out)
{
	const char *agenda_text = ctl_row_text(call, "agenda"), *scripts_text = ctl_row_text(call, "scripts");
	struct ctl_rows agenda = {0}, scripts = {0};
	char clock[6];
	int result = ctl_rows_read(agenda_text, strlen(agenda_text), &agenda);

	if (result < 0)
		return result;
	add_styled(screen, out, STYLE_BOLD, "Call ", ctl_row_text(call, "call"));
	add_styled(screen, out, STYLE_PLAIN, "  ", ctl_row_text(call, "channel"));
	add_styled(screen, out, STYLE_BOLD, "  ", ctl_row_text(call, "number"));
	add_styled(screen, out, STYLE_PLAIN, "  due ", ctl_row_text(call, "due_on"));
	add_styled(screen, out, STYLE_PLAIN, "  yours until ", clock_part(ctl_row_text(call, "lease_until"), clock));
	if (ctl_row_number(call, "tries_today") > 0)
		add_styled(screen, out, STYLE_YELLOW, "  tries today ", ctl_row_text(call, "tries_today"));
	buffer_text(out, "\n");
	show_clients(&agenda, screen, out);
	result = show_agenda(&agenda, screen, out);
	if (result == 0 && scripts_text[0] != '\0')
		result = ctl_rows_read(scripts_text, strlen(scripts_text), &scripts);
	for (size_t i = 0; result == 0 && i < scripts.count; i++)
		result = show_script(&scripts.rows[i], screen, out);
	if (result == 0 && brief != NULL)
		result = show_before(brief, screen, out);
	ctl_rows_free(&scripts);
	ctl_rows_free(&agenda);
	return result < 0 ? result : out->failed ? ERR_MEMORY : 0;
}
