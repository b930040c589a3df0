#include "followup/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "followup/clock.h"

struct log {
	struct sockaddr_un address; /* of the log socket; family 0 means standard error */
	int fd;                     /* the log socket, -1 when not connected */
	int facility;
	enum log_level level;
	enum { STDERR_OTHER, STDERR_FILE, STDERR_SOCKET } stderr_is;
	bool with_time;   /* standard error is a terminal */
	bool with_prefix; /* standard error is the journal, which reads <N> */
	bool tells_starter;
	uint64_t dropped;
	uint64_t dropped_unsaid;
	char stamp[32]; /* as lines show the moment stamped_at */
	time_t stamped_at;
};

struct word {
	const char *name;
	int number;
};

static const struct word level_words[] = {
	{"error", LOG_LEVEL_ERROR},
	{"warning", LOG_LEVEL_WARNING},
	{"notice", LOG_LEVEL_NOTICE},
	{"info", LOG_LEVEL_INFO},
	{"debug", LOG_LEVEL_DEBUG},
};

static const struct word facility_words[] = {
	{"daemon", LOG_DAEMON},
	{"user", LOG_USER},
	{"auth", LOG_AUTH},
	{"local0", LOG_LOCAL0},
	{"local1", LOG_LOCAL1},
	{"local2", LOG_LOCAL2},
	{"local3", LOG_LOCAL3},
	{"local4", LOG_LOCAL4},
	{"local5", LOG_LOCAL5},
	{"local6", LOG_LOCAL6},
	{"local7", LOG_LOCAL7},
};

static int word_number(const struct word *words, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(words[i].name, name) == 0)
			return words[i].number;
	return ERR_NOT_FOUND;
}

int log_level_parse(const char *name)
{
	return word_number(level_words, sizeof level_words / sizeof *level_words, name);
}

int log_facility_parse(const char *name)
{
	return word_number(facility_words, sizeof facility_words / sizeof *facility_words, name);
}

/* The variable is inherited, by a shell in a terminal too: so it names the file that it speaks of. */
static bool is_journal(const struct stat *file)
{
	const char *journal = getenv("JOURNAL_STREAM");
	char name[64];

	(void)snprintf(name, sizeof name, "%ju:%ju", (uintmax_t)file->st_dev, (uintmax_t)file->st_ino);
	return journal != NULL && strcmp(journal, name) == 0;
}

struct log *log_new(const char *path, int facility, enum log_level level)
{
	struct log *log = calloc(1, sizeof *log);
	struct stat standard_error = {0};

	if (log == NULL)
		return NULL;
	log->fd = -1;
	log_configure(log, facility, level);
	if (path != NULL && strlen(path) < sizeof log->address.sun_path) {
		log->address.sun_family = AF_UNIX;
		memcpy(log->address.sun_path, path, strlen(path) + 1);
	}
	if (fstat(STDERR_FILENO, &standard_error) == 0)
		log->stderr_is = S_ISSOCK(standard_error.st_mode)  ? STDERR_SOCKET
				 : S_ISREG(standard_error.st_mode) ? STDERR_FILE
								   : STDERR_OTHER;
	log->with_prefix = is_journal(&standard_error);
	log->with_time = !log->with_prefix && isatty(STDERR_FILENO) == 1;
	return log;
}

void log_free(struct log *log)
{
	if (log == NULL)
		return;
	if (log->fd >= 0)
		(void)close(log->fd);
	free(log);
}

void log_configure(struct log *log, int facility, enum log_level level)
{
	log->facility = facility;
	log->level = level;
}

void log_tell_starter(struct log *log, bool told)
{
	log->tells_starter = told;
}

uint64_t log_dropped(const struct log *log)
{
	return log->dropped;
}

