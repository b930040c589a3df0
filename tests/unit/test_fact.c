/* test_fact.c - what is taken as a fact and what is refused, and that each refusal names its column (POLICY 10). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "followup/csv.h"
#include "followup/fact.h"
#include "followup/zone.h"

/* A policy's texts may be written to: these are arrays of their own. */
#define OWN(text) ((char[]){text})
static char *tiers[] = {OWN("diamond"), OWN("gold"), OWN("standard")};
static char *event_kinds[] = {OWN("account_opened"), OWN("account_closed"), OWN("account_reopened"), OWN("trade"), OWN("asset_outflow"),
	OWN("complaint"), OWN("manager_departed"), OWN("notice")};
static struct channel channels[] = {
	{.name = OWN("phone")}, {.name = OWN("sms"), .kind = CHANNEL_BULK}, {.name = OWN("email"), .kind = CHANNEL_BULK}};
static char *complaint_events[] = {OWN("complaint")};
static struct rule rules[] = {{.name = OWN("complaint"), .trigger = TRIGGER_EVENT, .events = {complaint_events, 1}}};

static struct policy make_policy(void)
{
	struct policy policy = {0};

	policy.tiers.items = tiers;
	policy.tiers.count = sizeof tiers / sizeof tiers[0];
	policy.event_kinds.items = event_kinds;
	policy.event_kinds.count = sizeof event_kinds / sizeof event_kinds[0];
	policy.channels = channels;
	policy.channel_count = sizeof channels / sizeof channels[0];
	policy.rules = rules;
	policy.rule_count = 1;
	return policy;
}

/* Turns "a=1|b=2" into fields; text is written to. */
static size_t split_fields(char *text, struct fact_field *fields)
{
	size_t count = 0;

	for (char *at = text; at != NULL && *at != '\0';) {
		char *next = strchr(at, '|');
		if (next != NULL)
			*next++ = '\0';
		char *value = strchr(at, '=');
		assert_non_null(value);
		*value++ = '\0';
		fields[count++] = (struct fact_field){at, value, strlen(value)};
		at = next;
	}
	return count;
}

