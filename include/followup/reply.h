/* reply.h - the writer of replies, in the Redis protocol's version 2 or 3. */
#ifndef FOLLOWUP_REPLY_H
#define FOLLOWUP_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "followup/buffer.h"

struct reply {
	struct buffer *out; /* borrowed; a failed allocation is remembered there */
	int protocol;       /* 2 or 3 */
};

void reply_simple(struct reply *reply, const char *text); /* +OK */
/* -WORD text. Line ends and other control bytes in text become blanks. text may be NULL. */
void reply_error(struct reply *reply, const char *word, const char *text);
void reply_integer(struct reply *reply, int64_t number);
void reply_bulk(struct reply *reply, const char *bytes, size_t length);
void reply_text(struct reply *reply, const char *text); /* a bulk string */
void reply_null(struct reply *reply);
void reply_null_array(struct reply *reply);

/* The head of a list of count members, or of a map of count pairs (a flat list of twice as many in version 2); the members follow. */
void reply_array(struct reply *reply, size_t count);
void reply_map(struct reply *reply, size_t count);
void reply_set(struct reply *reply, size_t count);

#endif
