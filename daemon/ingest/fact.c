/* fact.c - named fields in, a checked fact out: every refusal names the column (POLICY 10). */
#include "followup/fact.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "followup/csv.h"
#include "followup/money.h"
#include "followup/zone.h"

enum { REFERENCE_MAX = 64, WORD_MAX = 64, SECONDS_OF_DAY = 86400, FIRST_YEAR = 1900, LAST_YEAR = 2100 };

const char *const client_field_names[CLIENT_FIELD_COUNT] = {
	[CLIENT_PERSON_REF] = "person_ref",
	[CLIENT_NAME] = "name",
	[CLIENT_PHONE] = "phone",
	[CLIENT_EMAIL] = "email",
	[CLIENT_TIER] = "tier",
	[CLIENT_BRANCH] = "branch",
	[CLIENT_MANAGER] = "manager",
	[CLIENT_INTRODUCER] = "introducer",
	[CLIENT_BIRTHDAY] = "birthday",
	[CLIENT_BIRTHDAY_CALENDAR] = "birthday_calendar",
	[CLIENT_OPENED_ON] = "opened_on",
	[CLIENT_CLOSED_ON] = "closed_on",
	[CLIENT_LAST_TRADE_ON] = "last_trade_on",
	[CLIENT_ASSETS] = "assets",
	[CLIENT_STATUS] = "status",
	[CLIENT_HOURS] = "hours",
	[CLIENT_DO_NOT_CONTACT] = "do_not_contact",
	[CLIENT_ATTORNEY] = "attorney",
	[CLIENT_ID_EXPIRES_ON] = "id_expires_on",
	[CLIENT_RISK_TEST_EXPIRES_ON] = "risk_test_expires_on",
};

/* The columns that are not in client_field_names. Those that the configuration declares come after them. */
enum {
	CLIENT_REF_COLUMN = CLIENT_FIELD_COUNT,
	CLIENT_AS_OF_COLUMN,
	CLIENT_COLUMN_COUNT,
	CLIENT_COLUMNS_MAX = CLIENT_COLUMN_COUNT + DECLARED_FIELDS_MAX
};

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

static const char *const birthday_calendars[] = {
	[BIRTHDAY_SOLAR] = "solar", [BIRTHDAY_LUNAR] = "lunar", [BIRTHDAY_LUNAR_LEAP] = "lunar-leap"};
static const char *const statuses[] = {"normal", "dormant", "suspended"};

static const char *client_column(const struct policy *policy, size_t column)
{
	if (column >= CLIENT_COLUMN_COUNT)
		return policy->declared[column - CLIENT_COLUMN_COUNT].name;
	if (column == CLIENT_REF_COLUMN)
		return "client_ref";
	if (column == CLIENT_AS_OF_COLUMN)
		return "as_of";
	return client_field_names[column];
}

static const char *event_column(const struct policy *policy, size_t column)
{
	(void)policy;
	return event_columns[column];
}

__attribute__((format(printf, 2, 3))) static int refuse(char reason[FACT_REASON_SIZE], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, FACT_REASON_SIZE, format, arguments);
	va_end(arguments);
	return ERR_INVALID;
}

enum { SHOWN_SIZE = 64 };

/* A hostile text fit for a message: its start, with everything but printable ASCII and well-formed UTF-8 as '?'. */
static const char *show(const char *text, char out[SHOWN_SIZE])
{
	size_t length = strnlen(text, SHOWN_SIZE);
	bool cut = length > SHOWN_SIZE - 4;

	if (cut) {
		length = SHOWN_SIZE - 4;
		while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
			length--; /* not inside a character */
	}
	bool readable = csv_is_utf8(text, length);
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];
		out[i] = byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !readable) ? '?' : (char)byte;
	}
	snprintf(out + length, SHOWN_SIZE - length, "%s", cut ? "..." : "");
	return out;
}

/* The columns of one kind of file. */
struct columns {
	const char *(*name)(const struct policy *policy, size_t column);
	const struct policy *policy;
	size_t count;
	uint64_t required; /* a bit set */
	bool open;         /* others may be declared: the configuration is not at hand */
};