/* For each: the fields besides client_ref=C1, and how the reason begins, or NULL and the canonical value of `field`. */
static const struct {
	const char *fields;
	const char *refused;
	int field;
	const char *value;
} clients[] = {
	{"name=孔丽勇", NULL, CLIENT_NAME, "孔丽勇"},
	{"", NULL, CLIENT_NAME, NULL},
	{"name=", "name: empty", 0, NULL},
	{"person_ref=P1", NULL, CLIENT_PERSON_REF, "P1"},
	{"person_ref=", NULL, CLIENT_PERSON_REF, ""},
	{"phone=16019524849", NULL, CLIENT_PHONE, "16019524849"},
	{"phone=+86 (21) 6888-1234", NULL, CLIENT_PHONE, "+86 (21) 6888-1234"},
	{"phone=", NULL, CLIENT_PHONE, ""},
	{"phone=none", "phone: ", 0, NULL},
	{"email=c1@example.com", NULL, CLIENT_EMAIL, "c1@example.com"},
	{"email=", NULL, CLIENT_EMAIL, ""},
	{"email=example.com", "email: ", 0, NULL},
	{"email=@example.com", "email: ", 0, NULL},
	{"email=c1@", "email: ", 0, NULL},
	{"email=c 1@example.com", "email: ", 0, NULL},
	{"tier=gold", NULL, CLIENT_TIER, "gold"},
	{"tier=", NULL, CLIENT_TIER, ""},
	{"tier=platinum", "tier: platinum is not among", 0, NULL},
	{"branch=SH01|manager=M17|introducer=M2|attorney=王律师", NULL, CLIENT_ATTORNEY, "王律师"},
	{"attorney=Zhang San:2026-12-31; Li Si", NULL, CLIENT_ATTORNEY, "Zhang San:2026-12-31; Li Si"},
	{"attorney=", NULL, CLIENT_ATTORNEY, ""},
	{"attorney=Zhang San:tomorrow", "attorney: Zhang San:tomorrow is no list", 0, NULL},
	{"attorney=Zhang San:", "attorney: Zhang San: is no list", 0, NULL},
	{"attorney=:2026-12-31", "attorney: :2026-12-31 is no list", 0, NULL},
	{"attorney=Li Si;Li Si:2026-12-31", "attorney: Li Si;Li Si", 0, NULL},
	{"birthday=1965-02-10", NULL, CLIENT_BIRTHDAY, "1965-02-10"},
	{"birthday=02-10", NULL, CLIENT_BIRTHDAY, "02-10"},
	{"birthday=", NULL, CLIENT_BIRTHDAY, ""},
	{"birthday=1964-02-29|birthday_calendar=solar", NULL, CLIENT_BIRTHDAY, "1964-02-29"},
	{"birthday=1964-02-30", NULL, CLIENT_BIRTHDAY, "1964-02-30"}, /* a lunar day; whether this client's is lunar only the store knows */
	{"birthday=02-30|birthday_calendar=lunar", NULL, CLIENT_BIRTHDAY, "02-30"},
	{"birthday=02-30|birthday_calendar=solar", "birthday: no such day", 0, NULL},
	{"birthday=02-30|birthday_calendar=", "birthday: no such day", 0, NULL},
	{"birthday=01-31|birthday_calendar=lunar", "birthday: no such day", 0, NULL},
	{"birthday=01-31", NULL, CLIENT_BIRTHDAY, "01-31"},
	{"birthday=02-32", "birthday: no such day", 0, NULL},
	{"birthday=10.2.1965", "birthday: no such day", 0, NULL},
	{"birthday=1899-02-10", "birthday: the year", 0, NULL},
	{"birthday=2101-02-10", "birthday: the year", 0, NULL},
	{"birthday_calendar=Lunar-Leap", NULL, CLIENT_BIRTHDAY_CALENDAR, "lunar-leap"},
	{"birthday_calendar=", NULL, CLIENT_BIRTHDAY_CALENDAR, ""},
	{"birthday_calendar=julian", "birthday_calendar: julian is none", 0, NULL},
	{"opened_on=2018-09-10", NULL, CLIENT_OPENED_ON, "2018-09-10"},
	{"opened_on=1900-01-01", NULL, CLIENT_OPENED_ON, "1900-01-01"},
	{"opened_on=2100-12-31", NULL, CLIENT_OPENED_ON, "2100-12-31"},
	{"opened_on=1899-12-31", "opened_on: 1899-12-31 lies outside", 0, NULL},
	{"opened_on=2101-01-01", "opened_on: 2101-01-01 lies outside", 0, NULL},
	{"opened_on=2018-9-10", "opened_on: no such day", 0, NULL},
	{"opened_on=2023-02-29", "opened_on: no such day: 2023-02-29", 0, NULL},
	{"closed_on=yesterday", "closed_on: no such day: yesterday", 0, NULL},
	{"last_trade_on=20240926", "last_trade_on: no such day", 0, NULL},
	{"id_expires_on=2024-13-01", "id_expires_on: no such day", 0, NULL},
	{"risk_test_expires_on=2024-01-01 ", "risk_test_expires_on: no such day", 0, NULL},
	{"assets=905742.510", NULL, CLIENT_ASSETS, "905742.51"},
	{"assets=-3", "assets: -3 is below 0", 0, NULL},
	{"assets=-0", NULL, CLIENT_ASSETS, "0"},
	{"assets=", NULL, CLIENT_ASSETS, ""},
	{"assets=1,000", "assets: no amount: 1,000", 0, NULL},
	{"assets=a lot", "assets: no amount", 0, NULL},
	{"status=Suspended", NULL, CLIENT_STATUS, "suspended"},
	{"status=", NULL, CLIENT_STATUS, ""},
	{"status=gone", "status: gone is none", 0, NULL},
	{"hours=Mon 14:30-17:00; Tue-Thu 09:30-11:00, 15:00-17:00", NULL, CLIENT_HOURS,
		"Mon 14:30-17:00; Tue-Thu 09:30-11:00, 15:00-17:00"},
	{"hours=", NULL, CLIENT_HOURS, ""},
	{"hours=evenings", "hours: evenings is not like", 0, NULL},
	{"do_not_contact=sms; phone:2026-12-31", NULL, CLIENT_DO_NOT_CONTACT, "sms; phone:2026-12-31"},
	{"do_not_contact=", NULL, CLIENT_DO_NOT_CONTACT, ""},
	{"do_not_contact=pigeon", "do_not_contact: pigeon is no list", 0, NULL},
	{"as_of=2025-01-02T03:04:05", NULL, CLIENT_NAME, NULL},
	{"as_of=never", "as_of: no such time", 0, NULL},
	{"nickname=x", "nickname: unknown column", 0, NULL},
	{"=x", "\"\": unknown column", 0, NULL},
	{"n\001me=x", "n?me: unknown column", 0, NULL},
	{"name=a|name=b", "name: the column stands there twice", 0, NULL},
	{"client_ref=C2", "client_ref: the column stands there twice", 0, NULL},
	{"name=a\tb", "name: holds the control byte 0x09", 0, NULL},
	{"name=a\nb", "name: holds the control byte 0x0A", 0, NULL},
	{"name=a\177", "name: holds the control byte 0x7F", 0, NULL},
	{"name=\xD5\xC5\xC8\xFD", "name: not UTF-8", 0, NULL},
	{"branch=\xED\xA0\x80", "branch: not UTF-8", 0, NULL},
};

