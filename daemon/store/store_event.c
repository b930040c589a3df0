/* store_event.c - events in, corrected, withdrawn; and out again in the order in which they happened. */
#include "followup/store_event.h"

#include <stdio.h>
#include <string.h>

#include "ahead.h"
#include "followup/store_client.h"
#include "followup/store_name.h"
#include "internal.h"

enum { DAY_SECONDS = 86400 };

int64_t store_event_kind_trade(void)
{
	return NAME_TRADE;
}

/* Sets an event's withdrawal to the earliest void event that names it, or to none. 1: that changed it. */
static int settle_withdrawal(struct store *store, const char *ref, bool is_new)
{
	STATEMENT(named, "SELECT 1 FROM event WHERE kind=3 AND detail=?1 LIMIT 1");
	STATEMENT(settle, "UPDATE event SET withdrawn_at=(SELECT min(v.occurred_at) FROM event v WHERE v.kind=3 AND v.detail=?1)"
			  " WHERE ref=?1 AND kind<>3 AND withdrawn_at IS NOT (SELECT min(v.occurred_at) FROM event v WHERE v.kind=3 AND "
			  "v.detail=?1)");

	int64_t found;
	int result = is_new ? store_integer(store, &named, &found, "t", ref) : 0;

	if (result == ERR_NOT_FOUND) /* hardly any event is withdrawn before it comes */
		return 0;
	return result < 0 ? result : store_run(store, &settle, "t", ref);
}

static void add_subject(struct event_change *change, int64_t client_id, const char *manager)
{
	if (client_id != 0)
		change->clients[change->client_count++] = client_id;
	if (manager[0] != '\0')
		snprintf(change->managers[change->manager_count++], EVENT_TEXT_SIZE, "%s", manager);
}

/* Whoever an event is about, as it stands in the book. 1, or 0 when it is not there. */
static int note_subject(struct store *store, const char *ref, struct event_change *change)
{
	STATEMENT(get, "SELECT client_id, CASE WHEN kind=2 THEN detail END FROM event WHERE ref=?1");
	sqlite3_stmt *s = store_query(store, &get, "t", ref);
	int result = store_row(store, s);

	if (result > 0) {
		add_subject(change, sqlite3_column_int64(s, 0), column_text(s, 1));
		store_end(s);
	}
	return result;
}

/* An event's withdrawal has come, gone or moved: whoever it is about must be looked at. */
static int withdraw(struct store *store, const char *ref, struct event_change *change)
{
	int result = settle_withdrawal(store, ref, false);

	return result > 0 ? note_subject(store, ref, change) : result;
}

/* The count of rows: 0 where one that was taken for new is known. */
static int insert_or_update(struct store *store, const struct event_fact *fact, int64_t client_id, int64_t kind, bool exists)
{
	STATEMENT(insert,
		"INSERT INTO event(ref, client_id, kind, occurred_at, detail, amount, as_of) VALUES(?1, ?2, ?3, ?4, ?5, iif(?8, ?6, "
		"NULL), iif(?9, ?7, NULL)) ON CONFLICT(ref) DO NOTHING");
	STATEMENT(update, "UPDATE event SET client_id=?2, kind=?3, occurred_at=?4, detail=?5, amount=iif(?8, ?6, NULL), as_of=iif(?9, ?7, "
			  "NULL) WHERE ref=?1");
	int result = store_run(store, exists ? &update : &insert, "tiiitiinn", fact->event_ref, client_id, kind, fact->occurred_at,
		fact->detail[0] != '\0' ? fact->detail : NULL, fact->amount, fact->as_of, (int)fact->has_amount, (int)fact->has_as_of);

	return result;
}

