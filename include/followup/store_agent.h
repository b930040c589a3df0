/* store_agent.h - agents: who may ask, and for what. */
#ifndef FOLLOWUP_STORE_AGENT_H
#define FOLLOWUP_STORE_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "followup/buffer.h"
#include "followup/error.h"

struct store;

enum { AGENT_TEXT_SIZE = 65, AGENT_LABELS_SIZE = 256, AGENT_QUEUES_SIZE = 8192, TOKEN_HASH_SIZE = 32 };

struct agent {
	int64_t id;
	char name[AGENT_TEXT_SIZE];
	unsigned roles;                            /* enum role bits (role.h) */
	char labels[AGENT_LABELS_SIZE];            /* further roles that rules may exclude, separated by commas */
	char break_code[AGENT_TEXT_SIZE];          /* what he is away for; "" he is not */
	int64_t break_since;                       /* unix seconds */
	unsigned char token_hash[TOKEN_HASH_SIZE]; /* SHA-256 */
	char queues[AGENT_QUEUES_SIZE];            /* one pattern a line, each ending in LF */
};

/* Whether a role that rules exclude stands among his labels. */
bool agent_has_label(const struct agent *agent, const char *label);
/* Recusal: whether a lane's text names him or a role of his. */
bool agent_is_excluded(const struct agent *agent, const char *lane);

/* Whether a queue's name fits a pattern: the same, or what stands before the pattern's star. */
bool queue_fits(const char *pattern, const char *queue);
/* Whether one of his patterns covers a queue. */
bool agent_serves(const struct agent *agent, const char *queue);

/* By name: inserts or replaces; his break goes on. */
int store_agent_save(struct store *store, const struct agent *agent) MUST_CHECK;
/* code NULL: he is back. */
int store_agent_set_break(struct store *store, int64_t id, const char *code, int64_t since) MUST_CHECK;
int store_agent_find(struct store *store, const char *name, struct agent *out) MUST_CHECK; /* 1 or 0 */
/* The same at the same cost for every name, so that the time tells nobody which there are: of an unknown one (0) somebody else's row is read, and left in out. */
int store_agent_find_evenly(struct store *store, const char *name, struct agent *out) MUST_CHECK;
int store_agent_load(struct store *store, int64_t id, struct agent *out) MUST_CHECK; /* 1 or 0 */
int store_agent_delete(struct store *store, const char *name) MUST_CHECK;            /* rows */
/* Visits every agent by name, until a visit answers other than 0: that is the result, else 0. */
typedef int agent_visit(void *context, const struct agent *agent);
int store_agent_each(struct store *store, agent_visit *visit, void *context) MUST_CHECK;

#endif
