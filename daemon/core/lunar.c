/* lunar.c - the Chinese lunar calendar, from a table (lunar.h). Years stand in order without a gap, so a year is an index. */
#include "followup/lunar.h"

#include <stdlib.h>

enum { MONTHS_MAX = 13, NEW_YEAR_MONTH_LAST = 2 };

struct lunar_year {
	day_t starts[MONTHS_MAX + 1]; /* first day of each month in order, then the first day after the year */
	int leap_month;               /* the ordinary month that a leap month follows; 0: none */
	int months;
};

struct lunar {
	struct lunar_year *years;
	int first; /* lunar year of years[0] */
	int count;
	int capacity;
};

struct lunar *lunar_new(void)
{
	return calloc(1, sizeof(struct lunar));
}

void lunar_free(struct lunar *lunar)
{
	if (lunar == NULL)
		return;
	free(lunar->years);
	free(lunar);
}

static const struct lunar_year *find_year(const struct lunar *lunar, int lunar_year)
{
	if (lunar->count == 0 || lunar_year < lunar->first || lunar_year >= lunar->first + lunar->count)
		return NULL;
	return &lunar->years[lunar_year - lunar->first];
}

static int reserve_year(struct lunar *lunar)
{
	if (lunar->count < lunar->capacity)
		return 0;

	int capacity = lunar->capacity == 0 ? 256 : lunar->capacity * 2;
	struct lunar_year *years = realloc(lunar->years, (size_t)capacity * sizeof(*years));
	if (years == NULL)
		return ERR_MEMORY;
	lunar->years = years;
	lunar->capacity = capacity;
	return 0;
}

int lunar_add_year(struct lunar *lunar, int lunar_year, day_t new_year, int leap_month, const int *lengths, int months)
{
	struct lunar_year year = {.leap_month = leap_month, .months = months};

	if (leap_month < 0 || leap_month > 12 || months != (leap_month == 0 ? 12 : MONTHS_MAX))
		return ERR_INVALID;
	if (new_year == NO_DAY)
		return ERR_INVALID;
	/* lunar_year_of() relies on it: a lunar year begins in the solar year of its number, and ends within the next. */
	struct date begins = date_of_day(new_year);
	if (begins.year != lunar_year || begins.month > NEW_YEAR_MONTH_LAST)
		return ERR_INVALID;
	if (lunar->count > 0) {
		const struct lunar_year *last = &lunar->years[lunar->count - 1];

		if (lunar_year != lunar->first + lunar->count || new_year != last->starts[last->months])
			return ERR_INVALID;
	}

	year.starts[0] = new_year;
	for (int i = 0; i < months; i++) {
		if (lengths[i] != 29 && lengths[i] != 30)
			return ERR_INVALID;
		year.starts[i + 1] = year.starts[i] + lengths[i];
	}
	if (date_of_day(year.starts[months]).year == 0) /* beyond what date.h knows */
		return ERR_INVALID;

	int result = reserve_year(lunar);
	if (result < 0)
		return result;
	if (lunar->count == 0)
		lunar->first = lunar_year;
	lunar->years[lunar->count++] = year;
	return 0;
}

int lunar_first_year(const struct lunar *lunar)
{
	return lunar->count == 0 ? 0 : lunar->first;
}

int lunar_last_year(const struct lunar *lunar)
{
	return lunar->count == 0 ? 0 : lunar->first + lunar->count - 1;
}

day_t lunar_to_day(const struct lunar *lunar, int lunar_year, int month, int day, bool leap)
{
	const struct lunar_year *year = find_year(lunar, lunar_year);

	if (year == NULL || month < 1 || month > 12 || day < 1 || day > 30)
		return NO_DAY;

	/* The place of the month in the year: months after the leap month stand one later, and the leap month itself is one of them. */
	int place = month - 1;
	if (year->leap_month != 0 && (month > year->leap_month || (leap && month == year->leap_month)))
		place++;

	int length = year->starts[place + 1] - year->starts[place];
	return year->starts[place] + (day < length ? day : length) - 1;
}

int lunar_year_of(const struct lunar *lunar, day_t day)
{
	int number = date_of_day(day).year;
	const struct lunar_year *year = find_year(lunar, number);

	/* January and the first weeks of February mostly belong to the lunar year before. */
	if (year == NULL || day < year->starts[0])
		year = find_year(lunar, --number);
	if (year == NULL || day < year->starts[0] || day >= year->starts[year->months])
		return 0;
	return number;
}

day_t lunar_year_end(const struct lunar *lunar, int lunar_year)
{
	const struct lunar_year *year = find_year(lunar, lunar_year);

	return year == NULL ? NO_DAY : year->starts[year->months] - 1;
}
