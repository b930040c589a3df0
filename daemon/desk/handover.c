/* handover.c - HANDOVER: a departed manager's clients go to a successor, while the core systems still name the departed man (POLICY 6). */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "followup/marking.h"
#include "followup/store_handover.h"
#include "internal.h"

int desk_handovers(struct desk *desk, struct answer *answer)
{
	int result = store_handover_list(desk->store, &answer->json);

	return result < 0 ? refuse_store(desk, answer, result) : 0;
}

/* Where a chain from a successor would lead: not back to the manager, and not too far. */
static int check_chain(struct desk *desk, const char *manager, const char *successor, struct answer *answer)
{
	char name[CLIENT_TEXT_SIZE], next[CLIENT_TEXT_SIZE];
	int before = store_handover_depth(desk->store, manager), found = 1, hops = 0;

	if (before < 0)
		return before;
	snprintf(name, sizeof(name), "%s", successor);
	while (found > 0) {
		if (strcmp(name, manager) == 0)
			return refuse(answer, ERR_INVALID,
				"%s's clients go to %s already, or he is the same: nobody would be left for them", successor, manager);
		if (before + ++hops > HANDOVER_CHAIN_MAX)
			return refuse(answer, ERR_LIMIT, "more than %d managers one after the other", HANDOVER_CHAIN_MAX);
		found = store_handover_get(desk->store, name, next);
		if (found > 0)
			memcpy(name, next, sizeof(name));
	}
	return found;
}

/* Somebody's clients are his: by their own field, or because they have been handed to him. */
static int check_manager(struct desk *desk, const char *manager, struct answer *answer)
{
	int64_t clients = 0;
	int depth = store_handover_depth(desk->store, manager);
	int result = depth < 0 ? depth : store_handover_clients(desk->store, manager, &clients);

	if (result < 0)
		return result;
	return clients > 0 || depth > 1 ? 0 : refuse(answer, ERR_NOT_FOUND, "no client has the manager %.64s", manager);
}

static int hand_over(struct desk *desk, const struct identity *who, const char *manager, const char *successor, const char *reason,
	struct moment now, struct answer *answer)
{
	int result = 0;

	if (!is_plain_name(successor) || strchr(successor, '*') != NULL)
		return refuse(answer, ERR_INVALID, "a successor has a name of 1 to %d bytes, as agents have", AGENT_TEXT_SIZE - 1);
	result = check_manager(desk, manager, answer);
	if (result == 0)
		result = check_chain(desk, manager, successor, answer);
	return result < 0 ? result : store_handover_set(desk->store, manager, successor, reason, who->name, now.unix_seconds);
}

int desk_handover(struct desk *desk, const struct identity *who, const char *manager, const char *successor, const char *reason,
	struct moment now, struct answer *answer)
{
	int result = check_reason(reason, answer);

	if (result < 0)
		return result;
	if (strcasecmp(successor, "none") == 0) {
		result = store_handover_clear(desk->store, manager);
		if (result == 0)
			return refuse(answer, ERR_NOT_FOUND, "the clients of %.64s have been handed to nobody", manager);
	} else {
		result = hand_over(desk, who, manager, successor, reason, now, answer);
	}
	/* Each client is looked at again, of many most in the slices to come: his calls find their queue and who must not make them. */
	if (result >= 0)
		result = marking_begin(desk->engine, MARKING_MANAGER, manager, now);
	const char *const said[] = {
		"manager", manager, "successor", strcasecmp(successor, "none") == 0 ? NULL : successor, "reason", reason};
	if (result >= 0)
		result = acted(desk, RECORD_HANDED_OVER, 0, said, 6);
	if (result >= 0)
		result = store_handover_list(desk->store, &answer->json);
	desk->changes++;
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}
