/* resp.h - the reader of requests: the Redis protocol's arrays of bulk strings, and inline lines as one types them. No I/O.
 *
 * Incremental: bytes may come in pieces of any size. Nothing is allocated from a length that the peer claims; the text grows with the bytes that
 * have really come. An inline line is words separated by blanks, "..." with \n \r \t \a \b \xHH, '...' with \'; a word that begins with `{` runs to the end of
 * the line. */
#ifndef FOLLOWUP_RESP_H
#define FOLLOWUP_RESP_H

#include <stdbool.h>
#include <stddef.h>

#include "followup/error.h"

/* What one request may hold: bytes of all its words together (of the whole line when inline), and words. */
struct resp_limits {
	size_t bytes;
	size_t words;
};

enum resp_state {
	RESP_START,
	RESP_COUNT_LINE,
	RESP_MARK,
	RESP_LENGTH_LINE,
	RESP_BULK,
	RESP_BULK_END,
	RESP_INLINE,
};

struct resp_piece {
	size_t offset; /* in text */
	size_t length;
};

struct resp_parser {
	/* The request, after resp_parse gave 1 and until it is called again. Each word is followed by a NUL that its length does not count, and may hold others. */
	size_t count; /* 0 for an empty line: nothing to do and nothing to answer */
	const char **words;
	size_t *lengths;
	char complaint[128]; /* after ERR_SYNTAX: words for the peer */

	/* Private. */
	enum resp_state state;
	char *text;
	size_t text_length, text_capacity;
	struct resp_piece *pieces;
	size_t piece_count, piece_capacity;
	size_t word_capacity;
	size_t promised_words; /* still to come */
	size_t promised_bytes; /* of the current word, still to come */
	char line[24];
	size_t line_length;
};

void resp_parser_init(struct resp_parser *parser);
void resp_parser_free(struct resp_parser *parser); /* frees what it holds, not the struct */

/* Reads bytes; *used says how many it took (all of them unless a request ended before). 1: a request is complete, 0: more bytes are needed, ERR_SYNTAX: these bytes
 * are no request or one beyond the limits, and nothing after them can be understood; ERR_MEMORY. After an error only resp_parser_free may follow. */
int resp_parse(struct resp_parser *parser, const struct resp_limits *limits, const char *bytes, size_t length, size_t *used) MUST_CHECK;

/* Whether a request has begun that is not complete. */
bool resp_is_inside(const struct resp_parser *parser);

#endif
