/* internal.h - what the files of the store share: the connection, prepared statements, and the few ways to use them. Nothing outside daemon/store includes it. */
#ifndef FOLLOWUP_STORE_INTERNAL_H
#define FOLLOWUP_STORE_INTERNAL_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "followup/call.h"
#include "followup/date.h"
#include "followup/followup.h"
#include "followup/store.h"
#include "followup/store_agent.h"
#include "followup/store_call.h"
#include "followup/store_client.h"

enum { STORE_STATEMENTS_MAX = 512, STORE_NAME_CACHE = 1024, STORE_HOURS_CACHE = 128, STORE_CONDITIONS_MAX = 64 };

/* Fixed rows of the table name, so that partial indexes can speak of them. */
enum fixed_name { NAME_TRADE = 1, NAME_MANAGER_DEPARTED = 2, NAME_VOID = 3 };

struct name_entry {
	int64_t id; /* 0: empty */
	char *text;
};

/* Random bytes in stock; what has been given out is wiped. */
struct store_salts {
	unsigned char bytes[1024];
	size_t left;
};

/* What the record needs from one commit to the next (store_record.c). */
struct store_record {
	bool off;
	int64_t at;            /* the transaction's moment */
	char by[65];           /* who is at work; "" the daemon itself */
	struct buffer pending; /* the digests of the entries that the next link will cover, */
	int64_t first, last;   /* and their numbers */
	bool concerns_more;    /* further clients than they name; or did, before a savepoint was taken back */
	size_t marked;         /* how much of it there was at the savepoint */
	int64_t marked_last;
	bool head_known;
	int64_t head_link;
	unsigned char head[32];
	struct buffer digested; /* room for what is being digested */
	struct store_salts salts;
};

/* What of the book is kept in memory when it has been read (store_kept.c). */
enum kept_rows {
	KEPT_CLIENTS,
	KEPT_AGENTS,
	KEPT_AGENDAS,
	KEPT_LEASES,
	KEPT_META,
	KEPT_ERASURES,
	KEPT_MOMENTS,
	KEPT_EVENTS,
	KEPT_DUE,
	KEPT_CONTACTS,
	KEPT_HOLDING,
	KEPT_KINDS
};

/* Rows of one kind as they were at some time: the same as long as no statement has written any of them, and nothing was taken back. */
struct store_stamp {
	uint64_t written, rollbacks;
};

/* Who waits to be looked at: read together; and of how many clients the next without a day of his own is sought at once. */
enum { STORE_WAITING = 32, REST_AT_ONCE = 1024 };
struct store_waiting {
	int64_t client_id;
	bool changed;
};

enum { QUEUES_WITH_LANES = 8, TOO_MANY_LANES = -1 };

