/* top_page.c - the page of top: a line of sums, the queues, the agents, what happened last. */
#include "followup/ctl_top_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/text.h"

enum { NAME_LEAST = 8, NAME_MOST = 20, FIGURE = 8, DAY = 12, STATE = 22, HEAD_LINES = 3 };

/* The page under way: lines are cut to the screen. */
struct page {
	const struct ctl_screen *screen;
	struct buffer *out;
	size_t lines, used; /* lines that are finished, columns of the present one */
	bool last;          /* the last line of the screen, which is kept for the keys, is being written */
};

/* Whether a screen that is too low for the page has no more room for it. */
static bool is_full(const struct page *page)
{
	return page->screen->height > 0 && page->lines + 1 >= page->screen->height && !page->last;
}

static void new_line(struct page *page)
{
	if (is_full(page))
		return;
	/* What stood on the screen in the next line goes, before anything is written there: behind a full line it would take the last character along. */
	buffer_text(page->out, page->screen->height > 0 ? "\n\033[K" : "\n");
	page->lines++;
	page->used = 0;
}

/* Text in so many columns (0: as many as it takes), within what is left of the line. */
static void put(struct page *page, enum ctl_style style, const char *text, size_t columns)
{
	struct buffer clean = {0}, cut = {0};
	size_t room = page->screen->width > 0 ? page->screen->width - page->used : (size_t)-1;

	if (is_full(page))
		return;
	text_clean(&clean, text, strlen(text), false);
	const char *shown = clean.failed || clean.data == NULL ? "" : clean.data;
	size_t width = columns > 0 ? columns : text_width(shown, strlen(shown));
	if (width > room)
		width = room;
	ctl_screen_fit(&cut, shown, width, columns > 0);
	if (!cut.failed && cut.data != NULL)
		ctl_screen_text(page->screen, page->out, style, cut.data);
	page->used += width;
	page->out->failed = page->out->failed || clean.failed || cut.failed;
	buffer_free(&clean);
	buffer_free(&cut);
}

/* A figure at the right of its column; nought is dim. */
static void put_figure(struct page *page, enum ctl_style style, const char *text)
{
	char figure[FIGURE + 8];

	snprintf(figure, sizeof figure, "%*.*s", FIGURE, FIGURE, text);
	put(page, strcmp(text, "0") == 0 ? STYLE_DIM : style, figure, FIGURE);
}

/* Calls before others: those that are late, then those with most due. */
static int compare_queues(const void *left, const void *right)
{
	const struct ctl_row *one = left, *other = right;
	long difference = ctl_row_number(other, "due_now") - ctl_row_number(one, "due_now");
	const char *day = ctl_row_text(one, "oldest_due_on"), *other_day = ctl_row_text(other, "oldest_due_on");

	if (strcmp(day, other_day) != 0 && day[0] != '\0' && other_day[0] != '\0')
		return strcmp(day, other_day);
	if (difference != 0)
		return difference < 0 ? -1 : 1;
	return strcmp(ctl_row_text(one, "queue"), ctl_row_text(other, "queue"));
}

static bool holds_calls(const struct ctl_row *agent)
{
	return strlen(ctl_row_text(agent, "calls")) > 2;
}

static int agent_rank(const struct ctl_row *agent)
{
	return !ctl_row_has(agent, "state") ? 3 : holds_calls(agent) ? 0 : strcmp(ctl_row_text(agent, "state"), "break") == 0 ? 1 : 2;
}

static int compare_agents(const void *left, const void *right)
{
	int one = agent_rank(left), other = agent_rank(right);

	return one != other ? one - other : strcmp(ctl_row_text(left, "agent"), ctl_row_text(right, "agent"));
}

static size_t name_width(const struct ctl_rows *rows, const char *key)
{
	size_t widest = NAME_LEAST;

	for (size_t i = 0; i < rows->count; i++) {
		const char *name = ctl_row_text(&rows->rows[i], key);
		size_t width = text_width(name, strlen(name));
		widest = width > widest ? width : widest;
	}
	return widest > NAME_MOST ? NAME_MOST : widest;
}

