/* draw.c - draws that can be repeated. */
#include "followup/draw.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "followup/sha256.h"

int64_t draw_key(const char *text)
{
	unsigned char digest[SHA256_SIZE];
	uint64_t key = 0;

	sha256(text, strlen(text), digest);
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
