/* book_file.h - a book in a folder of its own for each test: begin_file and end_file are its setup and teardown. */
#ifndef FOLLOWUP_TEST_BOOK_FILE_H
#define FOLLOWUP_TEST_BOOK_FILE_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "followup/store.h"

static char folder[64], path[96];

__attribute__((unused)) static struct store *open_file(void)
{
	struct store *store = NULL;
	char message[256] = "";

	int result = store_open(path, &store, message);
	if (result < 0)
		fail_msg("%s: %s", path, message);
	return store;
}

static int begin_file(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/followup-store-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/book.db", folder);
	return 0;
}

static int end_file(void **state)
{
	DIR *files = opendir(folder);
	char name[512];

	(void)state;
	if (files == NULL)
		return -1;
	for (struct dirent *file; (file = readdir(files)) != NULL;) {
		snprintf(name, sizeof(name), "%s/%s", folder, file->d_name);
		if (file->d_name[0] != '.')
			(void)unlink(name);
	}
	(void)closedir(files);
	return rmdir(folder);
}

#endif
