/* command.h - the words of the socket. One row a command; help, arity, rights and COMMAND come from the row. */
#ifndef FOLLOWUP_COMMAND_H
#define FOLLOWUP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "followup/desk.h"
#include "followup/reply.h"
#include "followup/zone.h"

struct server;
struct session;

enum command_flag {
	COMMAND_BEFORE_AUTH = 1, /* anybody, signed in or not */
	COMMAND_SIGNED_IN = 2,   /* whoever is signed in, whatever his roles */
	COMMAND_STORE = 4,       /* runs inside the turn's transaction, with a savepoint of its own */
	COMMAND_WRITES = 8,      /* changes the book (for COMMAND's flags) */
	COMMAND_ALONE = 16,      /* has transactions of its own: the turn's is committed before */
	COMMAND_ANY_BYTES = 32,  /* its words need not be UTF-8 without NUL */
	COMMAND_TEST_CLOCK = 64, /* exists only under a test clock */
	COMMAND_IN_LINE = 128,   /* those who wait already are served before it */
	/* A long read: its handler runs on the worker's thread, with a store, engine and desk that only read, and without server and session (long_command.h). It uses what the
	 * request gives it and nothing else. Without a worker it runs in the loop like any other, hence COMMAND_STORE stands beside it. */
	COMMAND_WORKER = 256,
	/* Whatever it refuses it refuses before it writes anything, so that it needs no savepoint (turn_run): that would copy every page it changes. */
	COMMAND_CHECKS_FIRST = 512,
	COMMAND_BRIEF = 1024, /* what it reads on another thread is short, and waits for nothing long (server->brief) */
	COMMAND_PIECE = 2048, /* of a file: its commit may wait for more of it (turn_may_wait()) */
};

/* What a handler gives back, when it is no error of enum followup_error. */
enum command_result {
	COMMAND_ANSWERED = 0,
	COMMAND_REFUSED = 1, /* it has written an error reply itself; its savepoint is rolled back */
	COMMAND_PARKED = 2,  /* no reply yet; request->park says what it waits for */
};

struct request {
	struct server *server;      /* NULL on the worker's thread, */
	struct session *session;    /* as this is */
	const struct identity *who; /* the asker, when he is signed in */
	struct store *store;
	struct engine *engine;
	struct desk *desk;
	const struct policy *policy;
	const struct command *command;
	size_t count; /* words, the command's name included */
	const char *const *words;
	const size_t *lengths;
	struct moment now;
	struct reply reply;
	struct answer *answer; /* empty; lent */
	bool last_look;        /* it may not park */
	int park;              /* enum park */
	int park_seconds;      /* 0: as long as it takes */
	bool used_store; /* the answer rests on the turn's transaction (turn_run), or on what a handler without COMMAND_STORE asked of the store all the same */
	struct buffer *notes; /* on the worker's thread: lines for the log; request_note() */
	void *own;            /* of a long command in two halves, */
	int result;           /* and what its first half came to (long_command.h) */
};

typedef int command_handler(struct request *request);

struct command {
	const char *name;         /* upper case */
	int words_min, words_max; /* the name included; words_max -1: no limit */
	unsigned roles;           /* enum role: any one of them is enough; 0 with neither flag above: nobody */
	unsigned flags;
	const char *group; /* "connection", "agent", "data", "supervisor", "operator" */
	const char *usage; /* what follows the name; "" for nothing */
	const char *summary;
	command_handler *handler;
};

/* The table, sorted by name. */
extern const struct command command_table[];
extern const size_t command_count;

/* The row of a name in any case; NULL: none. Rows of the test clock only when with_test_clock. */
const struct command *command_find(const char *name, size_t length, bool with_test_clock);

/* Whether this identity (NULL: not signed in) may use it with so many words: 0, or ERR_RIGHTS, ERR_INVALID with why in words (size bytes). *word is set to the first word of the error. */
int command_check(
	const struct command *command, const struct identity *who, size_t count, const char **word, char *why, size_t size) MUST_CHECK;

/* The first word of the error reply: ERR NOAUTH NOPERM NOLEASE BUSY CLOSED STORE. */
const char *command_error_word(int error);

/* One line: "NEXT [QUEUE q ...] - Pull the next call". */
void command_describe(const struct command *command, struct buffer *out);

/* Whether words[index] is that keyword, in any case; false beyond the end. */
bool request_has_keyword(const struct request *request, size_t index, const char *keyword);

/* A whole number within bounds from a word; ERR_INVALID and answer->why otherwise. */
int request_number(struct request *request, size_t index, int64_t least, int64_t most, int64_t *out) MUST_CHECK;

/* Whether every word is UTF-8 without a NUL byte. */
bool request_is_text(const struct request *request);

/* answer->json as a bulk string. */
int request_answer_json(struct request *request);

/* The same when what made it went well: what a handler gives back for the desk's result. */
int request_answer(struct request *request, int result);

/* A line for the log, on whichever thread the request is; said when it has been answered for. */
void request_note(struct request *request, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for what the asker did, and to what: "event=EVENT KEY=VALUE agent=NAME". Texts of the asker are quoted. */
void request_note_act(struct request *request, const char *event, const char *key, const char *value);

/* Handlers: command_connection.c */
command_handler command_auth, command_client, command_command, command_echo, command_hello, command_help, command_ping, command_quit,
	command_reset, command_select, command_whoami;
/* command_desk.c */
command_handler command_next, command_touch, command_done, command_release, command_record, command_review_next, command_review_done,
	command_take, command_move, command_pause, command_resume, command_correct, command_dnc, command_erase, command_override,
	command_ack, command_subscribe, command_unsubscribe, command_show, command_mine, command_queues, command_list, command_history,
	command_verify, command_report, command_client_put, command_event_put, command_client_load, command_event_load;
/* command_routing.c */
command_handler command_break, command_brief, command_desk, command_dispositions, command_ready, command_handover, command_why;
/* command_forecast.c */
command_handler command_forecast;
/* metrics.c */
command_handler command_metrics;
/* reload.c */
command_handler command_reload;
/* command_admin.c */
command_handler command_agent_add, command_agent_delete, command_agent_list, command_backup, command_check_book, command_clock,
	command_info, command_shutdown;

#endif
