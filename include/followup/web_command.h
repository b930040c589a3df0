/* web_command.h - followup-console: which of the daemon's commands a page may send, and how: from a JSON array to words, from the daemon's answer to a JSON
 * document. Rights are the daemon's; what is not in the table is not passed on at all. */
#ifndef FOLLOWUP_WEB_COMMAND_H
#define FOLLOWUP_WEB_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "followup/buffer.h"
#include "followup/error.h"

struct redisReply;

enum { WEB_WORDS_MAX = 64, WEB_WAIT_SECONDS_MAX = 60, WEB_WHY_SIZE = 256 /* that of links, too */ };

struct web_word {
	const char *name;
	bool again; /* a second time is harmless, so that it is sent once more when the connection broke before the answer (followup-protocol(7), RETRYING) */
	bool slow; /* may take long: it waits, or reads much */
};

extern const struct web_word web_words[];
extern const size_t web_word_count;

/* A command as a page sent it. */
struct web_command {
	size_t count;
	char *words[WEB_WORDS_MAX];
	size_t lengths[WEB_WORDS_MAX];
	const struct web_word *word; /* NULL: it is not passed on */
	bool slow;
	int wait_seconds; /* of NEXT WAIT */
};

/* Reads the body of a request: a JSON array of texts, numbers and objects, the last of which become JSON text. ERR_SYNTAX with why, or ERR_MEMORY; the command is to
 * be cleared in either case. */
int web_command_read(const char *body, size_t length, struct web_command *out, char why[WEB_WHY_SIZE]) MUST_CHECK;
void web_command_clear(struct web_command *command);

/* {"ok":answer} or {"error":{"word":...,"text":...}}. */
void web_reply(const struct redisReply *reply, struct buffer *out);
void web_reply_error(const char *word, const char *text, struct buffer *out);

#endif
