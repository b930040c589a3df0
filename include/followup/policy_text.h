/* policy_text.h - the bytes of a configuration file, made fit for libconfuse. */
#ifndef FOLLOWUP_POLICY_TEXT_H
#define FOLLOWUP_POLICY_TEXT_H

#include "followup/complaints.h"

struct policy_text {
	char *bytes;         /* NUL-terminated, ends with a newline; every comment is blanks, every line where it was */
	int cut_line;        /* the text was cut off before this line, because ... ; 0: it is whole */
	const char *cut_why; /* ... of this */
};

/* Reads a file. NULL in bytes after a complaint. The caller frees bytes. */
struct policy_text policy_text_read(const char *file, struct complaints *complaints);

#endif
