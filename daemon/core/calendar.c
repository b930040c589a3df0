/* calendar.c - work days and trading days (calendar.h).
 *
 * One byte a day from the first listed year to the last, because the engine asks for millions of days: a look-up is an index. */
#include "followup/calendar.h"

#include <stdlib.h>
#include <string.h>

enum {
	YEAR_FIRST = 1600,
	YEAR_LAST = 9999,
	YEAR_COUNT = YEAR_LAST - YEAR_FIRST + 1,
	YEAR_LISTED = 1,
	YEAR_TRADING = 2,
};

struct calendar {
	unsigned char *kinds; /* enum day_kind bits of the days from first on */
	day_t first;
	int32_t count;
	unsigned char years[YEAR_COUNT]; /* YEAR_LISTED, YEAR_TRADING */
};

struct calendar *calendar_new(void)
{
	return calloc(1, sizeof(struct calendar));
}

void calendar_free(struct calendar *calendar)
{
	if (calendar == NULL)
		return;
	free(calendar->kinds);
	free(calendar);
}

static unsigned kind_of(const struct calendar *calendar, day_t day)
{
	if (day < calendar->first || day - calendar->first >= calendar->count)
		return DAY_ORDINARY;
	return calendar->kinds[day - calendar->first];
}

/* Makes room for a whole year. */
static int cover_year(struct calendar *calendar, int year)
{
	day_t first = date_to_day(year, 1, 1);
	day_t end = date_to_day(year, 12, 31) + 1;
	day_t old_end = calendar->first + calendar->count;

	if (calendar->count > 0) {
		if (first >= calendar->first && end <= old_end)
			return 0;
		if (calendar->first < first)
			first = calendar->first;
		if (old_end > end)
			end = old_end;
	}

	unsigned char *kinds = calloc((size_t)(end - first), 1);
	if (kinds == NULL)
		return ERR_MEMORY;
	if (calendar->count > 0)
		memcpy(kinds + (calendar->first - first), calendar->kinds, (size_t)calendar->count);
	free(calendar->kinds);
	calendar->kinds = kinds;
	calendar->first = first;
	calendar->count = end - first;
	return 0;
}

int calendar_list_day(struct calendar *calendar, day_t day, enum day_kind kind)
{
	struct date date = date_of_day(day);
	unsigned bits = (unsigned)kind;
	unsigned either = DAY_OFF | DAY_MAKE_UP;

	if (date.year == 0 || (bits & ~(either | DAY_EXCHANGE_CLOSED)) != 0 || (bits & either) == either)
		return ERR_INVALID;

	int result = cover_year(calendar, date.year);
	if (result < 0)
		return result;

	unsigned char *slot = &calendar->kinds[day - calendar->first];
	/* An exchange closure is said apart from the notice, so it neither removes what the notice says nor is removed by it. */
	if (bits == DAY_EXCHANGE_CLOSED)
		*slot = (unsigned char)(*slot | bits);
	else
		*slot = (unsigned char)((*slot & DAY_EXCHANGE_CLOSED) | bits);
	return 0;
}

int calendar_list_year(struct calendar *calendar, int year, bool trading_too)
{
	if (year < YEAR_FIRST || year > YEAR_LAST)
		return ERR_INVALID;

	unsigned char *flags = &calendar->years[year - YEAR_FIRST];
	*flags = (unsigned char)(*flags | YEAR_LISTED | (trading_too ? YEAR_TRADING : 0));
	return 0;
}

bool calendar_has_year(const struct calendar *calendar, int year)
{
	return year >= YEAR_FIRST && year <= YEAR_LAST && (calendar->years[year - YEAR_FIRST] & YEAR_LISTED) != 0;
}

/* The last day of the unbroken run of years with that flag which begins at the first such year. */
static day_t reach(const struct calendar *calendar, unsigned flag)
{
	int year = 0;

	while (year < YEAR_COUNT && (calendar->years[year] & flag) == 0)
		year++;
	if (year == YEAR_COUNT)
		return NO_DAY;
	while (year + 1 < YEAR_COUNT && (calendar->years[year + 1] & flag) != 0)
		year++;
	return date_to_day(YEAR_FIRST + year, 12, 31);
}

day_t calendar_reach(const struct calendar *calendar)
{
	return reach(calendar, YEAR_LISTED);
}

day_t calendar_trading_reach(const struct calendar *calendar)
{
	return reach(calendar, YEAR_TRADING);
}

static bool is_weekend(day_t day)
{
	return date_weekday(day) >= 6;
}

bool calendar_is_work_day(const struct calendar *calendar, day_t day)
{
	unsigned kind = kind_of(calendar, day);

	if ((kind & DAY_OFF) != 0)
		return false;
	return (kind & DAY_MAKE_UP) != 0 || !is_weekend(day);
}

bool calendar_is_trading_day(const struct calendar *calendar, day_t day)
{
	return (kind_of(calendar, day) & (DAY_OFF | DAY_EXCHANGE_CLOSED)) == 0 && !is_weekend(day);
}

bool calendar_is_make_up(const struct calendar *calendar, day_t day)
{
	/* A notice can also take an earlier day off back by listing a weekday as worked: that is an ordinary day, not a make-up weekend. */
	return (kind_of(calendar, day) & DAY_MAKE_UP) != 0 && is_weekend(day);
}

typedef bool day_test(const struct calendar *calendar, day_t day);

static day_t add_days(const struct calendar *calendar, day_t day, int count, day_test *test)
{
	int step = count < 0 ? -1 : 1;
	/* Beyond the calendar that date.h knows there is nothing to count, which also bounds the walk. */
	const day_t lowest = date_to_day(YEAR_FIRST, 1, 1), highest = date_to_day(YEAR_LAST, 12, 31);

	if (day < lowest || day > highest)
		return NO_DAY;
	while (count != 0) {
		day += step;
		if (day < lowest || day > highest)
			return NO_DAY;
		if (test(calendar, day))
			count -= step;
	}
	return day;
}

day_t calendar_add_work_days(const struct calendar *calendar, day_t day, int count)
{
	return add_days(calendar, day, count, calendar_is_work_day);
}

day_t calendar_add_trading_days(const struct calendar *calendar, day_t day, int count)
{
	return add_days(calendar, day, count, calendar_is_trading_day);
}
