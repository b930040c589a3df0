/* talk.c - a held call's outcome, asked for until it is told, given back or left. */
#include <err.h>
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "desk.h"
#include "followup/ctl_card.h"
#include "followup/ctl_show.h"
#include "followup/text.h"

enum { SAY_SIZE = 4096 };

/* Prints words of which some came over the wire: they go through text_clean, whatever they are. */
void desk_say(const char *format, ...)
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

enum ctl_status desk_show_card(const struct desk *desk)
{
	struct buffer card = {0};
	enum ctl_status status = CTL_REFUSED;

	const struct ctl_row *brief = desk->brief.count > 0 ? &desk->brief.rows[0] : NULL;

	if (ctl_card_show(desk_held(desk), brief, &desk->screen, &card) < 0)
		warnx("the call cannot be shown");
	else
		status = ctl_show_text(&card);
	buffer_free(&card);
	return status;
}

/* Whether an outcome can be offered: an attorney only where one is on file. */
static bool is_offered(const struct desk *desk, const struct ctl_row *disposition)
{
	return !ctl_row_true(disposition, "attorney") || strstr(ctl_row_text(desk_held(desk), "agenda"), "\"attorney\":") != NULL;
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
	desk_say("\nHow did it go?%s\nNumber or name; release: give it back; ?: the card again; Enter: go on holding it.\n",
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
		desk_say("%s\n", line.data);
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
	*status = desk_read(reply, &done);
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
		const char *words[] = {"DONE", ctl_row_text(desk_held(desk), "lease"), ctl_row_text(disposition, "disposition"), json.data};
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
	const char *words[] = {"RELEASE", ctl_row_text(desk_held(desk), "lease"), reason};
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
			desk_say("%s %.5s %.5s-%.5s", i > 0 ? "," : "", from + 5, from + 11, to + 11);
	}
	printf(spans.count > SHOWN ? " ...\n" : "\n");
	ctl_rows_free(&spans);
}

/* Asks until the call is closed, given back or left as it is. *over: nothing more is wanted. */
enum ctl_status desk_talk(struct desk *desk, bool *over)
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
			desk_say("You go on holding it. followupctl done asks again; it goes back to its queue at %.16s.\n",
				ctl_row_text(desk_held(desk), "lease_until"));
			*over = true;
			return CTL_OK;
		}
		if (strcmp(line, "?") == 0) {
			if (desk_show_card(desk) == CTL_OK)
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
		result = ctl_told_ask(&desk->told, &desk->questions, desk_held(desk), disposition);
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