static struct columns client_columns(const struct policy *policy)
{
	size_t declared = policy != NULL ? policy->declared_count : 0;

	return (struct columns){client_column, policy, CLIENT_COLUMN_COUNT + declared, UINT64_C(1) << CLIENT_REF_COLUMN, policy == NULL};
}

static struct columns event_columns_of(const struct policy *policy)
{
	static const uint64_t required =
		UINT64_C(1) << EVENT_REF_COLUMN | UINT64_C(1) << EVENT_KIND_COLUMN | UINT64_C(1) << EVENT_OCCURRED_COLUMN;

	return (struct columns){event_column, policy, EVENT_COLUMN_COUNT, required, false};
}

static bool could_be_declared(const char *name)
{
	return name[0] >= 'a' && name[0] <= 'z' && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

/* The place of a name among the columns; their count when it is none of them. */
static size_t find_column(const struct columns *columns, const char *name)
{
	size_t column = 0;

	while (column < columns->count && strcmp(name, columns->name(columns->policy, column)) != 0)
		column++;
	return column;
}

/* Unknown names, names that come twice and missing ones that are required are refused. */
static int check_columns(const struct columns *columns, const char *const *names, size_t count, char reason[FACT_REASON_SIZE])
{
	uint64_t seen = 0;
	char shown[SHOWN_SIZE];

	for (size_t i = 0; i < count; i++) {
		size_t column = find_column(columns, names[i]);
		bool twice = column < columns->count && (seen & UINT64_C(1) << column) != 0;
		if (column < columns->count)
			seen |= UINT64_C(1) << column;
		else if (!columns->open || !could_be_declared(names[i]))
			return refuse(reason, "%s: unknown column", names[i][0] != '\0' ? show(names[i], shown) : "\"\"");
		for (size_t j = 0; column == columns->count && !twice && j < i; j++)
			twice = strcmp(names[i], names[j]) == 0;
		if (twice)
			return refuse(reason, "%s: the column stands there twice", show(names[i], shown));
	}
	for (size_t column = 0; column < columns->count; column++) {
		if ((columns->required & ~seen) & UINT64_C(1) << column)
			return refuse(reason, "%s: the column is missing", columns->name(columns->policy, column));
	}
	return 0;
}

int fact_check_client_columns(const struct policy *policy, const char *const *names, size_t count, char reason[FACT_REASON_SIZE])
{
	struct columns columns = client_columns(policy);

	return check_columns(&columns, names, count, reason);
}

int fact_check_event_columns(const struct policy *policy, const char *const *names, size_t count, char reason[FACT_REASON_SIZE])
{
	struct columns columns = event_columns_of(policy);

	return check_columns(&columns, names, count, reason);
}

/* What holds for every text. */
static int check_text(const char *column, const struct fact_field *field, char reason[FACT_REASON_SIZE])
{
	size_t length = field->length;

	if (length > FACT_TEXT_MAX)
		return refuse(reason, "%s: %zu bytes, but at most %d are allowed", column, length, FACT_TEXT_MAX);
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)field->value[i];
		if (byte == 0)
			return refuse(reason, "%s: holds a NUL byte", column);
		if (byte < 0x20 || byte == 0x7F)
			return refuse(reason, "%s: holds the control byte 0x%02X", column, byte);
	}
	if (!csv_is_utf8(field->value, length))
		return refuse(reason, "%s: not UTF-8", column);
	return 0;
}

/* Fields by column: NULL for an absent one. Every name and every text has been checked then. */
static int sort_fields(const struct columns *columns, const struct fact_field *fields, size_t count, const struct fact_field **by_column,
	char reason[FACT_REASON_SIZE])
{
	char shown[SHOWN_SIZE];

	for (size_t column = 0; column < columns->count; column++)
		by_column[column] = NULL;
	for (size_t i = 0; i < count; i++) {
		size_t column = find_column(columns, fields[i].name);
		if (column == columns->count)
			return refuse(reason, "%s: unknown column", fields[i].name[0] != '\0' ? show(fields[i].name, shown) : "\"\"");
		if (by_column[column] != NULL)
			return refuse(reason, "%s: the column stands there twice", fields[i].name);
		by_column[column] = &fields[i];
		int result = check_text(fields[i].name, &fields[i], reason);
		if (result < 0)
			return result;
	}
	for (size_t column = 0; column < columns->count; column++) {
		if (!(columns->required & UINT64_C(1) << column))
			continue;
		const char *name = columns->name(columns->policy, column);
		if (by_column[column] == NULL)
			return refuse(reason, "%s: the column is missing", name);
		if (by_column[column]->length == 0)
			return refuse(reason, "%s: empty, but required", name);
	}
	return 0;
}

