/* store_handover.h - a departed manager's clients handed to a successor (POLICY 6). What the client's own field says stays as the core systems tell it. */
#ifndef FOLLOWUP_STORE_HANDOVER_H
#define FOLLOWUP_STORE_HANDOVER_H

#include <stdint.h>

#include "followup/buffer.h"
#include "followup/error.h"
#include "followup/store_client.h"

struct store;

/* A chain M17 -> M20 -> M30 has at most so many names; whoever makes one sees to it, and that it has no end in itself. */
enum { HANDOVER_CHAIN_MAX = 32 };

int store_handover_set(
	struct store *store, const char *manager, const char *successor, const char *reason, const char *agent, int64_t at) MUST_CHECK;
int store_handover_clear(struct store *store, const char *manager) MUST_CHECK; /* rows */
/* To whom a manager's clients have been handed: 1, or 0 when they are his still. */
int store_handover_get(struct store *store, const char *manager, char successor[CLIENT_TEXT_SIZE]) MUST_CHECK;
/* How many clients a manager has by their own field. */
int store_handover_clients(struct store *store, const char *manager, int64_t *count) MUST_CHECK;
/* How many managers the longest chain that ends in a manager has, himself included: 1 when nobody's clients have been handed to him. */
int store_handover_depth(struct store *store, const char *manager) MUST_CHECK;
/* All of them, an array. */
int store_handover_list(struct store *store, struct buffer *out) MUST_CHECK;

#endif
