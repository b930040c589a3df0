/* manager.c - who stands for a client's manager: he himself, or at the end of the chain whoever his clients have been handed to (POLICY 6). */
#include <stdio.h>
#include <string.h>

#include "followup/store_handover.h"
#include "internal.h"

int manager_each(struct engine *engine, const char *manager, manager_visit *visit, void *context)
{
	char name[CLIENT_TEXT_SIZE], next[CLIENT_TEXT_SIZE];
	int result = 1;

	snprintf(name, sizeof(name), "%s", manager);
	for (int hop = 0; result > 0 && hop <= HANDOVER_CHAIN_MAX && name[0] != '\0'; hop++) {
		visit(context, name);
		result = store_handover_get(engine->store, name, next);
		if (result > 0)
			memcpy(name, next, sizeof(name));
	}
	return result < 0 ? result : 0;
}

static void keep_last(void *context, const char *name)
{
	snprintf(context, CLIENT_TEXT_SIZE, "%s", name);
}

int agenda_present_manager(struct engine *engine, const char *manager, char out[CLIENT_TEXT_SIZE])
{
	out[0] = '\0';
	return manager_each(engine, manager, keep_last, out);
}
