/* fact_client.c - a client's fields in, a checked fact out (POLICY 10). */
#include <stdio.h>
#include <string.h>

#include "fact_internal.h"
#include "followup/money.h"
#include "followup/zone.h"

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

static struct columns client_columns(const struct policy *policy)
{
	size_t declared = policy != NULL ? policy->declared_count : 0;

	return (struct columns){client_column, policy, CLIENT_COLUMN_COUNT + declared, UINT64_C(1) << CLIENT_REF_COLUMN, policy == NULL};
}

int fact_check_client_columns(const struct policy *policy, const char *const *names, size_t count, char reason[FACT_REASON_SIZE])
{
	struct columns columns = client_columns(policy);

	return fact_check_columns(&columns, names, count, reason);
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
		int known = calendar->length == 0 ? BIRTHDAY_SOLAR
						  : fact_find_word(calendar->value, birthday_calendars, BIRTHDAY_LUNAR_LEAP + 1);
		if (known < 0)
			return fact_refuse(
				reason, "birthday_calendar: %s is none of solar, lunar, lunar-leap", fact_show(calendar->value, shown));
		first = last = (enum birthday_calendar)known;
	}
	if (birthday == NULL || birthday->length == 0)
		return 0;
	bool exists = false;
	for (int i = (int)first; i <= (int)last && !exists; i++)
		exists = birthday_parse(birthday->value, birthday->length, (enum birthday_calendar)i, &parsed);
	if (!exists)
		return fact_refuse(reason, "birthday: no such day%s%s: %s (YYYY-MM-DD or MM-DD is wanted)",
			calendar == NULL ? "" : " in the calendar ", calendar == NULL ? "" : birthday_calendars[first],
			fact_show(birthday->value, shown));
	if (!birthday_year_is_known(birthday))
		return fact_refuse(reason, "birthday: the year of %s lies outside 1900 .. 2100", fact_show(birthday->value, shown));
	return 0;
}

static int check_phone(const struct fact_field *field, char reason[FACT_REASON_SIZE])
{
	size_t digits = 0;
	char shown[SHOWN_SIZE];

	for (size_t i = 0; i < field->length; i++)
		digits += field->value[i] >= '0' && field->value[i] <= '9';
	if (digits < 3)
		return fact_refuse(reason, "phone: no number in %s (leave it empty where there is none)", fact_show(field->value, shown));
	return 0;
}

static int check_email(const struct fact_field *field, char reason[FACT_REASON_SIZE])
{
	const char *at = strrchr(field->value, '@');
	char shown[SHOWN_SIZE];

	if (at == NULL || at == field->value || at[1] == '\0' || strchr(field->value, ' ') != NULL)
		return fact_refuse(reason, "email: no address: %s (leave it empty where there is none)", fact_show(field->value, shown));
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
		return fact_check_day(declared->name, field, reason);
	if (!money_parse(field->value, field->length, &amount))
		return fact_refuse(reason, "%s: no number: %s (digits and a point are wanted, at most four behind it)", declared->name,
			fact_show(field->value, shown));
	out->text = money_format(amount, out->number);
	return 0;
}

static int take_assets(const struct fact_field *field, char scratch[40], const char **value, char reason[FACT_REASON_SIZE])
{
	money_t amount;
	char shown[SHOWN_SIZE];

	if (!money_parse(field->value, field->length, &amount))
		return fact_refuse(reason, "assets: no amount: %s (digits and a point are wanted, at most four behind it)",
			fact_show(field->value, shown));
	if (amount < 0)
		return fact_refuse(reason, "assets: %s is below 0", fact_show(field->value, shown));
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
			return fact_refuse(reason, "tier: %s is not among the tiers of the configuration", fact_show(field->value, shown));
		return 0;
	case CLIENT_BIRTHDAY_CALENDAR: /* known: check_birthday came first */
		*value = birthday_calendars[fact_find_word(field->value, birthday_calendars, BIRTHDAY_LUNAR_LEAP + 1)];
		return 0;
	case CLIENT_OPENED_ON:
	case CLIENT_CLOSED_ON:
	case CLIENT_LAST_TRADE_ON:
	case CLIENT_ID_EXPIRES_ON:
	case CLIENT_RISK_TEST_EXPIRES_ON:
		return fact_check_day(client_field_names[which], field, reason);
	case CLIENT_ASSETS:
		return take_assets(field, scratch, value, reason);
	case CLIENT_STATUS:
		found = fact_find_word(field->value, statuses, sizeof statuses / sizeof statuses[0]);
		if (found < 0)
			return fact_refuse(reason, "status: %s is none of normal, dormant, suspended", fact_show(field->value, shown));
		*value = statuses[found];
		return 0;
	case CLIENT_HOURS: {
		struct hours hours;
		if (!hours_parse(field->value, &hours))
			return fact_refuse(
				reason, "hours: %s is not like \"Mon 14:30-17:00; Tue-Thu 09:30-11:00\"", fact_show(field->value, shown));
		return 0;
	}
	case CLIENT_DO_NOT_CONTACT: {
		struct do_not_contact entries[2 * (POLICY_CHANNELS_MAX + 1)];
		if (fact_do_not_contact(policy, field->value, entries, sizeof entries / sizeof entries[0]) < 0)
			return fact_refuse(reason, "do_not_contact: %s is no list of channels (like \"sms; phone:2026-12-31\") or \"all\"",
				fact_show(field->value, shown));
		return 0;
	}
	case CLIENT_PERSON_REF:
		return fact_check_not_blank("person_ref", field, reason);
	case CLIENT_BRANCH: /* these name queues and agents */
	case CLIENT_MANAGER:
	case CLIENT_INTRODUCER:
		return fact_check_reference(client_field_names[which], field, reason);
	case CLIENT_ATTORNEY: {
		struct attorney attorneys[FACT_ATTORNEYS_MAX];
		if (fact_attorneys(field->value, attorneys) < 0)
			return fact_refuse(reason, "attorney: %s is no list of at most %d names (like \"Zhang San; Li Si:2026-12-31\")",
				fact_show(field->value, shown), FACT_ATTORNEYS_MAX);
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

	int result = fact_sort_fields(&known, fields, count, columns, reason);
	if (result < 0)
		return result;
	result = fact_check_reference("client_ref", columns[CLIENT_REF_COLUMN], reason);
	if (result < 0)
		return result;
	if (columns[CLIENT_NAME] != NULL && columns[CLIENT_NAME]->length == 0)
		return fact_refuse(reason, "name: empty, but required");
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
		result = fact_parse_time("as_of", columns[CLIENT_AS_OF_COLUMN], &fact.as_of, reason);
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
