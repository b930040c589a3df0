/* shim.c - loaded into a daemon under test (LD_PRELOAD), which knows nothing of it: ends it at a chosen write, or weakens what it asks of the disk.
 *
 *   CRASH_AT=n            SIGKILL instead of the n-th write to, sync of, cut of or removal of a file
 *   CRASH_HOW=half|after  ... in the middle of that write, or when it has been done
 *   CRASH_SYNCHRONOUS=NORMAL  the book is opened with that in place of FULL: a test of durability that finds nothing wrong with this proves nothing
 *   CRASH_LOG=path        the system's log is that socket */
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

enum how { BEFORE, HALF, AFTER };

static atomic_long left = -1;
static enum how how;

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("CRASH_AT");
	const char *words = getenv("CRASH_HOW");

	if (words != NULL)
		how = strcmp(words, "half") == 0 ? HALF : strcmp(words, "after") == 0 ? AFTER : BEFORE;
	if (at != NULL)
		left = atol(at);
}

_Noreturn static void end(void)
{
	(void)kill(getpid(), SIGKILL);
	for (;;)
		(void)pause();
}

/* Whether it is this one. */
static int is_it(void)
{
	return atomic_load(&left) > 0 && atomic_fetch_sub(&left, 1) == 1;
}

/* The function of that name behind this one; the type is the caller's. */
static void *behind(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		abort();
	return found;
}

#define BEHIND(name, result, ...)                                                                                                          \
	static result (*real)(__VA_ARGS__);                                                                                                \
	if (real == NULL)                                                                                                                  \
	*(void **)&real = behind(name)

#define AT_CALL(call)                                                                                                                      \
	int it = is_it();                                                                                                                  \
	if (it && how != AFTER)                                                                                                            \
		end();                                                                                                                     \
	int result = call;                                                                                                                 \
	if (it)                                                                                                                            \
		end();                                                                                                                     \
	return result

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at)
{
	BEHIND("pwrite64", ssize_t, int, const void *, size_t, off_t);
	int it = is_it();

	if (it && how == BEFORE)
		end();
	ssize_t written = real(fd, bytes, it && how == HALF ? length / 2 : length, at);
	if (it)
		end();
	return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
	return pwrite64(fd, bytes, length, at);
}

int fdatasync(int fd)
{
	BEHIND("fdatasync", int, int);
	AT_CALL(real(fd));
}

int fsync(int fd)
{
	BEHIND("fsync", int, int);
	AT_CALL(real(fd));
}

int ftruncate64(int fd, off_t length)
{
	BEHIND("ftruncate64", int, int, off_t);
	AT_CALL(real(fd, length));
}

int ftruncate(int fd, off_t length)
{
	return ftruncate64(fd, length);
}

int unlink(const char *path)
{
	BEHIND("unlink", int, const char *);
	AT_CALL(real(path));
}

/* Declared here as sqlite3.h has it, with the types that nobody looks into. */
int sqlite3_exec(void *db, const char *sql, void *row, void *context, void *message);
int sqlite3_exec(void *db, const char *sql, void *row, void *context, void *message)
{
	static const char strong[] = "synchronous=FULL";
	BEHIND("sqlite3_exec", int, void *, const char *, void *, void *, void *);
	const char *weaker = getenv("CRASH_SYNCHRONOUS");
	const char *found = weaker != NULL ? strstr(sql, strong) : NULL;
	char *text = NULL;

	if (found != NULL && asprintf(&text, "%.*ssynchronous=%s%s", (int)(found - sql), sql, weaker, found + sizeof strong - 1) < 0)
		abort();
	int result = real(db, text != NULL ? text : sql, row, context, message);
	free(text);
	return result;
}

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	BEHIND("connect", int, int, const struct sockaddr *, socklen_t);
	struct sockaddr_un elsewhere = {.sun_family = AF_UNIX};
	const char *log = getenv("CRASH_LOG");

	if (log == NULL || strlen(log) >= sizeof elsewhere.sun_path || address->sa_family != AF_UNIX ||
		strcmp(((const struct sockaddr_un *)(const void *)address)->sun_path, "/dev/log") != 0)
		return real(fd, address, length);
	memcpy(elsewhere.sun_path, log, strlen(log) + 1);
	return real(fd, (const struct sockaddr *)&elsewhere, sizeof elsewhere);
}
