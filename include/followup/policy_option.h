/* policy_option.h - every section and setting of the configuration, one row each: the reader, the checks, the defaults and the test of the
 * manual pages read these rows. */
#ifndef FOLLOWUP_POLICY_OPTION_H
#define FOLLOWUP_POLICY_OPTION_H

#include <stdbool.h>
#include <stddef.h>

enum option_kind {
	OPTION_TEXT,     /* char *: printable, not empty */
	OPTION_PATH,     /* char *: a file; a relative one starts at the main file's folder */
	OPTION_FOLDER,   /* char *: a file or folder in the same way, or none: "" */
	OPTION_NAME,     /* char *: lower-case letters, digits, - and _ */
	OPTION_NAMES,    /* struct text_list of such names */
	OPTION_COUNT,    /* int, low .. high */
	OPTION_LIMIT,    /* int, low .. high, or none: NO_LIMIT */
	OPTION_PERCENT,  /* int, 1 .. 100, or none: -1 */
	OPTION_SIZE,     /* size_t, low .. high */
	OPTION_MONEY,    /* money_t, not negative */
	OPTION_DURATION, /* int seconds, low .. high: 90s 15min 2h 1d */
	OPTION_IDLE,     /* int seconds, low .. high, or none: 0 */
	OPTION_DAYS,     /* int calendar days, low .. high: 0 7d 2w */
	OPTION_TERM,     /* int months, low .. high, or none: 0: 6m 20y */
	OPTION_OFFSET,   /* struct offset */
	OPTION_SWITCH,   /* bool: yes, no */
	OPTION_WORD,     /* an enum (of int's size): one of words */
	OPTION_CHOICE,   /* bool: one of two words */
	OPTION_MODE,     /* int: octal */
	OPTION_DAY,      /* day_t: YYYY-MM-DD, or none: NO_DAY */
	OPTION_CLOCK,    /* int: HH:MM as a minute of the day */
	OPTION_HOURS,    /* struct hours and its companions: read by the section's own code */
	OPTION_OWN,      /* one value, read by the section's own code */
	OPTION_OWN_LIST, /* any number of values, read by the section's own code */
};

/* A word of the configuration and the enum's number for it; ends with a NULL text. */
struct option_word {
	const char *text;
	int number;
};

struct option {
	const char *name;
	enum option_kind kind;
	size_t offset; /* where it goes in the section's struct (kinds up to OPTION_DAY) */
	long low, high;
	const struct option_word *words;
	const char *standard; /* the value when it is not set, as it would be written; NULL: none */
	bool required;
};

enum section_home { HOME_MAIN, HOME_RULES, HOME_CONSOLE }; /* followupd.conf, a file of rules.d/, or followup-console.conf */

enum section_name {
	SECTION_DAEMON,
	SECTION_TLS,
	SECTION_LIMITS,
	SECTION_CALENDAR,
	SECTION_CLIENTS,
	SECTION_EVENTS,
	SECTION_CONTACTS,
	SECTION_HAND_OUT,
	SECTION_BACKUP,
	SECTION_METRICS,
	SECTION_REVIEW,
	SECTION_RECORD,
	SECTION_CHANNEL,
	SECTION_QUEUE,
	SECTION_DISPOSITION,
	SECTION_FESTIVAL,
	SECTION_BRANCH,
	SECTION_CLIENT_FIELD,
	SECTION_RULE,
	SECTION_CONSOLE,
	SECTION_SESSIONS,
	SECTION_COUNT
};

struct section_kind {
	const char *name;
	enum section_home home;
	bool titled; /* stands once for each title; otherwise at most once, and fills struct policy (or console_settings) itself */
	const struct option *options; /* ends with a NULL name */
};

extern const struct section_kind section_kinds[SECTION_COUNT];

/* The word that the configuration has for that number, in a setting of kind OPTION_WORD; NULL when there is none. */
const char *option_word(enum section_name section, const char *setting, int number);

#endif