int store_event_put(struct store *store, const struct event_fact *fact, struct event_change *change)
{
	STATEMENT(get, "SELECT client_id, kind, occurred_at, amount, detail, as_of FROM event WHERE ref=?1");
	struct event_change made = {0};
	char former_void_target[FACT_TEXT_MAX + 1] = "";
	int64_t client_id = 0;

	if (fact->client_ref[0] != '\0') {
		client_id = store_client_ensure(store, fact->client_ref);
		if (client_id < 0)
			return (int)client_id;
	}
	int64_t kind = store_name_id(store, fact->kind);
	if (kind < 0)
		return (int)kind;
	/* New events come by the thousand: behind one the next is taken for new too, which spares looking for it first. */
	int inserted = store->new_event_expected ? insert_or_update(store, fact, client_id, kind, false) : 0;
	if (inserted < 0)
		return inserted;
	sqlite3_stmt *s = inserted == 0 ? store_query(store, &get, "t", fact->event_ref) : NULL;
	int exists = inserted == 0 ? store_row(store, s) : 0;
	if (exists < 0)
		return exists;
	store->new_event_expected = exists == 0;
	if (exists > 0) {
		int64_t former_client = sqlite3_column_int64(s, 0), former_kind = sqlite3_column_int64(s, 1);
		bool same = former_client == client_id && former_kind == kind && sqlite3_column_int64(s, 2) == fact->occurred_at &&
			    (sqlite3_column_type(s, 3) != SQLITE_NULL) == fact->has_amount &&
			    (!fact->has_amount || sqlite3_column_int64(s, 3) == fact->amount) &&
			    strcmp(column_text(s, 4), fact->detail) == 0;
		bool kept_has_as_of = sqlite3_column_type(s, 5) != SQLITE_NULL;
		int64_t kept_as_of = sqlite3_column_int64(s, 5);
		/* POLICY 10: of two versions the later wins, of equals the one loaded later. One without as_of is older than any that has one. */
		bool older = kept_has_as_of && (!fact->has_as_of || fact->as_of < kept_as_of);
		bool same_as_of = fact->has_as_of == kept_has_as_of && (!fact->has_as_of || fact->as_of == kept_as_of);
		if (former_kind == NAME_VOID)
			column_copy(s, 4, former_void_target, sizeof(former_void_target));
		add_subject(&made, former_client, former_kind == NAME_MANAGER_DEPARTED ? column_text(s, 4) : "");
		made.corrected = true;
		store_end(s);
		if (older || (same && same_as_of))
			return 0;
		if (same) { /* only its as_of moves on: nothing that a rule could see */
			int result = insert_or_update(store, fact, client_id, kind, true);
			return result < 0 ? result : 0;
		}
	}
	add_subject(&made, client_id, kind == NAME_MANAGER_DEPARTED ? fact->detail : "");
	made.corrected = made.corrected || kind == NAME_VOID;
	int result = inserted > 0 ? 0 : insert_or_update(store, fact, client_id, kind, exists > 0);
	if (result >= 0)
		result = settle_withdrawal(store, fact->event_ref, exists == 0);
	if (result >= 0 && former_void_target[0] != '\0')
		result = withdraw(store, former_void_target, &made);
	if (result >= 0 && kind == NAME_VOID)
		result = withdraw(store, fact->detail, &made);
	if (result < 0)
		return result;
	*change = made;
	return 1;
}

/* The day of a moment; NO_DAY where there is none. */
static day_t moment_day(sqlite3_stmt *s, int column)
{
	return sqlite3_column_type(s, column) == SQLITE_NULL ? NO_DAY : date_of_seconds(sqlite3_column_int64(s, column));
}

static void read_event(sqlite3_stmt *s, struct event *event)
{
	column_copy(s, 0, event->ref, sizeof(event->ref));
	event->kind = sqlite3_column_int64(s, 1);
	event->occurred_at = sqlite3_column_int64(s, 2);
	event->day = date_of_seconds(event->occurred_at);
	event->amount = sqlite3_column_type(s, 3) == SQLITE_NULL ? NO_MONEY : sqlite3_column_int64(s, 3);
	event->withdrawn_on = moment_day(s, 4);
}

static int read_events(struct store *store, sqlite3_stmt *s, struct event *events, int capacity)
{
	int count = 0, result;

	while ((result = store_row(store, s)) > 0) {
		if (count < capacity)
			read_event(s, &events[count]);
		count++;
	}
	return result < 0 ? result : count;
}

int store_event_of_client(struct store *store, int64_t client_id, struct event *events, int capacity)
{
	STATEMENT(list,
		"SELECT ref, kind, occurred_at, amount, withdrawn_at FROM event WHERE client_id=?1 AND kind<>1 ORDER BY occurred_at, ref");

	int count = store_ahead_events(store, client_id, events, capacity);
	return count != ERR_NOT_FOUND ? count : read_events(store, store_query(store, &list, "i", client_id), events, capacity);
}

int store_event_departures(struct store *store, const char *manager, struct event *events, int capacity)
{
	STATEMENT(list,
		"SELECT ref, kind, occurred_at, amount, withdrawn_at FROM event WHERE detail=?1 AND kind=2 ORDER BY occurred_at, ref");

	if (store_kept_stays(store, manager))
		return 0;
	int count = read_events(store, store_query(store, &list, "t", manager), events, capacity);
	if (count == 0)
		store_keep_stays(store, manager);
	return count;
}

int store_event_manager(struct store *store, const char *ref, int64_t *manager)
{
	STATEMENT(get, "SELECT detail FROM event WHERE ref=?1 AND kind=2");
	char detail[EVENT_TEXT_SIZE] = "";
	sqlite3_stmt *s = store_query(store, &get, "t", ref);
	int result = store_row(store, s);

	if (result > 0) {
		column_copy(s, 0, detail, sizeof(detail));
		store_end(s);
	}
	if (result < 0)
		return result;
	int64_t name = detail[0] != '\0' ? store_name_id(store, detail) : 0;
	if (name < 0)
		return (int)name;
	*manager = name;
	return 0;
}

