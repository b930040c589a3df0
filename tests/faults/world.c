/* world.c - one daemon without a process of its own. */
#include "world.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../daemon/store/internal.h"
#include "fault.h"
#include "followup/turn.h"

static const char *const configuration = "conf/followupd.conf";

/* The lock of the book is a real file; the processes of this test each have a copy of the book, and need none. */
int __wrap_flock(int descriptor, int operation); /* NOLINT(bugprone-reserved-identifier) */
int __wrap_flock(int descriptor, int operation)  /* NOLINT(bugprone-reserved-identifier) */
{
	(void)descriptor;
	(void)operation;
	return 0;
}

static char folder[] = P_tmpdir "/followupd-faults-XXXXXX";
static pid_t folder_of; /* whose it is: not the copies' */

static int remove_one(const char *path, const struct stat *about, int what, struct FTW *where)
{
	(void)about;
	(void)what;
	(void)where;
	return remove(path);
}

static void remove_folder(void)
{
	if (getpid() == folder_of)
		(void)nftw(folder, remove_one, 4, FTW_DEPTH | FTW_PHYS);
}

const char *world_book(void)
{
	static char path[64];

	if (folder_of == 0) {
		if (mkdtemp(folder) == NULL || atexit(remove_folder) != 0)
			abort();
		folder_of = getpid();
		(void)snprintf(path, sizeof(path), "%s/book.db", folder);
	}
	return path;
}

/* Like daemon_run(). */
int world_open(struct world *world, int64_t clock)
{
	struct server *server = &world->server;
	char message[256];

	memset(world, 0, sizeof(*world));
	world->peer = -1;
	clock_freeze(&world->clock, clock);
	world->log = log_new(NULL, 0, LOG_LEVEL_ERROR);
	if (world->log == NULL)
		return ERR_MEMORY;
	int result = policy_load(configuration, NULL, NULL, &world->policy);
	if (result < 0)
		return result;
	world->policy->review_share_percent = 100; /* so that there is one to be judged */
	server->config_file = configuration;
	server->log = world->log;
	server->business_clock = &world->clock;
	result = store_open(world_book(), &server->store, message);
	if (result < 0)
		return result;
	server->engine = engine_new(server->store);
	server->desk = server->engine != NULL ? desk_new(server->store, server->engine) : NULL;
	server->json = json_new();
	if (server->desk == NULL || server->json == NULL)
		return ERR_MEMORY;
	result = server_init(server, world->policy);
	if (server->policy != NULL)
		world->policy = NULL;
	if (result < 0)
		return result;
	result = server_set_policy(server, server->policy);
	if (result == 0)
		result = store_sync(server->store);
	if (result == ERR_FULL) {
		server->policy_unset = true;
		turn_fail(server, result);
		result = 0;
	}
	return result;
}

void world_close(struct world *world)
{
	world_disconnect(world);
	server_release(&world->server);
	json_free(world->server.json);
	desk_free(world->server.desk);
	engine_free(world->server.engine);
	store_close(world->server.store);
	policy_free(world->policy);
	log_free(world->log);
	memset(world, 0, sizeof(*world));
	world->peer = -1;
}

/* The length of the whole reply that begins there; 0: more is needed. */
static size_t reply_length(const char *bytes, size_t length)
{
	size_t used = 0;

	for (long wanted = 1; wanted > 0; wanted--) {
		const char *end = used < length ? memchr(bytes + used, '\n', length - used) : NULL;
		if (end == NULL)
			return 0;
		char kind = bytes[used];
		long count = strtol(bytes + used + 1, NULL, 10);
		used = (size_t)(end - bytes) + 1;
		if (kind == '$' && count >= 0)
			used += (size_t)count + 2;
		else if (strchr("*%~>", kind) != NULL && count > 0)
			wanted += kind == '%' ? 2 * count : count;
	}
	return used <= length ? used : 0;
}

static void on_heard(evutil_socket_t fd, short what, void *context)
{
	struct world *world = context;
	struct reply_heard *reply = world->hears;
	char nowhere[256];

	(void)what;
	ssize_t got = reply != NULL ? recv(fd, reply->bytes + reply->length, REPLY_MAX - 1 - reply->length, MSG_DONTWAIT)
				    : recv(fd, nowhere, sizeof(nowhere), MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (reply == NULL) {
		if (got <= 0)
			(void)event_del(world->heard_event);
		return;
	}
	if (got > 0)
		reply->length += (size_t)got;
	else
		reply->lost = true;
	if (reply->lost || reply_length(reply->bytes, reply->length) > 0) {
		reply->bytes[reply->length] = '\0';
		world->server.finished = true;
		world->hears = NULL;
		if (reply->lost)
			(void)event_del(world->heard_event);
	}
}

void world_disconnect(struct world *world)
{
	if (world->peer < 0)
		return;
	event_free(world->heard_event);
	(void)close(world->peer);
	world->peer = -1;
}

void world_connect(struct world *world)
{
	const struct session_peer peer = {.is_unix = true, .uid = geteuid(), .source = "unix", .name = "unix"};
	int ends[2];

	world_disconnect(world);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 || evutil_make_socket_nonblocking(ends[0]) != 0 ||
		session_open(&world->server, ends[0], &peer) < 0)
		abort();
	world->peer = ends[1];
	world->heard_event = event_new(world->server.base, ends[1], EV_READ | EV_PERSIST, on_heard, world);
	if (world->heard_event == NULL || event_add(world->heard_event, NULL) != 0)
		abort();
}

