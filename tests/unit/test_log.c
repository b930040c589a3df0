/* Log, service manager's notices, and the clock: what arrives at the other end of a socket, and that nothing ever waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "followup/clock.h"
#include "followup/log.h"
#include "followup/notify.h"

static char folder[] = "/tmp/followup-test-XXXXXX";
static char path[64];

/* A datagram socket at path, as a syslog daemon has it. */
static int listen_at(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	memcpy(address.sun_path, name, strlen(name) + 1);
	(void)unlink(name);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

/* The next datagram as text; "" when there is none. */
static const char *receive(int fd)
{
	static char text[LOG_LINE_MAX + 200];
	ssize_t length = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);

	text[length > 0 ? length : 0] = '\0';
	return text;
}

/* The message behind "<PRI>Mmm dd hh:mm:ss name[pid]: ". */
static const char *message_of(const char *line)
{
	const char *colon = strstr(line, "]: ");

	return colon != NULL ? colon + 3 : line;
}

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/log", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder);
}

static void test_quote(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		const char *quoted;
	} cases[] = {
		{"plain-1.2:3/4_5@6+7", 19, "plain-1.2:3/4_5@6+7"},
		{"", 0, "\"\""},
		{"two words", 9, "\"two words\""},
		{"a=b", 3, "\"a=b\""},
		{"say \"x\" \\", 9, "\"say \\\"x\\\" \\\\\""},
		{"a\nevent=forged", 14, "\"a\\x0aevent=forged\""},
		{"\0\x1b[31m\x7f", 7, "\"\\x00\\x1b[31m\\x7f\""},
		{"\xe5\xbc\xa0", 3, "\"\\xe5\\xbc\\xa0\""},
	};
	char out[LOG_QUOTED_SIZE];
	char long_text[1000];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(log_quote(cases[i].text, cases[i].length, out), cases[i].quoted);
	/* Cut, closed and within bounds, whatever a byte costs. */
	for (int byte = 1; byte < 256; byte++) {
		memset(long_text, byte, sizeof long_text);
		for (size_t length = 0; length < sizeof long_text; length += 83) {
			(void)log_quote(long_text, length, out);
			assert_true(strlen(out) < LOG_QUOTED_SIZE);
		}
		assert_string_equal(out + strlen(out) - 4, "...\"");
	}
}

static void test_lines(void **state)
{
	int fd = listen_at(path);
	struct log *log = log_new(path, LOG_LOCAL3, LOG_LEVEL_INFO);
	const char *line;
	char expected[32];
	char huge[4 * LOG_LINE_MAX];

	(void)state;
	assert_non_null(log);
	log_event(log, LOG_LEVEL_WARNING, "tried", "call=%d agent=%s", 7, "li");
	line = receive(fd);
	(void)snprintf(expected, sizeof expected, "<%d>", LOG_LOCAL3 | 4);
	assert_memory_equal(line, expected, strlen(expected));
	(void)snprintf(expected, sizeof expected, " test_log[%ld]: ", (long)getpid());
	assert_non_null(strstr(line, expected));
	assert_string_equal(message_of(line), "event=tried call=7 agent=li");
	/* Below the level: nothing. */
	log_event(log, LOG_LEVEL_DEBUG, "quiet", "x=%d", 1);
	assert_string_equal(receive(fd), "");
	log_configure(log, LOG_DAEMON, LOG_LEVEL_DEBUG);
	log_event(log, LOG_LEVEL_DEBUG, "heard", "x=%d", 1);
	assert_string_equal(message_of(receive(fd)), "event=heard x=1");
	/* A line stays one line. */
	log_event(log, LOG_LEVEL_INFO, "odd", "text=%s", "a\nb\r\x1b c");
	assert_string_equal(message_of(receive(fd)), "event=odd text=a?b?? c");
	memset(huge, 'x', sizeof huge);
	huge[sizeof huge - 1] = '\0';
	log_event(log, LOG_LEVEL_INFO, "huge", "text=%s", huge);
	assert_int_equal(strlen(message_of(receive(fd))), LOG_LINE_MAX - 1);
	log_event(NULL, LOG_LEVEL_ERROR, "nobody", "x=%d", 1);
	log_free(log);
	log_free(NULL);
	(void)close(fd);
}

