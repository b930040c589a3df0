#include "followup/json_text.h"

#include <string.h>

void json_text_append(struct buffer *out, const char *text)
{
	if (text == NULL) {
		buffer_text(out, "null");
		return;
	}
	buffer_append(out, "\"", 1);
	while (*text != '\0') {
		size_t plain = 0;
		while ((unsigned char)text[plain] >= 0x20 && text[plain] != '"' && text[plain] != '\\')
			plain++;
		buffer_append(out, text, plain);
		text += plain;
		if (*text == '\0')
			break;
		if (*text == '"' || *text == '\\')
			buffer_printf(out, "\\%c", *text);
		else
			buffer_printf(out, "\\u%04x", (unsigned)(unsigned char)*text);
		text++;
	}
	buffer_append(out, "\"", 1);
}
