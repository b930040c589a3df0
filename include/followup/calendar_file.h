/* calendar_file.h - reads calendar files into a calendar and a lunar table (POLICY 2). The caller throws both away when a reading fails. */
#ifndef FOLLOWUP_CALENDAR_FILE_H
#define FOLLOWUP_CALENDAR_FILE_H

#include <stddef.h>

#include "followup/calendar.h"
#include "followup/json.h"
#include "followup/lunar.h"
#include "followup/policy.h"

enum { CALENDAR_FILE_MAX = 1 << 20 }; /* bytes; real ones have some thousand */

/* Reads one file that is already in memory; file is its name for complaints, and its ending says what it is: ".cal", ".json" (holiday-cn), or
 * "lunar-years.csv" as the whole last part. Every mistake goes to complain; ERR_INVALID when there was one. ERR_NOT_FOUND, without a complaint: no
 * calendar file by its name. A later file wins where two list the same day. */
int calendar_file_read(struct calendar *calendar, struct lunar *lunar, struct json *json, const char *file, const char *bytes,
	size_t length, policy_complain *complain, void *context) MUST_CHECK;

/* Reads every calendar file of a folder, and lunar-years.csv must be among them. A notice of a later year wins over one of an earlier year, because it
 * may move days of the December before; of two for one year the later name wins, bytewise. Hidden files are passed over; a file that is no calendar
 * file by its name is warned of. ERR_INVALID after complaints (also when the folder or a file cannot be read), ERR_MEMORY. */
int calendar_folder_read(
	const char *path, struct calendar *calendar, struct lunar *lunar, policy_complain *complain, void *context) MUST_CHECK;

#endif
