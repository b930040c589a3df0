/* store_due.c - when each client is looked at next.
 *
 * Nearly everybody waits for the same day, the next festival. So that a night, which looks at a few of a large book and has them wait for that day, need not write a page for each of them, only
 * those who wait for another day have a row; all others are looked at, in their order, when the common day has come. How far that has come is remembered by the number of the last. */
#include "followup/store_due.h"

#include "ahead.h"
#include "internal.h"

/* After a rollback the number of a client who was passed may be another's. */
static bool is_looked_known(const struct store *store)
{
	return store->looked.known && store->looked.rollbacks == store->rollbacks;
}

static int meta_or(struct store *store, const char *key, int64_t otherwise, int64_t *value)
{
	int result = store_meta_get(store, key, value);

	if (result == ERR_NOT_FOUND)
		*value = otherwise;
	return result == ERR_NOT_FOUND ? 0 : result;
}

/* Up to this number every client has been looked at. Remembered from one look to the next, and written down at the end of each slice. */
static int load_looked(struct store *store)
{
	int64_t kept, common_on;

	if (is_looked_known(store))
		return 0;
	int result = meta_or(store, "looked_up_to", 0, &kept);
	if (result == 0)
		result = meta_or(store, "common_on", INT32_MAX, &common_on);
	if (result < 0)
		return result;
	store->looked.known = true;
	store->looked.rollbacks = store->rollbacks;
	store->looked.up_to = store->looked.kept = kept;
	store->looked.next = 0;
	store->looked.common_on = (day_t)common_on;
	return 0;
}

int store_due_common(struct store *store, int64_t *up_to, day_t *common_on)
{
	int result = load_looked(store);

	*up_to = store->looked.up_to;
	*common_on = store->looked.common_on;
	return result;
}

int store_due_keep(struct store *store)
{
	if (!is_looked_known(store) || store->looked.kept == store->looked.up_to)
		return 0;
	/* Nobody else remembers it: all other settings stay known. */
	TOLD_STATEMENT(keep, "INSERT INTO meta(key, value) VALUES('looked_up_to', ?1) ON CONFLICT DO UPDATE SET value=excluded.value");
	int result = store_run(store, &keep, "i", store->looked.up_to);
	if (result < 0)
		return result;
	store->looked.kept = store->looked.up_to;
	return 0;
}

int store_due_set_common(struct store *store, day_t common_on)
{
	int result = load_looked(store);

	if (result < 0 || store->looked.common_on == common_on)
		return result;
	store->waiting.count = 0;
	store->nobody_waits.known = false;
	store_ahead_begin_rest(store);
	store->looked.common_on = common_on;
	store->looked.up_to = store->looked.next = 0;
	result = store_meta_set(store, "common_on", common_on);
	return result < 0 ? result : store_due_keep(store);
}

static int have_read(struct store *store, day_t day, bool is_rest, int count)
{
	store->waiting.day = day;
	store->waiting.is_rest = is_rest;
	store->waiting.count = count;
	store->waiting.stamp = store_stamp_now(store, KEPT_DUE);
	return count > 0;
}

/* The rows of a query that begins with a client's number, whether he has changed and his day, behind which his row stands. */
static int read_rows(struct store *store, sqlite3_stmt *s, day_t *last_on)
{
	int result, count = 0;

	while ((result = store_row(store, s)) > 0) {
		int64_t id = sqlite3_column_int64(s, 0);
		store->waiting.rows[count++] = (struct store_waiting){id, sqlite3_column_int(s, 1) != 0};
		*last_on = sqlite3_column_int(s, 2);
		result = store_keep_client(store, id, s, 3);
		if (result < 0) {
			store_end(s);
			return result;
		}
	}
	return result < 0 ? result : count;
}

