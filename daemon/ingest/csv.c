/* csv.c - a window over the incoming bytes, a scan position in it, and a way back: nothing is given up until the record that holds it is known to be good. */
#include "followup/csv.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* A record that is not finished holds at most CSV_RECORD_MAX bytes, so that half of the window is always free for new ones. */
	WINDOW_SIZE = 2 * CSV_RECORD_MAX,
	TEXT_SIZE = CSV_RECORD_MAX + CSV_FIELDS_MAX,
	BOM_SIZE = 3,
	REASON_SIZE = 96,
};

enum place {
	AT_FIELD,    /* at the first byte of a field */
	IN_PLAIN,    /* in an unquoted field */
	IN_QUOTES,   /* in a quoted field */
	AFTER_QUOTE, /* behind a quote that either ends the field or is the first of a doubled one */
	IN_BAD,      /* the line is bad already: to its end */
	IN_REST,     /* its record is bad and reported already: to the end of the line */
};

struct csv {
	csv_record_cb *callback;
	void *context;
	int result; /* a negative result of the callback: reading is over */
	size_t expected;

	char window[WINDOW_SIZE];
	size_t held;       /* bytes in the window */
	size_t start;      /* where the record begins */
	size_t position;   /* the next byte to look at */
	bool begun;        /* past a byte order mark */
	bool after_return; /* at start, behind a carriage return: a line feed belongs to that line end */

	enum place place;
	long line;          /* on which the record begins */
	long line_ends;     /* inside the record so far */
	size_t first_end;   /* with line_ends > 0: where its first line ends ... */
	size_t second_line; /* ... and the byte behind that line end */
	const char *bad;

	char text[TEXT_SIZE]; /* the fields, unquoted, each with its NUL */
	size_t text_length;
	size_t count;
	size_t begins[CSV_FIELDS_MAX];
	size_t lengths[CSV_FIELDS_MAX];
	char *fields[CSV_FIELDS_MAX];
	char reason[REASON_SIZE];
};

static const char WITHOUT_END[] = "quoted field without an end";
static const char TOO_LONG[] = "longer than 65536 bytes";
static const char TOO_MANY[] = "more than 64 fields";
_Static_assert(CSV_RECORD_MAX == 65536 && CSV_FIELDS_MAX == 64, "the messages name the limits");

struct csv *csv_new(csv_record_cb *callback, void *context)
{
	struct csv *csv = calloc(1, sizeof *csv);

	if (csv == NULL)
		return NULL;
	csv->callback = callback;
	csv->context = context;
	csv->line = 1;
	return csv;
}

void csv_free(struct csv *csv)
{
	free(csv);
}

void csv_expect(struct csv *csv, size_t fields)
{
	csv->expected = fields;
}

/* The next record begins at the byte `at` of the window, `lines` lines further down. */
static void begin_record(struct csv *csv, size_t at, long lines)
{
	csv->start = at;
	csv->position = at;
	csv->after_return = at > 0 && csv->window[at - 1] == '\r';
	csv->place = AT_FIELD;
	csv->line += lines;
	csv->line_ends = 0;
	csv->bad = NULL;
	csv->text_length = 0;
	csv->count = 0;
	csv->begins[0] = 0;
}

static void report_bad(struct csv *csv, const char *why, size_t end)
{
	struct csv_record record = {.line = csv->line, .fields = csv->fields, .lengths = csv->lengths, .bad = why};

	record.raw = csv->window + csv->start;
	record.raw_length = end - csv->start;
	if (record.raw_length > CSV_RECORD_MAX)
		record.raw_length = CSV_RECORD_MAX;
	csv->result = csv->callback(csv->context, &record);
}

/* The record cannot be right. On its first line: that line is bad to its end. Further down: the lines behind the first may be good records that a stray quote
 * has swallowed, so they are read again. No line is read more than a few times: between the line that opens a quote and the next that holds an odd number of
 * quotes there are only lines that end where they stand. */
static void turn_bad(struct csv *csv, const char *why)
{
	if (csv->line_ends == 0) {
		csv->place = IN_BAD;
		csv->bad = why;
		return;
	}
	report_bad(csv, why, csv->first_end);
	begin_record(csv, csv->second_line, 1);
}

/* Keeps the field that has just ended; false when there is no room for one more. */
static bool end_field(struct csv *csv)
{
	if (csv->count == CSV_FIELDS_MAX)
		return false;
	csv->lengths[csv->count] = csv->text_length - csv->begins[csv->count];
	csv->text[csv->text_length++] = '\0';
	csv->count++;
	if (csv->count < CSV_FIELDS_MAX)
		csv->begins[csv->count] = csv->text_length;
	return true;
}

