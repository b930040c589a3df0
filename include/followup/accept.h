/* accept.h - lets connections in, or not: how many there are, from where, and who must have signed in by when is decided at the door. */
#ifndef FOLLOWUP_ACCEPT_H
#define FOLLOWUP_ACCEPT_H

#include <stdint.h>

#include "followup/error.h"

struct server;

/* Which limit turns a connection away, and its name in the configuration. */
enum refusal { REFUSAL_NONE, REFUSAL_CONNECTIONS, REFUSAL_STRANGERS, REFUSAL_SOURCE, REFUSAL_COUNT };
const char *accept_refusal_name(enum refusal refusal);

/* Opens the listeners of the policy, or takes over inherited ones. why: 256 bytes. */
int accept_open(struct server *server, char why[256]) MUST_CHECK;

/* Listens again after a pause for want of descriptors, when it is over. */
void accept_resume(struct server *server, int64_t now_ms);

/* No more connections; the listening sockets are closed. */
void accept_stop(struct server *server);

#endif
