/* CSV: however the bytes are cut, the same records; no byte of the file is lost without a record that tells of it; what is written back reads the same.
 *
 * The bytes 1 and 2 stand for some thousand and some ten thousand letters, so that a small input reaches the limit of a record. */
#include "fuzz.h"

#include "followup/buffer.h"
#include "followup/csv.h"

enum { SHORT_RUN = 4099, LONG_RUN = 32749, FILE_MAX = 200000, SMALL = 4096 };

/* What the reader has told. */
struct told {
	struct csv *csv;
	bool expect; /* the first good record says how many fields the others have */
	size_t expected;
	long line;
	struct buffer records; /* in words, to compare */
	struct buffer raw;     /* every record's bytes but line ends */
	struct buffer again;   /* the good ones, written anew */
	bool too_long;
};

static void append_without_ends(struct buffer *out, const char *bytes, size_t length)
{
	for (size_t at = 0; at < length; at++) {
		size_t plain = 0;
		while (at + plain < length && bytes[at + plain] != '\r' && bytes[at + plain] != '\n')
			plain++;
		buffer_append(out, bytes + at, plain);
		at += plain;
	}
}

/* A record as csv_quote writes it; nothing for one that would be an empty line or, in the writing, too long. */
static void write_record(struct told *told, const struct csv_record *record)
{
	static char field[2 * CSV_RECORD_MAX + 3];
	struct buffer line = {0};

	for (size_t i = 0; i < record->count; i++) {
		int length = csv_quote(record->fields[i], field, sizeof(field));
		FUZZ_CHECK(length >= (int)record->lengths[i] && field[length] == '\0');
		buffer_text(&line, i > 0 ? "," : "");
		buffer_append(&line, field, (size_t)length);
	}
	if (line.length > 0 && line.length <= CSV_RECORD_MAX) {
		buffer_append(&told->again, line.data, line.length);
		buffer_text(&told->again, "\n");
	}
	buffer_free(&line);
}

static int take_record(void *context, const struct csv_record *record)
{
	struct told *told = context;

	FUZZ_CHECK(record->line > told->line);
	told->line = record->line;
	FUZZ_CHECK(record->raw_length > 0 && record->raw_length <= CSV_RECORD_MAX);
	append_without_ends(&told->raw, record->raw, record->raw_length);
	buffer_printf(&told->records, "line %ld, %zu bytes, %zu fields: %s\n", record->line, record->raw_length, record->count,
		record->bad != NULL ? record->bad : "good");
	if (record->bad != NULL) {
		FUZZ_CHECK(record->count == 0 && record->bad[0] != '\0');
		told->too_long = told->too_long || record->raw_length == CSV_RECORD_MAX;
		return 0;
	}
	FUZZ_CHECK(record->count > 0 && record->count <= CSV_FIELDS_MAX);
	FUZZ_CHECK(told->expected == 0 || record->count == told->expected);
	for (size_t i = 0; i < record->count; i++) {
		FUZZ_CHECK(strlen(record->fields[i]) == record->lengths[i]);
		buffer_printf(&told->records, "%zu:", record->lengths[i]);
		buffer_append(&told->records, record->fields[i], record->lengths[i]);
		buffer_text(&told->records, "\n");
	}
	write_record(told, record);
	if (told->expect && told->expected == 0) {
		told->expected = record->count;
		csv_expect(told->csv, record->count);
	}
	return 0;
}

static void read_file(const char *bytes, size_t length, size_t piece, bool expect, struct told *told)
{
	*told = (struct told){.expect = expect};
	told->csv = fuzz_need(csv_new(take_record, told));
	for (size_t at = 0; at < length; at += piece) {
		size_t part = length - at < piece ? length - at : piece;
		char *copy = fuzz_text((const uint8_t *)bytes + at, part);

		FUZZ_CHECK(csv_feed(told->csv, copy, part) == 0);
		free(copy);
	}
	FUZZ_CHECK(csv_finish(told->csv) == 0);
	csv_free(told->csv);
}

static void forget(struct told *told)
{
	buffer_free(&told->records);
	buffer_free(&told->raw);
	buffer_free(&told->again);
}

static bool same(const struct buffer *one, const struct buffer *other)
{
	return one->length == other->length && (one->length == 0 || memcmp(one->data, other->data, one->length) == 0);
}

static void check_file(const struct buffer *file, bool expect)
{
	bool small = file->length < SMALL;
	const size_t pieces[] = {small ? 1 : 4093, 11};
	struct told whole, other;

	read_file(file->data, file->length, file->length > 0 ? file->length : 1, expect, &whole);
	for (size_t i = 0; i < (small ? 2 : 1); i++) {
		read_file(file->data, file->length, pieces[i], expect, &other);
		FUZZ_CHECK(same(&whole.records, &other.records));
		forget(&other);
	}
	if (!whole.too_long) {
		struct buffer all = {0};
		size_t mark = file->length >= 3 && memcmp(file->data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;

		append_without_ends(&all, file->data + mark, file->length - mark);
		FUZZ_CHECK(same(&whole.raw, &all));
		buffer_free(&all);
	}
	if (whole.again.length > 0) {
		struct buffer again = {0};

		/* A first line, so that no field is taken for a byte order mark. */
		buffer_text(&again, "-\n");
		buffer_append(&again, whole.again.data, whole.again.length);
		read_file(again.data, again.length, again.length, false, &other);
		FUZZ_CHECK(same(&again, &other.again));
		forget(&other);
		buffer_free(&again);
	}
	forget(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static char run[LONG_RUN];
	struct buffer file = {0};

	memset(run, 'x', sizeof(run));
	buffer_append(&file, "", 0);
	for (size_t i = 0; i < length && file.length < FILE_MAX; i++) {
		if (bytes[i] == 1 || bytes[i] == 2)
			buffer_append(&file, run, bytes[i] == 1 ? SHORT_RUN : LONG_RUN);
		else
			buffer_append(&file, (const char *)bytes + i, 1);
	}
	if (file.length < SMALL)
		check_file(&file, false);
	check_file(&file, true);
	(void)csv_is_utf8(file.data, file.length);
	buffer_free(&file);
	return 0;
}
