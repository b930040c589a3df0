/* import.c - a CSV file, its header, its encoding, and what became of its rows. Values are judged by the daemon alone. */
#include "followup/ctl_import.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <hiredis/hiredis.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "followup/csv.h"
#include "followup/ctl_feed.h"
#include "followup/ctl_rejects.h"
#include "followup/ctl_show.h"
#include "followup/fact.h"
#include "followup/text.h"

enum { READ_SIZE = 65536, BAR_WIDTH = 30, BAR_PAUSE_MS = 100, WORKED_MS = 2000, CONVERTED_SIZE = 2 * CSV_RECORD_MAX + 16 };

/* What can be imported, a row each. */
struct import_kind {
	const char *name;
	const char *command;
	int (*check_columns)(const struct policy *policy, const char *const *names, size_t count, char reason[FACT_REASON_SIZE]);
};

static const struct import_kind kinds[] = {
	{"clients", "CLIENT.LOAD", fact_check_client_columns},
	{"events", "EVENT.LOAD", fact_check_event_columns},
};

struct import {
	const struct import_kind *kind;
	const char *path; /* "-" is standard input */
	const char *shown;
	int input;
	iconv_t converter; /* to UTF-8; (iconv_t)-1 when the file is UTF-8 */
	char *converted;   /* CONVERTED_SIZE bytes */
	struct csv *csv;
	struct ctl_feed *feed;
	struct ctl_rejects rejects;
	char *columns[CSV_FIELDS_MAX]; /* the header */
	size_t column_count;
	struct buffer line;              /* the row, or the header, as it goes to the daemon: CSV in UTF-8 */
	char why[FACT_REASON_SIZE + 64]; /* of a header that is refused */
	bool refused;                    /* the whole file */
	int rejects_error;               /* errno of the rejects file; 0: it is well */

	long rows, changed, known, bad;
	long last_line; /* the last row that the daemon answered; 0: none */

	bool bar;
	off_t size; /* 0: not known */
	off_t done;
	int64_t bar_ms;
};

static int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void show_bar(struct import *import)
{
	int64_t now = clock_ms();

	if (!import->bar || now - import->bar_ms < BAR_PAUSE_MS)
		return;
	import->bar_ms = now;
	long decided = import->changed + import->known + import->bad;
	if (import->size > 0) {
		int full = (int)(import->done * BAR_WIDTH / import->size);
		if (full > BAR_WIDTH)
			full = BAR_WIDTH;
		fprintf(stderr, "\r%s [%.*s%*s] %3d %%  %ld rows\033[K", import->kind->name, full, "##############################",
			BAR_WIDTH - full, "", (int)(import->done * 100 / import->size), decided);
	} else {
		fprintf(stderr, "\r%s  %ld rows\033[K", import->kind->name, decided);
	}
	fflush(stderr);
}

static void clear_bar(const struct import *import)
{
	if (import->bar)
		fputs("\r\033[K", stderr);
}

/* Refuses the whole file: a wrong header would make every row wrong. */
static int refuse_file(struct import *import, const char *why)
{
	snprintf(import->why, sizeof import->why, "%s", why);
	import->refused = true;
	return ERR_INVALID;
}

/* What became of a row. */
static int note_outcome(void *context, const struct ctl_feed_row *row)
{
	struct import *import = context;

	switch (row->outcome) {
	case FEED_CHANGED:
		import->changed++;
		break;
	case FEED_KNOWN:
		import->known++;
		break;
	case FEED_REFUSED: {
		/* The daemon alone knows which columns its configuration declares: one that it does not know spoils every row. */
		const char *unknown = strstr(row->reason, ": unknown column");
		if (unknown != NULL && unknown[strlen(": unknown column")] == '\0' && import->changed + import->known == 0)
			return refuse_file(import, row->reason);
		import->bad++;
		if (ctl_rejects_add(&import->rejects, row->line, row->reason, row->raw, row->raw_length) < 0) {
			import->rejects_error = errno;
			return ERR_SYSTEM;
		}
		break;
	}
	}
	import->last_line = row->line;
	show_bar(import);
	return 0;
}

/* The field as UTF-8: itself, or converted. NULL when it is not in the file's encoding. */
static const char *to_utf8(struct import *import, char *field, size_t length, size_t *out_length)
{
	if (import->converter == (iconv_t)-1) {
		*out_length = length;
		return csv_is_utf8(field, length) ? field : NULL;
	}
	char *from = field, *to = import->converted;
	size_t from_left = length, to_left = CONVERTED_SIZE - 1;

	iconv(import->converter, NULL, NULL, NULL, NULL);
	if (iconv(import->converter, &from, &from_left, &to, &to_left) == (size_t)-1 ||
		iconv(import->converter, NULL, NULL, &to, &to_left) == (size_t)-1)
		return NULL;
	*out_length = CONVERTED_SIZE - 1 - to_left;
	import->converted[*out_length] = '\0';
	return import->converted;
}

