#include "followup/resp.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	KEEP_CAPACITY = 64 * 1024, /* a text or list larger than this is given back after its request */
	FIRST_CAPACITY = 256,
};

/* How a browser, or a page that makes one speak to this port, begins a line. Cut off at once, so that the lines after it are never taken for commands. */
static const char *const http_beginnings[] = {
	"GET /", "POST /", "PUT /", "HEAD /", "DELETE /", "PATCH /", "OPTIONS /", "OPTIONS *", "CONNECT ", "Host:"};
/* And how it ends one, whatever the method and where to: "GET http://desk:7379/ HTTP/1.1" of one that takes this port for a proxy. */
static const char http_end[] = " HTTP/";

static int complain(struct resp_parser *parser, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int complain(struct resp_parser *parser, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(parser->complaint, sizeof parser->complaint, format, arguments);
	va_end(arguments);
	return ERR_SYNTAX;
}

void resp_parser_init(struct resp_parser *parser)
{
	memset(parser, 0, sizeof *parser);
}

void resp_parser_free(struct resp_parser *parser)
{
	free(parser->text);
	free(parser->pieces);
	free(parser->words);
	free(parser->lengths);
	resp_parser_init(parser);
}

bool resp_is_inside(const struct resp_parser *parser)
{
	return parser->state != RESP_START;
}

/* Room for extra more bytes than the text holds: doubles, never more than was really needed before. */
static int text_reserve(struct resp_parser *parser, size_t extra)
{
	size_t capacity = parser->text_capacity > 0 ? parser->text_capacity : FIRST_CAPACITY;
	char *text;

	if (extra > SIZE_MAX / 4 || parser->text_length > SIZE_MAX / 4)
		return ERR_MEMORY;
	while (capacity < parser->text_length + extra)
		capacity *= 2;
	if (capacity == parser->text_capacity)
		return 0;
	text = realloc(parser->text, capacity);
	if (text == NULL)
		return ERR_MEMORY;
	parser->text = text;
	parser->text_capacity = capacity;
	return 0;
}

static int text_append(struct resp_parser *parser, const char *bytes, size_t length)
{
	int result = text_reserve(parser, length + 1);

	if (result < 0)
		return result;
	memcpy(parser->text + parser->text_length, bytes, length);
	parser->text_length += length;
	return 0;
}

static int piece_add(struct resp_parser *parser, size_t offset, size_t length)
{
	if (parser->piece_count == parser->piece_capacity) {
		size_t capacity = parser->piece_capacity > 0 ? parser->piece_capacity * 2 : 8;
		struct resp_piece *pieces = realloc(parser->pieces, capacity * sizeof *pieces);
		if (pieces == NULL)
			return ERR_MEMORY;
		parser->pieces = pieces;
		parser->piece_capacity = capacity;
	}
	parser->pieces[parser->piece_count++] = (struct resp_piece){.offset = offset, .length = length};
	return 0;
}

/* Forgets the last request. */
static void begin(struct resp_parser *parser)
{
	parser->count = 0;
	parser->text_length = 0;
	parser->piece_count = 0;
	parser->line_length = 0;
	parser->promised_words = 0;
	parser->promised_bytes = 0;
	if (parser->text_capacity > KEEP_CAPACITY) {
		free(parser->text);
		parser->text = NULL;
		parser->text_capacity = 0;
	}
}

/* Turns the pieces into words, now that the text no longer moves. */
static int finish(struct resp_parser *parser)
{
	parser->state = RESP_START;
	if (parser->piece_count > parser->word_capacity) {
		size_t capacity = parser->piece_capacity;
		const char **words = realloc(parser->words, capacity * sizeof *words);
		size_t *lengths;
		if (words == NULL)
			return ERR_MEMORY;
		parser->words = words;
		lengths = realloc(parser->lengths, capacity * sizeof *lengths);
		if (lengths == NULL)
			return ERR_MEMORY;
		parser->lengths = lengths;
		parser->word_capacity = capacity;
	}
	for (size_t i = 0; i < parser->piece_count; i++) {
		parser->words[i] = parser->text + parser->pieces[i].offset;
		parser->lengths[i] = parser->pieces[i].length;
	}
	parser->count = parser->piece_count;
	return 1;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static int hex_value(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return -1;
}

/* Reads the byte that an escape in "..." stands for, at text[*from] just after the backslash. */
static char unescape(const char *text, size_t end, size_t *from)
{
	char byte = text[(*from)++];

	switch (byte) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'b':
		return '\b';
	case 'a':
		return '\a';
	case 'x':
		if (end - *from >= 2 && hex_value(text[*from]) >= 0 && hex_value(text[*from + 1]) >= 0) {
			byte = (char)(hex_value(text[*from]) * 16 + hex_value(text[*from + 1]));
			*from += 2;
		}
		return byte;
	default:
		return byte;
	}
}

/* Reads one quoted stretch that begins after the quote at *from - 1 and writes it at *to; false when it never ends. */
static bool read_quoted(char *text, size_t end, size_t *from, size_t *to, char quote)
{
	while (*from < end) {
		char byte = text[(*from)++];
		if (byte == quote)
			return true;
		if (byte == '\\' && *from < end) {
			if (quote == '"') {
				byte = unescape(text, end, from);
			} else if (text[*from] == '\'') {
				byte = '\'';
				(*from)++;
			}
		}
		text[(*to)++] = byte;
	}
	return false;
}

/* Splits the line in text into words, in place: a word is never longer than what it was written as, so writing never overtakes reading. */
static int split_line(struct resp_parser *parser, const struct resp_limits *limits)
{
	char *text = parser->text;
	size_t end = parser->text_length;
	size_t from = 0;
	size_t to = 0;

	while (end > 0 && (is_blank(text[end - 1]) || text[end - 1] == '\r'))
		end--;
	for (;;) {
		size_t start;
		while (from < end && is_blank(text[from]))
			from++;
		if (from == end)
			break;
		if (parser->piece_count == limits->words)
			return complain(parser, "more than %zu words in one request", limits->words);
		start = to;
		if (text[from] == '{') {
			memmove(text + to, text + from, end - from);
			to += end - from;
			from = end;
		}
		while (from < end && !is_blank(text[from])) {
			char byte = text[from++];
			if (byte != '"' && byte != '\'') {
				text[to++] = byte;
				continue;
			}
			if (!read_quoted(text, end, &from, &to, byte) || (from < end && !is_blank(text[from])))
				return complain(parser, "a quote is not closed, or something follows it without a blank");
		}
		if (piece_add(parser, start, to - start) < 0)
			return ERR_MEMORY;
		/* The blank (or the line end, for which text has room) behind the word has been read already. */
		if (from < end)
			from++;
		text[to++] = '\0';
	}
	return finish(parser);
}

static bool is_http(const struct resp_parser *parser)
{
	enum { VERSION = 3 }; /* "1.1" */
	size_t length = parser->text_length, end = sizeof http_end - 1;

	for (size_t i = 0; i < sizeof http_beginnings / sizeof *http_beginnings; i++) {
		size_t beginning = strlen(http_beginnings[i]);
		if (length >= beginning && strncasecmp(parser->text, http_beginnings[i], beginning) == 0)
			return true;
	}
	if (length > 0 && parser->text[length - 1] == '\r')
		length--;
	return length >= end + VERSION && memcmp(parser->text + length - VERSION - end, http_end, end) == 0;
}

static int end_inline(struct resp_parser *parser, const struct resp_limits *limits)
{
	if (parser->text_length == 0) {
		parser->state = RESP_START;
		parser->count = 0;
		return 1;
	}
	if (is_http(parser))
		return complain(parser, "this is not a web server");
	return split_line(parser, limits);
}

static int read_inline(struct resp_parser *parser, const struct resp_limits *limits, const char *bytes, size_t length, size_t *used)
{
	const char *newline = memchr(bytes, '\n', length);
	size_t taken = newline != NULL ? (size_t)(newline - bytes) : length;
	int result;

	if (taken > limits->bytes || parser->text_length > limits->bytes - taken)
		return complain(parser, "a line longer than %zu bytes", limits->bytes);
	result = text_append(parser, bytes, taken);
	if (result < 0)
		return result;
	*used += taken;
	if (newline == NULL)
		return 0;
	*used += 1;
	return end_inline(parser, limits);
}

/* Gathers a short line that ends with CR LF and holds one number. 1: *number is set. */
static int read_number(struct resp_parser *parser, const char *bytes, size_t length, size_t *used, long *number)
{
	char *end;

	for (size_t i = 0; i < length; i++) {
		if (bytes[i] != '\n') {
			if (parser->line_length == sizeof parser->line - 1)
				return complain(parser, "a length of more than %zu digits", sizeof parser->line - 2);
			parser->line[parser->line_length++] = bytes[i];
			continue;
		}
		*used += i + 1;
		if (parser->line_length < 2 || parser->line[parser->line_length - 1] != '\r')
			return complain(parser, "a length that is not a number followed by CR LF");
		parser->line[parser->line_length - 1] = '\0';
		parser->line_length = 0;
		if (parser->line[0] != '-' && (parser->line[0] < '0' || parser->line[0] > '9'))
			return complain(parser, "a length that is not a number followed by CR LF");
		*number = strtol(parser->line, &end, 10);
		if (*end != '\0')
			return complain(parser, "a length that is not a number followed by CR LF");
		return 1;
	}
	*used += length;
	return 0;
}

static int read_count(struct resp_parser *parser, const struct resp_limits *limits, const char *bytes, size_t length, size_t *used)
{
	long number = 0;
	int result = read_number(parser, bytes, length, used, &number);

	if (result <= 0)
		return result;
	if (number <= 0) {
		parser->state = RESP_START;
		return 1;
	}
	if ((unsigned long)number > limits->words)
		return complain(parser, "more than %zu words in one request", limits->words);
	parser->promised_words = (size_t)number;
	parser->state = RESP_MARK;
	return 0;
}

static int read_length(struct resp_parser *parser, const struct resp_limits *limits, const char *bytes, size_t length, size_t *used)
{
	long number = 0;
	int result = read_number(parser, bytes, length, used, &number);

	if (result <= 0)
		return result;
	if (number < 0)
		return complain(parser, "a word of negative length");
	if ((unsigned long)number > limits->bytes || parser->text_length > limits->bytes - (size_t)number)
		return complain(parser, "a request longer than %zu bytes", limits->bytes);
	if (piece_add(parser, parser->text_length, (size_t)number) < 0)
		return ERR_MEMORY;
	parser->promised_bytes = (size_t)number;
	parser->state = RESP_BULK;
	return 0;
}

static int read_bulk(struct resp_parser *parser, const char *bytes, size_t length, size_t *used)
{
	size_t taken = length < parser->promised_bytes ? length : parser->promised_bytes;
	int result = text_append(parser, bytes, taken);

	if (result < 0)
		return result;
	*used += taken;
	parser->promised_bytes -= taken;
	if (parser->promised_bytes == 0)
		parser->state = RESP_BULK_END;
	return 0;
}

static int read_bulk_end(struct resp_parser *parser, const char *bytes, size_t *used)
{
	static const char line_end[2] = {'\r', '\n'};

	if (bytes[0] != line_end[parser->line_length])
		return complain(parser, "a word that is not followed by CR LF");
	*used += 1;
	if (++parser->line_length < sizeof line_end)
		return 0;
	parser->line_length = 0;
	if (text_append(parser, "", 1) < 0)
		return ERR_MEMORY;
	if (--parser->promised_words == 0)
		return finish(parser);
	parser->state = RESP_MARK;
	return 0;
}

int resp_parse(struct resp_parser *parser, const struct resp_limits *limits, const char *bytes, size_t length, size_t *used)
{
	int result = 0;

	*used = 0;
	while (result == 0 && *used < length) {
		const char *rest = bytes + *used;
		size_t rest_length = length - *used;
		switch (parser->state) {
		case RESP_START:
			begin(parser);
			parser->state = *rest == '*' ? RESP_COUNT_LINE : RESP_INLINE;
			*used += *rest == '*' ? 1 : 0;
			break;
		case RESP_COUNT_LINE:
			result = read_count(parser, limits, rest, rest_length, used);
			break;
		case RESP_MARK:
			if (*rest != '$')
				return complain(parser, "a word has to begin with $");
			*used += 1;
			parser->state = RESP_LENGTH_LINE;
			break;
		case RESP_LENGTH_LINE:
			result = read_length(parser, limits, rest, rest_length, used);
			break;
		case RESP_BULK:
			/* A word of no bytes needs none read. */
			if (parser->promised_bytes == 0)
				parser->state = RESP_BULK_END;
			else
				result = read_bulk(parser, rest, rest_length, used);
			break;
		case RESP_BULK_END:
			result = read_bulk_end(parser, rest, used);
			break;
		case RESP_INLINE:
			result = read_inline(parser, limits, rest, rest_length, used);
			break;
		}
	}
	return result;
}
