/* desk.c - next and done as a conversation. */
#include "followup/ctl_desk.h"

#include <err.h>
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "followup/ctl_card.h"
#include "followup/ctl_show.h"
#include "followup/ctl_told.h"
#include "followup/text.h"

enum { WORDS_MAX = 128, TOUCHES_A_LEASE = 3, TOUCH_MS_LEAST = 1000, TOUCH_MS_MOST = 300 * 1000, AWAY_MS = 3600 * 1000, SAY_SIZE = 4096 };

struct desk {
	const struct ctl_target *target;
	redisContext *connection;
	struct ctl_screen screen;
	struct ctl_questions questions;
	struct ctl_rows call;         /* one row: what is held */
	struct ctl_rows dispositions; /* those for its channel */
	struct ctl_told told;
	struct ctl_rows brief; /* BRIEF of it; empty where there is none */
	bool lost;             /* the lease, while it was waited for an answer */
};

bool ctl_desk_is_attended(void)
{
	return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

/* Sends words and hands on the answer, also an error's. */
static enum ctl_status ask_daemon(struct desk *desk, size_t count, const char **words, redisReply **out)
{
	size_t lengths[WORDS_MAX];

	for (size_t i = 0; i < count && i < WORDS_MAX; i++)
		lengths[i] = strlen(words[i]);
	return ctl_ask(desk->connection, count, words, lengths, out);
}

/* An answer's document as rows; an error is told. */
static enum ctl_status read_reply(const redisReply *reply, struct ctl_rows *out)
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
	enum ctl_status status = ask_daemon(desk, count, words, &reply);

	if (status != CTL_OK)
		return status;
	status = read_reply(reply, out);
	freeReplyObject(reply);
	return status;
}

static const struct ctl_row *held(const struct desk *desk)
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
	long left = seconds_between(now, ctl_row_text(held(desk), "lease_until")) * 1000 / TOUCHES_A_LEASE;
	desk->told.today = strlen(now) > 10 ? date_parse(now, 10) : NO_DAY;
	desk->questions.idle_ms = left < TOUCH_MS_LEAST ? TOUCH_MS_LEAST : left > TOUCH_MS_MOST ? TOUCH_MS_MOST : (int)left;
	ctl_rows_free(&rows);
	return desk->told.today != NO_DAY ? CTL_OK : CTL_REFUSED;
}

static enum ctl_status look_at_clock(struct desk *desk)
{
	const char *words[] = {"DESK"};
	redisReply *reply;
	enum ctl_status status = ask_daemon(desk, 1, words, &reply);

	if (status != CTL_OK)
		return status;
	status = reply->type == REDIS_REPLY_ERROR ? ctl_tell_error(reply) : read_clock(desk, reply);
	if (status != CTL_OK && reply->type != REDIS_REPLY_ERROR)
		warnx("the daemon does not say what time it is");
	freeReplyObject(reply);
	return status;
}

