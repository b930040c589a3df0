/* test_csv.c - the CSV reader against files as they come and files as an enemy writes them. Every case is read whole, in halves and byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "followup/buffer.h"
#include "followup/csv.h"

/* What was read, one record a line: "1:a|b" for a good one, "2!reason=raw" for a bad one. */
struct reading {
	struct csv *csv;
	struct buffer seen;
	bool expect_header; /* the first record's count of fields is expected of the others */
	long records;
	long stop_after; /* 0: never */
};

static int note_record(void *context, const struct csv_record *record)
{
	struct reading *reading = context;

	buffer_printf(&reading->seen, "%ld", record->line);
	if (record->bad != NULL) {
		assert_int_equal(record->count, 0);
		buffer_printf(&reading->seen, "!%s=", record->bad);
		buffer_append(&reading->seen, record->raw, record->raw_length);
	} else {
		for (size_t i = 0; i < record->count; i++) {
			assert_int_equal(strlen(record->fields[i]), record->lengths[i]);
			buffer_text(&reading->seen, i == 0 ? ":" : "|");
			buffer_text(&reading->seen, record->fields[i]);
		}
		if (reading->expect_header && reading->records == 0)
			csv_expect(reading->csv, record->count);
	}
	buffer_text(&reading->seen, "\n");
	reading->records++;
	if (reading->stop_after != 0 && reading->records >= reading->stop_after)
		return ERR_BUSY;
	return 0;
}

/* Reads bytes in parts of `step` bytes; *seen belongs to the caller. */
static int read_in_steps(const char *bytes, size_t length, size_t step, bool expect_header, long stop_after, struct buffer *seen)
{
	struct reading reading = {.expect_header = expect_header, .stop_after = stop_after};
	int result = 0;

	reading.csv = csv_new(note_record, &reading);
	assert_non_null(reading.csv);
	for (size_t at = 0; at < length && result == 0; at += step)
		result = csv_feed(reading.csv, bytes + at, length - at < step ? length - at : step);
	if (result == 0)
		result = csv_finish(reading.csv);
	csv_free(reading.csv);
	assert_false(reading.seen.failed);
	*seen = reading.seen;
	return result;
}

static void check_reading(const char *name, const char *bytes, size_t length, bool expect_header, const char *wanted)
{
	const size_t steps[] = {1, 2, 3, 7, 4096, 65536, length > 1 ? length / 2 : 1, length > 0 ? length : 1};

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		struct buffer seen;
		assert_int_equal(read_in_steps(bytes, length, steps[i], expect_header, 0, &seen), 0);
		const char *got = seen.data != NULL ? seen.data : "";
		if (strcmp(got, wanted) != 0)
			fail_msg("%s, %zu bytes at a time:\n%.2000s\nwanted:\n%.2000s", name, steps[i], got, wanted);
		buffer_free(&seen);
	}
}

