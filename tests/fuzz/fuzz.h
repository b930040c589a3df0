/* fuzz.h - what the fuzz targets share. A target is one file: bytes in, and whatever must hold of any bytes is checked, not only that nothing crashes.
 *
 * The same program is built three ways: by libFuzzer (make fuzz), by AFL++ (make fuzz-afl), and with replay.c by any compiler, which feeds it the seeds and every
 * input that once failed (make test). It runs in the root of the tree. */
#ifndef TEST_FUZZ_H
#define TEST_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* An invariant: what the fuzzer looks for a breach of. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_failed(__FILE__, __LINE__, #condition))

static inline void fuzz_failed(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

/* What cannot fail unless the machine is short of something, which is no finding. */
static inline void *fuzz_need(void *pointer)
{
	if (pointer == NULL) {
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	return pointer;
}

/* A copy with a NUL behind it in memory of exactly that size, so that the address sanitizer sees a read beyond it. The caller frees it. */
static inline char *fuzz_text(const uint8_t *bytes, size_t length)
{
	char *text = fuzz_need(malloc(length + 1));

	if (length > 0)
		memcpy(text, bytes, length);
	text[length] = '\0';
	return text;
}

#endif
