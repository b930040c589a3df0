/* zone.c - the business time zone (zone.h). */
#include "followup/zone.h"

#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DAY_SECONDS = 86400 };

/* The first and last second, local or not, of the days that date.h knows: keeps every sum below far from overflow. */
#define SECONDS_MIN (INT64_C(-135140) * DAY_SECONDS)
#define SECONDS_MAX (INT64_C(2932897) * DAY_SECONDS - 1)

/* The zone belongs to the process (TZ), so its count of changes does too. */
static atomic_uint zone_generation = 1;

/* A stretch of one local day with one offset; readings inside it cost a subtraction. Each thread has its own. */
struct stretch {
	unsigned generation;
	int64_t from, until; /* unix seconds, until excluded */
	int64_t midnight;    /* unix second of local 00:00 by this stretch's offset */
	day_t day;
};
static _Thread_local struct stretch stretch_now;

/* Whether dir holds a compiled zone of that name; the system falls back to UTC in silence when it does not. */
static bool is_zone_file(const char *dir, const char *name)
{
	char path[PATH_MAX], magic[4];
	int length = snprintf(path, sizeof(path), "%s/%s", dir, name);

	if (length < 0 || (size_t)length >= sizeof(path))
		return false;

	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file < 0)
		return false;
	bool good = read(file, magic, sizeof(magic)) == (ssize_t)sizeof(magic) && memcmp(magic, "TZif", sizeof(magic)) == 0;
	close(file);
	return good;
}

int zone_set(const char *name)
{
	const char *dir = getenv("TZDIR");

	/* A colon or a slash in front, or a step upwards, would reach files outside the folder of zones. */
	if (name == NULL || name[0] == '\0' || name[0] == '/' || name[0] == ':' || strstr(name, "..") != NULL)
		return ERR_INVALID;
	if (dir == NULL || dir[0] == '\0')
		dir = "/usr/share/zoneinfo";
	if (!is_zone_file(dir, name))
		return ERR_INVALID;
	if (setenv("TZ", name, 1) < 0)
		return ERR_MEMORY;
	tzset();
	atomic_fetch_add(&zone_generation, 1);
	return 0;
}

/* Seconds that local time is ahead of UTC at that moment. */
static int64_t offset_at(int64_t unix_seconds)
{
	time_t time = (time_t)unix_seconds;
	struct tm local;

	return localtime_r(&time, &local) == NULL ? 0 : local.tm_gmtoff;
}

static int64_t floor_day(int64_t seconds)
{
	int64_t day = seconds / DAY_SECONDS;

	return seconds % DAY_SECONDS < 0 ? day - 1 : day;
}

/* The first moment after from, up to until, whose offset is not from's. The offsets of the two ends differ, and no zone changes twice within days. */
static int64_t find_change(int64_t from, int64_t until)
{
	int64_t offset = offset_at(from);

	while (until - from > 1) {
		int64_t middle = from + (until - from) / 2;

		if (offset_at(middle) == offset)
			from = middle;
		else
			until = middle;
	}
	return until;
}

static void find_stretch(int64_t unix_seconds, struct stretch *out)
{
	int64_t offset = offset_at(unix_seconds);
	int64_t day = floor_day(unix_seconds + offset);
	int64_t midnight = day * DAY_SECONDS - offset;

	out->midnight = midnight;
	out->day = (day_t)day;
	out->from = midnight;
	out->until = midnight + DAY_SECONDS;
	/* On the day of a change of clocks the stretch ends, or begins, at the change. */
	if (offset_at(midnight) != offset)
		out->from = find_change(midnight, unix_seconds);
	if (offset_at(out->until - 1) != offset)
		out->until = find_change(unix_seconds, out->until - 1);
}

struct moment zone_moment(int64_t unix_seconds)
{
	struct stretch *stretch = &stretch_now;
	unsigned generation = atomic_load_explicit(&zone_generation, memory_order_relaxed);
	int64_t seconds = unix_seconds < SECONDS_MIN + DAY_SECONDS ? SECONDS_MIN + DAY_SECONDS : unix_seconds;

	if (seconds > SECONDS_MAX - DAY_SECONDS)
		seconds = SECONDS_MAX - DAY_SECONDS;
	if (stretch->generation != generation || seconds < stretch->from || seconds >= stretch->until) {
		find_stretch(seconds, stretch);
		stretch->generation = generation;
	}
	return (struct moment){
		.unix_seconds = unix_seconds,
		.day = stretch->day,
		.second = (int32_t)(seconds - stretch->midnight),
	};
}

