/* report.c - REPORT: what fell due and what was tried in a span of days, by group, as JSON, CSV or a table for people (POLICY 9). Only reads. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "followup/csv.h"
#include "followup/json_text.h"
#include "followup/report_figure.h"
#include "followup/sample.h"
#include "followup/store_report.h"
#include "followup/text.h"
#include "internal.h"

/* What stands in a column: a figure as it was counted, or a quotient of two. */
enum column_kind { COLUMN_COUNT, COLUMN_PERCENT, COLUMN_MEAN };

/* Tables for people, so that each fits 80 columns; one in which every row is zero is left out, the first excepted. */
enum page { PAGE_DUE, PAGE_SUPPRESSED, PAGE_TRIES, PAGE_QUALITY, PAGE_COUNT, NO_PAGE = PAGE_COUNT };
static const char *const page_titles[PAGE_COUNT] = {
	[PAGE_DUE] = "follow-ups due",
	[PAGE_SUPPRESSED] = "suppressed for",
	[PAGE_TRIES] = "tries",
	[PAGE_QUALITY] = "quality",
};

/* Tries, being calls and messages, would take the room that names need. In the order of the CSV columns, which never changes: new ones are added at the end. */
static const struct column {
	const char *name;
	const char *heading; /* for people */
	enum page page;
	enum column_kind kind;
	enum report_figure figure, whole; /* of a quotient: the numerator and what it is divided by */
} columns[] = {
	{"due", "due", PAGE_DUE, COLUMN_COUNT, REPORT_DUE, 0},
	{"done", "done", PAGE_DUE, COLUMN_COUNT, REPORT_DONE, 0},
	{"done_late", "late", PAGE_DUE, COLUMN_COUNT, REPORT_DONE_LATE, 0},
	{"missed", "missed", PAGE_DUE, COLUMN_COUNT, REPORT_MISSED, 0},
	{"cancelled", "cancelled", PAGE_DUE, COLUMN_COUNT, REPORT_CANCELLED, 0},
	{"suppressed", "suppressed", PAGE_DUE, COLUMN_COUNT, REPORT_SUPPRESSED, 0},
	{"suppressed_cap", "cap", PAGE_SUPPRESSED, COLUMN_COUNT, REPORT_SUPPRESSED_CAP, 0},
	{"suppressed_preempted", "preempted", PAGE_SUPPRESSED, COLUMN_COUNT, REPORT_SUPPRESSED_PREEMPTED, 0},
	{"suppressed_min_gap", "min-gap", PAGE_SUPPRESSED, COLUMN_COUNT, REPORT_SUPPRESSED_MIN_GAP, 0},
	{"suppressed_no_channel", "no-channel", PAGE_SUPPRESSED, COLUMN_COUNT, REPORT_SUPPRESSED_NO_CHANNEL, 0},
	{"suppressed_do_not_contact", "do-not-contact", PAGE_SUPPRESSED, COLUMN_COUNT, REPORT_SUPPRESSED_DO_NOT_CONTACT, 0},
	{"suppressed_paused", "paused", PAGE_SUPPRESSED, COLUMN_COUNT, REPORT_SUPPRESSED_PAUSED, 0},
	{"suppressed_wrong_number", "wrong-number", PAGE_SUPPRESSED, COLUMN_COUNT, REPORT_SUPPRESSED_WRONG_NUMBER, 0},
	{"suppressed_other", "other", PAGE_SUPPRESSED, COLUMN_COUNT, REPORT_SUPPRESSED_OTHER, 0},
	{"open", "open", PAGE_DUE, COLUMN_COUNT, REPORT_OPEN, 0},
	{"tries", "", NO_PAGE, COLUMN_COUNT, REPORT_TRIES, 0},
	{"calls", "calls", PAGE_TRIES, COLUMN_COUNT, REPORT_CALLS, 0},
	{"reached", "reached", PAGE_TRIES, COLUMN_COUNT, REPORT_REACHED, 0},
	{"reach_rate", "%", PAGE_TRIES, COLUMN_PERCENT, REPORT_REACHED, REPORT_CALLS},
	{"messages", "messages", PAGE_TRIES, COLUMN_COUNT, REPORT_MESSAGES, 0},
	{"sent", "sent", PAGE_TRIES, COLUMN_COUNT, REPORT_SENT, 0},
	{"recorded", "recorded", PAGE_TRIES, COLUMN_COUNT, REPORT_RECORDED, 0},
	{"contacts", "contacts", PAGE_TRIES, COLUMN_COUNT, REPORT_CONTACTS, 0},
	{"over_cap", "over-cap", PAGE_QUALITY, COLUMN_COUNT, REPORT_OVER_CAP, 0},
	{"satisfaction", "satisfaction", PAGE_QUALITY, COLUMN_MEAN, REPORT_SATISFACTION_SUM, REPORT_SATISFACTION_COUNT},
	{"satisfaction_count", "marks", PAGE_QUALITY, COLUMN_COUNT, REPORT_SATISFACTION_COUNT, 0},
	{"escalations", "escalations", PAGE_QUALITY, COLUMN_COUNT, REPORT_ESCALATIONS, 0},
	{"escalations_open", "open", PAGE_QUALITY, COLUMN_COUNT, REPORT_ESCALATIONS_OPEN, 0},
};
enum { COLUMN_TOTAL = sizeof(columns) / sizeof(columns[0]), CELL_SIZE = 32, COLUMN_GAP = 2, LINE_WIDTH = 80, YEAR_WIDTH = 5 /* " 2025" */ };

