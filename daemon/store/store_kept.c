/* store_kept.c - rows that are asked for again: the client with his contacts, the agent, the agenda and the lease of a call, from NEXT to DONE. Never older than the book: whatever writes such a row makes
 * it forgotten. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Direct-mapped: the next one takes the place. As many as agents are at work at once, and more. */
enum {
	CLIENTS_KEPT = 256,
	AGENTS_KEPT = 512,
	CALLS_KEPT = 1024,
	AGENDA_KEPT = 3,
	META_KEPT = 16,
	META_KEY_SIZE = 32,
	MANAGERS_KEPT = 4096
};

struct kept_agenda {
	struct store_stamp stamp;
	int64_t call_id; /* 0: none */
	int count;
	struct followup items[AGENDA_KEPT];
};

struct kept_agent {
	struct store_stamp stamp;
	struct agent *agent; /* NULL: none */
};

struct kept_holding {
	struct store_stamp stamp;
	int64_t agent_id; /* 0: none */
	int count;
};

struct kept_contacts {
	struct store_stamp stamp;
	int64_t client_id; /* 0: none */
	day_t first, last;
	int count;
};

/* A few keys are asked for in each turn. */
struct kept_meta {
	struct store_stamp stamp;
	char key[META_KEY_SIZE]; /* empty: none */
	bool there;
	int64_t value;
};

/* A manager who has not left, as hardly anybody has: whoever looks at a client asks about his. */
struct kept_manager {
	struct store_stamp stamp;
	char name[CLIENT_TEXT_SIZE]; /* empty: none */
};

struct store_kept {
	struct kept_client clients[CLIENTS_KEPT];
	struct kept_agent agents[AGENTS_KEPT];
	struct kept_agenda agendas[CALLS_KEPT];
	struct kept_lease leases[CALLS_KEPT];
	struct kept_manager managers[MANAGERS_KEPT];
	struct kept_contacts contacts[CALLS_KEPT];
	struct kept_holding holding[AGENTS_KEPT];
	struct kept_meta meta[META_KEPT];
	int meta_next; /* whose place the next one takes */
};

/* The tables of each kind. A column that is named is no part of what is kept. */
static const struct {
	const char *table;
	enum kept_rows kind;
	const char *but;
} watched[] = {
	{"client", KEPT_CLIENTS, NULL},
	{"do_not_contact", KEPT_CLIENTS, NULL},
	{"refusal", KEPT_CLIENTS, NULL},
	{"agent", KEPT_AGENTS, NULL},
	{"followup", KEPT_AGENDAS, "closed_by"},
	{"call", KEPT_LEASES, NULL},
	{"handout", KEPT_LEASES, NULL},
	{"meta", KEPT_META, NULL},
	{"erasure", KEPT_ERASURES, NULL},
	{"pause", KEPT_MOMENTS, NULL},
	{"review", KEPT_MOMENTS, NULL},
	{"event", KEPT_EVENTS, NULL},
	{"client_due", KEPT_DUE, NULL},
	{"contact_client", KEPT_CONTACTS, NULL},
};

static int note_table(void *context, int action, const char *table, const char *column, const char *schema, const char *trigger)
{
	struct store *store = context;

	(void)schema;
	(void)trigger;
	if (action != SQLITE_INSERT && action != SQLITE_UPDATE && action != SQLITE_DELETE)
		return SQLITE_OK;
	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++)
		if (strcmp(table, watched[i].table) == 0 &&
			!(action == SQLITE_UPDATE && watched[i].but != NULL && strcmp(column, watched[i].but) == 0))
			store->writing |= 1u << watched[i].kind;
	return SQLITE_OK;
}

int store_kept_watch(struct store *store)
{
	return sqlite3_set_authorizer(store->db, note_table, store) == SQLITE_OK ? 0 : store_error(store);
}

void store_kept_free(struct store *store)
{
	if (store->kept == NULL)
		return;
	for (size_t i = 0; i < CLIENTS_KEPT; i++)
		free(store->kept->clients[i].texts);
	for (size_t i = 0; i < AGENTS_KEPT; i++)
		free(store->kept->agents[i].agent);
	free(store->kept);
	store->kept = NULL;
}

/* NULL: without memory nothing is kept. */
static struct store_kept *kept(struct store *store)
{
	if (store->kept == NULL)
		store->kept = calloc(1, sizeof(*store->kept));
	return store->kept;
}

struct store_stamp store_stamp_now(const struct store *store, enum kept_rows kind)
{
	return (struct store_stamp){store->written[kind], store->rollbacks};
}

