/* notice.h - one year's notice of days off, read from a file's bytes: the project's own .cal format, or the JSON of holiday-cn (POLICY 2).
 *
 * A .cal file is text, one statement a line, '#' comments; the first statement names the year whose notice it is:
 *   year 2024
 *   2024-02-10..2024-02-17 off Spring Festival
 *   2024-02-18 work Spring Festival
 *   2024-02-09 closed Eve of Spring Festival
 * The name at the end is for people and may be left out. */
#ifndef FOLLOWUP_NOTICE_H
#define FOLLOWUP_NOTICE_H

#include <stdbool.h>
#include <stddef.h>

#include "followup/calendar.h"
#include "followup/complaints.h"
#include "followup/json.h"

enum { NOTICE_DAYS_MAX = 400 }; /* listed by one notice; more is a mistake */

struct notice_day {
	day_t day;
	enum day_kind kind;
	int line;
};

struct notice {
	int year;       /* 0: the file does not say */
	bool published; /* false: holiday-cn keeps an empty file for a year without a notice yet */
	size_t count;
	struct notice_day days[NOTICE_DAYS_MAX];
};

/* Reads a whole file that is already in memory. Every mistake goes to complaints with the file's name and the line (0 where broken JSON does not
 * tell); ERR_INVALID and an untouched *out when there was one. A notice that is not published is a warning. ERR_MEMORY also. */
int notice_read_cal(const char *file, const char *bytes, size_t length, struct complaints *complaints, struct notice *out) MUST_CHECK;
int notice_read_json(struct json *json, const char *file, const char *bytes, size_t length, struct complaints *complaints,
	struct notice *out) MUST_CHECK;

/* Puts a notice's days into the calendar and lists its year; nothing when it is not published. */
int notice_apply(const struct notice *notice, struct calendar *calendar) MUST_CHECK;

#endif
