/* ctl_feed.h - followupctl: rows on their way to the daemon, in pieces of many, each row answered by itself and reported in the order of the file. */
#ifndef FOLLOWUP_CTL_FEED_H
#define FOLLOWUP_CTL_FEED_H

#include <stddef.h>

#include "followup/error.h"

struct redisContext;
struct ctl_feed;

enum ctl_feed_outcome {
	FEED_CHANGED, /* the daemon took it and something is new */
	FEED_KNOWN,   /* the daemon knew it already */
	FEED_REFUSED, /* bad, or refused by the daemon: see reason */
};

struct ctl_feed_row {
	long line; /* of the file, where the row begins */
	const char *raw;
	size_t raw_length;
	enum ctl_feed_outcome outcome;
	const char *reason; /* of a refused row */
};

/* Called once for each row that was decided, in the order in which they were given. A negative result ends the feed. */
typedef int ctl_feed_cb(void *context, const struct ctl_feed_row *row);

/* command: "CLIENT.LOAD" or "EVENT.LOAD". Borrows the connection. NULL without memory. */
struct ctl_feed *ctl_feed_new(struct redisContext *connection, const char *command, ctl_feed_cb *callback, void *context);
void ctl_feed_free(struct ctl_feed *feed);

/* Before any row: the names of the columns, as a line of CSV without its end. */
int ctl_feed_header(struct ctl_feed *feed, const char *cells, size_t length) MUST_CHECK;

/* A row as such a line; a row that is bad already. Both wait while the window is full. ERR_SYSTEM: the connection broke; ERR_STORE: the daemon cannot make
 * rows durable; ERR_RIGHTS: it lets this identity put none; ERR_BUSY: it was busy for too long; ERR_MEMORY; the callback's. The feed has ended then, and
 * ctl_feed_why says more. */
int ctl_feed_row(struct ctl_feed *feed, long line, const char *raw, size_t raw_length, const char *cells, size_t length) MUST_CHECK;
int ctl_feed_bad(struct ctl_feed *feed, long line, const char *raw, size_t raw_length, const char *reason) MUST_CHECK;

/* Waits until every row is decided. */
int ctl_feed_finish(struct ctl_feed *feed) MUST_CHECK;

/* Words about the failure, never NULL. */
const char *ctl_feed_why(const struct ctl_feed *feed);

#endif
