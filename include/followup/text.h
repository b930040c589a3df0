/* text.h - text as a terminal shows it. Nothing that came over a wire reaches a terminal but through here. */
#ifndef FOLLOWUP_TEXT_H
#define FOLLOWUP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "followup/buffer.h"

/* Appends bytes without anything that could steer a terminal or turn text round: control characters, the marks of writing direction and bytes that are
 * not UTF-8 become \xHH or \u{HHHH}. With lines, line feeds and tabs stay and carriage returns are left out. */
void text_clean(struct buffer *out, const char *bytes, size_t length, bool lines);
/* What it has made of a text, for people; where there was no memory for that, words that say so. */
const char *text_cleaned(const struct buffer *clean);

/* Whether every character of it is seen: none that is not UTF-8, steers, turns round or hides, by which one name could pass for another. */
bool text_is_seen(const char *bytes, size_t length);

/* The columns that clean UTF-8 takes on a terminal: two for each East Asian wide character, none for combining ones. */
size_t text_width(const char *bytes, size_t length);

/* Appends so many blanks. */
void text_pad(struct buffer *out, size_t blanks);

/* Appends text as a JSON string, quotes included. text must be UTF-8. */
void text_json(struct buffer *out, const char *text, size_t length);

#endif
