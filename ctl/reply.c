/* reply.c - hiredis' replies as JSON. */
#include "followup/ctl_reply.h"

#include <hiredis/hiredis.h>

#include "followup/text.h"

enum { REPLY_DEPTH = 16 };

bool ctl_is_document(const char *text, size_t length)
{
	return length >= 2 && ((text[0] == '{' && text[length - 1] == '}') || (text[0] == '[' && text[length - 1] == ']'));
}

static void append_scalar(const redisReply *reply, struct buffer *out)
{
	switch (reply->type) {
	case REDIS_REPLY_INTEGER:
		buffer_printf(out, "%lld", reply->integer);
		break;
	case REDIS_REPLY_STRING:
	case REDIS_REPLY_STATUS:
	case REDIS_REPLY_ERROR:
		if (reply->type == REDIS_REPLY_STRING && ctl_is_document(reply->str, (size_t)reply->len)) {
			buffer_append(out, reply->str, (size_t)reply->len);
		} else {
			struct buffer clean = {0};
			text_clean(&clean, reply->str, (size_t)reply->len, true);
			if (clean.failed)
				out->failed = true;
			text_json(out, clean.data != NULL ? clean.data : "", clean.length);
			buffer_free(&clean);
		}
		break;
	default:
		buffer_text(out, "null");
		break;
	}
}

void ctl_reply_json(const redisReply *reply, struct buffer *out)
{
	/* The lists that are open, innermost last. hiredis reads no deeper than nine. */
	struct {
		const redisReply *list;
		size_t next;
	} open[REPLY_DEPTH];
	size_t depth = 0;
	const redisReply *current = reply;

	for (;;) {
		if (current->type == REDIS_REPLY_ARRAY && depth < REPLY_DEPTH) {
			buffer_text(out, "[");
			open[depth].list = current;
			open[depth].next = 0;
			depth++;
		} else {
			append_scalar(current, out);
		}
		while (depth > 0 && open[depth - 1].next == open[depth - 1].list->elements) {
			buffer_text(out, "]");
			depth--;
		}
		if (depth == 0)
			return;
		if (open[depth - 1].next > 0)
			buffer_text(out, ",");
		current = open[depth - 1].list->element[open[depth - 1].next++];
	}
}
