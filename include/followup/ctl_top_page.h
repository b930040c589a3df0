/* ctl_top_page.h - followupctl top: what stands on its screen. */
#ifndef FOLLOWUP_CTL_TOP_PAGE_H
#define FOLLOWUP_CTL_TOP_PAGE_H

#include "followup/buffer.h"
#include "followup/ctl_rows.h"
#include "followup/ctl_screen.h"

enum { TOP_EVENTS = 3, TOP_EVENT_SIZE = 256 };

struct top_state {
	struct ctl_rows queues; /* QUEUES */
	struct ctl_rows agents; /* AGENT.LIST */
	char time[32];          /* the desk's, like 2025-03-04T10:00:00 */
	char zone[64];
	char storage[32];   /* "healthy" */
	char unserved[256]; /* queues that nobody serves, with commas */
	long tasks_open;
	char events[TOP_EVENTS][TOP_EVENT_SIZE]; /* the last ones, newest first; clean text */
	char trouble[160];                       /* why these figures are no fresh ones; "": they are */
};

/* Appends the page. On a screen every line keeps to its width, there are no more lines than it is high, and the last has no line end; what has no room is counted. Elsewhere
 * everything stands there. */
void ctl_top_page(const struct top_state *state, const struct ctl_screen *screen, struct buffer *out);

/* A value of INFO's lines; "" where there is none. */
void ctl_top_info(const char *info, const char *key, char *out, size_t size);

#endif