/* Whether a text begins, or ends, with a blank, of those that people cannot see the difference of: space, no-break space, the wide one of Chinese. */
static bool has_blank(const struct fact_field *field, bool at_end)
{
	static const char *const blanks[] = {" ", "\xC2\xA0", "\xE3\x80\x80"};

	for (size_t i = 0; i < sizeof blanks / sizeof blanks[0]; i++) {
		size_t width = strlen(blanks[i]);
		if (width <= field->length && memcmp(field->value + (at_end ? field->length - width : 0), blanks[i], width) == 0)
			return true;
	}
	return false;
}

/* A padded column of blanks is no number of anybody: as a person_ref it would make one person of all who have it. And "C1 " would be another client than "C1". */
static int check_not_blank(const char *column, const struct fact_field *field, char reason[FACT_REASON_SIZE])
{
	char shown[SHOWN_SIZE];

	if (field->length > 0 && strspn(field->value, " ") == field->length)
		return refuse(reason, "%s: nothing but blanks", column);
	if (has_blank(field, false) || has_blank(field, true))
		return refuse(reason, "%s: a blank before or after it: '%s'", column, show(field->value, shown));
	return 0;
}

static int check_reference(const char *column, const struct fact_field *field, char reason[FACT_REASON_SIZE])
{
	int result = check_not_blank(column, field, reason);

	if (result < 0)
		return result;
	if (field->length > REFERENCE_MAX)
		return refuse(reason, "%s: %zu bytes, but at most %d are allowed", column, field->length, REFERENCE_MAX);
	return 0;
}

/* A day within the years that facts may speak of. */
static int check_day(const char *column, const struct fact_field *field, char reason[FACT_REASON_SIZE])
{
	char shown[SHOWN_SIZE];
	day_t day = date_parse(field->value, field->length);

	if (day == NO_DAY)
		return refuse(reason, "%s: no such day: %s (YYYY-MM-DD is wanted)", column, show(field->value, shown));
	if (day < date_to_day(FIRST_YEAR, 1, 1) || day > date_to_day(LAST_YEAR, 12, 31))
		return refuse(reason, "%s: %s lies outside 1900-01-01 .. 2100-12-31", column, show(field->value, shown));
	return 0;
}

static int parse_time(const char *column, const struct fact_field *field, int64_t *out, char reason[FACT_REASON_SIZE])
{
	char shown[SHOWN_SIZE];
	int64_t seconds;

	if (zone_parse_time(field->value, field->length, &seconds) < 0)
		return refuse(
			reason, "%s: no such time: %s (YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS is wanted)", column, show(field->value, shown));
	if (seconds < (int64_t)date_to_day(FIRST_YEAR, 1, 1) * SECONDS_OF_DAY ||
		seconds >= ((int64_t)date_to_day(LAST_YEAR, 12, 31) + 1) * SECONDS_OF_DAY)
		return refuse(reason, "%s: %s lies outside 1900-01-01 .. 2100-12-31", column, show(field->value, shown));
	*out = seconds;
	return 0;
}

static bool same_word(const char *text, const char *word)
{
	for (; *text != '\0'; text++, word++) {
		char lower = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
		if (lower != *word)
			return false;
	}
	return *word == '\0';
}

/* The place of a word in a list, whatever its case; -1 when it is not there. */
static int find_word(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (same_word(text, words[i]))
			return (int)i;
	}
	return -1;
}

