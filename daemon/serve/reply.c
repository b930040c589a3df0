#include "followup/reply.h"

#include <string.h>

static void put_line(struct reply *reply, const char *mark, int64_t number)
{
	buffer_text(reply->out, mark);
	buffer_number(reply->out, number);
	buffer_append(reply->out, "\r\n", 2);
}

void reply_simple(struct reply *reply, const char *text)
{
	buffer_append(reply->out, "+", 1);
	buffer_text(reply->out, text);
	buffer_append(reply->out, "\r\n", 2);
}

void reply_error(struct reply *reply, const char *word, const char *text)
{
	buffer_append(reply->out, "-", 1);
	buffer_text(reply->out, word);
	if (text != NULL && text[0] != '\0')
		buffer_append(reply->out, " ", 1);
	while (text != NULL && *text != '\0') {
		size_t clean = 0;
		while ((unsigned char)text[clean] >= 0x20)
			clean++;
		buffer_append(reply->out, text, clean);
		text += clean;
		if (*text != '\0') {
			buffer_append(reply->out, " ", 1);
			text++;
		}
	}
	buffer_append(reply->out, "\r\n", 2);
}

void reply_integer(struct reply *reply, int64_t number)
{
	put_line(reply, ":", number);
}

void reply_bulk(struct reply *reply, const char *bytes, size_t length)
{
	put_line(reply, "$", (int64_t)length);
	buffer_append(reply->out, bytes, length);
	buffer_append(reply->out, "\r\n", 2);
}

void reply_text(struct reply *reply, const char *text)
{
	reply_bulk(reply, text, strlen(text));
}

void reply_null(struct reply *reply)
{
	buffer_text(reply->out, reply->protocol >= 3 ? "_\r\n" : "$-1\r\n");
}

void reply_null_array(struct reply *reply)
{
	buffer_text(reply->out, reply->protocol >= 3 ? "_\r\n" : "*-1\r\n");
}

void reply_array(struct reply *reply, size_t count)
{
	put_line(reply, "*", (int64_t)count);
}

void reply_map(struct reply *reply, size_t count)
{
	if (reply->protocol >= 3)
		put_line(reply, "%", (int64_t)count);
	else
		put_line(reply, "*", (int64_t)count * 2);
}

void reply_set(struct reply *reply, size_t count)
{
	put_line(reply, reply->protocol >= 3 ? "~" : "*", (int64_t)count);
}
