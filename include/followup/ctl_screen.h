/* ctl_screen.h - followupctl: what standard output is, and what may be sent there. Colours go to a terminal only, and not where NO_COLOR is set (no-color.org) or TERM is
 * "dumb"; whatever they say stands there in words too. */
#ifndef FOLLOWUP_CTL_SCREEN_H
#define FOLLOWUP_CTL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "followup/buffer.h"

enum ctl_style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_RED, STYLE_YELLOW, STYLE_GREEN };

struct ctl_screen {
	size_t width, height; /* of the terminal; 0: no terminal, lines may be of any length */
	bool colors;
	bool blocks; /* its locale is UTF-8: bars are drawn with blocks */
};

struct ctl_screen ctl_screen_look(void);

/* Appends text in that style; as it is where there are no colours. */
void ctl_screen_text(const struct ctl_screen *screen, struct buffer *out, enum ctl_style style, const char *text);

/* Appends at most so many columns of clean text (text.h), whole characters, and blanks up to there with fill. */
void ctl_screen_fit(struct buffer *out, const char *text, size_t columns, bool fill);

#endif
