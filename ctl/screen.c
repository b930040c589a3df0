/* screen.c - the terminal's size and colours. */
#include "followup/ctl_screen.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "followup/text.h"

enum { WIDTH_LEAST = 20 };

static bool wants_colors(void)
{
	const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return (none == NULL || none[0] == '\0') && terminal != NULL && terminal[0] != '\0' && strcmp(terminal, "dumb") != 0;
}

struct ctl_screen ctl_screen_look(void)
{
	struct ctl_screen screen = {.blocks = strcmp(nl_langinfo(CODESET), "UTF-8") == 0};
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return screen;
	screen.colors = wants_colors();
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_LEAST && size.ws_row > 0) {
		screen.width = size.ws_col;
		screen.height = size.ws_row;
	} else { /* one that does not know its size */
		screen.width = 80;
		screen.height = 24;
	}
	return screen;
}

void ctl_screen_text(const struct ctl_screen *screen, struct buffer *out, enum ctl_style style, const char *text)
{
	static const char *const codes[] = {
		[STYLE_BOLD] = "1", [STYLE_DIM] = "2", [STYLE_RED] = "1;31", [STYLE_YELLOW] = "33", [STYLE_GREEN] = "32"};
	bool styled = screen->colors && style != STYLE_PLAIN && text[0] != '\0';

	if (styled)
		buffer_printf(out, "\033[%sm", codes[style]);
	buffer_text(out, text);
	if (styled)
		buffer_text(out, "\033[0m");
}

void ctl_screen_fit(struct buffer *out, const char *text, size_t columns, bool fill)
{
	size_t length = strlen(text), taken = 0, used = 0;

	while (taken < length) {
		size_t size = 1;
		while (taken + size < length && ((unsigned char)text[taken + size] & 0xC0) == 0x80)
			size++;
		size_t width = text_width(text + taken, size);
		if (used + width > columns)
			break;
		used += width;
		taken += size;
	}
	buffer_append(out, text, taken);
	if (fill)
		text_pad(out, columns - used);
}
