/* desk.c - the desk's life, and what its files share. */
#include "followup/desk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/fact.h"
#include "followup/json_text.h"
#include "followup/store.h"
#include "followup/store_name.h"
#include "followup/store_view.h"
#include "internal.h"

static const struct {
	const char *name;
	unsigned role;
} roles[] = {
	{"agent", ROLE_AGENT},
	{"gateway", ROLE_GATEWAY},
	{"feeder", ROLE_FEEDER},
	{"supervisor", ROLE_SUPERVISOR},
	{"reviewer", ROLE_REVIEWER},
	{"auditor", ROLE_AUDITOR},
	{"operator", ROLE_OPERATOR},
};

unsigned role_parse(const char *name)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(roles[i].name, name) == 0)
			return roles[i].role;
	return 0;
}

const char *role_name(unsigned role)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (roles[i].role == role)
			return roles[i].name;
	return "unknown";
}

struct desk *desk_new(struct store *store, struct engine *engine)
{
	struct desk *desk = calloc(1, sizeof(*desk));

	if (desk == NULL)
		return NULL;
	desk->store = store;
	desk->engine = engine;
	desk->patience = PATIENCE;
	desk->json = json_new();
	if (desk->json == NULL) {
		free(desk);
		return NULL;
	}
	return desk;
}

void desk_free(struct desk *desk)
{
	if (desk == NULL)
		return;
	json_free(desk->json);
	free(desk);
}

void desk_set_policy(struct desk *desk, const struct policy *policy)
{
	desk->policy = policy;
	desk->opening = 0;
	desk->changes++;
}

void desk_set_patience(struct desk *desk, int calls)
{
	desk->patience = calls;
}

uint64_t desk_changes(const struct desk *desk)
{
	return desk->changes;
}

int refuse(struct answer *answer, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(answer->why, sizeof(answer->why), format, arguments);
	va_end(arguments);
	return error;
}

int refuse_store(const struct desk *desk, struct answer *answer, int error)
{
	if (answer->why[0] != '\0')
		return error;
	if (error == ERR_STORE || error == ERR_FULL || error == ERR_CORRUPT)
		return refuse(answer, error, "%s", store_message(desk->store));
	return refuse(answer, error, "%s", error_text(error));
}

char *local_time_text(int64_t unix_seconds, char out[32])
{
	struct moment moment = zone_moment(unix_seconds);
	int32_t parts[] = {moment.second / 3600, moment.second / 60 % 60, moment.second % 60};
	char *at = out + strlen(date_format(moment.day, out));

	for (int i = 0; i < 3; i++) {
		*at++ = i == 0 ? 'T' : ':';
		*at++ = (char)('0' + parts[i] / 10);
		*at++ = (char)('0' + parts[i] % 10);
	}
	*at = '\0';
	return out;
}

enum view_address address_of(const struct desk *desk, int64_t channel)
{
	int index = policy_channel(desk->policy, store_name_text(desk->store, channel));

	if (index < 0 || desk->policy->channels[index].address == ADDRESS_NONE)
		return VIEW_NO_ADDRESS;
	return desk->policy->channels[index].address == ADDRESS_PHONE ? VIEW_PHONE : VIEW_EMAIL;
}

/* What the rules on the agenda give the agent to say and to ask: another member of the call's document. */
static int add_scripts(struct desk *desk, const struct followup_list *agenda, struct buffer *out)
{
	bool any = false;

	for (int i = 0; i < agenda->count; i++) {
		const struct rule *rule = agenda_rule(desk->engine, &agenda->items[i]);
		bool again = rule == NULL || (rule->script == NULL && rule->form.count == 0);
		for (int before = 0; before < i && !again; before++)
			again = agenda->items[before].rule == agenda->items[i].rule;
		if (again || out->length == 0)
			continue;
		out->data[--out->length] = '\0'; /* the closing brace or bracket comes again below */
		buffer_text(out, any ? ",{\"rule\":" : ",\"scripts\":[{\"rule\":");
		json_text_append(out, rule->name);
		buffer_text(out, ",\"script\":");
		json_text_append(out, rule->script);
		buffer_text(out, ",\"form\":[");
		for (size_t f = 0; f < rule->form.count; f++) {
			buffer_text(out, f > 0 ? "," : "");
			json_text_append(out, rule->form.items[f]);
		}
		buffer_text(out, "]}]");
		any = true;
	}
	if (any)
		buffer_text(out, "}");
	return out->failed ? ERR_MEMORY : 0;
}