int64_t zone_unix(day_t day, int32_t second)
{
	int64_t local = (int64_t)day * DAY_SECONDS + second;

	if (local < SECONDS_MIN || local > SECONDS_MAX)
		return local < 0 ? INT64_MIN : INT64_MAX;

	/* Two days to either side hold every change that can matter, even the one by which Samoa skipped a whole day. */
	int64_t about = local - offset_at(local);
	int64_t before = about - 2 * DAY_SECONDS, after = about + 2 * DAY_SECONDS;
	int64_t early_offset = offset_at(before), late_offset = offset_at(after);
	if (early_offset == late_offset)
		return local - early_offset;

	int64_t change = find_change(before, after);
	if (local - early_offset < change)
		return local - early_offset; /* before the change; of a repeated hour the first */
	if (local - late_offset >= change)
		return local - late_offset;
	return change; /* the clocks skipped it */
}

/* A cursor over the text that is parsed. */
struct cursor {
	const char *at, *end;
};

static bool take_char(struct cursor *cursor, char wanted)
{
	if (cursor->at == cursor->end || *cursor->at != wanted)
		return false;
	cursor->at++;
	return true;
}

/* Two digits, at most limit. */
static bool take_two(struct cursor *cursor, int limit, int *out)
{
	const char *at = cursor->at;

	if (cursor->end - at < 2 || at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
		return false;
	*out = (at[0] - '0') * 10 + (at[1] - '0');
	cursor->at += 2;
	return *out <= limit;
}

/* "HH:MM[:SS[.fff]]": seconds since midnight. A fraction is cut off. */
static bool take_clock(struct cursor *cursor, int32_t *second)
{
	int hours, minutes, seconds = 0;

	if (!take_two(cursor, 23, &hours) || !take_char(cursor, ':') || !take_two(cursor, 59, &minutes))
		return false;
	if (take_char(cursor, ':')) {
		if (!take_two(cursor, 59, &seconds))
			return false;
		if (take_char(cursor, '.')) {
			const char *first = cursor->at;

			while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9')
				cursor->at++;
			if (cursor->at == first)
				return false;
		}
	}
	*second = hours * 3600 + minutes * 60 + seconds;
	return true;
}

/* "Z", "+HH:MM", "+HHMM" or "+HH": seconds ahead of UTC. */
static bool take_offset(struct cursor *cursor, int32_t *ahead)
{
	int hours, minutes = 0, sign = 1;

	if (take_char(cursor, 'Z')) {
		*ahead = 0;
		return true;
	}
	if (take_char(cursor, '-'))
		sign = -1;
	else if (!take_char(cursor, '+'))
		return false;
	if (!take_two(cursor, 23, &hours))
		return false;
	if (cursor->at < cursor->end) {
		(void)take_char(cursor, ':');
		if (!take_two(cursor, 59, &minutes))
			return false;
	}
	*ahead = sign * (hours * 3600 + minutes * 60);
	return true;
}

int zone_parse_time(const char *text, size_t length, int64_t *local_seconds)
{
	struct cursor cursor = {text, text + length};
	int32_t second = 0, ahead = 0;
	bool has_zone = false;

	if (length < 10)
		return ERR_SYNTAX;
	day_t day = date_parse(text, 10);
	if (day == NO_DAY)
		return ERR_SYNTAX;
	cursor.at += 10;
	if (cursor.at < cursor.end) {
		if (!take_char(&cursor, 'T') && !take_char(&cursor, ' '))
			return ERR_SYNTAX;
		if (!take_clock(&cursor, &second))
			return ERR_SYNTAX;
		has_zone = cursor.at < cursor.end;
		if (has_zone && !take_offset(&cursor, &ahead))
			return ERR_SYNTAX;
	}
	if (cursor.at != cursor.end)
		return ERR_SYNTAX;

	int64_t seconds = (int64_t)day * DAY_SECONDS + second;
	if (has_zone) {
		struct moment moment = zone_moment(seconds - ahead);

		seconds = (int64_t)moment.day * DAY_SECONDS + moment.second;
	}
	*local_seconds = seconds;
	return 0;
}

int64_t zone_unix_of_local(int64_t local_seconds)
{
	return zone_unix(date_of_seconds(local_seconds), date_second_of_day(local_seconds));
}
