/* feed.c - a window of rows between the file and the daemon. */
#include "followup/ctl_feed.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "followup/buffer.h"

enum {
	WINDOW_ROWS = 256,
	WINDOW_BYTES = 4 * 1024 * 1024,
	BUSY_TRIES = 120, /* in a row, without one row decided */
	BUSY_PAUSE_MS_FIRST = 20,
	BUSY_PAUSE_MS_LAST = 1000,
	WHY_SIZE = 512,
};

enum row_state {
	ROW_BAD,  /* decided before it was sent */
	ROW_SENT, /* its answer is still to come */
	ROW_ANSWERED,
};

struct row {
	long line;
	enum row_state state;
	bool changed; /* by any of its tries: a second one of the same row finds it known */
	bool refused;
	struct buffer raw, document, reason;
};

/* Rows are numbered for ever; number n stands in rows[n % WINDOW_ROWS]. decided <= answered <= given. */
struct ctl_feed {
	redisContext *connection;
	const char *command;
	ctl_feed_cb *callback;
	void *context;
	int result; /* negative: ended */
	struct row rows[WINDOW_ROWS];
	size_t decided;  /* reported to the callback */
	size_t answered; /* the next answer is for this row or a later one */
	size_t given;
	size_t bytes; /* of the documents in the window */
	/* The daemon was busy for this row. It and all behind it are sent again, so that two rows of one client keep their order. */
	bool again;
	size_t again_from;
	int busy_tries;
	char why[WHY_SIZE];
};

struct ctl_feed *ctl_feed_new(redisContext *connection, const char *command, ctl_feed_cb *callback, void *context)
{
	struct ctl_feed *feed = calloc(1, sizeof *feed);

	if (feed == NULL)
		return NULL;
	feed->connection = connection;
	feed->command = command;
	feed->callback = callback;
	feed->context = context;
	return feed;
}

void ctl_feed_free(struct ctl_feed *feed)
{
	if (feed == NULL)
		return;
	for (size_t i = 0; i < WINDOW_ROWS; i++) {
		buffer_free(&feed->rows[i].raw);
		buffer_free(&feed->rows[i].document);
		buffer_free(&feed->rows[i].reason);
	}
	free(feed);
}

const char *ctl_feed_why(const struct ctl_feed *feed)
{
	return feed->why;
}

static int fail(struct ctl_feed *feed, int error, const char *why)
{
	snprintf(feed->why, sizeof feed->why, "%s", why);
	feed->result = error;
	return error;
}

static struct row *row_at(struct ctl_feed *feed, size_t number)
{
	return &feed->rows[number % WINDOW_ROWS];
}

static int send_row(struct ctl_feed *feed, struct row *row)
{
	const char *words[] = {feed->command, row->document.data};
	size_t lengths[] = {strlen(feed->command), row->document.length};

	if (redisAppendCommandArgv(feed->connection, 2, words, lengths) != REDIS_OK)
		return fail(feed, ERR_SYSTEM, feed->connection->errstr);
	row->state = ROW_SENT;
	return 0;
}

static bool begins_with_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	return strncmp(text, word, length) == 0 && (text[length] == ' ' || text[length] == '\0');
}

/* What an error answer means for its row, or for all of them. */
static int take_error(struct ctl_feed *feed, size_t number, const redisReply *reply)
{
	struct row *row = row_at(feed, number);

	if (begins_with_word(reply->str, "BUSY")) {
		if (!feed->again) {
			feed->again = true;
			feed->again_from = number;
		}
		snprintf(feed->why, sizeof feed->why, "%s", reply->str);
		return 0;
	}
	if (begins_with_word(reply->str, "ERR")) {
		const char *reason = reply->str + strlen("ERR");
		row->refused = true;
		buffer_clear(&row->reason);
		buffer_text(&row->reason, reason + strspn(reason, " "));
		return 0;
	}
	if (begins_with_word(reply->str, "NOAUTH") || begins_with_word(reply->str, "NOPERM"))
		return fail(feed, ERR_RIGHTS, reply->str);
	return fail(feed, ERR_STORE, reply->str);
}

/* Waits for one more answer; there is a row that is to have one. */
static int receive(struct ctl_feed *feed)
{
	void *answer;
	int result = 0;

	while (feed->answered < feed->given && row_at(feed, feed->answered)->state != ROW_SENT)
		feed->answered++;
	if (feed->answered == feed->given)
		return 0;
	if (redisGetReply(feed->connection, &answer) != REDIS_OK)
		return fail(feed, ERR_SYSTEM, feed->connection->errstr);
	redisReply *reply = answer;
	struct row *row = row_at(feed, feed->answered);
	row->state = ROW_ANSWERED;
	row->refused = false;
	if (reply->type == REDIS_REPLY_ERROR)
		result = take_error(feed, feed->answered, reply);
	else if (reply->type == REDIS_REPLY_INTEGER)
		row->changed = row->changed || reply->integer > 0;
	else
		result = fail(feed, ERR_SYSTEM, "the answer to a row was no number: is this followupd?");
	freeReplyObject(reply);
	if (result == 0)
		feed->answered++;
	return result;
}

