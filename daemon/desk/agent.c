/* agent.c - who may ask: agents, their roles, queues and tokens. */
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "followup/json_text.h"
#include "followup/sha256.h"
#include "followup/text.h"
#include "internal.h"

enum { TOKEN_BYTES = 32 };

bool is_plain_name(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length >= AGENT_TEXT_SIZE)
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)name[i] <= ' ' || strchr(",\"\\{}", name[i]) != NULL || name[i] == 0x7f)
			return false;
	return text_is_seen(name, length); /* whoever answers for something by his name must not pass for somebody else */
}

/* A role that is no right, only something that rules exclude ("marketing"). */
static bool is_label(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (text_list_has(&policy->rules[i].exclude_roles, name))
			return true;
	return false;
}

static int parse_roles(const struct desk *desk, const char *text, struct agent *agent, struct answer *answer)
{
	char name[AGENT_TEXT_SIZE];

	for (const char *at = text; *at != '\0';) {
		size_t length = strcspn(at, ",");
		if (length == 0 || length >= sizeof(name))
			return refuse(answer, ERR_INVALID, "roles are names separated by commas");
		memcpy(name, at, length);
		name[length] = '\0';
		unsigned role = role_parse(name);
		if (role == 0 && !is_label(desk->policy, name))
			return refuse(answer, ERR_INVALID,
				"no such role: %s (agent, gateway, feeder, supervisor, reviewer, auditor, operator, or one that a rule "
				"excludes)",
				name);
		agent->roles |= role;
		if (role == 0) {
			size_t used = strlen(agent->labels);
			if (used + length + 2 > sizeof(agent->labels))
				return refuse(answer, ERR_LIMIT, "too many roles");
			snprintf(agent->labels + used, sizeof(agent->labels) - used, "%s%s", used > 0 ? "," : "", name);
		}
		at += length + (at[length] == ',');
	}
	return agent->roles != 0 ? 0 : refuse(answer, ERR_INVALID, "an agent needs a role that may do something");
}

/* Whether calls can ever wait there: a name or pattern of the configuration, one below manager/ or branch/, a channel of messages. */
bool queue_is_known(const struct policy *policy, const char *name)
{
	if (policy_channel(policy, name) >= 0 || strcmp(name, policy->fallback_queue) == 0 || strcmp(name, "*") == 0)
		return true;
	if (strncmp(name, "manager/", 8) == 0 || strncmp(name, "branch/", 7) == 0)
		return true;
	for (size_t i = 0; i < policy->queue_count; i++)
		if (strcmp(policy->queues[i].pattern, "*") != 0 &&
			(queue_fits(policy->queues[i].pattern, name) || strcmp(policy->queues[i].pattern, name) == 0))
			return true;
	for (size_t i = 0; i < policy->rule_count; i++)
		if (strcmp(policy->rules[i].queue, name) == 0)
			return true;
	return false;
}

bool desk_knows_queue(const struct desk *desk, const char *queue)
{
	return queue_is_known(desk->policy, queue);
}

static int parse_queues(const struct policy *policy, const char *const *queues, size_t count, struct agent *agent, struct answer *answer)
{
	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(agent->queues), length = strlen(queues[i]);
		if (!is_plain_name(queues[i]))
			return refuse(answer, ERR_INVALID, "not a queue's name: %zu bytes, or a character that names do not have", length);
		if (!queue_is_known(policy, queues[i]))
			return refuse(answer, ERR_INVALID, "no rule puts calls on a queue %s, and no section of the configuration names it",
				queues[i]);
		if (used + length + 2 > sizeof(agent->queues))
			return refuse(answer, ERR_LIMIT, "too many queues");
		snprintf(agent->queues + used, sizeof(agent->queues) - used, "%s\n", queues[i]);
	}
	if (count == 0 && (agent->roles & (ROLE_AGENT | ROLE_GATEWAY)) != 0)
		return refuse(answer, ERR_INVALID, "an agent or gateway needs queues: AGENT.ADD name roles QUEUES queue ...");
	return 0;
}

int desk_agent_add(
	struct desk *desk, const char *name, const char *roles, const char *const *queues, size_t queue_count, struct answer *answer)
{
	struct agent agent = {0};
	unsigned char token[TOKEN_BYTES];
	char text[TOKEN_BYTES * 2 + 1];