/* 10 characters begin with a year; the date itself may be one that only its own calendar has. */
static bool birthday_year_is_known(const struct fact_field *field)
{
	if (field->length != strlen("YYYY-MM-DD"))
		return true;
	int year = 0;
	for (size_t i = 0; i < 4; i++) {
		if (field->value[i] < '0' || field->value[i] > '9')
			return false;
		year = year * 10 + (field->value[i] - '0');
	}
	return year >= FIRST_YEAR && year <= LAST_YEAR;
}

/* With the column birthday_calendar (empty: solar), the day must be one of that calendar; without it, of any: the calendar known so far is the store's to ask. */
static int check_birthday(const struct fact_field *birthday, const struct fact_field *calendar, char reason[FACT_REASON_SIZE])
{
	enum birthday_calendar first = BIRTHDAY_SOLAR, last = BIRTHDAY_LUNAR_LEAP;
	struct birthday parsed;
	char shown[SHOWN_SIZE];

	if (calendar != NULL) {
		int known =
			calendar->length == 0 ? BIRTHDAY_SOLAR : find_word(calendar->value, birthday_calendars, BIRTHDAY_LUNAR_LEAP + 1);
		if (known < 0)
			return refuse(reason, "birthday_calendar: %s is none of solar, lunar, lunar-leap", show(calendar->value, shown));
		first = last = (enum birthday_calendar)known;
	}
	if (birthday == NULL || birthday->length == 0)
		return 0;
	bool exists = false;
	for (int i = (int)first; i <= (int)last && !exists; i++)
		exists = birthday_parse(birthday->value, birthday->length, (enum birthday_calendar)i, &parsed);
	if (!exists)
		return refuse(reason, "birthday: no such day%s%s: %s (YYYY-MM-DD or MM-DD is wanted)",
			calendar == NULL ? "" : " in the calendar ", calendar == NULL ? "" : birthday_calendars[first],
			show(birthday->value, shown));
	if (!birthday_year_is_known(birthday))
		return refuse(reason, "birthday: the year of %s lies outside 1900 .. 2100", show(birthday->value, shown));
	return 0;
}

static int check_phone(const struct fact_field *field, char reason[FACT_REASON_SIZE])
{
	size_t digits = 0;
	char shown[SHOWN_SIZE];

	for (size_t i = 0; i < field->length; i++)
		digits += field->value[i] >= '0' && field->value[i] <= '9';
	if (digits < 3)
		return refuse(reason, "phone: no number in %s (leave it empty where there is none)", show(field->value, shown));
	return 0;
}

static int check_email(const struct fact_field *field, char reason[FACT_REASON_SIZE])
{
	const char *at = strrchr(field->value, '@');
	char shown[SHOWN_SIZE];

	if (at == NULL || at == field->value || at[1] == '\0' || strchr(field->value, ' ') != NULL)
		return refuse(reason, "email: no address: %s (leave it empty where there is none)", show(field->value, shown));
	return 0;
}

/* One of the fields that the configuration declares. */
static int take_declared(
	const struct declared_field *declared, const struct fact_field *field, struct declared_value *out, char reason[FACT_REASON_SIZE])
{
	money_t amount;
	char shown[SHOWN_SIZE];

	*out = (struct declared_value){.name = declared->name, .type = declared->type, .text = field->value};
	if (field->length == 0 || declared->type == FIELD_TEXT)
		return 0;
	if (declared->type == FIELD_DAY)
		return check_day(declared->name, field, reason);
	if (!money_parse(field->value, field->length, &amount))
		return refuse(reason, "%s: no number: %s (digits and a point are wanted)", declared->name, show(field->value, shown));
	out->text = money_format(amount, out->number);
	return 0;
}

static int take_assets(const struct fact_field *field, char scratch[40], const char **value, char reason[FACT_REASON_SIZE])
{
	money_t amount;
	char shown[SHOWN_SIZE];

	if (!money_parse(field->value, field->length, &amount))
		return refuse(reason, "assets: no amount: %s (digits and a point are wanted)", show(field->value, shown));
	if (amount < 0)
		return refuse(reason, "assets: %s is below 0", show(field->value, shown));
	*value = money_format(amount, scratch);
	return 0;
}

