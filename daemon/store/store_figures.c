#include "followup/store_figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/followup.h"
#include "followup/store_record.h"
#include "internal.h"

void tally_free(struct tally *tally)
{
	free(tally->rows);
	*tally = (struct tally){0};
}

static struct tally_row *find(struct tally *tally, enum tally_kind kind, const char *one, const char *other)
{
	for (size_t i = 0; i < tally->count; i++) {
		struct tally_row *row = &tally->rows[i];
		if (row->kind == kind && strcmp(row->words[0], one) == 0 && strcmp(row->words[1], other) == 0)
			return row;
	}
	return NULL;
}

int tally_add(struct tally *tally, enum tally_kind kind, const char *one, const char *other, uint64_t count)
{
	struct tally_row *row = find(tally, kind, one, other);

	if (row == NULL) {
		if (tally->count == tally->capacity) {
			size_t capacity = tally->capacity == 0 ? 64 : 2 * tally->capacity;
			struct tally_row *rows = realloc(tally->rows, capacity * sizeof(*rows));
			if (rows == NULL)
				return ERR_MEMORY;
			tally->rows = rows;
			tally->capacity = capacity;
		}
		row = &tally->rows[tally->count++];
		*row = (struct tally_row){.kind = kind};
		snprintf(row->words[0], sizeof(row->words[0]), "%s", one);
		snprintf(row->words[1], sizeof(row->words[1]), "%s", other);
	}
	row->count += count;
	return 0;
}

int store_last_entry(struct store *store, int64_t *entry)
{
	STATEMENT(get, "SELECT max(id) FROM entry");
	int result = store_integer(store, &get, entry, "");

	if (result == ERR_NOT_FOUND) {
		*entry = 0;
		return 0;
	}
	return result;
}

/* How an entry of the record is counted. state: of the follow-up that it ended. */
static const struct {
	enum record_kind kind;
	enum tally_kind tally;
	enum followup_state state;
	bool by_reason;
} counted[] = {
	{RECORD_CREATED, TALLY_CREATED, FOLLOWUP_SCHEDULED, false},
	{RECORD_DEFERRED, TALLY_DEFERRED, FOLLOWUP_SCHEDULED, true},
	{RECORD_DONE, TALLY_ENDED, FOLLOWUP_DONE, true},
	{RECORD_DONE_LATE, TALLY_ENDED, FOLLOWUP_DONE_LATE, true},
	{RECORD_MISSED, TALLY_ENDED, FOLLOWUP_MISSED, true},
	{RECORD_CANCELLED, TALLY_ENDED, FOLLOWUP_CANCELLED, true},
	{RECORD_SUPPRESSED, TALLY_ENDED, FOLLOWUP_SUPPRESSED, true},
	{RECORD_REOPENED, TALLY_REOPENED, FOLLOWUP_SCHEDULED, false},
	{RECORD_HANDED_OUT, TALLY_HANDED_OUT, FOLLOWUP_SCHEDULED, false},
	{RECORD_LEASE_EXPIRED, TALLY_LEASE_EXPIRED, FOLLOWUP_SCHEDULED, false},
};

static int tally_entry(struct tally *fresh, int64_t kind, const char *reason, uint64_t count)
{
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
		if (counted[i].kind != kind)
			continue;
		if (counted[i].tally == TALLY_ENDED)
			return tally_add(fresh, TALLY_ENDED, followup_state_name(counted[i].state), reason, count);
		return tally_add(fresh, counted[i].tally, counted[i].by_reason ? reason : "", "", count);
	}
	return 0;
}

static int count_entries(struct store *store, struct tally *fresh, int64_t from, int64_t to)
{
	STATEMENT(list, "SELECT e.kind, n.text, count(*) FROM entry e LEFT JOIN name n ON n.id=e.reason WHERE e.id>?1 AND e.id<=?2 "
			"AND e.kind<30 GROUP BY e.kind, e.reason");
	sqlite3_stmt *s = store_query(store, &list, "ii", from, to);
	int result;

	while ((result = store_row(store, s)) > 0) {
		result = tally_entry(fresh, sqlite3_column_int64(s, 0), column_text(s, 1), (uint64_t)sqlite3_column_int64(s, 2));
		if (result < 0) {
			store_end(s);
			return result;
		}
	}
	return result;
}

static int count_outcomes(struct store *store, struct tally *fresh, int64_t from, int64_t to)
{
	STATEMENT(list,
		"SELECT c.text, a.disposition, count(*), sum(a.over_cap) FROM attempt a JOIN name c ON c.id=a.channel WHERE a.id>?1 "
		"AND a.id<=?2 GROUP BY a.channel, a.disposition");
	sqlite3_stmt *s = store_query(store, &list, "ii", from, to);
	int result;

	while ((result = store_row(store, s)) > 0) {
		result = tally_add(fresh, TALLY_OUTCOME, column_text(s, 0), column_text(s, 1), (uint64_t)sqlite3_column_int64(s, 2));
		if (result == 0)
			result = tally_add(fresh, TALLY_OVER_CAP, "", "", (uint64_t)sqlite3_column_int64(s, 3));
		if (result < 0) {
			store_end(s);
			return result;
		}
	}
	return result;
}

int store_tally(struct store *store, struct tally *tally, int64_t most)
{
	struct tally fresh = {.entry = tally->entry};
	int64_t last;
	int result = store_last_entry(store, &last);

	if (result < 0 || last <= tally->entry)
		return result;
	fresh.entry = last - tally->entry > most ? tally->entry + most : last;
	/* What was counted before goes on from there; only a whole count takes its place. */
	for (size_t i = 0; result == 0 && i < tally->count; i++) {
		const struct tally_row *row = &tally->rows[i];
		result = tally_add(&fresh, row->kind, row->words[0], row->words[1], row->count);
	}
	if (result == 0)
		result = count_entries(store, &fresh, tally->entry, fresh.entry);
	if (result == 0)
		result = count_outcomes(store, &fresh, tally->entry, fresh.entry);
	if (result < 0) {
		tally_free(&fresh);
		return result;
	}
	tally_free(tally);
	*tally = fresh;
	return fresh.entry < last;
}

int store_count_open(struct store *store, int64_t *scheduled, int64_t *queued)
{
	STATEMENT(count_scheduled, "SELECT count(*) FROM followup INDEXED BY followup_scheduled WHERE state=0");
	STATEMENT(count_queued, "SELECT count(*) FROM followup INDEXED BY followup_call WHERE call_id IS NOT NULL");
	int64_t waiting, carried;
	int result = store_integer(store, &count_scheduled, &waiting, "");

	if (result == 0)
		result = store_integer(store, &count_queued, &carried, "");
	if (result < 0)
		return result;
	*scheduled = waiting;
	*queued = carried;
	return 0;
}

int store_count_tasks(struct store *store, task_row_visit *visit, void *context)
{
	STATEMENT(list, "SELECT kind, count(*), min(at) FROM task INDEXED BY task_open WHERE acked_at IS NULL GROUP BY kind ORDER BY kind");
	sqlite3_stmt *s = store_query(store, &list, "");
	int result;

	while ((result = store_row(store, s)) > 0) {
		struct task_row row = {column_text(s, 0), sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2)};
		result = visit(context, &row);
		if (result < 0) {
			store_end(s);
			return result;
		}
	}
	return result;
}
