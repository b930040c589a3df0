/* Copies of the book: made while it is written to, verified, spoiled and found out, put back. */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "followup/store.h"
#include "followup/store_backup.h"
#include "followup/store_client.h"

static char folder[] = "/tmp/followupd-backup-XXXXXX";

static const char *in_folder(const char *name)
{
	static char paths[4][PATH_MAX];
	static int turn;
	char *path = paths[turn++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", folder, name);
	return path;
}

static struct store *open_book(const char *name)
{
	struct store *store = NULL;
	char message[256];

	if (store_open(in_folder(name), &store, message) < 0)
		fail_msg("%s", message);
	return store;
}

/* A commit with some clients, each with an entry of the record that is long enough to fill pages. */
static void write_some(struct store *store, int from, int count)
{
	char ref[32], body[2048];

	assert_int_equal(store_begin(store, 1000 + from), 0);
	snprintf(body, sizeof(body), "{\"note\":\"%0*d\"}", (int)sizeof(body) - 12, 0);
	for (int i = from; i < from + count; i++) {
		snprintf(ref, sizeof(ref), "C%d", i);
		int64_t id = store_client_ensure(store, ref);
		assert_true(id > 0);
		struct record_entry entry = {.kind = RECORD_ATTEMPT, .client_id = id, .client_ref = ref, .agent = "anna", .body = body};
		assert_true(store_record_add(store, &entry) > 0);
	}
	assert_int_equal(store_commit(store), 0);
}

static void test_copy_while_written(void **state)
{
	struct store *store = open_book("book.db");
	struct store_backup *backup = NULL;
	struct backup_verdict verdict;
	char message[BACKUP_MESSAGE_SIZE], head[RECORD_DIGEST_TEXT_SIZE];
	int64_t link;
	int left, steps = 0, result;

	(void)state;
	write_some(store, 0, 300);
	assert_int_equal(store_backup_start(store, in_folder("copy.db"), &backup, message), 0);
	while ((result = store_backup_step(backup, 10, &left, message)) > 0)
		if (++steps % 5 == 0 && steps < 100)
			write_some(store, 1000 * steps, 3);
	assert_int_equal(result, 0);
	assert_true(steps > 10);
	store_backup_end(backup);
	struct stat kept;
	assert_int_equal(stat(in_folder("copy.db"), &kept), 0);
	assert_int_equal(kept.st_mode & 0777, 0600);
	assert_int_not_equal(access(in_folder("copy.db-wal"), F_OK), 0);

	assert_int_equal(store_backup_verify(in_folder("copy.db"), &verdict), 0);
	assert_string_equal(verdict.why, "");
	assert_int_equal(store_record_head(store, &link, head), 0);
	/* All that was committed before the last step is in it. */
	assert_int_equal(verdict.record.links, link);
	assert_string_equal(verdict.record.head, head);
	assert_int_equal(verdict.clients, verdict.record.entries);
	assert_int_equal(store_backup_compare(store, &verdict), 0);
	assert_string_equal(verdict.why, "");
	/* The book goes on, and the copy is still one of it. */
	write_some(store, 800000, 3);
	assert_int_equal(store_backup_compare(store, &verdict), 0);
	assert_string_equal(verdict.why, "");
	/* A row is missing in it; its record is that of another book. */
	struct backup_verdict other = verdict;
	other.clients--;
	assert_int_equal(store_backup_compare(store, &other), 0);
	assert_non_null(strstr(other.why, "clients, and the book"));
	other = verdict;
	other.record.head[5] = other.record.head[5] == '0' ? '1' : '0';
	assert_int_equal(store_backup_compare(store, &other), 0);
	assert_non_null(strstr(other.why, "is not that of the book"));
	store_close(store);
}

static void copy(const char *from, const char *to)
{
	char command[2 * PATH_MAX + 16];

	snprintf(command, sizeof(command), "cp %s %s", from, to);
	assert_int_equal(system(command), 0);
}

static void test_nothing_is_written_over(void **state)
{
	struct store *store = open_book("book.db");
	struct store_backup *backup = NULL;
	char message[BACKUP_MESSAGE_SIZE];
	struct stat there;
	int left;

	(void)state;
	assert_int_equal(store_backup_start(store, in_folder("copy.db"), &backup, message), ERR_INVALID);
	assert_int_equal(symlink(in_folder("elsewhere"), in_folder("link.db")), 0);
	assert_int_equal(store_backup_start(store, in_folder("link.db"), &backup, message), ERR_INVALID);
	assert_int_equal(store_backup_start(store, in_folder("no/such/folder"), &backup, message), ERR_SYSTEM);
	assert_non_null(strstr(message, "No such file"));
	assert_int_equal(store_backup_start(store, "/dev/full", &backup, message), ERR_INVALID);
	/* Nor what comes there while the copy is made. */
	copy(in_folder("copy.db"), in_folder("ready.part"));
	copy("/dev/null", in_folder("ready"));
	assert_int_equal(store_backup_place(in_folder("ready.part"), in_folder("ready"), false, message), ERR_SYSTEM);
	assert_non_null(strstr(message, "File exists"));
	assert_int_equal(stat(in_folder("ready"), &there), 0);
	assert_int_equal(there.st_size, 0);
	assert_int_equal(store_backup_place(in_folder("ready.part"), in_folder("ready"), true, message), 0);
	assert_int_equal(stat(in_folder("ready"), &there), 0);
	assert_true(there.st_size > 0);
	/* One that is given up leaves nothing. */
	assert_int_equal(store_backup_start(store, in_folder("half.db"), &backup, message), 0);
	assert_int_equal(store_backup_step(backup, 1, &left, message), 1);
	store_backup_end(backup);
	assert_int_not_equal(access(in_folder("half.db"), F_OK), 0);
	store_close(store);
}

static void spoil(const char *path, off_t at, const char *bytes, size_t count)
{
	int file = open(path, O_WRONLY);

	assert_true(file >= 0);
	assert_int_equal(pwrite(file, bytes, count, at), (ssize_t)count);
	assert_int_equal(close(file), 0);
}

static void test_bad_copies(void **state)
{
	static const char junk[4096] = {1, 2, 3};
	struct backup_verdict verdict;
	struct stat size;

	(void)state;
	assert_int_equal(stat(in_folder("copy.db"), &size), 0);
	copy(in_folder("copy.db"), in_folder("bad.db"));
	spoil(in_folder("bad.db"), 0, junk, 100);
	assert_true(store_backup_verify(in_folder("bad.db"), &verdict) <= 0);
	assert_string_not_equal(verdict.why, "");
	for (off_t page = 4; page < size.st_size / 4096; page += 37) {
		copy(in_folder("copy.db"), in_folder("bad.db"));
		spoil(in_folder("bad.db"), page * 4096, junk, sizeof(junk));
		assert_true(store_backup_verify(in_folder("bad.db"), &verdict) <= 0);
		assert_string_not_equal(verdict.why, "");
	}
	/* A byte of what somebody said: the pages are sound, the record is not. */
	copy(in_folder("copy.db"), in_folder("bad.db"));
	bool found = false;
	for (off_t at = size.st_size / 4096 * 4096 - 100; at > 4096 && !found; at -= 4096) {
		spoil(in_folder("bad.db"), at, "y", 1);
		assert_int_equal(store_backup_verify(in_folder("bad.db"), &verdict), 0);
		found = strstr(verdict.why, "its record does not hold") != NULL;
	}
	assert_true(found);
	/* A newer schema, and something else altogether. */
	copy(in_folder("copy.db"), in_folder("bad.db"));
	spoil(in_folder("bad.db"), 60, "\x00\x00\x7f\xff", 4);
	assert_int_equal(store_backup_verify(in_folder("bad.db"), &verdict), 0);
	assert_non_null(strstr(verdict.why, "newer"));
	spoil(in_folder("bad.db"), 68, "ABCD", 4);
	assert_int_equal(store_backup_verify(in_folder("bad.db"), &verdict), 0);
	assert_non_null(strstr(verdict.why, "no followupd book"));
	assert_int_equal(store_backup_verify(in_folder("nothing.db"), &verdict), ERR_SYSTEM);
}

static void test_restore(void **state)
{
	struct store *store = open_book("book.db");
	char message[BACKUP_MESSAGE_SIZE], kept[PATH_MAX];
	struct backup_verdict verdict;

	(void)state;
	assert_int_equal(
		store_backup_restore(in_folder("copy.db"), in_folder("book.db"), "now", kept, sizeof(kept), &verdict, message), ERR_BUSY);
	write_some(store, 900000, 5);
	assert_true(store_client_find(store, "C900000") > 0);
	store_close(store);
	assert_int_equal(store_backup_restore(in_folder("copy.db"), in_folder("book.db"), "now", kept, sizeof(kept), &verdict, message), 0);
	assert_string_equal(kept, in_folder("book.db.before-now"));
	store = open_book("book.db");
	assert_int_equal(store_client_find(store, "C900000"), ERR_NOT_FOUND);
	assert_true(store_client_find(store, "C1") > 0);
	write_some(store, 910000, 5);
	store_close(store);
	store = open_book("book.db.before-now");
	assert_true(store_client_find(store, "C900000") > 0);
	store_close(store);
	/* Where none stood. */
	assert_int_equal(
		store_backup_restore(in_folder("copy.db"), in_folder("fresh.db"), "now", kept, sizeof(kept), &verdict, message), 0);
	assert_string_equal(kept, "");
	store = open_book("fresh.db");
	assert_true(store_client_find(store, "C1") > 0);
	store_close(store);
	/* What was copied is what must be good. */
	assert_int_equal(
		store_backup_restore(in_folder("bad.db"), in_folder("fresh.db"), "now", kept, sizeof(kept), &verdict, message), ERR_STORE);
	assert_non_null(strstr(message, "no followupd book"));
	assert_non_null(strstr(verdict.why, "no followupd book"));
	assert_string_equal(kept, "");
	assert_int_equal(access(in_folder("fresh.db.part-now"), F_OK), -1);
	assert_int_equal(store_backup_restore(in_folder("none.db"), in_folder("fresh.db"), "now", kept, sizeof(kept), &verdict, message),
		ERR_SYSTEM);
	store = open_book("fresh.db");
	assert_true(store_client_find(store, "C1") > 0);
	store_close(store);
}

/* In the place of the library's, so that the test is as quick as whoever waits for the moment in which a file is given away by its name. */
static const char *exchanged, *victim;

static void exchange(void)
{
	if (exchanged == NULL)
		return;
	assert_int_equal(unlink(in_folder(exchanged)), 0);
	assert_int_equal(symlink(in_folder(victim), in_folder(exchanged)), 0);
	exchanged = NULL;
}

int chown(const char *path, uid_t owner, gid_t group)
{
	exchange();
	return (int)syscall(SYS_fchownat, AT_FDCWD, path, owner, group, 0);
}

int fchown(int file, uid_t owner, gid_t group)
{
	if (exchanged != NULL && access(in_folder(exchanged), F_OK) == 0)
		exchange();
	return (int)syscall(SYS_fchown, file, owner, group);
}

/* The operator restores as root, in a folder of the daemon's user: who has become that user must not get a file of root's by it. */
static void test_root_gives_nothing_else_away(void **state)
{
	enum { SOMEBODY = 12345 };
	char message[BACKUP_MESSAGE_SIZE], kept[PATH_MAX];
	struct backup_verdict verdict;
	struct stat file;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir(in_folder("his"), 0700), 0);
	assert_int_equal(syscall(SYS_fchownat, AT_FDCWD, in_folder("his"), SOMEBODY, SOMEBODY, 0), 0);
	copy("/dev/null", in_folder("root"));
	/* Neither by a link in the place of the copy, */
	exchanged = "his/book.db.part-now";
	victim = "root";
	(void)!store_backup_restore(in_folder("copy.db"), in_folder("his/book.db"), "now", kept, sizeof(kept), &verdict, message);
	assert_null(exchanged);
	assert_int_equal(stat(in_folder("root"), &file), 0);
	assert_int_equal(file.st_uid, 0);
	(void)unlink(in_folder("his/book.db"));
	(void)unlink(in_folder("his/book.db-lock"));
	/* nor by another name of that file in the place of the lock. */
	assert_int_equal(link(in_folder("root"), in_folder("his/book.db-lock")), 0);
	assert_int_equal(
		store_backup_restore(in_folder("copy.db"), in_folder("his/book.db"), "then", kept, sizeof(kept), &verdict, message),
		ERR_SYSTEM);
	assert_non_null(strstr(message, "no file of its own"));
	assert_int_equal(stat(in_folder("root"), &file), 0);
	assert_int_equal(file.st_uid, 0);
	assert_int_equal(unlink(in_folder("his/book.db-lock")), 0);
	/* His own are his. */
	assert_int_equal(
		store_backup_restore(in_folder("copy.db"), in_folder("his/book.db"), "then", kept, sizeof(kept), &verdict, message), 0);
	assert_int_equal(stat(in_folder("his/book.db"), &file), 0);
	assert_int_equal(file.st_uid, SOMEBODY);
	assert_int_equal(file.st_mode & 0777, 0600);
	assert_int_equal(stat(in_folder("his/book.db-lock"), &file), 0);
	assert_int_equal(file.st_uid, SOMEBODY);
}

