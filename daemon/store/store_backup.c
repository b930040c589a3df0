/* store_backup.c - copies of the book: made page by page through the writing connection, so that what it commits meanwhile is in the copy too; verified by reading them
 * whole; put back by renaming. */
#include "followup/store_backup.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

struct store_backup {
	sqlite3 *copy;
	sqlite3_backup *work;
	char *path;
	bool whole;
};

static int say(char message[BACKUP_MESSAGE_SIZE], int error, const char *what, const char *why)
{
	snprintf(message, BACKUP_MESSAGE_SIZE, "%.150s: %.90s", what, why);
	return error;
}

/* Made by ourselves, so that nobody else may read it, and nothing that is there is written over. */
static int create_alone(const char *path, char message[BACKUP_MESSAGE_SIZE])
{
	int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (file < 0)
		return say(message, errno == EEXIST ? ERR_INVALID : ERR_SYSTEM, path, strerror(errno));
	(void)close(file);
	return 0;
}

int store_backup_start(struct store *store, const char *path, struct store_backup **out, char message[BACKUP_MESSAGE_SIZE])
{
	struct store_backup *backup = calloc(1, sizeof(*backup));

	if (backup == NULL)
		return say(message, ERR_MEMORY, path, error_text(ERR_MEMORY));
	int result = create_alone(path, message);
	if (result < 0) {
		free(backup);
		return result;
	}
	backup->path = strdup(path);
	if (backup->path == NULL) {
		(void)unlink(path);
		free(backup);
		return say(message, ERR_MEMORY, path, error_text(ERR_MEMORY));
	}
	if (sqlite3_open_v2(path, &backup->copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
		sqlite3_exec(backup->copy, "PRAGMA journal_mode=OFF; PRAGMA synchronous=FULL; PRAGMA cache_size=-8000", NULL, NULL, NULL) ==
			SQLITE_OK)
		backup->work = sqlite3_backup_init(backup->copy, "main", store->db, "main");
	if (backup->work == NULL) {
		result = say(message, ERR_SYSTEM, path, backup->copy != NULL ? sqlite3_errmsg(backup->copy) : error_text(ERR_MEMORY));
		store_backup_end(backup);
		return result;
	}
	*out = backup;
	return 0;
}

/* A book by itself, not one that waits for a log beside it; and what is in the folder is on the disk too. */
static int finish(struct store_backup *backup, char message[BACKUP_MESSAGE_SIZE])
{
	int code = sqlite3_backup_finish(backup->work);

	backup->work = NULL;
	if (code == SQLITE_OK)
		code = sqlite3_exec(backup->copy, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
	if (code != SQLITE_OK)
		return say(message, ERR_SYSTEM, backup->path, sqlite3_errmsg(backup->copy));
	sqlite3_close(backup->copy);
	backup->copy = NULL;
	int file = open(backup->path, O_RDONLY | O_CLOEXEC);
	int failed = file < 0 || fsync(file) != 0 ? errno : 0;
	if (file >= 0)
		(void)close(file);
	if (failed != 0)
		return say(message, ERR_SYSTEM, backup->path, strerror(failed));
	backup->whole = true;
	return 0;
}

int store_backup_step(struct store_backup *backup, int pages, int *left, char message[BACKUP_MESSAGE_SIZE])
{
	int code = sqlite3_backup_step(backup->work, pages);

	*left = sqlite3_backup_remaining(backup->work);
	/* The book was busy for a moment: the next step goes on where this one stood. */
	if (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED)
		return 1;
	if (code == SQLITE_DONE)
		return finish(backup, message);
	return say(message, ERR_SYSTEM, backup->path, sqlite3_errstr(code));
}

void store_backup_end(struct store_backup *backup)
{
	if (backup == NULL)
		return;
	if (backup->work != NULL)
		(void)sqlite3_backup_finish(backup->work);
	sqlite3_close(backup->copy);
	if (!backup->whole)
		(void)unlink(backup->path);
	free(backup->path);
	free(backup);
}

static int first_integer(sqlite3 *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	if (code == SQLITE_OK && (code = sqlite3_step(s)) == SQLITE_ROW)
		*out = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return code == SQLITE_ROW ? 0 : ERR_CORRUPT;
}

static bool is_sound(sqlite3 *db, char why[BACKUP_MESSAGE_SIZE])
{
	sqlite3_stmt *s = NULL;
	bool sound = false;

	snprintf(why, BACKUP_MESSAGE_SIZE, "it cannot be read: %s", "not a book");
	if (sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &s, NULL) != SQLITE_OK) {
		snprintf(why, BACKUP_MESSAGE_SIZE, "it cannot be read: %s", sqlite3_errmsg(db));
	} else if (sqlite3_step(s) == SQLITE_ROW) {
		sound = strcmp(column_text(s, 0), "ok") == 0;
		snprintf(why, BACKUP_MESSAGE_SIZE, "%s", sound ? "" : column_text(s, 0));
	}
	sqlite3_finalize(s);
	return sound;
}

static void count_rows(sqlite3 *db, struct backup_verdict *verdict)
{
	if (first_integer(db, "SELECT count(*) FROM client", &verdict->clients) < 0 ||
		first_integer(db, "SELECT count(*) FROM event", &verdict->events) < 0 ||
		first_integer(db, "SELECT count(*) FROM followup", &verdict->followups) < 0 ||
		first_integer(db, "SELECT count(*) FROM attempt", &verdict->attempts) < 0 ||
		first_integer(db, "SELECT coalesce(max(id), 0) FROM client", &verdict->last[0]) < 0 ||
		first_integer(db, "SELECT coalesce(max(id), 0) FROM event", &verdict->last[1]) < 0 ||
		first_integer(db, "SELECT coalesce(max(id), 0) FROM followup", &verdict->last[2]) < 0 ||
		first_integer(db, "SELECT coalesce(max(id), 0) FROM attempt", &verdict->last[3]) < 0)
		snprintf(verdict->why, sizeof(verdict->why), "it is no followupd book: %s", sqlite3_errmsg(db));
}

int store_backup_compare(struct store *book, struct backup_verdict *verdict)
{
	STATEMENT(clients, "SELECT count(*) FROM client WHERE id<=?1");
	STATEMENT(events, "SELECT count(*) FROM event WHERE id<=?1");
	STATEMENT(followups, "SELECT count(*) FROM followup WHERE id<=?1");
	STATEMENT(attempts, "SELECT count(*) FROM attempt WHERE id<=?1");
	STATEMENT(link, "SELECT count(*) FROM link WHERE id=?1 AND lower(hex(digest))=?2");
	struct {
		struct statement *statement;
		int64_t count;
		const char *name;
	} const tables[] = {{&clients, verdict->clients, "clients"}, {&events, verdict->events, "events"},
		{&followups, verdict->followups, "follow-ups"}, {&attempts, verdict->attempts, "attempts"}};
	int64_t there = 0;
	int result = 0;

	for (size_t i = 0; result == 0 && verdict->why[0] == '\0' && i < sizeof(tables) / sizeof(tables[0]); i++) {
		result = store_integer(book, tables[i].statement, &there, "i", verdict->last[i]);
		if (result == 0 && there != tables[i].count)
			snprintf(verdict->why, sizeof(verdict->why), "it has %lld %s, and the book %lld up to the same one",
				(long long)tables[i].count, tables[i].name, (long long)there);
	}
	if (result == 0 && verdict->why[0] == '\0' && verdict->record.links > 0) {
		result = store_integer(book, &link, &there, "it", verdict->record.links, verdict->record.head);
		if (result == 0 && there != 1)
			snprintf(verdict->why, sizeof(verdict->why), "link %lld of its record is not that of the book",
				(long long)verdict->record.links);
	}
	return result;
}

int store_backup_verify(const char *path, struct backup_verdict *verdict)
{
	struct store *store = calloc(1, sizeof(*store));
	int64_t application = 0;

	*verdict = (struct backup_verdict){0};
	if (store == NULL)
		return ERR_MEMORY;
	store->lock = -1;
	int result = sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK ? 0 : ERR_SYSTEM;
	if (result < 0)
		snprintf(verdict->why, sizeof(verdict->why), "%s", store->db != NULL ? sqlite3_errmsg(store->db) : error_text(ERR_MEMORY));
	if (result == 0 && is_sound(store->db, verdict->why)) {
		if (first_integer(store->db, "PRAGMA application_id", &application) < 0 || application != STORE_APPLICATION_ID)
			snprintf(verdict->why, sizeof(verdict->why), "it is no followupd book");
		else if (first_integer(store->db, "PRAGMA user_version", &verdict->schema) < 0 || verdict->schema > store_schema_version())
			snprintf(verdict->why, sizeof(verdict->why), "its schema %lld is newer than this program's %d",
				(long long)verdict->schema, store_schema_version());
		else
			count_rows(store->db, verdict);
		/* Of an older schema the record is what the upgrade makes of it. */
		if (verdict->why[0] == '\0' && verdict->schema == store_schema_version()) {
			result = store_record_verify(store, 0, "", &verdict->record);
			if (result == 0 && verdict->record.why[0] != '\0')
				snprintf(verdict->why, sizeof(verdict->why), "its record does not hold: link %lld: %.150s",
					(long long)verdict->record.broken_link, verdict->record.why);
		}
	}
	store_close(store);
	return result;
}

/* owner: whose the new file is to be; NULL: ours. It is given away while it is open: whoever may write into the folder may have put another file under its name since. */
static int copy_file(const char *from, const char *to, const struct stat *owner, char message[BACKUP_MESSAGE_SIZE])
{
	enum { PIECE = 1 << 20 };
	char *piece = malloc(PIECE);
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	ssize_t got = -1;
	int result = piece == NULL || in < 0 || out < 0 ? ERR_SYSTEM : 0;

	while (result == 0 && (got = read(in, piece, PIECE)) > 0)
		for (ssize_t done = 0, put; result == 0 && done < got; done += put) {
			put = write(out, piece + done, (size_t)(got - done));
			if (put < 0)
				result = ERR_SYSTEM;
		}
	if (result == 0 && (got < 0 || (owner != NULL && fchown(out, owner->st_uid, owner->st_gid) != 0) || fsync(out) != 0))
		result = ERR_SYSTEM;
	if (result < 0)
		(void)say(message, result, out < 0 ? to : from, strerror(errno));
	if (in >= 0)
		(void)close(in);
	if (out >= 0)
		(void)close(out);
	if (result < 0 && out >= 0)
		(void)unlink(to);
	free(piece);
	return result;
}

/* The folder of a file, so that a rename in it lasts. */
static int sync_folder(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	int file = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = file < 0 || fsync(file) != 0 ? ERR_SYSTEM : 0;
	if (file >= 0)
		(void)close(file);
	return result;
}

/* Nor what has come there while the copy was made. Some file systems know of no such renaming. */
static int rename_alone(const char *from, const char *to)
{
	struct stat there;

	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (lstat(to, &there) == 0) {
		errno = EEXIST;
		return -1;
	}
	return rename(from, to);
}

int store_backup_place(const char *part, const char *path, bool over, char message[BACKUP_MESSAGE_SIZE])
{
	if ((over ? rename(part, path) : rename_alone(part, path)) != 0)
		return say(message, ERR_SYSTEM, path, strerror(errno));
	if (sync_folder(path) < 0)
		return say(message, ERR_SYSTEM, path, "its folder cannot be made durable");
	return 0;
}

/* What belongs to a book: the file, its write-ahead log and that one's index. They move together. */
static int set_aside(const char *path, const char *kept, char message[BACKUP_MESSAGE_SIZE])
{
	static const char *const suffixes[] = {"-shm", "-wal", ""};
	char from[4096], to[4096];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(from, sizeof(from), "%s%s", path, suffixes[i]);
		snprintf(to, sizeof(to), "%s%s", kept, suffixes[i]);
		if (rename(from, to) != 0 && errno != ENOENT)
			return say(message, ERR_SYSTEM, from, strerror(errno));
	}
	return 0;
}

