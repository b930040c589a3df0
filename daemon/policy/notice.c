/* notice.c - one year's notice of days off, from a file's bytes (notice.h). */
#include "followup/notice.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NOTICE_YEAR_MIN = 1949,
	NOTICE_YEAR_MAX = 2200,
	RANGE_DAYS_MAX = 62, /* no holiday is longer; a wrong month in a range is */
	SHOWN_MAX = 40,      /* bytes of a wrong word that a complaint repeats */
};

/* A notice in the making. */
struct reading {
	const char *file;
	struct complaints *complaints;
	size_t errors_before;
	struct notice notice;
};

static void begin(struct reading *reading, const char *file, struct complaints *complaints)
{
	memset(reading, 0, sizeof(*reading));
	reading->file = file;
	reading->complaints = complaints;
	reading->errors_before = complaints->errors;
}

static int finish(const struct reading *reading, struct notice *out)
{
	if (reading->complaints->errors != reading->errors_before)
		return ERR_INVALID;
	*out = reading->notice;
	return 0;
}

static bool year_is_sensible(int64_t year)
{
	return year >= NOTICE_YEAR_MIN && year <= NOTICE_YEAR_MAX;
}

static const char *kind_name(enum day_kind kind)
{
	return kind == DAY_OFF ? "off" : kind == DAY_MAKE_UP ? "work" : "closed";
}

/* Adds a day, unless the notice has contradicted itself. same_is_wrong: to say a thing twice is a slip of the pen, too. */
static void add_day(struct reading *reading, day_t day, enum day_kind kind, int line, bool same_is_wrong)
{
	struct notice *notice = &reading->notice;
	char text[DATE_TEXT_SIZE];
	int year = date_of_day(day).year;

	date_format(day, text);
	if (notice->year != 0 && (year < notice->year - 1 || year > notice->year + 1)) {
		complaints_error(reading->complaints, reading->file, line, "%s: a notice for %d lists days of %d to %d only", text,
			notice->year, notice->year - 1, notice->year + 1);
		return;
	}
	for (size_t i = 0; i < notice->count; i++) {
		const struct notice_day *listed = &notice->days[i];

		if (listed->day != day)
			continue;
		/* An exchange closure may stand beside a work day. */
		if (listed->kind != kind && (listed->kind == DAY_EXCHANGE_CLOSED || kind == DAY_EXCHANGE_CLOSED))
			continue;
		if (listed->kind != kind || same_is_wrong)
			complaints_error(reading->complaints, reading->file, line, "%s: listed already as \"%s\" on line %d", text,
				kind_name(listed->kind), listed->line);
		return;
	}
	if (notice->count == NOTICE_DAYS_MAX) {
		complaints_error(reading->complaints, reading->file, line, "%s: more than %d days in one notice", text, NOTICE_DAYS_MAX);
		return;
	}
	if (kind != DAY_OFF && (date_weekday(day) >= 6) != (kind == DAY_MAKE_UP))
		complaints_warn(reading->complaints, reading->file, line, "%s: \"%s\" changes nothing on a %s", text, kind_name(kind),
			kind == DAY_MAKE_UP ? "weekday, unless another notice took it off" : "weekend");
	notice->days[notice->count++] = (struct notice_day){day, kind, line};
}

/* A word of a line: a run of bytes without blanks. */
struct word {
	const char *text;
	size_t length;
};

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

/* Takes the next word off the front of the line; its length is 0 at the end. */
static struct word next_word(const char **at, const char *end)
{
	while (*at < end && is_blank(**at))
		(*at)++;

	struct word word = {*at, 0};
	while (*at < end && !is_blank(**at))
		(*at)++;
	word.length = (size_t)(*at - word.text);
	return word;
}

static bool word_is(struct word word, const char *text)
{
	return word.length == strlen(text) && memcmp(word.text, text, word.length) == 0;
}

/* DAY_ORDINARY: none of them. */
static enum day_kind kind_of_word(struct word word)
{
	static const enum day_kind kinds[] = {DAY_OFF, DAY_MAKE_UP, DAY_EXCHANGE_CLOSED};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (word_is(word, kind_name(kinds[i])))
			return kinds[i];
	}
	return DAY_ORDINARY;
}

/* The length to print of bytes out of a file. */
static int shown(size_t length)
{
	return length > SHOWN_MAX ? SHOWN_MAX : (int)length;
}

