#include "followup/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "followup/command.h"
#include "followup/json_text.h"
#include "followup/server.h"
#include "followup/store_backup.h"
#include "followup/store_reader.h"
#include "followup/turn.h"
#include "followup/waiter.h"
#include "followup/worker.h"

enum { SLICE_MS = 2, PAGES_FIRST = 64, PAGES_LEAST = 8, PAGES_MOST = 2048, RETRY_SECONDS = 3600 };

static const char name_format[] = "followupd-????????T??????.db";

struct backup {
	struct job job; /* first: the verification */
	struct server *server;
	struct session *asker; /* NULL: nobody, or gone */
	struct store_backup *copy;
	struct policy *policy; /* held while the job runs */
	bool own_name;         /* in the folder, where old ones go */
	int pages;             /* a slice */
	int64_t began_at, began_ms;
	char path[PATH_MAX], part[PATH_MAX];
	struct backup_verdict verdict;
	char why[BACKUP_MESSAGE_SIZE];
};

static int name_copy(const struct server *server, const char *file, struct backup *backup)
{
	const char *folder = server->policy->backup_folder;
	char day[DATE_TEXT_SIZE];
	int length;

	backup->own_name = file == NULL;
	if (file != NULL) {
		length = snprintf(
			backup->path, sizeof backup->path, "%s%s%s", file[0] == '/' ? "" : folder, file[0] == '/' ? "" : "/", file);
	} else {
		(void)date_format(server->now.day, day);
		length = snprintf(backup->path, sizeof backup->path, "%s/followupd-%.4s%.2s%.2sT%02d%02d%02d.db", folder, day, day + 5,
			day + 8, (int)(server->now.second / 3600), (int)(server->now.second / 60 % 60), (int)(server->now.second % 60));
	}
	if (length < 0 || (size_t)length + sizeof ".part" > sizeof backup->part)
		return ERR_INVALID;
	(void)snprintf(backup->part, sizeof backup->part, "%.*s.part", length, backup->path);
	return 0;
}

/* The folder that a file is in, as the system knows it, however it is written: through links, by /./ or by /../. */
static int find_folder(const char *path, struct stat *out)
{
	char copy[PATH_MAX];

	(void)snprintf(copy, sizeof copy, "%s", path);
	return stat(dirname(copy), out);
}

static const char *name_in_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* SQLite keeps what belongs to a book beside it, under the book's name and a "-": a file there is taken for such a one, and removed. And what a copy is called
 * until it is verified must not be the book itself. */
static bool stands_for_book(const char *book, const struct backup *backup)
{
	const char *name = name_in_folder(book), *part = name_in_folder(backup->part);
	size_t length = strlen(name);
	struct stat folder, other;

	if (strcmp(part, name) != 0 && (strncmp(part, name, length) != 0 || part[length] != '-'))
		return false;
	/* A folder that cannot be looked at cannot be written to either. */
	return find_folder(book, &folder) == 0 && find_folder(backup->path, &other) == 0 && folder.st_dev == other.st_dev &&
	       folder.st_ino == other.st_ino;
}

/* Where the name that the book is opened by is a link, SQLite's files stand where it leads to. */
static bool stands_beside_book(const struct server *server, const struct backup *backup)
{
	char *real = realpath(server->policy->database, NULL);
	bool stands = stands_for_book(server->policy->database, backup) || (real != NULL && stands_for_book(real, backup));

	free(real);
	return stands;
}

static int open_copy(struct server *server, struct backup *backup, const char *file, char why[256])
{
	if (name_copy(server, file, backup) < 0) {
		(void)snprintf(why, 256, "the file's name is too long");
		return ERR_INVALID;
	}
	struct stat there;
	if (lstat(backup->path, &there) == 0) {
		(void)snprintf(why, 256, "%.200s: is there already", backup->path);
		return ERR_INVALID;
	}
	if (stands_beside_book(server, backup)) {
		(void)snprintf(why, 256,
			"%.150s: it, or its .part, is the book's own name or one of its logs (that name and a -); choose another",
			backup->path);
		return ERR_INVALID;
	}
	/* What a killed daemon has left of a copy. */
	if (unlink(backup->part) == 0)
		log_event(server->log, LOG_LEVEL_NOTICE, "backup_remains_removed", "text=\"a copy had been cut short\"");
	return store_backup_start(server->store, backup->part, &backup->copy, why);
}

int backup_begin(struct server *server, struct session *asker, const char *file, char why[256])
{
	struct backup *backup;

	if (server->backup != NULL) {
		(void)snprintf(why, 256, "a copy is being made already");
		return ERR_BUSY;
	}
	if (server->policy->backup_folder[0] == '\0' && (file == NULL || file[0] != '/')) {
		(void)snprintf(why, 256, "where to? Name a file from / on, or set folder in section backup");
		return ERR_INVALID;
	}
	backup = calloc(1, sizeof *backup);
	if (backup == NULL) {
		(void)snprintf(why, 256, "out of memory");
		return ERR_MEMORY;
	}
	int result = open_copy(server, backup, file, why);
	if (result < 0) {
		free(backup);
		return result;
	}
	backup->server = server;
	backup->asker = asker;
	backup->pages = PAGES_FIRST;
	backup->began_at = server->now.unix_seconds;
	backup->began_ms = clock_monotonic_ms();
	server->backup = backup;
	return 0;
}