/* Checks one field that is not empty and sets *value where the canonical text is another. */
static int take_client_field(const struct policy *policy, enum client_field which, const struct fact_field *field, char scratch[40],
	const char **value, char reason[FACT_REASON_SIZE])
{
	char shown[SHOWN_SIZE];
	int found;

	switch (which) {
	case CLIENT_PHONE:
		return check_phone(field, reason);
	case CLIENT_EMAIL:
		return check_email(field, reason);
	case CLIENT_TIER:
		if (policy_tier(policy, field->value) < 0)
			return refuse(reason, "tier: %s is not among the tiers of the configuration", show(field->value, shown));
		return 0;
	case CLIENT_BIRTHDAY_CALENDAR: /* known: check_birthday came first */
		*value = birthday_calendars[find_word(field->value, birthday_calendars, BIRTHDAY_LUNAR_LEAP + 1)];
		return 0;
	case CLIENT_OPENED_ON:
	case CLIENT_CLOSED_ON:
	case CLIENT_LAST_TRADE_ON:
	case CLIENT_ID_EXPIRES_ON:
	case CLIENT_RISK_TEST_EXPIRES_ON:
		return check_day(client_field_names[which], field, reason);
	case CLIENT_ASSETS:
		return take_assets(field, scratch, value, reason);
	case CLIENT_STATUS:
		found = find_word(field->value, statuses, sizeof statuses / sizeof statuses[0]);
		if (found < 0)
			return refuse(reason, "status: %s is none of normal, dormant, suspended", show(field->value, shown));
		*value = statuses[found];
		return 0;
	case CLIENT_HOURS: {
		struct hours hours;
		if (!hours_parse(field->value, &hours))
			return refuse(reason, "hours: %s is not like \"Mon 14:30-17:00; Tue-Thu 09:30-11:00\"", show(field->value, shown));
		return 0;
	}
	case CLIENT_DO_NOT_CONTACT: {
		struct do_not_contact entries[2 * (POLICY_CHANNELS_MAX + 1)];
		if (fact_do_not_contact(policy, field->value, entries, sizeof entries / sizeof entries[0]) < 0)
			return refuse(reason, "do_not_contact: %s is no list of channels (like \"sms; phone:2026-12-31\") or \"all\"",
				show(field->value, shown));
		return 0;
	}
	case CLIENT_PERSON_REF:
		return check_not_blank("person_ref", field, reason);
	case CLIENT_BRANCH: /* these name queues and agents */
	case CLIENT_MANAGER:
	case CLIENT_INTRODUCER:
		return check_reference(client_field_names[which], field, reason);
	case CLIENT_ATTORNEY: {
		struct attorney attorneys[FACT_ATTORNEYS_MAX];
		if (fact_attorneys(field->value, attorneys) < 0)
			return refuse(reason, "attorney: %s is no list of at most %d names (like \"Zhang San; Li Si:2026-12-31\")",
				show(field->value, shown), FACT_ATTORNEYS_MAX);
		return 0;
	}
	case CLIENT_NAME:
	case CLIENT_BIRTHDAY: /* check_birthday came first */
	case CLIENT_FIELD_COUNT:
		break;
	}
	return 0;
}

