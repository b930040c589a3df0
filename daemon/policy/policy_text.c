/* policy_text.c - reads a configuration file and blanks its comments.
 *
 * libconfuse 3.3 counts a line too many for every comment (two for those that begin with #), takes a comment inside a list for a mistake, and reads an unclosed
 * quotation on to the next quotation mark, far below. So it never sees a comment, and never a quotation that goes beyond its line. */
#include "followup/policy_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_SIZE_MAX = 4 << 20 };

/* The whole file and a newline, or NULL after a complaint. */
static char *file_read(const char *file, struct complaints *complaints, size_t *length)
{
	char *bytes = NULL;
	size_t size = 0, capacity = 16384;
	FILE *stream = fopen(file, "re");
	if (stream == NULL) {
		complaints_error(complaints, file, 0, "cannot be read: %s", strerror(errno));
		return NULL;
	}
	for (;;) {
		char *grown = realloc(bytes, capacity + 2);
		if (grown == NULL) {
			complaints->out_of_memory = true;
			goto failed;
		}
		bytes = grown;
		size += fread(bytes + size, 1, capacity - size, stream);
		if (size < capacity)
			break;
		capacity *= 2;
		if (capacity > FILE_SIZE_MAX) {
			complaints_error(complaints, file, 0, "is too big for a configuration file");
			goto failed;
		}
	}
	if (ferror(stream)) {
		complaints_error(complaints, file, 0, "cannot be read: %s", strerror(errno));
		goto failed;
	}
	fclose(stream);
	memcpy(bytes + size, "\n", 2);
	*length = size + 1;
	return bytes;
failed:
	free(bytes);
	fclose(stream);
	return NULL;
}

enum state { STATE_PLAIN, STATE_QUOTED, STATE_LINE_COMMENT, STATE_BLOCK_COMMENT };

/* Goes through the text once: blanks comments, and stops at a quotation or a comment that is not closed. */
static void text_blank_comments(struct policy_text *text)
{
	enum state state = STATE_PLAIN;
	char quote = '\0';
	int line = 1, begun = 0;
	char *line_start = text->bytes, *begun_start = text->bytes;
	for (char *at = text->bytes; *at != '\0'; at++) {
		if (*at == '\n' && state == STATE_QUOTED) {
			text->cut_line = line;
			text->cut_why = "a quotation is not closed on the line on which it begins";
			*line_start = '\0';
			return;
		}
		if (*at == '\n') {
			if (state == STATE_LINE_COMMENT)
				state = STATE_PLAIN;
			line++;
			line_start = at + 1;
		} else if (state == STATE_PLAIN) {
			if (*at == '"' || *at == '\'') {
				state = STATE_QUOTED;
				quote = *at;
			} else if (*at == '#' || (at[0] == '/' && at[1] == '/')) {
				state = STATE_LINE_COMMENT;
				*at = ' ';
			} else if (at[0] == '/' && at[1] == '*') {
				state = STATE_BLOCK_COMMENT;
				begun = line;
				begun_start = line_start;
				*at++ = ' ';
				*at = ' ';
			}
		} else if (state == STATE_QUOTED) {
			if (*at == '\\' && at[1] != '\n' && at[1] != '\0')
				at++;
			else if (*at == quote)
				state = STATE_PLAIN;
		} else {
			if (state == STATE_BLOCK_COMMENT && at[0] == '*' && at[1] == '/') {
				state = STATE_PLAIN;
				*at++ = ' ';
			}
			*at = ' ';
		}
	}
	if (state == STATE_BLOCK_COMMENT) {
		text->cut_line = begun;
		text->cut_why = "a comment that begins here is not closed";
		*begun_start = '\0';
	}
}

struct policy_text policy_text_read(const char *file, struct complaints *complaints)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	size_t length = 0;
	struct policy_text text = {.bytes = file_read(file, complaints, &length)};
	if (text.bytes == NULL)
		return text;
	const char *nul = memchr(text.bytes, '\0', length);
	if (nul != NULL) {
		int line = 1;
		for (const char *at = text.bytes; at < nul; at++)
			line += *at == '\n';
		complaints_error(complaints, file, line, "a NUL byte: this is not a text file");
		free(text.bytes);
		text.bytes = NULL;
		return text;
	}
	if (strncmp(text.bytes, byte_order_mark, 3) == 0)
		memset(text.bytes, ' ', 3);
	text_blank_comments(&text);
	return text;
}
