/* ctl_question.h - followupctl: questions to who sits at the terminal. */
#ifndef FOLLOWUP_CTL_QUESTION_H
#define FOLLOWUP_CTL_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "followup/error.h"

enum { QUESTION_LINE_SIZE = 4096 }; /* as much as a terminal gives at once */

/* Called now and then while an answer is waited for. away_ms: how long nobody has answered anything. True when it has printed something, so that the question stands there
 * once more. */
typedef bool ctl_question_idle(void *context, int64_t away_ms);

struct ctl_questions {
	ctl_question_idle *idle; /* NULL: nothing to be done meanwhile */
	void *context;
	int idle_ms; /* how often */
	/* Private. */
	char pending[QUESTION_LINE_SIZE]; /* typed ahead */
	size_t pending_length;
	int64_t answered_ms; /* monotonic; 0: not yet */
};

/* Prints the prompt and reads a line, without the blanks around it: 1 and text, 0 for an empty line (out is "" then), ERR_NOT_FOUND when input has ended (Ctrl-D). What
 * is no text (broken UTF-8, keys that steer a terminal) is asked for again. */
int ctl_question_ask(struct ctl_questions *questions, const char *prompt, char out[QUESTION_LINE_SIZE]) MUST_CHECK;

#endif
