/* fact_value.c - what columns have in common: their names, and texts, references, days and times checked, each refusal naming the column (POLICY 10). */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fact_internal.h"
#include "followup/csv.h"
#include "followup/zone.h"

enum { SECONDS_OF_DAY = 86400 };

int fact_refuse(char reason[FACT_REASON_SIZE], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, FACT_REASON_SIZE, format, arguments);
	va_end(arguments);
	return ERR_INVALID;
}

/* A hostile text fit for a message: its start, with everything but printable ASCII and well-formed UTF-8 as '?'. */
const char *fact_show(const char *text, char out[SHOWN_SIZE])
{
	size_t length = strnlen(text, SHOWN_SIZE);
	bool cut = length > SHOWN_SIZE - 4;

	if (cut) {
		length = SHOWN_SIZE - 4;
		while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
			length--; /* not inside a character */
	}
	bool readable = csv_is_utf8(text, length);
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];
		out[i] = byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !readable) ? '?' : (char)byte;
	}
	snprintf(out + length, SHOWN_SIZE - length, "%s", cut ? "..." : "");
	return out;
}

static bool could_be_declared(const char *name)
{
	return name[0] >= 'a' && name[0] <= 'z' && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

/* The place of a name among the columns, looked for from a place on where it may well be; their count when it is none of them. */
static size_t find_column(const struct columns *columns, const char *name, size_t from)
{
	for (size_t i = 0; i < columns->count; i++) {
		size_t column = from + i < columns->count ? from + i : from + i - columns->count;
		if (strcmp(name, columns->name(columns->policy, column)) == 0)
			return column;
	}
	return columns->count;
}

/* Unknown names, names that come twice and missing ones that are required are refused. */
int fact_check_columns(const struct columns *columns, const char *const *names, size_t count, char reason[FACT_REASON_SIZE])
{
	uint64_t seen = 0;
	char shown[SHOWN_SIZE];

	for (size_t i = 0; i < count; i++) {
		size_t column = find_column(columns, names[i], 0);
		bool twice = column < columns->count && (seen & UINT64_C(1) << column) != 0;
		if (column < columns->count)
			seen |= UINT64_C(1) << column;
		else if (!columns->open || !could_be_declared(names[i]))
			return fact_refuse(reason, "%s: unknown column", names[i][0] != '\0' ? fact_show(names[i], shown) : "\"\"");
		for (size_t j = 0; column == columns->count && !twice && j < i; j++)
			twice = strcmp(names[i], names[j]) == 0;
		if (twice)
			return fact_refuse(reason, "%s: the column stands there twice", fact_show(names[i], shown));
	}
	for (size_t column = 0; column < columns->count; column++) {
		if ((columns->required & ~seen) & UINT64_C(1) << column)
			return fact_refuse(reason, "%s: the column is missing", columns->name(columns->policy, column));
	}
	return 0;
}

/* What holds for every text. */
static int check_text(const char *column, const struct fact_field *field, char reason[FACT_REASON_SIZE])
{
	size_t length = field->length;
	unsigned char all = 0;

	if (length > FACT_TEXT_MAX)
		return fact_refuse(reason, "%s: %zu bytes, but at most %d are allowed", column, length, FACT_TEXT_MAX);
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)field->value[i];
		if (byte >= 0x20 && byte < 0x7F)
			continue;
		if (byte == 0)
			return fact_refuse(reason, "%s: holds a NUL byte", column);
		if (byte < 0x20 || byte == 0x7F)
			return fact_refuse(reason, "%s: holds the control byte 0x%02X", column, byte);
		all |= byte;
	}
	if (all >= 0x80 && !csv_is_utf8(field->value, length))
		return fact_refuse(reason, "%s: not UTF-8", column);
	return 0;
}

