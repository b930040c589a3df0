/* store_schema.c - the tables, and how an older file becomes the present one. Days are counts since 1970-01-01, amounts ten-thousandths of a yuan, moments
 * seconds since 1970: of the local calendar where a fact happened (occurred_at, as_of), of UTC where the desk acts (at, lease_until, not_before). */
#include <stdio.h>

#include "internal.h"

enum { SCHEMA_VERSION = 1 };

/* Each entry brings a file from version i to i + 1. Never change one that has been released: add the next, and keep a book of the version before (test_schema.c). */
static const char *const upgrades[SCHEMA_VERSION] = {
	/* 0 -> 1 */
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
	/* Rules, queues, channels, event kinds, reasons. The first three are fixed: partial indexes speak of them. */
	"CREATE TABLE name(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
	"INSERT INTO name VALUES(1, 'trade'), (2, 'manager_departed'), (3, 'void');"

	/* person: the natural person. person.id, or minus client.id for a client that stands alone. name is NULL while only events have spoken of the client. barred: NULL as
	 * long as neither do_not_contact nor refusal has ever held a row of his: nearly always; promised: the same of promise. */
	"CREATE TABLE person(id INTEGER PRIMARY KEY, ref TEXT NOT NULL UNIQUE);"
	"CREATE TABLE client(id INTEGER PRIMARY KEY, ref TEXT NOT NULL UNIQUE, person INTEGER NOT NULL, name TEXT, phone TEXT, email TEXT, "
	"tier TEXT, branch TEXT,"
	" manager TEXT, introducer TEXT, birthday TEXT, birthday_calendar TEXT, opened_on TEXT, closed_on TEXT, last_trade_on TEXT, assets "
	"TEXT, status TEXT,"
	" hours TEXT, do_not_contact TEXT, attorney TEXT, id_expires_on TEXT, risk_test_expires_on TEXT, number_wrong INTEGER, erased_at "
	"INTEGER, first_assets INTEGER, first_assets_at INTEGER, barred INTEGER, promised INTEGER);"
	"CREATE INDEX client_person ON client(person) WHERE person>0;"
	/* Erased clients (erased_at), whose events and entries are still to be worked through: from the entry after this one on. */
	"CREATE TABLE erasure(client_id INTEGER PRIMARY KEY, after_entry INTEGER NOT NULL);"
	/* See CLIENTS_OF_MANAGER. */
	"CREATE INDEX client_manager ON client(id>>16, manager) WHERE manager IS NOT NULL;"
	/* Of which time each field speaks, for fields that ever came with as_of. */
	"CREATE TABLE client_as_of(client_id INTEGER, field INTEGER, as_of INTEGER NOT NULL, PRIMARY KEY(client_id, field)) WITHOUT ROWID;"
	/* Fields that the configuration declares, by their name, with the type that they were told as (declared_field.h); value NULL: cleared. */
	"CREATE TABLE client_field(client_id INTEGER, field INTEGER, type INTEGER NOT NULL, value TEXT, as_of INTEGER, PRIMARY "
	"KEY(client_id, field)) WITHOUT ROWID;"
	/* What the assets were, by the day they are known for; what they were when the client came stands in his own row (first_assets). */
	"CREATE TABLE client_assets(client_id INTEGER, known_at INTEGER, amount INTEGER, PRIMARY KEY(client_id, known_at)) WITHOUT ROWID;"
	/* next_on: the next day on which something about the client can fall due; up to today: he waits to be settled. No row: he waits for the common day (meta common_on), or to be settled
	 * (store_due.c). changed: facts were corrected or came late. */
	"CREATE TABLE client_due(client_id INTEGER PRIMARY KEY, next_on INTEGER NOT NULL, changed INTEGER NOT NULL DEFAULT 0);"
	"CREATE INDEX client_due_next ON client_due(next_on);"

	/* client_id 0: of no single client. withdrawn_at: when the earliest void event that names it happened. */
	"CREATE TABLE event(id INTEGER PRIMARY KEY, ref TEXT NOT NULL UNIQUE, client_id INTEGER NOT NULL, kind INTEGER NOT NULL, "
	"occurred_at INTEGER NOT NULL,"
	" amount INTEGER, detail TEXT, as_of INTEGER, withdrawn_at INTEGER);"
	"CREATE INDEX event_trade ON event(client_id, occurred_at, withdrawn_at) WHERE kind=1;"
	"CREATE INDEX event_trade_withdrawn ON event(client_id, withdrawn_at) WHERE kind=1 AND withdrawn_at IS NOT NULL;"
	"CREATE INDEX event_other ON event(client_id, occurred_at, ref) WHERE kind<>1;"
	"CREATE INDEX event_departed ON event(detail, occurred_at) WHERE kind=2;"
	"CREATE INDEX event_departed_day ON event(occurred_at) WHERE kind=2;"
	"CREATE INDEX event_void ON event(detail, occurred_at) WHERE kind=3;"

	/* state: 0 scheduled, 1 queued, then the final ones (followup.h). client_ref stands here because the order of admission needs it. queue and channel: the last
	 * ones held; while queued the call's count. closed_on: NULL as long as it is open; the indexes go by it and not by the state, so that what is admitted or waits again leaves
	 * them alone. channel_from: how many of the rule's channels are used up. closed_by: the attempt that last closed it; which ones an attempt has closed is asked of the follow-ups of its clients. */
	"CREATE TABLE followup(id INTEGER PRIMARY KEY, client_id INTEGER NOT NULL, rule INTEGER NOT NULL, occasion TEXT NOT NULL, "
	"client_ref TEXT NOT NULL,"
	" occasion_on INTEGER NOT NULL, opens_on INTEGER NOT NULL, due_on INTEGER NOT NULL, last_on INTEGER NOT NULL, priority INTEGER NOT "
	"NULL,"
	" state INTEGER NOT NULL, reason INTEGER, channel INTEGER, queue INTEGER, call_id INTEGER, created_on INTEGER NOT NULL, closed_on "
	"INTEGER,"
	" channel_from INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0, overridden INTEGER NOT NULL DEFAULT 0, closed_by "
	"INTEGER, about INTEGER,"
	" UNIQUE(client_id, rule, occasion));"
	"CREATE INDEX followup_open ON followup(client_id) WHERE closed_on IS NULL;"
	"CREATE INDEX followup_about ON followup(about) WHERE about IS NOT NULL AND closed_on IS NULL;"
	"CREATE INDEX followup_last ON followup(last_on) WHERE closed_on IS NULL;"
	"CREATE INDEX followup_due ON followup(due_on);"
	"CREATE INDEX followup_call ON followup(call_id) WHERE call_id IS NOT NULL;"
	"CREATE INDEX followup_scheduled ON followup(priority, due_on, rule, client_ref, occasion) WHERE state=0;"

	/* The yearly sample: a draw for each rule and year, and its candidates in order of key (store_sample.h). */
	"CREATE TABLE sample_draw(id INTEGER PRIMARY KEY, rule INTEGER NOT NULL, year INTEGER NOT NULL, seed INTEGER NOT NULL, share "
	"INTEGER NOT NULL, made_on INTEGER NOT NULL,"
	" counted INTEGER NOT NULL DEFAULT 0, scanned INTEGER NOT NULL DEFAULT 0, key_end INTEGER NOT NULL, book INTEGER NOT NULL DEFAULT "
	"0, wanted INTEGER NOT NULL DEFAULT 0,"
	" last_key INTEGER NOT NULL DEFAULT -1, last_client INTEGER NOT NULL DEFAULT 0, batch_count INTEGER NOT NULL DEFAULT 0, batch_done "
	"INTEGER NOT NULL DEFAULT 0,"
	" batch_from INTEGER NOT NULL, to_come INTEGER NOT NULL DEFAULT 0, open INTEGER NOT NULL DEFAULT 0, reached INTEGER NOT NULL "
	"DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0,"
	" reached_late INTEGER NOT NULL DEFAULT 0, waiting INTEGER NOT NULL DEFAULT 0, UNIQUE(rule, year));"
	"CREATE TABLE sample_client(draw_id INTEGER, key INTEGER, client_id INTEGER, day INTEGER, state INTEGER NOT NULL, PRIMARY "
	"KEY(draw_id, key, client_id)) WITHOUT ROWID;"
	"CREATE INDEX sample_of_client ON sample_client(client_id) WHERE state>0;"
	"CREATE INDEX sample_to_come ON sample_client(day) WHERE state=1;"

	/* state: 0 ready, 1 resting until not_before, 2 leased, 3 uncertain. A call that has ended is no row: its attempts are. lane: who must not call. hours: beside the queue's. due_now: 1 due today or overdue, 2 an appointment. widen_at: when it moves to a wider queue, if nobody has taken it.
	 * moved: the queue a supervisor has put it on. shown: while it is leased, which items its holder has been told of (handout). */
	"CREATE TABLE call(id INTEGER PRIMARY KEY AUTOINCREMENT, person INTEGER NOT NULL, channel INTEGER NOT NULL, bulk INTEGER NOT NULL, "
	"queue INTEGER NOT NULL,"
	" lane INTEGER NOT NULL, hours INTEGER NOT NULL DEFAULT 1, due_now INTEGER NOT NULL, priority INTEGER NOT NULL, due_on INTEGER NOT "
	"NULL, state INTEGER NOT NULL, "
	"class INTEGER NOT NULL,"
	" generation INTEGER NOT NULL DEFAULT 0, agent_id INTEGER, lease_until INTEGER, not_before INTEGER, tries_on INTEGER, tries_today "
	"INTEGER NOT NULL DEFAULT 0,"
	" expiries INTEGER NOT NULL DEFAULT 0, widened INTEGER NOT NULL DEFAULT 0, queued_at INTEGER NOT NULL, widen_at INTEGER, moved "
	"INTEGER, appointed_at INTEGER, owner_id INTEGER, appointed_for INTEGER, shown TEXT);"
	"CREATE INDEX call_ready ON call(queue, hours, lane, due_now DESC, priority, due_on, id) WHERE state=0;"
	/* The same whatever the lane: most searches end within its first few calls. */
	"CREATE INDEX call_all_lanes ON call(queue, due_now DESC, priority, due_on, id) WHERE state=0;"
	"CREATE INDEX call_person ON call(person);"
	"CREATE INDEX call_due ON call(due_on) WHERE due_now=0;"
	/* queue and due_on: so that what rests can be counted without its rows */
	"CREATE INDEX call_rest ON call(not_before, queue, due_on) WHERE state=1;"
	"CREATE INDEX call_owner ON call(appointed_at) WHERE owner_id IS NOT NULL;"
	"CREATE INDEX call_widen ON call(widen_at) WHERE widen_at IS NOT NULL;"
	/* Who holds what, and until when; when the next lease ends is worked out agent by agent (store_call_next_expired()). */
	"CREATE INDEX call_agent ON call(agent_id, lease_until) WHERE agent_id IS NOT NULL;"
	/* Calls whose agenda has changed, to be worked out before the step ends. */
	"CREATE TABLE touched(call_id INTEGER PRIMARY KEY);"
	"CREATE TABLE lane(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
	"INSERT INTO lane VALUES(1, '');"
	"CREATE TABLE own_hours(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
	"INSERT INTO own_hours VALUES(1, '');"

	/* What agents have promised clients. made_on: the day of the contact. followup_id: what stands for it once its day has come. */
	"CREATE TABLE promise(id INTEGER PRIMARY KEY AUTOINCREMENT, client_id INTEGER NOT NULL, call_id INTEGER, made_on INTEGER NOT NULL, "
	"at INTEGER NOT NULL, by_day INTEGER NOT NULL, matter TEXT NOT NULL, dept TEXT, agent_id INTEGER, agent TEXT NOT NULL, followup_id "
	"INTEGER);"
	"CREATE INDEX promise_client ON promise(client_id, id);"
	"CREATE INDEX promise_followup ON promise(followup_id) WHERE followup_id IS NOT NULL;"

	/* Contacts drawn for second-line review. state: 0 open, 1 leased, 2 accepted, 3 rejected. agent: whose contact it was. reviewer: who has it, had it last, or has
	 * judged. client_id: the foremost of review_client. review_item: what a rejection has reopened. detail: what the reviewer said, answer: what he was told. */
	"CREATE TABLE review(id INTEGER PRIMARY KEY AUTOINCREMENT, attempt_id INTEGER NOT NULL UNIQUE, client_id INTEGER NOT NULL, call_id "
	"INTEGER, agent TEXT NOT NULL, state INTEGER NOT NULL, at INTEGER NOT NULL, reviewer_id INTEGER, reviewer TEXT, lease_until "
	"INTEGER, judged_at INTEGER, detail TEXT, answer TEXT);"
	"CREATE INDEX review_open ON review(id) WHERE state=0;"
	"CREATE INDEX review_leased ON review(lease_until) WHERE state=1;"
	"CREATE TABLE review_client(client_id INTEGER, review_id INTEGER, PRIMARY KEY(client_id, review_id)) WITHOUT ROWID;"
	"CREATE INDEX review_client_review ON review_client(review_id);"
	"CREATE TABLE review_item(review_id INTEGER, followup_id INTEGER, PRIMARY KEY(review_id, followup_id)) WITHOUT ROWID;"
	"CREATE INDEX review_item_followup ON review_item(followup_id);"

	/* Who is to be looked at again, by number of client (store_marking.h). */
	"CREATE TABLE marking(kind INTEGER, subject TEXT, after INTEGER NOT NULL, until INTEGER NOT NULL, PRIMARY KEY(kind, subject)) "
	"WITHOUT ROWID;"
	/* What a supervisor holds back: kind 0 a queue, 1 a rule, until a moment. */
	"CREATE TABLE pause(kind INTEGER, name INTEGER, until INTEGER NOT NULL, reason TEXT NOT NULL, agent TEXT NOT NULL, PRIMARY "
	"KEY(kind, name)) WITHOUT ROWID;"
	/* When the configuration last had a channel off, by day; until: the day it was on again. */
	"CREATE TABLE channel_off(channel INTEGER PRIMARY KEY, since INTEGER NOT NULL, until INTEGER);"
	/* Clients who must not be contacted on a channel, or on none ("all"), beside what their own field says; until: the last day, '' for ever. */
	"CREATE TABLE do_not_contact(client_id INTEGER, channel TEXT, until TEXT NOT NULL, reason TEXT NOT NULL, agent TEXT NOT NULL, at "
	"INTEGER NOT NULL,"
	" PRIMARY KEY(client_id, channel)) WITHOUT ROWID;"
	/* Greetings that a client has refused on a channel, until a day. */
	"CREATE TABLE refusal(client_id INTEGER, channel INTEGER, until TEXT NOT NULL, agent TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY "
	"KEY(client_id, channel))"
	" WITHOUT ROWID;"
	/* Where calls wait that nobody may make (lane 0: nobody serves the queue at all), and the alarm about it. */
	"CREATE TABLE unserved(queue INTEGER, lane INTEGER, task_id INTEGER NOT NULL, PRIMARY KEY(queue, lane)) WITHOUT ROWID;"
	/* Whose clients go to whom, since the core systems still name the departed man. */
	"CREATE TABLE handover(manager TEXT PRIMARY KEY, successor TEXT NOT NULL, reason TEXT NOT NULL, agent TEXT NOT NULL, at INTEGER "
	"NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX handover_successor ON handover(successor);"
	/* What people must see to: a dispute, a number to correct. Red until acknowledged. */
	"CREATE TABLE task(id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, queue TEXT NOT NULL, client_id INTEGER NOT NULL, "
	"call_id INTEGER, followup_id INTEGER,"
	" at INTEGER NOT NULL, agent TEXT NOT NULL, acked_at INTEGER, acked_by TEXT, note TEXT);"
	"CREATE INDEX task_open ON task(queue) WHERE acked_at IS NULL;"
	"CREATE INDEX task_client ON task(client_id);"
	/* The ledger of the cap: one row for each client that a counted contact spoke for. No contact is ever deleted, so that no number comes again. */
	"CREATE TABLE contact(id INTEGER PRIMARY KEY, call_id INTEGER NOT NULL, on_day INTEGER NOT NULL, at INTEGER NOT "
	"NULL, channel INTEGER NOT NULL,"
	" agent_id INTEGER, over_cap INTEGER NOT NULL DEFAULT 0, client_id INTEGER);"
	/* client_id above, and further NULL here: for whom it was counted at first, who needs no index to be found by it. */
	"CREATE TABLE contact_client(client_id INTEGER, on_day INTEGER, contact_id INTEGER, further INTEGER, PRIMARY KEY(client_id, "
	"on_day, "
	"contact_id)) WITHOUT ROWID;"
	"CREATE INDEX contact_client_contact ON contact_client(contact_id) WHERE further=1;"
	/* The record (store_record.h). agent and reason: names. salt: of the body; once the body is erased, its digest. entry_subject: further clients whom an entry
	 * concerns, and the entry whose commit said so: itself, or one that corrects it. sealed: no command shows the body. */
	"CREATE TABLE entry(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind INTEGER NOT NULL, client_id INTEGER, followup_id INTEGER, "
	"call_id INTEGER,"
	" agent INTEGER, reason INTEGER, salt BLOB, body TEXT, sealed INTEGER);"
	/* See ENTRIES_OF_CLIENT. */
	"CREATE INDEX entry_client ON entry(id>>18, client_id) WHERE client_id IS NOT NULL;"
	"CREATE TABLE entry_subject(client_id INTEGER, entry_id INTEGER, said_by INTEGER NOT NULL, PRIMARY KEY(client_id, entry_id)) "
	"WITHOUT "
	"ROWID;"
	"CREATE INDEX entry_subject_entry ON entry_subject(entry_id);"
	"CREATE INDEX entry_subject_said ON entry_subject(said_by);"
	"CREATE TABLE link(id INTEGER PRIMARY KEY, first_entry INTEGER NOT NULL, last_entry INTEGER NOT NULL, digest BLOB NOT NULL);"
	/* One try each: what lists ask of an entry, under its number. What was said and the number dialled stand in the entry alone. followup_id: the foremost matter it was made for. answer: what DONE was
	 * answered, for the same DONE sent again. corrected_by: the entry by which disposition, at, contact_id and over_cap are no longer those of its own.
	 * holder, shown: whose lease it ended, and what he had been told of (handout). */
	"CREATE TABLE attempt(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, call_id INTEGER NOT NULL, generation INTEGER NOT "
	"NULL, agent TEXT NOT NULL,"
	" queue INTEGER NOT NULL, channel INTEGER NOT NULL, client_ref TEXT NOT NULL, disposition TEXT NOT NULL, "
	"contact_id INTEGER, followup_id INTEGER,"
	" over_cap INTEGER NOT NULL DEFAULT 0, expired INTEGER NOT NULL DEFAULT 0, answer TEXT, corrected_by INTEGER, holder INTEGER, "
	"shown TEXT);"
	"CREATE INDEX attempt_call ON attempt(call_id, generation);"
	"CREATE INDEX attempt_at ON attempt(at);"
	/* Those that no lease was handed out for: whether the same has been told before. IS: where = stands SQLite prepares every statement that compares the column with a parameter anew each time. */
	"CREATE INDEX attempt_recorded ON attempt(client_ref, agent) WHERE generation IS 0;"

	/* Who was given which call, and which items he has been told of (a JSON array), of hand-outs that have ended otherwise than by a contact under them: what an expired lease's holder may
	 * still report. As long as it lasts that stands in the call's own row; of one that a contact has ended, in its attempt's. */
	"CREATE TABLE handout(call_id INTEGER, generation INTEGER, agent_id INTEGER NOT NULL, shown TEXT NOT NULL, PRIMARY KEY(call_id, "
	"generation)) WITHOUT ROWID;"

	/* queues: names and patterns ("branch/" and a star), one a line. labels: roles that rules exclude ("marketing"), separated by commas. break_code: what he is away
	 * for, since break_since; NULL: he is not. */
	"CREATE TABLE agent(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, roles INTEGER NOT NULL, labels TEXT NOT NULL, "
	"token_hash BLOB NOT NULL,"
	" queues TEXT NOT NULL, break_code TEXT, break_since INTEGER);",
};

