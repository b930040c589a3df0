/* calendar.h - work days and trading days (POLICY 2). Pure: the days are put in by whoever read the files. */
#ifndef FOLLOWUP_CALENDAR_H
#define FOLLOWUP_CALENDAR_H

#include "followup/date.h"
#include "followup/error.h"

/* What a listed day is. Unlisted days are ordinary: Monday to Friday worked and traded, the weekend neither. */
enum day_kind {
	DAY_ORDINARY = 0,
	DAY_OFF = 1,             /* State Council day off: no work, no trading */
	DAY_MAKE_UP = 2,         /* make-up weekend: worked, never traded */
	DAY_EXCHANGE_CLOSED = 4, /* extra exchange closure: an ordinary work day that is not traded (2024-02-09) */
};

struct calendar;

struct calendar *calendar_new(void); /* NULL without memory; knows no year */
void calendar_free(struct calendar *calendar);

/* Lists one day. DAY_EXCHANGE_CLOSED may be added to a day of another kind. A later call for the same day wins
 * between DAY_OFF and DAY_MAKE_UP (a year's notice may move days of the neighbouring year). */
int calendar_list_day(struct calendar *calendar, day_t day, enum day_kind kind) MUST_CHECK;

/* Declares that the notice of a year has been published and read. trading_too: exchange closures are known as well. */
int calendar_list_year(struct calendar *calendar, int year, bool trading_too) MUST_CHECK;

bool calendar_has_year(const struct calendar *calendar, int year);

/* The last day up to which every year from the first listed one is listed, e.g. 2026-12-31; NO_DAY when none is. */
day_t calendar_reach(const struct calendar *calendar);
day_t calendar_trading_reach(const struct calendar *calendar);

bool calendar_is_work_day(const struct calendar *calendar, day_t day);
bool calendar_is_trading_day(const struct calendar *calendar, day_t day);
bool calendar_is_make_up(const struct calendar *calendar, day_t day); /* counts as a Thursday for calling hours (POLICY 6) */

/* The count-th work (trading) day after day, whatever day itself is; count 0 gives day; negative counts go back. */
day_t calendar_add_work_days(const struct calendar *calendar, day_t day, int count);
day_t calendar_add_trading_days(const struct calendar *calendar, day_t day, int count);

#endif
