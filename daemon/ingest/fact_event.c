/* fact_event.c - an event's fields in, a checked fact out (POLICY 10). */
#include <stdio.h>
#include <string.h>

#include "fact_internal.h"
#include "followup/money.h"
#include "followup/zone.h"

enum event_column {
	EVENT_REF_COLUMN,
	EVENT_CLIENT_COLUMN,
	EVENT_KIND_COLUMN,
	EVENT_OCCURRED_COLUMN,
	EVENT_AMOUNT_COLUMN,
	EVENT_DETAIL_COLUMN,
	EVENT_AS_OF_COLUMN,
	EVENT_COLUMN_COUNT
};

static const char *const event_columns[EVENT_COLUMN_COUNT] = {
	"event_ref", "client_ref", "kind", "occurred_at", "amount", "detail", "as_of"};

static const char *event_column(const struct policy *policy, size_t column)
{
	(void)policy;
	return event_columns[column];
}

static struct columns event_columns_of(const struct policy *policy)
{
	static const uint64_t required =
		UINT64_C(1) << EVENT_REF_COLUMN | UINT64_C(1) << EVENT_KIND_COLUMN | UINT64_C(1) << EVENT_OCCURRED_COLUMN;

	return (struct columns){event_column, policy, EVENT_COLUMN_COUNT, required, false};
}

int fact_check_event_columns(const struct policy *policy, const char *const *names, size_t count, char reason[FACT_REASON_SIZE])
{
	struct columns columns = event_columns_of(policy);

	return fact_check_columns(&columns, names, count, reason);
}

/* A kind that speaks of one client: those that move an account, and those that a rule fires or stops on. Without a client they would be lost in silence. */
static bool kind_needs_client(const struct policy *policy, const char *kind)
{
	if (strncmp(kind, "account_", strlen("account_")) == 0 || strcmp(kind, "trade") == 0 || strcmp(kind, "asset_outflow") == 0)
		return true;
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		if (text_list_has(&rule->stops_on, kind))
			return true;
		if ((rule->trigger == TRIGGER_EVENT || rule->trigger == TRIGGER_OUTFLOW) && text_list_has(&rule->events, kind))
			return true;
	}
	return false;
}

static int check_kind(const struct policy *policy, const struct event_fact *event, char reason[FACT_REASON_SIZE])
{
	char shown[SHOWN_SIZE];
	bool is_void = strcmp(event->kind, "void") == 0;

	if (!is_void && !text_list_has(&policy->event_kinds, event->kind))
		return fact_refuse(reason, "kind: %s is not among the event kinds of the configuration", fact_show(event->kind, shown));
	if (event->client_ref[0] == '\0' && kind_needs_client(policy, event->kind))
		return fact_refuse(reason, "client_ref: empty, but required for %s", fact_show(event->kind, shown));
	if (strcmp(event->kind, "asset_outflow") == 0) {
		if (!event->has_amount)
			return fact_refuse(reason, "amount: empty, but required for asset_outflow");
		if (event->amount < 0)
			return fact_refuse(reason, "amount: below 0, but an asset_outflow is counted as it leaves");
	}
	if (strcmp(event->kind, "manager_departed") == 0 && event->detail[0] == '\0')
		return fact_refuse(reason, "detail: empty, but manager_departed needs the manager there");
	const struct fact_field detail = {"detail", event->detail, strlen(event->detail)};
	if (strcmp(event->kind, "manager_departed") == 0 && detail.length > REFERENCE_MAX)
		return fact_refuse(reason, "detail: longer than a manager can be");
	if ((is_void || strcmp(event->kind, "manager_departed") == 0) && fact_check_not_blank("detail", &detail, reason) < 0)
		return ERR_INVALID;
	if (is_void) {
		if (event->detail[0] == '\0')
			return fact_refuse(reason, "detail: empty, but void needs the event_ref that it withdraws there");
		if (strlen(event->detail) > REFERENCE_MAX)
			return fact_refuse(reason, "detail: longer than an event_ref can be");
		if (strcmp(event->detail, event->event_ref) == 0)
			return fact_refuse(reason, "detail: an event cannot withdraw itself");
	}
	return 0;
}

int fact_event(
	const struct policy *policy, const struct fact_field *fields, size_t count, struct event_fact *out, char reason[FACT_REASON_SIZE])
{
	const struct fact_field *columns[EVENT_COLUMN_COUNT];
	struct event_fact event = {.client_ref = "", .detail = ""};

	const struct columns known = event_columns_of(policy);

	int result = fact_sort_fields(&known, fields, count, columns, reason);
	if (result < 0)
		return result;
	static const enum event_column references[] = {EVENT_REF_COLUMN, EVENT_CLIENT_COLUMN, EVENT_KIND_COLUMN};
	for (size_t i = 0; i < sizeof references / sizeof references[0]; i++) {
		if (columns[references[i]] == NULL)
			continue;
		result = fact_check_reference(event_columns[references[i]], columns[references[i]], reason);
		if (result < 0)
			return result;
	}
	event.event_ref = columns[EVENT_REF_COLUMN]->value;
	event.kind = columns[EVENT_KIND_COLUMN]->value;
	if (columns[EVENT_CLIENT_COLUMN] != NULL)
		event.client_ref = columns[EVENT_CLIENT_COLUMN]->value;
	if (columns[EVENT_DETAIL_COLUMN] != NULL)
		event.detail = columns[EVENT_DETAIL_COLUMN]->value;

	result = fact_parse_time("occurred_at", columns[EVENT_OCCURRED_COLUMN], &event.occurred_at, reason);
	if (result < 0)
		return result;
	const struct fact_field *amount = columns[EVENT_AMOUNT_COLUMN];
	if (amount != NULL && amount->length > 0) {
		char shown[SHOWN_SIZE];
		if (!money_parse(amount->value, amount->length, &event.amount))
			return fact_refuse(reason, "amount: no amount: %s (digits and a point are wanted, at most four behind it)",
				fact_show(amount->value, shown));
		event.has_amount = true;
	}
	if (columns[EVENT_AS_OF_COLUMN] != NULL && columns[EVENT_AS_OF_COLUMN]->length > 0) {
		result = fact_parse_time("as_of", columns[EVENT_AS_OF_COLUMN], &event.as_of, reason);
		if (result < 0)
			return result;
		event.has_as_of = true;
	}
	result = check_kind(policy, &event, reason);
	if (result < 0)
		return result;
	*out = event;
	return 0;
}