static int pragma_integer(struct store *store, const char *sql, int *out)
{
	sqlite3_stmt *s = NULL;
	int result = ERR_STORE;

	if (sqlite3_prepare_v2(store->db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
		*out = sqlite3_column_int(s, 0);
		result = 0;
	} else {
		result = store_error(store);
	}
	sqlite3_finalize(s);
	return result;
}

static int execute(struct store *store, const char *sql)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_error(store);
}

/* Whose book it is, and which version's: 0 when this program of so many versions may work with it. */
static int look(struct store *store, int count, int *version)
{
	int application = 0, tables = 0;
	int result = pragma_integer(store, "PRAGMA user_version", version);

	if (result == 0)
		result = pragma_integer(store, "PRAGMA application_id", &application);
	if (result == 0)
		result = pragma_integer(store, "SELECT count(*) FROM sqlite_schema", &tables);
	if (result < 0)
		return result;
	if (application != STORE_APPLICATION_ID && (tables > 0 || *version > 0)) {
		snprintf(store->message, sizeof(store->message), "not a followupd database: let the setting database name another file");
		return ERR_INVALID;
	}
	if (*version > count) {
		snprintf(store->message, sizeof(store->message),
			"schema %d is newer than this program's %d: install the newer followupd, or restore a copy made before it",
			*version, count);
		return ERR_INVALID;
	}
	return 0;
}

int store_schema_prepare(struct store *store)
{
	return store_schema_upgrade(store, upgrades, SCHEMA_VERSION);
}

int store_schema_look(struct store *store)
{
	int version;

	return look(store, SCHEMA_VERSION, &version);
}

int store_schema_upgrade(struct store *store, const char *const *steps, int count)
{
	int version = 0;
	int result = look(store, count, &version);

	if (result < 0 || version == count)
		return result;
	result = execute(store, "BEGIN IMMEDIATE");
	for (int i = version; result == 0 && i < count; i++)
		result = execute(store, steps[i]);
	if (result == 0) {
		char sql[128];
		snprintf(sql, sizeof(sql), "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT", STORE_APPLICATION_ID, count);
		result = execute(store, sql);
	}
	if (result < 0) {
		char kept[sizeof(store->message)];
		snprintf(kept, sizeof(kept), "%s", store->message);
		(void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
		snprintf(store->message, sizeof(store->message), "%s", kept);
	}
	return result;
}

int store_schema_version(void)
{
	return SCHEMA_VERSION;
}