static void test_clients(void **state)
{
	struct policy policy = make_policy();

	(void)state;
	for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++) {
		char text[512], reason[FACT_REASON_SIZE] = "";
		struct fact_field fields[32];
		struct client_fact fact = {.client_ref = "untouched"};

		snprintf(text, sizeof text, "client_ref=C1|%s", clients[i].fields);
		size_t count = split_fields(text, fields);
		int result = fact_client(&policy, fields, count, &fact, reason);
		if (clients[i].refused != NULL) {
			if (result != ERR_INVALID || strncmp(reason, clients[i].refused, strlen(clients[i].refused)) != 0)
				fail_msg("%s: %d, reason \"%s\", wanted \"%s\"", clients[i].fields, result, reason, clients[i].refused);
			assert_string_equal(fact.client_ref, "untouched");
			continue;
		}
		if (result != 0)
			fail_msg("%s: refused: %s", clients[i].fields, reason);
		assert_string_equal(fact.client_ref, "C1");
		assert_int_equal(fact.present[clients[i].field], clients[i].value != NULL);
		if (clients[i].value != NULL)
			assert_string_equal(fact.values[clients[i].field], clients[i].value);
	}
}

static void test_client_references_and_lengths(void **state)
{
	struct policy policy = make_policy();
	struct client_fact fact;
	char reason[FACT_REASON_SIZE];
	char text[FACT_TEXT_MAX + 2];

	(void)state;
	memset(text, 'x', sizeof text);
	text[FACT_TEXT_MAX + 1] = '\0';
	struct fact_field fields[] = {{"client_ref", "C1", 2}, {"name", text, FACT_TEXT_MAX + 1}};
	assert_int_equal(fact_client(&policy, fields, 2, &fact, reason), ERR_INVALID);
	assert_string_equal(reason, "name: 1025 bytes, but at most 1024 are allowed");
	text[FACT_TEXT_MAX] = '\0';
	fields[1].length = FACT_TEXT_MAX;
	assert_int_equal(fact_client(&policy, fields, 2, &fact, reason), 0);

	fields[0].value = text;
	fields[0].length = 65;
	text[65] = '\0';
	assert_int_equal(fact_client(&policy, fields, 1, &fact, reason), ERR_INVALID);
	assert_string_equal(reason, "client_ref: 65 bytes, but at most 64 are allowed");
	text[64] = '\0';
	fields[0].length = 64;
	assert_int_equal(fact_client(&policy, fields, 1, &fact, reason), 0);

	fields[0] = (struct fact_field){"client_ref", "", 0};
	assert_int_equal(fact_client(&policy, fields, 1, &fact, reason), ERR_INVALID);
	assert_string_equal(reason, "client_ref: empty, but required");
	assert_int_equal(fact_client(&policy, fields, 0, &fact, reason), ERR_INVALID);
	assert_string_equal(reason, "client_ref: the column is missing");

	/* what names queues and agents, too */
	static const char *const names[] = {"branch", "manager", "introducer"};
	memset(text, 'x', 65);
	text[65] = '\0';
	fields[0] = (struct fact_field){"client_ref", "C1", 2};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char wanted[80];
		fields[1] = (struct fact_field){names[i], text, 65};
		assert_int_equal(fact_client(&policy, fields, 2, &fact, reason), ERR_INVALID);
		snprintf(wanted, sizeof wanted, "%s: 65 bytes, but at most 64 are allowed", names[i]);
		assert_string_equal(reason, wanted);
		fields[1].value = text + 1;
		fields[1].length = 64;
		assert_int_equal(fact_client(&policy, fields, 2, &fact, reason), 0);
	}

	/* a padded column would make one person of all who have it */
	fields[1] = (struct fact_field){"person_ref", "   ", 3};
	assert_int_equal(fact_client(&policy, fields, 2, &fact, reason), ERR_INVALID);
	assert_string_equal(reason, "person_ref: nothing but blanks");

	/* two spellings that nobody can tell apart would be two clients */
	static const char *const padded[] = {"C1 ", " C1", "C1\xE3\x80\x80", "\302\240C1"};
	static const char *const references[] = {"client_ref", "person_ref", "branch", "manager", "introducer"};
	for (size_t i = 0; i < sizeof padded / sizeof padded[0]; i++)
		for (size_t j = 0; j < sizeof references / sizeof references[0]; j++) {
			fields[1] = (struct fact_field){references[j], padded[i], strlen(padded[i])};
			assert_int_equal(fact_client(&policy, &fields[j == 0], j == 0 ? 1 : 2, &fact, reason), ERR_INVALID);
			assert_non_null(strstr(reason, ": a blank before or after it: '"));
			assert_memory_equal(reason, references[j], strlen(references[j]));
		}
	fields[1] = (struct fact_field){"client_ref", "C 1", 3};
	assert_int_equal(fact_client(&policy, &fields[1], 1, &fact, reason), 0);
	fields[1] = (struct fact_field){"assets", "-0.01", 5};
	assert_int_equal(fact_client(&policy, fields, 2, &fact, reason), ERR_INVALID);
	assert_string_equal(reason, "assets: -0.01 is below 0");

	/* what a JSON document can hold and a C text cannot */
	fields[0] = (struct fact_field){"client_ref", "C1\0C2", 5};
	assert_int_equal(fact_client(&policy, fields, 1, &fact, reason), ERR_INVALID);
	assert_string_equal(reason, "client_ref: holds a NUL byte");
}

