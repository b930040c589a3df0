/* store_client.c - clients: rows in, and the part of them that rules look at. */
#include "followup/store_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/money.h"
#include "followup/store_name.h"
#include "internal.h"

/* The texts that only the store shows, in one piece of memory. */
static int read_texts(sqlite3_stmt *s, int first, struct kept_client *kept)
{
	const char **const places[] = {&kept->name, &kept->phone, &kept->email, &kept->attorney};
	enum { TEXTS = sizeof(places) / sizeof(places[0]) };
	const char *texts[TEXTS];
	size_t length = 0;

	for (int i = 0; i < TEXTS; i++) {
		texts[i] = sqlite3_column_type(s, first + i) == SQLITE_NULL ? NULL : column_text(s, first + i);
		length += texts[i] != NULL ? strlen(texts[i]) + 1 : 0;
	}
	char *at = malloc(length + 1);
	if (at == NULL)
		return ERR_MEMORY;
	free(kept->texts);
	kept->texts = at;
	for (int i = 0; i < TEXTS; i++) {
		*places[i] = texts[i] != NULL ? at : NULL;
		if (texts[i] != NULL)
			at = stpcpy(at, texts[i]) + 1;
	}
	return 0;
}

int store_client_columns(sqlite3_stmt *s, int first, struct kept_client *kept)
{
	struct client *out = &kept->client;
	int result = read_texts(s, first, kept);

	if (result < 0)
		return result;
	out->known = kept->name != NULL;
	out->has_phone = kept->phone != NULL;
	out->has_email = kept->email != NULL;
	out->person = sqlite3_column_int64(s, first + 5);
	column_copy(s, first + 6, out->ref, sizeof(out->ref));
	column_copy(s, first + 7, out->tier, sizeof(out->tier));
	column_copy(s, first + 8, out->branch, sizeof(out->branch));
	column_copy(s, first + 9, out->manager, sizeof(out->manager));
	column_copy(s, first + 10, out->introducer, sizeof(out->introducer));
	const char *birthday = column_text(s, first + 11), *calendar = column_text(s, first + 12);
	enum birthday_calendar kind = strcmp(calendar, "lunar") == 0        ? BIRTHDAY_LUNAR
				      : strcmp(calendar, "lunar-leap") == 0 ? BIRTHDAY_LUNAR_LEAP
									    : BIRTHDAY_SOLAR;
	if (!birthday_parse(birthday, strlen(birthday), kind, &out->birthday))
		out->birthday = (struct birthday){0, 0, BIRTHDAY_SOLAR};
	out->opened_on = column_date(s, first + 13);
	out->closed_on = column_date(s, first + 14);
	out->last_trade_on = column_date(s, first + 15);
	column_copy(s, first + 16, out->do_not_contact, sizeof(out->do_not_contact));
	column_copy(s, first + 17, out->hours, sizeof(out->hours));
	out->id_expires_on = column_date(s, first + 18);
	out->risk_test_expires_on = column_date(s, first + 19);
	column_copy(s, first + 20, out->status, sizeof(out->status));
	out->number_is_wrong = sqlite3_column_int(s, first + 21) != 0;
	column_copy(s, first + 22, out->no_greetings, sizeof(out->no_greetings));
	kept->erased = sqlite3_column_int(s, first + 23) != 0;
	out->has_promises = sqlite3_column_int(s, first + 24) != 0;
	out->id = sqlite3_column_int64(s, first + 4);
	return 0;
}

int store_client_read(struct store *store, int64_t id, struct kept_client *kept)
{
	STATEMENT(load, "SELECT " CLIENT_COLUMNS " FROM client c WHERE c.id=?1");
	sqlite3_stmt *s = store_query(store, &load, "i", id);
	int result = store_row(store, s);

	if (result <= 0)
		return result;
	result = store_client_columns(s, 0, kept);
	store_end(s);
	return result < 0 ? result : 1;
}

