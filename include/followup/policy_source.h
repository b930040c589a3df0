/* policy_source.h - the text of configuration files, taken apart into sections, settings and values, each with its line. Nothing is understood yet. */
#ifndef FOLLOWUP_POLICY_SOURCE_H
#define FOLLOWUP_POLICY_SOURCE_H

#include "followup/complaints.h"
#include "followup/error.h"
#include "followup/policy_option.h"

struct setting_value {
	char *text;
	int line;
};

struct setting {
	const struct option *option;
	struct setting_value *values; /* as many as were written; a single value and a list of one are the same */
	size_t count;
	int line;
	int again; /* the line on which it was set a second time; 0: once */
};

struct section {
	enum section_name name;
	char *title; /* NULL unless titled */
	char *file;
	int line; /* of its opening brace */
	struct setting *settings;
	size_t setting_count;
};

struct source {
	struct section *sections;
	size_t count;
	bool incomplete; /* a file could not be read to its end: what is missing may stand there */
};

/* Adds the sections of one file. Complains of whatever cannot be read, of unknown sections and settings, of settings that stand twice, and of sections that
 * belong elsewhere. 0, also after complaints; ERR_MEMORY. */
int source_read(struct source *source, const char *file, enum section_home home, struct complaints *complaints) MUST_CHECK;

const struct setting *section_setting(const struct section *section, const char *name); /* NULL: not set */

void source_clear(struct source *source); /* NULL is fine */

#endif
