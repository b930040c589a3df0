/* held.c - the call that is held while its agent is asked about it: found, prepared, its lease kept, what joins it told. */
#include <err.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk.h"

enum { TOUCHES_A_LEASE = 3, TOUCH_MS_LEAST = 1000, AWAY_MS = 3600 * 1000 };

/* Sends words and hands on the answer, also an error's. */
enum ctl_status desk_ask(struct desk *desk, size_t count, const char **words, redisReply **out)
{
	size_t lengths[WORDS_MAX];

	for (size_t i = 0; i < count && i < WORDS_MAX; i++)
		lengths[i] = strlen(words[i]);
	return ctl_ask(desk->connection, count, words, lengths, out);
}

/* An answer's document as rows; an error is told. */
enum ctl_status desk_read(const redisReply *reply, struct ctl_rows *out)
{
	if (reply->type == REDIS_REPLY_ERROR)
		return ctl_tell_error(reply);
	if (reply->type == REDIS_REPLY_NIL)
		return CTL_NOTHING;
	if (reply->type != REDIS_REPLY_STRING || ctl_rows_read(reply->str, (size_t)reply->len, out) < 0) {
		warnx("the daemon's answer cannot be read");
		return CTL_REFUSED;
	}
	return CTL_OK;
}

static enum ctl_status ask_rows(struct desk *desk, size_t count, const char **words, struct ctl_rows *out)
{
	redisReply *reply;
	enum ctl_status status = desk_ask(desk, count, words, &reply);

	if (status != CTL_OK)
		return status;
	status = desk_read(reply, out);
	freeReplyObject(reply);
	return status;
}

const struct ctl_row *desk_held(const struct desk *desk)
{
	return &desk->call.rows[0];
}

/* Seconds between two times like 2025-03-04T10:15:00. */
static long seconds_between(const char *from, const char *to)
{
	int from_clock[3], to_clock[3];
	day_t from_day = strlen(from) > 10 ? date_parse(from, 10) : NO_DAY, to_day = strlen(to) > 10 ? date_parse(to, 10) : NO_DAY;

	if (from_day == NO_DAY || to_day == NO_DAY || sscanf(from + 10, "T%2d:%2d:%2d", from_clock, from_clock + 1, from_clock + 2) != 3 ||
		sscanf(to + 10, "T%2d:%2d:%2d", to_clock, to_clock + 1, to_clock + 2) != 3)
		return 0;
	return (to_day - from_day) * 86400L + (to_clock[0] - from_clock[0]) * 3600L + (to_clock[1] - from_clock[1]) * 60L + to_clock[2] -
	       from_clock[2];
}

/* From DESK's answer: what day it is there, which need not be this machine's, and how often the lease wants to be extended. */
static enum ctl_status read_clock(struct desk *desk, const redisReply *reply)
{
	struct ctl_rows rows = {0};

	if (reply->type != REDIS_REPLY_STRING || ctl_rows_read(reply->str, (size_t)reply->len, &rows) < 0)
		return CTL_REFUSED;
	const char *now = ctl_row_text(&rows.rows[0], "now");
	long left = seconds_between(now, ctl_row_text(desk_held(desk), "lease_until")) * 1000 / TOUCHES_A_LEASE;
	desk->told.today = strlen(now) > 10 ? date_parse(now, 10) : NO_DAY;
	desk->questions.idle_ms = left < TOUCH_MS_LEAST ? TOUCH_MS_LEAST : left > TOUCH_MS_MOST ? TOUCH_MS_MOST : (int)left;
	ctl_rows_free(&rows);
	return desk->told.today != NO_DAY ? CTL_OK : CTL_REFUSED;
}

static enum ctl_status look_at_clock(struct desk *desk)
{
	const char *words[] = {"DESK"};
	redisReply *reply;
	enum ctl_status status = desk_ask(desk, 1, words, &reply);

	if (status != CTL_OK)
		return status;
	status = reply->type == REDIS_REPLY_ERROR ? ctl_tell_error(reply) : read_clock(desk, reply);
	if (status != CTL_OK && reply->type != REDIS_REPLY_ERROR)
		warnx("the daemon does not say what time it is");
	freeReplyObject(reply);
	return status;
}

/* Says which matters have come to the call since it was shown; whether there were any. */
static bool tell_joined(const struct ctl_row *before, const struct ctl_row *now)
{
	const char *old_text = ctl_row_text(before, "agenda"), *new_text = ctl_row_text(now, "agenda");
	struct ctl_rows old_rows = {0}, new_rows = {0};
	bool any = false;

	if (ctl_rows_read(old_text, strlen(old_text), &old_rows) < 0 || ctl_rows_read(new_text, strlen(new_text), &new_rows) < 0)
		goto end;
	for (size_t i = 0; i < new_rows.count; i++) {
		bool known = false;
		for (size_t k = 0; k < old_rows.count; k++)
			known = known || ctl_row_number(&old_rows.rows[k], "item") == ctl_row_number(&new_rows.rows[i], "item");
		if (!known)
			desk_say("\n-- joined this call: item %s, %s %s, due %s --\n", ctl_row_text(&new_rows.rows[i], "item"),
				ctl_row_text(&new_rows.rows[i], "rule"), ctl_row_text(&new_rows.rows[i], "occasion"),
				ctl_row_text(&new_rows.rows[i], "due_on"));
		any = any || !known;
	}
end:
	ctl_rows_free(&old_rows);
	ctl_rows_free(&new_rows);
	return any;
}