/* Prints words of which some came over the wire: they go through text_clean, whatever they are. */
static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
	char words[SAY_SIZE];
	struct buffer clean = {0};
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(words, sizeof words, format, arguments);
	va_end(arguments);
	text_clean(&clean, words, strlen(words), true);
	if (!clean.failed && clean.length > 0)
		fwrite(clean.data, 1, clean.length, stdout);
	buffer_free(&clean);
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
			say("\n-- joined this call: item %s, %s %s, due %s --\n", ctl_row_text(&new_rows.rows[i], "item"),
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
static bool keep_lease(void *context, int64_t away_ms)
{
	struct desk *desk = context;
	const char *words[] = {"TOUCH", ctl_row_text(held(desk), "lease")};
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
		said = tell_joined(held(desk), &now.rows[0]);
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

static enum ctl_status show_card(const struct desk *desk)
{
	struct buffer card = {0};
	enum ctl_status status = CTL_REFUSED;

	const struct ctl_row *brief = desk->brief.count > 0 ? &desk->brief.rows[0] : NULL;

	if (ctl_card_show(held(desk), brief, &desk->screen, &card) < 0)
		warnx("the call cannot be shown");
	else
		status = ctl_show_text(&card);
	buffer_free(&card);
	return status;
}

/* Whether an outcome can be offered: an attorney only where one is on file. */
static bool is_offered(const struct desk *desk, const struct ctl_row *disposition)
{
	return !ctl_row_true(disposition, "attorney") || strstr(ctl_row_text(held(desk), "agenda"), "\"attorney\":") != NULL;
}

static void show_menu(const struct desk *desk)
{
	enum { COLUMNS = 3, NAME_WIDTH = 20 };
	struct buffer menu = {0};
	size_t shown = 0, owed = 0;

	for (size_t i = 0; i < desk->dispositions.count; i++) {
		const char *name = ctl_row_text(&desk->dispositions.rows[i], "disposition");
		if (!is_offered(desk, &desk->dispositions.rows[i]))
			continue;
		if (shown++ % COLUMNS == 0)
			buffer_text(&menu, "\n");
		else
			text_pad(&menu, owed);
		buffer_printf(&menu, "  %2zu %s", i + 1, name);
		owed = strlen(name) < NAME_WIDTH ? NAME_WIDTH - strlen(name) : 0;
	}
	say("\nHow did it go?%s\nNumber or name; release: give it back; ?: the card again; Enter: go on holding it.\n",
		menu.data != NULL && !menu.failed ? menu.data : "");
	buffer_free(&menu);
}

/* The row that a number, a name or the beginning of one means; NULL with why in words. */
static const struct ctl_row *choose(const struct desk *desk, const char *text, const char **why)
{
	const struct ctl_row *found = NULL;
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	*why = "There is no such outcome.";
	if (*end == '\0')
		return number >= 1 && number <= desk->dispositions.count && is_offered(desk, &desk->dispositions.rows[number - 1])
			       ? &desk->dispositions.rows[number - 1]
			       : NULL;
	for (size_t i = 0; i < desk->dispositions.count; i++) {
		const char *name = ctl_row_text(&desk->dispositions.rows[i], "disposition");
		if (strcasecmp(name, text) == 0)
			return &desk->dispositions.rows[i];
		if (strncasecmp(name, text, strlen(text)) != 0 || !is_offered(desk, &desk->dispositions.rows[i]))
			continue;
		*why = found != NULL ? "That may mean more than one of them." : *why;
		found = found != NULL ? &desk->dispositions.rows[desk->dispositions.count] : &desk->dispositions.rows[i];
	}
	return found == &desk->dispositions.rows[desk->dispositions.count] ? NULL : found;
}

/* Sends what may be sent twice; when the connection breaks it connects again, once, and sends the same. */
static enum ctl_status send_again(struct desk *desk, size_t count, const char **words, redisReply **out)
{
	size_t lengths[4];

	for (size_t i = 0; i < count; i++)
		lengths[i] = strlen(words[i]);
	*out = redisCommandArgv(desk->connection, (int)count, words, lengths);
	if (*out != NULL)
		return CTL_OK;
	redisContext *fresh;
	enum ctl_status status = ctl_connect(desk->target, &fresh);
	if (status != CTL_OK)
		return status;
	redisFree(desk->connection);
	desk->connection = fresh;
	return ctl_ask(fresh, count, words, lengths, out);
}

static void tell_done(const struct ctl_row *done)
{
	struct buffer line = {0};
	const char *closed = ctl_row_text(done, "closed");

	buffer_printf(&line, "%s.", ctl_row_text(done, "disposition"));
	if (strlen(closed) > 2)
		buffer_printf(&line, " Closed: %.*s.", (int)strlen(closed) - 2, closed + 1);
	if (ctl_row_has(done, "not_before"))
		buffer_printf(&line, " It comes back at %.16s.", ctl_row_text(done, "not_before"));
	else if (strlen(ctl_row_text(done, "left")) > 2)
		buffer_printf(&line, " Something of it is left, and it waits again.");
	if (ctl_row_true(done, "over_cap"))
		buffer_printf(&line, " That was one contact more than the client should have had.");
	if (!line.failed)
		say("%s\n", line.data);
	buffer_free(&line);
}

/* How the last word about a call went. */
enum spoken { SPOKEN_TOLD, SPOKEN_AGAIN, SPOKEN_OVER };

/* What stands between an answer and the next try of the same: ERR is a mistake that can be mended, BUSY and STORE pass, with NOLEASE it is over. */
static enum spoken take_reply(const redisReply *reply, enum ctl_status *status)
{
	struct ctl_rows done = {0};

	*status = CTL_OK;
	if (reply->type == REDIS_REPLY_ERROR) {
		fflush(stdout);
		*status = ctl_tell_error(reply);
		return strncmp(reply->str, "NO", 2) == 0 ? SPOKEN_OVER : SPOKEN_AGAIN;
	}
	*status = read_reply(reply, &done);
	if (*status == CTL_OK && ctl_row_has(&done.rows[0], "disposition"))
		tell_done(&done.rows[0]);
	else if (*status == CTL_OK)
		printf("Given back.\n");
	ctl_rows_free(&done);
	return SPOKEN_TOLD;
}

static enum spoken send_outcome(struct desk *desk, const struct ctl_row *disposition, enum ctl_status *status)
{
	struct buffer json = {0};
	enum spoken spoken = SPOKEN_OVER;
	redisReply *reply;

	ctl_told_json(&desk->told, disposition, &json);
	if (json.failed) {
		warnx("out of memory");
		*status = CTL_REFUSED;
	} else {
		const char *words[] = {"DONE", ctl_row_text(held(desk), "lease"), ctl_row_text(disposition, "disposition"), json.data};
		*status = send_again(desk, 4, words, &reply);
		if (*status == CTL_OK) {
			spoken = take_reply(reply, status);
			freeReplyObject(reply);
		}
	}
	buffer_free(&json);
	return spoken;
}

static enum spoken give_back(struct desk *desk, enum ctl_status *status)
{
	char reason[QUESTION_LINE_SIZE];
	redisReply *reply;

	*status = CTL_OK;
	if (ctl_question_ask(&desk->questions, "  why? ", reason) <= 0)
		return SPOKEN_AGAIN;
	const char *words[] = {"RELEASE", ctl_row_text(held(desk), "lease"), reason};
	*status = send_again(desk, 3, words, &reply);
	if (*status != CTL_OK)
		return SPOKEN_OVER;
	enum spoken spoken = take_reply(reply, status);
	freeReplyObject(reply);
	return spoken;
}

/* The first times at which the client can be rung: desk, his own hours, cap and due days have been looked at. */
static void show_openings(const struct desk *desk)
{
	enum { SHOWN = 4 };
	const char *text = desk->brief.count > 0 ? ctl_row_text(&desk->brief.rows[0], "appointments") : "";
	struct ctl_rows spans = {0};

	if (text[0] == '\0' || ctl_rows_read(text, strlen(text), &spans) < 0)
		return;
	printf(spans.count > 0 ? "  He can be rung" : "  There is no time at which he can be rung before this is due.");
	for (size_t i = 0; i < spans.count && i < SHOWN; i++) {
		const char *from = ctl_row_text(&spans.rows[i], "from"), *to = ctl_row_text(&spans.rows[i], "to");
		if (strlen(from) >= 16 && strlen(to) >= 16)
			say("%s %.5s %.5s-%.5s", i > 0 ? "," : "", from + 5, from + 11, to + 11);
	}
	printf(spans.count > SHOWN ? " ...\n" : "\n");
	ctl_rows_free(&spans);
}

/* Asks until the call is closed, given back or left as it is. *over: nothing more is wanted. */
static enum ctl_status talk(struct desk *desk, bool *over)
{
	char line[QUESTION_LINE_SIZE];
	enum ctl_status status = CTL_OK;
	enum spoken spoken = SPOKEN_AGAIN;

	*over = false;
	show_menu(desk);
	while (spoken == SPOKEN_AGAIN) {
		const char *why;
		int result = ctl_question_ask(&desk->questions, "> ", line);
		if (result <= 0) {
			say("You go on holding it. followupctl done asks again; it goes back to its queue at %.16s.\n",
				ctl_row_text(held(desk), "lease_until"));
			*over = true;
			return CTL_OK;
		}
		if (strcmp(line, "?") == 0) {
			if (show_card(desk) == CTL_OK)
				show_menu(desk);
			continue;
		}
		if (strcasecmp(line, "release") == 0) {
			spoken = give_back(desk, &status);
			continue;
		}
		const struct ctl_row *disposition = choose(desk, line, &why);
		if (disposition == NULL) {
			printf("%s\n", why);
			continue;
		}
		if (strcmp(ctl_row_text(disposition, "effect"), "appoint") == 0)
			show_openings(desk);
		result = ctl_told_ask(&desk->told, &desk->questions, held(desk), disposition);
		if (result == 0)
			spoken = send_outcome(desk, disposition, &status);
		else if (result != ERR_NOT_FOUND) {
			warnx("%s", error_text(result));
			return CTL_REFUSED;
		}
		if (spoken == SPOKEN_AGAIN)
			show_menu(desk);
	}
	*over = spoken == SPOKEN_OVER;
	return status;
}

/* What was before with this person, and when he can be rung again. Without it there is still the call. */
static void look_back(struct desk *desk)
{
	const char *words[] = {"BRIEF", ctl_row_text(held(desk), "lease")};
	redisReply *reply;

	ctl_rows_free(&desk->brief);
	if (ask_daemon(desk, 2, words, &reply) != CTL_OK)
		return;
	if (reply->type == REDIS_REPLY_STRING && ctl_rows_read(reply->str, (size_t)reply->len, &desk->brief) < 0)
		desk->brief = (struct ctl_rows){0};
	freeReplyObject(reply);
}

/* What can be said of the call that has come. CTL_NOTHING: nothing can be asked about it here. */
static enum ctl_status prepare(struct desk *desk)
{
	const char *words[] = {"DISPOSITIONS", ctl_row_text(held(desk), "channel")};
	redisReply *reply;

	ctl_rows_free(&desk->dispositions);
	ctl_told_free(&desk->told);
	desk->lost = false;
	if (!ctl_row_has(held(desk), "lease"))
		return CTL_NOTHING;
	enum ctl_status status = ask_daemon(desk, 2, words, &reply);
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

static enum ctl_status open_desk(struct desk *desk, const struct ctl_target *target)
{
	*desk = (struct desk){.target = target, .screen = ctl_screen_look()};
	desk->questions = (struct ctl_questions){.idle = keep_lease, .context = desk, .idle_ms = TOUCH_MS_MOST};
	return ctl_connect(target, &desk->connection);
}

static void close_desk(struct desk *desk)
{
	if (desk->connection != NULL)
		redisFree(desk->connection);
	ctl_rows_free(&desk->call);
	ctl_rows_free(&desk->dispositions);
	ctl_rows_free(&desk->brief);
	ctl_told_free(&desk->told);
}

/* One call: from NEXT to its outcome. */
static enum ctl_status one_call(struct desk *desk, size_t count, const char **words, bool *over)
{
	redisReply *reply;
	enum ctl_status status = ask_daemon(desk, count, words, &reply);

	*over = true;
	if (status != CTL_OK)
		return status;
	ctl_rows_free(&desk->call);
	if (reply->type == REDIS_REPLY_STRING)
		status = read_reply(reply, &desk->call);
	if (reply->type == REDIS_REPLY_STRING && status == CTL_OK)
		status = prepare(desk);
	else if (reply->type != REDIS_REPLY_STRING)
		status = CTL_NOTHING;
	if (status == CTL_NOTHING) { /* no call, a refusal, a message */
		status = ctl_show_reply(reply, "next", false);
	} else if (status == CTL_OK) {
		status = show_card(desk);
		if (status == CTL_OK)
			status = talk(desk, over);
	}
	freeReplyObject(reply);
	return status;
}

enum ctl_status ctl_desk_next(const struct ctl_target *target, int count, char **words)
{
	const char *sent[WORDS_MAX];
	char line[QUESTION_LINE_SIZE];
	struct desk desk;
	bool over = false;

	if (count > WORDS_MAX) {
		warnx("more than %d words", WORDS_MAX);
		return CTL_USAGE;
	}
	for (int i = 0; i < count; i++)
		sent[i] = words[i];
	enum ctl_status status = open_desk(&desk, target);
	for (bool first = true; status == CTL_OK && !over; first = false) {
		if (!first) {
			desk.questions.idle = NULL; /* nothing is held */
			if (ctl_question_ask(&desk.questions, "\nEnter: the next call; q: enough for now. ", line) != 0)
				break;
			desk.questions.idle = keep_lease;
			printf("\n");
		}
		status = one_call(&desk, (size_t)count, sent, &over);
	}
	close_desk(&desk);
	return status;
}

/* The call that is held: the only one, or the one that the lease names. */
static enum ctl_status find_held(struct desk *desk, const char *lease)
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

enum ctl_status ctl_desk_done(const struct ctl_target *target, const char *lease)
{
	struct desk desk;
	bool over;
	enum ctl_status status = open_desk(&desk, target);

	if (status == CTL_OK)
		status = find_held(&desk, lease);
	if (status == CTL_OK && (status = prepare(&desk)) == CTL_NOTHING) {
		warnx("tell a message's outcome with: followupctl done LEASE DISPOSITION");
		status = CTL_USAGE;
	}
	if (status == CTL_OK)
		status = show_card(&desk);
	if (status == CTL_OK)
		status = talk(&desk, &over);
	close_desk(&desk);
	return status;
}