struct store {
	sqlite3 *db;
	struct log_file *log; /* whose commits' syncs are put off; NULL: nobody's */
	int lock;             /* -1: none */
	sqlite3_stmt *statements[STORE_STATEMENTS_MAX];
	struct name_entry names_by_text[STORE_NAME_CACHE]; /* direct-mapped; a miss costs one query */
	struct name_entry names_by_id[STORE_NAME_CACHE];
	struct name_entry lanes[STORE_NAME_CACHE]; /* their texts */
	struct name_entry own_hours[STORE_HOURS_CACHE];
	uint64_t own_hours_made;
	struct {
		const void *condition; /* whose it is; NULL: empty */
		sqlite3_stmt *statement;
	} conditions[STORE_CONDITIONS_MAX];
	struct store_record record;
	struct store_kept *kept;   /* NULL: nothing yet */
	struct store_ahead *ahead; /* NULL: nothing is read ahead */
	struct left_out *left_out; /* of a walk in the order of admission; NULL: nothing */
	int scheduled;             /* follow-ups that have come to wait for admission since the transaction began */
	uint64_t written[KEPT_KINDS];
	unsigned short writes[STORE_STATEMENTS_MAX]; /* of which kinds a statement writes rows: bits of enum kept_rows */
	unsigned writing;                            /* the same of the one that is being prepared */
	struct {
		int known; /* 1: something is paused, -1: nothing, 0: ask */
		uint64_t rollbacks;
	} pauses;
	/* No lease, rest or appointment ends, and no call moves to a wider queue, before this moment. */
	struct {
		bool known;
		int64_t at;
	} first_wake;
	/* When the first pause and the first reviewer's lease end. */
	struct {
		struct store_stamp stamp;
		bool known;
		int64_t at;
	} first_end;
	struct {
		struct store_stamp stamp;
		bool known;
	} no_erasures; /* none is under way */
	struct {
		bool none;          /* no call is touched, */
		uint64_t rollbacks; /* as long as nothing is taken back */
	} touched;
	struct {
		bool known; /* and no rollback since */
		uint64_t rollbacks;
		int64_t up_to, kept; /* who has been looked at (store_due.c) */
		int64_t next;        /* who comes behind him and has been told to the cycle; 0: nobody */
		day_t common_on;
	} looked;
	struct {
		int64_t next; /* the number of the next new client; 0: ask */
		uint64_t rollbacks;
		bool expected; /* the last client was new */
	} new_clients;
	bool new_event_expected; /* the last event was new */
	/* Who waits to be looked at, read together (store_due.c): the first of them that still does is at place. */
	struct {
		struct store_stamp stamp;
		day_t day;    /* on or before which they are due */
		bool is_rest; /* they have no day of their own */
		int place, count;
		struct store_waiting rows[STORE_WAITING];
	} waiting;
	/* Nobody waits to be looked at on or before this day, and whoever has come is known (store_due.c). */
	struct {
		struct store_stamp days, clients;
		bool known;
		day_t day;
	} nobody_waits;
	struct {
		bool known; /* every queue with ready calls is among them */
		uint64_t rollbacks;
		int count;
		int64_t ids[STORE_QUEUES_KEPT];
	} queues; /* see store_call_queues() */
	/* Of the queues that were asked for last; see store_call_lanes(). */
	struct queue_lanes {
		int64_t queue; /* 0: none */
		uint64_t rollbacks;
		int count; /* every lane with ready calls is among so many; TOO_MANY_LANES */
		struct call_lane lanes[STORE_LANES_KEPT];
	} queue_lanes[QUEUES_WITH_LANES];
	int queue_lanes_next; /* whose place the next one takes */
	char message[256];
	sqlite3_int64 changes_at_begin;
	uint64_t rollbacks;
	int wal_pages, wal_moved; /* store_wal.h */
	int64_t wal_bytes;        /* what the WAL held after the last commit */
	bool in_transaction;
	int lost;       /* the error after which nothing of the transaction, or of the snapshot, can be relied on any more; 0: none */
	int looks_left; /* store_read_briefly(): before a statement has taken too long */
	/* Of a reader and the copies made from it. */
	const atomic_bool *stop; /* NULL: nobody may end its work; the copies look at the reader's */
	atomic_bool stop_wanted;
	atomic_bool reading; /* a snapshot is held */
};

/* One SQL statement of the program, written beside the function that uses it and prepared once for each store. Two threads may use it, each with a store of its own. */
struct statement {
	const char *sql;
	atomic_int slot; /* 0: not numbered yet */
	bool is_told;    /* the function that runs it tells store_kept.c itself which rows it writes */
};
#define STATEMENT(name, text) static struct statement name = {(text), 0, false}
#define TOLD_STATEMENT(name, text) static struct statement name = {(text), 0, true}

/* store_statement.c. Prepares one that must be there later without memory. */
int store_prepare(struct store *store, struct statement *statement) MUST_CHECK;

/* Binds by format: 'i' int64_t, 'z' int64_t with 0 as NULL, 'n' int, 't' text or NULL, 'd' day_t with NO_DAY as NULL, 'b' blob (const void *, size_t).
 * Returns the statement ready to step, NULL after a failure that store->message names. */
sqlite3_stmt *store_query(struct store *store, struct statement *statement, const char *format, ...);

/* 1: a row stands there, 0: no more (the statement is reset), negative: an error (reset as well). */
int store_row(struct store *store, sqlite3_stmt *statement) MUST_CHECK;

/* A statement that returns no row. The number of rows changed, or an error. */
int store_run(struct store *store, struct statement *statement, const char *format, ...) MUST_CHECK;

/* A single integer of the first row; ERR_NOT_FOUND when there is none. */
int store_integer(struct store *store, struct statement *statement, int64_t *out, const char *format, ...) MUST_CHECK;

/* The integers of all rows' first column, as many of them as fit, and how many there are. */
int store_integers(struct store *store, sqlite3_stmt *statement, int64_t *out, int capacity) MUST_CHECK;

/* Ends a query early. */
void store_end(sqlite3_stmt *statement);

/* The named error of the connection's last failure, its words kept in store->message. */
int store_error(struct store *store);

/* Appends the only column of the only row, a document; ERR_NOT_FOUND when there is no row. */
int store_document(struct store *store, sqlite3_stmt *statement, struct buffer *out) MUST_CHECK;

