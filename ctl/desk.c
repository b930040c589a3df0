/* desk.c - next and done as a conversation. */
#include "desk.h"

#include <err.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <unistd.h>

#include "followup/ctl_show.h"

bool ctl_desk_is_attended(void)
{
	return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

static enum ctl_status open_desk(struct desk *desk, const struct ctl_target *target)
{
	*desk = (struct desk){.target = target, .screen = ctl_screen_look()};
	desk->questions = (struct ctl_questions){.idle = desk_keep_lease, .context = desk, .idle_ms = TOUCH_MS_MOST};
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
	enum ctl_status status = desk_ask(desk, count, words, &reply);

	*over = true;
	if (status != CTL_OK)
		return status;
	ctl_rows_free(&desk->call);
	if (reply->type == REDIS_REPLY_STRING)
		status = desk_read(reply, &desk->call);
	if (reply->type == REDIS_REPLY_STRING && status == CTL_OK)
		status = desk_prepare(desk);
	else if (reply->type != REDIS_REPLY_STRING)
		status = CTL_NOTHING;
	if (status == CTL_NOTHING) { /* no call, a refusal, a message */
		status = ctl_show_reply(reply, "next", false);
	} else if (status == CTL_OK) {
		status = desk_show_card(desk);
		if (status == CTL_OK)
			status = desk_talk(desk, over);
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
			desk.questions.idle = desk_keep_lease;
			printf("\n");
		}
		status = one_call(&desk, (size_t)count, sent, &over);
	}
	close_desk(&desk);
	return status;
}

enum ctl_status ctl_desk_done(const struct ctl_target *target, const char *lease)
{
	struct desk desk;
	bool over;
	enum ctl_status status = open_desk(&desk, target);

	if (status == CTL_OK)
		status = desk_find_held(&desk, lease);
	if (status == CTL_OK && (status = desk_prepare(&desk)) == CTL_NOTHING) {
		warnx("tell a message's outcome with: followupctl done LEASE DISPOSITION");
		status = CTL_USAGE;
	}
	if (status == CTL_OK)
		status = desk_show_card(&desk);
	if (status == CTL_OK)
		status = desk_talk(&desk, &over);
	close_desk(&desk);
	return status;
}
