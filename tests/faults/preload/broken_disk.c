/* broken_disk.c - preloaded into a daemon: its book's disk breaks while a file says so.
 *
 * BROKEN_DISK names that file. While it is there, the call that it names ("pwrite", "pread", "fsync" or "ftruncate") fails on every file of the book with the error that follows it: "fsync 5".
 * While it says "hang", a sync does not return. BROKEN_COPY names another: while that one says "hang", no copy of the book is begun, and while it says "copy" none can be. Nothing else is touched. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static bool is_of_book(int file)
{
	char link[64], path[4096];

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
	ssize_t length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return false;
	path[length] = '\0';
	return strstr(path, "book.db") != NULL;
}

/* Whether the file names that call, and with which error. */
static bool is_planned_in(const char *variable, const char *call, int *number)
{
	const char *plan = getenv(variable);
	char text[64] = "", wanted[32] = "";
	int there = plan != NULL ? open(plan, O_RDONLY | O_CLOEXEC) : -1;

	*number = EIO;
	if (there < 0)
		return false;
	ssize_t got = read(there, text, sizeof(text) - 1);
	(void)close(there);
	return got > 0 && sscanf(text, "%31s %d", wanted, number) >= 1 && strcmp(wanted, call) == 0;
}

static bool is_planned(const char *call, int *number)
{
	return is_planned_in("BROKEN_DISK", call, number);
}

static bool is_broken(const char *call, int file)
{
	int number;

	if (!is_planned(call, &number) || !is_of_book(file))
		return false;
	errno = number;
	return true;
}

static bool sync_is_broken(int file)
{
	int number;

	while (is_planned("hang", &number) && is_of_book(file))
		(void)usleep(1000);
	return is_broken("fsync", file);
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t at)
{
	static ssize_t (*real)(int, const void *, size_t, off64_t);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
	return is_broken("pwrite", file) ? -1 : real(file, bytes, length, at);
}

ssize_t pread64(int file, void *bytes, size_t length, off64_t at)
{
	static ssize_t (*real)(int, void *, size_t, off64_t);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "pread64");
	return is_broken("pread", file) ? -1 : real(file, bytes, length, at);
}

int fdatasync(int file)
{
	static int (*real)(int);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
	return sync_is_broken(file) ? -1 : real(file);
}

int fsync(int file)
{
	static int (*real)(int);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "fsync");
	return sync_is_broken(file) ? -1 : real(file);
}

int ftruncate64(int file, off64_t length)
{
	static int (*real)(int, off64_t);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "ftruncate64");
	return is_broken("ftruncate", file) ? -1 : real(file, length);
}

sqlite3_backup *sqlite3_backup_init(sqlite3 *to, const char *to_name, sqlite3 *from, const char *from_name)
{
	static sqlite3_backup *(*real)(sqlite3 *, const char *, sqlite3 *, const char *);
	int number;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "sqlite3_backup_init");
	while (is_planned_in("BROKEN_COPY", "hang", &number))
		(void)usleep(1000);
	return is_planned_in("BROKEN_COPY", "copy", &number) ? NULL : real(to, to_name, from, from_name);
}
