/* promise.c - promises as occasions: each is kept on its day, by the agent who made it if he is there (POLICY 7). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/opening.h"
#include "followup/store_agent.h"
#include "followup/store_name.h"
#include "followup/store_promise.h"
#include "occasion_internal.h"

static const char key_beginning[] = "promise/";

static void promise_occasion(const struct engine *engine, const struct rule *rule, const struct promise *promise, struct occasion *out)
{
	snprintf(out->key, sizeof(out->key), "%s%" PRId64, key_beginning, promise->id);
	occasion_place(engine, rule, out, promise->by, rule->priority);
}

/* The promise that an occasion stands for; ERR_NOT_FOUND. */
static int promise_of_occasion(struct engine *engine, const char *occasion, struct promise *out)
{
	size_t length = sizeof(key_beginning) - 1;

	if (strncmp(occasion, key_beginning, length) != 0)
		return ERR_NOT_FOUND;
	return store_promise_load(engine->store, strtoll(occasion + length, NULL, 10), out);
}

int each_promise(struct engine *engine, const struct facts *facts, const struct visitor *visitor)
{
	struct promise promise = {.id = 0};
	int result;

	if (!facts->client.has_promises)
		return 0;
	while ((result = store_promise_next(engine->store, facts->client.id, promise.id, &promise)) > 0) {
		struct occasion occasion;
		promise_occasion(engine, visitor->rule, &promise, &occasion);
		result = occasion_offer(visitor, &occasion);
		if (result < 0)
			return result;
	}
	return result;
}

int again_promise(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct followup *followup,
	struct occasion *out, int64_t *reason)
{
	struct promise promise;
	int result = promise_of_occasion(engine, followup->occasion, &promise);

	*reason = engine->reasons[REASON_NOT_APPLICABLE];
	if (result == ERR_NOT_FOUND || (result == 0 && promise.client_id != facts->client.id))
		return 0;
	if (result < 0)
		return result;
	promise_occasion(engine, rule, &promise, out);
	return 1;
}

int promise_followed(struct engine *engine, const struct followup *followup)
{
	struct promise promise;
	int result = promise_of_occasion(engine, followup->occasion, &promise);

	return result < 0 ? result : store_promise_followed(engine->store, promise.id, followup->id);
}

/* Whether he may be handed the call: he serves its queue, and no matter on it recuses him. 1 or 0. */
static int may_keep(struct engine *engine, const struct followup_list *agenda, const struct agent *agent, const char *queue)
{
	struct client client;

	if (!agent_serves(agent, queue))
		return 0;
	for (int i = 0; i < agenda->count; i++) {
		const struct rule *rule = agenda_rule(engine, &agenda->items[i]);
		int result = store_client_load(engine->store, agenda->items[i].client_id, &client);
		if (result == 0 && rule != NULL)
			result = agent_is_recused(engine, &client, rule, agent);
		if (result != 0)
			return result < 0 ? result : 0;
	}
	return 1;
}

/* From when the call may be made: the foremost rule's own hours or the queue's, after whatever it rests for. */
static int64_t first_calling_moment(
	const struct engine *engine, const struct call *call, const struct rule *foremost, const char *queue, struct moment now)
{
	struct moment from = zone_moment(call->not_before > now.unix_seconds ? call->not_before : now.unix_seconds);

	if (foremost != NULL && foremost->has_hours)
		return opening_of_hours(&foremost->hours, engine->policy->calendar, from);
	return opening_of_queue(engine->policy, queue, from);
}

int promise_appoint(struct engine *engine, const struct followup *followup, struct moment now)
{
	struct followup_list agenda = {NULL, 0, 0};
	struct promise promise;
	struct agent agent;
	struct call call = {0};
	char queue[160];

	int result = promise_of_occasion(engine, followup->occasion, &promise);
	if (result == 0)
		result = store_call_load(engine->store, followup->call_id, &call);
	if (result < 0 || call.bulk || call.state >= CALL_LEASED || call.appointed_at != 0)
		return result;
	result = promise.agent_id != 0 ? store_agent_load(engine->store, promise.agent_id, &agent) : 0;
	if (result <= 0)
		return result;
	snprintf(queue, sizeof(queue), "%s", store_name_text(engine->store, call.queue));
	result = agenda_load(engine, call.id, &agenda);
	if (result == 0)
		result = may_keep(engine, &agenda, &agent, queue);
	int64_t at = result > 0 ? first_calling_moment(engine, &call, agenda_rule(engine, &agenda.items[0]), queue, now) : INT64_MAX;
	followup_list_free(&agenda);
	if (result < 0 || at == INT64_MAX)
		return result < 0 ? result : 0;
	call.owner_id = agent.id;
	call.appointed_for = followup->id;
	call.appointed_at = at;
	call.due_now = CALL_APPOINTED;
	return store_call_save(engine->store, &call);
}
