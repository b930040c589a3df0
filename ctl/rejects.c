/* rejects.c - rows that were not taken, for someone to mend and load again. */
#include "followup/ctl_rejects.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A field between quotes, whatever bytes it holds: csv_quote() is for text. */
static void put_quoted(FILE *file, const char *bytes, size_t length)
{
	putc('"', file);
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '"')
			putc('"', file);
		putc(bytes[i], file);
	}
	putc('"', file);
}

static int open_file(struct ctl_rejects *rejects)
{
	/* Rows hold clients' names and numbers: for this user alone. */
	int descriptor = open(rejects->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (descriptor < 0)
		return ERR_SYSTEM;
	rejects->file = fdopen(descriptor, "w");
	if (rejects->file == NULL) {
		close(descriptor);
		return ERR_SYSTEM;
	}
	fputs("line,reason,row\n", rejects->file);
	return 0;
}

int ctl_rejects_add(struct ctl_rejects *rejects, long line, const char *reason, const char *raw, size_t raw_length)
{
	if (rejects->file == NULL) {
		int result = open_file(rejects);
		if (result < 0)
			return result;
	}
	fprintf(rejects->file, "%ld,", line);
	put_quoted(rejects->file, reason, strlen(reason));
	putc(',', rejects->file);
	put_quoted(rejects->file, raw, raw_length);
	putc('\n', rejects->file);
	return fflush(rejects->file) == 0 && !ferror(rejects->file) ? 0 : ERR_SYSTEM;
}

int ctl_rejects_close(struct ctl_rejects *rejects)
{
	if (rejects->file == NULL)
		return 0;
	int result = fclose(rejects->file);
	rejects->file = NULL;
	return result == 0 ? 0 : ERR_SYSTEM;
}