int fact_client(
	const struct policy *policy, const struct fact_field *fields, size_t count, struct client_fact *out, char reason[FACT_REASON_SIZE])
{
	const struct fact_field *columns[CLIENT_COLUMNS_MAX];
	const struct columns known = client_columns(policy);

	int result = sort_fields(&known, fields, count, columns, reason);
	if (result < 0)
		return result;
	result = check_reference("client_ref", columns[CLIENT_REF_COLUMN], reason);
	if (result < 0)
		return result;
	if (columns[CLIENT_NAME] != NULL && columns[CLIENT_NAME]->length == 0)
		return refuse(reason, "name: empty, but required");
	result = check_birthday(columns[CLIENT_BIRTHDAY], columns[CLIENT_BIRTHDAY_CALENDAR], reason);
	if (result < 0)
		return result;

	struct client_fact fact = {.client_ref = NULL};
	fact.client_ref = columns[CLIENT_REF_COLUMN]->value;
	for (size_t i = 0; i < CLIENT_FIELD_COUNT; i++) {
		if (columns[i] == NULL)
			continue;
		fact.present[i] = true;
		fact.values[i] = columns[i]->value;
		if (columns[i]->length == 0)
			continue;
		result = take_client_field(policy, (enum client_field)i, columns[i], fact.scratch[0], &fact.values[i], reason);
		if (result < 0)
			return result;
	}
	for (size_t i = 0; i < policy->declared_count; i++) {
		if (columns[CLIENT_COLUMN_COUNT + i] == NULL)
			continue;
		result = take_declared(
			&policy->declared[i], columns[CLIENT_COLUMN_COUNT + i], &fact.declared[fact.declared_count++], reason);
		if (result < 0)
			return result;
	}
	if (columns[CLIENT_AS_OF_COLUMN] != NULL && columns[CLIENT_AS_OF_COLUMN]->length > 0) {
		result = parse_time("as_of", columns[CLIENT_AS_OF_COLUMN], &fact.as_of, reason);
		if (result < 0)
			return result;
		fact.has_as_of = true;
	}
	*out = fact;
	if (fact.values[CLIENT_ASSETS] == fact.scratch[0])
		out->values[CLIENT_ASSETS] = out->scratch[0];
	for (size_t i = 0; i < fact.declared_count; i++)
		if (fact.declared[i].text == fact.declared[i].number)
			out->declared[i].text = out->declared[i].number;
	return 0;
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
		return refuse(reason, "kind: %s is not among the event kinds of the configuration", show(event->kind, shown));
	if (event->client_ref[0] == '\0' && kind_needs_client(policy, event->kind))
		return refuse(reason, "client_ref: empty, but required for %s", show(event->kind, shown));
	if (strcmp(event->kind, "asset_outflow") == 0) {
		if (!event->has_amount)
			return refuse(reason, "amount: empty, but required for asset_outflow");
		if (event->amount < 0)
			return refuse(reason, "amount: below 0, but an asset_outflow is counted as it leaves");
	}
	if (strcmp(event->kind, "manager_departed") == 0 && event->detail[0] == '\0')
		return refuse(reason, "detail: empty, but manager_departed needs the manager there");
	const struct fact_field detail = {"detail", event->detail, strlen(event->detail)};
	if (strcmp(event->kind, "manager_departed") == 0 && detail.length > REFERENCE_MAX)
		return refuse(reason, "detail: longer than a manager can be");
	if ((is_void || strcmp(event->kind, "manager_departed") == 0) && check_not_blank("detail", &detail, reason) < 0)
		return ERR_INVALID;
	if (is_void) {
		if (event->detail[0] == '\0')
			return refuse(reason, "detail: empty, but void needs the event_ref that it withdraws there");
		if (strlen(event->detail) > REFERENCE_MAX)
			return refuse(reason, "detail: longer than an event_ref can be");
		if (strcmp(event->detail, event->event_ref) == 0)
			return refuse(reason, "detail: an event cannot withdraw itself");
	}
	return 0;
}