/* What keeps it from starting is told twice: to the log, whether anybody listens or not, and to whoever starts it by way of the journal. */
static void test_starter(void **state)
{
	static const struct {
		bool told, is_journal, is_heard;
		const char *text;
	} cases[] = {
		{true, true, true, "<3>event=mistake n=1\n<3>event=not_started reason=x\n"},
		{true, true, false, "<3>event=mistake n=1\n<3>event=not_started reason=x\n"},
		{true, false, true, ""}, /* a pipe of anybody's, whatever the variable says of another file */
		{false, true, true, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int fd = -1, ends[2], before = dup(STDERR_FILENO);
		char heard[256], name[64];
		struct stat file;
		(void)unlink(path);
		if (cases[i].is_heard)
			fd = listen_at(path);
		assert_int_equal(pipe(ends), 0);
		assert_int_equal(fstat(ends[cases[i].is_journal ? 1 : 0], &file), 0);
		(void)snprintf(name, sizeof name, "%ju:%ju", (uintmax_t)file.st_dev, (uintmax_t)file.st_ino + !cases[i].is_journal);
		assert_int_equal(setenv("JOURNAL_STREAM", name, 1), 0);
		assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
		struct log *log = log_new(path, LOG_DAEMON, LOG_LEVEL_INFO);
		log_tell_starter(log, cases[i].told);
		log_event(log, LOG_LEVEL_WARNING, "odd", "reason=y");
		log_event(log, LOG_LEVEL_ERROR, "mistake", "n=%d", 1);
		log_event(log, LOG_LEVEL_ERROR, "not_started", "reason=%s", "x");
		log_free(log);
		assert_true(dup2(before, STDERR_FILENO) >= 0);
		(void)close(before);
		(void)close(ends[1]);
		ssize_t length = read(ends[0], heard, sizeof heard - 1);
		assert_true(length >= 0);
		heard[length] = '\0';
		assert_string_equal(heard, cases[i].text);
		(void)close(ends[0]);
		if (!cases[i].is_heard)
			continue;
		assert_string_equal(message_of(receive(fd)), "event=odd reason=y");
		assert_string_equal(message_of(receive(fd)), "event=mistake n=1");
		assert_string_equal(message_of(receive(fd)), "event=not_started reason=x");
		(void)close(fd);
	}
	assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
}

/* Nobody reads: lines are dropped at once, counted, and the count is said as soon as there is room again. */
static void test_full_socket(void **state)
{
	int fd = listen_at(path);
	struct log *log = log_new(path, LOG_DAEMON, LOG_LEVEL_INFO);
	uint64_t dropped;
	char expected[64];
	const char *line;
	int64_t began_ms = clock_monotonic_ms();

	(void)state;
	for (int i = 0; i < 20000; i++)
		log_event(log, LOG_LEVEL_INFO, "line", "n=%d", i);
	dropped = log_dropped(log);
	assert_true(dropped > 1000 && dropped < 20000);
	assert_true(clock_monotonic_ms() - began_ms < 10000);
	for (line = receive(fd); line[0] != '\0'; line = receive(fd))
		assert_null(strstr(line, "dropped"));
	log_event(log, LOG_LEVEL_INFO, "again", "n=%d", 1);
	(void)snprintf(expected, sizeof expected, "event=log_lines_dropped count=%llu", (unsigned long long)dropped);
	assert_string_equal(message_of(receive(fd)), expected);
	assert_string_equal(message_of(receive(fd)), "event=again n=1");
	assert_string_equal(receive(fd), "");
	log_free(log);
	(void)close(fd);
}

/* The log daemon is absent, comes, goes and comes again. */
static void test_restarted_reader(void **state)
{
	struct log *log = log_new(path, LOG_DAEMON, LOG_LEVEL_INFO);
	int fd;

	(void)state;
	(void)unlink(path);
	log_event(log, LOG_LEVEL_INFO, "lost", "n=%d", 1);
	assert_int_equal(log_dropped(log), 1);
	for (int round = 0; round < 2; round++) {
		fd = listen_at(path);
		log_event(log, LOG_LEVEL_INFO, "here", "round=%d", round);
		if (round == 0)
			assert_string_equal(message_of(receive(fd)), "event=log_lines_dropped count=1");
		assert_non_null(strstr(receive(fd), "event=here"));
		(void)close(fd);
		(void)unlink(path);
	}
	log_free(log);
}

static void test_words(void **state)
{
	(void)state;
	assert_int_equal(log_level_parse("info"), LOG_LEVEL_INFO);
	assert_int_equal(log_level_parse("ERROR"), LOG_LEVEL_ERROR);
	assert_int_equal(log_level_parse("loud"), ERR_NOT_FOUND);
	assert_int_equal(log_facility_parse("daemon"), LOG_DAEMON);
	assert_int_equal(log_facility_parse("local7"), LOG_LOCAL7);
	assert_int_equal(log_facility_parse("kern"), ERR_NOT_FOUND);
}

static void test_notify(void **state)
{
	int fd = listen_at(path);
	char process[32];
	char huge[2000];

	(void)state;
	(void)unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_send("READY=1"), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
	assert_int_equal(notify_send("READY=1\nSTATUS=%s", "serving"), 1);
	assert_string_equal(receive(fd), "READY=1\nSTATUS=serving");
	memset(huge, 'x', sizeof huge);
	huge[sizeof huge - 1] = '\0';
	assert_int_equal(notify_send("%s", huge), ERR_INVALID);
	(void)close(fd);
	(void)unlink(path);
	assert_int_equal(notify_send("READY=1"), ERR_SYSTEM);
	assert_int_equal(setenv("NOTIFY_SOCKET", "relative", 1), 0);
	assert_int_equal(notify_send("READY=1"), 0);

	assert_int_equal(setenv("WATCHDOG_USEC", "3000000", 1), 0);
	(void)unsetenv("WATCHDOG_PID");
	assert_int_equal(notify_watchdog_us(), 3000000);
	assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0);
	assert_int_equal(notify_watchdog_us(), 0);
	(void)snprintf(process, sizeof process, "%ld", (long)getpid());
	assert_int_equal(setenv("WATCHDOG_PID", process, 1), 0);
	assert_int_equal(notify_watchdog_us(), 3000000);
	assert_int_equal(setenv("WATCHDOG_USEC", "-5", 1), 0);
	assert_int_equal(notify_watchdog_us(), 0);
}

