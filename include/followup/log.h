/* log.h - one line an event, key=value, and never a wait: a line that cannot be delivered at once is dropped and counted (STYLE 16).
 *
 * Lines go to the system's log socket, or to standard error in the foreground. Whatever came from a peer or a file passes through log_quote. Nothing about
 * a client is ever logged. */
#ifndef FOLLOWUP_LOG_H
#define FOLLOWUP_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "followup/error.h"

/* The numbers are those of syslog. */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

enum { LOG_LINE_MAX = 2000, LOG_QUOTED_SIZE = 256 };

/* "info" and "daemon" to numbers; ERR_NOT_FOUND for other words. */
int log_level_parse(const char *name) MUST_CHECK;
int log_facility_parse(const char *name) MUST_CHECK;

struct log;

/* path: the log socket, NULL for standard error. Lines on the socket bear the name that the program was started by. NULL without memory. A socket that nobody listens on is no error: it is tried again at each line. */
struct log *log_new(const char *path, int facility, enum log_level level);
void log_free(struct log *log);
void log_configure(struct log *log, int facility, enum log_level level); /* after a reload */

/* Errors go to standard error as well, as long as it is a terminal or the journal: why a program does not start is for whoever has started it, and of a process that has ended at once the
 * journal knows there whose unit it was, and on the socket often not. */
void log_tell_starter(struct log *log, bool told);

/* Writes "event=EVENT key=value ...". Control bytes in the line become '?'. A NULL log is allowed and says nothing. */
void log_event(struct log *log, enum log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same for text already formatted ("event=... key=..."). */
void log_line(struct log *log, enum log_level level, const char *text);

/* Lines dropped since the start. */
uint64_t log_dropped(const struct log *log);

/* A value that is safe in a line: as it stands when it is made of letters, digits and ._:/@+-, else in quotes with every other byte than printable ASCII as
 * \xHH. Cut with "..." when it does not fit out. Returns out. */
char *log_quote(const char *text, size_t length, char out[LOG_QUOTED_SIZE]);

#endif
