/* test_store_reader.c - a second connection that only reads (store_reader.h): what it may not do, and that what it has had no room or memory for ends with the read. */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/resource.h>

#include "../../daemon/store/internal.h"
#include "book_file.h"
#include "followup/store_name.h"
#include "followup/store_reader.h"

static struct store *store, *reader;

static int begin(void **state)
{
	char message[256];

	if (begin_file(state) != 0)
		return -1;
	store = open_file();
	return store_open_reader(path, &reader, message) < 0 || store_read_begin(reader) < 0 ? -1 : 0;
}

static int end(void **state)
{
	store_close(reader);
	store_close(store);
	return end_file(state);
}

static void test_writes_nothing(void **state)
{
	struct store *other = NULL;
	char message[256];

	(void)state;
	assert_true(store_is_reading(reader));
	assert_int_equal(store_meta_set(reader, "x", 1), ERR_STORE);
	assert_true(store_name_id(reader, "a name that nobody has written") < 0);
	store_read_end(reader);
	assert_false(store_is_reading(reader));
	store_interrupt(reader);
	assert_int_equal(store_read_begin(reader), ERR_BUSY);
	store_calm(reader);
	assert_int_equal(store_read_begin(reader), 0);
	assert_int_equal(store_open_reader("/nowhere/book.db", &other, message), ERR_STORE);
	assert_true(message[0] != '\0');
}

static void assert_reads_again(void)
{
	int64_t value;

	store_read_end(reader);
	assert_true(sqlite3_get_autocommit(reader->db));
	assert_int_equal(store_read_begin(reader), 0);
	assert_int_equal(store_meta_get(reader, "x", &value), ERR_NOT_FOUND);
}

static void test_no_memory(void **state)
{
	int64_t value;

	(void)state;
	(void)sqlite3_hard_heap_limit64(1);
	assert_int_equal(store_meta_get(reader, "x", &value), ERR_MEMORY);
	(void)sqlite3_hard_heap_limit64(0);
	/* This read may have missed something. */
	assert_int_equal(store_meta_get(reader, "x", &value), ERR_MEMORY);
	/* And it ends, whatever memory there is. */
	(void)sqlite3_hard_heap_limit64(1);
	store_read_end(reader);
	(void)sqlite3_hard_heap_limit64(0);
	assert_true(sqlite3_get_autocommit(reader->db));
	assert_reads_again();
}

/* The descriptor of the file that it sorts in, -1: none. */
static int sorting_file(void)
{
	char link[64], name[256];

	for (int fd = 3; fd < 256; fd++) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		ssize_t length = readlink(link, name, sizeof(name) - 1);
		name[length > 0 ? length : 0] = '\0';
		if (strstr(name, "etilqs_") != NULL)
			return fd;
	}
	return -1;
}

enum trouble { NO_TROUBLE, CANNOT_OPEN, CANNOT_WRITE, CANNOT_READ, TROUBLES };

/* As far as it comes: 0, or an error. */
static int sort_much(enum trouble trouble)
{
	STATEMENT(sort,
		"WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM r WHERE i<?1) SELECT i, printf('%0100d', i*7919%200003) AS"
		" t FROM r ORDER BY t");
	enum { ROWS = 200000, LEAST = 1 << 20 };
	struct rlimit files, sizes, limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &sizes), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	sqlite3_stmt *s = store_query(reader, &sort, "n", (int)ROWS);
	limit = (struct rlimit){trouble == CANNOT_WRITE ? LEAST : sizes.rlim_cur, sizes.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	limit = (struct rlimit){trouble == CANNOT_OPEN ? 3 : files.rlim_cur, files.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	int result = store_row(reader, s);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &sizes), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	if (trouble == CANNOT_READ) {
		int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC), file = sorting_file();
		assert_true(result > 0 && file >= 0 && dup3(nothing, file, O_CLOEXEC) == file);
		(void)close(nothing);
	}
	while (result > 0)
		result = store_row(reader, s);
	return result;
}

/* What is sorted of much goes to a file elsewhere, which says nothing of the book. */
static void test_no_room_beside(void **state)
{
	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	for (enum trouble trouble = NO_TROUBLE; trouble < TROUBLES; trouble++) {
		assert_int_equal(sort_much(trouble), trouble == NO_TROUBLE ? 0 : ERR_FULL);
		if (trouble != NO_TROUBLE)
			assert_non_null(strstr(store_message(reader), "cannot be kept in TMPDIR"));
		assert_reads_again();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_writes_nothing, begin, end),
		cmocka_unit_test_setup_teardown(test_no_memory, begin, end),
		cmocka_unit_test_setup_teardown(test_no_room_beside, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
