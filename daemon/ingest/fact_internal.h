/* fact_internal.h - what the files of facts share. Nothing outside daemon/ingest includes it. */
#ifndef FOLLOWUP_FACT_INTERNAL_H
#define FOLLOWUP_FACT_INTERNAL_H

#include "followup/fact.h"

enum { REFERENCE_MAX = 64, WORD_MAX = 64, FIRST_YEAR = 1900, LAST_YEAR = 2100 };

/* Writes a reason that names the column; ERR_INVALID, so that a caller can write `return fact_refuse(...)`. */
int fact_refuse(char reason[FACT_REASON_SIZE], const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A text as it may stand in a reason: cut short, bytes that cannot be shown as question marks. */
enum { SHOWN_SIZE = 64 };
const char *fact_show(const char *text, char out[SHOWN_SIZE]);

/* The columns of one kind of file. */
struct columns {
	const char *(*name)(const struct policy *policy, size_t column);
	const struct policy *policy;
	size_t count;
	uint64_t required; /* a bit set */
	bool open;         /* others may be declared: the configuration is not at hand */
};

/* A header row or the members of a document against the columns. */
int fact_check_columns(const struct columns *columns, const char *const *names, size_t count, char reason[FACT_REASON_SIZE]) MUST_CHECK;

/* Fields by column: NULL for an absent one. Every name and every text has been checked then. */
int fact_sort_fields(const struct columns *columns, const struct fact_field *fields, size_t count, const struct fact_field **by_column,
	char reason[FACT_REASON_SIZE]) MUST_CHECK;

/* Checks of one field's text. */
int fact_check_not_blank(const char *column, const struct fact_field *field, char reason[FACT_REASON_SIZE]) MUST_CHECK;
int fact_check_reference(const char *column, const struct fact_field *field, char reason[FACT_REASON_SIZE]) MUST_CHECK;
int fact_check_day(const char *column, const struct fact_field *field, char reason[FACT_REASON_SIZE]) MUST_CHECK;
int fact_parse_time(const char *column, const struct fact_field *field, int64_t *out, char reason[FACT_REASON_SIZE]) MUST_CHECK;

/* The place of a word in a list, whatever its case; -1 when it is not there. */
int fact_find_word(const char *text, const char *const *words, size_t count);

#endif