/* Reports the rows at the front whose fate is known. */
static int decide(struct ctl_feed *feed)
{
	size_t end = feed->again ? feed->again_from : feed->answered;

	while (feed->decided < end || (!feed->again && feed->decided < feed->given && row_at(feed, feed->decided)->state == ROW_BAD)) {
		struct row *row = row_at(feed, feed->decided);
		bool refused = row->state == ROW_BAD || row->refused;
		struct ctl_feed_row report = {
			.line = row->line, .raw = row->raw.data != NULL ? row->raw.data : "", .raw_length = row->raw.length};

		if (row->raw.failed || row->reason.failed)
			return fail(feed, ERR_MEMORY, "out of memory");
		report.outcome = refused ? FEED_REFUSED : row->changed ? FEED_CHANGED : FEED_KNOWN;
		report.reason = refused && row->reason.data != NULL ? row->reason.data : "";
		int result = feed->callback(feed->context, &report);
		if (result < 0)
			return fail(feed, result, "");
		feed->bytes -= row->document.length;
		feed->decided++;
		feed->busy_tries = 0;
		if (feed->answered < feed->decided)
			feed->answered = feed->decided;
	}
	return 0;
}

/* Every answer is there and the daemon was busy for some row: waits, longer each time, and sends it and those behind it again. */
static int try_again(struct ctl_feed *feed)
{
	int pause_ms = BUSY_PAUSE_MS_FIRST;

	for (int i = 0; i < feed->busy_tries && pause_ms < BUSY_PAUSE_MS_LAST; i++)
		pause_ms *= 2;
	if (pause_ms > BUSY_PAUSE_MS_LAST)
		pause_ms = BUSY_PAUSE_MS_LAST;
	if (++feed->busy_tries > BUSY_TRIES) {
		feed->result = ERR_BUSY; /* why holds the daemon's words */
		return ERR_BUSY;
	}
	struct timespec pause = {.tv_sec = pause_ms / 1000, .tv_nsec = (long)(pause_ms % 1000) * 1000000};
	nanosleep(&pause, NULL);
	for (size_t number = feed->again_from; number < feed->given; number++) {
		struct row *row = row_at(feed, number);
		if (row->state == ROW_BAD)
			continue;
		int result = send_row(feed, row);
		if (result < 0)
			return result;
	}
	feed->answered = feed->again_from;
	feed->again = false;
	return 0;
}

/* Moves on until at most `rows` rows and `bytes` bytes are in the window. */
static int drain(struct ctl_feed *feed, size_t rows, size_t bytes)
{
	int result = feed->result;

	while (result >= 0 && (feed->given - feed->decided > rows || feed->bytes > bytes)) {
		result = receive(feed);
		if (result >= 0)
			result = decide(feed);
		if (result >= 0 && feed->again && feed->answered == feed->given)
			result = try_again(feed);
	}
	return result;
}

/* The next free place, with the row's own bytes in it. */
static struct row *take_place(struct ctl_feed *feed, long line, const char *raw, size_t raw_length)
{
	struct row *row = row_at(feed, feed->given);

	row->line = line;
	row->changed = false;
	row->refused = false;
	buffer_clear(&row->raw);
	buffer_clear(&row->document);
	buffer_clear(&row->reason);
	buffer_append(&row->raw, raw, raw_length);
	return row;
}

int ctl_feed_row(struct ctl_feed *feed, long line, const char *raw, size_t raw_length, const char *document, size_t length)
{
	int result = drain(feed, WINDOW_ROWS - 1, WINDOW_BYTES);

	if (result < 0)
		return result;
	struct row *row = take_place(feed, line, raw, raw_length);
	buffer_append(&row->document, document, length);
	if (row->raw.failed || row->document.failed)
		return fail(feed, ERR_MEMORY, "out of memory");
	result = send_row(feed, row);
	if (result < 0)
		return result;
	feed->bytes += length;
	feed->given++;
	return 0;
}

int ctl_feed_bad(struct ctl_feed *feed, long line, const char *raw, size_t raw_length, const char *reason)
{
	int result = drain(feed, WINDOW_ROWS - 1, WINDOW_BYTES);

	if (result < 0)
		return result;
	struct row *row = take_place(feed, line, raw, raw_length);
	buffer_text(&row->reason, reason);
	row->state = ROW_BAD;
	feed->given++;
	return 0;
}

int ctl_feed_finish(struct ctl_feed *feed)
{
	return drain(feed, 0, 0);
}
