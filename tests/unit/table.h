/* table.h - reads the tables of cases in tests/rules for the test programs, which run from the root of the tree. */
#ifndef FOLLOWUP_TEST_TABLE_H
#define FOLLOWUP_TEST_TABLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "followup/calendar_file.h"

enum { TABLE_FIELDS_MAX = 12 };

/* where is "file:line", for messages. */
typedef void table_row(const char *where, char **fields, void *context);

/* Hands over every row, which must have that many fields, and returns their number. A table without rows fails: it would test nothing. */
static inline int table_read(const char *path, int count, table_row *row, void *context)
{
	char text[1024], where[512];
	int line = 0, rows = 0;
	FILE *file = fopen(path, "r");

	if (file == NULL)
		fail_msg("%s cannot be opened; the tests run from the root of the tree", path);
	while (fgets(text, sizeof(text), file) != NULL) {
		char *fields[TABLE_FIELDS_MAX];
		int found = 0;

		line++;
		text[strcspn(text, "\r\n")] = '\0';
		if (text[0] == '\0' || text[0] == '#')
			continue;
		snprintf(where, sizeof(where), "%s:%d", path, line);
		for (char *at = text; at != NULL && found < TABLE_FIELDS_MAX;) {
			char *comma = strchr(at, ',');

			fields[found++] = at;
			if (comma != NULL)
				*comma++ = '\0';
			at = comma;
		}
		if (found != count)
			fail_msg("%s: %d fields where %d are expected", where, found, count);
		row(where, fields, context);
		rows++;
	}
	fclose(file);
	assert_true(rows > 0);
	return rows;
}

/* The day that a field names; "none" is NO_DAY. */
static inline day_t table_day(const char *where, const char *text)
{
	day_t day = date_parse(text, strlen(text));

	if (day == NO_DAY && strcmp(text, "none") != 0)
		fail_msg("%s: \"%s\" is no day", where, text);
	return day;
}

static inline void table_expect_day(const char *where, const char *what, day_t got, day_t wanted)
{
	char got_text[DATE_TEXT_SIZE], wanted_text[DATE_TEXT_SIZE];

	if (got != wanted)
		fail_msg("%s: %s is \"%s\", expected \"%s\"", where, what, date_format(got, got_text), date_format(wanted, wanted_text));
}

static inline void table_complain(void *context, const struct complaint *complaint)
{
	(void)context;
	print_error("%s:%d: %s\n", complaint->file, complaint->line, complaint->text);
}

/* The calendars that the project ships. */
struct shipped {
	struct calendar *calendar;
	struct lunar *lunar;
};

static inline void shipped_load(struct shipped *shipped)
{
	shipped->calendar = calendar_new();
	shipped->lunar = lunar_new();
	assert_non_null(shipped->calendar);
	assert_non_null(shipped->lunar);
	assert_int_equal(calendar_folder_read("conf/calendar", shipped->calendar, shipped->lunar, table_complain, NULL), 0);
}

static inline void shipped_free(struct shipped *shipped)
{
	calendar_free(shipped->calendar);
	lunar_free(shipped->lunar);
}

#endif
