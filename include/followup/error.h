/* error.h - the one convention for results: 0 or more is success, a negative number is one of these. */
#ifndef FOLLOWUP_ERROR_H
#define FOLLOWUP_ERROR_H

#define MUST_CHECK __attribute__((warn_unused_result))

enum followup_error {
	ERR_NONE = 0,
	ERR_MEMORY = -1,    /* malloc said no */
	ERR_INVALID = -2,   /* what was handed in has no meaning; the caller's mistake */
	ERR_NOT_FOUND = -3, /* no such client, call, agent ... */
	ERR_STORE = -4,     /* the store could not read or make it durable; roll back, answer STORE */
	ERR_FULL = -5,      /* as ERR_STORE, because the disk is full: stay and go on saying so */
	ERR_CORRUPT = -6,   /* as ERR_STORE, an I/O error or a damaged file: stop acknowledging, exit 74 */
	ERR_NO_LEASE = -7,  /* the lease is not held, or a newer generation holds the call */
	ERR_CLOSED = -8,    /* outside calling hours */
	ERR_BUSY = -9,      /* try later */
	ERR_LIMIT = -10,    /* a limit that is a setting was reached */
	ERR_SYNTAX = -11,   /* bytes that do not follow the format */
	ERR_SYSTEM = -12,   /* a system call failed; errno says which way */
	ERR_RIGHTS = -13,   /* this identity may not do that */
};

/* A short English phrase for a message, never NULL. */
const char *error_text(int error);

#endif