int fact_event(
	const struct policy *policy, const struct fact_field *fields, size_t count, struct event_fact *out, char reason[FACT_REASON_SIZE])
{
	const struct fact_field *columns[EVENT_COLUMN_COUNT];
	struct event_fact event = {.client_ref = "", .detail = ""};

	const struct columns known = event_columns_of(policy);

	int result = sort_fields(&known, fields, count, columns, reason);
	if (result < 0)
		return result;
	static const enum event_column references[] = {EVENT_REF_COLUMN, EVENT_CLIENT_COLUMN, EVENT_KIND_COLUMN};
	for (size_t i = 0; i < sizeof references / sizeof references[0]; i++) {
		if (columns[references[i]] == NULL)
			continue;
		result = check_reference(event_columns[references[i]], columns[references[i]], reason);
		if (result < 0)
			return result;
	}
	event.event_ref = columns[EVENT_REF_COLUMN]->value;
	event.kind = columns[EVENT_KIND_COLUMN]->value;
	if (columns[EVENT_CLIENT_COLUMN] != NULL)
		event.client_ref = columns[EVENT_CLIENT_COLUMN]->value;
	if (columns[EVENT_DETAIL_COLUMN] != NULL)
		event.detail = columns[EVENT_DETAIL_COLUMN]->value;

	result = parse_time("occurred_at", columns[EVENT_OCCURRED_COLUMN], &event.occurred_at, reason);
	if (result < 0)
		return result;
	const struct fact_field *amount = columns[EVENT_AMOUNT_COLUMN];
	if (amount != NULL && amount->length > 0) {
		char shown[SHOWN_SIZE];
		if (!money_parse(amount->value, amount->length, &event.amount))
			return refuse(reason, "amount: no amount: %s (digits and a point are wanted)", show(amount->value, shown));
		event.has_amount = true;
	}
	if (columns[EVENT_AS_OF_COLUMN] != NULL && columns[EVENT_AS_OF_COLUMN]->length > 0) {
		result = parse_time("as_of", columns[EVENT_AS_OF_COLUMN], &event.as_of, reason);
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

int fact_do_not_contact(const struct policy *policy, const char *text, struct do_not_contact *out, size_t capacity)
{
	static const char separators[] = " ;";
	struct do_not_contact entries[2 * (POLICY_CHANNELS_MAX + 1)];
	size_t count = 0;

	for (text += strspn(text, separators); *text != '\0'; text += strspn(text, separators)) {
		size_t length = strcspn(text, separators);
		const char *colon = memchr(text, ':', length);
		size_t name_length = colon != NULL ? (size_t)(colon - text) : length;
		struct do_not_contact entry = {.channel = -1, .until = INT32_MAX};
		char name[WORD_MAX];

		if (count == capacity || count == sizeof entries / sizeof entries[0] || name_length >= sizeof name)
			return ERR_INVALID;
		memcpy(name, text, name_length);
		name[name_length] = '\0';
		if (strcmp(name, "all") != 0) {
			entry.channel = policy_channel(policy, name);
			if (entry.channel < 0)
				return ERR_INVALID;
		}
		if (colon != NULL) {
			entry.until = date_parse(colon + 1, length - name_length - 1);
			if (entry.until == NO_DAY)
				return ERR_INVALID;
		}
		entries[count++] = entry;
		text += length;
	}
	if (count > 0)
		memcpy(out, entries, count * sizeof *out);
	return (int)count;
}

static bool attorney_is_twice(const struct attorney *attorneys, size_t count, const struct attorney *attorney)
{
	for (size_t i = 0; i < count; i++)
		if (attorneys[i].length == attorney->length && memcmp(attorneys[i].name, attorney->name, attorney->length) == 0)
			return true;
	return false;
}

int fact_attorneys(const char *text, struct attorney out[FACT_ATTORNEYS_MAX])
{
	static const char blanks[] = " ", between[] = " ;";
	struct attorney entries[FACT_ATTORNEYS_MAX];
	size_t count = 0;

	for (text += strspn(text, between); *text != '\0'; text += strspn(text, between)) {
		size_t length = strcspn(text, ";");
		const char *colon = memchr(text, ':', length);
		struct attorney entry = {.name = text, .length = colon != NULL ? (size_t)(colon - text) : length, .until = INT32_MAX};

		while (entry.length > 0 && text[entry.length - 1] == ' ')
			entry.length--;
		if (count == FACT_ATTORNEYS_MAX || entry.length == 0 || entry.length > FACT_ATTORNEY_NAME_MAX ||
			attorney_is_twice(entries, count, &entry))
			return ERR_INVALID;
		if (colon != NULL) {
			const char *day = colon + 1 + strspn(colon + 1, blanks), *end = text + length;
			while (end > day && end[-1] == ' ')
				end--;
			entry.until = end > day ? date_parse(day, (size_t)(end - day)) : NO_DAY;
			if (entry.until == NO_DAY)
				return ERR_INVALID;
		}
		entries[count++] = entry;
		text += length;
	}
	if (count > 0)
		memcpy(out, entries, count * sizeof *out);
	return (int)count;
}
