/* lines.c - a set of words kept as one text (lines.h). */
#include "followup/lines.h"

#include <stdio.h>
#include <string.h>

void lines_add(char *lines, size_t size, const char *kind, const char *word)
{
	char line[LINES_LINE_SIZE];

	if (word[0] == '\0' || lines[0] == '!')
		return;
	int written = snprintf(line, sizeof(line), "%s%s\n", kind, word);
	size_t length = strlen(line), used = strlen(lines);
	if (written < 0 || (size_t)written != length || used + length >= size) {
		memcpy(lines, "!\n", 3);
		return;
	}
	char *place = lines;
	while (*place != '\0') {
		char *end = strchr(place, '\n');
		size_t here = (size_t)(end - place) + 1;
		int order = memcmp(place, line, here < length ? here : length);
		if (order == 0 && here == length)
			return;
		if (order > 0)
			break;
		place = end + 1;
	}
	memmove(place + length, place, used - (size_t)(place - lines) + 1);
	memcpy(place, line, length);
}
