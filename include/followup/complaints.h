/* complaints.h - what is wrong with the configuration, gathered while it is read, told once at the end in the order of the files. */
#ifndef FOLLOWUP_COMPLAINTS_H
#define FOLLOWUP_COMPLAINTS_H

#include <stdbool.h>
#include <stddef.h>

#include "followup/policy.h"

struct complaints {
	struct complaint *items;
	size_t count;
	size_t errors;      /* how many of them are not warnings */
	bool out_of_memory; /* one was lost: the configuration must not be used */
};

/* file is copied. Line 0: the whole file. */
void complaints_error(struct complaints *complaints, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void complaints_warn(struct complaints *complaints, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* A policy_complain that gathers; context is a struct complaints. */
void complaints_gather(void *context, const struct complaint *complaint);

/* Tells all of them: main_file's first, then by file name, each file's by line, equal lines as they came. */
void complaints_tell(struct complaints *complaints, const char *main_file, policy_complain *complain, void *context);

void complaints_clear(struct complaints *complaints); /* NULL is fine */

#endif
