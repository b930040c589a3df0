/* occasion_day.c - on which day a yearly occasion falls (occasion_day.h). */
#include "followup/occasion_day.h"

static day_t solar_birthday(const struct birthday *birthday, int year, bool feb29_is_mar1)
{
	if (birthday->month == 2 && birthday->day == 29 && !date_is_leap_year(year))
		return feb29_is_mar1 ? date_to_day(year, 3, 1) : date_to_day(year, 2, 28);
	return date_to_day(year, birthday->month, birthday->day);
}

day_t birthday_in_year(const struct birthday *birthday, int year, bool feb29_is_mar1, const struct lunar *lunar)
{
	if (birthday->month == 0)
		return NO_DAY;
	if (birthday->calendar == BIRTHDAY_SOLAR)
		return solar_birthday(birthday, year, feb29_is_mar1);
	return lunar_to_day(lunar, year, birthday->month, birthday->day, birthday->calendar == BIRTHDAY_LUNAR_LEAP);
}

static bool two_digits(const char *text, int *out)
{
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return false;
	*out = (text[0] - '0') * 10 + (text[1] - '0');
	return true;
}

bool birthday_parse(const char *text, size_t length, enum birthday_calendar calendar, struct birthday *out)
{
	int year = 2000; /* without a year 29 February is taken on trust */
	int month, day;

	if (length == 10) {
		int century, rest;

		if (!two_digits(text, &century) || !two_digits(text + 2, &rest) || text[4] != '-')
			return false;
		year = century * 100 + rest;
		text += 5;
		length -= 5;
	}
	if (length != 5 || !two_digits(text, &month) || text[2] != '-' || !two_digits(text + 3, &day))
		return false;
	if (calendar == BIRTHDAY_SOLAR ? date_to_day(year, month, day) == NO_DAY : month < 1 || month > 12 || day < 1 || day > 30)
		return false;

	*out = (struct birthday){.month = month, .day = day, .calendar = calendar};
	return true;
}

day_t festival_in_year(enum festival_basis basis, int month, int day, int gregorian_year, const struct lunar *lunar)
{
	if (basis == FESTIVAL_SOLAR)
		return date_to_day(gregorian_year, month, day);

	/* The lunar year of that number begins in it; the end of the one before reaches into it. The later of two is taken. */
	for (int lunar_year = gregorian_year; lunar_year >= gregorian_year - 1; lunar_year--) {
		day_t found = lunar_to_day(lunar, lunar_year, month, day, false);

		if (found != NO_DAY && date_of_day(found).year == gregorian_year)
			return found;
	}
	return NO_DAY;
}