/* The book's lock, for the one to whom it is to belong (NULL: us). A file that has another name too, elsewhere, is not ours to give away. */
static int take_lock(const char *name, const char *path, const struct stat *owner, int *out, char message[BACKUP_MESSAGE_SIZE])
{
	int lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), result = 0;
	struct stat file;

	if (lock < 0)
		return say(message, ERR_SYSTEM, name, strerror(errno));
	bool seen = fstat(lock, &file) == 0;
	if (flock(lock, LOCK_EX | LOCK_NB) != 0)
		result = say(message, ERR_BUSY, path, "another process serves this book; stop it first");
	else if (seen && (!S_ISREG(file.st_mode) || file.st_nlink > 1))
		result = say(message, ERR_SYSTEM, name, "it is no file of its own; look who has put it there, and remove it");
	else if (!seen || (owner != NULL && fchown(lock, owner->st_uid, owner->st_gid) != 0))
		result = say(message, ERR_SYSTEM, name, strerror(errno));
	if (result < 0)
		(void)close(lock);
	else
		*out = lock;
	return result;
}

/* To whom a book belongs, or where none stands its folder. */
static int find_owner(const char *path, struct stat *out)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	return stat(path, out) == 0 || stat(dirname(copy), out) == 0 ? 0 : ERR_SYSTEM;
}

