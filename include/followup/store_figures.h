/* store_figures.h - figures of the whole book for METRICS, beside store_view_queues(). Nothing is kept for them when calls and follow-ups change: they are read from indexes, and what happens is
 * counted from the record, which has an entry for each decision and each try, and no other. */
#ifndef FOLLOWUP_STORE_FIGURES_H
#define FOLLOWUP_STORE_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "followup/error.h"

struct store;

/* What has happened, by kind and by up to two words; the words are the configuration's and the engine's, never a client's. */
enum tally_kind {
	TALLY_CREATED,
	TALLY_DEFERRED, /* reason */
	TALLY_ENDED,    /* state, reason */
	TALLY_REOPENED,
	TALLY_HANDED_OUT,
	TALLY_LEASE_EXPIRED,
	TALLY_OUTCOME, /* channel, disposition */
	TALLY_OVER_CAP,
	TALLY_KINDS
};
enum { TALLY_WORD_SIZE = 65 };
struct tally_row {
	enum tally_kind kind;
	char words[2][TALLY_WORD_SIZE];
	uint64_t count;
};
struct tally {
	int64_t entry; /* the last one counted */
	struct tally_row *rows;
	size_t count, capacity;
};
void tally_free(struct tally *tally);

/* Counts so many more under a row, which is added where there is none. ERR_MEMORY. */
int tally_add(struct tally *tally, enum tally_kind kind, const char *one, const char *other, uint64_t count) MUST_CHECK;

/* The number of the record's last entry, 0 when there is none: where a tally begins. */
int store_last_entry(struct store *store, int64_t *entry) MUST_CHECK;

/* Counts what has been written since, at most so many entries at once. 1: more are there. After an error the tally is as it was. */
int store_tally(struct store *store, struct tally *tally, int64_t most) MUST_CHECK;

/* Open follow-ups: those that no call carries yet, and those that one does. */
int store_count_open(struct store *store, int64_t *scheduled, int64_t *queued) MUST_CHECK;

/* Open tasks by their kind: how many, and since when the oldest (unix seconds). */
struct task_row {
	const char *kind;
	int64_t count, oldest_at;
};
typedef int task_row_visit(void *context, const struct task_row *row);
int store_count_tasks(struct store *store, task_row_visit *visit, void *context) MUST_CHECK;

#endif
