/* policy_value.h - turns the words of a setting into values, by the rows of policy_option.h. */
#ifndef FOLLOWUP_POLICY_VALUE_H
#define FOLLOWUP_POLICY_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "followup/complaints.h"
#include "followup/error.h"
#include "followup/policy.h"
#include "followup/policy_option.h"
#include "followup/policy_source.h"

enum { NAME_LENGTH_MAX = 64, VALUE_TEXT_MAX = 1024 };

/* Lower-case letters, digits, - and _, a letter or digit first, at most NAME_LENGTH_MAX bytes: names of rules, festivals, channels, tiers, event kinds. */
bool name_is_valid(const char *text);

/* "90s", "15min", "2h", "1d" in seconds; ERR_INVALID otherwise and beyond 3660 days. */
int duration_parse(const char *text) MUST_CHECK;

/* "HH:MM", 00:00 .. 24:00, in minutes; ERR_INVALID. */
int clock_parse(const char *text) MUST_CHECK;

/* "none" */
bool value_is_none(const char *text);

/* Appends a copy. 0 or ERR_MEMORY. */
int text_list_add(struct text_list *list, const char *text) MUST_CHECK;
void text_list_clear(struct text_list *list);

/* Sets every setting of a section's struct to its standard value, where it has one. folder: of the main file. 0 or ERR_MEMORY. */
int section_standard(enum section_name name, const char *folder, void *target) MUST_CHECK;

/* Reads the settings of a section into its struct, except those of the kinds HOURS, OWN and OWN_LIST, of which it only checks that the first two have one
 * value. Complains of values that will not do, of lists where one value is wanted and of required settings that are missing. 0, also after complaints;
 * ERR_MEMORY. */
int section_apply(const struct section *section, const char *folder, void *target, struct complaints *complaints) MUST_CHECK;

/* "rule 'dormant'", or "section 'contacts'": for messages. Returns out. */
enum { SECTION_LABEL_SIZE = 128 };
char *section_label(const struct section *section, char out[SECTION_LABEL_SIZE]);

/* The folder of a file ("." when it names none), and a path as it is meant from there; NULL without memory. The caller frees. */
char *path_folder(const char *file);
char *path_from(const char *folder, const char *path);

#endif
