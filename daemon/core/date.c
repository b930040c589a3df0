/* date.c - calendar days as numbers (date.h). */
#include "followup/date.h"

enum {
	YEAR_MIN = 1600,
	YEAR_MAX = 9999,
	DAYS_BEFORE_1970 = 135140, /* from 1600-01-01 to 1970-01-01 */
	DAYS_IN_400_YEARS = 146097,
};

/* Days of the year that lie before each month of a common year; the last entry is the whole year. */
static const int days_before_month[13] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};

bool date_is_leap_year(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int date_days_in_month(int year, int month)
{
	if (month < 1 || month > 12)
		return 0;
	return days_before_month[month] - days_before_month[month - 1] + (month == 2 && date_is_leap_year(year));
}

/* Days from 1600-01-01 to the first of January of a year not before 1600. 1600 itself is a leap year, hence the rounding up. */
static int days_before_year(int year)
{
	int years = year - YEAR_MIN;

	return years * 365 + (years + 3) / 4 - (years + 99) / 100 + (years + 399) / 400;
}

/* Days of the year before the first of a month; month 13 gives the whole year. */
static int days_before(int year, int month)
{
	return days_before_month[month - 1] + (month > 2 && date_is_leap_year(year));
}

day_t date_to_day(int year, int month, int day)
{
	if (year < YEAR_MIN || year > YEAR_MAX || day < 1 || day > date_days_in_month(year, month))
		return NO_DAY;
	return days_before_year(year) + days_before(year, month) + day - 1 - DAYS_BEFORE_1970;
}

struct date date_of_day(day_t day)
{
	struct date date = {0, 0, 0};
	int64_t since = (int64_t)day + DAYS_BEFORE_1970;

	if (since < 0 || since >= days_before_year(YEAR_MAX + 1))
		return date;

	/* The mean length of a year finds the year, or its neighbour near a New Year. */
	date.year = YEAR_MIN + (int)(since * 400 / DAYS_IN_400_YEARS);
	while (days_before_year(date.year) > since)
		date.year--;
	while (days_before_year(date.year + 1) <= since)
		date.year++;

	int day_of_year = (int)since - days_before_year(date.year);
	/* No month is longer than 31 days, so this is the month or one before it. */
	date.month = day_of_year / 31 + 1;
	while (days_before(date.year, date.month + 1) <= day_of_year)
		date.month++;
	date.day = day_of_year - days_before(date.year, date.month) + 1;
	return date;
}

int date_weekday(day_t day)
{
	/* 1970-01-01 was a Thursday. */
	return (day % 7 + 7 + 3) % 7 + 1;
}

day_t date_add_months(day_t day, int months)
{
	struct date date = date_of_day(day);

	if (date.year == 0)
		return NO_DAY;

	int64_t count = (int64_t)date.year * 12 + date.month - 1 + months;
	if (count < (int64_t)YEAR_MIN * 12 || count > (int64_t)YEAR_MAX * 12 + 11)
		return NO_DAY;

	int year = (int)(count / 12);
	int month = (int)(count % 12) + 1;
	int last = date_days_in_month(year, month);

	return date_to_day(year, month, date.day < last ? date.day : last);
}

day_t date_quarter_start(day_t day)
{
	struct date date = date_of_day(day);

	if (date.year == 0)
		return NO_DAY;
	return date_to_day(date.year, (date.month - 1) / 3 * 3 + 1, 1);
}

day_t date_quarter_end(day_t day)
{
	struct date date = date_of_day(day);

	if (date.year == 0)
		return NO_DAY;

	int month = (date.month - 1) / 3 * 3 + 3;
	return date_to_day(date.year, month, date_days_in_month(date.year, month));
}

/* The number that count digits spell; -1 when one is no digit. */
static int digits(const char *text, int count)
{
	int number = 0;

	for (int i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + (text[i] - '0');
	}
	return number;
}

day_t date_parse(const char *text, size_t length)
{
	if (text == NULL || length != 10 || text[4] != '-' || text[7] != '-')
		return NO_DAY;

	/* A part that is not all digits is -1, which no date has. */
	return date_to_day(digits(text, 4), digits(text + 5, 2), digits(text + 8, 2));
}

/* Writes number with leading zeros and returns the place after it. */
static char *put_digits(char *out, int number, int count)
{
	for (int i = count - 1; i >= 0; i--) {
		out[i] = (char)('0' + number % 10);
		number /= 10;
	}
	return out + count;
}

char *date_format(day_t day, char out[DATE_TEXT_SIZE])
{
	struct date date = date_of_day(day);
	char *end = out;

	if (date.year != 0) {
		end = put_digits(end, date.year, 4);
		*end++ = '-';
		end = put_digits(end, date.month, 2);
		*end++ = '-';
		end = put_digits(end, date.day, 2);
	}
	*end = '\0';
	return out;
}

enum { DAY_SECONDS = 86400 };

day_t date_of_seconds(int64_t local_seconds)
{
	return (day_t)(local_seconds / DAY_SECONDS - (local_seconds % DAY_SECONDS < 0));
}

int32_t date_second_of_day(int64_t local_seconds)
{
	return (int32_t)(local_seconds % DAY_SECONDS + (local_seconds % DAY_SECONDS < 0 ? DAY_SECONDS : 0));
}
