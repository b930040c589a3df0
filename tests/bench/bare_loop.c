/* bare_loop.c - how quick SQLite can be as a queue at all: one narrow table, a partial index in our order, a record of one narrow row for each command, one commit for all that is read in one turn.
 * No agents, no rights, no gates, no call to show, no hash chain, and whoever sends nonsense gets what he deserves. Durable as followupd is: write-ahead log, synchronous=FULL, answers after
 * the commit. What is slower here than Redis is slower by SQLite and this machine, and not by what followupd does besides.
 *
 *   bare_loop fill DATABASE ROWS        a new book, with the priorities and due days of book.py
 *   bare_loop serve DATABASE SOCKET     NEXT, answered with a number, and DONE number, as RESP arrays */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS_MOST = 4096, BYTES_MOST = 4096, WORDS_MOST = 8, EVENTS = 512, LEASE_SECONDS = 900 };

struct client {
	int fd;
	size_t in_length, out_length;
	char in[BYTES_MOST], out[BYTES_MOST];
};

static const char schema[] =
	"CREATE TABLE call(id INTEGER PRIMARY KEY, priority INTEGER NOT NULL, due_on INTEGER NOT NULL, state INTEGER "
	"NOT NULL, agent INTEGER, lease_until INTEGER);"
	"CREATE INDEX call_ready ON call(priority, due_on, id) WHERE state=0;"
	"CREATE TABLE entry(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind INTEGER NOT NULL, call_id INTEGER NOT NULL);";

static sqlite3 *db;
static sqlite3_stmt *begin, *first, *lease, *finish, *record, *commit;
static struct client *clients[CLIENTS_MOST];

static void check(bool well)
{
	if (!well) {
		fprintf(stderr, "bare_loop: %s\n", db != NULL ? sqlite3_errmsg(db) : "out of memory");
		exit(74);
	}
}

static void check_system(bool well, const char *what)
{
	if (!well) {
		perror(what);
		exit(71);
	}
}

static void open_book(const char *path)
{
	check(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK);
	check(sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32000", NULL, NULL, NULL) ==
		SQLITE_OK);
}

static sqlite3_stmt *prepared(const char *sql)
{
	sqlite3_stmt *s;

	check(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) == SQLITE_OK);
	return s;
}

static void run(sqlite3_stmt *s)
{
	check(sqlite3_step(s) == SQLITE_DONE);
	check(sqlite3_reset(s) == SQLITE_OK);
}

