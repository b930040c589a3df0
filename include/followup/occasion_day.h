/* occasion_day.h - on which day a yearly occasion falls (POLICY 2): birthdays and festivals. Pure. */
#ifndef FOLLOWUP_OCCASION_DAY_H
#define FOLLOWUP_OCCASION_DAY_H

#include "followup/date.h"
#include "followup/lunar.h"

enum birthday_calendar { BIRTHDAY_SOLAR, BIRTHDAY_LUNAR, BIRTHDAY_LUNAR_LEAP };

struct birthday {
	int month; /* 1 .. 12 in its own calendar; 0: none known */
	int day;   /* 1 .. 31 solar, 1 .. 30 lunar */
	enum birthday_calendar calendar;
};

/* The solar day of the birthday in year, which is the solar year for solar birthdays and the lunar year for the others.
 * feb29_is_mar1: 29 Feb falls on 1 Mar in common years, else on 28 Feb. NO_DAY when it cannot be known (outside the lunar table). */
day_t birthday_in_year(const struct birthday *birthday, int year, bool feb29_is_mar1, const struct lunar *lunar);

/* "YYYY-MM-DD" or "MM-DD", in its own calendar; false when there is no such day. A lunar date is not checked against its year. */
bool birthday_parse(const char *text, size_t length, enum birthday_calendar calendar, struct birthday *out);

/* How a festival's day is found. Its occasion is named name/YYYY by the Gregorian year it falls in. */
enum festival_basis {
	FESTIVAL_SOLAR, /* month and day of the Gregorian calendar */
	FESTIVAL_LUNAR, /* month and day of the lunar calendar, ordinary month */
};

/* The day on which it falls in the Gregorian year; NO_DAY outside the table. A lunar festival that would fall twice or never in a Gregorian year
 * cannot occur for months 1 to 11; for month 12 (Laba) the last of two is taken and NO_DAY said for none. */
day_t festival_in_year(enum festival_basis basis, int month, int day, int gregorian_year, const struct lunar *lunar);

#endif
