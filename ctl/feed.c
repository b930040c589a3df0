/* feed.c - a window of rows between the file and the daemon. */
#include "followup/ctl_feed.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "followup/buffer.h"

enum {
	WINDOW_ROWS = 32768,
	WINDOW_BYTES = 8 * 1024 * 1024,
	PIECE_BYTES = 48 * 1024, /* of rows sent in one command, when the daemon takes requests of that size */
	PIECE_ROWS = 1000,
	HEAD_BYTES = 512, /* of a command around its rows */
	BUSY_TRIES = 120, /* in a row, without one row decided */
	BUSY_PAUSE_MS_FIRST = 20,
	BUSY_PAUSE_MS_LAST = 1000,
	WHY_SIZE = 512,
	READ_SIZE = 65536,
};

enum row_state {
	ROW_BAD,   /* decided before it was sent */
	ROW_GIVEN, /* still to be sent */
	ROW_SENT,  /* its answer is still to come */
	ROW_ANSWERED,
};

struct row {
	long line;
	enum row_state state;
	size_t piece_rows; /* of the first of a piece: how many of them were sent with it */
	bool changed;      /* by any of its tries: a second one of the same row finds it known */
	bool refused;
	struct buffer raw, cells, reason;
};

/* Rows are numbered for ever; number n stands in rows[n % WINDOW_ROWS]. decided <= answered <= sent <= given. A piece, sent as one command, is the rows from one that is to be sent up to
 * the next that begins a piece. */
struct ctl_feed {
	redisContext *connection;
	const char *command;
	ctl_feed_cb *callback;
	void *context;
	int result; /* negative: ended */
	struct row rows[WINDOW_ROWS];
	size_t decided;  /* reported to the callback */
	size_t answered; /* the next answer is for this row or a later one */
	size_t sent;     /* the next row to be sent is this one or a later one */
	size_t given;
	size_t bytes;   /* of the cells in the window */
	size_t waiting; /* of them, still to be sent */
	size_t piece_bytes;
	struct buffer header, piece;
	/* The daemon was busy for this row. It and all behind it are sent again, so that two rows of one client keep their order. */
	bool again;
	size_t again_from;
	int busy_tries;
	char why[WHY_SIZE];
};

/* How many bytes of rows the daemon takes in one request. Whoever does not say it takes what is usual. */
static size_t ask_piece_bytes(redisContext *connection, size_t header)
{
	static const char name[] = "request_bytes:";
	redisReply *reply = redisCommand(connection, "INFO clients");
	const char *line = reply != NULL && reply->type == REDIS_REPLY_STRING ? strstr(reply->str, name) : NULL;
	size_t bytes = PIECE_BYTES;

	if (line != NULL) {
		unsigned long limit = strtoul(line + strlen(name), NULL, 10);
		bytes = limit > header + HEAD_BYTES ? limit - header - HEAD_BYTES : 0;
	}
	freeReplyObject(reply);
	return bytes < PIECE_BYTES ? bytes : PIECE_BYTES;
}

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

int ctl_feed_header(struct ctl_feed *feed, const char *cells, size_t length)
{
	buffer_append(&feed->header, cells, length);
	buffer_append(&feed->header, "\n", 1);
	feed->piece_bytes = ask_piece_bytes(feed->connection, feed->header.length);
	return feed->header.failed ? ERR_MEMORY : 0;
}