static void read_year(struct reading *reading, struct word word, int line)
{
	int64_t year = 0;

	for (size_t i = 0; i < word.length && year <= NOTICE_YEAR_MAX; i++) {
		if (word.text[i] < '0' || word.text[i] > '9') {
			year = 0;
			break;
		}
		year = year * 10 + (word.text[i] - '0');
	}
	if (!year_is_sensible(year)) {
		complaints_error(reading->complaints, reading->file, line, "\"%.*s\" is no year from %d to %d", shown(word.length),
			word.text, NOTICE_YEAR_MIN, NOTICE_YEAR_MAX);
		return;
	}
	if (reading->notice.year != 0) {
		complaints_error(reading->complaints, reading->file, line, "a second year; the notice is for %d", reading->notice.year);
		return;
	}
	if (reading->notice.count > 0)
		complaints_error(reading->complaints, reading->file, line, "the line \"year %d\" belongs before the first day", (int)year);
	reading->notice.year = (int)year;
}

/* "DAY" or "DAY..DAY"; false after a complaint. */
static bool read_range(struct reading *reading, struct word word, int line, day_t *first, day_t *last)
{
	bool is_range = word.length == 22 && memcmp(word.text + 10, "..", 2) == 0;

	*first = word.length == 10 || is_range ? date_parse(word.text, 10) : NO_DAY;
	*last = is_range ? date_parse(word.text + 12, 10) : *first;
	if (*first == NO_DAY || *last == NO_DAY)
		complaints_error(reading->complaints, reading->file, line,
			"\"%.*s\" is no day (2024-02-10) nor a range (2024-02-10..2024-02-17)", shown(word.length), word.text);
	else if (*last < *first)
		complaints_error(
			reading->complaints, reading->file, line, "%.*s: the range ends before it begins", shown(word.length), word.text);
	else if (*last - *first >= RANGE_DAYS_MAX)
		complaints_error(reading->complaints, reading->file, line, "%.*s: a range is at most %d days long", shown(word.length),
			word.text, RANGE_DAYS_MAX);
	else
		return true;
	return false;
}

static void read_line(struct reading *reading, const char *at, const char *end, int line)
{
	for (const char *byte = at; byte < end; byte++) {
		if (((unsigned char)*byte < 0x20 && !is_blank(*byte)) || *byte == 0x7f) {
			complaints_error(reading->complaints, reading->file, line, "control byte %02x", (unsigned)(unsigned char)*byte);
			return;
		}
	}

	struct word word = next_word(&at, end);
	if (word.length == 0 || word.text[0] == '#')
		return;
	struct word kind_word = next_word(&at, end);
	if (word_is(word, "year")) {
		struct word rest = next_word(&at, end);

		if (rest.length > 0 && rest.text[0] != '#')
			complaints_error(
				reading->complaints, reading->file, line, "\"%.*s\" after the year", shown(rest.length), rest.text);
		read_year(reading, kind_word, line);
		return;
	}

	day_t first, last;
	bool good = read_range(reading, word, line, &first, &last);
	enum day_kind kind = kind_of_word(kind_word);
	if (kind == DAY_ORDINARY) {
		complaints_error(reading->complaints, reading->file, line, "\"%.*s\" is none of off, work, closed", shown(kind_word.length),
			kind_word.text);
		good = false;
	}
	for (day_t day = first; good && day <= last; day++)
		add_day(reading, day, kind, line, true);
}

int notice_read_cal(const char *file, const char *bytes, size_t length, struct complaints *complaints, struct notice *out)
{
	struct reading reading;
	const char *at = bytes, *end = bytes + length;

	begin(&reading, file, complaints);
	if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	for (int line = 1; at < end && line < INT_MAX; line++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		if (stop == NULL)
			stop = end;
		read_line(&reading, at, stop, line);
		at = stop < end ? stop + 1 : end;
	}
	if (reading.notice.year == 0 && complaints->errors == reading.errors_before)
		complaints_error(complaints, file, 0, "no line \"year YYYY\" says whose notice it is");
	reading.notice.published = true;
	return finish(&reading, out);
}

/* What the document itself says. */
struct document {
	int64_t year; /* 0: none */
	bool has_days;
	size_t count; /* elements of days */
};

static int visit_member(void *context, const struct json_value *value)
{
	struct document *document = context;

	if (value->key == NULL)
		return 0;
	if (strcmp(value->key, "year") == 0 && value->type == JSON_INTEGER)
		document->year = strtoll(value->text, NULL, 10);
	if (strcmp(value->key, "days") == 0 && value->type == JSON_ARRAY)
		document->has_days = true;
	return 0;
}

static int visit_count(void *context, const struct json_value *value)
{
	struct document *document = context;

	(void)value;
	document->count++;
	return 0;
}