/* POLICY 10, fields that the configuration declares. */
static void test_declared_fields(void **state)
{
	struct declared_field declared[] = {{.name = OWN("segment"), .type = FIELD_TEXT}, {.name = OWN("score"), .type = FIELD_NUMBER},
		{.name = OWN("passport_on"), .type = FIELD_DAY}};
	static const struct {
		const char *name, *value;
		const char *reason; /* NULL: taken, */
		const char *text;   /* as this */
	} cases[] = {
		{"segment", "retail", NULL, "retail"},
		{"segment", "", NULL, ""},
		{"segment", "a\tb", "segment: holds the control byte 0x09", NULL},
		{"score", "007.50", NULL, "7.5"},
		{"score", "-3", NULL, "-3"},
		{"score", "", NULL, ""},
		{"score", "high", "score: no number: high (digits and a point are wanted, at most four behind it)", NULL},
		{"score", "1e3", "score: no number: 1e3 (digits and a point are wanted, at most four behind it)", NULL},
		{"passport_on", "2027-02-28", NULL, "2027-02-28"},
		{"passport_on", "2027-02-29", "passport_on: no such day: 2027-02-29 (YYYY-MM-DD is wanted)", NULL},
		{"passport_on", "2200-01-01", "passport_on: 2200-01-01 lies outside 1900-01-01 .. 2100-12-31", NULL},
		{"Segment", "retail", "Segment: unknown column", NULL},
		{"colour", "red", "colour: unknown column", NULL},
	};
	struct policy policy = make_policy();
	char reason[FACT_REASON_SIZE];

	(void)state;
	policy.declared = declared;
	policy.declared_count = sizeof declared / sizeof declared[0];
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fact_field fields[] = {{"client_ref", "C1", 2}, {cases[i].name, cases[i].value, strlen(cases[i].value)}};
		struct client_fact *fact = malloc(sizeof *fact);
		assert_non_null(fact);
		int result = fact_client(&policy, fields, 2, fact, reason);
		if (cases[i].reason != NULL) {
			assert_int_equal(result, ERR_INVALID);
			assert_string_equal(reason, cases[i].reason);
		} else {
			assert_int_equal(result, 0);
			assert_int_equal(fact->declared_count, 1);
			assert_string_equal(fact->declared[0].name, cases[i].name);
			assert_string_equal(fact->declared[0].text, cases[i].text);
		}
		free(fact);
	}
	/* The last word is the configuration's; without one a column that could be declared passes. */
	static const char *const names[] = {"client_ref", "segment", "colour"}, *const never[] = {"client_ref", "Colour"},
				 *const twice[] = {"client_ref", "colour", "colour"};
	assert_int_equal(fact_check_client_columns(&policy, names, 2, reason), 0);
	assert_int_equal(fact_check_client_columns(&policy, names, 3, reason), ERR_INVALID);
	assert_string_equal(reason, "colour: unknown column");
	assert_int_equal(fact_check_client_columns(NULL, names, 3, reason), 0);
	assert_int_equal(fact_check_client_columns(NULL, never, 2, reason), ERR_INVALID);
	assert_int_equal(fact_check_client_columns(NULL, twice, 3, reason), ERR_INVALID);
	assert_string_equal(reason, "colour: the column stands there twice");
}