/* An abstract socket: a name that begins with @ stands for a NUL. */
static void test_notify_abstract(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char name[64];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	(void)snprintf(name, sizeof name, "@followup-test-%ld", (long)getpid());
	memcpy(address.sun_path, name, strlen(name));
	address.sun_path[0] = '\0';
	assert_int_equal(
		bind(fd, (const struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	assert_int_equal(notify_send("STOPPING=1"), 1);
	assert_string_equal(receive(fd), "STOPPING=1");
	(void)close(fd);
}

static void test_inherited(void **state)
{
	char process[32];

	(void)state;
	(void)snprintf(process, sizeof process, "%ld", (long)getpid());
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	assert_int_equal(notify_inherited(), 0);
	/* Meant for another process. */
	assert_int_equal(setenv("LISTEN_PID", "1", 1), 0);
	assert_int_equal(setenv("LISTEN_FDS", "1", 1), 0);
	assert_int_equal(notify_inherited(), 0);
	assert_null(getenv("LISTEN_FDS"));
	assert_int_equal(setenv("LISTEN_PID", process, 1), 0);
	assert_int_equal(setenv("LISTEN_FDS", "100000", 1), 0);
	assert_int_equal(notify_inherited(), ERR_INVALID);
	/* A second call finds nothing. */
	assert_int_equal(notify_inherited(), 0);
}

static void test_clock(void **state)
{
	struct business_clock clock_of_test = {0};
	int64_t now = clock_now(&clock_of_test);

	(void)state;
	assert_true(now > 1700000000);
	/* The system's clock seems to have stepped back by an hour: no reading goes below an earlier one. */
	clock_of_test.reading = now + 3600;
	assert_int_equal(clock_now(&clock_of_test), now + 3600);
	assert_true(clock_of_test.behind > 3500);
	clock_freeze(&clock_of_test, 1000);
	assert_int_equal(clock_now(&clock_of_test), 1000);
	assert_int_equal(clock_of_test.behind, 0);
	assert_true(clock_monotonic_us() / 1000 - clock_monotonic_ms() < 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_starter),
		cmocka_unit_test(test_full_socket),
		cmocka_unit_test(test_restarted_reader),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_notify),
		cmocka_unit_test(test_notify_abstract),
		cmocka_unit_test(test_inherited),
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
