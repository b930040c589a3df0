/* world.h - the daemon in this process: its own server, fed through a socket of its own, over a book on the disk of disk.c. */
#ifndef FOLLOWUP_FAULT_WORLD_H
#define FOLLOWUP_FAULT_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "followup/server.h"

enum { REPLY_MAX = 1 << 20, WORDS_MAX = 12 };

struct reply_heard {
	bool lost; /* the connection was closed before there was a whole reply */
	size_t length;
	char bytes[REPLY_MAX];
};

/* Numbers for all that the book says. same: every byte. alike: but salts and links, which depend on how the same work was cut into transactions. loose: and in whatever order its record
 * tells of it. */
struct digest {
	uint64_t same, alike, loose;
};

struct world {
	struct server server;
	struct business_clock clock;
	struct policy *policy; /* until the server takes it over */
	struct log *log;
	int peer; /* the other end of the connection that speaks; -1: none */
	struct event *heard_event;
	struct reply_heard *hears;
};

/* Where the book is. Its lock alone is a file that others could see. */
const char *world_book(void);

/* At which moment (unix seconds) its clock stands. The error, if any; the world is to be closed either way. */
int world_open(struct world *world, int64_t clock) MUST_CHECK;
void world_close(struct world *world);

/* A new connection, which is the operator's. */
void world_connect(struct world *world);
void world_disconnect(struct world *world);

/* Sends a command and runs the loop until its reply has come. fault is armed meanwhile; how many of its kind were counted. */
struct fault;
int64_t world_ask(struct world *world, const char *const *words, size_t count, struct fault fault, struct reply_heard *reply);

struct digest world_digest(const struct world *world);

/* Reads the whole book for what SQLite and followupd themselves hold to be faults: "" or one line, in room that is used again. */
const char *world_inspect(struct world *world);

#endif