/* A copy of the first column of the first row, to be freed: 1, 0 when there is no row. */
int store_text(struct store *store, sqlite3_stmt *statement, char **out) MUST_CHECK;

/* In SQL: a count of days as text; NULL stays NULL. */
#define DAY(column) "date(" column " * 86400, 'unixepoch')"

/* Whatever is read or written from here to the end of the transaction, or of the snapshot, fails with this error, and so does its commit. After it SQLite may have rolled everything back
 * by itself, so that the next statement would be a transaction of its own; and not every reader of a text can say that it got none. store_error() does it for what fails in SQLite. */
void store_lose(struct store *store, int error);
/* That error, 0 when there is none; and the new beginning: a transaction, or a snapshot, begins or ends. */
int store_lost(struct store *store);
void store_regain(struct store *store);

/* Column readers. Text is never NULL; where there was no memory for it, it is "", and the next use of the store fails. */
const char *column_text(sqlite3_stmt *statement, int column);
day_t column_day(sqlite3_stmt *statement, int column);
/* Copies a text, cut off at size - 1 bytes, with its NUL. */
void column_copy(sqlite3_stmt *statement, int column, char *out, size_t size);
/* A day that is kept as text. */
day_t column_date(sqlite3_stmt *statement, int column);
/* Adds a text. Not by sqlite3_column_bytes(): that speaks of a text which memory may have failed for. */
void column_append(struct buffer *out, sqlite3_stmt *statement, int column);
/* A blob and its size; NULL and 0 where there is none, or no memory for it. */
const void *column_blob(sqlite3_stmt *statement, int column, size_t *size);

/* Runs statements that return nothing and have no parameters. */
int store_execute(struct store *store, const char *sql) MUST_CHECK;

enum { STORE_APPLICATION_ID = 0x464f4c55 /* "FOLU" */ };
int store_schema_version(void);

/* store_kept.c: rows that are asked for again and again, kept as they were read until a statement writes any of their kind. Which kinds a statement writes SQLite itself says when it is
 * prepared; where many rows of a kind are written and few of them kept, the function that writes one tells it (TOLD_STATEMENT) and the others are kept on. A reader keeps nothing from
 * one statement to the next, for its snapshots change without a word. */
int store_kept_watch(struct store *store) MUST_CHECK; /* before anything is prepared */
void store_kept_free(struct store *store);

/* A client, and what only the store shows of him: valid until the next one is asked for. 1, 0: there is none, or an error. */
struct kept_client {
	struct store_stamp stamp;
	struct client client; /* id 0: none */
	bool erased;
	char *texts; /* the memory of these, NULL where he has none: */
	const char *name, *phone, *email, *attorney;
};
int store_kept_client(struct store *store, int64_t id, const struct kept_client **out) MUST_CHECK;
int store_kept_agent(struct store *store, int64_t id, const struct agent **out) MUST_CHECK;

/* 1 and the value, ERR_NOT_FOUND: there is none, 0: it is not kept. value NULL: there is none. */
int store_kept_meta(struct store *store, const char *key, int64_t *value) MUST_CHECK;
void store_keep_meta(struct store *store, const char *key, const int64_t *value);

/* Something else that holds until a row of that kind is written. */
struct store_stamp store_stamp_now(const struct store *store, enum kept_rows kind);
bool store_stamp_holds(const struct store *store, enum kept_rows kind, struct store_stamp then);

/* Whether it is kept that a manager has not left; and that it is so, from now on. */
bool store_kept_stays(struct store *store, const char *manager);
void store_keep_stays(struct store *store, const char *manager);

/* A call's agenda in its order: how many, at most capacity; ERR_NOT_FOUND: it is not kept. */
int store_kept_agenda(struct store *store, int64_t call_id, struct followup *out, int capacity) MUST_CHECK;
void store_keep_agenda(struct store *store, int64_t call_id, const struct followup *items, int count);
void store_forget_agenda(struct store *store, int64_t call_id);

/* A call that is leased, with what its holder was told of, and of which nothing has been told since; NULL: it is not kept. */
struct kept_lease {
	struct store_stamp stamp;
	struct call call; /* id 0: none */
	char shown[64];   /* "": not kept */
};
const struct kept_lease *store_kept_lease(struct store *store, int64_t call_id);
void store_keep_lease(struct store *store, const struct call *call, const char *shown);
void store_forget_lease(struct store *store, int64_t call_id);

