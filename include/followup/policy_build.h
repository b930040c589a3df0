/* policy_build.h - makes a policy of the sections that were read. The pieces of policy_load(), in the order in which it calls them. */
#ifndef FOLLOWUP_POLICY_BUILD_H
#define FOLLOWUP_POLICY_BUILD_H

#include "followup/complaints.h"
#include "followup/error.h"
#include "followup/policy.h"
#include "followup/policy_source.h"

struct builder {
	struct policy *policy;
	const struct source *source;
	const char *folder; /* of the main file */
	struct complaints *complaints;
};

/* Everything but the rules: fills policy from the main file's sections. 0, also after complaints; ERR_MEMORY. */
int build_main(struct builder *builder) MUST_CHECK;

/* The rules, sorted by name; what they refer to must be there already. vocabulary: whether the main file was read whole, so that a name which is not known is a
 * mistake. 0, also after complaints; ERR_MEMORY. */
int build_rules(struct builder *builder, bool vocabulary) MUST_CHECK;

/* What concerns more than one section. Complains only. */
void build_check(struct builder *builder);

/* The sections that stand at most once (policy_single.c); build_main() calls it first. 0, also after complaints; ERR_MEMORY. */
int policy_build_singles(struct builder *builder) MUST_CHECK;

/* Small things both need. */
int place_set(struct place *place, const struct section *section) MUST_CHECK; /* ERR_MEMORY */
size_t source_count(const struct source *source, enum section_name name);
/* A queue's name: printable ASCII without spaces or *, at most NAME_LENGTH_MAX bytes; with_star: "branch/" and a star, and a star alone, too. */
bool queue_name_is_valid(const char *text, bool with_star);
/* Whether a title is a name (name_is_valid) that means nothing else; complains. */
bool title_is_good(struct builder *builder, const struct section *section);
/* Complains that a section with this title, or an untitled one of this kind, came before. */
void title_is_twice(struct builder *builder, const struct section *section, const struct place *earlier);
/* Calls read for each value of a list, or for each word of its standard value (line 0) when it is not set. section may be NULL. */
typedef int own_value_read(struct builder *builder, void *target, const char *text, const char *file, int line);
int own_list_read(struct builder *builder, enum section_name name, const struct section *section, const char *option, own_value_read *read,
	void *target) MUST_CHECK;
/* "8-15" or "08-15": a day of every year, leap days aside. */
bool month_day_parse(const char *text, bool lunar, int *month, int *day);
/* "none", "always", "closed" or spans. The result's work_days_only is what it was before, except that always clears it. False: none of these. */
enum hours_choice { HOURS_NONE, HOURS_ALWAYS, HOURS_SPANS };
bool hours_read(const char *text, struct hours *hours, enum hours_choice *choice);

#endif