static void show_head(struct page *page, const struct top_state *state)
{
	long ready = 0, due = 0, overdue = 0, resting = 0, leased = 0;
	char text[160];

	for (size_t i = 0; i < state->queues.count; i++) {
		const struct ctl_row *row = &state->queues.rows[i];
		ready += ctl_row_number(row, "ready");
		due += ctl_row_number(row, "due_now");
		overdue += ctl_row_number(row, "overdue");
		resting += ctl_row_number(row, "resting");
		leased += ctl_row_number(row, "leased");
	}
	snprintf(text, sizeof text, "%.10s %.8s", state->time, strlen(state->time) > 11 ? state->time + 11 : "");
	put(page, STYLE_BOLD, text, 0);
	snprintf(text, sizeof text, "  %s", state->zone);
	put(page, STYLE_DIM, text, 0);
	if (state->trouble[0] != '\0') {
		put(page, STYLE_PLAIN, "  ", 0);
		put(page, STYLE_RED, state->trouble, 0);
	}
	new_line(page);
	snprintf(text, sizeof text, "%ld ready, %ld due now, ", ready, due);
	put(page, STYLE_PLAIN, text, 0);
	snprintf(text, sizeof text, "%ld overdue", overdue);
	put(page, overdue > 0 ? STYLE_RED : STYLE_PLAIN, text, 0);
	snprintf(text, sizeof text, ", %ld resting, %ld held", resting, leased);
	put(page, STYLE_PLAIN, text, 0);
	if (state->tasks_open > 0) {
		snprintf(text, sizeof text, "%ld task%s open", state->tasks_open, state->tasks_open == 1 ? "" : "s");
		put(page, STYLE_PLAIN, "; ", 0);
		put(page, STYLE_YELLOW, text, 0);
	}
	if (strcmp(state->storage, "healthy") != 0) {
		snprintf(text, sizeof text, "storage %s", state->storage);
		put(page, STYLE_PLAIN, "; ", 0);
		put(page, STYLE_RED, text, 0);
	}
	if (state->unserved[0] != '\0') {
		put(page, STYLE_PLAIN, "; ", 0);
		put(page, STYLE_RED, "nobody serves ", 0);
		put(page, STYLE_RED, state->unserved, 0);
	}
	new_line(page);
	new_line(page);
}

static void put_opening(struct page *page, const struct ctl_row *queue, const char *today)
{
	const char *opens = ctl_row_text(queue, "opens_at");
	char text[32];

	if (ctl_row_true(queue, "open")) {
		put(page, STYLE_GREEN, "  open", 0);
		return;
	}
	if (strlen(opens) < 16)
		snprintf(text, sizeof text, "  closed");
	else if (strncmp(opens, today, 10) == 0)
		snprintf(text, sizeof text, "  opens %.5s", opens + 11);
	else
		snprintf(text, sizeof text, "  opens %.5s %.5s", opens + 5, opens + 11);
	put(page, STYLE_DIM, text, 0);
}

static void show_queue(struct page *page, const struct ctl_row *queue, size_t width, const char *today)
{
	const char *oldest = ctl_row_text(queue, "oldest_due_on");
	int late = oldest[0] == '\0' ? 1 : strncmp(oldest, today, 10);
	char text[32];

	put(page, STYLE_PLAIN, ctl_row_text(queue, "queue"), width);
	put_figure(page, STYLE_PLAIN, ctl_row_text(queue, "ready"));
	put_figure(page, STYLE_YELLOW, ctl_row_text(queue, "due_now"));
	put_figure(page, STYLE_RED, ctl_row_text(queue, "overdue"));
	put_figure(page, STYLE_PLAIN, ctl_row_text(queue, "resting"));
	put_figure(page, STYLE_PLAIN, ctl_row_text(queue, "leased"));
	snprintf(text, sizeof text, "  %-10.10s", oldest);
	put(page, late < 0 ? STYLE_RED : late == 0 ? STYLE_YELLOW : STYLE_PLAIN, text, DAY);
	put_opening(page, queue, today);
	new_line(page);
}

static void show_agent(struct page *page, const struct ctl_row *agent, size_t width)
{
	const char *calls = ctl_row_text(agent, "calls"), *since = ctl_row_text(agent, "since");
	char text[128];

	put(page, STYLE_PLAIN, ctl_row_text(agent, "agent"), width);
	if (holds_calls(agent)) {
		snprintf(text, sizeof text, "  on call %.*s", (int)strlen(calls) - 2, calls + 1);
		put(page, STYLE_GREEN, text, STATE);
	} else if (strcmp(ctl_row_text(agent, "state"), "break") == 0) {
		snprintf(text, sizeof text, "  %.12s %.5s", ctl_row_text(agent, "break"), strlen(since) > 15 ? since + 11 : "");
		put(page, STYLE_YELLOW, text, STATE);
	} else {
		snprintf(text, sizeof text, "  %s", ctl_row_text(agent, "state"));
		put(page, STYLE_PLAIN, text, STATE);
	}
	put(page, STYLE_PLAIN, "  ", 0);
	put(page, STYLE_DIM, ctl_row_text(agent, "queues"), 0);
	new_line(page);
}