static void append_cell(struct buffer *line, size_t place, const char *value, size_t length)
{
	if (place > 0)
		buffer_append(line, ",", 1);
	if (memchr(value, '"', length) == NULL && memchr(value, ',', length) == NULL && memchr(value, '\n', length) == NULL &&
		memchr(value, '\r', length) == NULL) {
		buffer_append(line, value, length);
		return;
	}
	buffer_append(line, "\"", 1);
	for (size_t i = 0; i < length; i++) {
		if (value[i] == '"')
			buffer_append(line, "\"", 1);
		buffer_append(line, value + i, 1);
	}
	buffer_append(line, "\"", 1);
}

static int take_header(struct import *import, const struct csv_record *record)
{
	char reason[FACT_REASON_SIZE];

	for (size_t i = 0; i < record->count; i++) {
		size_t length;
		const char *name = to_utf8(import, record->fields[i], record->lengths[i], &length);
		if (name == NULL)
			return refuse_file(import, "the header row is not in the file's encoding (see --encoding)");
		if (i == 0 && strncmp(name, "\xEF\xBB\xBF", 3) == 0)
			name += 3; /* a byte order mark in GB 18030 */
		import->columns[i] = strdup(name);
		if (import->columns[i] == NULL)
			return ERR_MEMORY;
		import->column_count++;
	}
	if (import->kind->check_columns(NULL, (const char *const *)import->columns, import->column_count, reason) < 0)
		return refuse_file(import, reason);
	csv_expect(import->csv, import->column_count);
	buffer_clear(&import->line);
	for (size_t i = 0; i < import->column_count; i++)
		append_cell(&import->line, i, import->columns[i], strlen(import->columns[i]));
	return import->line.failed ? ERR_MEMORY : ctl_feed_header(import->feed, import->line.data, import->line.length);
}

static int take_record(void *context, const struct csv_record *record)
{
	struct import *import = context;

	if (import->column_count == 0) {
		if (record->bad == NULL)
			return take_header(import, record);
		snprintf(import->why, sizeof import->why, "the header row is bad: %s%s", record->bad,
			strcmp(record->bad, "NUL byte") == 0 ? " (UTF-16? save it as UTF-8)" : "");
		import->refused = true;
		return ERR_INVALID;
	}
	import->rows++;
	if (record->bad != NULL)
		return ctl_feed_bad(import->feed, record->line, record->raw, record->raw_length, record->bad);

	buffer_clear(&import->line);
	for (size_t i = 0; i < record->count; i++) {
		size_t length;
		const char *value = to_utf8(import, record->fields[i], record->lengths[i], &length);
		if (value == NULL) {
			char reason[128];
			snprintf(reason, sizeof reason, "%s: not %s", import->columns[i],
				import->converter == (iconv_t)-1 ? "UTF-8 (is the file GB 18030? then --encoding gb18030)" : "GB 18030");
			return ctl_feed_bad(import->feed, record->line, record->raw, record->raw_length, reason);
		}
		append_cell(&import->line, i, value, length);
	}
	if (import->line.length == 0)
		buffer_text(&import->line, "\"\""); /* an empty line would be no row */
	if (import->line.failed)
		return ERR_MEMORY;
	return ctl_feed_row(import->feed, record->line, record->raw, record->raw_length, import->line.data, import->line.length);
}

/* Reads the file to its end: 0, what take_record gives, or ERR_NOT_FOUND with errno where the file itself cannot be read. */
static int read_file(struct import *import)
{
	static char bytes[READ_SIZE];

	for (;;) {
		ssize_t length = read(import->input, bytes, sizeof bytes);
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return ERR_NOT_FOUND;
		if (length == 0)
			break;
		int result = csv_feed(import->csv, bytes, (size_t)length);
		if (result < 0)
			return result;
		import->done += length;
		show_bar(import);
	}
	int result = csv_finish(import->csv);
	if (result == 0 && import->column_count == 0)
		result = refuse_file(import, "it is empty: a header row that names the columns is wanted");
	return result;
}

static enum ctl_status show_summary(const struct import *import, bool json)
{
	/* Sent, but without an answer when it had to stop: they may have been taken or not. */
	long unanswered = import->rows - import->changed - import->known - import->bad;
	bool see = import->bad > 0 && import->rejects_error == 0;

