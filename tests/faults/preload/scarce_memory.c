/* scarce_memory.c - preloaded into a daemon: its first thread has all the memory it wants, and what the others ask for fails as the file SCARCE_MEMORY says, which is shared with whoever
 * wrote it. Of that file three numbers of 8 bytes: the n-th that is asked for fails (0: none), whether all that follow do, and how many have been asked for. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct plan {
	_Atomic int64_t left, onward, asked;
};

/* The C library's own names for them. NOLINTBEGIN(bugprone-reserved-identifier) */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
/* NOLINTEND(bugprone-reserved-identifier) */

static struct plan *plan;
static _Thread_local enum { UNKNOWN, FIRST, OTHER } which;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("SCARCE_MEMORY");
	int file = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (file < 0)
		return;
	void *shared = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (shared != MAP_FAILED)
		plan = shared;
	(void)close(file);
}

static int fails(void)
{
	if (plan == NULL)
		return 0;
	if (which == UNKNOWN)
		which = gettid() == getpid() ? FIRST : OTHER;
	if (which == FIRST)
		return 0;
	atomic_fetch_add(&plan->asked, 1);
	if (atomic_load(&plan->left) <= 0 || atomic_fetch_sub(&plan->left, 1) != 1)
		return 0;
	if (atomic_load(&plan->onward) != 0)
		atomic_store(&plan->left, 1);
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}