static const char *const by_names[REPORT_BY_COUNT] = {
	[REPORT_BY_RULE] = "rule",
	[REPORT_BY_BRANCH] = "branch",
	[REPORT_BY_AGENT] = "agent",
	[REPORT_BY_DAY] = "day",
	[REPORT_BY_QUEUE] = "queue",
};

enum report_format { FORMAT_JSON, FORMAT_CSV, FORMAT_TEXT, FORMAT_COUNT };
static const char *const format_names[FORMAT_COUNT] = {[FORMAT_JSON] = "json", [FORMAT_CSV] = "csv", [FORMAT_TEXT] = "text"};

/* A group's figures; NULL: what belongs to no group. */
struct row {
	char *group;
	int64_t figures[REPORT_FIGURES];
};

struct report {
	struct desk *desk;
	day_t today;
	enum report_by by;
	enum report_format format;
	day_t first, last;
	struct row *rows;
	size_t count, capacity, latest; /* latest: the row that was last added to, for groups come in runs */
	struct row total;
};

static const char *name_of(const struct row *row, const struct report *report)
{
	if (row == &report->total)
		return "(total)";
	return row->group != NULL ? row->group : "(none)";
}

static bool same_group(const char *one, const char *other)
{
	return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

static struct row *row_of(struct report *report, const char *group)
{
	if (report->latest < report->count && same_group(report->rows[report->latest].group, group))
		return &report->rows[report->latest];
	for (size_t i = 0; i < report->count; i++)
		if (same_group(report->rows[i].group, group)) {
			report->latest = i;
			return &report->rows[i];
		}
	if (report->count == report->capacity) {
		size_t capacity = report->capacity == 0 ? 64 : report->capacity * 2;
		struct row *grown = realloc(report->rows, capacity * sizeof(*grown));
		if (grown == NULL)
			return NULL;
		report->rows = grown;
		report->capacity = capacity;
	}
	char *copy = group != NULL ? strdup(group) : NULL;
	if (group != NULL && copy == NULL)
		return NULL;
	report->latest = report->count++;
	report->rows[report->latest] = (struct row){.group = copy};
	return &report->rows[report->latest];
}

static int add_figure(void *context, const char *group, enum report_figure figure, int64_t count)
{
	struct report *report = context;
	struct row *row = row_of(report, group);

	if (row == NULL)
		return ERR_MEMORY;
	row->figures[figure] += count;
	report->total.figures[figure] += count;
	return 0;
}

/* Bytewise; what belongs to no group comes last. */
static int compare_rows(const void *one, const void *other)
{
	const char *a = ((const struct row *)one)->group, *b = ((const struct row *)other)->group;

	if (a == NULL || b == NULL)
		return (a == NULL) - (b == NULL);
	return strcmp(a, b);
}

static void free_rows(struct report *report)
{
	for (size_t i = 0; i < report->count; i++)
		free(report->rows[i].group);
	free(report->rows);
}

/* A cell as all formats write it; empty where there is nothing to divide by. */
static void format_cell(const struct column *column, const struct row *row, char out[CELL_SIZE])
{
	int64_t figure = row->figures[column->figure];

	out[0] = '\0';
	if (column->kind == COLUMN_COUNT)
		snprintf(out, CELL_SIZE, "%lld", (long long)figure);
	else if (row->figures[column->whole] > 0 && column->kind == COLUMN_PERCENT)
		report_percent(figure, row->figures[column->whole], out, CELL_SIZE);
	else if (row->figures[column->whole] > 0)
		report_mean(figure, row->figures[column->whole], out, CELL_SIZE);
}

static void write_json_row(const struct report *report, const struct row *row, struct buffer *out)
{
	char cell[CELL_SIZE];
	const char *before = "{";

	if (row != &report->total) {
		buffer_printf(out, "{\"%s\":", by_names[report->by]);
		json_text_append(out, name_of(row, report));
		before = ",";
	}
	for (size_t i = 0; i < COLUMN_TOTAL; i++) {
		format_cell(&columns[i], row, cell);
		buffer_printf(out, "%s\"%s\":%s", before, columns[i].name, cell[0] != '\0' ? cell : "null");
		before = ",";
	}
	buffer_text(out, "}");
}

static int write_json(const struct report *report, struct buffer *out)
{
	char first[DATE_TEXT_SIZE], last[DATE_TEXT_SIZE];

	buffer_printf(out, "{\"from\":\"%s\",\"to\":\"%s\",\"by\":\"%s\",\"rows\":[", date_format(report->first, first),
		date_format(report->last, last), by_names[report->by]);
	for (size_t i = 0; i < report->count; i++) {
		buffer_text(out, i > 0 ? "," : "");
		write_json_row(report, &report->rows[i], out);
	}
	buffer_text(out, "],\"total\":");
	write_json_row(report, &report->total, out);
	buffer_text(out, ",\"sample_coverage\":");
	int result = sample_coverage_append(report->desk->store, report->desk->policy, report->today, date_of_day(report->first).year,
		date_of_day(report->last).year, out);
	buffer_text(out, "}");
	return result;
}

/* RFC 4180 with LF. */
static int write_csv_row(const struct report *report, const struct row *row, struct buffer *out)
{
	const char *name = name_of(row, report);
	char cell[CELL_SIZE];
	size_t capacity = strlen(name) * 2 + 3;
	char *quoted = malloc(capacity);

	if (quoted == NULL)
		return ERR_MEMORY;
	int result = csv_quote(name, quoted, capacity);
	if (result >= 0)
		buffer_text(out, quoted);
	free(quoted);
	for (size_t i = 0; result >= 0 && i < COLUMN_TOTAL; i++) {
		format_cell(&columns[i], row, cell);
		buffer_printf(out, ",%s", cell);
	}
	buffer_text(out, "\n");
	return result < 0 ? result : 0;
}

static int write_csv(const struct report *report, struct buffer *out)
{
	int result = 0;

	buffer_text(out, by_names[report->by]);
	for (size_t i = 0; i < COLUMN_TOTAL; i++)
		buffer_printf(out, ",%s", columns[i].name);
	buffer_text(out, "\n");
	for (size_t i = 0; result == 0 && i < report->count; i++)
		result = write_csv_row(report, &report->rows[i], out);
	return result == 0 ? write_csv_row(report, &report->total, out) : result;
}

static bool is_empty(const struct row *row, enum page page)
{
	for (size_t i = 0; i < COLUMN_TOTAL; i++)
		if (columns[i].page == page && row->figures[columns[i].figure] != 0)
			return false;
	return true;
}

/* Of the reasons only those that occur: all of them would not fit. */
static bool is_shown(const struct report *report, const struct column *column, enum page page)
{
	return column->page == page && (page != PAGE_SUPPRESSED || report->total.figures[column->figure] != 0);
}

/* How a table is laid out: the figures as wide as they are, the names in what is left of the line. */
struct layout {
	size_t name_width, widths[COLUMN_TOTAL];
};

/* The rows, and behind them the total. */
static const struct row *row_at(const struct report *report, size_t i)
{
	return i < report->count ? &report->rows[i] : &report->total;
}

static void clean_name(const struct report *report, const struct row *row, struct buffer *name)
{
	buffer_clear(name);
	text_clean(name, name_of(row, report), strlen(name_of(row, report)),
		false); /* names come from files and people: nothing of them steers a terminal */
}

static void lay_out(const struct report *report, enum page page, struct buffer *name, struct layout *out)
{
	size_t figures = 0, widest = strlen(page_titles[page]);
	char cell[CELL_SIZE];

	for (size_t i = 0; i < COLUMN_TOTAL; i++) {
		out->widths[i] = strlen(columns[i].heading);
		for (size_t row = 0; row <= report->count; row++) {
			format_cell(&columns[i], row_at(report, row), cell);
			if (strlen(cell) > out->widths[i])
				out->widths[i] = strlen(cell);
		}
		if (is_shown(report, &columns[i], page))
			figures += COLUMN_GAP + out->widths[i];
	}
	out->name_width = widest;
	for (size_t i = 0; i <= report->count; i++) {
		clean_name(report, row_at(report, i), name);
		size_t width = name->failed ? 0 : text_width(name->data, name->length);
		if (!is_empty(row_at(report, i), page) && width > out->name_width)
			out->name_width = width;
	}
	if (out->name_width + figures > LINE_WIDTH)
		out->name_width = figures + widest < LINE_WIDTH ? LINE_WIDTH - figures : widest;
}

/* One table: groups that have something there, and the total. A name that is too long has a line of its own. */
static void write_page(const struct report *report, enum page page, struct buffer *name, struct buffer *out)
{
	struct layout layout;
	char cell[CELL_SIZE];

	lay_out(report, page, name, &layout);
	buffer_printf(out, "\n%s", page_titles[page]);
	text_pad(out, layout.name_width - strlen(page_titles[page]));
	for (size_t i = 0; i < COLUMN_TOTAL; i++)
		if (is_shown(report, &columns[i], page))
			buffer_printf(out, "%*s", (int)layout.widths[i] + COLUMN_GAP, columns[i].heading);
	buffer_text(out, "\n");
	for (size_t i = 0; i <= report->count; i++) {
		const struct row *row = row_at(report, i);
		if (row != &report->total && is_empty(row, page))
			continue;
		clean_name(report, row, name);
		if (name->failed)
			return;
		size_t width = text_width(name->data, name->length);
		buffer_text(out, name->data);
		if (width > layout.name_width)
			buffer_text(out, "\n");
		text_pad(out, width > layout.name_width ? layout.name_width : layout.name_width - width);
		for (size_t c = 0; c < COLUMN_TOTAL; c++) {
			if (!is_shown(report, &columns[c], page))
				continue;
			format_cell(&columns[c], row, cell);
			buffer_printf(out, "%*s", (int)layout.widths[c] + COLUMN_GAP, cell[0] != '\0' ? cell : "-");
		}
		buffer_text(out, "\n");
	}
}

/* The yearly sample of each year that the span touches: how much of the book has been reached, against how much is to be. */
static int write_samples(const struct report *report, struct buffer *name, struct buffer *out)
{
	static const char title[] = "sample";
	int first = date_of_day(report->first).year, last = date_of_day(report->last).year, result;
	size_t name_width = strlen(title);
	struct sample_coverage c;
	char percent[CELL_SIZE] = "";
	int64_t draw_id = 0;

	while ((result = sample_coverage_next(report->desk->store, report->desk->policy, report->today, &draw_id, &c)) > 0)
		if (c.year >= first && c.year <= last && strlen(c.rule) + YEAR_WIDTH > name_width)
			name_width = strlen(c.rule) + YEAR_WIDTH;
	if (result < 0 || name_width == strlen(title))
		return result;
	buffer_printf(out, "\n%-*s%8s%8s%9s%7s%4s%6s%11s%8s\n", (int)name_width, title, "book", "wanted", "reached", "%", "of", "lost",
		"projected", "enough");
	draw_id = 0;
	while ((result = sample_coverage_next(report->desk->store, report->desk->policy, report->today, &draw_id, &c)) > 0) {
		if (c.year < first || c.year > last)
			continue;
		buffer_clear(name);
		buffer_printf(name, "%s %d", c.rule, c.year);
		buffer_printf(out, "%-*s%8" PRId64 "%8" PRId64 "%9" PRId64 "%7s%4d%6" PRId64 "%11" PRId64 "%8s\n", (int)name_width,
			name->data, c.book, c.wanted, c.reached,
			c.book > 0 ? report_percent(c.reached, c.book, percent, sizeof(percent)) : "-", c.share_percent, c.lost,
			c.projected, c.will_make_it ? "yes" : "no");
	}
	return result;
}

static int write_text(const struct report *report, struct buffer *out)
{
	char first[DATE_TEXT_SIZE], last[DATE_TEXT_SIZE];
	struct buffer name = {0};

	buffer_printf(out, "report by %s from %s to %s\n", by_names[report->by], date_format(report->first, first),
		date_format(report->last, last));
	for (enum page page = 0; page < PAGE_COUNT; page++)
		if (page == PAGE_DUE || !is_empty(&report->total, page))
			write_page(report, page, &name, out);
	int result = write_samples(report, &name, out);
	if (result == 0 && name.failed)
		result = ERR_MEMORY;
	buffer_free(&name);
	return result;
}

static int find_name(const char *name, const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (strcasecmp(name, names[i]) == 0)
			return i;
	return ERR_NOT_FOUND;
}

static int parse_day(const char *text, day_t *out, struct answer *answer)
{
	day_t day = date_parse(text, strlen(text));

	if (day == NO_DAY)
		return refuse(answer, ERR_INVALID, "%s is no day: write it like 2025-03-04", text);
	*out = day;
	return 0;
}

static int parse_words(struct report *report, const char *const *words, size_t count, struct answer *answer)
{
	enum { FROM, TO, BY, FORMAT, WORD_COUNT };
	static const char *const keywords[WORD_COUNT] = {"FROM", "TO", "BY", "FORMAT"};
	int result = 0;

	for (size_t i = 0; result == 0 && i < count; i += 2) {
		int keyword = find_name(words[i], keywords, WORD_COUNT), found = 0;
		if (keyword < 0)
			return refuse(
				answer, ERR_INVALID, "REPORT [FROM day] [TO day] [BY rule|branch|agent|day|queue] [FORMAT json|csv|text]");
		if (i + 1 == count)
			return refuse(answer, ERR_INVALID, "%s needs a value", keywords[keyword]);
		const char *value = words[i + 1];
		if (keyword == FROM || keyword == TO) {
			result = parse_day(value, keyword == FROM ? &report->first : &report->last, answer);
		} else if (keyword == BY) {
			found = find_name(value, by_names, REPORT_BY_COUNT);
			report->by = (enum report_by)found;
		} else {
			found = find_name(value, format_names, FORMAT_COUNT);
			report->format = (enum report_format)found;
		}
		if (found < 0)
			return refuse(
				answer, ERR_INVALID, keyword == BY ? "BY rule, branch, agent, day or queue" : "FORMAT json, csv or text");
	}
	if (result == 0 && report->first > report->last)
		return refuse(answer, ERR_INVALID, "the report would end before it begins: FROM is later than TO");
	return result;
}

/* The names of the channels on which nobody talks, a JSON array. */
static void write_bulk_channels(const struct policy *policy, struct buffer *out)
{
	const char *before = "[";

	for (size_t i = 0; i < policy->channel_count; i++) {
		if (policy->channels[i].kind != CHANNEL_BULK)
			continue;
		buffer_text(out, before);
		json_text_append(out, policy->channels[i].name);
		before = ",";
	}
	buffer_text(out, before[0] == '[' ? "[]" : "]");
}

int desk_report(struct desk *desk, const char *const *words, size_t count, struct moment now, struct answer *answer)
{
	struct report report = {.desk = desk, .today = now.day, .first = date_quarter_start(now.day), .last = date_quarter_end(now.day)};
	struct buffer bulk = {0};

	int result = parse_words(&report, words, count, answer);
	if (result < 0)
		return result;
	write_bulk_channels(desk->policy, &bulk);
	struct report_span span = {
		.first = report.first,
		.last = report.last,
		.from = zone_unix(report.first, 0),
		.until = zone_unix(report.last + 1, 0),
		.bulk_channels = bulk.data,
	};
	result = bulk.failed ? ERR_MEMORY : store_report(desk->store, report.by, &span, add_figure, &report);
	buffer_free(&bulk);
	if (result == 0) {
		if (report.count > 0)
			qsort(report.rows, report.count, sizeof(*report.rows), compare_rows);
		if (report.format == FORMAT_JSON)
			result = write_json(&report, &answer->json);
		else
			result = report.format == FORMAT_CSV ? write_csv(&report, &answer->json) : write_text(&report, &answer->json);
	}
	free_rows(&report);
	if (result == 0 && answer->json.failed)
		result = ERR_MEMORY;
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}