/* A datagram to the log socket. Whoever serves it may have been restarted: then the old connection is dead, and one new one is tried. */
static bool deliver_datagram(struct log *log, const char *bytes, size_t length)
{
	for (int attempt = 0; attempt < 2; attempt++) {
		if (log->fd < 0) {
			log->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
			if (log->fd < 0)
				return false;
			if (connect(log->fd, (const struct sockaddr *)&log->address, sizeof log->address) != 0) {
				(void)close(log->fd);
				log->fd = -1;
				return false;
			}
		}
		if (send(log->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return true;
		if (errno == EAGAIN || errno == ENOBUFS || errno == EMSGSIZE)
			return false;
		(void)close(log->fd);
		log->fd = -1;
	}
	return false;
}

/* Standard error may be a socket (the journal), a pipe, a terminal or a file. Its flags are shared with other processes, so it cannot simply be made
 * non-blocking: a socket is asked not to wait, and the others are asked first whether they would take a line; a file always does. */
static bool deliver_stderr(const struct log *log, const char *bytes, size_t length)
{
	struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (log->stderr_is == STDERR_SOCKET)
		return send(STDERR_FILENO, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length;
	if (log->stderr_is == STDERR_OTHER && (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0))
		return false;
	return write(STDERR_FILENO, bytes, length) == (ssize_t)length;
}

/* The moment as lines show it: worked out once a second, for localtime_r(3) reads the time zone's rules each time. */
static const char *stamp(struct log *log)
{
	/* The old BSD format: its month names are English whatever the locale, which this program leaves at "C". */
	const char *format = log->address.sun_family == AF_UNIX ? "%b %e %H:%M:%S" : "%Y-%m-%d %H:%M:%S";
	time_t now = (time_t)clock_wall();
	struct tm parts;

	if (now == log->stamped_at && log->stamp[0] != '\0')
		return log->stamp;
	if (localtime_r(&now, &parts) == NULL)
		memset(&parts, 0, sizeof parts);
	(void)strftime(log->stamp, sizeof log->stamp, format, &parts);
	log->stamped_at = now;
	return log->stamp;
}

/* Cut where the text is longer. */
static size_t fits(int length, size_t size)
{
	return (size_t)length < size ? (size_t)length : size - 1;
}

static bool tell_stderr(struct log *log, enum log_level level, const char *text)
{
	char line[LOG_LINE_MAX + 128];
	int length;

	if (log->with_prefix)
		length = snprintf(line, sizeof line, "<%d>%s\n", (int)level, text);
	else if (log->with_time)
		length = snprintf(line, sizeof line, "%s %s\n", stamp(log), text);
	else
		length = snprintf(line, sizeof line, "%s\n", text);
	return length >= 0 && deliver_stderr(log, line, fits(length, sizeof line));
}

static bool deliver(struct log *log, enum log_level level, const char *text)
{
	char line[LOG_LINE_MAX + 128];

	if (log->address.sun_family != AF_UNIX)
		return tell_stderr(log, level, text);
	int length = snprintf(line, sizeof line, "<%d>%s %s[%ld]: %s", log->facility | (int)level, stamp(log),
		program_invocation_short_name, (long)getpid(), text);
	return length >= 0 && deliver_datagram(log, line, fits(length, sizeof line));
}

void log_line(struct log *log, enum log_level level, const char *text)
{
	char line[LOG_LINE_MAX];
	size_t length = 0;

	if (log == NULL || level > log->level)
		return;
	for (; length < sizeof line - 1 && text[length] != '\0'; length++) {
		unsigned char byte = (unsigned char)text[length];
		line[length] = (char)(byte < 0x20 || byte == 0x7f ? '?' : byte);
	}
	line[length] = '\0';
	/* Whatever becomes of it on the socket: where nobody listens there, nobody else hears it. */
	if (log->tells_starter && level <= LOG_LEVEL_ERROR && log->address.sun_family == AF_UNIX && (log->with_prefix || log->with_time))
		(void)tell_stderr(log, level, line);
	if (log->dropped_unsaid > 0) {
		char said[64];
		(void)snprintf(said, sizeof said, "event=log_lines_dropped count=%llu", (unsigned long long)log->dropped_unsaid);
		if (deliver(log, LOG_LEVEL_WARNING, said))
			log->dropped_unsaid = 0;
	}
	if (log->dropped_unsaid == 0 && deliver(log, level, line))
		return;
	log->dropped++;
	log->dropped_unsaid++;
}

void log_event(struct log *log, enum log_level level, const char *event, const char *format, ...)
{
	char text[LOG_LINE_MAX];
	va_list arguments;
	int head;

	if (log == NULL || level > log->level)
		return;
	head = snprintf(text, sizeof text, "event=%s%s", event, format[0] != '\0' ? " " : "");
	if (head < 0 || (size_t)head >= sizeof text)
		return;
	va_start(arguments, format);
	(void)vsnprintf(text + head, sizeof text - (size_t)head, format, arguments);
	va_end(arguments);
	log_line(log, level, text);
}

static bool is_plain(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
	       (byte != '\0' && strchr("._:/@+-", byte) != NULL);
}

char *log_quote(const char *text, size_t length, char out[LOG_QUOTED_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	size_t limit = LOG_QUOTED_SIZE - sizeof "...\""; /* room for the cut mark, the closing quote and the NUL */
	size_t used = 0;
	bool plain = length > 0 && length <= limit;

	for (size_t i = 0; i < length && plain; i++)
		plain = is_plain((unsigned char)text[i]);
	if (plain) {
		memcpy(out, text, length);
		out[length] = '\0';
		return out;
	}
	out[used++] = '"';
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];
		size_t needed = byte == '"' || byte == '\\' ? 2 : byte < 0x20 || byte > 0x7e ? 4 : 1;
		if (used + needed > limit) {
			memcpy(out + used, "...", 3);
			used += 3;
			break;
		}
		if (needed == 2) {
			out[used++] = '\\';
			out[used++] = (char)byte;
		} else if (needed == 4) {
			out[used++] = '\\';
			out[used++] = 'x';
			out[used++] = digits[byte >> 4];
			out[used++] = digits[byte & 15];
		} else {
			out[used++] = (char)byte;
		}
	}
	out[used++] = '"';
	out[used] = '\0';
	return out;
}
