/* csv.h - an RFC 4180 reader that never loses its place: one bad record costs that record (POLICY 10). Incremental, no I/O. */
#ifndef FOLLOWUP_CSV_H
#define FOLLOWUP_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "followup/error.h"

struct csv;

enum { CSV_FIELDS_MAX = 64, CSV_RECORD_MAX = 65536 }; /* hard bounds; longer records are reported and skipped */

struct csv_record {
	long line;       /* 1-based physical line on which the record begins */
	size_t count;    /* fields */
	char **fields;   /* NUL-terminated, unquoted; belong to the reader until the callback returns */
	size_t *lengths; /* bytes without the NUL; a field that holds a NUL byte makes the record bad instead */
	const char *raw; /* the record's bytes as they came, without the line end, for the rejects file; at most CSV_RECORD_MAX of them */
	size_t raw_length;
	const char
		*bad; /* NULL for a good record, else why it is not one ("quote inside an unquoted field", "NUL byte", "longer than ...") */
};

/* A negative result ends the reading and is returned by csv_feed. */
typedef int csv_record_cb(void *context, const struct csv_record *record);

struct csv *csv_new(csv_record_cb *callback, void *context);
void csv_free(struct csv *csv);

/* From now on a record with another number of fields is bad ("5 fields where the header has 6"); 0: any number. Called from the callback of the header. */
void csv_expect(struct csv *csv, size_t fields);

/* Feeds bytes as they come (LF, CRLF or CR line ends; a UTF-8 byte order mark at the very start is skipped; empty lines are skipped). A stray quote never swallows
 * the rest: whenever a record that began on an earlier line turns out bad (an unexpected count of fields, text after a closing quote, no end within CSV_RECORD_MAX
 * bytes or the file), only its first line is reported bad and reading goes on at the line after it. A bad record has no fields (count 0). */
int csv_feed(struct csv *csv, const char *bytes, size_t length) MUST_CHECK;
int csv_finish(struct csv *csv) MUST_CHECK; /* the end: a last record without a line end */

/* Whether bytes are well-formed UTF-8 (no surrogates, no overlong forms). */
bool csv_is_utf8(const char *bytes, size_t length);

/* Writes a field as it stands in a file, quoted where it needs it, and a NUL to out (capacity bytes) and returns the length without the NUL, or ERR_LIMIT. */
int csv_quote(const char *text, char *out, size_t capacity);

#endif
