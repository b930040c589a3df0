#include "followup/store_load.h"

#include "internal.h"

int store_load_queues(struct store *store, day_t day, int64_t day_begins, int64_t day_ends, load_visit *visit, void *context)
{
	STATEMENT(list, "SELECT q.text, sum(c.state=0), sum(c.state=0 AND c.due_on=?1), sum(c.state=0 AND c.due_on<?1),"
			" total(c.appointed_at>=?2 AND c.appointed_at<?3), total(c.state=0 AND c.appointed_at>=?2 AND c.appointed_at<?3),"
			" total(c.state=0 AND c.appointed_at>=?2 AND c.appointed_at<?3 AND c.due_on>?1)"
			" FROM call c JOIN name q ON q.id=c.queue WHERE c.state<=1 GROUP BY c.queue");
	sqlite3_stmt *s = store_query(store, &list, "nii", day, day_begins, day_ends);
	int result;

	while ((result = store_row(store, s)) > 0) {
		struct load_row row = {column_text(s, 0), sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2),
			sqlite3_column_int64(s, 3), sqlite3_column_int64(s, 4), sqlite3_column_int64(s, 5), sqlite3_column_int64(s, 6)};
		result = visit(context, &row);
		if (result < 0) {
			store_end(s);
			return result;
		}
	}
	return result;
}

int store_load_made(struct store *store, int64_t from, int64_t until, made_visit *visit, void *context)
{
	STATEMENT(list, "SELECT q.text, count(DISTINCT a.contact_id) FROM attempt a JOIN name q ON q.id=a.queue"
			" WHERE a.contact_id IS NOT NULL AND a.at>=?1 AND a.at<?2 GROUP BY a.queue");
	sqlite3_stmt *s = store_query(store, &list, "ii", from, until);
	int result;

	while ((result = store_row(store, s)) > 0) {
		result = visit(context, column_text(s, 0), sqlite3_column_int64(s, 1));
		if (result < 0) {
			store_end(s);
			return result;
		}
	}
	return result;
}

int store_load_first_made(struct store *store, int64_t *at)
{
	STATEMENT(first, "SELECT at FROM attempt WHERE contact_id IS NOT NULL ORDER BY id LIMIT 1");
	int result = store_integer(store, &first, at, "");

	return result == ERR_NOT_FOUND ? 0 : result < 0 ? result : 1;
}