static bool is_there(const char *name)
{
	return access(in_folder(name), F_OK) == 0;
}

/* No file may grow beyond so many bytes: what a full disk is to the writer. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Where it cannot be, nothing changes and nothing is left behind. */
static void test_restore_in_odd_places(void **state)
{
	char message[BACKUP_MESSAGE_SIZE], kept[PATH_MAX], small[8], name[5000];
	struct backup_verdict verdict;

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(store_backup_restore(in_folder("copy.db"), name, "now", kept, sizeof(kept), &verdict, message), ERR_INVALID);
	assert_non_null(strstr(message, "too long"));
	assert_int_equal(store_backup_restore(in_folder("copy.db"), in_folder("odd.db"), "now", small, sizeof(small), &verdict, message),
		ERR_INVALID);
	assert_int_equal(store_backup_restore(in_folder("copy.db"), in_folder("no/odd.db"), "now", kept, sizeof(kept), &verdict, message),
		ERR_SYSTEM);
	assert_non_null(strstr(message, "No such file"));
	/* Somebody has put a link in the place of the lock. */
	assert_int_equal(symlink(in_folder("elsewhere"), in_folder("odd.db-lock")), 0);
	assert_int_equal(
		store_backup_restore(in_folder("copy.db"), in_folder("odd.db"), "now", kept, sizeof(kept), &verdict, message), ERR_SYSTEM);
	assert_false(is_there("odd.db") || is_there("elsewhere"));
	assert_int_equal(unlink(in_folder("odd.db-lock")), 0);
	/* The former book cannot be set aside: it stays. */
	copy(in_folder("copy.db"), in_folder("odd.db"));
	assert_int_equal(mkdir(in_folder("odd.db.before-now"), 0700), 0);
	assert_int_equal(
		store_backup_restore(in_folder("book.db"), in_folder("odd.db"), "now", kept, sizeof(kept), &verdict, message), ERR_SYSTEM);
	assert_non_null(strstr(message, "Is a directory"));
	assert_false(is_there("odd.db.part-now"));
	struct store *store = open_book("odd.db");
	assert_int_equal(store_client_find(store, "C910000"), ERR_NOT_FOUND);
	store_close(store);
	/* No room for the copy. */
	limit_files(8192);
	int result = store_backup_restore(in_folder("copy.db"), in_folder("odd.db"), "later", kept, sizeof(kept), &verdict, message);
	limit_files(RLIM_INFINITY);
	assert_int_equal(result, ERR_SYSTEM);
	assert_non_null(strstr(message, "File too large"));
	assert_false(is_there("odd.db.part-later") || is_there("odd.db.before-later"));
	/* A name without a folder is one in the working folder. */
	char *here = getcwd(NULL, 0);
	assert_non_null(here);
	assert_int_equal(chdir(folder), 0);
	result = store_backup_restore("copy.db", "plain.db", "now", kept, sizeof(kept), &verdict, message);
	int again = store_backup_restore("copy.db", "plain.db", "now", kept, sizeof(kept), &verdict, message);
	assert_int_equal(chdir(here), 0);
	free(here);
	assert_int_equal(result, 0);
	assert_int_equal(again, 0);
	assert_string_equal(kept, "plain.db.before-now");
	assert_true(is_there("plain.db") && is_there("plain.db.before-now"));
}