	if (json) {
		struct buffer line = {0};
		buffer_printf(&line,
			"{\"kind\":\"%s\",\"rows\":%ld,\"changed\":%ld,\"unchanged\":%ld,\"refused\":%ld,\"unanswered\":%ld,\"last_line\":%"
			"ld,"
			"\"rejects\":",
			import->kind->name, import->rows, import->changed, import->known, import->bad, unanswered, import->last_line);
		if (see)
			text_json(&line, import->rejects.path, strlen(import->rejects.path));
		else
			buffer_text(&line, "null");
		buffer_text(&line, "}\n");
		enum ctl_status status = ctl_show_text(&line);
		buffer_free(&line);
		return status;
	}
	printf("%s: %ld rows, %ld changed, %ld unchanged, %ld refused", import->kind->name, import->rows, import->changed, import->known,
		import->bad);
	if (see)
		printf(" (see %s)", import->rejects.path);
	if (unanswered > 0)
		printf(", %ld without an answer", unanswered);
	printf("\n");
	return CTL_OK;
}

/* How far it came before it had to stop, and that nothing is spoilt. */
static void tell_progress(const struct import *import)
{
	if (import->last_line == 0)
		warnx("no row was acknowledged; load the file again when this is mended");
	else
		warnx("%ld rows were acknowledged or refused, the last one on line %ld; load the file again when this is mended: what is "
		      "there already does no harm",
			import->changed + import->known + import->bad, import->last_line);
}

static void tell_why(const struct import *import, const char *what)
{
	struct buffer clean = {0};
	const char *why = ctl_feed_why(import->feed);

	text_clean(&clean, why, strlen(why), false);
	warnx("%s: %s", what, text_cleaned(&clean));
	buffer_free(&clean);
}

/* Says how it went and gives the exit status. */
static enum ctl_status conclude(struct import *import, int result, int error, bool json)
{
	enum ctl_status status = CTL_REFUSED;

	clear_bar(import);
	if (import->refused) {
		struct buffer clean = {0};
		text_clean(&clean, import->why, strlen(import->why), false);
		warnx("%s was not loaded: %s", import->shown, text_cleaned(&clean));
		buffer_free(&clean);
		return CTL_REFUSED;
	}
	if (import->rejects_error != 0) {
		warnx("cannot write %s: %s; name another file with --rejects", import->rejects.path, strerror(import->rejects_error));
		tell_progress(import);
	} else if (result == 0) {
		status = import->bad > 0 ? CTL_REFUSED : CTL_OK;
	} else {
		switch (result) {
		case ERR_SYSTEM:
			tell_why(import, "the connection broke");
			status = CTL_NO_CONNECTION;
			break;
		case ERR_STORE:
			tell_why(import, "the daemon cannot store rows now");
			break;
		case ERR_RIGHTS:
			tell_why(import, "the daemon does not let this identity load (it needs the role feeder; sign in with --agent)");
			break;
		case ERR_BUSY:
			tell_why(import, "the daemon stayed busy for too long");
			break;
		case ERR_NOT_FOUND:
			warnx("cannot read %s: %s", import->shown, strerror(error));
			break;
		default:
			warnx("%s", error_text(result));
			break;
		}
		tell_progress(import);
	}
	enum ctl_status shown = show_summary(import, json);
	return status == CTL_OK ? shown : status;
}

static enum ctl_status usage(const char *why)
{
	warnx("%s", why);
	fprintf(stderr, "usage: followupctl import clients|events FILE [--encoding utf-8|gb18030] [--rejects FILE]\n"
			"FILE may be - for standard input\n");
	return CTL_USAGE;
}

