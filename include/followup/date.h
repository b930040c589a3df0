/* date.h - calendar days as numbers. Pure.
 *
 * A day is a count of days since 1970-01-01 in the proleptic Gregorian calendar, in the business time zone
 * (POLICY 2). It carries no time and no zone; turning a clock reading into a day is zone.h's work. */
#ifndef FOLLOWUP_DATE_H
#define FOLLOWUP_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int32_t day_t;

#define NO_DAY INT32_MIN /* "there is none"; sorts before every real day */

#define DATE_TEXT_SIZE 16 /* "YYYY-MM-DD" and its NUL, with room */

struct date {
	int year;  /* 1600 .. 9999 */
	int month; /* 1 .. 12 */
	int day;   /* 1 .. 31 */
};

bool date_is_leap_year(int year);
int date_days_in_month(int year, int month);

/* The day of a date; NO_DAY when the date does not exist (2023-02-29). */
day_t date_to_day(int year, int month, int day);
struct date date_of_day(day_t day);

/* The day of a count of local seconds since 1970-01-01 00:00 local, rounded down; and the second of that day. */
day_t date_of_seconds(int64_t local_seconds);
int32_t date_second_of_day(int64_t local_seconds);

/* ISO weekday: 1 Monday .. 7 Sunday. */
int date_weekday(day_t day);

/* POLICY 2: adding months keeps the day of month, or takes the month's last day (31 Aug + 6m = 28/29 Feb). months may be negative. */
day_t date_add_months(day_t day, int months);

/* First and last day of the calendar quarter that holds day. */
day_t date_quarter_start(day_t day);
day_t date_quarter_end(day_t day);

/* Exactly "YYYY-MM-DD", length bytes, nothing before or after; NO_DAY otherwise. */
day_t date_parse(const char *text, size_t length);

/* Writes "YYYY-MM-DD" (empty text for NO_DAY) and returns out. */
char *date_format(day_t day, char out[DATE_TEXT_SIZE]);

#endif