int store_client_load(struct store *store, int64_t id, struct client *out)
{
	const struct kept_client *kept;
	int result = store_kept_client(store, id, &kept);

	if (result <= 0)
		return result == 0 ? ERR_NOT_FOUND : result;
	*out = kept->client;
	return 0;
}

int store_client_bar(struct store *store, int64_t id)
{
	STATEMENT(bar, "UPDATE client SET barred=1 WHERE id=?1 AND barred IS NULL");
	int result = store_run(store, &bar, "i", id);

	return result < 0 ? result : 0;
}

int store_client_promise(struct store *store, int64_t id)
{
	STATEMENT(note, "UPDATE client SET promised=1 WHERE id=?1 AND promised IS NULL");
	int result = store_run(store, &note, "i", id);

	return result < 0 ? result : 0;
}

int store_client_attorney(struct store *store, int64_t id, char out[FACT_TEXT_MAX + 1])
{
	STATEMENT(get, "SELECT attorney FROM client WHERE id=?1");
	sqlite3_stmt *s = store_query(store, &get, "i", id);
	int result = store_row(store, s);

	if (result <= 0)
		return result == 0 ? ERR_NOT_FOUND : result;
	column_copy(s, 0, out, FACT_TEXT_MAX + 1);
	store_end(s);
	return 0;
}

int64_t store_client_find(struct store *store, const char *ref)
{
	STATEMENT(find, "SELECT id FROM client WHERE ref=?1");
	int64_t id;
	int result = store_integer(store, &find, &id, "t", ref);

	return result < 0 ? result : id;
}

int64_t store_client_ensure(struct store *store, const char *ref)
{
	STATEMENT(find, "SELECT id, erased_at IS NOT NULL FROM client WHERE ref=?1");
	/* Standing alone is written as minus the own number, which the insert does not know yet: the greatest number so far, plus one, is what it will get. */
	STATEMENT(insert, "INSERT INTO client(ref, person) VALUES(?1, -(SELECT coalesce(max(id), 0) + 1 FROM client)) RETURNING id");
	sqlite3_stmt *s = store_query(store, &find, "t", ref);
	int64_t id;
	int result = store_row(store, s);

	if (result > 0) {
		id = sqlite3_column_int64(s, 0);
		bool erased = sqlite3_column_int(s, 1) != 0;
		store_end(s);
		if (!erased)
			return id;
		result = refuse_erased(store, id, ref);
		return result < 0 ? result : id;
	}
	if (result == 0)
		result = store_integer(store, &insert, &id, "t", ref);
	store->new_clients.next = 0;
	return result < 0 ? result : id;
}

static int64_t person_id(struct store *store, const char *ref, int64_t client_id)
{
	STATEMENT(find, "SELECT id FROM person WHERE ref=?1");
	STATEMENT(insert, "INSERT INTO person(ref) VALUES(?1) RETURNING id");
	int64_t id;

	if (ref[0] == '\0')
		return -client_id;
	int result = store_integer(store, &find, &id, "t", ref);
	if (result == ERR_NOT_FOUND)
		result = store_integer(store, &insert, &id, "t", ref);
	return result < 0 ? result : id;
}

static int refuse_nameless(struct store *store)
{
	snprintf(store->message, sizeof(store->message), "name: a client needs one");
	return ERR_INVALID;
}

/* Of whom only events have spoken: refused before anything is written. */
static int refuse_still_nameless(struct store *store, int64_t id, const struct client_fact *fact)
{
	STATEMENT(get, "SELECT name IS NOT NULL FROM client WHERE id=?1");
	int64_t named;

	if (fact->present[CLIENT_NAME] && fact->values[CLIENT_NAME][0] != '\0')
		return 0;
	int result = store_integer(store, &get, &named, "i", id);
	return result < 0 ? result : named ? 0 : refuse_nameless(store);
}

