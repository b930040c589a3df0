/* presence.c - who is at his desk: BREAK, READY, and what AGENT.LIST says of it. A break belongs to the agent and not to a connection: it stands in the store,
 * through lost connections and restarts, until he says READY. */
#include <string.h>

#include "followup/json_text.h"
#include "internal.h"

/* The one who asks, as the table has him. */
static int load_agent(struct desk *desk, const struct identity *who, struct agent *agent, struct answer *answer)
{
	int result = who->agent_id != 0 ? store_agent_load(desk->store, who->agent_id, agent) : 0;

	if (result < 0)
		return refuse_store(desk, answer, result);
	return result > 0 ? 0 : refuse(answer, ERR_RIGHTS, "only an agent has breaks: sign in with AUTH name token");
}

static int refuse_code(const struct desk *desk, const char *code, struct answer *answer)
{
	const struct text_list *known = &desk->policy->break_codes;
	struct buffer names = {0};

	for (size_t i = 0; i < known->count; i++)
		buffer_printf(&names, "%s%s", i > 0 ? ", " : "", known->items[i]);
	if (known->count == 0)
		refuse(answer, ERR_INVALID, "the configuration names no break_codes");
	else
		refuse(answer, ERR_INVALID, "no such break: %.64s; there are: %s", code, names.data != NULL ? names.data : "");
	buffer_free(&names);
	return ERR_INVALID;
}

/* The phone calls that an agent holds: a list of numbers. */
static int add_calls(struct desk *desk, int64_t agent_id, struct buffer *out)
{
	enum { HELD_MAX = 128 };
	struct call held[HELD_MAX];
	int count = store_call_of_agent(desk->store, agent_id, held, HELD_MAX), calls = 0;

	buffer_text(out, ",\"calls\":[");
	for (int i = 0; i < count && i < HELD_MAX; i++)
		if (!held[i].bulk)
			buffer_printf(out, "%s%lld", calls++ > 0 ? "," : "", (long long)held[i].id);
	buffer_text(out, "]");
	return count < 0 ? count : calls;
}

static int add_break(struct desk *desk, const struct agent *agent, struct buffer *out)
{
	char since[32];

	buffer_text(out, "{\"agent\":");
	json_text_append(out, agent->name);
	buffer_text(out, ",\"state\":\"break\",\"break\":");
	json_text_append(out, agent->break_code);
	buffer_printf(out, ",\"since\":\"%s\"", local_time_text(agent->break_since, since));
	int result = add_calls(desk, agent->id, out);
	buffer_text(out, "}");
	return result < 0 ? result : out->failed ? ERR_MEMORY : 0;
}

int desk_break(struct desk *desk, const struct identity *who, const char *code, struct moment now, struct answer *answer)
{
	struct agent agent;

	int result = load_agent(desk, who, &agent, answer);
	if (result < 0)
		return result;
	if (!text_list_has(&desk->policy->break_codes, code))
		return refuse_code(desk, code, answer);
	if (strcmp(agent.break_code, code) != 0) { /* the same again is a retry: he is away since the first */
		memcpy(agent.break_code, code, strlen(code) + 1);
		agent.break_since = now.unix_seconds;
		result = store_agent_set_break(desk->store, agent.id, code, now.unix_seconds);
		const char *const said[] = {"break", code};
		if (result == 0)
			result = acted(desk, RECORD_BREAK, 0, said, 2);
	}
	if (result == 0)
		result = add_break(desk, &agent, &answer->json);
	desk->changes++; /* his own NEXT WAIT on another connection hears of it */
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}

int desk_ready(struct desk *desk, const struct identity *who, struct moment now, struct answer *answer)
{
	struct agent agent;
	char since[32];

	int result = load_agent(desk, who, &agent, answer);
	if (result < 0)
		return result;
	buffer_text(&answer->json, "{\"agent\":");
	json_text_append(&answer->json, agent.name);
	buffer_text(&answer->json, ",\"state\":\"ready\"");
	if (agent.break_code[0] != '\0') {
		int64_t seconds = now.unix_seconds > agent.break_since ? now.unix_seconds - agent.break_since : 0;
		buffer_text(&answer->json, ",\"break\":");
		json_text_append(&answer->json, agent.break_code);
		buffer_printf(&answer->json, ",\"since\":\"%s\",\"minutes\":%lld", local_time_text(agent.break_since, since),
			(long long)((seconds + 30) / 60));
		result = store_agent_set_break(desk->store, agent.id, NULL, 0);
		const char *const said[] = {"break", agent.break_code, "since", since};
		if (result == 0)
			result = acted(desk, RECORD_READY, 0, said, 4);
	}
	buffer_text(&answer->json, "}");
	desk->changes++;
	if (result == 0 && answer->json.failed)
		result = ERR_MEMORY;
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}

int refuse_on_break(const struct agent *agent, struct answer *answer)
{
	char since[32];

	return refuse(answer, ERR_INVALID, "%s is on a break (%s) since %s: READY ends it", agent->name, agent->break_code,
		local_time_text(agent->break_since, since));
}

int add_presence(struct desk *desk, const struct agent *agent, struct buffer *out)
{
	char since[32];

	if ((agent->roles & ROLE_AGENT) == 0) {
		buffer_text(out, ",\"state\":null,\"break\":null,\"since\":null,\"calls\":[]");
		return 0;
	}
	bool away = agent->break_code[0] != '\0';
	buffer_printf(out, ",\"state\":\"%s\",\"break\":", away ? "break" : "ready");
	json_text_append(out, away ? agent->break_code : NULL);
	buffer_text(out, ",\"since\":");
	json_text_append(out, away ? local_time_text(agent->break_since, since) : NULL);
	int calls = add_calls(desk, agent->id, out);
	return calls < 0 ? calls : 0;
}