/* How many calls an agent holds: ERR_NOT_FOUND when it is not kept. One more or less is told of him alone; whatever else may change it writes KEPT_HOLDING. */
int store_kept_holding(struct store *store, int64_t agent_id) MUST_CHECK;
void store_keep_holding(struct store *store, int64_t agent_id, int count);

/* How many contacts count for a client in a span of days: asked by NEXT and by DONE again. ERR_NOT_FOUND: it is not kept. */
int store_kept_contacts(struct store *store, int64_t client_id, day_t first, day_t last) MUST_CHECK;
void store_keep_contacts(struct store *store, int64_t client_id, day_t first, day_t last, int count);
void store_forget_contacts(struct store *store, int64_t client_id);

/* store_client.c: something is forbidden to a client, or refused by him. */
int store_client_bar(struct store *store, int64_t id) MUST_CHECK;
/* The same: something is promised to him. */
int store_client_promise(struct store *store, int64_t id) MUST_CHECK;

/* store_lane.c: a ready call may be on that lane from now on. */
void store_note_lane(struct store *store, int64_t queue, struct call_lane lane);

/* store_client.c and store_agent.c, for store_kept.c: the row as it stands in the book. */
int store_client_read(struct store *store, int64_t id, struct kept_client *out) MUST_CHECK;
/* In SQL: what is kept of a client c; and the reader of these columns, from the first of them on. Hardly anybody has forbidden or refused anything: barred says who may have. */
#define CLIENT_COLUMNS                                                                                                                     \
	"c.name, c.phone, c.email, c.attorney, c.id, c.person, c.ref, c.tier, c.branch, c.manager, c.introducer, c.birthday, "             \
	"c.birthday_calendar, c.opened_on, c.closed_on, c.last_trade_on, iif(c.barred, (SELECT group_concat(x, ';') FROM (SELECT "         \
	"c.do_not_contact x UNION ALL SELECT channel || iif(until<>'', ':' || until, '') FROM do_not_contact n WHERE n.client_id=c.id)), " \
	"c.do_not_contact), c.hours, c.id_expires_on, c.risk_test_expires_on, c.status, c.number_wrong, iif(c.barred, (SELECT "            \
	"group_concat(n.text || ':' || r.until, ';') FROM refusal r JOIN name n ON n.id=r.channel WHERE r.client_id=c.id), NULL), "        \
	"c.erased_at IS NOT NULL, c.promised"
int store_client_columns(sqlite3_stmt *statement, int first, struct kept_client *out) MUST_CHECK;
/* store_kept.c: one who will be asked for soon, as he stands in the row of such a statement. */
int store_keep_client(struct store *store, int64_t id, sqlite3_stmt *statement, int first) MUST_CHECK;
/* The same of one who has been read as he stands now; takes his texts. */
int store_keep_client_read(struct store *store, struct kept_client *read) MUST_CHECK;
int store_agent_read(struct store *store, int64_t id, struct agent *out) MUST_CHECK;

/* Brings a book to the version count, by those of the steps that it has not done, in one transaction. ERR_INVALID: a newer or a foreign one. */
int store_schema_upgrade(struct store *store, const char *const *steps, int count) MUST_CHECK;
/* Whether it is one that can be brought to followupd's version, as above; changes nothing. */
int store_schema_look(struct store *store) MUST_CHECK;
/* The same with the steps of followupd; store_schema.c. */
int store_schema_prepare(struct store *store) MUST_CHECK;

void store_names_forget(struct store *store);
uint64_t store_hash_text(const char *text);

/* store_erase.c: whoever has been erased does not come back: ERR_INVALID, and the message says so. */
int refuse_erased(struct store *store, int64_t client_id, const char *client_ref) MUST_CHECK;

/* store_record.c: adds the link of the entries written since the last one, just before a commit; forgets them after a rollback; remembers how many there are at a
 * savepoint, and goes back to that. */
int store_record_link(struct store *store) MUST_CHECK;
void store_record_forget(struct store *store);
int store_record_functions(struct store *store) MUST_CHECK; /* record_kind(number) for SQL */
void store_record_mark(struct store *store);
void store_record_back(struct store *store);

/* store_left_out.c: is_left_out(id) in SQL, of the connection's own set. */
int store_left_out_function(struct store *store) MUST_CHECK;
void store_left_out_begin(struct store *store); /* nobody is */

/* In SQL: the clients of person ?1; one who stands alone is not in the index of persons. */
#define CLIENTS_OF_PERSON "(SELECT id FROM client WHERE person=?1 AND person>0 UNION ALL SELECT id FROM client WHERE id=-?1 AND person=?1)"

