/* memory.c - every allocation of the program, of SQLite and of libevent goes through here. The program's own calls come by the linker's --wrap. */
#include <errno.h>
#include <event2/event.h>
#include <openssl/rand.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"

/* The linker gives these names their meaning. NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *block);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t most);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *block);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t most);
int __wrap_asprintf(char **out, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct dirent;
int __real_scandir(const char *path, struct dirent ***out, int (*choose)(const struct dirent *),
	int (*compare)(const struct dirent **, const struct dirent **));
int __wrap_scandir(const char *path, struct dirent ***out, int (*choose)(const struct dirent *),
	int (*compare)(const struct dirent **, const struct dirent **));
int __wrap_RAND_bytes(unsigned char *out, int count);

static int64_t ours, of_events;
static uint64_t randomness;

static void *counted(void *block)
{
	ours += block != NULL;
	return block;
}

void *__wrap_malloc(size_t size)
{
	return fault_strikes(FAULT_MEMORY) ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fault_strikes(FAULT_MEMORY) ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
	if (fault_strikes(FAULT_MEMORY))
		return NULL;
	void *block = __real_realloc(old, size);
	ours += old == NULL && block != NULL;
	return block;
}

void __wrap_free(void *block)
{
	ours -= block != NULL;
	__real_free(block);
}

char *__wrap_strdup(const char *text)
{
	return fault_strikes(FAULT_MEMORY) ? NULL : counted(__real_strdup(text));
}

char *__wrap_strndup(const char *text, size_t most)
{
	return fault_strikes(FAULT_MEMORY) ? NULL : counted(__real_strndup(text, most));
}

int __wrap_asprintf(char **out, const char *format, ...)
{
	va_list arguments;

	if (fault_strikes(FAULT_MEMORY))
		return -1;
	va_start(arguments, format);
	int length = vasprintf(out, format, arguments);
	va_end(arguments);
	ours += length >= 0;
	return length;
}

int __wrap_scandir(const char *path, struct dirent ***out, int (*choose)(const struct dirent *),
	int (*compare)(const struct dirent **, const struct dirent **))
{
	if (fault_strikes(FAULT_MEMORY)) {
		errno = ENOMEM;
		return -1;
	}
	int count = __real_scandir(path, out, choose, compare);
	ours += count >= 0 ? count + 1 : 0;
	return count;
}

/* The same salts and tokens whenever the same is done, so that two books can be compared. */
int __wrap_RAND_bytes(unsigned char *out, int count)
{
	for (int i = 0; i < count; i++) {
		randomness = randomness * 6364136223846793005u + 1442695040888963407u;
		out[i] = (unsigned char)(randomness >> 56);
	}
	return 1;
}
/* NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming) */

void memory_begin_randomness(uint64_t seed)
{
	randomness = seed;
}

static sqlite3_mem_methods plain;

static void *sqlite_malloc(int size)
{
	return fault_strikes(FAULT_MEMORY) ? NULL : plain.xMalloc(size);
}

static void *sqlite_realloc(void *old, int size)
{
	return fault_strikes(FAULT_MEMORY) ? NULL : plain.xRealloc(old, size);
}

static void *events_malloc(size_t size)
{
	void *block = fault_strikes(FAULT_MEMORY) ? NULL : __real_malloc(size);

	of_events += block != NULL;
	return block;
}

static void *events_realloc(void *old, size_t size)
{
	void *block = fault_strikes(FAULT_MEMORY) ? NULL : __real_realloc(old, size);

	of_events += old == NULL && block != NULL;
	return block;
}

static void events_free(void *block)
{
	of_events -= block != NULL;
	__real_free(block);
}

int64_t memory_ours(void)
{
	return ours;
}

int64_t memory_theirs(void)
{
	return sqlite3_memory_used() + of_events;
}

void memory_take_over(void)
{
	sqlite3_mem_methods own;

	sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain);
	own = plain;
	own.xMalloc = sqlite_malloc;
	own.xRealloc = sqlite_realloc;
	sqlite3_config(SQLITE_CONFIG_MALLOC, &own);
	/* Small pieces would otherwise come from a store of each connection's own, and could not fail. */
	sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
	event_set_mem_functions(events_malloc, events_realloc, events_free);
}