#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *name;
	const char *bytes;
	size_t length;
	bool expect_header;
	const char *wanted;
} cases[] = {
	{"nothing", BYTES(""), false, ""},
	{"one field, no line end", BYTES("a"), false, "1:a\n"},
	{"plain", BYTES("a,b\nc,d\n"), false, "1:a|b\n2:c|d\n"},
	{"no line end at the end", BYTES("a,b\nc,d"), false, "1:a|b\n2:c|d\n"},
	{"CRLF", BYTES("a,b\r\nc,d\r\n"), false, "1:a|b\n2:c|d\n"},
	{"CR alone", BYTES("a,b\rc,d\r"), false, "1:a|b\n2:c|d\n"},
	{"line ends of all kinds", BYTES("a\r\nb\nc\rd\n\re\r\r\nf"), false, "1:a\n2:b\n3:c\n4:d\n6:e\n8:f\n"},
	{"empty lines", BYTES("\n\r\n\ra\n\n\nb\n\n"), false, "4:a\n7:b\n"},
	{"empty fields", BYTES(",\n,,\na,\n,a\n"), false, "1:|\n2:||\n3:a|\n4:|a\n"},
	{"an empty quoted field is a record", BYTES("\"\"\n"), false, "1:\n"},
	{"quoted", BYTES("\"a\",\"b,c\",\"d\"\"e\"\n"), false, "1:a|b,c|d\"e\n"},
	{"only quotes", BYTES("\"\"\"\"\n\"\"\"\"\"\"\n"), false, "1:\"\n2:\"\"\n"},
	{"line ends in quotes", BYTES("\"a\nb\",c\nd\n"), false, "1:a\nb|c\n3:d\n"},
	{"all line ends in quotes", BYTES("\"a\r\nb\rc\n\nd\"\ne\n"), false, "1:a\r\nb\rc\n\nd\n6:e\n"},
	{"quoted at the end of the file", BYTES("a,\"b\""), false, "1:a|b\n"},
	{"spaces are kept", BYTES(" a , b\n"), false, "1: a | b\n"},
	{"byte order mark",
		BYTES("\xEF\xBB\xBF"
		      "a,b\n"),
		false, "1:a|b\n"},
	{"byte order mark and a quote", BYTES("\xEF\xBB\xBF\"a\",b\n"), false, "1:a|b\n"},
	{"byte order mark alone", BYTES("\xEF\xBB\xBF"), false, ""},
	{"byte order mark, later",
		BYTES("a\n\xEF\xBB\xBF"
		      "b\n"),
		false,
		"1:a\n2:\xEF\xBB\xBF"
		"b\n"},
	{"half a byte order mark", BYTES("\xEF\xBB"), false, "1:\xEF\xBB\n"},
	{"two byte order marks",
		BYTES("\xEF\xBB\xBF\xEF\xBB\xBF"
		      "a\n"),
		false,
		"1:\xEF\xBB\xBF"
		"a\n"},
	{"quote inside a field", BYTES("a\nb\"c,d\ne\n"), false, "1:a\n2!quote inside an unquoted field=b\"c,d\n3:e\n"},
	{"quote at a field's end", BYTES("b\"\ne\n"), false, "1!quote inside an unquoted field=b\"\n2:e\n"},
	{"text after a closing quote", BYTES("\"a\"b,\"c\nd\n"), false, "1!text after a closing quote=\"a\"b,\"c\n2:d\n"},
	{"a space before a quote", BYTES("a, \"b\"\nc\n"), false, "1!quote inside an unquoted field=a, \"b\"\n2:c\n"},
	{"a space after a quote", BYTES("\"a\" ,b\nc\n"), false, "1!text after a closing quote=\"a\" ,b\n2:c\n"},
	{"NUL", BYTES("a\n\0b\nc\0\nd,\"\0\"\ne\n"), false, NULL},
	{"a stray quote to the end of the file", BYTES("a\n\"b,c\nd,e\nf"), false,
		"1:a\n2!quoted field without an end=\"b,c\n3:d|e\n4:f\n"},
	{"a stray quote, CRLF", BYTES("a\r\n\"b,c\r\nd,e\r\nf\r\n"), false, "1:a\n2!quoted field without an end=\"b,c\n3:d|e\n4:f\n"},
	{"a stray quote, CR", BYTES("a\r\"b,c\rd,e\rf\r"), false, "1:a\n2!quoted field without an end=\"b,c\n3:d|e\n4:f\n"},
	{"a stray quote before a quoted field", BYTES("\"a,b\nc,d\ne,\"f\"\ng\n"), false,
		"1!quoted field without an end=\"a,b\n2:c|d\n3:e|f\n4:g\n"},
	{"two stray quotes", BYTES("\"a\n\"b\nc\n"), false, "1!quoted field without an end=\"a\n2!quoted field without an end=\"b\n3:c\n"},
	{"a quote and nothing more", BYTES("\""), false, "1!quoted field without an end=\"\n"},
	{"a quote as the last line", BYTES("a\n\"\n"), false, "1:a\n2!quoted field without an end=\"\n"},
	{"NUL behind a stray quote", BYTES("\"a\nb\nc\0d\ne\n"), false, NULL},
	{"too few and too many fields", BYTES("a,b\nc\nd,e,f\ng,h\n"), true,
		"1:a|b\n2!1 field where the header has 2=c\n3!3 fields where the header has 2=d,e,f\n4:g|h\n"},
	{"stray quotes that fit each other", BYTES("a,b\n\"c,d\ne,f\ng,h\"\ni,j\n"), true,
		"1:a|b\n2!1 field where the header has 2=\"c,d\n3:e|f\n4!quote inside an unquoted field=g,h\"\n5:i|j\n"},
	{"a multi-line record among expected ones", BYTES("a,b\n\"c\nd\",e\nf,g\n"), true, "1:a|b\n2:c\nd|e\n4:f|g\n"},
	{"wrong count at the end of the file", BYTES("a,b\n\"c\nd\""), true,
		"1:a|b\n2!1 field where the header has 2=\"c\n3!quote inside an unquoted field=d\"\n"},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (cases[i].wanted != NULL)
			check_reading(cases[i].name, cases[i].bytes, cases[i].length, cases[i].expect_header, cases[i].wanted);
	}
}