/* A copy's canonical amount must not hang on the function's own stack. */
static void test_scratch(void **state)
{
	struct policy policy = make_policy();
	char reason[FACT_REASON_SIZE];
	struct fact_field fields[] = {{"client_ref", "C1", 2}, {"assets", "7323650.0", 9}, {"as_of", "1970-01-02", 10}};
	struct client_fact *fact = malloc(sizeof *fact);

	(void)state;
	assert_non_null(fact);
	assert_int_equal(fact_client(&policy, fields, 3, fact, reason), 0);
	assert_string_equal(fact->values[CLIENT_ASSETS], "7323650");
	assert_in_range((uintptr_t)fact->values[CLIENT_ASSETS], (uintptr_t)fact, (uintptr_t)(fact + 1));
	assert_true(fact->has_as_of);
	assert_int_equal(fact->as_of, 86400);
	free(fact);
}

/* The whole of each event, and how the reason begins, or NULL. */
static const struct {
	const char *fields;
	const char *refused;
} events[] = {
	{"event_ref=E1|client_ref=C1|kind=trade|occurred_at=2025-05-01|amount=46428.9|detail=", NULL},
	{"event_ref=E1|client_ref=C1|kind=trade|occurred_at=2025-05-01T09:30:00", NULL},
	{"event_ref=E1|client_ref=C1|kind=trade|occurred_at=2025-05-01 09:30", NULL},
	{"event_ref=E1|client_ref=C1|kind=trade|occurred_at=2025-05-01|as_of=2025-05-02|amount=-1", NULL},
	{"event_ref=E1|kind=manager_departed|occurred_at=2025-05-01|detail=M17", NULL},
	{"event_ref=E1|client_ref=|kind=notice|occurred_at=2025-05-01", NULL},
	{"event_ref=E2|kind=void|occurred_at=2025-05-01|detail=E1", NULL},
	{"event_ref=E1|client_ref=C1|kind=asset_outflow|occurred_at=2025-05-01|amount=0", NULL},
	{"client_ref=C1|kind=trade|occurred_at=2025-05-01", "event_ref: the column is missing"},
	{"event_ref=|client_ref=C1|kind=trade|occurred_at=2025-05-01", "event_ref: empty"},
	{"event_ref=E1|client_ref=C1|occurred_at=2025-05-01", "kind: the column is missing"},
	{"event_ref=E1|client_ref=C1|kind=|occurred_at=2025-05-01", "kind: empty"},
	{"event_ref=E1|client_ref=C1|kind=Trade|occurred_at=2025-05-01", "kind: Trade is not among"},
	{"event_ref=E1|client_ref=C1|kind=party|occurred_at=2025-05-01", "kind: party is not among"},
	{"event_ref=E1|client_ref=C1|kind=trade", "occurred_at: the column is missing"},
	{"event_ref=E1|client_ref=C1|kind=trade|occurred_at=", "occurred_at: empty"},
	{"event_ref=E1|client_ref=C1|kind=trade|occurred_at=2025-02-30", "occurred_at: no such time: 2025-02-30"},
	{"event_ref=E1|client_ref=C1|kind=trade|occurred_at=2025-05-01T25:00", "occurred_at: no such time"},
	{"event_ref=E1|client_ref=C1|kind=trade|occurred_at=1899-12-31", "occurred_at: 1899-12-31 lies outside"},
	{"event_ref=E1|client_ref=C1|kind=trade|occurred_at=2100-12-31T23:59:59", NULL},
	{"event_ref=E1|client_ref=C1|kind=trade|occurred_at=2101-01-01", "occurred_at: 2101-01-01 lies outside"},
	{"event_ref=E1|client_ref=C1|kind=trade|occurred_at=2025-05-01|as_of=x", "as_of: no such time: x"},
	{"event_ref=E1|client_ref=C1|kind=trade|occurred_at=2025-05-01|amount=x", "amount: no amount: x"},
	{"event_ref=E1|client_ref=C1|kind=trade|occurred_at=2025-05-01|colour=x", "colour: unknown column"},
	{"event_ref=E1|client_ref=C1|kind=trade|occurred_at=2025-05-01|detail=a\tb", "detail: holds the control byte"},
	{"event_ref=E1|client_ref=C1|kind=trade|occurred_at=2025-05-01|detail=\xFF", "detail: not UTF-8"},
	{"event_ref=E1|client_ref=|kind=trade|occurred_at=2025-05-01", "client_ref: empty, but required for trade"},
	{"event_ref=E1|kind=account_opened|occurred_at=2025-05-01", "client_ref: empty, but required for account_opened"},
	{"event_ref=E1|kind=complaint|occurred_at=2025-05-01", "client_ref: empty, but required for complaint"},
	{"event_ref=E1|kind=asset_outflow|occurred_at=2025-05-01|amount=1", "client_ref: empty, but required for asset_outflow"},
	{"event_ref=E1|client_ref=C1|kind=asset_outflow|occurred_at=2025-05-01", "amount: empty"},
	{"event_ref=E1|client_ref=C1|kind=asset_outflow|occurred_at=2025-05-01|amount=-1", "amount: below 0"},
	{"event_ref=E1|kind=manager_departed|occurred_at=2025-05-01", "detail: empty, but manager_departed"},
	{"event_ref=E2|kind=void|occurred_at=2025-05-01", "detail: empty, but void"},
	{"event_ref=E2|kind=void|occurred_at=2025-05-01|detail=E2", "detail: an event cannot"},
	{"event_ref=E1|kind=trade|occurred_at=2025-05-01|client_ref=C1xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		"client_ref: 65 bytes"},
	{"event_ref=  |client_ref=C1|kind=trade|occurred_at=2025-05-01", "event_ref: nothing but blanks"},
	{"event_ref=E1|kind=manager_departed|occurred_at=2025-05-01|detail="
	 "M1xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		"detail: longer than a manager can be"},
};

static void test_events(void **state)
{
	struct policy policy = make_policy();

	(void)state;
	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
		char text[512], reason[FACT_REASON_SIZE] = "";
		struct fact_field fields[32];
		struct event_fact fact = {.event_ref = "untouched"};

		snprintf(text, sizeof text, "%s", events[i].fields);
		size_t count = split_fields(text, fields);
		int result = fact_event(&policy, fields, count, &fact, reason);
		if (events[i].refused == NULL && result != 0)
			fail_msg("%s: refused: %s", events[i].fields, reason);
		if (events[i].refused != NULL) {
			if (result != ERR_INVALID || strncmp(reason, events[i].refused, strlen(events[i].refused)) != 0)
				fail_msg("%s: %d, reason \"%s\", wanted \"%s\"", events[i].fields, result, reason, events[i].refused);
			assert_string_equal(fact.event_ref, "untouched");
		}
	}
}

static void test_event_values(void **state)
{
	struct policy policy = make_policy();
	char reason[FACT_REASON_SIZE];
	struct event_fact fact;
	char text[] = "detail=d|kind=trade|event_ref=E1|occurred_at=1970-01-02T01:00|amount=46428.9|client_ref=C1|as_of=1970-01-03";
	struct fact_field fields[16];
	size_t count = split_fields(text, fields);

	(void)state;
	assert_int_equal(fact_event(&policy, fields, count, &fact, reason), 0);
	assert_string_equal(fact.event_ref, "E1");
	assert_string_equal(fact.client_ref, "C1");
	assert_string_equal(fact.kind, "trade");
	assert_string_equal(fact.detail, "d");
	assert_int_equal(fact.occurred_at, 86400 + 3600);
	assert_true(fact.has_amount);
	assert_int_equal(fact.amount, 464289000);
	assert_true(fact.has_as_of);
	assert_int_equal(fact.as_of, 2 * 86400);

	char bare[] = "kind=notice|event_ref=E1|occurred_at=1970-01-02|amount=|as_of=";
	count = split_fields(bare, fields);
	assert_int_equal(fact_event(&policy, fields, count, &fact, reason), 0);
	assert_string_equal(fact.client_ref, "");
	assert_string_equal(fact.detail, "");
	assert_false(fact.has_amount);
	assert_false(fact.has_as_of);
}

static void test_columns(void **state)
{
	static const char *const client[] = {"name", "client_ref", "as_of", "hours"};
	static const char *const without_ref[] = {"name"};
	static const char *const twice[] = {"client_ref", "name", "name"};
	static const char *const unknown[] = {
		"client_ref", "an unknown column of a name so long that nobody wants to read the whole of it"};
	static const char *const event[] = {"occurred_at", "kind", "event_ref", "as_of", "amount"};
	struct policy policy = make_policy();
	char reason[FACT_REASON_SIZE];

	(void)state;
	assert_int_equal(fact_check_client_columns(&policy, client, 4, reason), 0);
	assert_int_equal(fact_check_client_columns(&policy, client_field_names, CLIENT_FIELD_COUNT, reason), ERR_INVALID);
	assert_string_equal(reason, "client_ref: the column is missing");
	assert_int_equal(fact_check_client_columns(&policy, without_ref, 1, reason), ERR_INVALID);
	assert_int_equal(fact_check_client_columns(&policy, twice, 3, reason), ERR_INVALID);
	assert_string_equal(reason, "name: the column stands there twice");
	assert_int_equal(fact_check_client_columns(&policy, unknown, 2, reason), ERR_INVALID);
	assert_string_equal(reason, "an unknown column of a name so long that nobody wants to rea...: unknown column");
	assert_int_equal(fact_check_event_columns(&policy, event, 5, reason), 0);
	assert_int_equal(fact_check_event_columns(&policy, event, 2, reason), ERR_INVALID);
	assert_string_equal(reason, "event_ref: the column is missing");
	assert_int_equal(fact_check_event_columns(&policy, client, 1, reason), ERR_INVALID);
	assert_string_equal(reason, "name: unknown column");
}

static void test_do_not_contact(void **state)
{
	static const struct {
		const char *text;
		int count;
		struct do_not_contact first, second;
	} texts[] = {
		{"", 0, {0}, {0}},
		{" ; ", 0, {0}, {0}},
		{"all", 1, {-1, INT32_MAX}, {0}},
		{"phone", 1, {0, INT32_MAX}, {0}},
		{"sms;email", 2, {1, INT32_MAX}, {2, INT32_MAX}},
		{"email sms", 2, {2, INT32_MAX}, {1, INT32_MAX}},
		{" phone:1970-01-11 ; all:1970-01-02;", 2, {0, 10}, {-1, 1}},
		{"phone:", ERR_INVALID, {0}, {0}},
		{"phone:1970-02-30", ERR_INVALID, {0}, {0}},
		{"phone:1970-01-11:x", ERR_INVALID, {0}, {0}},
		{":1970-01-11", ERR_INVALID, {0}, {0}},
		{"phone,sms", ERR_INVALID, {0}, {0}},
		{"ALL", ERR_INVALID, {0}, {0}},
		{"phone sms email", ERR_INVALID, {0}, {0}}, /* more than there is room for here */
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ERR_INVALID, {0}, {0}},
	};
	struct policy policy = make_policy();

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct do_not_contact entries[2] = {{7, 7}, {7, 7}};
		int count = fact_do_not_contact(&policy, texts[i].text, entries, 2);
		if (count != texts[i].count)
			fail_msg("\"%s\": %d", texts[i].text, count);
		if (count <= 0)
			assert_int_equal(entries[0].channel, 7);
		if (count >= 1) {
			assert_int_equal(entries[0].channel, texts[i].first.channel);
			assert_int_equal(entries[0].until, texts[i].first.until);
		}
		if (count >= 2) {
			assert_int_equal(entries[1].channel, texts[i].second.channel);
			assert_int_equal(entries[1].until, texts[i].second.until);
		}
	}
}