/* Fields by column: NULL for an absent one. Every name and every text has been checked then. */
int fact_sort_fields(const struct columns *columns, const struct fact_field *fields, size_t count, const struct fact_field **by_column,
	char reason[FACT_REASON_SIZE])
{
	char shown[SHOWN_SIZE];
	size_t next = (size_t)__builtin_ctzll(columns->required); /* files begin with their reference */

	for (size_t column = 0; column < columns->count; column++)
		by_column[column] = NULL;
	for (size_t i = 0; i < count; i++) {
		size_t column = find_column(columns, fields[i].name, next);
		if (column == columns->count)
			return fact_refuse(
				reason, "%s: unknown column", fields[i].name[0] != '\0' ? fact_show(fields[i].name, shown) : "\"\"");
		if (by_column[column] != NULL)
			return fact_refuse(reason, "%s: the column stands there twice", fields[i].name);
		by_column[column] = &fields[i];
		next = column + 1 < columns->count ? column + 1 : 0; /* files have them in this order */
		int result = check_text(fields[i].name, &fields[i], reason);
		if (result < 0)
			return result;
	}
	for (size_t column = 0; column < columns->count; column++) {
		if (!(columns->required & UINT64_C(1) << column))
			continue;
		const char *name = columns->name(columns->policy, column);
		if (by_column[column] == NULL)
			return fact_refuse(reason, "%s: the column is missing", name);
		if (by_column[column]->length == 0)
			return fact_refuse(reason, "%s: empty, but required", name);
	}
	return 0;
}

/* Whether a text begins, or ends, with a blank, of those that people cannot see the difference of: space, no-break space, the wide one of Chinese. */
static bool has_blank(const struct fact_field *field, bool at_end)
{
	static const char *const blanks[] = {" ", "\xC2\xA0", "\xE3\x80\x80"};

	unsigned char edge = field->length > 0 ? (unsigned char)field->value[at_end ? field->length - 1 : 0] : 0;
	if (edge > ' ' && edge < 0x80)
		return false;
	for (size_t i = 0; i < sizeof blanks / sizeof blanks[0]; i++) {
		size_t width = strlen(blanks[i]);
		if (width <= field->length && memcmp(field->value + (at_end ? field->length - width : 0), blanks[i], width) == 0)
			return true;
	}
	return false;
}

/* A padded column of blanks is no number of anybody: as a person_ref it would make one person of all who have it. And "C1 " would be another client than "C1". */
int fact_check_not_blank(const char *column, const struct fact_field *field, char reason[FACT_REASON_SIZE])
{
	char shown[SHOWN_SIZE];

	if (field->length > 0 && strspn(field->value, " ") == field->length)
		return fact_refuse(reason, "%s: nothing but blanks", column);
	if (has_blank(field, false) || has_blank(field, true))
		return fact_refuse(reason, "%s: a blank before or after it: '%s'", column, fact_show(field->value, shown));
	return 0;
}

int fact_check_reference(const char *column, const struct fact_field *field, char reason[FACT_REASON_SIZE])
{
	int result = fact_check_not_blank(column, field, reason);

	if (result < 0)
		return result;
	if (field->length > REFERENCE_MAX)
		return fact_refuse(reason, "%s: %zu bytes, but at most %d are allowed", column, field->length, REFERENCE_MAX);
	return 0;
}

/* A day within the years that facts may speak of. */
int fact_check_day(const char *column, const struct fact_field *field, char reason[FACT_REASON_SIZE])
{
	char shown[SHOWN_SIZE];
	day_t day = date_parse(field->value, field->length);

	if (day == NO_DAY)
		return fact_refuse(reason, "%s: no such day: %s (YYYY-MM-DD is wanted)", column, fact_show(field->value, shown));
	if (day < date_to_day(FIRST_YEAR, 1, 1) || day > date_to_day(LAST_YEAR, 12, 31))
		return fact_refuse(reason, "%s: %s lies outside 1900-01-01 .. 2100-12-31", column, fact_show(field->value, shown));
	return 0;
}

int fact_parse_time(const char *column, const struct fact_field *field, int64_t *out, char reason[FACT_REASON_SIZE])
{
	char shown[SHOWN_SIZE];
	int64_t seconds;

	if (zone_parse_time(field->value, field->length, &seconds) < 0)
		return fact_refuse(reason, "%s: no such time: %s (YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS is wanted)", column,
			fact_show(field->value, shown));
	if (seconds < (int64_t)date_to_day(FIRST_YEAR, 1, 1) * SECONDS_OF_DAY ||
		seconds >= ((int64_t)date_to_day(LAST_YEAR, 12, 31) + 1) * SECONDS_OF_DAY)
		return fact_refuse(reason, "%s: %s lies outside 1900-01-01 .. 2100-12-31", column, fact_show(field->value, shown));
	*out = seconds;
	return 0;
}

static bool same_word(const char *text, const char *word)
{
	for (; *text != '\0'; text++, word++) {
		char lower = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
		if (lower != *word)
			return false;
	}
	return *word == '\0';
}

/* The place of a word in a list, whatever its case; -1 when it is not there. */
int fact_find_word(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (same_word(text, words[i]))
			return (int)i;
	}
	return -1;
}
