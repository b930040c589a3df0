/* fact.h - what the core systems tell us, one row or one JSON document at a time: named fields in, a checked fact out (POLICY 10). No I/O, no SQL. */
#ifndef FOLLOWUP_FACT_H
#define FOLLOWUP_FACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "followup/error.h"
#include "followup/policy.h"

/* A field as it came. An empty value clears the field; an absent column is simply not among the fields. */
struct fact_field {
	const char *name;
	const char *value; /* NUL-terminated UTF-8, never NULL */
	size_t length;
};

enum client_field {
	CLIENT_PERSON_REF,
	CLIENT_NAME,
	CLIENT_PHONE,
	CLIENT_EMAIL,
	CLIENT_TIER,
	CLIENT_BRANCH,
	CLIENT_MANAGER,
	CLIENT_INTRODUCER,
	CLIENT_BIRTHDAY,
	CLIENT_BIRTHDAY_CALENDAR,
	CLIENT_OPENED_ON,
	CLIENT_CLOSED_ON,
	CLIENT_LAST_TRADE_ON,
	CLIENT_ASSETS,
	CLIENT_STATUS,
	CLIENT_HOURS,
	CLIENT_DO_NOT_CONTACT,
	CLIENT_ATTORNEY,
	CLIENT_ID_EXPIRES_ON,
	CLIENT_RISK_TEST_EXPIRES_ON,
	CLIENT_FIELD_COUNT
};

/* The column's name in clients.csv for each field ("person_ref", ...). client_ref and as_of are not fields of this list. */
extern const char *const client_field_names[CLIENT_FIELD_COUNT];

/* Bytes of any one text field; longer ones are refused. client_ref, event_ref, kind, branch, manager, introducer: at most 64 bytes. */
enum { FACT_TEXT_MAX = 1024 };

/* A client row, checked. Every value is canonical text (days as YYYY-MM-DD, amounts by money_format, enums in lower case), because that is what
 * the store compares and keeps; "" clears. It borrows from the fields it was made of and from scratch. */
struct client_fact {
	const char *client_ref;
	bool present[CLIENT_FIELD_COUNT];
	const char *values[CLIENT_FIELD_COUNT];
	bool has_as_of;
	int64_t as_of; /* local seconds (zone_parse_time) */
	/* Fields that the configuration declares; names are the policy's. */
	struct declared_value {
		const char *name;
		enum field_type type;
		const char *text; /* as values */
		char number[32];
	} declared[DECLARED_FIELDS_MAX];
	size_t declared_count;
	char scratch[8][40];
};

struct event_fact {
	const char *event_ref;
	const char *client_ref; /* "" for events of no single client (manager_departed) */
	const char *kind;
	int64_t occurred_at; /* local seconds */
	bool has_amount;
	money_t amount;
	const char *detail; /* "" when none */
	bool has_as_of;
	int64_t as_of;
};

enum { FACT_REASON_SIZE = 256 };

/* Checks a header row (or the members of a JSON document): every name known, none twice, the required ones there (clients: client_ref; events: event_ref, kind,
 * occurred_at). ERR_INVALID and a reason naming the column otherwise. A new client also needs a name: the store says so, since only it knows what is new. policy may be
 * NULL where it is not at hand (followupctl): a column of clients that could be declared passes then, and the daemon has the last word. */
int fact_check_client_columns(
	const struct policy *policy, const char *const *names, size_t count, char reason[FACT_REASON_SIZE]) MUST_CHECK;
int fact_check_event_columns(const struct policy *policy, const char *const *names, size_t count, char reason[FACT_REASON_SIZE]) MUST_CHECK;

/* Turns fields into a fact. ERR_INVALID and a reason ("birthday: no such day: 02-30") otherwise. Unknown tiers, event kinds that are not configured, control bytes,
 * bytes that are not UTF-8, days outside 1900-01-01 .. 2100-12-31, references with a blank before or after them, assets below 0 and empty required fields are refused. kinds account_*, trade, asset_outflow need a client_ref;
 * asset_outflow needs an amount not below 0; manager_departed needs a detail; void names an event_ref in detail. */
int fact_client(const struct policy *policy, const struct fact_field *fields, size_t count, struct client_fact *out,
	char reason[FACT_REASON_SIZE]) MUST_CHECK;
int fact_event(const struct policy *policy, const struct fact_field *fields, size_t count, struct event_fact *out,
	char reason[FACT_REASON_SIZE]) MUST_CHECK;

/* The client field do_not_contact: channel names separated by spaces or semicolons, or "all"; a name may carry its last day, "phone:2026-12-31". */
struct do_not_contact {
	int channel; /* index; -1 for all */
	day_t until; /* last day it holds; INT32_MAX for ever */
};
/* Parses into out (at most capacity) and returns the count, or ERR_INVALID. */
int fact_do_not_contact(const struct policy *policy, const char *text, struct do_not_contact *out, size_t capacity) MUST_CHECK;

/* The client field attorney: names separated by semicolons, each perhaps with the last day of its power, "Zhang San:2026-12-31; Li Si". */
enum { FACT_ATTORNEYS_MAX = 16, FACT_ATTORNEY_NAME_MAX = 200 };
struct attorney {
	const char *name; /* in the text that was parsed, without the blanks around it */
	size_t length;
	day_t until; /* last day it holds; INT32_MAX for ever */
};
/* Parses into out and returns the count, 0 for "", or ERR_INVALID. */
int fact_attorneys(const char *text, struct attorney out[FACT_ATTORNEYS_MAX]) MUST_CHECK;

#endif