/* Those who have no day of their own, in their order, from the first on who has not been looked at: those who have just come, and everybody when the common day has. */
static int read_rest(struct store *store, day_t day)
{
	STATEMENT(next, "SELECT c.id, 0, 0, " CLIENT_COLUMNS " FROM client c WHERE c.id>?1 AND c.id<=?1+?2 AND NOT EXISTS (SELECT 1 FROM "
			"client_due d WHERE d.client_id=c.id) ORDER BY c.id LIMIT ?3");
	STATEMENT(last, "SELECT coalesce(max(id), 0) FROM client");
	int capacity = store_ahead_at_once(store, STORE_WAITING);
	day_t none;

	int result = load_looked(store);
	if (result < 0)
		return result;
	int count = store_ahead_rest(store, day, store->looked.up_to, store->waiting.rows, STORE_WAITING);
	if (count != 0)
		return count < 0 ? count : have_read(store, day, true, count);
	count = read_rows(store, store_query(store, &next, "inn", store->looked.up_to, REST_AT_ONCE, capacity), &none);
	if (count == capacity)
		store_ahead_ask_rest(store, day, store->waiting.rows[count - 1].client_id);
	if (count != 0)
		return count < 0 ? count : have_read(store, day, true, count);
	int64_t end;
	result = store_integer(store, &last, &end, "");
	if (result < 0)
		return result;
	bool is_end = end <= store->looked.up_to + REST_AT_ONCE;
	store->looked.up_to = is_end ? end : store->looked.up_to + REST_AT_ONCE;
	(void)have_read(store, day, true, 0);
	return is_end ? 0 : DUE_NOT_YET;
}

/* Those who wait are read together, and what will be asked of them, as long as nobody else's day is written meanwhile. 1: one is there. */
static int read_waiting(struct store *store, day_t day)
{
	STATEMENT(next,
		"SELECT d.client_id, d.changed, d.next_on, " CLIENT_COLUMNS
		" FROM client_due d LEFT JOIN client c ON c.id=d.client_id WHERE d.next_on<=?1 ORDER BY d.next_on, d.client_id LIMIT ?2");
	int capacity = store_ahead_at_once(store, STORE_WAITING);
	day_t last_on = 0;

	if (store->waiting.place < store->waiting.count && store->waiting.day == day &&
		store_stamp_holds(store, KEPT_DUE, store->waiting.stamp))
		return 1;
	store->waiting.place = store->waiting.count = 0;
	int count = store_ahead_due(store, day, store->waiting.rows, STORE_WAITING);
	if (count != 0)
		return count < 0 ? count : have_read(store, day, false, count);
	count = read_rows(store, store_query(store, &next, "nn", day, capacity), &last_on);
	if (count == capacity)
		store_ahead_ask_due(store, day, last_on, store->waiting.rows[count - 1].client_id);
	if (count == 0 && day >= LOOK_AGAIN)
		return read_rest(store, day);
	return count < 0 ? count : have_read(store, day, false, count);
}

/* Whether he is the one who was read as the next who waits, and waits no more: whether he has a day is known then. */
static bool was_waiting(struct store *store, int64_t client_id, day_t next_on)
{
	bool next = store->waiting.place < store->waiting.count && store->waiting.rows[store->waiting.place].client_id == client_id &&
		    store_stamp_holds(store, KEPT_DUE, store->waiting.stamp);

	if (next && next_on > store->waiting.day) {
		store->waiting.place++;
		return true;
	}
	store->waiting.count = 0; /* he may come in between */
	store_ahead_forget_due(store);
	return next;
}

/* Whoever is looked at on the common day needs no row. */
static int write_day(struct store *store, int64_t client_id, day_t next_on, bool is_known, bool has_row)
{
	TOLD_STATEMENT(set, "INSERT INTO client_due(client_id, next_on, changed) VALUES(?1, ?2, 0)"
			    " ON CONFLICT DO UPDATE SET next_on=excluded.next_on, changed=0 WHERE next_on<>excluded.next_on OR changed<>0");
	TOLD_STATEMENT(move, "UPDATE client_due SET next_on=?2, changed=0 WHERE client_id=?1");
	TOLD_STATEMENT(no_more, "DELETE FROM client_due WHERE client_id=?1");

	if (next_on != store->looked.common_on)
		return store_run(store, is_known && has_row ? &move : &set, "in", client_id, next_on);
	if (is_known && !has_row)
		return 0;
	if (client_id > store->looked.up_to)
		store_ahead_note_rest(store);
	return store_run(store, &no_more, "i", client_id);
}

