/* desk.h - what next and done share: a conversation about one call. Nothing outside ctl includes it. */
#ifndef FOLLOWUP_CTL_CONVERSATION_H
#define FOLLOWUP_CTL_CONVERSATION_H

#include "followup/ctl_card.h"
#include "followup/ctl_desk.h"
#include "followup/ctl_screen.h"
#include "followup/ctl_told.h"

struct redisContext;
struct redisReply;

enum { WORDS_MAX = 128, TOUCH_MS_MOST = 300 * 1000 };

struct desk {
	const struct ctl_target *target;
	struct redisContext *connection;
	struct ctl_screen screen;
	struct ctl_questions questions;
	struct ctl_rows call;         /* one row: what is held */
	struct ctl_rows dispositions; /* those for its channel */
	struct ctl_told told;
	struct ctl_rows brief; /* BRIEF of it; empty where there is none */
	bool lost;             /* the lease, while it was waited for an answer */
};

/* held.c. Sends words and hands on the answer, also an error's; and an answer's document as rows, where an error is told. */
enum ctl_status desk_ask(struct desk *desk, size_t count, const char **words, struct redisReply **out);
enum ctl_status desk_read(const struct redisReply *reply, struct ctl_rows *out);
const struct ctl_row *desk_held(const struct desk *desk);
/* The call that is held: the only one, or the one that the lease names. */
enum ctl_status desk_find_held(struct desk *desk, const char *lease);
/* What can be said of the call that has come. CTL_NOTHING: nothing can be asked about it here. */
enum ctl_status desk_prepare(struct desk *desk);
/* Keeps the call while its agent speaks or types (struct ctl_questions). */
bool desk_keep_lease(void *context, int64_t away_ms);

/* talk.c. Prints words of which some came over the wire: they go through text_clean, whatever they are. */
void desk_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
enum ctl_status desk_show_card(const struct desk *desk);
/* Asks until the call is closed, given back or left as it is. *over: nothing more is wanted. */
enum ctl_status desk_talk(struct desk *desk, bool *over);

#endif