static void test_copy_without_room(void **state)
{
	struct store *store = open_book("book.db");
	struct store_backup *backup = NULL;
	char message[BACKUP_MESSAGE_SIZE] = "";
	int left, result;

	(void)state;
	assert_int_equal(store_backup_start(store, in_folder("full.db"), &backup, message), 0);
	limit_files(8192);
	while ((result = store_backup_step(backup, 2, &left, message)) > 0)
		;
	limit_files(RLIM_INFINITY);
	assert_int_equal(result, ERR_SYSTEM);
	assert_non_null(strstr(message, "full.db"));
	store_backup_end(backup);
	store_backup_end(NULL);
	assert_false(is_there("full.db"));
	/* The book goes on. */
	write_some(store, 920000, 1);
	store_close(store);
}

/* The number and the mark of a book, but not its tables. */
static void test_hollow_copies(void **state)
{
	static const char *const spoilt[][2] = {
		{"DROP TABLE client", "no such table: client"},
		{"ALTER TABLE followup RENAME TO followups", "no such table: followup"},
		{"DELETE FROM link WHERE id=(SELECT max(id) FROM link)", "its record does not hold"},
		{"UPDATE entry SET agent=NULL WHERE id=1", "its record does not hold"},
	};
	struct backup_verdict verdict;

	(void)state;
	for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
		sqlite3 *db = NULL;
		copy(in_folder("copy.db"), in_folder("bad.db"));
		assert_int_equal(sqlite3_open(in_folder("bad.db"), &db), SQLITE_OK);
		if (sqlite3_exec(db, spoilt[i][0], NULL, NULL, NULL) != SQLITE_OK)
			fail_msg("%s: %s", spoilt[i][0], sqlite3_errmsg(db));
		assert_int_equal(sqlite3_close(db), SQLITE_OK);
		int result = store_backup_verify(in_folder("bad.db"), &verdict);
		if (result > 0 || strstr(verdict.why, spoilt[i][1]) == NULL)
			fail_msg("%s: %d, \"%s\"", spoilt[i][0], result, verdict.why);
	}
}

static int make_folder(void **state)
{
	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy_while_written),
		cmocka_unit_test(test_nothing_is_written_over),
		cmocka_unit_test(test_bad_copies),
		cmocka_unit_test(test_restore),
		cmocka_unit_test(test_root_gives_nothing_else_away),
		cmocka_unit_test(test_restore_in_odd_places),
		cmocka_unit_test(test_copy_without_room),
		cmocka_unit_test(test_hollow_copies),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
