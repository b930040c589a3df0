/* ctl_rejects.h - followupctl: the file of rows that were not taken: line, reason, row as it came. Made only when there is one. */
#ifndef FOLLOWUP_CTL_REJECTS_H
#define FOLLOWUP_CTL_REJECTS_H

#include <stddef.h>
#include <stdio.h>

#include "followup/error.h"

struct ctl_rejects {
	const char *path;
	FILE *file; /* NULL until the first row */
};

/* Appends a row, and brings it to the file at once. ERR_SYSTEM: errno says why; the file is then not to be trusted. */
int ctl_rejects_add(struct ctl_rejects *rejects, long line, const char *reason, const char *raw, size_t raw_length) MUST_CHECK;
int ctl_rejects_close(struct ctl_rejects *rejects) MUST_CHECK;

#endif