/* Which of the row's fields are newer than what is kept. A row without as_of is older than any that has one (POLICY 10). */
static int newer_fields(struct store *store, int64_t id, const struct client_fact *fact, bool take[CLIENT_FIELD_COUNT])
{
	STATEMENT(get, "SELECT field, as_of FROM client_as_of WHERE client_id=?1");
	STATEMENT(
		set, "INSERT INTO client_as_of(client_id, field, as_of) VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET as_of=excluded.as_of");
	int result;

	memcpy(take, fact->present, sizeof(fact->present));
	sqlite3_stmt *s = store_query(store, &get, "i", id);
	while ((result = store_row(store, s)) > 0) {
		int field = sqlite3_column_int(s, 0);
		if (field >= 0 && field < CLIENT_FIELD_COUNT && (!fact->has_as_of || sqlite3_column_int64(s, 1) > fact->as_of))
			take[field] = false;
	}
	for (int field = 0; result == 0 && fact->has_as_of && field < CLIENT_FIELD_COUNT; field++)
		if (take[field]) {
			int changed = store_run(store, &set, "ini", id, field, fact->as_of);
			result = changed < 0 ? changed : 0;
		}
	return result;
}

/* From when on the assets are known to be so; a row without as_of speaks of its day. */
static int64_t assets_known_at(const struct client_fact *fact, day_t day)
{
	return fact->has_as_of ? fact->as_of : (int64_t)day * 86400;
}

/* 1: that is news, 0: it is not. first_known_at: of which moment the client's row itself keeps them. */
static int put_assets(struct store *store, int64_t id, const struct client_fact *fact, int64_t known_at, int64_t first_known_at)
{
	STATEMENT(correct, "UPDATE client SET first_assets=?2 WHERE id=?1 AND first_assets IS NOT ?2");
	STATEMENT(withdraw, "UPDATE client SET first_assets=NULL WHERE id=?1 AND first_assets IS NOT NULL");
	STATEMENT(set,
		"INSERT INTO client_assets(client_id, known_at, amount) VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET amount=excluded.amount"
		" WHERE amount IS NOT excluded.amount");
	STATEMENT(clear, "INSERT INTO client_assets(client_id, known_at, amount) VALUES(?1, ?2, NULL) ON CONFLICT DO UPDATE SET amount=NULL"
			 " WHERE amount IS NOT NULL");
	const char *text = fact->values[CLIENT_ASSETS];
	bool is_first = known_at == first_known_at;
	money_t amount;

	if (text[0] == '\0')
		return is_first ? store_run(store, &withdraw, "i", id) : store_run(store, &clear, "ii", id, known_at);
	if (!money_parse(text, strlen(text), &amount))
		return ERR_INVALID;
	return is_first ? store_run(store, &correct, "ii", id, amount) : store_run(store, &set, "iii", id, known_at, amount);
}

/* Takes in one declared field, as newer_fields() does with the others. 1: something changed, 0: known, or older than what is kept. */
static int put_declared(struct store *store, int64_t id, const struct client_fact *fact, const struct declared_value *value)
{
	STATEMENT(get, "SELECT type, value, as_of FROM client_field WHERE client_id=?1 AND field=?2");
	STATEMENT(set,
		"INSERT INTO client_field(client_id, field, type, value, as_of) VALUES(?1, ?2, ?3, nullif(?4, ''), iif(?6, ?5, NULL))"
		" ON CONFLICT DO UPDATE SET type=excluded.type, value=excluded.value, as_of=excluded.as_of");
	int64_t field = store_name_id(store, value->name);

	if (field < 0)
		return (int)field;
	sqlite3_stmt *s = store_query(store, &get, "ii", id, field);
	int result = store_row(store, s);
	if (result < 0)
		return result;
	bool same = value->text[0] == '\0', kept_as_of = false, older = false;
	if (result > 0) {
		bool cleared = sqlite3_column_type(s, 1) == SQLITE_NULL;
		same = strcmp(column_text(s, 1), value->text) == 0 && (cleared || sqlite3_column_int(s, 0) == (int)value->type);
		kept_as_of = sqlite3_column_type(s, 2) != SQLITE_NULL;
		older = kept_as_of && (!fact->has_as_of || sqlite3_column_int64(s, 2) > fact->as_of);
		store_end(s);
	}
	if (older || (same && !fact->has_as_of))
		return 0;
	result = store_run(store, &set, "iintin", id, field, (int)value->type, value->text, fact->as_of, (int)fact->has_as_of);
	return result < 0 ? result : !same;
}

