/* bars.c - a forecast as bars. */
#include "followup/ctl_bars.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/ctl_rows.h"
#include "followup/date.h"
#include "followup/text.h"

enum { DAY_WIDTH = 11, FIGURES_WIDTH = 34, BAR_LEAST = 10, BAR_MOST = 100 };

/* A day of a queue. */
struct day {
	long waiting, done, missed, capacity; /* capacity -1: no limit */
};

static struct day day_of(const struct ctl_row *row)
{
	struct day day = {
		.waiting = ctl_row_number(row, "waiting"),
		.done = ctl_row_number(row, "done"),
		.missed = ctl_row_number(row, "missed"),
		.capacity = ctl_row_has(row, "capacity") ? ctl_row_number(row, "capacity") : -1,
	};

	/* What falls due on its day can be more than what waited when the desk opened. */
	if (day.waiting < day.done + day.missed)
		day.waiting = day.done + day.missed;
	return day;
}

static void add_run(const struct ctl_screen *screen, struct buffer *out, enum ctl_style style, const char *mark, size_t count)
{
	struct buffer run = {0};

	for (size_t i = 0; i < count; i++)
		buffer_text(&run, mark);
	if (count > 0 && !run.failed)
		ctl_screen_text(screen, out, style, run.data);
	out->failed = out->failed || run.failed;
	buffer_free(&run);
}

/* Columns for so many calls; some at least where there are any. */
static size_t scale(long calls, long most, size_t width)
{
	size_t columns = most > 0 && calls > 0 ? (size_t)calls * width / (size_t)most : 0;

	return calls > 0 && columns == 0 ? 1 : columns < width ? columns : width;
}

static void add_bar(const struct ctl_screen *screen, struct buffer *out, const struct day *day, long most, size_t width)
{
	size_t all = scale(day->waiting, most, width), done = scale(day->done, most, width), missed = scale(day->missed, most, width);
	size_t used = all;

	done = done > all ? all : done;
	missed = missed > all - done ? all - done : missed;
	add_run(screen, out, STYLE_GREEN, screen->blocks ? "\u2588" : "#", done);
	add_run(screen, out, STYLE_RED, screen->blocks ? "\u2593" : "!", missed);
	add_run(screen, out, STYLE_PLAIN, screen->blocks ? "\u2591" : "-", all - done - missed);
	/* The mark of what can be made in a day stands behind the bar, where it is seen. */
	size_t mark = day->capacity >= 0 && most > 0 ? (size_t)day->capacity * width / (size_t)most : width;
	if (mark >= used && mark < width) {
		text_pad(out, mark - used);
		ctl_screen_text(screen, out, STYLE_DIM, "|");
		used = mark + 1;
	}
	text_pad(out, width + 1 - used);
}

static void add_day(const struct ctl_screen *screen, struct buffer *out, const struct ctl_row *row, long most, size_t width)
{
	static const char *const weekdays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	const char *text = ctl_row_text(row, "day");
	struct day day = day_of(row);
	day_t date = date_parse(text, strlen(text));

	buffer_printf(out, "%.5s %s  ", strlen(text) > 5 ? text + 5 : text, date != NO_DAY ? weekdays[date_weekday(date) - 1] : "   ");
	add_bar(screen, out, &day, most, width);
	buffer_printf(out, " %ld of %ld made", day.done, day.waiting);
	if (day.capacity == 0)
		buffer_text(out, ", desk closed");
	if (day.missed > 0) {
		char missed[40];
		snprintf(missed, sizeof missed, "%ld missed", day.missed);
		buffer_text(out, ", ");
		ctl_screen_text(screen, out, STYLE_RED, missed);
	}
	buffer_text(out, "\n");
}

static bool is_shown(const struct ctl_row *row)
{
	struct day day = day_of(row);

	return day.waiting > 0 || day.missed > 0;
}

/* How many calls a day the queue is reckoned with, and whence that is known. */
static void add_capacity(struct buffer *out, const struct ctl_rows *capacities, const char *queue)
{
	for (size_t i = 0; i < capacities->count; i++) {
		const struct ctl_row *row = &capacities->rows[i];
		const char *basis = ctl_row_text(row, "basis");
		if (strcmp(ctl_row_text(row, "queue"), queue) != 0)
			continue;
		if (strcmp(basis, "pace") == 0)
			buffer_printf(out, "  (at the pace of late: %ld contacts in %ld work days)", ctl_row_number(row, "contacts"),
				ctl_row_number(row, "work_days"));
		else if (ctl_row_has(row, "calls_a_day"))
			buffer_printf(out, "  (%ld calls a work day, by the %s)", ctl_row_number(row, "calls_a_day"), basis);
		else
			buffer_text(out, "  (as many calls as there are)");
	}
}