/* tests/data/clients-bad-columns.csv: a good row, then one row for each column that is bad in this column alone, then a good row. */
struct bad_columns {
	struct policy policy;
	char *names[CSV_FIELDS_MAX];
	size_t count, rows;
};

static int check_bad_column(void *context, const struct csv_record *record)
{
	struct bad_columns *file = context;
	struct fact_field fields[CSV_FIELDS_MAX];
	struct client_fact fact;
	char reason[FACT_REASON_SIZE] = "";

	assert_null(record->bad);
	if (file->count == 0) {
		for (size_t i = 0; i < record->count; i++)
			file->names[i] = strdup(record->fields[i]);
		file->count = record->count;
		assert_int_equal(fact_check_client_columns(&file->policy, (const char *const *)file->names, file->count, reason), 0);
		return 0;
	}
	assert_int_equal(record->count, file->count);
	for (size_t i = 0; i < file->count; i++)
		fields[i] = (struct fact_field){file->names[i], record->fields[i], record->lengths[i]};
	int result = fact_client(&file->policy, fields, file->count, &fact, reason);
	size_t row = file->rows++;
	if (row == 0 || row > file->count) {
		if (result != 0)
			fail_msg("the good row on line %ld: %s", record->line, reason);
		return 0;
	}
	const char *column = file->names[row - 1];
	if (result != ERR_INVALID || strncmp(reason, column, strlen(column)) != 0 || reason[strlen(column)] != ':')
		fail_msg("line %ld, bad in %s: %d, \"%s\"", record->line, column, result, reason);
	return 0;
}