bool store_stamp_holds(const struct store *store, enum kept_rows kind, struct store_stamp then)
{
	return store->in_transaction && then.written == store->written[kind] && then.rollbacks == store->rollbacks;
}

/* An empty place has the number 0, and nobody else. */
int store_kept_client(struct store *store, int64_t id, const struct kept_client **out)
{
	if (id == 0)
		return 0;
	if (kept(store) == NULL)
		return ERR_MEMORY;
	struct kept_client *client = &store->kept->clients[(size_t)id % CLIENTS_KEPT];
	if (client->client.id != id || !store_stamp_holds(store, KEPT_CLIENTS, client->stamp)) {
		client->client.id = 0;
		int result = store_client_read(store, id, client);
		if (result <= 0)
			return result;
		client->stamp = store_stamp_now(store, KEPT_CLIENTS);
	}
	*out = client;
	return 1;
}

int store_keep_client(struct store *store, int64_t id, sqlite3_stmt *s, int first)
{
	if (kept(store) == NULL)
		return ERR_MEMORY;
	struct kept_client *client = &store->kept->clients[(size_t)id % CLIENTS_KEPT];
	client->client.id = 0;
	int result = store_client_columns(s, first, client);
	client->stamp = store_stamp_now(store, KEPT_CLIENTS);
	return result;
}

int store_keep_client_read(struct store *store, struct kept_client *read)
{
	if (kept(store) == NULL)
		return ERR_MEMORY;
	struct kept_client *client = &store->kept->clients[(size_t)read->client.id % CLIENTS_KEPT];
	free(client->texts);
	*client = *read;
	read->texts = NULL;
	client->stamp = store_stamp_now(store, KEPT_CLIENTS);
	return 0;
}

int store_kept_agent(struct store *store, int64_t id, const struct agent **out)
{
	if (id == 0)
		return 0;
	if (kept(store) == NULL)
		return ERR_MEMORY;
	struct kept_agent *agent = &store->kept->agents[(size_t)id % AGENTS_KEPT];
	if (agent->agent == NULL && (agent->agent = calloc(1, sizeof(*agent->agent))) == NULL)
		return ERR_MEMORY;
	if (agent->agent->id != id || !store_stamp_holds(store, KEPT_AGENTS, agent->stamp)) {
		agent->agent->id = 0;
		int result = store_agent_read(store, id, agent->agent);
		if (result <= 0)
			return result;
		agent->stamp = store_stamp_now(store, KEPT_AGENTS);
	}
	*out = agent->agent;
	return 1;
}

bool store_kept_stays(struct store *store, const char *manager)
{
	if (store->kept == NULL)
		return false;
	const struct kept_manager *place = &store->kept->managers[store_hash_text(manager) % MANAGERS_KEPT];
	return strcmp(place->name, manager) == 0 && store_stamp_holds(store, KEPT_EVENTS, place->stamp);
}

void store_keep_stays(struct store *store, const char *manager)
{
	size_t length = strlen(manager);

	if (length >= CLIENT_TEXT_SIZE || kept(store) == NULL)
		return;
	struct kept_manager *place = &store->kept->managers[store_hash_text(manager) % MANAGERS_KEPT];
	memcpy(place->name, manager, length + 1);
	place->stamp = store_stamp_now(store, KEPT_EVENTS);
}

static struct kept_agenda *agenda_of(struct store *store, int64_t call_id)
{
	return call_id != 0 && kept(store) != NULL ? &store->kept->agendas[(size_t)call_id % CALLS_KEPT] : NULL;
}

int store_kept_agenda(struct store *store, int64_t call_id, struct followup *out, int capacity)
{
	const struct kept_agenda *agenda = agenda_of(store, call_id);

	if (agenda == NULL || agenda->call_id != call_id || !store_stamp_holds(store, KEPT_AGENDAS, agenda->stamp))
		return ERR_NOT_FOUND;
	for (int i = 0; i < agenda->count && i < capacity; i++)
		out[i] = agenda->items[i];
	return agenda->count;
}

void store_keep_agenda(struct store *store, int64_t call_id, const struct followup *items, int count)
{
	struct kept_agenda *agenda = agenda_of(store, call_id);

	if (agenda == NULL || count > AGENDA_KEPT)
		return;
	memcpy(agenda->items, items, (size_t)count * sizeof(*items));
	agenda->count = count;
	agenda->call_id = call_id;
	agenda->stamp = store_stamp_now(store, KEPT_AGENDAS);
}

void store_forget_agenda(struct store *store, int64_t call_id)
{
	if (store->kept != NULL && store->kept->agendas[(size_t)call_id % CALLS_KEPT].call_id == call_id)
		store->kept->agendas[(size_t)call_id % CALLS_KEPT].call_id = 0;
}