int64_t world_ask(struct world *world, const char *const *words, size_t count, struct fault fault, struct reply_heard *reply)
{
	static char request[65536];
	size_t used = (size_t)snprintf(request, sizeof(request), "*%zu\r\n", count);

	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(request + used, sizeof(request) - used, "$%zu\r\n%s\r\n", strlen(words[i]), words[i]);
	if (used >= sizeof(request) || send(world->peer, request, used, MSG_NOSIGNAL) != (ssize_t)used)
		abort();
	reply->lost = false;
	reply->length = 0;
	world->hears = reply;
	world->server.finished = false;
	memory_begin_randomness(1);
	world->server.loaded_us =
		0; /* a file that was loaded in pieces is there: what follows must not go by how long the row before took */
	fault_arm(fault);
	(void)server_run(&world->server);
	int64_t counted = fault_disarm();
	/* A daemon that stops has ended without it. */
	if (world->hears != NULL) {
		on_heard(world->peer, EV_READ, world);
		reply->lost = world->hears != NULL;
		world->hears = NULL;
	}
	return counted;
}

static uint64_t mix(uint64_t digest, const void *bytes, size_t length)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < length; i++)
		digest = (digest ^ b[i]) * 1099511628211u;
	return digest;
}

static void mix_table(sqlite3 *db, const char *table, struct digest *digest)
{
	char sql[256];
	sqlite3_stmt *rows = NULL;
	bool is_link = strcmp(table, "link") == 0, is_entry = strcmp(table, "entry") == 0, is_subject = strcmp(table, "entry_subject") == 0;
	uint64_t sum = 0;

	/* When a failing disk was last tried is the daemon's own affair. */
	(void)snprintf(
		sql, sizeof(sql), "SELECT * FROM \"%s\"%s", table, strcmp(table, "meta") == 0 ? " WHERE key<>'storage_probed_at'" : "");
	if (sqlite3_prepare_v2(db, sql, -1, &rows, NULL) != SQLITE_OK)
		abort();
	while (sqlite3_step(rows) == SQLITE_ROW) {
		uint64_t row = 1;
		for (int i = 0; i < sqlite3_column_count(rows); i++) {
			const char *name = sqlite3_column_name(rows, i);
			int type = sqlite3_column_type(rows, i);
			const void *bytes = sqlite3_column_blob(rows, i); /* numbers as their text */
			size_t length = (size_t)sqlite3_column_bytes(rows, i);
			digest->same = mix(mix(digest->same, &type, sizeof(type)), bytes, length);
			if (is_link || (is_entry && strcmp(name, "salt") == 0))
				continue;
			digest->alike = mix(mix(digest->alike, &type, sizeof(type)), bytes, length);
			bool is_entry_number = (is_entry && strcmp(name, "id") == 0) || (is_subject && strcmp(name, "client_id") != 0);
			if (!is_entry_number)
				row = mix(mix(row, &type, sizeof(type)), bytes, length);
		}
		if (is_entry || is_subject)
			sum += row;
		else if (!is_link)
			digest->loose = mix(digest->loose, &row, sizeof(row));
	}
	digest->loose = mix(digest->loose, &sum, sizeof(sum));
	if (sqlite3_finalize(rows) != SQLITE_OK)
		abort();
}

struct digest world_digest(const struct world *world)
{
	sqlite3 *db = world->server.store->db;
	struct digest digest = {14695981039346656037u, 14695981039346656037u, 14695981039346656037u};
	sqlite3_stmt *tables = NULL;

	if (sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name", -1, &tables, NULL) != SQLITE_OK)
		abort();
	while (sqlite3_step(tables) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(tables, 0);
		digest.same = mix(digest.same, name, strlen(name));
		digest.alike = mix(digest.alike, name, strlen(name));
		mix_table(db, name, &digest);
	}
	if (sqlite3_finalize(tables) != SQLITE_OK)
		abort();
	return digest;
}

const char *world_inspect(struct world *world)
{
	static char why[512];
	static struct reply_heard reply;
	static const struct {
		const char *word, *wanted;
	} questions[] = {{"CHECK", "\"faults\":[]"}, {"VERIFY", "\"holds\":true"}};
	sqlite3_stmt *integrity = NULL;

	if (sqlite3_prepare_v2(world->server.store->db, "PRAGMA integrity_check", -1, &integrity, NULL) != SQLITE_OK ||
		sqlite3_step(integrity) != SQLITE_ROW) {
		(void)snprintf(why, sizeof(why), "integrity_check fails");
		return why;
	}
	(void)snprintf(why, sizeof(why), "%s", (const char *)sqlite3_column_text(integrity, 0));
	(void)sqlite3_finalize(integrity);
	if (strcmp(why, "ok") != 0)
		return why;
	world_connect(world);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		const char *words[1] = {questions[i].word};
		(void)world_ask(world, words, 1, (struct fault){0}, &reply);
		if (reply.lost || strstr(reply.bytes, questions[i].wanted) == NULL) {
			(void)snprintf(why, sizeof(why), "%s: %.400s", questions[i].word, reply.lost ? "no answer" : reply.bytes);
			return why;
		}
	}
	return "";
}
