/* store_client.h - clients as the store keeps them. */
#ifndef FOLLOWUP_STORE_CLIENT_H
#define FOLLOWUP_STORE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "followup/fact.h"
#include "followup/occasion_day.h"

struct store;

enum { CLIENT_TEXT_SIZE = 65 };

/* What the engine and the desk need of a client; names and numbers stay in the store (store_view.h). */
struct client {
	int64_t id;
	int64_t person; /* minus id when he stands alone */
	bool known;     /* false: only events have spoken of him; no rule looks at him */
	char ref[CLIENT_TEXT_SIZE];
	char tier[CLIENT_TEXT_SIZE];
	char branch[CLIENT_TEXT_SIZE];
	char manager[CLIENT_TEXT_SIZE];
	char introducer[CLIENT_TEXT_SIZE];
	bool has_phone, has_email;
	struct birthday birthday;                  /* month 0: none */
	day_t opened_on, closed_on, last_trade_on; /* as the file says; NO_DAY: it does not */
	day_t id_expires_on, risk_test_expires_on;
	char status[16];
	bool has_promises;      /* may have: hardly anybody was ever promised anything */
	bool number_is_wrong;   /* somebody else answered there; until it is corrected */
	char no_greetings[256]; /* "channel:day" with semicolons: greetings refused there until that day */
	char do_not_contact[FACT_TEXT_MAX + 1];
	char hours[FACT_TEXT_MAX + 1];
};

/* By number or by reference. ERR_NOT_FOUND. */
int store_client_load(struct store *store, int64_t id, struct client *out) MUST_CHECK;
int64_t store_client_find(struct store *store, const char *ref) MUST_CHECK;

/* The client's number; a row without a name is made when there is none (an event that came before its client). ERR_INVALID: he has been erased. */
int64_t store_client_ensure(struct store *store, const char *ref) MUST_CHECK;

enum { CLIENT_IS_NEW = 2 };
/* Takes in a row. 1: something changed, CLIENT_IS_NEW, 0: known already (or of an earlier as_of), ERR_INVALID: a new client without a name. assets_day: from which day
 * the assets are known, when the row carries no as_of. *id is the client. */
int store_client_put(struct store *store, const struct client_fact *fact, day_t assets_day, int64_t *id) MUST_CHECK;

/* The field attorney, "" when there is none (fact_attorneys()). */
int store_client_attorney(struct store *store, int64_t id, char out[FACT_TEXT_MAX + 1]) MUST_CHECK;

/* Notes that the client's number is wrong, or that it was right; a new number takes the note away. */
int store_client_number_is_wrong(struct store *store, int64_t id, bool wrong) MUST_CHECK;

/* The assets last known before day (POLICY 4, large-outflow): 1, or 0 when none are known. */
int store_client_assets_before(struct store *store, int64_t id, day_t day, money_t *assets) MUST_CHECK;

/* The day in a declared field; NO_DAY when there is none. */
int store_client_declared_day(struct store *store, int64_t id, const char *field, day_t *day) MUST_CHECK;

/* The clients of a person, ascending, at most capacity; the count (which may be larger). */
int store_client_of_person(struct store *store, int64_t person, int64_t *ids, int capacity) MUST_CHECK;

/* Walks all clients in order of number: the next after id, 0 at the end. */
int64_t store_client_after(struct store *store, int64_t id) MUST_CHECK;

#endif