bool backup_is_copying(const struct server *server)
{
	return server->backup != NULL && server->backup->copy != NULL;
}

/* Before it has its place: what cannot be told must not have been done. */
static int describe(struct backup *backup, struct buffer *out)
{
	struct stat size = {0};

	if (stat(backup->part, &size) != 0) {
		(void)snprintf(backup->why, sizeof backup->why, "%.200s: %s", backup->part, strerror(errno));
		return ERR_SYSTEM;
	}
	buffer_text(out, "{\"backup\":");
	json_text_append(out, backup->path);
	buffer_printf(out,
		",\"bytes\":%lld,\"clients\":%" PRId64 ",\"events\":%" PRId64 ",\"followups\":%" PRId64 ",\"attempts\":%" PRId64
		",\"links\":%" PRId64 ",\"head\":\"%s\",\"verified\":true}",
		(long long)size.st_size, backup->verdict.clients, backup->verdict.events, backup->verdict.followups,
		backup->verdict.attempts, backup->verdict.record.links, backup->verdict.record.head);
	if (out->failed) {
		(void)snprintf(backup->why, sizeof backup->why, "%s", error_text(ERR_MEMORY));
		return ERR_MEMORY;
	}
	return 0;
}

/* json: what describe() has said; nothing where the result is no success. */
static void answer(const struct backup *backup, int result, const struct buffer *json)
{
	struct session *session = backup->asker;

	if (session == NULL)
		return;
	struct reply reply = {.out = &session->replies, .protocol = session->standing.protocol};
	session_touch(session);
	if (result == 0)
		reply_bulk(&reply, json->data, json->length);
	else
		reply_error(&reply, command_error_word(result), backup->why);
	session_mark(session, result == 0);
	waiter_unpark(session); /* which lets go of us */
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in the folder that are copies of our own making; the count. */
static size_t list_copies(DIR *folder, char ***out)
{
	char **names = NULL;
	size_t count = 0;
	const struct dirent *entry;

	while ((entry = readdir(folder)) != NULL) {
		if (fnmatch(name_format, entry->d_name, FNM_PERIOD) != 0)
			continue;
		char **larger = realloc(names, (count + 1) * sizeof *names);
		if (larger == NULL)
			break;
		names = larger;
		names[count] = strdup(entry->d_name);
		if (names[count] == NULL)
			break;
		count++;
	}
	if (count > 1)
		qsort(names, count, sizeof *names, compare_names);
	*out = names;
	return count;
}

/* The newest stay. */
static void drop_old(struct server *server)
{
	DIR *folder = opendir(server->policy->backup_folder);
	char **names;

	if (folder == NULL)
		return;
	size_t count = list_copies(folder, &names), keep = (size_t)server->policy->backups_kept;
	for (size_t i = 0; i < count; i++) {
		if (i + keep < count && unlinkat(dirfd(folder), names[i], 0) == 0)
			log_event(server->log, LOG_LEVEL_INFO, "backup_dropped", "name=%s", names[i]);
		free(names[i]);
	}
	free(names);
	(void)closedir(folder);
}

/* The next start must know of it too. The answer waits for the commit, like any other. */
static int remember(struct server *server, int64_t began_at)
{
	int result = turn_open(server);

	server->last_backup_at = began_at;
	server->backup_failed = false;
	if (result < 0)
		return result;
	result = store_meta_set(server->store, "backup_at", began_at);
	if (result < 0)
		turn_fail(server, result);
	return result;
}

static void failed(struct server *server, const char *why)
{
	char quoted[LOG_QUOTED_SIZE];

	server->backup_failed = true;
	server->backup_retry_at = server->now.unix_seconds + RETRY_SECONDS;
	log_event(server->log, LOG_LEVEL_ERROR, "backup_failed", "reason=%s", log_quote(why, strlen(why), quoted));
}

static void finish(struct backup *backup, int result)
{
	struct server *server = backup->server;
	char quoted[LOG_QUOTED_SIZE];
	struct buffer json = {0};

	if (result == 0 && backup->asker != NULL)
		result = describe(backup, &json);
	if (result == 0)
		result = store_backup_place(backup->part, backup->path, false, backup->why);
	if (result == 0) {
		result = remember(server, backup->began_at);
		if (result < 0)
			(void)snprintf(backup->why, sizeof backup->why, "the copy is there, but the book cannot be written: %.180s",
				server->health.message);
		log_event(server->log, LOG_LEVEL_NOTICE, "backup", "file=%s links=%" PRId64 " head=%s ms=%" PRId64,
			log_quote(backup->path, strlen(backup->path), quoted), backup->verdict.record.links, backup->verdict.record.head,
			clock_monotonic_ms() - backup->began_ms);
		if (backup->own_name)
			drop_old(server);
	} else {
		(void)unlink(backup->part);
		failed(server, backup->why);
	}
	answer(backup, result, &json);
	buffer_free(&json);
	server->backup = NULL;
	free(backup);
	turn_close(server);
}

/* On the worker's thread. While the copy is read no snapshot of the book is needed, and would only hold up the log of writes. */
static int verify(struct job *job, const struct worker_book *book)
{
	struct backup *backup = (struct backup *)job;

	store_read_end(book->store);
	int result = store_backup_verify(backup->part, &backup->verdict);
	if (result == 0)
		result = store_read_begin(book->store);
	if (result == 0)
		result = store_backup_compare(book->store, &backup->verdict);
	return result;
}

static void verified(struct job *job, void *context)
{
	struct backup *backup = (struct backup *)job;
	const char *why = backup->verdict.why;
	int result = job->result;

	(void)context;
	policy_free(backup->policy);
	if (result == 0 && why[0] != '\0')
		result = ERR_SYSTEM;
	if (result < 0 && why[0] == '\0')
		why = job->stop == JOB_STOP_PINNED ? "too much is written meanwhile to compare it with the book (limits: wal_limit)"
		      : job->stop != JOB_STOP_NONE ? "the daemon stops"
						   : error_text(result);
	if (result < 0)
		(void)snprintf(backup->why, sizeof backup->why, "the copy is not verified: %.200s", why);
	finish(backup, result);
}

void backup_slice(struct server *server)
{
	struct backup *backup = server->backup;
	int64_t began_ms = clock_monotonic_ms();
	int left;

	int result = store_backup_step(backup->copy, backup->pages, &left, backup->why);
	int64_t took_ms = clock_monotonic_ms() - began_ms;
	if (took_ms > SLICE_MS && backup->pages > PAGES_LEAST)
		backup->pages /= 2;
	else if (took_ms == 0 && backup->pages < PAGES_MOST)
		backup->pages *= 2;
	if (result > 0)
		return;
	store_backup_end(backup->copy);
	backup->copy = NULL;
	if (result < 0) {
		finish(backup, result);
		return;
	}
	backup->policy = policy_hold(server->policy);
	backup->job = (struct job){.run = verify, .finish = verified, .policy = backup->policy};
	if (server->worker != NULL && worker_submit(server->worker, &backup->job, SIZE_MAX) == 0) {
		worker_release(server->worker);
		return;
	}
	/* Without a second thread the desk waits. */
	backup->job.result = store_backup_verify(backup->part, &backup->verdict);
	if (backup->job.result == 0)
		backup->job.result = store_backup_compare(server->store, &backup->verdict);
	verified(&backup->job, server);
}

/* The latest moment up to now at which a copy was to be made. */
static int64_t last_due(const struct server *server)
{
	int32_t second = (int32_t)server->policy->backup_minute * 60;

	return zone_unix(server->now.second >= second ? server->now.day : server->now.day - 1, second);
}

void backup_look(struct server *server)
{
	char why[256];

	if (server->policy->backup_folder[0] == '\0' || server->backup != NULL || server->draining || server->health.failing ||
		server->last_backup_at >= last_due(server) || server->now.unix_seconds < server->backup_retry_at)
		return;
	if (backup_begin(server, NULL, NULL, why) < 0)
		failed(server, why);
}

int64_t backup_next(struct server *server)
{
	int32_t second = (int32_t)server->policy->backup_minute * 60;

	if (server->policy->backup_folder[0] == '\0' || server->backup != NULL)
		return INT64_MAX;
	if (server->backup_retry_at > server->now.unix_seconds)
		return server->backup_retry_at;
	return zone_unix(server->now.second < second ? server->now.day : server->now.day + 1, second);
}

void backup_leave(struct session *session)
{
	struct backup *backup = session->server->backup;

	if (backup != NULL && backup->asker == session)
		backup->asker = NULL;
}

void backup_end(struct server *server)
{
	struct backup *backup = server->backup;

	if (backup == NULL || backup->copy == NULL)
		return; /* the worker has it, and ends it */
	store_backup_end(backup->copy);
	backup->copy = NULL;
	(void)snprintf(backup->why, sizeof backup->why, "the daemon stops");
	finish(backup, ERR_BUSY);
}

void backup_info(struct server *server, struct buffer *out)
{
	char text[DATE_TEXT_SIZE];

	buffer_printf(out, "backup_running:%s\r\nbackup_failed:%s\r\n", server->backup != NULL ? "yes" : "no",
		server->backup_failed ? "yes" : "no");
	if (server->last_backup_at == 0)
		return;
	struct moment at = zone_moment(server->last_backup_at);
	buffer_printf(out, "last_backup:%sT%02d:%02d:%02d\r\nlast_backup_age_seconds:%" PRId64 "\r\n", date_format(at.day, text),
		(int)(at.second / 3600), (int)(at.second / 60 % 60), (int)(at.second % 60),
		server->now.unix_seconds - server->last_backup_at);
}