/* How many rows of a list go into so many lines, one of which says how many are left out. */
static size_t fitting(size_t rows, size_t lines)
{
	return rows <= lines ? rows : lines > 0 ? lines - 1 : 0;
}

static void show_rest(struct page *page, size_t rows, size_t shown, const char *what)
{
	char text[64];

	if (rows == shown)
		return;
	snprintf(text, sizeof text, "and %zu %s%s more", rows - shown, what, rows - shown == 1 ? "" : "s");
	put(page, STYLE_DIM, text, 0);
	new_line(page);
}

static void show_queues(struct page *page, const struct top_state *state, size_t lines)
{
	size_t width = name_width(&state->queues, "queue"), shown = fitting(state->queues.count, lines);
	static const char *const figures[] = {"ready", "due", "overdue", "resting", "held"};
	char text[FIGURE + 8];

	put(page, STYLE_BOLD, "queue", width);
	for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
		snprintf(text, sizeof text, "%*s", FIGURE, figures[i]);
		put(page, STYLE_BOLD, text, FIGURE);
	}
	put(page, STYLE_BOLD, "  oldest due", DAY);
	new_line(page);
	for (size_t i = 0; i < shown; i++)
		show_queue(page, &state->queues.rows[i], width, state->time);
	show_rest(page, state->queues.count, shown, "queue");
	if (state->queues.count == 0) {
		put(page, STYLE_DIM, "no call waits", 0);
		new_line(page);
	}
}

static void show_agents(struct page *page, const struct top_state *state, size_t agents, size_t lines)
{
	size_t width = name_width(&state->agents, "agent"), shown = fitting(agents, lines);

	put(page, STYLE_BOLD, "agent", width);
	put(page, STYLE_BOLD, "  state", STATE);
	put(page, STYLE_BOLD, "  queues", 0);
	new_line(page);
	for (size_t i = 0; i < shown; i++)
		show_agent(page, &state->agents.rows[i], width);
	show_rest(page, agents, shown, "agent");
}

void ctl_top_page(const struct top_state *state, const struct ctl_screen *screen, struct buffer *out)
{
	struct page page = {.screen = screen, .out = out};
	size_t agents = 0, events = 0, queues = state->queues.count > 0 ? state->queues.count : 1;

	if (state->queues.count > 1)
		qsort(state->queues.rows, state->queues.count, sizeof *state->queues.rows, compare_queues);
	if (state->agents.count > 1)
		qsort(state->agents.rows, state->agents.count, sizeof *state->agents.rows, compare_agents);
	while (agents < state->agents.count &&
		agent_rank(&state->agents.rows[agents]) < 3) /* gateways and feeders are no agents at a desk */
		agents++;
	while (events < TOP_EVENTS && state->events[events][0] != '\0')
		events++;

	size_t queue_lines = queues, agent_lines = agents;
	if (screen->height > 0) {
		size_t taken = HEAD_LINES + 1 + 2 + 1 + 1; /* two headings, blank lines before agents and before the last line */
		size_t lines = screen->height > taken ? screen->height - taken : 0;
		if (events > 0 && events + 1 < lines / 2)
			lines -= events;
		else
			events = 0;
		size_t half = lines / 2;
		queue_lines = queues + agents <= lines ? queues : agents < half ? lines - agents : queues < half ? queues : lines - half;
		agent_lines = lines - (queue_lines < queues ? queue_lines : queues);
	}
	if (screen->height > 0)
		buffer_text(out, "\033[H\033[K");
	show_head(&page, state);
	show_queues(&page, state, queue_lines);
	new_line(&page);
	show_agents(&page, state, agents, agent_lines);
	if (screen->height == 0)
		return;
	if (events > 0)
		new_line(&page);
	for (size_t i = 0; i < events; i++) {
		put(&page, STYLE_DIM, state->events[i], 0);
		new_line(&page);
	}
	while (!is_full(&page))
		new_line(&page);
	page.last = true;
	page.used = 0;
	put(&page, STYLE_DIM, "q: quit   Enter: look again", 0);
}

void ctl_top_info(const char *info, const char *key, char *out, size_t size)
{
	size_t length = strlen(key);

	out[0] = '\0';
	for (const char *line = info; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) != 0 || line[length] != ':')
			continue;
		line += length + 1;
		snprintf(out, size, "%.*s", (int)strcspn(line, "\r\n"), line);
		return;
	}
}