/* In SQL: the clients of a manager. Its index goes by blocks of 65,536 clients, so that new clients touch few of its pages, whoever their managers are; it is asked block by block. */
#define CLIENT_BLOCKS "RECURSIVE block(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM block WHERE n<(SELECT max(id)>>16 FROM client))"
#define CLIENTS_OF_MANAGER(manager)                                                                                                        \
	"(WITH " CLIENT_BLOCKS " SELECT k.id FROM block CROSS JOIN client k INDEXED BY client_manager WHERE k.id>>16=block.n AND "         \
	"k.manager=" manager ")"

/* In SQL: the numbers, above another number, of the entries that name a client first. Their index goes by blocks of 262,144 entries, so that new ones touch few of its pages, whomever they
 * concern: a day's work writes each of these pages, into the log and into the book. It is asked block by block, from the one of that number on;
 * they come in their order. */
#define ENTRIES_OF_CLIENT(client, after)                                                                                                   \
	"(WITH RECURSIVE block(n) AS (SELECT " after ">>18 UNION ALL SELECT n + 1 FROM block WHERE n<(SELECT max(id)>>18 FROM entry)) "    \
	"SELECT k.id FROM block CROSS JOIN entry k INDEXED BY entry_client WHERE k.id>>18=block.n AND k.client_id=" client " AND "         \
	"k.client_id IS NOT NULL AND k.id>" after ")"

/* In SQL: the clients whom an entry concerns, and with them whatever an attempt has closed (followup.closed_by). */
#define CLIENTS_OF_ENTRY(id)                                                                                                               \
	"(SELECT client_id FROM entry WHERE id=" id " UNION ALL SELECT client_id FROM entry_subject INDEXED BY entry_subject_entry WHERE " \
	"entry_id=" id ")"

/* In SQL: the clients up to this number have been looked at, and those of them who have no row wait for the common day (store_due.c). */
#define LOOKED_UP_TO "coalesce((SELECT value FROM meta WHERE key='looked_up_to'), 0)"
#define COMMON_ON "coalesce((SELECT value FROM meta WHERE key='common_on'), 2147483647)"

/* In SQL: the day on which a client is looked at next, with his row d of client_due, or the lack of one. NULL: he has just come. */
#define NEXT_ON(id, d) "coalesce(" d ".next_on, iif(" id "<=" LOOKED_UP_TO ", " COMMON_ON ", NULL))"

/* In SQL: has the clients of a list looked at on day ?1 (changed ?2), as store_due_mark(). ?3 and ?4: what store_due_common() tells. */
#define MARK_CLIENTS(ids)                                                                                                                  \
	"INSERT INTO client_due(client_id, next_on, changed) SELECT id, min(?1, iif(id>?3, 1, ?4)), ?2 FROM (" ids                         \
	") WHERE true ON CONFLICT DO UPDATE SET next_on=min(next_on, ?1), changed=max(changed, ?2)"
int store_due_common(struct store *store, int64_t *up_to, day_t *common_on) MUST_CHECK;

/* 13912345678 -> 139****5678, 66551234 -> ****1234: four characters are hidden always; someone@example.com -> s***@example.com */
#define MASKED_PHONE(column)                                                                                                               \
	"CASE WHEN length(" column ") > 7 THEN iif(length(" column ") > 10, substr(" column ", 1, 3), '') || '****' || substr(" column     \
	", -4) ELSE '****' END"
#define MASKED_EMAIL(column) "substr(" column ", 1, 1) || '***' || substr(" column ", instr(" column ", '@'))"

/* In SQL, of an attempt's entry e: what was said of it, JSON or NULL. As it was told; ATTEMPT_TRUTH(): as it is known now, of a row of attempts, corrections regarded. */
#define ATTEMPT_SAID "(e.body->'$.said')"
#define ATTEMPT_TRUTH(attempt)                                                                                                             \
	"(SELECT iif(" attempt ".corrected_by IS NULL, t.body->'$.said', (SELECT c.body->'$.after.said' FROM entry c WHERE c.id=" attempt  \
	".corrected_by)) FROM entry t WHERE t.id=" attempt ".id)"
/* A detail as it is kept there: JSON that says the same in its shortest form, or words as a JSON text. Asked twice, because
 * json_valid() of SQLite 3.40 also says no when one allocation fails. */
#define AS_SAID(parameter)                                                                                                                 \
	"(CASE WHEN json_valid(" parameter ") OR json_valid(" parameter ") THEN json(" parameter ") ELSE json_quote(nullif(" parameter     \
	", '')) END)"

#endif
