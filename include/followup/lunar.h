/* lunar.h - the Chinese lunar calendar, from a table (POLICY 2; data/lunar-years.csv; not ICU, which is a day off in 2027 and 2030). Pure. */
#ifndef FOLLOWUP_LUNAR_H
#define FOLLOWUP_LUNAR_H

#include "followup/date.h"
#include "followup/error.h"

struct lunar; /* the years of the table */

struct lunar *lunar_new(void);
void lunar_free(struct lunar *lunar);

/* One row of the table: months is 12 or 13, lengths are 29 or 30 in order; the leap month follows the month of its number. Rows come in
 * ascending order of lunar_year without a gap, and each starts where the one before ended, in January or February; ERR_INVALID otherwise. */
int lunar_add_year(struct lunar *lunar, int lunar_year, day_t new_year, int leap_month, const int *lengths, int months) MUST_CHECK;

int lunar_first_year(const struct lunar *lunar); /* 0 when empty */
int lunar_last_year(const struct lunar *lunar);

/* The solar day of a lunar date, with the rules for birthdays: day 30 of a short month is its 29th; leap asks for the leap month of
 * that number where the year has it, else the ordinary one. NO_DAY outside the table. */
day_t lunar_to_day(const struct lunar *lunar, int lunar_year, int month, int day, bool leap);

/* The lunar year that holds a solar day; 0 outside the table. */
int lunar_year_of(const struct lunar *lunar, day_t day);

/* The last day of a lunar year (New Year's Eve); NO_DAY outside the table. */
day_t lunar_year_end(const struct lunar *lunar, int lunar_year);

#endif