/* What stands beside the book by now, and not the copy, which its owner may exchange at any time. */
static int verify_part(const char *copy, const char *part, struct backup_verdict *verdict, char message[BACKUP_MESSAGE_SIZE])
{
	int result = store_backup_verify(part, verdict);

	if (result < 0)
		return say(message, result, copy, error_text(result));
	return verdict->why[0] != '\0' ? say(message, ERR_STORE, copy, verdict->why) : 0;
}

int store_backup_restore(const char *copy, const char *path, const char *stamp, char *kept, size_t kept_size,
	struct backup_verdict *verdict, char message[BACKUP_MESSAGE_SIZE])
{
	struct stat there;
	char part[4096], lock_name[4096];
	bool stood = stat(path, &there) == 0;
	const struct stat *owner = geteuid() == 0 ? &there : NULL;
	int lock = -1;

	kept[0] = '\0';
	*verdict = (struct backup_verdict){0};
	if (strlen(path) + strlen(stamp) + 32 > sizeof(part) || strlen(path) + strlen(stamp) + 32 > kept_size)
		return say(message, ERR_INVALID, path, "the name is too long");
	if (find_owner(path, &there) < 0)
		return say(message, ERR_SYSTEM, path, strerror(errno));
	snprintf(lock_name, sizeof(lock_name), "%s-lock", path);
	int result = take_lock(lock_name, path, owner, &lock, message);
	if (result < 0)
		return result;
	snprintf(part, sizeof(part), "%s.part-%s", path, stamp);
	result = copy_file(copy, part, owner, message);
	bool is_ours = result == 0; /* what stood under that name before is not */
	if (result == 0)
		result = verify_part(copy, part, verdict, message);
	if (result == 0 && stood) {
		snprintf(kept, kept_size, "%s.before-%s", path, stamp);
		result = set_aside(path, kept, message);
	}
	if (result == 0)
		result = store_backup_place(part, path, true, message);
	if (result < 0 && is_ours)
		(void)unlink(part);
	(void)close(lock);
	return result;
}
