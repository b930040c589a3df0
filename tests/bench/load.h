#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stddef.h>
#include <stdint.h>

/* A load of agents, each with a connection of his own, each waiting for an answer before he asks for more. A cycle is to get a call and to finish it. */

enum { AGENT_BUFFER_SIZE = 256 * 1024, AGENT_ID_SIZE = 64 };

struct settings {
	const char *at;    /* where the peer listens: a unix socket's path; of PostgreSQL its connection string */
	const char *names; /* followupd: a file with a line "name token" for each agent */
	const char *said;  /* followupd: the JSON of DONE; NULL: none */
};

struct agent {
	const struct settings *settings;
	unsigned number;
	int fd;
	uint64_t asked_at; /* monotonic nanoseconds */
	uint64_t wake_at;  /* when he asks again; 0: he is waiting for an answer, or has run dry */
	enum { AGENT_NEXT, AGENT_DONE, AGENT_DRY } step;
	char id[AGENT_ID_SIZE]; /* of the call that he has */
	size_t length;          /* of what has come of an answer */
	char *buffer;
	void *own; /* the peer's */
};

enum heard { HEARD_MORE /* of the answer is to come */, HEARD_CALL, HEARD_NOTHING /* waits */, HEARD_DONE };

/* One kind of peer. Whatever goes wrong ends the program with a message. */
struct peer {
	const char *name;
	const char *summary;
	/* Connects and signs in, waiting for it; sets fd. */
	void (*join)(struct agent *agent);
	void (*ask_next)(struct agent *agent);
	void (*ask_done)(struct agent *agent);
	/* Something came. */
	enum heard (*hear)(struct agent *agent);
};

extern const struct peer peer_followupd, peer_bare, peer_redis_sorted, peer_redis_list, peer_ping, peer_beanstalkd, peer_postgresql;

_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The unix socket's end. */
int join_unix(const char *path);
void send_all(const struct agent *agent, const char *data, size_t length);
/* Appends to the buffer what has come; waits for something when the socket does. */
void receive(struct agent *agent);

#endif