int store_event_find(struct store *store, const char *ref, struct event *event, int64_t *client_id)
{
	STATEMENT(find, "SELECT ref, kind, occurred_at, amount, withdrawn_at, client_id FROM event WHERE ref=?1");
	sqlite3_stmt *s = store_query(store, &find, "t", ref);
	int result = store_row(store, s);

	if (result > 0) {
		read_event(s, event);
		*client_id = sqlite3_column_int64(s, 5);
		store_end(s);
	}
	return result;
}

int store_event_trades(struct store *store, int64_t client_id, day_t day, day_t *last, day_t *next, bool *withdrawn_today)
{
	/* A withdrawn trade stands until the day of its withdrawal. ?2: when the day ends, ?3: when it begins. */
	STATEMENT(ask,
		"SELECT (SELECT occurred_at FROM event WHERE client_id=?1 AND kind=1 AND occurred_at<?2 AND (withdrawn_at IS NULL OR "
		"withdrawn_at>=?2) ORDER BY occurred_at DESC LIMIT 1),"
		" (SELECT occurred_at FROM event WHERE client_id=?1 AND kind=1 AND occurred_at>=?2 ORDER BY occurred_at LIMIT 1),"
		" (SELECT min(withdrawn_at) FROM event WHERE client_id=?1 AND kind=1 AND withdrawn_at>=?3)");
	STATEMENT(next_withdrawal, "SELECT min(withdrawn_at) FROM event WHERE client_id=?1 AND kind=1 AND withdrawn_at>=?2");
	/* Nearly always his latest trade says all: it has happened, and none was ever withdrawn. */
	STATEMENT(ask_first,
		"SELECT occurred_at, EXISTS (SELECT 1 FROM event INDEXED BY event_trade_withdrawn WHERE client_id=?1 AND kind=1 AND "
		"withdrawn_at IS NOT NULL) FROM event WHERE client_id=?1 AND kind=1 ORDER BY occurred_at DESC LIMIT 1");
	int64_t end = ((int64_t)day + 1) * DAY_SECONDS, at;
	int result = store_ahead_trades(store, client_id, day, last, next, withdrawn_today);
	if (result != ERR_NOT_FOUND)
		return result;
	sqlite3_stmt *s = store_query(store, &ask_first, "i", client_id);
	result = store_row(store, s);

	if (result < 0)
		return result;
	int64_t latest = result > 0 ? sqlite3_column_int64(s, 0) : 0;
	bool says_all = result == 0 || (latest < end && sqlite3_column_int(s, 1) == 0);
	if (result > 0)
		store_end(s);
	if (says_all) {
		*last = result > 0 ? date_of_seconds(latest) : NO_DAY;
		*next = NO_DAY;
		*withdrawn_today = false;
		return 0;
	}
	s = store_query(store, &ask, "iii", client_id, end, end - DAY_SECONDS);
	result = store_row(store, s);

	if (result <= 0)
		return result < 0 ? result : ERR_NOT_FOUND;
	day_t last_day = moment_day(s, 0), next_day = moment_day(s, 1), withdrawal = moment_day(s, 2);
	store_end(s);
	bool withdrawn = withdrawal == day;
	if (withdrawn) {
		result = store_integer(store, &next_withdrawal, &at, "ii", client_id, end);
		if (result < 0 && result != ERR_NOT_FOUND)
			return result;
		withdrawal = result < 0 ? NO_DAY : date_of_seconds(at);
	}
	if (withdrawal != NO_DAY && (next_day == NO_DAY || withdrawal < next_day))
		next_day = withdrawal;
	*last = last_day;
	*next = next_day;
	*withdrawn_today = withdrawn;
	return 0;
}

int store_event_traded_on(struct store *store, int64_t client_id, day_t day, day_t known_on)
{
	STATEMENT(find, "SELECT EXISTS (SELECT 1 FROM event WHERE client_id=?1 AND kind=1 AND occurred_at>=?2 AND occurred_at<?3"
			" AND (withdrawn_at IS NULL OR withdrawn_at>=?4))");
	int64_t found, start = (int64_t)day * DAY_SECONDS;
	int result =
		store_integer(store, &find, &found, "iiii", client_id, start, start + DAY_SECONDS, ((int64_t)known_on + 1) * DAY_SECONDS);

	return result < 0 ? result : found != 0;
}

int store_event_mark_departures(struct store *store, day_t day)
{
	TOLD_STATEMENT(
		mark, MARK_CLIENTS("WITH " CLIENT_BLOCKS " SELECT k.id FROM event e CROSS JOIN block CROSS JOIN client k INDEXED BY "
				   "client_manager WHERE e.kind=2 AND e.occurred_at>=?5 AND e.occurred_at<?6 AND k.id>>16=block.n AND "
				   "k.manager=e.detail"));
	int64_t up_to;
	day_t common_on;

	int result = store_due_common(store, &up_to, &common_on);
	if (result < 0)
		return result;
	int marked =
		store_run(store, &mark, "nninii", day, 0, up_to, common_on, (int64_t)day * DAY_SECONDS, ((int64_t)day + 1) * DAY_SECONDS);
	if (marked != 0)
		store->written[KEPT_DUE]++;
	return marked;
}