static int put_all_declared(struct store *store, int64_t id, const struct client_fact *fact)
{
	int changed = 0;

	for (size_t i = 0; i < fact->declared_count; i++) {
		int result = put_declared(store, id, fact, &fact->declared[i]);
		if (result < 0)
			return result;
		changed |= result;
	}
	return changed;
}

/* The number of the next new client. */
static int next_client(struct store *store, int64_t *id)
{
	STATEMENT(next, "SELECT coalesce(max(id), 0) + 1 FROM client");

	if (store->new_clients.next > 0 && store->new_clients.rollbacks == store->rollbacks) {
		*id = store->new_clients.next;
		return 0;
	}
	int result = store_integer(store, &next, id, "");
	if (result == 0) {
		store->new_clients.next = *id;
		store->new_clients.rollbacks = store->rollbacks;
	}
	return result;
}

/* A client of whom nothing is known: one row, written once. CLIENT_IS_NEW, or 0 when he is known after all (nothing has been written then, unless it names a person). */
static int put_new(struct store *store, const struct client_fact *fact, day_t assets_day, int64_t *out_id)
{
	STATEMENT(insert,
		"INSERT INTO client(id, ref, person, name, phone, email, tier, branch, manager, introducer, birthday, birthday_calendar, "
		"opened_on, closed_on, last_trade_on, assets, status, hours, do_not_contact, attorney, id_expires_on, "
		"risk_test_expires_on, first_assets, first_assets_at)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, iif(?25, "
		"?23, NULL), "
		"iif(?26, ?24, NULL)) ON CONFLICT(ref) DO NOTHING");
	const char *v[CLIENT_FIELD_COUNT];
	money_t assets = 0;
	int64_t id;

	for (int field = 0; field < CLIENT_FIELD_COUNT; field++)
		v[field] = fact->present[field] && fact->values[field][0] != '\0' ? fact->values[field] : NULL;
	if (v[CLIENT_NAME] == NULL)
		return refuse_nameless(store);
	if (v[CLIENT_ASSETS] != NULL && !money_parse(v[CLIENT_ASSETS], strlen(v[CLIENT_ASSETS]), &assets))
		return ERR_INVALID;
	int result = next_client(store, &id);
	if (result < 0)
		return result;
	int64_t person = person_id(store, v[CLIENT_PERSON_REF] != NULL ? v[CLIENT_PERSON_REF] : "", id);
	if (person < 0 && person != -id)
		return (int)person;
	result = store_run(store, &insert, "ititttttttttttttttttttiinn", id, fact->client_ref, person, v[CLIENT_NAME], v[CLIENT_PHONE],
		v[CLIENT_EMAIL], v[CLIENT_TIER], v[CLIENT_BRANCH], v[CLIENT_MANAGER], v[CLIENT_INTRODUCER], v[CLIENT_BIRTHDAY],
		v[CLIENT_BIRTHDAY_CALENDAR], v[CLIENT_OPENED_ON], v[CLIENT_CLOSED_ON], v[CLIENT_LAST_TRADE_ON], v[CLIENT_ASSETS],
		v[CLIENT_STATUS], v[CLIENT_HOURS], v[CLIENT_DO_NOT_CONTACT], v[CLIENT_ATTORNEY], v[CLIENT_ID_EXPIRES_ON],
		v[CLIENT_RISK_TEST_EXPIRES_ON], assets, assets_known_at(fact, assets_day), (int)(v[CLIENT_ASSETS] != NULL),
		(int)fact->present[CLIENT_ASSETS]);
	if (result <= 0)
		return result;
	store->new_clients.next = id + 1;
	if (fact->has_as_of) {
		bool take[CLIENT_FIELD_COUNT];
		result = newer_fields(store, id, fact, take);
	}
	if (result >= 0)
		result = put_all_declared(store, id, fact);
	if (result < 0)
		return result;
	*out_id = id;
	return CLIENT_IS_NEW;
}

