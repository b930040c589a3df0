#include "followup/guess.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

/* A few mistakes cost nothing; then the wait doubles with each, up to a minute for a source. A name is the target, not the guilty one: whoever guesses at it from many
 * places must not lock its owner out, so its wait stays short, and still ends any hope of finding 32 random bytes. */
enum { PLACES = 4096, FREE_BY_SOURCE = 3, FREE_BY_NAME = 10, SOURCE_MS_MOST = 60 * 1000, NAME_MS_MOST = 2000, FORGET_MS = 10 * 60 * 1000 };

struct place {
	uint64_t key; /* 0: empty */
	int64_t last_ms;
	int count;
};

struct guesses {
	uint64_t secret; /* nobody outside can make two of his choice meet in one place */
	struct place sources[PLACES];
	struct place names[PLACES];
};

struct guesses *guesses_new(void)
{
	struct guesses *guesses = calloc(1, sizeof *guesses);

	if (guesses != NULL && RAND_bytes((unsigned char *)&guesses->secret, sizeof guesses->secret) != 1) {
		free(guesses);
		return NULL;
	}
	return guesses;
}

void guesses_free(struct guesses *guesses)
{
	free(guesses);
}

static uint64_t key_of(const struct guesses *guesses, const char *text)
{
	uint64_t hash = guesses->secret;

	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211u;
	hash ^= hash >> 32;
	return hash != 0 ? hash : 1;
}

static int64_t wait_of(const struct place *places, uint64_t key, int free_of_charge, int64_t most_ms, int64_t now_ms)
{
	const struct place *place = &places[key % PLACES];
	int over = place->count - free_of_charge;

	if (place->key != key || over < 0 || now_ms - place->last_ms > FORGET_MS)
		return 0;
	int64_t wait_ms = over >= 10 ? most_ms : 250 * ((int64_t)1 << over);
	if (wait_ms > most_ms)
		wait_ms = most_ms;
	return place->last_ms + wait_ms > now_ms ? place->last_ms + wait_ms - now_ms : 0;
}

int64_t guesses_wait(const struct guesses *guesses, const char *source, const char *name, int64_t now_ms)
{
	int64_t by_source = source != NULL ? wait_of(guesses->sources, key_of(guesses, source), FREE_BY_SOURCE, SOURCE_MS_MOST, now_ms) : 0;
	int64_t by_name = wait_of(guesses->names, key_of(guesses, name), FREE_BY_NAME, NAME_MS_MOST, now_ms);

	return by_source > by_name ? by_source : by_name;
}

static void count_one(struct place *places, uint64_t key, int64_t now_ms)
{
	struct place *place = &places[key % PLACES];

	/* Somebody else's place is taken over only when he has been silent for a while: pushing out one's own count must cost as much as it saves. */
	if (place->key != key && place->key != 0 && now_ms - place->last_ms <= SOURCE_MS_MOST)
		return;
	if (place->key != key || now_ms - place->last_ms > FORGET_MS)
		*place = (struct place){.key = key};
	if (place->count < 1000)
		place->count++;
	place->last_ms = now_ms;
}

void guesses_wrong(struct guesses *guesses, const char *source, const char *name, int64_t now_ms)
{
	if (source != NULL)
		count_one(guesses->sources, key_of(guesses, source), now_ms);
	count_one(guesses->names, key_of(guesses, name), now_ms);
}

void guesses_right(struct guesses *guesses, const char *source)
{
	uint64_t key = source != NULL ? key_of(guesses, source) : 0;
	struct place *place = &guesses->sources[key % PLACES];

	if (key != 0 && place->key == key)
		*place = (struct place){0};
}
