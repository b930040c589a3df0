/* draw.c - draws that can be repeated. */
#include "followup/draw.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Looked up once: that costs more than to digest a line. */
static EVP_MD *algorithm;

static void find_algorithm(void)
{
	algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
}

int64_t draw_key(const char *text)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	unsigned char digest[SHA256_DIGEST_LENGTH];
	uint64_t key = 0;

	/* Without memory for it: the same by the long way. */
	if (pthread_once(&once, find_algorithm) != 0 || algorithm == NULL ||
		EVP_Digest(text, strlen(text), digest, NULL, algorithm, NULL) != 1)
		SHA256((const unsigned char *)text, strlen(text), digest);
	for (int i = 0; i < 8; i++)
		key = key << 8 | digest[i];
	return (int64_t)(key >> (64 - DRAW_KEY_BITS));
}

bool draw_takes(int seed, int64_t number, int share_percent)
{
	char text[48];

	snprintf(text, sizeof(text), "%d/%" PRId64, seed, number);
	return draw_key(text) % 100 < share_percent;
}
