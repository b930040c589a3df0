/* ctl_told.h - followupctl: what an agent tells of a call, asked for question by question. */
#ifndef FOLLOWUP_CTL_TOLD_H
#define FOLLOWUP_CTL_TOLD_H

#include "followup/buffer.h"
#include "followup/ctl_question.h"
#include "followup/ctl_rows.h"
#include "followup/date.h"

enum { TOLD_MAX = 64 };

/* What has been answered so far, by name: it is offered again when the daemon refuses something of it. */
struct ctl_told {
	struct {
		char *name, *text;
	} answers[TOLD_MAX];
	size_t count;
	day_t today; /* for times that are told without a day */
};

void ctl_told_free(struct ctl_told *told);

/* Asks all that this disposition (a row of DISPOSITIONS) wants of this call: which matters, the form, when, and a note. 0; ERR_NOT_FOUND when the agent went back with Ctrl-D;
 * ERR_MEMORY, ERR_SYNTAX. */
int ctl_told_ask(
	struct ctl_told *told, struct ctl_questions *questions, const struct ctl_row *call, const struct ctl_row *disposition) MUST_CHECK;

/* Appends the JSON for DONE, always the same bytes for the same answers. */
void ctl_told_json(const struct ctl_told *told, const struct ctl_row *disposition, struct buffer *out);

/* "15:30", "3-5 15:30" or "2025-03-05 15:30" (a T will do as well) as the daemon takes it; a day of the year that has passed is next year's. false: no time. */
bool ctl_told_time(const char *text, day_t today, char out[32]);
/* "2025-03-10", "3-10", "+3" (days from today). */
bool ctl_told_day(const char *text, day_t today, char out[DATE_TEXT_SIZE]);

#endif