/* The raw bytes of these hold a NUL, so that the note of them is compared by length. */
static void test_nul_bytes(void **state)
{
	static const char wanted[] = "1:a\n2!NUL byte=\0b\n3!NUL byte=c\0\n4!NUL byte=d,\"\0\"\n5:e\n";
	static const char wanted_behind[] = "1!NUL byte=\"a\n2:b\n3!NUL byte=c\0d\n4:e\n";

	(void)state;
	for (size_t step = 1; step < 20; step++) {
		struct buffer seen;
		assert_int_equal(read_in_steps(BYTES("a\n\0b\nc\0\nd,\"\0\"\ne\n"), step, false, 0, &seen), 0);
		assert_int_equal(seen.length, sizeof wanted - 1);
		assert_memory_equal(seen.data, wanted, sizeof wanted - 1);
		buffer_free(&seen);
		assert_int_equal(read_in_steps(BYTES("\"a\nb\nc\0d\ne\n"), step, false, 0, &seen), 0);
		assert_int_equal(seen.length, sizeof wanted_behind - 1);
		assert_memory_equal(seen.data, wanted_behind, sizeof wanted_behind - 1);
		buffer_free(&seen);
	}
}

static void fill(struct buffer *buffer, char byte, size_t times)
{
	char part[1000];

	memset(part, byte, sizeof part);
	while (times > 0) {
		size_t now = times < sizeof part ? times : sizeof part;
		buffer_append(buffer, part, now);
		times -= now;
	}
}

/* Lines of just so many bytes round the limit, in and out of quotes, with every line end. */
static void test_lengths(void **state)
{
	static const char *const ends[] = {"\n", "\r\n", "\r"};

	(void)state;
	for (size_t length = CSV_RECORD_MAX - 2; length <= CSV_RECORD_MAX + 3; length++) {
		for (size_t i = 0; i < 6; i++) {
			struct buffer file = {0}, wanted = {0}, record = {0};
			bool open_quote = i >= 3;
			const char *end = ends[i % 3];

			if (open_quote)
				buffer_text(&record, "\"");
			fill(&record, 'x', length - record.length);
			buffer_printf(&file, "a%s", end);
			buffer_append(&file, record.data, record.length);
			buffer_printf(&file, "%sb%s", end, end);
			buffer_text(&wanted, "1:a\n2");
			/* The line end in the quotes counts. */
			if (length > CSV_RECORD_MAX || (open_quote && length == CSV_RECORD_MAX))
				buffer_text(&wanted, "!longer than 65536 bytes=");
			else
				buffer_text(&wanted, open_quote ? "!quoted field without an end=" : ":");
			buffer_append(&wanted, record.data, length < CSV_RECORD_MAX ? length : CSV_RECORD_MAX);
			buffer_text(&wanted, "\n3:b\n");
			assert_false(file.failed || wanted.failed || record.failed);
			check_reading("lengths", file.data, file.length, false, wanted.data);
			buffer_free(&file);
			buffer_free(&wanted);
			buffer_free(&record);
		}
	}
}