static void add_queue(const struct ctl_screen *screen, struct buffer *out, const struct ctl_rows *days, size_t first,
	const struct ctl_rows *capacities, size_t width)
{
	const char *queue = ctl_row_text(&days->rows[first], "queue");
	struct buffer name = {0};
	long most = 1;
	size_t shown = 0;

	for (size_t i = first; i < days->count; i++) {
		struct day day = day_of(&days->rows[i]);
		if (strcmp(ctl_row_text(&days->rows[i], "queue"), queue) != 0)
			continue;
		shown += is_shown(&days->rows[i]);
		most = day.waiting > most ? day.waiting : most;
		most = day.capacity > most ? day.capacity : most;
	}
	if (shown == 0)
		return;
	text_clean(&name, queue, strlen(queue), false);
	buffer_text(out, "\n");
	if (!name.failed)
		ctl_screen_text(screen, out, STYLE_BOLD, name.data);
	out->failed = out->failed || name.failed;
	buffer_free(&name);
	add_capacity(out, capacities, queue);
	buffer_text(out, "\n");
	for (size_t i = first; i < days->count; i++)
		if (strcmp(ctl_row_text(&days->rows[i], "queue"), queue) == 0 && is_shown(&days->rows[i]))
			add_day(screen, out, &days->rows[i], most, width);
}

static bool is_first_of_queue(const struct ctl_rows *days, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(ctl_row_text(&days->rows[i], "queue"), ctl_row_text(&days->rows[at], "queue")) == 0)
			return false;
	return true;
}

static void add_first_missed(const struct ctl_screen *screen, struct buffer *out, const struct ctl_row *missed)
{
	struct buffer line = {0};
	const char *queue = ctl_row_text(missed, "queue");

	buffer_printf(&line, "first missed: %.10s, %ld on ", ctl_row_text(missed, "day"), ctl_row_number(missed, "count"));
	text_clean(&line, queue, strlen(queue), false);
	buffer_text(out, "\n");
	if (!line.failed)
		ctl_screen_text(screen, out, STYLE_RED, line.data);
	buffer_text(out, "\n");
	out->failed = out->failed || line.failed;
	buffer_free(&line);
}

static int read_member(const struct ctl_row *row, const char *key, struct ctl_rows *out)
{
	const char *text = ctl_row_text(row, key);

	return text[0] != '\0' ? ctl_rows_read(text, strlen(text), out) : 0;
}

int ctl_bars_show(const char *document, size_t length, const struct ctl_screen *screen, struct buffer *out)
{
	struct ctl_rows forecast = {0}, days = {0}, capacities = {0}, missed = {0};
	size_t width = screen->width > DAY_WIDTH + FIGURES_WIDTH + BAR_LEAST ? screen->width - DAY_WIDTH - FIGURES_WIDTH : BAR_LEAST;
	int result = ctl_rows_read(document, length, &forecast);

	if (result == 0 && (forecast.count != 1 || !ctl_row_has(&forecast.rows[0], "days")))
		result = ERR_SYNTAX;
	if (result == 0)
		result = read_member(&forecast.rows[0], "days", &days);
	if (result == 0)
		result = read_member(&forecast.rows[0], "capacities", &capacities);
	if (result == 0)
		result = read_member(&forecast.rows[0], "first_missed", &missed);
	if (result < 0)
		goto end;
	width = width > BAR_MOST ? BAR_MOST : width;
	buffer_printf(
		out, "forecast from %.10s to %.10s   ", ctl_row_text(&forecast.rows[0], "from"), ctl_row_text(&forecast.rows[0], "to"));
	add_run(screen, out, STYLE_GREEN, screen->blocks ? "\u2588" : "#", 1);
	buffer_text(out, " made  ");
	add_run(screen, out, STYLE_PLAIN, screen->blocks ? "\u2591" : "-", 1);
	buffer_text(out, " waits  ");
	add_run(screen, out, STYLE_RED, screen->blocks ? "\u2593" : "!", 1);
	buffer_text(out, " missed  | capacity\n");
	for (size_t i = 0; i < days.count; i++)
		if (is_first_of_queue(&days, i))
			add_queue(screen, out, &days, i, &capacities, width);
	if (ctl_row_number(&forecast.rows[0], "left_out") > 0)
		buffer_printf(out, "\n%ld rows more; name a queue, or fewer days\n", ctl_row_number(&forecast.rows[0], "left_out"));
	if (missed.count > 0)
		add_first_missed(screen, out, &missed.rows[0]);
	else
		buffer_text(out, "\nnothing will be missed\n");
	result = out->failed ? ERR_MEMORY : 0;
end:
	ctl_rows_free(&forecast);
	ctl_rows_free(&days);
	ctl_rows_free(&capacities);
	ctl_rows_free(&missed);
	return result;
}
