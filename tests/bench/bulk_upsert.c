/* bulk_upsert.c - the peer of import: a plain C loop of SQLite upserts, as one would write it first. bulk_upsert DATABASE CLIENTS.CSV ROWS_A_COMMIT. No check of what the cells
 * hold, no history, no looking after what falls due; the same columns, the same indexes, the same settings of durability. */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 16 };

static const char schema[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32000;"
			     "CREATE TABLE IF NOT EXISTS client(id INTEGER PRIMARY KEY, ref TEXT NOT NULL UNIQUE, person TEXT, name TEXT, "
			     "phone TEXT, email TEXT, tier TEXT, branch TEXT,"
			     " manager TEXT, introducer TEXT, birthday TEXT, birthday_calendar TEXT, opened_on TEXT, closed_on TEXT, "
			     "last_trade_on TEXT, assets TEXT, status TEXT);"
			     "CREATE INDEX IF NOT EXISTS client_person ON client(person) WHERE person IS NOT NULL;"
			     "CREATE INDEX IF NOT EXISTS client_manager ON client(manager) WHERE manager IS NOT NULL;";
static const char upsert[] =
	"INSERT INTO client(ref, person, name, phone, email, tier, branch, manager, introducer, birthday, birthday_calendar, opened_on, "
	"closed_on, last_trade_on,"
	" assets, status) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) ON CONFLICT(ref) DO UPDATE SET "
	"person=excluded.person,"
	" name=excluded.name, phone=excluded.phone, email=excluded.email, tier=excluded.tier, branch=excluded.branch, "
	"manager=excluded.manager,"
	" introducer=excluded.introducer, birthday=excluded.birthday, birthday_calendar=excluded.birthday_calendar, "
	"opened_on=excluded.opened_on,"
	" closed_on=excluded.closed_on, last_trade_on=excluded.last_trade_on, assets=excluded.assets, status=excluded.status";

static int complain(sqlite3 *db)
{
	fprintf(stderr, "bulk_upsert: %s\n", sqlite3_errmsg(db));
	return 74;
}

int main(int argc, char **argv)
{
	char line[4096];
	sqlite3 *db = NULL;
	sqlite3_stmt *put = NULL;
	long rows = 0, rows_a_commit = argc == 4 ? strtol(argv[3], NULL, 10) : 0;
	FILE *file = argc == 4 ? fopen(argv[2], "re") : NULL;

	if (rows_a_commit <= 0 || file == NULL) {
		fprintf(stderr, "usage: bulk_upsert DATABASE CLIENTS.CSV ROWS_A_COMMIT\n");
		return 64;
	}
	if (sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
		sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK || sqlite3_prepare_v2(db, upsert, -1, &put, NULL) != SQLITE_OK ||
		sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return complain(db);
	bool header = true;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (header) {
			header = false;
			continue;
		}
		char *cell = line;
		for (int i = 1; i <= COLUMNS; i++) {
			size_t length = strcspn(cell, ",\n");
			if (length > 0)
				sqlite3_bind_text(put, i, cell, (int)length, SQLITE_STATIC);
			else
				sqlite3_bind_null(put, i);
			cell += length + (cell[length] != '\0');
		}
		if (sqlite3_step(put) != SQLITE_DONE)
			return complain(db);
		sqlite3_reset(put);
		if (++rows % rows_a_commit == 0 && sqlite3_exec(db, "COMMIT; BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
			return complain(db);
	}
	if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return complain(db);
	sqlite3_finalize(put);
	sqlite3_close(db);
	fclose(file);
	printf("%ld\n", rows);
	return 0;
}
