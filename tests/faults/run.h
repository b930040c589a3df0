/* run.h - what the parts of faults.c share: a fault, what comes after it, and what a copy of the process tells of it. */
#ifndef FOLLOWUP_FAULT_RUN_H
#define FOLLOWUP_FAULT_RUN_H

#include "fault.h"
#include "script.h"
#include "world.h"

enum {
	JOBS_MAX = 16,
	PATIENCE_SECONDS = 20,
	HUNG = 3 /* exit status */,
	SAID_MAX = 512,
	FINDINGS_SHOWN = 4 /* of each row */
};

/* What comes after the command. */
enum afterlife {
	AFTER_NOTHING, /* the daemon goes on: the command again */
	AFTER_CLOSE,   /* it stops in order and is started again */
	AFTER_KILL,    /* the process ends at once */
	AFTER_POWER,   /* the machine does */
};

struct way {
	const char *name;
	enum fault_kind kind;
	bool onward;
	enum afterlife after;
};

/* What a copy of the process tells the one it was copied from. */
struct told {
	int64_t counted;
	struct digest digest;
	struct reply_heard reply;
	char why[2 * SAID_MAX]; /* what is wrong; "": nothing */
	char place[8192];       /* the call that failed */
};

/* How it has to come out: found by doing it without a fault, on the same ways. */
struct expected {
	struct digest before, after;
	struct digest restarted_before, restarted_after; /* after a restart */
	struct digest repeated;                          /* the command done after a restart */
	int64_t counts[FAULT_FULL + 1];
	struct reply_heard reply, repeated_reply;
};

enum weakness { WEAK_NOT, WEAK_COMMIT, WEAK_ROLLBACK, WEAK_SYNC, WEAK_EARLY };

extern struct run {
	int64_t each;
	uint64_t seed;
	const char *only;
	enum weakness weakness;
	int jobs;
	bool show;
	struct told *told; /* shared with the copies, one each */
	struct world *world, *other;
	struct expected *expected;
	int64_t clock, clean_ours, clean_theirs;
	uint64_t tried;
	int findings, row_findings, tests;
} run;

/* words.c: the words of a row, with what has been kept of answers put in; and keeping it. */
struct words {
	char text[4096];
	const char *words[WORDS_MAX];
	size_t count;
};
void words_split(const char *text, struct words *out);
void words_keep(const struct row *row, const char *reply);
/* A connection of his, signed in. */
bool words_speak_as(struct world *world, const char *who);

/* suffer.c, all of them in a copy of the process: a row's command with one fault in it, and everything that must hold afterwards. */
int suffer_open(struct world *world) MUST_CHECK; /* the daemon, broken on purpose where that is wanted */
void suffer(const struct row *row, const struct way *way, int64_t at, struct told *told);
/* The same for the start of the daemon; the row says on which book. */
void suffer_start(const struct row *row, const struct way *way, int64_t at, struct told *told);
/* The command without a fault, of which the parent keeps what came of it. */
enum rehearsal { REHEARSE_AFTER, REHEARSE_RESTARTED_BEFORE, REHEARSE_RESTARTED_AFTER, REHEARSE_REPEATED };
void rehearse(const struct row *row, enum rehearsal what, enum fault_kind kind, struct told *told);
bool suffer_alike(const struct row *row, struct digest one, struct digest other);
bool suffer_same_reply(const struct row *row, const struct reply_heard *one, const struct reply_heard *other);

/* copies.c: copies of the process, as many at once as there are processors. */
int copies_free_slot(const struct row *row);
bool copies_split_off(int slot, const struct way *way, int64_t at); /* true in the copy, */
void copies_leave(int slot);                                        /* which ends here */
void copies_collect(const struct row *row, int slot);
void copies_collect_all(const struct row *row);

#endif