	if (!is_plain_name(name) || strcmp(name, "operator") == 0)
		return refuse(answer, ERR_INVALID,
			"a name has 1 to %d bytes, no spaces, commas, quotes, braces or marks that nobody sees, and is not \"operator\"",
			AGENT_TEXT_SIZE - 1);
	snprintf(agent.name, sizeof(agent.name), "%s", name);
	int result = parse_roles(desk, roles, &agent, answer);
	if (result == 0)
		result = parse_queues(desk->policy, queues, queue_count, &agent, answer);
	if (result < 0)
		return result;
	if (RAND_bytes(token, sizeof(token)) != 1)
		return refuse(answer, ERR_SYSTEM, "the system has no randomness to give");
	for (size_t i = 0; i < sizeof(token); i++)
		snprintf(text + i * 2, 3, "%02x", token[i]);
	sha256(text, TOKEN_BYTES * 2, agent.token_hash);
	result = store_agent_save(desk->store, &agent);
	if (result == 0) {
		const char *const said[] = {"agent", name, "roles", roles, "queues", agent.queues};
		result = acted(desk, RECORD_AGENT_ADDED, 0, said, 6);
		if (result == 0)
			result = agenda_agents_changed(desk->engine);
	}
	if (result < 0)
		return refuse_store(desk, answer, result);
	buffer_text(&answer->json, "{\"agent\":");
	json_text_append(&answer->json, name);
	buffer_printf(&answer->json, ",\"token\":\"%s\"}", text);
	OPENSSL_cleanse(token, sizeof(token));
	OPENSSL_cleanse(text, sizeof(text));
	return answer->json.failed ? ERR_MEMORY : 0;
}

int desk_agent_delete(struct desk *desk, const char *name, struct answer *answer)
{
	struct agent agent;
	enum { HELD_MAX = 64 };
	struct call held[HELD_MAX];

	int found = store_agent_find(desk->store, name, &agent);
	if (found < 0)
		return refuse_store(desk, answer, found);
	if (found == 0)
		return refuse(answer, ERR_NOT_FOUND, "there is no agent of that name");
	int count = store_call_of_agent(desk->store, agent.id, held, HELD_MAX), leased = 0;
	if (count < 0)
		return refuse_store(desk, answer, count);
	for (int i = 0; i < count && i < HELD_MAX; i++)
		leased += held[i].state == CALL_LEASED;
	if (leased > 0)
		return refuse(
			answer, ERR_BUSY, "%s holds %d call%s; delete him when they have ended", name, leased, leased == 1 ? "" : "s");
	int deleted = store_call_disown(desk->store, agent.id);
	if (deleted == 0)
		deleted = store_agent_delete(desk->store, name);
	desk->changes++;
	if (deleted < 0)
		return refuse_store(desk, answer, deleted);
	const char *const said[] = {"agent", name};
	deleted = acted(desk, RECORD_AGENT_DELETED, 0, said, 2);
	if (deleted == 0)
		deleted = agenda_agents_changed(desk->engine);
	if (deleted < 0)
		return refuse_store(desk, answer, deleted);
	buffer_text(&answer->json, "{\"deleted\":");
	json_text_append(&answer->json, name);
	buffer_text(&answer->json, "}");
	return answer->json.failed ? ERR_MEMORY : 0;
}

struct listing {
	struct desk *desk;
	struct buffer *out;
};

static int list_one(void *context, const struct agent *agent)
{
	struct listing *listing = context;
	struct buffer *out = listing->out;
	bool first = true;

	buffer_text(out, out->length > 1 ? ",{\"agent\":" : "{\"agent\":");
	json_text_append(out, agent->name);
	buffer_text(out, ",\"roles\":\"");
	for (unsigned role = 1; role <= ROLE_OPERATOR; role <<= 1)
		if ((agent->roles & role) != 0) {
			buffer_printf(out, "%s%s", first ? "" : ",", role_name(role));
			first = false;
		}
	buffer_printf(out, "%s%s\",\"queues\":\"", agent->labels[0] != '\0' ? "," : "", agent->labels);
	for (const char *at = agent->queues; *at != '\0';) {
		size_t length = strcspn(at, "\n");
		buffer_append(out, at, length);
		at += length + (at[length] == '\n');
		buffer_text(out, *at != '\0' ? " " : "");
	}
	buffer_text(out, "\"");
	int result = add_presence(listing->desk, agent, out);
	buffer_text(out, "}");
	return result < 0 ? result : out->failed ? ERR_MEMORY : 0;
}

int desk_agent_list(struct desk *desk, struct answer *answer)
{
	struct listing listing = {desk, &answer->json};

	buffer_text(&answer->json, "[");
	int result = store_agent_each(desk->store, list_one, &listing);
	buffer_text(&answer->json, "]");
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}

static void become(const struct agent *agent, struct identity *out)
{
	*out = (struct identity){.agent_id = agent->id, .roles = agent->roles};
	snprintf(out->name, sizeof(out->name), "%s", agent->name);
}

int desk_authenticate(struct desk *desk, const char *name, const char *token, struct identity *out)
{
	struct agent agent = {0};
	unsigned char hash[TOKEN_HASH_SIZE];

	/* An unknown name takes the same way and the same time as a wrong token: a row is read, hashed against and compared, be it another's. */
	int found = store_agent_find_evenly(desk->store, name, &agent);
	if (found < 0)
		return found;
	sha256(token, strlen(token), hash);
	int differs = CRYPTO_memcmp(hash, agent.token_hash, sizeof(hash));
	if (found == 0 || differs != 0)
		return ERR_RIGHTS;
	become(&agent, out);
	return 0;
}

int desk_identify(struct desk *desk, const char *name, struct identity *out)
{
	struct agent agent;
	int found = store_agent_find(desk->store, name, &agent);

	if (found <= 0)
		return found < 0 ? found : ERR_NOT_FOUND;
	become(&agent, out);
	return 0;
}
