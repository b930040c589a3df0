/* hours.c - calling hours (POLICY 6): their spelling, and which of them apply on a day. */
#include <string.h>

#include "followup/policy.h"

enum { WEEK = 7, THURSDAY = 3, DAY_MINUTES = 1440 };

/* A place in the text being read. */
struct cursor {
	const char *at;
};

static void cursor_skip_spaces(struct cursor *cursor)
{
	while (*cursor->at == ' ' || *cursor->at == '\t')
		cursor->at++;
}

/* Takes one character, and the spaces around it. */
static bool cursor_take(struct cursor *cursor, char wanted)
{
	cursor_skip_spaces(cursor);
	if (*cursor->at != wanted)
		return false;
	cursor->at++;
	cursor_skip_spaces(cursor);
	return true;
}

/* Takes a weekday's name; 0 Monday .. 6 Sunday, -1 when there is none. */
static int cursor_weekday(struct cursor *cursor)
{
	static const char names[WEEK][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	for (int i = 0; i < WEEK; i++) {
		if (strncmp(cursor->at, names[i], 3) == 0) {
			cursor->at += 3;
			return i;
		}
	}
	return -1;
}

static bool is_digit(char character)
{
	return character >= '0' && character <= '9';
}

/* Takes "9:30" or "09:30", up to 24:00; minutes, or -1. */
static int cursor_clock(struct cursor *cursor)
{
	const char *at = cursor->at;
	int hour = 0, digits = 0;
	for (; digits < 2 && is_digit(*at); digits++)
		hour = hour * 10 + (*at++ - '0');
	if (digits == 0 || at[0] != ':' || !is_digit(at[1]) || !is_digit(at[2]) || is_digit(at[3]))
		return -1;
	int minute = (at[1] - '0') * 10 + (at[2] - '0');
	if (minute > 59 || hour * 60 + minute > DAY_MINUTES)
		return -1;
	cursor->at = at + 3;
	return hour * 60 + minute;
}

/* Takes "09:30-11:00, 15:00-17:00": ascending, not overlapping. */
static bool cursor_spans(struct cursor *cursor, struct hours_day *out)
{
	struct hours_day day = {.count = 0};
	do {
		int from = cursor_clock(cursor);
		if (from < 0 || !cursor_take(cursor, '-'))
			return false;
		int to = cursor_clock(cursor);
		if (to <= from || day.count == HOURS_SPANS_MAX || (day.count > 0 && from < day.spans[day.count - 1].to))
			return false;
		day.spans[day.count++] = (struct hours_span){.from = (int16_t)from, .to = (int16_t)to};
	} while (cursor_take(cursor, ','));
	*out = day;
	return true;
}

bool hours_parse(const char *text, struct hours *out)
{
	struct hours hours = {.work_days_only = false};
	bool seen[WEEK] = {false};
	struct cursor cursor = {text};
	cursor_skip_spaces(&cursor);
	do {
		if (*cursor.at == '\0')
			break; /* a semicolon may end the text */
		int first = cursor_weekday(&cursor);
		int last = first;
		if (cursor_take(&cursor, '-'))
			last = cursor_weekday(&cursor);
		cursor_skip_spaces(&cursor);
		struct hours_day day;
		if (first < 0 || last < first || !cursor_spans(&cursor, &day))
			return false;
		for (int i = first; i <= last; i++) {
			if (seen[i])
				return false;
			seen[i] = true;
			hours.days[i] = day;
		}
	} while (cursor_take(&cursor, ';'));
	if (*cursor.at != '\0')
		return false;
	for (int i = 0; i < WEEK; i++) {
		if (seen[i]) {
			*out = hours;
			return true;
		}
	}
	return false;
}

const struct hours_day *hours_on(const struct hours *hours, day_t day, const struct calendar *calendar)
{
	int weekday = date_weekday(day) - 1;
	/* Hours that do not ask for work days (a client's own) go by the weekday as it is. */
	if (hours->work_days_only) {
		if (!calendar_is_work_day(calendar, day))
			return NULL;
		if (calendar_is_make_up(calendar, day))
			weekday = THURSDAY;
	}
	const struct hours_day *found = &hours->days[weekday];
	return found->count == 0 ? NULL : found;
}
