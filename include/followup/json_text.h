/* json_text.h - a text as a JSON string, for the few documents that the store does not make. */
#ifndef FOLLOWUP_JSON_TEXT_H
#define FOLLOWUP_JSON_TEXT_H

#include "followup/buffer.h"

/* Appends text in quotes, escaped. text: UTF-8; NULL gives null. */
void json_text_append(struct buffer *out, const char *text);

#endif
