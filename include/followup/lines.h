/* lines.h - a set of words kept as one text: one a line, in bytewise order, each once. Equal sets are equal texts. */
#ifndef FOLLOWUP_LINES_H
#define FOLLOWUP_LINES_H

#include <stddef.h>

enum { LINES_LINE_SIZE = 512 };

/* Adds kind followed by word, which holds no line end; an empty word adds nothing. What does not fit any more makes the whole text "!\n", and that it stays. */
void lines_add(char *lines, size_t size, const char *kind, const char *word);

#endif