int store_due_set(struct store *store, int64_t client_id, day_t next_on)
{
	int result = load_looked(store);

	if (result < 0)
		return result;
	bool is_known = was_waiting(store, client_id, next_on);
	result = write_day(store, client_id, next_on, is_known, !store->waiting.is_rest);
	if (result < 0)
		return result;
	store_ahead_note_due(store, next_on);
	if (next_on <= store->nobody_waits.day)
		store->nobody_waits.known = false;
	/* Between the two there is nobody who has not been looked at. */
	if (client_id > store->looked.up_to && (client_id == store->looked.next || client_id == store->looked.up_to + 1))
		store->looked.up_to = client_id;
	return 0;
}

int store_due_mark(struct store *store, int64_t client_id, day_t day, bool changed)
{
	/* Who has just come waits to be looked at already, and not for a day to come. */
	STATEMENT(mark, "INSERT INTO client_due(client_id, next_on, changed) VALUES(?1, min(?2, ?4), ?3)"
			" ON CONFLICT DO UPDATE SET next_on=min(next_on, ?2), changed=max(changed, excluded.changed)"
			" WHERE next_on>?2 OR changed<excluded.changed");
	int result = load_looked(store);

	if (result == 0)
		result = store_run(store, &mark, "innn", client_id, day, (int)changed,
			client_id > store->looked.up_to ? LOOK_AGAIN : store->looked.common_on);
	return result < 0 ? result : 0;
}

int store_due_mark_manager(struct store *store, const char *manager, day_t day, bool changed)
{
	/* His clients, and those who were his when he left and whose follow-ups are still open. */
	STATEMENT(mark, MARK_CLIENTS("SELECT id FROM " CLIENTS_OF_MANAGER(
				"?5") " UNION ALL SELECT client_id FROM followup WHERE about=(SELECT id "
				      "FROM name WHERE text=?5) AND about IS NOT NULL AND closed_on IS NULL"));
	int64_t up_to;
	day_t common_on;
	int result = store_due_common(store, &up_to, &common_on);

	return result < 0 ? result : store_run(store, &mark, "nnint", day, (int)changed, up_to, common_on, manager);
}

int store_due_next(struct store *store, day_t day, int64_t *client_id, bool *changed)
{
	/* Every turn asks, and nearly always nobody does. */
	bool known = store->nobody_waits.known && store_stamp_holds(store, KEPT_DUE, store->nobody_waits.days) &&
		     store_stamp_holds(store, KEPT_CLIENTS, store->nobody_waits.clients);
	if (known && day <= store->nobody_waits.day)
		return 0;
	int result = read_waiting(store, day);

	if (result > 0 && result != DUE_NOT_YET) {
		*client_id = store->waiting.rows[store->waiting.place].client_id;
		*changed = store->waiting.rows[store->waiting.place].changed;
		if (store->waiting.is_rest)
			store->looked.next = *client_id;
	}
	if (result == 0) {
		store->nobody_waits.known = true;
		store->nobody_waits.day = day;
		store->nobody_waits.days = store_stamp_now(store, KEPT_DUE);
		store->nobody_waits.clients = store_stamp_now(store, KEPT_CLIENTS);
	}
	return result;
}

int store_due_is_new(struct store *store, int64_t client_id)
{
	STATEMENT(get, "SELECT EXISTS (SELECT 1 FROM client WHERE id=?1 AND id>" LOOKED_UP_TO " AND NOT EXISTS (SELECT 1 FROM client_due "
		       "WHERE client_id=?1))");
	int64_t is_new;
	int result = store_integer(store, &get, &is_new, "i", client_id);

	return result < 0 ? result : (int)is_new;
}

int store_due_get(struct store *store, int64_t client_id, day_t *next_on)
{
	STATEMENT(get,
		"SELECT next_on FROM (SELECT " NEXT_ON("c.id", "d") " next_on FROM client c LEFT JOIN client_due d ON d.client_id=c.id "
								    "WHERE c.id=?1) WHERE next_on IS NOT NULL");
	int64_t value;
	int result = store_integer(store, &get, &value, "i", client_id);

	if (result < 0)
		return result;
	*next_on = (day_t)value;
	return 0;
}
