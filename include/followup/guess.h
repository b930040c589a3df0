/* guess.h - slows down whoever guesses tokens, by source and by name (DESIGN 3). In memory only; the time is monotonic milliseconds. */
#ifndef FOLLOWUP_GUESS_H
#define FOLLOWUP_GUESS_H

#include <stdint.h>

struct guesses;

struct guesses *guesses_new(void); /* NULL without memory */
void guesses_free(struct guesses *guesses);

/* For how many milliseconds this source (an address, a user) and this name have to wait before another token of theirs is looked at; 0: not at all. A source
 * may be NULL in all three: then only the name counts. */
int64_t guesses_wait(const struct guesses *guesses, const char *source, const char *name, int64_t now_ms);

/* A token was wrong; or right, which clears the source. */
void guesses_wrong(struct guesses *guesses, const char *source, const char *name, int64_t now_ms);
void guesses_right(struct guesses *guesses, const char *source);

#endif
