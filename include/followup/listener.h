/* listener.h - the sockets on which the daemon waits for connections. */
#ifndef FOLLOWUP_LISTENER_H
#define FOLLOWUP_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "followup/error.h"
#include "followup/policy.h"

struct evconnlistener;
struct server;

enum { LISTENERS_MAX = 64 };

struct listener_socket {
	int fd;
	bool is_unix;
	bool inherited;
	bool is_tls;
	char address[128];             /* "unix:/path", "127.0.0.1:7379" with the port that was really chosen */
	char *path;                    /* of a unix socket made here: removed at the end */
	struct evconnlistener *events; /* set and freed by the server */
	struct server *server;         /* set by the server */
};

struct listener_set {
	struct listener_socket items[LISTENERS_MAX];
	size_t count;
};

/* Opens what the policy names, and takes over the inherited sockets from NOTIFY_FIRST_FD on; an inherited one replaces the configured one of the same address. A unix socket's
 * file is removed only after a failed connect has shown that nobody serves it. A TCP address off loopback is refused unless it begins with "tls:": it would send tokens in the clear. On failure
 * nothing stays open and why says what to do. */
int listener_open(struct listener_set *set, const struct policy *policy, int inherited, char why[256]) MUST_CHECK;
void listener_close(struct listener_set *set);

#endif
