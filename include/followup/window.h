/* window.h - from an occasion's day to its window, and the arithmetic of slots (POLICY 3, 5). Pure. */
#ifndef FOLLOWUP_WINDOW_H
#define FOLLOWUP_WINDOW_H

#include "followup/calendar.h"
#include "followup/date.h"

enum offset_unit { UNIT_DAY, UNIT_WEEK, UNIT_MONTH, UNIT_WORK_DAY, UNIT_TRADING_DAY };

struct offset {
	int count; /* may be negative */
	enum offset_unit unit;
};

enum roll { ROLL_NONE, ROLL_FORWARD, ROLL_BACKWARD };

struct window {
	day_t opens_on;
	day_t due_on;
};

/* "-3d", "0", "+2wd", "6m", "1w", "2td": a sign is optional, a unit is needed unless the count is 0. False otherwise, and beyond +-10000. */
bool offset_parse(const char *text, struct offset *out);

/* The inverse, canonical: "0", "7d", "-3d". out holds 24 bytes. */
char *offset_format(struct offset offset, char out[24]);

day_t offset_apply(struct offset offset, day_t day, const struct calendar *calendar);

/* POLICY 3: opens_on and due_on are the occasion's day plus the two offsets, then roll:
 * forward: when no work day lies inside [opens_on, due_on], due_on becomes the first work day after it;
 * backward: when due_on is not a work day it becomes the last one before it, and opens_on moves back by as many calendar days. */
struct window window_compute(day_t occasion_day, struct offset opens, struct offset due, enum roll roll, const struct calendar *calendar);

/* POLICY 5. The days whose contacts use the cap on day: the calendar quarter, or the last 91 days. */
enum cap_window { CAP_QUARTER, CAP_ROLLING };
day_t cap_window_start(enum cap_window kind, day_t day);
/* The last day of the window: contacts can stand there after day, when day is of a contact told late or of a clock that stepped back. */
day_t cap_window_end(enum cap_window kind, day_t day);
/* The last day on which foresight looks: the quarter's end, or day + 91. */
day_t cap_foresight_end(enum cap_window kind, day_t day);

#endif
