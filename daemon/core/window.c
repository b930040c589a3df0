/* window.c - from an occasion's day to its window, and the arithmetic of slots (window.h). */
#include "followup/window.h"

#include <stdio.h>
#include <string.h>

enum {
	OFFSET_COUNT_MAX = 10000,
	ROLLING_DAYS = 91, /* the length of a rolling cap window, the day itself included */
};

static const char *const unit_names[] = {
	[UNIT_DAY] = "d",
	[UNIT_WEEK] = "w",
	[UNIT_MONTH] = "m",
	[UNIT_WORK_DAY] = "wd",
	[UNIT_TRADING_DAY] = "td",
};

bool offset_parse(const char *text, struct offset *out)
{
	int sign = 1, count = 0;

	if (*text == '+' || *text == '-')
		sign = *text++ == '-' ? -1 : 1;
	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		count = count * 10 + (*text - '0');
		if (count > OFFSET_COUNT_MAX)
			return false;
	}
	if (*text == '\0' && count == 0) {
		*out = (struct offset){0, UNIT_DAY};
		return true;
	}
	for (size_t i = 0; i < sizeof(unit_names) / sizeof(unit_names[0]); i++) {
		if (strcmp(text, unit_names[i]) == 0) {
			*out = (struct offset){sign * count, (enum offset_unit)i};
			return true;
		}
	}
	return false;
}

char *offset_format(struct offset offset, char out[24])
{
	if (offset.count == 0)
		snprintf(out, 24, "0");
	else
		snprintf(out, 24, "%d%s", offset.count, unit_names[offset.unit]);
	return out;
}

day_t offset_apply(struct offset offset, day_t day, const struct calendar *calendar)
{
	if (day == NO_DAY)
		return NO_DAY;
	switch (offset.unit) {
	case UNIT_DAY:
		return day + offset.count;
	case UNIT_WEEK:
		return day + 7 * offset.count;
	case UNIT_MONTH:
		return date_add_months(day, offset.count);
	case UNIT_WORK_DAY:
		return calendar_add_work_days(calendar, day, offset.count);
	case UNIT_TRADING_DAY:
		return calendar_add_trading_days(calendar, day, offset.count);
	}
	return NO_DAY;
}

struct window window_compute(day_t occasion_day, struct offset opens, struct offset due, enum roll roll, const struct calendar *calendar)
{
	struct window window = {offset_apply(opens, occasion_day, calendar), offset_apply(due, occasion_day, calendar)};

	if (window.opens_on == NO_DAY || window.due_on == NO_DAY)
		return (struct window){NO_DAY, NO_DAY};

	if (roll == ROLL_FORWARD) {
		if (calendar_add_work_days(calendar, window.opens_on - 1, 1) > window.due_on)
			window.due_on = calendar_add_work_days(calendar, window.due_on, 1);
	} else if (roll == ROLL_BACKWARD && !calendar_is_work_day(calendar, window.due_on)) {
		day_t moved = calendar_add_work_days(calendar, window.due_on, -1);

		if (moved == NO_DAY)
			return (struct window){NO_DAY, NO_DAY};
		window.opens_on -= window.due_on - moved;
		window.due_on = moved;
	}
	return window;
}

day_t cap_window_start(enum cap_window kind, day_t day)
{
	if (day == NO_DAY)
		return NO_DAY;
	return kind == CAP_ROLLING ? day - (ROLLING_DAYS - 1) : date_quarter_start(day);
}

day_t cap_window_end(enum cap_window kind, day_t day)
{
	if (day == NO_DAY)
		return NO_DAY;
	return kind == CAP_ROLLING ? day + (ROLLING_DAYS - 1) : date_quarter_end(day);
}

day_t cap_foresight_end(enum cap_window kind, day_t day)
{
	if (day == NO_DAY)
		return NO_DAY;
	return kind == CAP_ROLLING ? day + ROLLING_DAYS : date_quarter_end(day);
}