static void test_two_megabytes(void **state)
{
	struct buffer file = {0}, wanted = {0};

	(void)state;
	/* a line of 2 MB without and with a quote, between good ones; a line feed of its own behind a carriage return counts */
	buffer_text(&file, "a\r");
	fill(&file, 'x', 2 << 20);
	buffer_text(&file, "\nb\n\"");
	fill(&file, 'y', 2 << 20);
	buffer_text(&file, "\r\nc\n");
	/* a stray quote before more than the window holds, in lines */
	buffer_text(&file, "\"d,e\n");
	buffer_text(&wanted, "1:a\n2!longer than 65536 bytes=");
	fill(&wanted, 'x', CSV_RECORD_MAX);
	buffer_text(&wanted, "\n3:b\n4!longer than 65536 bytes=\"");
	fill(&wanted, 'y', CSV_RECORD_MAX - 1);
	buffer_text(&wanted, "\n5:c\n6!quoted field without an end=\"d,e\n");
	for (int i = 0; i < 20000; i++) {
		buffer_printf(&file, "f%d,g\n", i);
		buffer_printf(&wanted, "%d:f%d|g\n", 7 + i, i);
	}
	assert_false(file.failed || wanted.failed);
	check_reading("2 MB", file.data, file.length, false, wanted.data);
	buffer_free(&file);
	buffer_free(&wanted);
}

static void test_too_many_fields(void **state)
{
	struct buffer file = {0}, wanted = {0};

	(void)state;
	buffer_text(&file, "a");
	buffer_text(&wanted, "1:a");
	for (int i = 1; i < CSV_FIELDS_MAX; i++) {
		buffer_text(&file, ",b");
		buffer_text(&wanted, "|b");
	}
	buffer_text(&file, "\n");
	buffer_text(&wanted, "\n2!more than 64 fields=");
	for (int line = 2; line <= 3; line++) {
		fill(&file, ',', line == 2 ? CSV_FIELDS_MAX : 60000);
		buffer_text(&file, "\n");
	}
	fill(&wanted, ',', CSV_FIELDS_MAX);
	buffer_text(&wanted, "\n3!more than 64 fields=");
	fill(&wanted, ',', 60000);
	buffer_text(&wanted, "\n4:c\n");
	buffer_text(&file, "c\n");
	assert_false(file.failed || wanted.failed);
	check_reading("fields", file.data, file.length, false, wanted.data);
	buffer_free(&file);
	buffer_free(&wanted);
}

/* Files of random pieces of trouble: however they are cut, the same is read; a good line of its own kind, "ok", is found on every line that holds just it,
 * unless a quoted field that is good rightly holds it. */
static void test_random_cuts(void **state)
{
	static const char *const pieces[] = {
		"a", "ok", ",", ",", "\"", "\"", "\"\"", "\n", "\n", "\r\n", "\r", "\xEF\xBB\xBF", "x y", "\"b\"", "\nok\n"};
	unsigned seed = 20250102;

	(void)state;
	srand(seed);
	for (int round = 0; round < 3000; round++) {
		struct buffer file = {0}, whole = {0}, bytes = {0};
		int count = rand() % 40;

		for (int i = 0; i < count; i++)
			buffer_text(&file, pieces[(size_t)rand() % (sizeof pieces / sizeof pieces[0])]);
		const char *data = file.data != NULL ? file.data : "";
		assert_int_equal(read_in_steps(data, file.length, file.length + 1, round % 2 == 0, 0, &whole), 0);
		for (size_t step = 1; step < 6; step++) {
			assert_int_equal(read_in_steps(data, file.length, step, round % 2 == 0, 0, &bytes), 0);
			if (bytes.length != whole.length || (whole.length > 0 && memcmp(bytes.data, whole.data, whole.length) != 0))
				fail_msg("seed %u, round %d, file:\n%s\nwhole:\n%s\nin steps of %zu:\n%s", seed, round, data, whole.data,
					step, bytes.data);
			buffer_free(&bytes);
		}
		buffer_free(&file);
		buffer_free(&whole);
	}
}

