/* A rule's `where`: what is taken compiles in the store and can be asked of a client; what is not has a reason. */
#include "fuzz_policy.h"

#include "followup/condition.h"
#include "followup/fact.h"
#include "followup/store.h"
#include "followup/store_client.h"
#include "followup/store_condition.h"
#include "followup/store_event.h"

static struct store *store;
static int64_t client;

static void open_book(const struct policy *policy)
{
	static const struct fact_field row[] = {{"client_ref", "C1", 2}, {"name", "A", 1}, {"tier", "gold", 4}, {"assets", "100", 3}};
	static const struct fact_field trade[] = {{"event_ref", "E1", 2}, {"client_ref", "C1", 2}, {"kind", "trade", 5},
		{"occurred_at", "2025-03-03", 10}, {"amount", "5", 1}};
	char message[256], reason[FACT_REASON_SIZE];
	struct client_fact fact;
	struct event_fact event;
	struct event_change change;

	if (store_open(":memory:", &store, message) < 0 || store_begin(store, 0) < 0 || fact_client(policy, row, 4, &fact, reason) < 0 ||
		store_client_put(store, &fact, 0, &client) < 0 || fact_event(policy, trade, 5, &event, reason) < 0 ||
		store_event_put(store, &event, &change) < 0)
		abort();
}

/* Nothing of the text but operators and numbers of literals stands in what the store is given. */
static void check_sql(const struct condition *condition)
{
	int depth = 0;

	FUZZ_CHECK(condition->literal_count > 0 && condition->literal_count <= CONDITION_LITERALS_MAX);
	for (const char *at = condition->sql; *at != '\0'; at++) {
		FUZZ_CHECK(strchr(";\"`[]#@\\", *at) == NULL);
		FUZZ_CHECK(strncmp(at, "--", 2) != 0 && strncmp(at, "/*", 2) != 0);
		depth += *at == '(' ? 1 : *at == ')' ? -1 : 0;
		FUZZ_CHECK(depth >= 0);
	}
	FUZZ_CHECK(depth == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const struct policy *policy = fuzz_policy();
	struct condition *condition = NULL;
	char reason[CONDITION_REASON_SIZE] = "";
	char *text = fuzz_text(bytes, length);

	if (store == NULL)
		open_book(policy);
	int result = condition_parse(text, policy->declared, policy->declared_count, &condition, reason);
	free(text);
	if (result < 0) {
		FUZZ_CHECK(result == ERR_INVALID && condition == NULL && reason[0] != '\0');
		return 0;
	}
	check_sql(condition);
	int with = store_condition_holds(store, condition, client, "E1", NO_MONEY);
	FUZZ_CHECK(with == 0 || with == 1);
	int without = store_condition_holds(store, condition, client, "", 7 * MONEY_ONE);
	FUZZ_CHECK(without == 0 || without == 1);
	store_condition_forget(store);
	condition_free(condition);
	return 0;
}
