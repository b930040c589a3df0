/* script.h - a history that uses every command there is. */
#ifndef FOLLOWUP_FAULT_SCRIPT_H
#define FOLLOWUP_FAULT_SCRIPT_H

#include <stddef.h>

enum row_flag {
	ROW_SLICES = 1,  /* works in more than one transaction: a fault in one of them leaves those before it */
	ROW_VARIES = 2,  /* its answer tells of the process, not of the book */
	ROW_ENDS = 4,    /* the daemon stops */
	ROW_REFUSED = 8, /* the answer has to be an error; of all others it must not be */
	ROW_BESIDE = 16, /* works on another file too, whose faults end nothing */
};

struct row {
	const char *who; /* an agent's name, or "operator" */
	const char *
		words; /* separated by single blanks; "^" stands for one inside a word. $NAME: what was kept under that name. @: a file that is not there */
	unsigned flags;
	const char *keep; /* "member=NAME ...": that member of the answer, the first of that name */
};

/* It begins at this moment, on a book that is new. */
extern const char script_begins[];
extern const struct row script[];
extern const size_t script_length;

#endif