/* The line end at `end` closes the record; `next` is the byte behind it. */
static void end_record(struct csv *csv, size_t end, size_t next)
{
	long lines = csv->line_ends + 1;

	if (csv->place == IN_REST || end == csv->start) {
		begin_record(csv, next, lines);
		return;
	}
	if (csv->place == IN_BAD) {
		report_bad(csv, csv->bad, end);
		begin_record(csv, next, lines);
		return;
	}

	const char *why = NULL;
	if (!end_field(csv)) {
		why = TOO_MANY;
	} else if (csv->expected != 0 && csv->count != csv->expected) {
		snprintf(csv->reason, sizeof csv->reason, "%zu field%s where the header has %zu", csv->count, csv->count == 1 ? "" : "s",
			csv->expected);
		why = csv->reason;
	}
	if (why != NULL && csv->line_ends > 0) {
		turn_bad(csv, why);
		return;
	}
	if (why != NULL) {
		report_bad(csv, why, end);
	} else {
		for (size_t i = 0; i < csv->count; i++)
			csv->fields[i] = csv->text + csv->begins[i];
		struct csv_record record = {.line = csv->line, .count = csv->count, .fields = csv->fields, .lengths = csv->lengths};
		record.raw = csv->window + csv->start;
		record.raw_length = end - csv->start;
		csv->result = csv->callback(csv->context, &record);
	}
	begin_record(csv, next, lines);
}

/* A line end inside a quoted field. */
static void note_line_end(struct csv *csv, size_t at, char byte)
{
	if (byte == '\n' && csv->window[at - 1] == '\r') /* at > start: a quote came first */
		return;
	if (csv->line_ends == 0) {
		csv->first_end = at;
		csv->second_line = at + 1;
	}
	csv->line_ends++;
}

static void put_byte(struct csv *csv, char byte)
{
	csv->text[csv->text_length++] = byte;
}

/* Looks at the byte at position and moves on, or back (turn_bad). */
static void scan_byte(struct csv *csv)
{
	size_t at = csv->position++;
	char byte = csv->window[at];

	if (csv->after_return) {
		csv->after_return = false;
		if (byte == '\n') {
			begin_record(csv, at + 1, 0);
			return;
		}
	}
	if ((byte == '\n' || byte == '\r') && csv->place != IN_QUOTES) {
		end_record(csv, at, at + 1);
		return;
	}
	if (csv->place == IN_REST) {
		csv->start = csv->position; /* nothing of it is needed any more */
		return;
	}
	if (at - csv->start >= CSV_RECORD_MAX) {
		if (csv->line_ends > 0) {
			turn_bad(csv, WITHOUT_END);
			return;
		}
		report_bad(csv, csv->bad != NULL ? csv->bad : TOO_LONG, at);
		if (byte == '\n' || byte == '\r') {
			begin_record(csv, at + 1, 1);
			return;
		}
		csv->place = IN_REST;
		csv->start = csv->position;
		return;
	}
	if (csv->place == IN_BAD)
		return;
	if (byte == '\0') {
		turn_bad(csv, "NUL byte");
		return;
	}

	switch (csv->place) {
	case AT_FIELD:
		if (byte == '"') {
			csv->place = IN_QUOTES;
			return;
		}
		csv->place = IN_PLAIN;
		break;
	case IN_PLAIN:
		break;
	case IN_QUOTES:
		if (byte == '"') {
			csv->place = AFTER_QUOTE;
			return;
		}
		if (byte == '\n' || byte == '\r')
			note_line_end(csv, at, byte);
		put_byte(csv, byte);
		return;
	case AFTER_QUOTE:
		if (byte == '"') {
			put_byte(csv, byte);
			csv->place = IN_QUOTES;
			return;
		}
		if (byte != ',') {
			turn_bad(csv, csv->line_ends > 0 ? WITHOUT_END : "text after a closing quote");
			return;
		}
		break;
	case IN_BAD:
	case IN_REST:
		return;
	}

	if (byte == ',') {
		if (end_field(csv))
			csv->place = AT_FIELD;
		else
			turn_bad(csv, TOO_MANY);
		return;
	}
	if (byte == '"') {
		turn_bad(csv, "quote inside an unquoted field");
		return;
	}
	put_byte(csv, byte);
}

/* The bytes of an unquoted field up to the next that means something, at once: nearly all of a file is made of them. */
static void scan_plain(struct csv *csv)
{
	static const bool means_something[256] = {['\0'] = true, [','] = true, ['"'] = true, ['\n'] = true, ['\r'] = true};
	size_t end = csv->start + CSV_RECORD_MAX < csv->held ? csv->start + CSV_RECORD_MAX : csv->held;
	size_t at = csv->position;

	while (at < end && !means_something[(unsigned char)csv->window[at]])
		at++;
	if (at == csv->position)
		return;
	memcpy(csv->text + csv->text_length, csv->window + csv->position, at - csv->position);
	csv->text_length += at - csv->position;
	csv->position = at;
	csv->place = IN_PLAIN;
}