/* Whether both names lead to one file: the rejects would overwrite what is being read. */
static bool same_file(int input, const char *path)
{
	struct stat one, other;

	return fstat(input, &one) == 0 && stat(path, &other) == 0 && S_ISREG(one.st_mode) && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

static void release(struct import *import, char *own_rejects)
{
	if (import->converter != (iconv_t)-1)
		iconv_close(import->converter);
	if (import->input > STDIN_FILENO)
		close(import->input);
	for (size_t i = 0; i < import->column_count; i++)
		free(import->columns[i]);
	buffer_free(&import->line);
	csv_free(import->csv);
	ctl_feed_free(import->feed);
	free(import->converted);
	free(own_rejects);
}

/* What follows from the rows is worked by the daemon afterwards. Of a file like that of every day it is there when the command ends; of a whole book it takes as long as it takes. */
static void wait_for_the_rules(redisContext *connection)
{
	int64_t until = clock_ms() + WORKED_MS;
	bool idle = false;

	fflush(stdout);
	while (!idle && clock_ms() < until) {
		redisReply *reply = redisCommand(connection, "INFO");
		if (reply == NULL)
			return;
		idle = reply->type != REDIS_REPLY_STRING || strstr(reply->str, "idle:no") == NULL;
		freeReplyObject(reply);
		if (!idle)
			nanosleep(&(struct timespec){.tv_nsec = 10 * 1000000}, NULL);
	}
}

/* Everything is known and open: does it. */
static enum ctl_status run(struct import *import, const struct ctl_target *target, bool json)
{
	redisContext *connection;
	struct stat file;
	enum ctl_status status = ctl_connect(target, &connection);

	if (status != CTL_OK)
		return status;
	import->bar = isatty(STDERR_FILENO) == 1;
	if (fstat(import->input, &file) == 0 && S_ISREG(file.st_mode))
		import->size = file.st_size;
	import->feed = ctl_feed_new(connection, import->kind->command, note_outcome, import);
	import->csv = csv_new(take_record, import);
	int result = import->feed != NULL && import->csv != NULL && import->converted != NULL ? read_file(import) : ERR_MEMORY;
	int error = errno;
	/* What can still be finished is: an unreadable end of the file does not undo the rows before it. */
	if (result == 0 || result == ERR_NOT_FOUND) {
		int finish = ctl_feed_finish(import->feed);
		if (finish < 0) {
			error = errno;
			result = finish;
		}
	}
	if (ctl_rejects_close(&import->rejects) < 0 && import->rejects_error == 0)
		import->rejects_error = errno;
	if (import->feed == NULL || import->csv == NULL || import->converted == NULL) {
		warnx("out of memory");
		status = CTL_REFUSED;
	} else {
		status = conclude(import, result, error, json);
		if (result == 0 && import->changed > 0)
			wait_for_the_rules(connection);
	}
	redisFree(connection);
	return status;
}

enum ctl_status ctl_import(const struct ctl_target *target, int count, char **words, bool json)
{
	static const struct option options[] = {
		{"encoding", required_argument, NULL, 'e'},
		{"rejects", required_argument, NULL, 'r'},
		{NULL, 0, NULL, 0},
	};
	struct import import = {.converter = (iconv_t)-1, .input = -1};
	const char *encoding = "utf-8";
	char *own_rejects = NULL;
	enum ctl_status status = CTL_USAGE;
	int option;

	optind = 0; /* the words before were read with other options */
	while ((option = getopt_long(count, words, "", options, NULL)) != -1) {
		if (option == 'e')
			encoding = optarg;
		else if (option == 'r')
			import.rejects.path = optarg;
		else
			return usage("import: unknown option");
	}
	if (count - optind != 2)
		return usage("import: a kind and a file are wanted");
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (strcasecmp(words[optind], kinds[i].name) == 0)
			import.kind = &kinds[i];
	}
	if (import.kind == NULL)
		return usage("import: clients or events can be imported");
	import.path = words[optind + 1];
	import.shown = strcmp(import.path, "-") == 0 ? "standard input" : import.path;
	if (strcasecmp(encoding, "gb18030") == 0)
		import.converter = iconv_open("UTF-8", "GB18030");
	else if (strcasecmp(encoding, "utf-8") != 0 && strcasecmp(encoding, "utf8") != 0)
		return usage("import: --encoding is utf-8 or gb18030");
	if (strcasecmp(encoding, "gb18030") == 0 && import.converter == (iconv_t)-1) {
		warn("this machine cannot convert GB 18030 (is libc's gconv there?)");
		return CTL_REFUSED;
	}

	if (import.rejects.path == NULL) {
		if (asprintf(&own_rejects, "%s.rejects", strcmp(import.path, "-") == 0 ? import.kind->name : import.path) < 0) {
			own_rejects = NULL;
			warnx("out of memory");
			goto end;
		}
		import.rejects.path = own_rejects;
	}
	import.input = strcmp(import.path, "-") == 0 ? STDIN_FILENO : open(import.path, O_RDONLY | O_CLOEXEC);
	if (import.input < 0) {
		warn("cannot read %s", import.path);
		goto end;
	}
	if (same_file(import.input, import.rejects.path)) {
		warnx("--rejects %s is the file that is to be read", import.rejects.path);
		goto end;
	}
	import.converted = malloc(CONVERTED_SIZE);
	status = run(&import, target, json);
end:
	release(&import, own_rejects);
	return status;
}
