/* Facts in JSON, as CLIENT.PUT and EVENT.PUT bring them, and as rows of a file, which come to the same: a fact or a reason, never neither; what was taken is
 * canonical, so that it is taken again unchanged. */
#include "fuzz_policy.h"

#include "followup/csv.h"
#include "followup/fact.h"
#include "followup/json.h"
#include "followup/money.h"

enum { FIELDS_MAX = 64 };

struct members {
	struct fact_field fields[FIELDS_MAX];
	char *names[FIELDS_MAX], *values[FIELDS_MAX];
	const char *columns[FIELDS_MAX];
	size_t count;
};

static int take_member(void *context, const struct json_value *value)
{
	struct members *members = context;

	if (value->type == JSON_ARRAY || value->type == JSON_OBJECT || value->key == NULL || members->count == FIELDS_MAX)
		return ERR_INVALID;
	FUZZ_CHECK((value->text == NULL) == (value->type == JSON_NULL));
	FUZZ_CHECK(value->text == NULL || strlen(value->text) == value->length);
	char *name = fuzz_text((const uint8_t *)value->key, strlen(value->key));
	char *text = fuzz_text((const uint8_t *)(value->text != NULL ? value->text : ""), value->length);
	members->names[members->count] = name;
	members->values[members->count] = text;
	members->columns[members->count] = name;
	members->fields[members->count++] = (struct fact_field){name, text, strlen(text)};
	return 0;
}

static void check_refusal(int result, const char *reason)
{
	FUZZ_CHECK(result == ERR_INVALID);
	FUZZ_CHECK(reason[0] != '\0' && strlen(reason) < FACT_REASON_SIZE);
	/* It goes to the peer, and into the log and the rejects file. */
	for (const char *at = reason; *at != '\0'; at++)
		FUZZ_CHECK((unsigned char)*at >= 0x20 && *at != 0x7F);
}

static void check_value(const char *text)
{
	size_t length = strlen(text);

	FUZZ_CHECK(length <= FACT_TEXT_MAX && csv_is_utf8(text, length));
	for (size_t i = 0; i < length; i++)
		FUZZ_CHECK((unsigned char)text[i] >= 0x20 && text[i] != 0x7F);
}

static void check_client(const struct policy *policy, const struct client_fact *fact)
{
	struct fact_field fields[FIELDS_MAX];
	struct client_fact again;
	char reason[FACT_REASON_SIZE] = "";
	size_t count = 0;

	fields[count++] = (struct fact_field){"client_ref", fact->client_ref, strlen(fact->client_ref)};
	for (size_t i = 0; i < CLIENT_FIELD_COUNT; i++) {
		FUZZ_CHECK(fact->present[i] == (fact->values[i] != NULL));
		if (!fact->present[i])
			continue;
		check_value(fact->values[i]);
		fields[count++] = (struct fact_field){client_field_names[i], fact->values[i], strlen(fact->values[i])};
	}
	for (size_t i = 0; i < fact->declared_count; i++) {
		check_value(fact->declared[i].text);
		fields[count++] = (struct fact_field){fact->declared[i].name, fact->declared[i].text, strlen(fact->declared[i].text)};
	}
	FUZZ_CHECK(fact_client(policy, fields, count, &again, reason) == 0);
	for (size_t i = 0; i < CLIENT_FIELD_COUNT; i++) {
		FUZZ_CHECK(again.present[i] == fact->present[i]);
		FUZZ_CHECK(!fact->present[i] || strcmp(again.values[i], fact->values[i]) == 0);
	}
	FUZZ_CHECK(again.declared_count == fact->declared_count);
	for (size_t i = 0; i < fact->declared_count; i++)
		FUZZ_CHECK(strcmp(again.declared[i].text, fact->declared[i].text) == 0);
}

static void check_event(const struct event_fact *event)
{
	char amount[32];
	money_t again;

	check_value(event->event_ref);
	check_value(event->client_ref);
	check_value(event->kind);
	check_value(event->detail);
	FUZZ_CHECK(event->event_ref[0] != '\0' && event->kind[0] != '\0');
	if (event->has_amount) {
		money_format(event->amount, amount);
		FUZZ_CHECK(money_parse(amount, strlen(amount), &again) && again == event->amount);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct json *json;
	const struct policy *policy = fuzz_policy();
	struct members members = {.count = 0};
	struct client_fact client;
	struct event_fact event;
	char reason[FACT_REASON_SIZE] = "";
	char *document = fuzz_text(bytes, length);

	if (json == NULL)
		json = fuzz_need(json_new());
	int result = json_each(json, document, length, "$", take_member, &members);
	free(document); /* nothing may point into it any more */
	if (result == 0) {
		int columns = fact_check_client_columns(policy, members.columns, members.count, reason);
		result = fact_client(policy, members.fields, members.count, &client, reason);
		if (result == 0)
			check_client(policy, &client);
		else
			check_refusal(result, reason);
		/* The header of a file promises no more and no less than each of its rows is held to. */
		FUZZ_CHECK(result < 0 || columns == 0);

		columns = fact_check_event_columns(policy, members.columns, members.count, reason);
		result = fact_event(policy, members.fields, members.count, &event, reason);
		if (result == 0)
			check_event(&event);
		else
			check_refusal(result, reason);
		FUZZ_CHECK(result < 0 || columns == 0);
	} else {
		FUZZ_CHECK(result == ERR_SYNTAX || result == ERR_NOT_FOUND || result == ERR_INVALID);
	}
	for (size_t i = 0; i < members.count; i++) {
		free(members.names[i]);
		free(members.values[i]);
	}
	return 0;
}
