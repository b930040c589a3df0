/* ctl_show.h - followupctl: an answer on standard output, for people or as JSON. */
#ifndef FOLLOWUP_CTL_SHOW_H
#define FOLLOWUP_CTL_SHOW_H

#include <stdbool.h>
#include <stddef.h>

#include "followup/ctl_connection.h"

/* The answer to a command: as the page or table it is for people, or with json as JSON, one document a line. Errors are told on standard error, with what to do next. */
enum ctl_status ctl_show_reply(const struct redisReply *reply, const char *command, bool json);

/* The answer of FORECAST as bars (ctl_bars.h); anything else as ctl_show_reply() has it. */
enum ctl_status ctl_show_bars(const struct redisReply *reply);

/* A text that is on its way to a terminal already; CTL_REFUSED when there was no memory for it. */
enum ctl_status ctl_show_text(const struct buffer *text);

#endif