void ctl_feed_free(struct ctl_feed *feed)
{
	if (feed == NULL)
		return;
	for (size_t i = 0; i < WINDOW_ROWS; i++) {
		buffer_free(&feed->rows[i].raw);
		buffer_free(&feed->rows[i].cells);
		buffer_free(&feed->rows[i].reason);
	}
	buffer_free(&feed->header);
	buffer_free(&feed->piece);
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

/* Sends a piece of what is still to be sent, and notes in its first row how many rows it holds. */
static int send_piece(struct ctl_feed *feed)
{
	struct row *first = NULL;

	buffer_clear(&feed->piece);
	buffer_append(&feed->piece, feed->header.data, feed->header.length);
	for (; feed->sent < feed->given; feed->sent++) {
		struct row *row = row_at(feed, feed->sent);
		if (row->state == ROW_BAD)
			continue;
		if (first != NULL && (feed->piece.length + row->cells.length > feed->header.length + feed->piece_bytes ||
					     first->piece_rows == PIECE_ROWS))
			break;
		buffer_append(&feed->piece, row->cells.data, row->cells.length);
		feed->waiting -= row->cells.length;
		row->state = ROW_SENT;
		row->piece_rows = 0;
		first = first != NULL ? first : row;
		first->piece_rows++;
	}
	if (first == NULL)
		return 0;
	if (feed->piece.failed)
		return fail(feed, ERR_MEMORY, "out of memory");
	const char *words[] = {feed->command, feed->piece.data};
	size_t lengths[] = {strlen(feed->command), feed->piece.length};
	if (redisAppendCommandArgv(feed->connection, 2, words, lengths) != REDIS_OK)
		return fail(feed, ERR_SYSTEM, feed->connection->errstr);
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

/* The answer to one row. */
static int take_answer(struct ctl_feed *feed, size_t number, const redisReply *reply)
{
	struct row *row = row_at(feed, number);

	row->state = ROW_ANSWERED;
	row->refused = false;
	if (reply->type == REDIS_REPLY_ERROR)
		return take_error(feed, number, reply);
	if (reply->type != REDIS_REPLY_INTEGER)
		return fail(feed, ERR_SYSTEM, "the answer to a row was no number: is this followupd?");
	row->changed = row->changed || reply->integer > 0;
	return 0;
}

static void pass_bad(struct ctl_feed *feed)
{
	while (feed->answered < feed->sent && row_at(feed, feed->answered)->state != ROW_SENT)
		feed->answered++;
}

/* The answer to one more piece: one for each of its rows, or one for all of them. */
static int take_reply(struct ctl_feed *feed, redisReply *reply)
{
	int result = 0;

	pass_bad(feed);
	if (feed->answered == feed->sent) {
		freeReplyObject(reply);
		return fail(feed, ERR_SYSTEM, "the daemon answered what it was not asked: is this followupd?");
	}
	size_t rows = row_at(feed, feed->answered)->piece_rows;
	bool each = reply->type == REDIS_REPLY_ARRAY;
	if (each ? reply->elements != rows : reply->type != REDIS_REPLY_ERROR)
		result = fail(feed, ERR_SYSTEM, "the daemon did not answer every row: is this followupd?");
	for (size_t i = 0; result == 0 && i < rows; i++) {
		result = take_answer(feed, feed->answered, each ? reply->element[i] : reply);
		if (result == 0)
			feed->answered++;
		pass_bad(feed);
	}
	freeReplyObject(reply);
	return result;
}

/* What the daemon had answered before the connection broke, so that it can be said how far the file came. */
static void receive_last(struct ctl_feed *feed)
{
	static char bytes[READ_SIZE];
	void *reply = NULL;
	int resets = 0;

	for (;;) {
		ssize_t length = recv(feed->connection->fd, bytes, sizeof bytes, MSG_DONTWAIT);
		if (length < 0 && errno == ECONNRESET && resets++ == 0)
			continue; /* said once, before what is still there */
		if (length <= 0 || redisReaderFeed(feed->connection->reader, bytes, (size_t)length) != REDIS_OK)
			return;
		while (redisReaderGetReply(feed->connection->reader, &reply) == REDIS_OK && reply != NULL)
			if (take_reply(feed, reply) < 0)
				return;
	}
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
		feed->bytes -= row->cells.length;
		feed->decided++;
		feed->busy_tries = 0;
		if (feed->answered < feed->decided)
			feed->answered = feed->decided;
		if (feed->sent < feed->decided)
			feed->sent = feed->decided;
	}
	return 0;
}

static int fail_broken(struct ctl_feed *feed)
{
	receive_last(feed);
	(void)decide(feed);
	return fail(feed, ERR_SYSTEM, feed->connection->errstr);
}

/* Waits for the answer to one more piece. */
static int receive(struct ctl_feed *feed)
{
	void *reply;

	pass_bad(feed);
	if (feed->answered == feed->sent)
		return 0;
	if (redisGetReply(feed->connection, &reply) != REDIS_OK)
		return fail_broken(feed);
	return take_reply(feed, reply);
}

/* As send_piece(), and out to the daemon as far as it takes it. */
static int begin_piece(struct ctl_feed *feed)
{
	int done = 0, result = send_piece(feed);

	if (result < 0 || redisBufferWrite(feed->connection, &done) == REDIS_OK)
		return result;
	return fail_broken(feed);
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
	for (size_t number = feed->again_from; number < feed->sent; number++) {
		struct row *row = row_at(feed, number);
		if (row->state == ROW_BAD)
			continue;
		row->state = ROW_GIVEN;
		feed->waiting += row->cells.length;
	}
	feed->sent = feed->answered = feed->again_from;
	feed->again = false;
	return 0;
}

/* Moves on until at most `rows` rows and `bytes` bytes are in the window. Two pieces are on their way at a time, so that the daemon always has one to work on. */
static int drain(struct ctl_feed *feed, size_t rows, size_t bytes)
{
	int result = feed->result;

	while (result >= 0 && (feed->given - feed->decided > rows || feed->bytes > bytes)) {
		result = feed->again ? 0 : send_piece(feed);
		if (result >= 0)
			result = receive(feed);
		if (result >= 0)
			result = decide(feed);
		if (result >= 0 && feed->again && feed->answered == feed->sent)
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
	buffer_clear(&row->cells);
	buffer_clear(&row->reason);
	buffer_append(&row->raw, raw, raw_length);
	return row;
}

int ctl_feed_row(struct ctl_feed *feed, long line, const char *raw, size_t raw_length, const char *cells, size_t length)
{
	int result = drain(feed, WINDOW_ROWS - 1, WINDOW_BYTES);

	if (result < 0)
		return result;
	struct row *row = take_place(feed, line, raw, raw_length);
	buffer_append(&row->cells, cells, length);
	buffer_append(&row->cells, "\n", 1);
	if (row->raw.failed || row->cells.failed)
		return fail(feed, ERR_MEMORY, "out of memory");
	row->state = ROW_GIVEN;
	feed->bytes += row->cells.length;
	feed->waiting += row->cells.length;
	feed->given++;
	/* A whole piece goes at once; its answer is waited for when the window is full. */
	if (!feed->again && (feed->waiting > feed->piece_bytes || feed->given - feed->sent > PIECE_ROWS))
		return begin_piece(feed);
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
