/* buffer.h - text that grows. A failed allocation is remembered, so that a caller checks once, at the end. */
#ifndef FOLLOWUP_BUFFER_H
#define FOLLOWUP_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buffer {
	char *data; /* NUL-terminated when length > 0 or after any append; NULL at first */
	size_t length;
	size_t capacity;
	bool failed; /* some append found no memory; the content is then worthless */
};

void buffer_free(struct buffer *buffer);  /* frees the bytes, not the struct; leaves it empty and usable */
void buffer_clear(struct buffer *buffer); /* keeps the memory */
void buffer_append(struct buffer *buffer, const char *bytes, size_t length);
/* Here, so that the length of a literal is known when it is compiled. */
static inline void buffer_text(struct buffer *buffer, const char *text)
{
	buffer_append(buffer, text, strlen(text));
}
void buffer_number(struct buffer *buffer, int64_t number); /* in decimal */
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