/* New clients come by the thousand: behind one the next is taken for new too, which spares looking for him first. Not where he names a person, who would be written down before it turns out
 * that he may not be. */
static bool seems_new(const struct store *store, const struct client_fact *fact)
{
	return store->new_clients.expected && fact->present[CLIENT_NAME] && fact->values[CLIENT_NAME][0] != '\0' &&
	       !(fact->present[CLIENT_PERSON_REF] && fact->values[CLIENT_PERSON_REF][0] != '\0');
}

int store_client_put(struct store *store, const struct client_fact *fact, day_t assets_day, int64_t *out_id)
{
	bool take[CLIENT_FIELD_COUNT], changed = false;
	char kept[CLIENT_FIELD_COUNT][FACT_TEXT_MAX + 1];
	const char *values[CLIENT_FIELD_COUNT];
	STATEMENT(load, "SELECT CASE WHEN c.person > 0 THEN p.ref END, name, phone, email, tier, branch, manager, introducer, birthday, "
			"birthday_calendar,"
			" opened_on, closed_on, last_trade_on, assets, status, hours, do_not_contact, attorney, id_expires_on, "
			"risk_test_expires_on,"
			" first_assets_at FROM client c LEFT JOIN person p ON p.id=c.person WHERE c.id=?1");
	STATEMENT(update,
		"UPDATE client SET person=?2, name=?3, phone=?4, email=?5, tier=?6, branch=?7, manager=?8, introducer=?9, birthday=?10,"
		" birthday_calendar=?11, opened_on=?12, closed_on=?13, last_trade_on=?14, assets=?15, status=?16, hours=?17, "
		"do_not_contact=?18,"
		" attorney=?19, id_expires_on=?20, risk_test_expires_on=?21, number_wrong=iif(phone IS ?4, number_wrong, NULL) WHERE "
		"id=?1");

	int result = seems_new(store, fact) ? put_new(store, fact, assets_day, out_id) : 0;
	if (result != 0)
		return result;
	int64_t id = store_client_find(store, fact->client_ref);
	store->new_clients.expected = id == ERR_NOT_FOUND;
	if (id == ERR_NOT_FOUND)
		return put_new(store, fact, assets_day, out_id);
	if (id < 0)
		return (int)id;
	result = refuse_erased(store, id, fact->client_ref);
	if (result == 0)
		result = refuse_still_nameless(store, id, fact);
	if (result == 0)
		result = newer_fields(store, id, fact, take);
	if (result < 0)
		return result;
	sqlite3_stmt *s = store_query(store, &load, "i", id);
	result = store_row(store, s);
	if (result <= 0)
		return result < 0 ? result : ERR_NOT_FOUND;
	for (int field = 0; field < CLIENT_FIELD_COUNT; field++) {
		column_copy(s, field, kept[field], sizeof(kept[field]));
		values[field] = kept[field];
		if (!take[field])
			continue;
		changed = changed || strcmp(kept[field], fact->values[field]) != 0;
		values[field] = fact->values[field];
	}
	int64_t first_known_at =
		sqlite3_column_type(s, CLIENT_FIELD_COUNT) != SQLITE_NULL ? sqlite3_column_int64(s, CLIENT_FIELD_COUNT) : INT64_MIN;
	store_end(s);
	*out_id = id;
	if (values[CLIENT_NAME][0] == '\0') /* told at some time that it has none */
		return refuse_nameless(store);
	/* What they were at an earlier time counts for the outflows that came after it, whenever it is told. */
	int assets_changed = 0;
	if (fact->present[CLIENT_ASSETS] && (take[CLIENT_ASSETS] || fact->has_as_of))
		assets_changed = put_assets(store, id, fact, assets_known_at(fact, assets_day), first_known_at);
	if (assets_changed < 0)
		return assets_changed;
	int declared_changed = put_all_declared(store, id, fact);
	if (declared_changed < 0)
		return declared_changed;
	if (!changed)
		return assets_changed > 0 || declared_changed > 0;
	int64_t person = person_id(store, values[CLIENT_PERSON_REF], id);
	if (person < 0 && person != -id)
		return (int)person;
	for (int field = 0; field < CLIENT_FIELD_COUNT; field++)
		if (values[field][0] == '\0')
			values[field] = NULL;
	result = store_run(store, &update, "iittttttttttttttttttt", id, person, values[CLIENT_NAME], values[CLIENT_PHONE],
		values[CLIENT_EMAIL], values[CLIENT_TIER], values[CLIENT_BRANCH], values[CLIENT_MANAGER], values[CLIENT_INTRODUCER],
		values[CLIENT_BIRTHDAY], values[CLIENT_BIRTHDAY_CALENDAR], values[CLIENT_OPENED_ON], values[CLIENT_CLOSED_ON],
		values[CLIENT_LAST_TRADE_ON], values[CLIENT_ASSETS], values[CLIENT_STATUS], values[CLIENT_HOURS],
		values[CLIENT_DO_NOT_CONTACT], values[CLIENT_ATTORNEY], values[CLIENT_ID_EXPIRES_ON], values[CLIENT_RISK_TEST_EXPIRES_ON]);
	return result < 0 ? result : 1;
}