static int compare_numbers(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

int list_items(const struct followup_list *agenda, struct buffer *out)
{
	int64_t *numbers = calloc((size_t)agenda->count + 1, sizeof(*numbers));

	if (numbers == NULL)
		return ERR_MEMORY;
	for (int i = 0; i < agenda->count; i++)
		numbers[i] = agenda->items[i].id;
	qsort(numbers, (size_t)agenda->count, sizeof(*numbers), compare_numbers);
	buffer_text(out, "[");
	for (int i = 0; i < agenda->count; i++) {
		buffer_text(out, i > 0 ? "," : "");
		buffer_number(out, numbers[i]);
	}
	buffer_text(out, "]");
	free(numbers);
	return out->failed ? ERR_MEMORY : 0;
}

/* What has joined since the holder was last told, shown: the hand-out's entry does not name those clients, so that this is a look at them (POLICY 8). */
static int look_at_joined(struct desk *desk, const struct call *call, const char *shown)
{
	struct buffer joined = {0};
	char lease[LEASE_TEXT_SIZE], command[LEASE_TEXT_SIZE + 16];

	snprintf(command, sizeof(command), "joined %s", lease_format(call, lease));
	int result = store_view_joined(desk->store, call->id, shown, &joined);
	if (result == 0)
		result = store_record_look(desk->store, command, joined.data, 0);
	buffer_free(&joined);
	return result;
}

/* Remembers what the holder is told of now; nearly always it is what he was told of before. */
static int remember_items(struct desk *desk, const struct call *call, const struct followup_list *agenda)
{
	struct buffer items = {0};
	char *shown = NULL;
	int64_t agent;

	int result = list_items(agenda, &items);
	int known = result == 0 ? store_handout_load(desk->store, call->id, call->generation, &agent, &shown) : 0;
	if (known < 0)
		result = known;
	if (known > 0 && strcmp(shown, items.data) != 0) {
		if (!call->bulk)
			result = look_at_joined(desk, call, shown);
		if (result == 0)
			result = store_handout_show(desk->store, call->id, call->generation, items.data);
	}
	free(shown);
	buffer_free(&items);
	return result;
}

int describe_call(struct desk *desk, const struct call *call, const struct followup_list *agenda, bool as_holder, struct buffer *out)
{
	char lease[LEASE_TEXT_SIZE], until[32], rest[32];
	struct call_view view = {
		.lease = as_holder ? lease_format(call, lease) : NULL,
		.lease_until = call->state == CALL_LEASED ? local_time_text(call->lease_until, until) : NULL,
		.not_before = call->state == CALL_RESTING ? local_time_text(call->not_before, rest) : NULL,
		.address = address_of(desk, call->channel),
		.whole_number = as_holder,
	};

	for (int i = 0; i < agenda->count && !view.may_promise; i++) {
		const struct rule *rule = agenda_rule(desk->engine, &agenda->items[i]);
		view.may_promise = rule == NULL || rule->trigger == TRIGGER_PROMISE;
	}
	int result = store_view_call(desk->store, call, agenda->items, agenda->count, &view, out);
	return result == 0 && as_holder && !call->bulk ? add_scripts(desk, agenda, out) : result;
}

int tell_call(struct desk *desk, const struct call *call, struct buffer *out)
{
	struct followup_list agenda = {NULL, 0, 0};
	int result = agenda_load(desk->engine, call->id, &agenda);

	if (result == 0)
		result = describe_call(desk, call, &agenda, false, out);
	followup_list_free(&agenda);
	return result;
}

int tell_holder(struct desk *desk, const struct call *call, struct buffer *out)
{
	struct followup_list agenda = {NULL, 0, 0};

	int result = agenda_load(desk->engine, call->id, &agenda);
	if (result == 0)
		result = describe_call(desk, call, &agenda, true, out);
	if (result == 0)
		result = remember_items(desk, call, &agenda);
	followup_list_free(&agenda);
	return result;
}

/* No client or event has more: fields of its own and declared ones. */
enum { MEMBERS_MAX = CLIENT_FIELD_COUNT + 64 };

/* The members of a flat JSON object, copied. */
struct members {
	struct fact_field *fields;
	size_t count, capacity;
	const char *why; /* it is none; NULL: no JSON object at all */
};

static int take_member(void *context, const struct json_value *value)
{
	struct members *members = context;

	if (value->type == JSON_ARRAY || value->type == JSON_OBJECT || value->key == NULL) {
		members->why = "one flat JSON object is wanted: a member holds a list or an object";
		return ERR_INVALID;
	}
	if (members->count == MEMBERS_MAX) {
		members->why = "too many members";
		return ERR_INVALID;
	}
	if (members->count == members->capacity) {
		size_t capacity = members->capacity * 2 + 16;
		struct fact_field *larger = realloc(members->fields, capacity * sizeof(*larger));
		if (larger == NULL)
			return ERR_MEMORY;
		members->fields = larger;
		members->capacity = capacity;
	}
	char *name = strdup(value->key), *text = strdup(value->text != NULL ? value->text : "");
	if (name == NULL || text == NULL) {
		free(name);
		free(text);
		return ERR_MEMORY;
	}
	members->fields[members->count++] = (struct fact_field){name, text, strlen(text)};
	return 0;
}

static void free_fields(struct fact_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free((void *)(uintptr_t)fields[i].name);
		free((void *)(uintptr_t)fields[i].value);
	}
	free(fields);
}

