/* store_condition.c - conditions compiled once each, and asked. */
#include "followup/store_condition.h"

#include "internal.h"

static sqlite3_stmt *compiled(struct store *store, const struct condition *condition)
{
	size_t free_place = STORE_CONDITIONS_MAX;

	for (size_t i = 0; i < STORE_CONDITIONS_MAX; i++) {
		if (store->conditions[i].condition == condition)
			return store->conditions[i].statement;
		if (store->conditions[i].condition == NULL && free_place == STORE_CONDITIONS_MAX)
			free_place = i;
	}
	if (free_place == STORE_CONDITIONS_MAX) { /* more conditions than places: begin again */
		store_condition_forget(store);
		free_place = 0;
	}
	char *sql = sqlite3_mprintf(
		"SELECT coalesce((%s), 0) AND ?3 IS ?3 FROM client c LEFT JOIN event e ON e.ref=?2 WHERE c.id=?1", condition->sql);
	sqlite3_stmt *s = NULL;
	int code = sql != NULL ? sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) : SQLITE_NOMEM;
	sqlite3_free(sql);
	if (code != SQLITE_OK) {
		(void)store_error(store);
		return NULL;
	}
	store->conditions[free_place].condition = condition;
	store->conditions[free_place].statement = s;
	return s;
}

int store_condition_holds(struct store *store, const struct condition *condition, int64_t client_id, const char *event_ref, money_t amount)
{
	sqlite3_stmt *s = compiled(store, condition);

	if (s == NULL)
		return ERR_STORE;
	sqlite3_reset(s);
	int code = sqlite3_bind_int64(s, 1, client_id);
	if (code == SQLITE_OK)
		code = sqlite3_bind_text(s, 2, event_ref, -1, SQLITE_TRANSIENT);
	if (code == SQLITE_OK)
		code = amount != NO_MONEY ? sqlite3_bind_int64(s, 3, amount) : sqlite3_bind_null(s, 3);
	for (size_t i = 0; code == SQLITE_OK && i < condition->literal_count; i++)
		code = sqlite3_bind_text(s, (int)i + 4, condition->literals[i], -1, SQLITE_STATIC);
	if (code != SQLITE_OK)
		return store_error(store);
	int result = store_row(store, s);
	if (result > 0) {
		result = sqlite3_column_int(s, 0) != 0;
		sqlite3_reset(s);
	}
	return result;
}

void store_condition_forget(struct store *store)
{
	for (size_t i = 0; i < STORE_CONDITIONS_MAX; i++) {
		sqlite3_finalize(store->conditions[i].statement);
		store->conditions[i].statement = NULL;
		store->conditions[i].condition = NULL;
	}
}
