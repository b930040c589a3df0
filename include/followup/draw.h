/* draw.h - draws that nobody can bend and anyone can work out again: a key of a text that names the seed and what is drawn. */
#ifndef FOLLOWUP_DRAW_H
#define FOLLOWUP_DRAW_H

#include <stdbool.h>
#include <stdint.h>

/* The first 15 hexadecimal digits of the text's SHA-256, as a number. */
enum { DRAW_KEY_BITS = 60 };
int64_t draw_key(const char *text);

/* followupd.conf(5), review: whether the key of "seed/number" is among the share (percent, 0 .. 100). */
bool draw_takes(int seed, int64_t number, int share_percent);

#endif
