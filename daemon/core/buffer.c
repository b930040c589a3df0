/* buffer.c - text that grows (buffer.h). */
#include "followup/buffer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_free(struct buffer *buffer)
{
	if (buffer == NULL)
		return;
	free(buffer->data);
	*buffer = (struct buffer){0};
}

void buffer_clear(struct buffer *buffer)
{
	buffer->length = 0;
	buffer->failed = false;
	if (buffer->data != NULL)
		buffer->data[0] = '\0';
}

static bool grow(struct buffer *buffer, size_t more)
{
	if (buffer->failed)
		return false;
	/* Doubling keeps the cost of many small appends linear. */
	size_t capacity = buffer->capacity < 64 ? 64 : buffer->capacity;
	while (capacity - buffer->length <= more) {
		if (capacity > SIZE_MAX / 2) {
			buffer->failed = true;
			return false;
		}
		capacity *= 2;
	}

	char *data = realloc(buffer->data, capacity);
	if (data == NULL) {
		buffer->failed = true;
		return false;
	}
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

/* Room for more bytes and the NUL after them; nearly always there is. */
static inline bool reserve(struct buffer *buffer, size_t more)
{
	return (more < buffer->capacity - buffer->length && !buffer->failed) || grow(buffer, more);
}

void buffer_append(struct buffer *buffer, const char *bytes, size_t length)
{
	if (!reserve(buffer, length))
		return;
	if (length > 0)
		memcpy(buffer->data + buffer->length, bytes, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

void buffer_number(struct buffer *buffer, int64_t number)
{
	char text[24], *at = text + sizeof(text);
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (number < 0)
		*--at = '-';
	buffer_append(buffer, at, (size_t)(text + sizeof(text) - at));
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;

	/* A guess at the length saves formatting twice nearly always. */
	if (!reserve(buffer, 128))
		return;

	size_t room = buffer->capacity - buffer->length;
	va_start(arguments, format);
	int length = vsnprintf(buffer->data + buffer->length, room, format, arguments);
	va_end(arguments);

	if (length >= 0 && (size_t)length >= room) {
		buffer->data[buffer->length] = '\0'; /* the half that fitted goes, should there be no memory for the whole */
		if (!reserve(buffer, (size_t)length))
			return;
		va_start(arguments, format);
		length = vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
		va_end(arguments);
	}
	if (length < 0) {
		buffer->data[buffer->length] = '\0';
		buffer->failed = true;
		return;
	}
	buffer->length += (size_t)length;
}
