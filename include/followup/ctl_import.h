/* ctl_import.h - followupctl: a file of clients or events into the daemon, row by row (POLICY 10). */
#ifndef FOLLOWUP_CTL_IMPORT_H
#define FOLLOWUP_CTL_IMPORT_H

#include <stdbool.h>

#include "followup/ctl_connection.h"

/* import clients|events FILE [--encoding utf-8|gb18030] [--rejects FILE]: the words after "import". The summary goes to standard output, as JSON on request. */
enum ctl_status ctl_import(const struct ctl_target *target, int count, char **words, bool json);

#endif
