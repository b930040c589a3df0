/* web_page.h - followup-console: the files of console/www, which stand in the program itself. */
#ifndef FOLLOWUP_WEB_PAGE_H
#define FOLLOWUP_WEB_PAGE_H

#include <stddef.h>

/* Made at build time by console/embed. */
struct web_file {
	const char *path; /* "/" or "/static/..." */
	const char *type;
	const char *begin, *end;
};
extern const struct web_file web_files[];
extern const size_t web_file_count;

enum { WEB_TAG_SIZE = 35 };

const struct web_file *web_page_find(const char *path); /* NULL: there is none */

/* A strong ETag, with its quotation marks: it changes when the content does. */
void web_page_tag(const struct web_file *file, char tag[WEB_TAG_SIZE]);

#endif
