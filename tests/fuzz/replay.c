/* replay.c - runs a fuzz target without a fuzzer, on the files and folders named, or on its own folder of seeds. With afl-clang-fast it is the fuzzer's end instead.
 *
 * Prints TAP. The input at work is named on standard error, where it is the last thing said before a crash. */
#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "fuzz.h"

#ifdef __AFL_FUZZ_TESTCASE_LEN

/* What its macros stand for does not go by our warnings. */
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"

__AFL_FUZZ_INIT();

int main(void)
{
	__AFL_INIT();
	const unsigned char *bytes = __AFL_FUZZ_TESTCASE_BUF;
	while (__AFL_LOOP(10000)) {
		/* Memory of exactly that size, as libFuzzer gives it. */
		size_t length = (size_t)__AFL_FUZZ_TESTCASE_LEN;
		uint8_t *input = fuzz_need(malloc(length > 0 ? length : 1));
		memcpy(input, bytes, length);
		LLVMFuzzerTestOneInput(input, length);
		free(input);
	}
	return 0;
}

#else

static size_t inputs;

static bool replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t length = 0, capacity = 4096;
	uint8_t *bytes = NULL, *exact;

	fprintf(stderr, "# %s\n", path);
	if (file == NULL) {
		fprintf(stderr, "# cannot be read: %s\n", strerror(errno));
		return false;
	}
	do {
		capacity *= 2;
		bytes = fuzz_need(realloc(bytes, capacity));
		length += fread(bytes + length, 1, capacity - length, file);
	} while (length == capacity);
	fclose(file);
	exact = fuzz_need(malloc(length > 0 ? length : 1));
	memcpy(exact, bytes, length);
	free(bytes);
	LLVMFuzzerTestOneInput(exact, length);
	free(exact);
	inputs++;
	return true;
}

static bool replay_folder(const char *path)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, NULL, alphasort);
	bool good = true;

	if (count < 0)
		return errno == ENOTDIR && replay_file(path);
	for (int i = 0; i < count; i++) {
		char name[4096];

		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			good = replay_file(name) && good;
		free(entries[i]);
	}
	free(entries);
	return good;
}

int main(int count, char **words)
{
	const char *slash = strrchr(words[0], '/'), *target = slash == NULL ? words[0] : slash + 1;
	bool good = true;

	if (count > 1) {
		for (int i = 1; i < count; i++)
			good = replay_folder(words[i]) && good;
	} else {
		char seeds[4096];

		snprintf(seeds, sizeof(seeds), "tests/fuzz/seeds/%s", target);
		good = replay_folder(seeds);
	}
	good = good && inputs > 0;
	printf("1..1\n%sok 1 - %s: %zu inputs\n", good ? "" : "not ", target, inputs);
	return good ? 0 : 1;
}

#endif