static void test_callback_ends_the_reading(void **state)
{
	(void)state;
	for (size_t step = 1; step < 12; step++) {
		struct buffer seen;
		assert_int_equal(read_in_steps(BYTES("a\nb\nc\nd\n"), step, false, 2, &seen), ERR_BUSY);
		assert_string_equal(seen.data, "1:a\n2:b\n");
		buffer_free(&seen);
		/* the last record, without a line end, is given at the finish */
		assert_int_equal(read_in_steps(BYTES("a\nb"), step, false, 2, &seen), ERR_BUSY);
		buffer_free(&seen);
	}
	csv_free(NULL);
}

static void test_utf8(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		bool good;
	} texts[] = {
		{BYTES(""), true}, {BYTES("plain"), true}, {BYTES("孔丽勇 é 🀄"), true}, {BYTES("\xC2\x80"), true},
		{BYTES("\xDF\xBF"), true}, {BYTES("\xE0\xA0\x80"), true}, {BYTES("\xED\x9F\xBF"), true}, {BYTES("\xEE\x80\x80"), true},
		{BYTES("\xF4\x8F\xBF\xBF"), true}, {BYTES("\x80"), false}, {BYTES("\xC0\x80"), false}, {BYTES("\xC1\xBF"), false},
		{BYTES("\xC2"), false}, {BYTES("\xC2\x41"), false}, {BYTES("\xE0\x9F\xBF"), false}, {BYTES("\xED\xA0\x80"), false},
		{BYTES("\xE5\xAD"), false}, {BYTES("\xE5\xAD\x41"), false}, {BYTES("\xF0\x8F\xBF\xBF"), false},
		{BYTES("\xF4\x90\x80\x80"), false}, {BYTES("\xF0\x9F\x80"), false}, {BYTES("\xF5\x80\x80\x80"), false},
		{BYTES("\xFF"), false}, {BYTES("a\xD5\xC5\xC8\xFD"), false}, /* GB 18030 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		/* a copy without a NUL behind it: reading past the end shows under a sanitizer */
		char *copy = malloc(texts[i].length + 1);
		assert_non_null(copy);
		memcpy(copy, texts[i].bytes, texts[i].length);
		copy[texts[i].length] = (char)0x80;
		if (csv_is_utf8(copy, texts[i].length) != texts[i].good)
			fail_msg("text %zu is wrongly judged", i);
		free(copy);
	}
}

static void test_quote(void **state)
{
	static const struct {
		const char *text, *wanted;
	} texts[] = {
		{"", ""},
		{"plain text", "plain text"},
		{"a,b", "\"a,b\""},
		{"a\"b", "\"a\"\"b\""},
		{"\"", "\"\"\"\""},
		{"a\nb", "\"a\nb\""},
		{"a\rb", "\"a\rb\""},
		{"孔,丽勇", "\"孔,丽勇\""},
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		size_t length = strlen(texts[i].wanted);
		assert_int_equal(csv_quote(texts[i].text, out, sizeof out), length);
		assert_string_equal(out, texts[i].wanted);
		for (size_t capacity = 0; capacity <= length; capacity++) {
			memset(out, '#', sizeof out);
			assert_int_equal(csv_quote(texts[i].text, out, capacity), ERR_LIMIT);
			assert_int_equal(out[capacity], '#');
		}
		assert_int_equal(csv_quote(texts[i].text, out, length + 1), length);
		assert_string_equal(out, texts[i].wanted);
		/* What is written is read back. */
		struct buffer seen, wanted = {0};
		buffer_printf(&wanted, "1:%s|\n", texts[i].text);
		struct buffer line = {0};
		buffer_printf(&line, "%s,\n", texts[i].wanted);
		assert_int_equal(read_in_steps(line.data, line.length, 3, false, 0, &seen), 0);
		assert_string_equal(seen.data, wanted.data);
		buffer_free(&seen);
		buffer_free(&wanted);
		buffer_free(&line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_nul_bytes),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_two_megabytes),
		cmocka_unit_test(test_too_many_fields),
		cmocka_unit_test(test_random_cuts),
		cmocka_unit_test(test_callback_ends_the_reading),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_quote),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
