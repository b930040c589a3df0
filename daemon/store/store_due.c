/* store_due.c - when each client is looked at next. */
#include "followup/store_due.h"

#include "ahead.h"
#include "internal.h"

enum { LOOKED_KEPT_EACH = 1000 };

/* After a rollback the number of a client who was passed may be another's. */
static bool is_looked_known(const struct store *store)
{
	return store->looked.known && store->looked.rollbacks == store->rollbacks;
}

/* Up to this number every client has had a day kept. Remembered from one look to the next, written down now and then: what it lags behind is passed over once more. */
static int load_looked(struct store *store)
{
	int64_t kept = 0;

	if (is_looked_known(store))
		return 0;
	int result = store_meta_get(store, "looked_up_to", &kept);
	if (result < 0 && result != ERR_NOT_FOUND)
		return result;
	store->looked.known = true;
	store->looked.rollbacks = store->rollbacks;
	store->looked.up_to = store->looked.kept = kept;
	return 0;
}

static int keep_looked(struct store *store)
{
	int result = store_meta_set(store, "looked_up_to", store->looked.up_to);

	if (result == 0)
		store->looked.kept = store->looked.up_to;
	return result;
}

/* The next of those who have come and have never been looked at. */
static int next_new(struct store *store, int64_t *client_id, bool *changed)
{
	STATEMENT(next, "SELECT id FROM client c WHERE id>?1 AND NOT EXISTS (SELECT 1 FROM client_due d WHERE d.client_id=c.id) ORDER BY "
			"id LIMIT 1");
	STATEMENT(last, "SELECT coalesce(max(id), 0) FROM client");
	int64_t id;
	int result = load_looked(store);

	if (result == 0)
		result = store_integer(store, &next, &id, "i", store->looked.up_to);
	if (result == 0) {
		store->looked.up_to = id - 1;
		*client_id = id;
		*changed = true;
		return 1;
	}
	if (result == ERR_NOT_FOUND)
		result = store_integer(store, &last, &store->looked.up_to, "");
	return result;
}

static int have_read(struct store *store, day_t day, int count)
{
	store->waiting.day = day;
	store->waiting.count = count;
	store->waiting.stamp = store_stamp_now(store, KEPT_DUE);
	return count > 0;
}

/* Those who wait are read together, and what will be asked of them, as long as nobody else's day is written meanwhile. 1: one is there. */
static int read_waiting(struct store *store, day_t day)
{
	STATEMENT(next,
		"SELECT d.client_id, d.changed, d.next_on, " CLIENT_COLUMNS
		" FROM client_due d LEFT JOIN client c ON c.id=d.client_id WHERE d.next_on<=?1 ORDER BY d.next_on, d.client_id LIMIT ?2");
	int result, count = 0, capacity = store_ahead_at_once(store, STORE_WAITING);
	day_t last_on = 0;

	if (store->waiting.place < store->waiting.count && store->waiting.day == day &&
		store_stamp_holds(store, KEPT_DUE, store->waiting.stamp))
		return 1;
	store->waiting.place = store->waiting.count = 0;
	count = store_ahead_due(store, day, store->waiting.rows, STORE_WAITING);
	if (count != 0)
		return count < 0 ? count : have_read(store, day, count);
	sqlite3_stmt *s = store_query(store, &next, "nn", day, capacity);
	while ((result = store_row(store, s)) > 0) {
		int64_t id = sqlite3_column_int64(s, 0);
		store->waiting.rows[count++] = (struct store_waiting){id, sqlite3_column_int(s, 1) != 0};
		last_on = sqlite3_column_int(s, 2);
		result = store_keep_client(store, id, s, 3);
		if (result < 0) {
			store_end(s);
			return result;
		}
	}
	if (result < 0)
		return result;
	if (count == capacity)
		store_ahead_ask_due(store, day, last_on, store->waiting.rows[count - 1].client_id);
	return have_read(store, day, count);
}

/* Whether he is the one who was read as the next who waits, and waits no more: that he has a day is known then. */
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

int store_due_set(struct store *store, int64_t client_id, day_t next_on)
{
	TOLD_STATEMENT(set, "INSERT INTO client_due(client_id, next_on, changed) VALUES(?1, ?2, 0)"
			    " ON CONFLICT DO UPDATE SET next_on=excluded.next_on, changed=0 WHERE next_on<>excluded.next_on OR changed<>0");
	TOLD_STATEMENT(move, "UPDATE client_due SET next_on=?2, changed=0 WHERE client_id=?1");
	int result = store_run(store, was_waiting(store, client_id, next_on) ? &move : &set, "in", client_id, next_on);

	store_ahead_note_due(store, next_on);
	if (next_on <= store->nobody_waits.day)
		store->nobody_waits.known = false;
	if (result < 0 || !is_looked_known(store))
		return result < 0 ? result : 0;
	if (client_id == store->looked.up_to + 1)
		store->looked.up_to = client_id;
	return store->looked.up_to - store->looked.kept >= LOOKED_KEPT_EACH ? keep_looked(store) : 0;
}

int store_due_mark(struct store *store, int64_t client_id, day_t day, bool changed)
{
	/* Who has no day yet waits to be looked at already, and not for a day to come. */
	STATEMENT(mark, "INSERT INTO client_due(client_id, next_on, changed) VALUES(?1, min(?2, 1), ?3)"
			" ON CONFLICT DO UPDATE SET next_on=min(next_on, ?2), changed=max(changed, excluded.changed)"
			" WHERE next_on>?2 OR changed<excluded.changed");
	int result = store_run(store, &mark, "inn", client_id, day, (int)changed);

	return result < 0 ? result : 0;
}

int store_due_mark_manager(struct store *store, const char *manager, day_t day, bool changed)
{
	/* His clients, and those who were his when he left and whose follow-ups are still open. */
	STATEMENT(mark,
		"UPDATE client_due SET next_on=min(next_on, ?2), changed=max(changed, ?3) WHERE client_id IN (SELECT id "
		"FROM " CLIENTS_OF_MANAGER("?1") " UNION ALL SELECT client_id FROM followup WHERE about=(SELECT id FROM name WHERE text=?1)"
						 " AND about IS NOT NULL AND closed_on IS NULL)");

	return store_run(store, &mark, "tnn", manager, day, (int)changed);
}

int store_due_next(struct store *store, day_t day, int64_t *client_id, bool *changed)
{
	/* Every turn asks, and nearly always nobody does. */
	bool known = store->nobody_waits.known && store_stamp_holds(store, KEPT_DUE, store->nobody_waits.days) &&
		     store_stamp_holds(store, KEPT_CLIENTS, store->nobody_waits.clients);
	if (known && day <= store->nobody_waits.day)
		return 0;
	int result = read_waiting(store, day);

	if (result > 0) {
		*client_id = store->waiting.rows[store->waiting.place].client_id;
		*changed = store->waiting.rows[store->waiting.place].changed;
	}
	if (result == 0 && day >= LOOK_AGAIN)
		result = next_new(store, client_id, changed);
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
	STATEMENT(get, "SELECT next_on FROM client_due WHERE client_id=?1");
	int64_t value;
	int result = store_integer(store, &get, &value, "i", client_id);

	if (result < 0)
		return result;
	*next_on = (day_t)value;
	return 0;
}
