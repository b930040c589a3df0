/* store_name.c - names as numbers, with a small cache in front of the table. */
#include "followup/store_name.h"

#include <stdlib.h>
#include <string.h>

#include "internal.h"

uint64_t store_hash_text(const char *text)
{
	uint64_t hash = 1469598103934665603u;

	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211u;
	return hash;
}

static size_t hash_text(const char *text)
{
	return (size_t)(store_hash_text(text) % STORE_NAME_CACHE);
}

static void remember_in(struct name_entry *entry, int64_t id, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		return; /* a cache may forget */
	free(entry->text);
	entry->text = copy;
	entry->id = id;
}

static void remember(struct store *store, int64_t id, const char *text)
{
	remember_in(&store->names_by_text[hash_text(text)], id, text);
	remember_in(&store->names_by_id[(size_t)id % STORE_NAME_CACHE], id, text);
}

/* After a rollback a number may belong to another name. */
void store_names_forget(struct store *store)
{
	for (size_t i = 0; i < STORE_NAME_CACHE; i++) {
		free(store->names_by_text[i].text);
		free(store->names_by_id[i].text);
		free(store->lanes[i].text);
		store->names_by_text[i] = (struct name_entry){0, NULL};
		store->names_by_id[i] = store->lanes[i] = (struct name_entry){0, NULL};
	}
	for (size_t i = 0; i < STORE_HOURS_CACHE; i++) {
		free(store->own_hours[i].text);
		store->own_hours[i] = (struct name_entry){0, NULL};
	}
}

int64_t store_name_find(struct store *store, const char *text)
{
	STATEMENT(find, "SELECT id FROM name WHERE text=?1");
	const struct name_entry *entry = &store->names_by_text[hash_text(text)];
	int64_t id = 0;

	if (text[0] == '\0')
		return 0;
	if (entry->id != 0 && strcmp(entry->text, text) == 0)
		return entry->id;
	int result = store_integer(store, &find, &id, "t", text);
	if (result == ERR_NOT_FOUND)
		return 0;
	if (result < 0)
		return result;
	remember(store, id, text);
	return id;
}

int64_t store_name_id(struct store *store, const char *text)
{
	STATEMENT(insert, "INSERT INTO name(text) VALUES(?1)");
	int64_t id = store_name_find(store, text);

	if (id != 0 || text[0] == '\0')
		return id;
	int result = store_run(store, &insert, "t", text);
	if (result < 0)
		return result;
	id = sqlite3_last_insert_rowid(store->db);
	remember(store, id, text);
	return id;
}

const char *store_name_text(struct store *store, int64_t id)
{
	STATEMENT(get, "SELECT text FROM name WHERE id=?1");
	struct name_entry *entry = &store->names_by_id[(size_t)id % STORE_NAME_CACHE];

	if (id <= 0)
		return "";
	if (entry->id == id)
		return entry->text;
	sqlite3_stmt *s = store_query(store, &get, "i", id);
	if (store_row(store, s) <= 0)
		return "";
	remember(store, id, column_text(s, 0));
	store_end(s);
	if (entry->id == id)
		return entry->text;
	store_lose(store, ERR_MEMORY);
	return "";
}
