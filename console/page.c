/* page.c - see web_page.h. */
#include "followup/web_page.h"

#include <stdio.h>
#include <string.h>

#include "followup/sha256.h"

const struct web_file *web_page_find(const char *path)
{
	for (size_t i = 0; i < web_file_count; i++)
		if (strcmp(web_files[i].path, path) == 0)
			return &web_files[i];
	return NULL;
}

void web_page_tag(const struct web_file *file, char tag[WEB_TAG_SIZE])
{
	unsigned char digest[SHA256_SIZE];
	char *at = tag;

	sha256(file->begin, (size_t)(file->end - file->begin), digest);
	*at++ = '"';
	for (size_t i = 0; i < 16; i++)
		at += snprintf(at, 3, "%02x", digest[i]);
	(void)snprintf(at, 2, "\"");
}