static int take_fields(
	struct desk *desk, const char *document, size_t length, struct answer *answer, struct fact_field **out, size_t *count)
{
	struct members members = {NULL, 0, 0, NULL};
	int result = json_each(desk->json, document, length, "$", take_member, &members);

	if (result < 0) {
		free_fields(members.fields, members.count);
		if (result == ERR_MEMORY)
			return refuse(answer, result, "out of memory");
		return refuse(answer, ERR_INVALID, "%s", members.why != NULL ? members.why : "not a JSON object");
	}
	*out = members.fields;
	*count = members.count;
	return 0;
}

/* A fact by JSON: the members are checked as a file's columns are. */
static int put(struct desk *desk, bool event, const char *json, size_t length, struct moment now, struct answer *answer)
{
	struct fact_field *fields = NULL;
	const char *names[MEMBERS_MAX];
	char reason[FACT_REASON_SIZE] = "";
	size_t count = 0;

	if (json[strspn(json, " \t\r\n")] != '{')
		return refuse(answer, ERR_INVALID, "a JSON object is wanted");
	int result = take_fields(desk, json, length, answer, &fields, &count);
	if (result < 0)
		return result;
	for (size_t i = 0; i < count; i++)
		names[i] = fields[i].name;
	result = event ? fact_check_event_columns(desk->policy, names, count, reason)
		       : fact_check_client_columns(desk->policy, names, count, reason);
	if (result == 0 && event) {
		struct event_fact fact;
		result = fact_event(desk->policy, fields, count, &fact, reason);
		if (result == 0)
			result = engine_take_event(desk->engine, &fact, now);
	} else if (result == 0) {
		struct client_fact fact;
		result = fact_client(desk->policy, fields, count, &fact, reason);
		if (result == 0)
			result = engine_take_client(desk->engine, &fact, now, now.day);
	}
	if (result == ERR_INVALID)
		refuse(answer, result, "%s", reason[0] != '\0' ? reason : store_message(desk->store));
	free_fields(fields, count);
	return result < 0 ? refuse_store(desk, answer, result) : result;
}

int desk_client_put(struct desk *desk, const char *json, size_t length, struct moment now, struct answer *answer)
{
	return put(desk, false, json, length, now, answer);
}

int desk_event_put(struct desk *desk, const char *json, size_t length, struct moment now, struct answer *answer)
{
	return put(desk, true, json, length, now, answer);
}