static struct kept_lease *lease_of(struct store *store, int64_t call_id)
{
	struct kept_lease *lease = call_id != 0 && kept(store) != NULL ? &store->kept->leases[(size_t)call_id % CALLS_KEPT] : NULL;

	return lease != NULL && lease->call.id == call_id && store_stamp_holds(store, KEPT_LEASES, lease->stamp) ? lease : NULL;
}

const struct kept_lease *store_kept_lease(struct store *store, int64_t call_id)
{
	return lease_of(store, call_id);
}

void store_keep_lease(struct store *store, const struct call *call, const char *shown)
{
	if (kept(store) == NULL)
		return;
	struct kept_lease *lease = &store->kept->leases[(size_t)call->id % CALLS_KEPT];
	lease->call = *call;
	size_t length = strlen(shown);
	if (length >= sizeof(lease->shown))
		length = 0;
	memcpy(lease->shown, shown, length);
	lease->shown[length] = '\0';
	lease->stamp = store_stamp_now(store, KEPT_LEASES);
}

void store_forget_lease(struct store *store, int64_t call_id)
{
	if (store->kept != NULL && store->kept->leases[(size_t)call_id % CALLS_KEPT].call.id == call_id)
		store->kept->leases[(size_t)call_id % CALLS_KEPT].call.id = 0;
}

int store_kept_holding(struct store *store, int64_t agent_id)
{
	if (agent_id == 0 || kept(store) == NULL)
		return ERR_NOT_FOUND;
	const struct kept_holding *holding = &store->kept->holding[(size_t)agent_id % AGENTS_KEPT];
	return holding->agent_id == agent_id && store_stamp_holds(store, KEPT_HOLDING, holding->stamp) ? holding->count : ERR_NOT_FOUND;
}

void store_keep_holding(struct store *store, int64_t agent_id, int count)
{
	if (agent_id != 0 && kept(store) != NULL)
		store->kept->holding[(size_t)agent_id % AGENTS_KEPT] =
			(struct kept_holding){store_stamp_now(store, KEPT_HOLDING), agent_id, count};
}

static struct kept_contacts *contacts_of(struct store *store, int64_t client_id)
{
	return client_id != 0 && kept(store) != NULL ? &store->kept->contacts[(size_t)client_id % CALLS_KEPT] : NULL;
}

int store_kept_contacts(struct store *store, int64_t client_id, day_t first, day_t last)
{
	const struct kept_contacts *contacts = contacts_of(store, client_id);

	return contacts != NULL && contacts->client_id == client_id && contacts->first == first && contacts->last == last &&
			       store_stamp_holds(store, KEPT_CONTACTS, contacts->stamp)
		       ? contacts->count
		       : ERR_NOT_FOUND;
}

void store_keep_contacts(struct store *store, int64_t client_id, day_t first, day_t last, int count)
{
	struct kept_contacts *contacts = contacts_of(store, client_id);

	if (contacts != NULL)
		*contacts = (struct kept_contacts){store_stamp_now(store, KEPT_CONTACTS), client_id, first, last, count};
}

void store_forget_contacts(struct store *store, int64_t client_id)
{
	if (store->kept != NULL && store->kept->contacts[(size_t)client_id % CALLS_KEPT].client_id == client_id)
		store->kept->contacts[(size_t)client_id % CALLS_KEPT].client_id = 0;
}

int store_kept_meta(struct store *store, const char *key, int64_t *value)
{
	for (int i = 0; store->kept != NULL && i < META_KEPT; i++) {
		const struct kept_meta *meta = &store->kept->meta[i];
		if (strcmp(meta->key, key) != 0 || !store_stamp_holds(store, KEPT_META, meta->stamp))
			continue;
		if (!meta->there)
			return ERR_NOT_FOUND;
		*value = meta->value;
		return 1;
	}
	return 0;
}

void store_keep_meta(struct store *store, const char *key, const int64_t *value)
{
	if (kept(store) == NULL || strlen(key) >= META_KEY_SIZE)
		return;
	int place = 0;
	while (place < META_KEPT && strcmp(store->kept->meta[place].key, key) != 0)
		place++;
	if (place == META_KEPT) {
		place = store->kept->meta_next;
		store->kept->meta_next = (place + 1) % META_KEPT;
	}
	struct kept_meta *meta = &store->kept->meta[place];
	*meta = (struct kept_meta){.stamp = store_stamp_now(store, KEPT_META), .there = value != NULL, .value = value != NULL ? *value : 0};
	snprintf(meta->key, sizeof(meta->key), "%s", key);
}