static void test_file_with_every_column_bad(void **state)
{
	struct bad_columns file = {.policy = make_policy()};
	struct csv *csv = csv_new(check_bad_column, &file);
	FILE *input = fopen("tests/data/clients-bad-columns.csv", "r"); /* tests run at the root */
	static char bytes[65536];

	(void)state;
	assert_non_null(csv);
	assert_non_null(input);
	size_t length = fread(bytes, 1, sizeof bytes, input);
	assert_true(length < sizeof bytes);
	assert_int_equal(fclose(input), 0);
	assert_int_equal(csv_feed(csv, bytes, length), 0);
	assert_int_equal(csv_finish(csv), 0);
	assert_int_equal(file.count, CLIENT_FIELD_COUNT + 2);
	assert_int_equal(file.rows, file.count + 2);
	for (size_t i = 0; i < file.count; i++)
		free(file.names[i]);
	csv_free(csv);
}

static int set_zone(void **state)
{
	(void)state;
	return zone_set("Asia/Shanghai");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_client_references_and_lengths),
		cmocka_unit_test(test_declared_fields),
		cmocka_unit_test(test_scratch),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_event_values),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_do_not_contact),
		cmocka_unit_test(test_file_with_every_column_bad),
	};
	return cmocka_run_group_tests(tests, set_zone, NULL);
}
