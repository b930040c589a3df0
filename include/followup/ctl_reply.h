/* ctl_reply.h - answers of the daemon as JSON, for followupctl and the console. */
#ifndef FOLLOWUP_CTL_REPLY_H
#define FOLLOWUP_CTL_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "followup/buffer.h"

struct redisReply; /* hiredis */

/* Appends the answer as one JSON document: text that is a JSON document itself as it is, other text as a string, lists as arrays. */
void ctl_reply_json(const struct redisReply *reply, struct buffer *out);

/* Whether the text is to be taken for a JSON document (it begins like one). */
bool ctl_is_document(const char *text, size_t length);

#endif