/* One element of days. */
struct element {
	bool has_kind;
	bool is_off;
	char date[32]; /* as it stands, cut off; "" when it is no text */
	size_t date_length;
};

static int visit_element(void *context, const struct json_value *value)
{
	struct element *element = context;

	if (value->key == NULL)
		return 0;
	if (strcmp(value->key, "isOffDay") == 0) {
		element->has_kind = value->type == JSON_TRUE || value->type == JSON_FALSE;
		element->is_off = value->type == JSON_TRUE;
	} else if (strcmp(value->key, "date") == 0 && value->type == JSON_TEXT) {
		element->date_length = value->length;
		snprintf(element->date, sizeof(element->date), "%s", value->text);
	}
	return 0;
}

/* The line on which a date stands in quotes; 0 when it is nowhere. The JSON reader tells no places. */
static int line_of(const char *bytes, size_t length, const char *date)
{
	char quoted[40];
	int size = snprintf(quoted, sizeof(quoted), "\"%s\"", date);
	const char *found = memmem(bytes, length, quoted, (size_t)size);
	int line = 1;

	if (date[0] == '\0' || found == NULL)
		return 0;
	for (const char *at = bytes; at < found; at++)
		line += *at == '\n';
	return line;
}

static int read_element(struct reading *reading, struct json *json, const char *bytes, size_t length, size_t index)
{
	struct element element = {0};
	char path[48];

	snprintf(path, sizeof(path), "$.days[%zu]", index);
	int result = json_each(json, bytes, length, path, visit_element, &element);
	if (result < 0 && result != ERR_NOT_FOUND)
		return result;

	int line = line_of(bytes, length, element.date);
	day_t day = date_parse(element.date, element.date_length);
	if (day == NO_DAY)
		complaints_error(reading->complaints, reading->file, line, "days[%zu]: \"date\" is no day (\"2024-02-10\")", index);
	if (!element.has_kind)
		complaints_error(reading->complaints, reading->file, line, "days[%zu]: \"isOffDay\" is neither true nor false", index);
	if (day != NO_DAY && element.has_kind)
		add_day(reading, day, element.is_off ? DAY_OFF : DAY_MAKE_UP, line, false);
	return 0;
}

int notice_read_json(
	struct json *json, const char *file, const char *bytes, size_t length, struct complaints *complaints, struct notice *out)
{
	struct reading reading;
	struct document document = {0};

	begin(&reading, file, complaints);
	if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
		bytes += 3;
		length -= 3;
	}

	int result = json_each(json, bytes, length, "$", visit_member, &document);
	if (result == ERR_SYNTAX || result == ERR_NOT_FOUND) {
		complaints_error(complaints, file, 0, result == ERR_SYNTAX ? "not well-formed JSON" : "not a JSON object");
		return ERR_INVALID;
	}
	if (result < 0)
		return result;
	if (!year_is_sensible(document.year))
		complaints_error(complaints, file, 0, "no \"year\" from %d to %d", NOTICE_YEAR_MIN, NOTICE_YEAR_MAX);
	else
		reading.notice.year = (int)document.year;
	if (!document.has_days) {
		complaints_error(complaints, file, 0, "no list \"days\"");
		return ERR_INVALID;
	}

	result = json_each(json, bytes, length, "$.days", visit_count, &document);
	/* Each element is looked up from the start of the document, so a flood of them is refused before it costs. */
	if (result == 0 && document.count > NOTICE_DAYS_MAX) {
		complaints_error(complaints, file, 0, "more than %d days in one notice", NOTICE_DAYS_MAX);
		return ERR_INVALID;
	}
	for (size_t i = 0; result == 0 && i < document.count; i++)
		result = read_element(&reading, json, bytes, length, i);
	if (result < 0)
		return result;

	reading.notice.published = document.count > 0;
	if (!reading.notice.published && reading.notice.year != 0)
		complaints_warn(complaints, file, 0, "the notice for %d is not published: \"days\" is empty, and the year stays unknown",
			reading.notice.year);
	return finish(&reading, out);
}

int notice_apply(const struct notice *notice, struct calendar *calendar)
{
	if (!notice->published)
		return 0;
	for (size_t i = 0; i < notice->count; i++) {
		int result = calendar_list_day(calendar, notice->days[i].day, notice->days[i].kind);
		if (result < 0)
			return result;
	}
	/* The exchanges of the mainland close on every day off and do not open on make-up weekends, so a notice tells the trading days too. A closure
	 * beyond that is rare (2024-02-09) and is said by a line "closed" in a .cal file. */
	return calendar_list_year(calendar, notice->year, true);
}