static int fill(const char *path, long rows)
{
	open_book(path);
	check(sqlite3_exec(db, schema, NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_stmt *put = prepared("INSERT INTO call(id, priority, due_on, state) VALUES(?1, ?2, ?3, 0)");
	check(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK);
	for (long number = 0; number < rows; number++) {
		long kind = number % 20, of_three = number % 3;
		check(sqlite3_bind_int64(put, 1, number + 1) == SQLITE_OK);
		check(sqlite3_bind_int(put, 2, kind == 0 ? 1 : kind < 9 ? 3 : 4) == SQLITE_OK);
		check(sqlite3_bind_int64(put, 3, of_three + (kind == 0 ? 0 : kind < 9 ? 5 : 14)) == SQLITE_OK);
		run(put);
	}
	sqlite3_finalize(put);
	check(sqlite3_exec(db, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL) == SQLITE_OK);
	return sqlite3_close(db) == SQLITE_OK ? 0 : 74;
}

static void note(int kind, int64_t call)
{
	check(sqlite3_bind_int64(record, 1, time(NULL)) == SQLITE_OK);
	check(sqlite3_bind_int(record, 2, kind) == SQLITE_OK);
	check(sqlite3_bind_int64(record, 3, call) == SQLITE_OK);
	run(record);
}

static void answer(struct client *client, const char *text)
{
	size_t length = strlen(text);

	check_system(length <= BYTES_MOST - client->out_length, "room for the answers of one turn");
	memcpy(client->out + client->out_length, text, length);
	client->out_length += length;
}

static void next(struct client *client)
{
	char number[32], text[64];

	if (sqlite3_step(first) != SQLITE_ROW) {
		check(sqlite3_reset(first) == SQLITE_OK);
		answer(client, "$-1\r\n");
		return;
	}
	int64_t id = sqlite3_column_int64(first, 0);
	check(sqlite3_reset(first) == SQLITE_OK);
	check(sqlite3_bind_int64(lease, 1, id) == SQLITE_OK);
	check(sqlite3_bind_int(lease, 2, client->fd) == SQLITE_OK);
	check(sqlite3_bind_int64(lease, 3, time(NULL) + LEASE_SECONDS) == SQLITE_OK);
	run(lease);
	note(1, id);
	int digits = snprintf(number, sizeof(number), "%lld", (long long)id);
	snprintf(text, sizeof(text), "$%d\r\n%s\r\n", digits, number);
	answer(client, text);
}

static void done(struct client *client, int64_t id)
{
	check(sqlite3_bind_int64(finish, 1, id) == SQLITE_OK);
	run(finish);
	answer(client, sqlite3_changes(db) == 1 ? ":1\r\n" : ":0\r\n");
	note(2, id);
}

/* The end of the line that begins there; NULL while it has not come whole. */
static char *line_end(const struct client *client, char *start)
{
	const char *end = client->in + client->in_length;

	return start < end ? memchr(start, '\n', (size_t)(end - start)) : NULL;
}

/* One whole request taken out of what has come, and done. */
static bool take(struct client *client)
{
	const char *words[WORDS_MOST] = {"", ""};
	char *end = line_end(client, client->in);
	long count = end != NULL ? strtol(client->in + 1, NULL, 10) : 0;

	if (count < 1 || count > WORDS_MOST)
		return false;
	for (long i = 0; i < count; i++) {
		char *start = line_end(client, end + 1);
		if (start == NULL)
			return false;
		words[i] = start + 1;
		end = line_end(client, start + 1 + strtol(end + 2, NULL, 10));
		if (end == NULL)
			return false;
	}
	if (memcmp(words[0], "NEXT", 4) == 0)
		next(client);
	else
		done(client, strtoll(words[1], NULL, 10));
	client->in_length -= (size_t)(end + 1 - client->in);
	memmove(client->in, end + 1, client->in_length);
	return true;
}

static void let_in(int listener, int poll)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	check_system(fd >= 0 && fd < CLIENTS_MOST, "accept");
	free(clients[fd]);
	clients[fd] = calloc(1, sizeof(*clients[fd]));
	check(clients[fd] != NULL);
	clients[fd]->fd = fd;
	check_system(epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

/* What one look at everybody has brought, in one commit. */
static void turn(const struct epoll_event *events, int count, int listener, int poll)
{
	bool begun = false;

	for (int i = 0; i < count; i++) {
		struct client *client = clients[events[i].data.fd];
		if (events[i].data.fd == listener) {
			let_in(listener, poll);
			continue;
		}
		ssize_t came = read(client->fd, client->in + client->in_length, BYTES_MOST - client->in_length);
		if (came <= 0) {
			check_system(close(client->fd) == 0, "close");
			continue;
		}
		client->in_length += (size_t)came;
		if (!begun)
			run(begin);
		begun = true;
		while (take(client))
			continue;
	}
	if (begun)
		run(commit);
	for (int i = 0; i < count; i++) {
		struct client *client = events[i].data.fd != listener ? clients[events[i].data.fd] : NULL;
		if (client != NULL && client->out_length > 0)
			check_system(write(client->fd, client->out, client->out_length) == (ssize_t)client->out_length, "write");
		if (client != NULL)
			client->out_length = 0;
	}
}

static _Noreturn void serve(const char *book, const char *socket_path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct epoll_event events[EVENTS];
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), poll = epoll_create1(EPOLL_CLOEXEC);

	open_book(book);
	begin = prepared("BEGIN IMMEDIATE");
	first = prepared("SELECT id FROM call WHERE state=0 ORDER BY priority, due_on, id LIMIT 1");
	lease = prepared("UPDATE call SET state=2, agent=?2, lease_until=?3 WHERE id=?1");
	record = prepared("INSERT INTO entry(at, kind, call_id) VALUES(?1, ?2, ?3)");
	finish = prepared("UPDATE call SET state=3, agent=NULL, lease_until=NULL WHERE id=?1 AND state=2");
	commit = prepared("COMMIT");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
	check_system(
		listener >= 0 && bind(listener, (const struct sockaddr *)&address, sizeof(address)) == 0 && listen(listener, EVENTS) == 0,
		"listen");
	check_system(poll >= 0 && epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event) == 0, "epoll");
	for (;;) {
		int count = epoll_wait(poll, events, EVENTS, -1);
		check_system(count > 0, "epoll_wait");
		turn(events, count, listener, poll);
	}
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "fill") == 0)
		return fill(argv[2], strtol(argv[3], NULL, 10));
	if (argc == 4 && strcmp(argv[1], "serve") == 0)
		serve(argv[2], argv[3]);
	fprintf(stderr, "usage: bare_loop fill DATABASE ROWS | serve DATABASE SOCKET\n");
	return 64;
}