static void scan(struct csv *csv)
{
	while (csv->result >= 0 && csv->position < csv->held) {
		if ((csv->place == AT_FIELD || csv->place == IN_PLAIN) && !csv->after_return)
			scan_plain(csv);
		if (csv->position < csv->held)
			scan_byte(csv);
	}
}

/* Skips a byte order mark; false while too few bytes are there to tell. */
static bool begin_file(struct csv *csv, bool at_end)
{
	static const char mark[BOM_SIZE] = "\xEF\xBB\xBF";

	if (csv->begun)
		return true;
	size_t known = csv->held < BOM_SIZE ? csv->held : BOM_SIZE;
	bool alike = memcmp(csv->window, mark, known) == 0;
	if (alike && known < BOM_SIZE && !at_end)
		return false;
	csv->begun = true;
	if (alike && known == BOM_SIZE)
		begin_record(csv, BOM_SIZE, 0);
	return true;
}

/* Moves what is still needed to the front of the window. */
static void make_room(struct csv *csv)
{
	size_t gone = csv->start;

	if (gone == 0)
		return;
	memmove(csv->window, csv->window + gone, csv->held - gone);
	csv->held -= gone;
	csv->position -= gone;
	csv->start = 0;
	if (csv->line_ends > 0) {
		csv->first_end -= gone;
		csv->second_line -= gone;
	}
}

int csv_feed(struct csv *csv, const char *bytes, size_t length)
{
	while (length > 0 && csv->result >= 0) {
		if (csv->held == WINDOW_SIZE)
			make_room(csv);
		size_t part = WINDOW_SIZE - csv->held;
		if (part > length)
			part = length;
		memcpy(csv->window + csv->held, bytes, part);
		csv->held += part;
		bytes += part;
		length -= part;
		if (begin_file(csv, false))
			scan(csv);
	}
	return csv->result < 0 ? csv->result : 0;
}

int csv_finish(struct csv *csv)
{
	if (csv->result >= 0)
		begin_file(csv, true);
	scan(csv);
	/* Each turn ends a record, or gives one line up and reads those behind it. */
	while (csv->result >= 0 && csv->start < csv->held) {
		if (csv->place == IN_QUOTES) {
			turn_bad(csv, WITHOUT_END);
			scan(csv);
		} else {
			end_record(csv, csv->held, csv->held);
			scan(csv);
		}
	}
	return csv->result < 0 ? csv->result : 0;
}

bool csv_is_utf8(const char *bytes, size_t length)
{
	const unsigned char *byte = (const unsigned char *)bytes;
	size_t at = 0;

	while (at < length) {
		unsigned char lead = byte[at];
		size_t more;
		unsigned char low = 0x80, high = 0xBF; /* what the second byte may be */

		if (lead < 0x80) {
			at++;
			continue;
		}
		if (lead >= 0xC2 && lead <= 0xDF) {
			more = 1;
		} else if (lead >= 0xE0 && lead <= 0xEF) {
			more = 2;
			if (lead == 0xE0)
				low = 0xA0; /* below: overlong */
			else if (lead == 0xED)
				high = 0x9F; /* above: surrogates */
		} else if (lead >= 0xF0 && lead <= 0xF4) {
			more = 3;
			if (lead == 0xF0)
				low = 0x90;
			else if (lead == 0xF4)
				high = 0x8F; /* above: beyond U+10FFFF */
		} else {
			return false;
		}
		if (length - at <= more || byte[at + 1] < low || byte[at + 1] > high)
			return false;
		for (size_t i = 2; i <= more; i++) {
			if (byte[at + i] < 0x80 || byte[at + i] > 0xBF)
				return false;
		}
		at += more + 1;
	}
	return true;
}

int csv_quote(const char *text, char *out, size_t capacity)
{
	bool quoted = false;
	size_t length = 0; /* of what is written; text is in memory, so that twice its length is a size still */

	for (const char *from = text; *from != '\0'; from++) {
		if (strchr(",\"\r\n", *from) != NULL)
			quoted = true;
		length += *from == '"' ? 2 : 1;
	}
	if (quoted)
		length += 2;
	if (length >= capacity || length > INT_MAX)
		return ERR_LIMIT;
	if (quoted)
		*out++ = '"';
	for (const char *from = text; *from != '\0'; from++) {
		if (*from == '"')
			*out++ = '"';
		*out++ = *from;
	}
	if (quoted)
		*out++ = '"';
	*out = '\0';
	return (int)length;
}