static void connect_again(struct desk *desk)
{
	struct ctl_target quiet = *desk->target;
	redisContext *fresh;

	quiet.quiet = true;
	if (ctl_connect(&quiet, &fresh) != CTL_OK)
		return;
	redisFree(desk->connection);
	desk->connection = fresh;
}

/* Keeps the call while its agent speaks or types, and not for one who has gone home. */
bool desk_keep_lease(void *context, int64_t away_ms)
{
	struct desk *desk = context;
	const char *words[] = {"TOUCH", ctl_row_text(desk_held(desk), "lease")};
	size_t lengths[] = {strlen(words[0]), strlen(words[1])};
	struct ctl_rows now = {0};
	bool said = false;

	if (desk->lost || away_ms > AWAY_MS)
		return false;
	redisReply *reply = redisCommandArgv(desk->connection, 2, words, lengths);
	if (reply == NULL) { /* the daemon starts again, perhaps: the lease outlives that */
		connect_again(desk);
		return false;
	}
	if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOLEASE", 7) == 0) {
		desk->lost = said = true;
		printf("\n-- the call is no longer yours; a contact that happened can be told all the same --\n");
	} else if (reply->type == REDIS_REPLY_STRING && ctl_rows_read(reply->str, (size_t)reply->len, &now) == 0) {
		said = tell_joined(desk_held(desk), &now.rows[0]);
		ctl_rows_free(&desk->call);
		desk->call = now;
		redisReply *clock = redisCommand(desk->connection, "DESK");
		if (clock != NULL && read_clock(desk, clock) != CTL_OK)
			desk->questions.idle_ms = TOUCH_MS_LEAST;
		if (clock != NULL)
			freeReplyObject(clock);
	}
	freeReplyObject(reply);
	return said;
}

/* What was before with this person, and when he can be rung again. Without it there is still the call. */
static void look_back(struct desk *desk)
{
	const char *words[] = {"BRIEF", ctl_row_text(desk_held(desk), "lease")};
	redisReply *reply;

	ctl_rows_free(&desk->brief);
	if (desk_ask(desk, 2, words, &reply) != CTL_OK)
		return;
	if (reply->type == REDIS_REPLY_STRING && ctl_rows_read(reply->str, (size_t)reply->len, &desk->brief) < 0)
		desk->brief = (struct ctl_rows){0};
	freeReplyObject(reply);
}

/* What can be said of the call that has come. CTL_NOTHING: nothing can be asked about it here. */
enum ctl_status desk_prepare(struct desk *desk)
{
	const char *words[] = {"DISPOSITIONS", ctl_row_text(desk_held(desk), "channel")};
	redisReply *reply;

	ctl_rows_free(&desk->dispositions);
	ctl_told_free(&desk->told);
	desk->lost = false;
	if (!ctl_row_has(desk_held(desk), "lease"))
		return CTL_NOTHING;
	enum ctl_status status = desk_ask(desk, 2, words, &reply);
	if (status != CTL_OK)
		return status;
	if (reply->type != REDIS_REPLY_STRING || ctl_rows_read(reply->str, (size_t)reply->len, &desk->dispositions) < 0)
		status = CTL_NOTHING;
	freeReplyObject(reply);
	if (status == CTL_OK && (desk->dispositions.count == 0 || ctl_row_true(&desk->dispositions.rows[0], "messages")))
		status = CTL_NOTHING;
	if (status == CTL_OK)
		status = look_at_clock(desk);
	if (status == CTL_OK)
		look_back(desk);
	return status;
}

/* The call that is held: the only one, or the one that the lease names. */
enum ctl_status desk_find_held(struct desk *desk, const char *lease)
{
	const char *words[] = {"MINE"};
	struct ctl_rows mine = {0};
	enum ctl_status status = ask_rows(desk, 1, words, &mine);
	size_t leased = 0, at = 0;

	for (size_t i = 0; i < mine.count; i++) {
		if (!ctl_row_has(&mine.rows[i], "lease") || (lease != NULL && strcmp(ctl_row_text(&mine.rows[i], "lease"), lease) != 0))
			continue;
		leased++;
		at = i;
	}
	if (status == CTL_OK && leased == 1) {
		desk->call.rows = malloc(sizeof *desk->call.rows);
		if (desk->call.rows != NULL) {
			desk->call.rows[0] = mine.rows[at];
			desk->call.count = 1;
			mine.rows[at] = (struct ctl_row){0};
		} else {
			status = CTL_REFUSED;
		}
	} else if (status == CTL_OK && leased == 0) {
		fprintf(stderr, "%s\n",
			lease != NULL ? "you do not hold that call; followupctl mine shows what you hold" : "you hold no call");
		status = CTL_NOTHING;
	} else if (status == CTL_OK) {
		warnx("you hold more than one; say which, by its lease:");
		for (size_t i = 0; i < mine.count; i++)
			if (ctl_row_has(&mine.rows[i], "lease"))
				fprintf(stderr, "  followupctl done %s\n", ctl_row_text(&mine.rows[i], "lease"));
		status = CTL_USAGE;
	}
	ctl_rows_free(&mine);
	return status;
}
