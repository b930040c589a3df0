/* wal.h - keeps the book's log of writes short while others look at the book: it begins anew only in a moment in which no snapshot stands in it. */
#ifndef FOLLOWUP_WAL_H
#define FOLLOWUP_WAL_H

struct server;

/* After a commit: ends the long command whose snapshot holds up the log beyond its limit (limits: wal_limit). */
void wal_watch(struct server *server);

/* Between turns: when the log has come to a quarter of its limit while commands are worked beside the loop, makes such a moment. No further one begins until the one under way has ended,
 * then for the milliseconds that the short ones take; everything that the log holds goes into the book, and all go on. */
void wal_let_go(struct server *server);

#endif
