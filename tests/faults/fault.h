/* fault.h - one plan of what is to go wrong, and when; shared by what allocates (memory.c) and what keeps files (disk.c).
 *
 * The plan counts the calls of its kind while it is armed. The n-th of them fails, alone or with all that follow. */
#ifndef FOLLOWUP_FAULT_H
#define FOLLOWUP_FAULT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum fault_kind {
	FAULT_NONE,
	FAULT_MEMORY, /* an allocation gives NULL: ours, SQLite's, libevent's */
	FAULT_IO,     /* an operation on a file fails */
	FAULT_SHORT,  /* the same, but of a write the first half has come through */
	FAULT_FULL,   /* there is no room: what needs some fails, everything else works */
};

struct fault {
	enum fault_kind kind;
	bool onward; /* the n-th and all that follow; otherwise that one alone */
	int64_t at;  /* 1: the first; 0: none, they are only counted */
};

void fault_arm(struct fault fault);
/* How many calls there were of which it could have been. */
int64_t fault_disarm(void);

/* Counts one call; whether it has to fail. Of the kinds FAULT_IO and FAULT_SHORT either is both. */
bool fault_strikes(enum fault_kind kind);
bool fault_is_short(void);

/* Whether one has failed since it was armed, and where the first of them was asked for. */
bool fault_has_struck(void);
void fault_print_place(FILE *out);

/* memory.c. Before any other use of SQLite and libevent. */
void memory_take_over(void);
int64_t memory_ours(void);                   /* allocations of the program that have not been freed */
int64_t memory_theirs(void);                 /* SQLite's and libevent's, in bytes and blocks: 0 when both hold nothing */
void memory_begin_randomness(uint64_t seed); /* what RAND_bytes() gives from here on */

/* disk.c: SQLite's files kept in memory, so that a process that is forked has a copy of them. */
void disk_take_over(void);
/* No file is there. */
void disk_empty(void);
/* The machine loses its power: of what has been written since the last sync some sectors are there, by the seed, and some are not. */
void disk_lose_power(uint64_t seed);
/* The process that used the files is gone, and what it knew of them together with it. */
void disk_let_go(void);

#endif