int store_client_number_is_wrong(struct store *store, int64_t id, bool wrong)
{
	STATEMENT(mark, "UPDATE client SET number_wrong=nullif(?2, 0) WHERE id=?1");
	int result = store_run(store, &mark, "in", id, (int)wrong);

	return result < 0 ? result : 0;
}

int store_client_assets_before(struct store *store, int64_t id, day_t day, money_t *assets)
{
	STATEMENT(get, "SELECT amount FROM (SELECT * FROM (SELECT known_at, amount FROM client_assets WHERE client_id=?1 AND known_at<?2 "
		       "ORDER BY known_at "
		       "DESC LIMIT 1) UNION ALL SELECT first_assets_at, first_assets FROM client WHERE id=?1 AND first_assets_at<?2) ORDER "
		       "BY known_at DESC LIMIT 1");
	int64_t amount;
	int result = store_integer(store, &get, &amount, "ii", id, (int64_t)day * 86400);

	if (result == ERR_NOT_FOUND)
		return 0;
	if (result < 0)
		return result;
	*assets = amount;
	return 1;
}

int store_client_declared_day(struct store *store, int64_t id, const char *field, day_t *day)
{
	STATEMENT(get, "SELECT x.value FROM client_field x JOIN name n ON n.id=x.field WHERE x.client_id=?1 AND n.text=?2 AND x.type=?3");
	sqlite3_stmt *s = store_query(store, &get, "itn", id, field, (int)FIELD_DAY);
	int result = store_row(store, s);

	if (result < 0)
		return result;
	*day = NO_DAY;
	if (result > 0) {
		*day = column_date(s, 0);
		store_end(s);
	}
	return 0;
}

int store_client_of_person(struct store *store, int64_t person, int64_t *ids, int capacity)
{
	STATEMENT(list, "SELECT id FROM client WHERE person=?1 AND person>0 ORDER BY id");

	if (person < 0) { /* stands alone: no need to ask */
		if (capacity > 0)
			ids[0] = -person;
		return 1;
	}
	return store_integers(store, store_query(store, &list, "i", person), ids, capacity);
}

int64_t store_client_after(struct store *store, int64_t id)
{
	STATEMENT(next, "SELECT id FROM client WHERE id>?1 ORDER BY id LIMIT 1");
	int64_t next_id;
	int result = store_integer(store, &next, &next_id, "i", id);

	if (result == ERR_NOT_FOUND)
		return 0;
	return result < 0 ? result : next_id;
}
