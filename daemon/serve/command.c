#include "followup/command.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "followup/csv.h"
#include "followup/error.h"
#include "followup/log.h"
#include "followup/turn.h"

enum { FOR_AGENTS = ROLE_AGENT | ROLE_GATEWAY, FOR_READERS = ROLE_SUPERVISOR | ROLE_AUDITOR | ROLE_REVIEWER, ANY = -1 };

/* Sorted by name (test_command looks). */
const struct command command_table[] = {
	{"ACK", 3, 3, ROLE_SUPERVISOR, COMMAND_STORE | COMMAND_WRITES, "supervisor", "task note",
		"Acknowledge a task: a dispute, a number to correct", command_ack},
	{"AGENT.ADD", 3, ANY, ROLE_SUPERVISOR, COMMAND_STORE | COMMAND_WRITES, "supervisor", "name role[,role ...] [QUEUES queue ...]",
		"Let an agent in, or give him another token; the token is shown this once", command_agent_add},
	{"AGENT.DEL", 2, 2, ROLE_SUPERVISOR, COMMAND_STORE | COMMAND_WRITES, "supervisor", "name", "Shut an agent out",
		command_agent_delete},
	{"AGENT.LIST", 1, 1, ROLE_SUPERVISOR, COMMAND_STORE, "supervisor", "", "List the agents with their roles and queues",
		command_agent_list},
	{"AUTH", 2, 3, 0, COMMAND_BEFORE_AUTH, "connection", "name token", "Sign in as an agent", command_auth},
	{"BACKUP", 1, 2, ROLE_OPERATOR, COMMAND_ALONE, "operator", "[file]",
		"Copy the book while it serves, and verify the copy; without a file into the folder of the configuration", command_backup},
	{"BREAK", 2, 2, ROLE_AGENT, COMMAND_STORE | COMMAND_WRITES, "agent", "code", "Be away: no phone call until READY", command_break},
	{"BRIEF", 2, 2, ROLE_AGENT, COMMAND_STORE, "agent", "lease",
		"Tell what a console shows beside a call that you hold: history, promises, times for an appointment", command_brief},
	{"CHECK", 1, 1, ROLE_OPERATOR, COMMAND_STORE | COMMAND_WORKER, "operator", "",
		"Compare what is kept with a full scan and list every fault", command_check_book},
	{"CLIENT", 2, ANY, 0, COMMAND_SIGNED_IN, "connection", "SETNAME name | GETNAME | SETINFO field value | ID", "Name this connection",
		command_client},
	{"CLIENT.LOAD", 2, 2, ROLE_FEEDER, COMMAND_STORE | COMMAND_WRITES | COMMAND_PIECE, "data", "csv",
		"Take in rows of clients.csv, the header first; an element a row: 1 changed, 0 known already, or why it is refused",
		command_client_load},
	{"CLIENT.PUT", 2, 2, ROLE_FEEDER, COMMAND_STORE | COMMAND_WRITES, "data", "json",
		"Tell a client's fields; 1: something changed, 0: known already", command_client_put},
	{"CLOCK", 1, 3, ROLE_OPERATOR, COMMAND_TEST_CLOCK | COMMAND_ALONE, "operator", "[SET time | ADVANCE seconds]",
		"Show or move the test clock; answers when all that is due by then has been worked", command_clock},
	{"COMMAND", 1, ANY, 0, COMMAND_SIGNED_IN, "connection", "[COUNT | LIST | INFO [command ...] | DOCS [command ...]]",
		"Describe the commands to a client library", command_command},
	{"CORRECT", 4, 4, ROLE_SUPERVISOR, COMMAND_STORE | COMMAND_WRITES, "supervisor", "attempt json reason",
		"Correct the outcome of a try by a later entry of the record", command_correct},
	{"DESK", 1, 1, FOR_AGENTS | FOR_READERS, COMMAND_STORE, "agent", "",
		"Tell what a console has to know: the words of this desk, your hours and your day", command_desk},
	{"DISPOSITIONS", 1, 2, FOR_AGENTS | ROLE_SUPERVISOR, 0, "agent", "[channel]",
		"List what may be said of a try, on that channel or on any", command_dispositions},
	{"DNC", 5, 5, ROLE_SUPERVISOR, COMMAND_STORE | COMMAND_WRITES, "supervisor", "client channel|all day|none|CLEAR reason",
		"Do not contact a client on a channel until a day", command_dnc},
	{"DONE", 3, 4, FOR_AGENTS, COMMAND_STORE | COMMAND_WRITES | COMMAND_CHECKS_FIRST, "agent", "lease disposition [json]",
		"Record the outcome of a call", command_done},
	{"ECHO", 2, 2, 0, COMMAND_SIGNED_IN | COMMAND_ANY_BYTES, "connection", "text", "Answer with the same text", command_echo},
	{"ERASE", 4, 4, ROLE_OPERATOR, COMMAND_STORE | COMMAND_WRITES, "operator", "client second reason",
		"Erase a client for good and seal his record; second is a supervisor's name", command_erase},
	{"EVENT.LOAD", 2, 2, ROLE_FEEDER, COMMAND_STORE | COMMAND_WRITES | COMMAND_PIECE, "data", "csv",
		"Take in rows of events.csv, the header first; an element a row: 1 changed, 0 known already, or why it is refused",
		command_event_load},
	{"EVENT.PUT", 2, 2, ROLE_FEEDER, COMMAND_STORE | COMMAND_WRITES, "data", "json",
		"Tell an event; 1: something changed, 0: known already", command_event_put},
	{"FORECAST", 1, ANY, ROLE_SUPERVISOR, COMMAND_STORE | COMMAND_WORKER, "supervisor",
		"[DAYS n] [QUEUE queue] [CAPACITY queue=calls ...] [FORMAT json|csv|text]",
		"Foresee what falls due on each queue, and the first day that will be missed", command_forecast},
	{"HANDOVER", 1, 4, ROLE_SUPERVISOR, COMMAND_STORE | COMMAND_WRITES, "supervisor", "[manager successor|none reason]",
		"Hand a departed manager's clients to a successor; without words: list who stands for whom", command_handover},
	{"HELLO", 1, ANY, 0, COMMAND_BEFORE_AUTH, "connection", "[2|3 [AUTH name token] [SETNAME name]]",
		"Choose the protocol's version, sign in", command_hello},
	{"HELP", 1, 2, 0, COMMAND_SIGNED_IN, "connection", "[command]", "List the commands that you may use", command_help},
	{"HISTORY", 2, 6, FOR_READERS, COMMAND_STORE, "supervisor", "client [LIMIT n] [AFTER entry]",
		"Tell all that the record holds about a client, oldest first", command_history},
	{"INFO", 1, 2, 0, COMMAND_SIGNED_IN, "connection", "[section]", "Tell how the daemon is", command_info},
	{"LIST", 2, ANY, FOR_READERS, COMMAND_STORE, "supervisor",
		"followups|calls|clients|events|attempts|tasks|promises|reviews [CLIENT ref] [QUEUE queue] [RULE rule] [STATE state] "
		"[REASON reason] [LIMIT n] "
		"[AFTER n]",
		"List rows of the book", command_list},
	{"METRICS", 1, 1, ROLE_OPERATOR | ROLE_SUPERVISOR | ROLE_AUDITOR, COMMAND_BRIEF, "operator", "",
		"Tell how the daemon and the book are, as Prometheus reads it", command_metrics},
	{"MINE", 1, 1, FOR_AGENTS, COMMAND_STORE, "agent", "", "List the calls that you hold, and messages whose outcome is not known",
		command_mine},
	{"MOVE", 4, 4, ROLE_SUPERVISOR, COMMAND_STORE | COMMAND_WRITES, "supervisor", "call queue reason",
		"Put a waiting call on another queue", command_move},
	{"NEXT", 1, ANY, FOR_AGENTS, COMMAND_STORE | COMMAND_WRITES | COMMAND_IN_LINE | COMMAND_CHECKS_FIRST, "agent",
		"[QUEUE queue ...] [WAIT seconds] [COUNT n]", "Pull the next call; null when there is none", command_next},
	{"OVERRIDE", 4, 4, ROLE_SUPERVISOR, COMMAND_STORE | COMMAND_WRITES, "supervisor", "followup second reason",
		"Let a suppressed or waiting follow-up go ahead; second is another supervisor's name", command_override},
	{"PAUSE", 1, 5, ROLE_SUPERVISOR, COMMAND_STORE | COMMAND_WRITES, "supervisor", "[QUEUE|RULE name until reason]",
		"Hold a queue or a rule back until a time; without words: list what is held back", command_pause},
	{"PING", 1, 2, 0, COMMAND_SIGNED_IN | COMMAND_ANY_BYTES, "connection", "[text]", "Answer PONG, or the text", command_ping},
	{"QUEUES", 1, 1, ROLE_SUPERVISOR, COMMAND_STORE | COMMAND_WORKER | COMMAND_BRIEF, "supervisor", "",
		"Show every queue with what waits on it", command_queues},
	{"QUIT", 1, 1, 0, COMMAND_BEFORE_AUTH, "connection", "", "Close the connection", command_quit},
	{"READY", 1, 1, ROLE_AGENT, COMMAND_STORE | COMMAND_WRITES, "agent", "", "Be back from a break", command_ready},
	{"RECORD", 3, 3, ROLE_AGENT, COMMAND_STORE | COMMAND_WRITES, "agent", "client json",
		"Record a contact that was made without a lease", command_record},
	{"RELEASE", 3, 3, FOR_AGENTS, COMMAND_STORE | COMMAND_WRITES, "agent", "lease reason", "Give a call back", command_release},
	{"RELOAD", 1, 2, ROLE_OPERATOR, COMMAND_ALONE, "operator", "[DRY]",
		"Read the configuration again, and tell what changes for open follow-ups; a bad one changes nothing", command_reload},
	{"REPORT", 1, ANY, ROLE_SUPERVISOR, COMMAND_STORE | COMMAND_WORKER, "supervisor",
		"[FROM day] [TO day] [BY rule|branch|agent|day|queue] [FORMAT json|csv|text]",
		"Report what was due and what became of it, and what was tried", command_report},
	{"RESET", 1, 1, 0, COMMAND_BEFORE_AUTH, "connection", "", "Make the connection as it was when it was new", command_reset},
	{"RESUME", 3, 3, ROLE_SUPERVISOR, COMMAND_STORE | COMMAND_WRITES, "supervisor", "QUEUE|RULE name", "End a pause", command_resume},
	{"REVIEW.DONE", 3, 4, ROLE_REVIEWER, COMMAND_STORE | COMMAND_WRITES, "supervisor", "review accepted|rejected [json]",
		"Judge a contact; a rejection reopens what it had closed", command_review_done},
	{"REVIEW.NEXT", 1, 1, ROLE_REVIEWER, COMMAND_STORE | COMMAND_WRITES, "supervisor", "",
		"Pull the next contact to be judged; null when there is none", command_review_next},
	{"SELECT", 2, 2, 0, COMMAND_SIGNED_IN, "connection", "0", "Accepted for client libraries; there is one book", command_select},
	{"SHOW", 2, 2, ROLE_AGENT | ROLE_SUPERVISOR, COMMAND_STORE, "agent", "call", "Show a call with its agenda", command_show},
	{"SHUTDOWN", 1, 1, ROLE_OPERATOR, 0, "operator", "", "Answer what has been asked, then stop", command_shutdown},
	{"SUBSCRIBE", 2, 2, ROLE_SUPERVISOR, 0, "supervisor", "events", "Hear of every event as it becomes true", command_subscribe},
	{"TAKE", 2, 2, ROLE_AGENT | ROLE_SUPERVISOR, COMMAND_STORE | COMMAND_WRITES, "agent", "call",
		"Take a named call: the client rings in", command_take},
	{"TOUCH", 2, 2, FOR_AGENTS, COMMAND_STORE | COMMAND_WRITES | COMMAND_CHECKS_FIRST, "agent", "lease", "Keep a call longer",
		command_touch},
	{"UNSUBSCRIBE", 1, 2, ROLE_SUPERVISOR, 0, "supervisor", "[events]", "Hear of events no more", command_unsubscribe},
	{"VERIFY", 1, 3, FOR_READERS | ROLE_OPERATOR, COMMAND_STORE | COMMAND_WORKER, "supervisor", "[link digest]",
		"Prove that the record is what was written; find the first link that is not", command_verify},
	{"WHOAMI", 1, 1, 0, COMMAND_SIGNED_IN, "connection", "", "Tell who you are signed in as", command_whoami},
	{"WHY", 2, 5, FOR_READERS, COMMAND_STORE, "supervisor", "[CLIENT] client | CALL call | QUEUE queue [AGENT name]",
		"Explain a client, a call, or why nothing comes out of a queue", command_why},
};
const size_t command_count = sizeof command_table / sizeof *command_table;

/* The fixed words of the protocol, for every error there is. */
static const struct {
	int error;
	const char *word;
} error_words[] = {
	{ERR_MEMORY, "BUSY"},
	{ERR_INVALID, "ERR"},
	{ERR_NOT_FOUND, "ERR"},
	{ERR_STORE, "STORE"},
	{ERR_FULL, "STORE"},
	{ERR_CORRUPT, "STORE"},
	{ERR_NO_LEASE, "NOLEASE"},
	{ERR_CLOSED, "CLOSED"},
	{ERR_BUSY, "BUSY"},
	{ERR_LIMIT, "ERR"},
	{ERR_SYNTAX, "ERR"},
	{ERR_SYSTEM, "ERR"},
	{ERR_RIGHTS, "NOPERM"},
};

const char *command_error_word(int error)
{
	for (size_t i = 0; i < sizeof error_words / sizeof *error_words; i++)
		if (error_words[i].error == error)
			return error_words[i].word;
	return "ERR";
}

const struct command *command_find(const char *name, size_t length, bool with_test_clock)
{
	for (size_t i = 0; i < command_count; i++) {
		const struct command *command = &command_table[i];
		if (strlen(command->name) == length && strncasecmp(command->name, name, length) == 0)
			return (command->flags & COMMAND_TEST_CLOCK) == 0 || with_test_clock ? command : NULL;
	}
	return NULL;
}

int command_check(const struct command *command, const struct identity *who, size_t count, const char **word, char *why, size_t size)
{
	bool allowed = (command->flags & COMMAND_BEFORE_AUTH) != 0;

	if (!allowed && who == NULL) {
		*word = "NOAUTH";
		(void)snprintf(why, size, "sign in first: AUTH name token");
		return ERR_RIGHTS;
	}
	if (!allowed && (command->flags & COMMAND_SIGNED_IN) != 0)
		allowed = true;
	if (!allowed && (who->roles & command->roles) == 0) {
		*word = "NOPERM";
		(void)snprintf(why, size, "%s may not use %s", who->name, command->name);
		return ERR_RIGHTS;
	}
	if (count < (size_t)command->words_min || (command->words_max != ANY && count > (size_t)command->words_max)) {
		*word = "ERR";
		bool text_of_words = count > (size_t)command->words_min && strstr(command->usage, "reason") != NULL;
		(void)snprintf(why, size, "wrong number of words%s; usage: %s%s%s",
			text_of_words ? " (a reason of several words stands in quotation marks)" : "", command->name,
			command->usage[0] != '\0' ? " " : "", command->usage);
		return ERR_INVALID;
	}
	return 0;
}

void command_describe(const struct command *command, struct buffer *out)
{
	buffer_printf(out, "%s%s%s - %s", command->name, command->usage[0] != '\0' ? " " : "", command->usage, command->summary);
}

bool request_has_keyword(const struct request *request, size_t index, const char *keyword)
{
	return index < request->count && strcasecmp(request->words[index], keyword) == 0;
}

int request_number(struct request *request, size_t index, int64_t least, int64_t most, int64_t *out)
{
	const char *text = index < request->count ? request->words[index] : "";
	char *end = NULL;
	long long number = 0;

	/* 18 digits cannot overflow. */
	if ((text[0] == '-' || (text[0] >= '0' && text[0] <= '9')) && strlen(text) <= 18)
		number = strtoll(text, &end, 10);
	if (end == NULL || end == text || *end != '\0' || number < least || number > most) {
		(void)snprintf(request->answer->why, sizeof request->answer->why,
			"word %zu has to be a number from %" PRId64 " to %" PRId64, index + 1, least, most);
		return ERR_INVALID;
	}
	*out = number;
	return 0;
}

bool request_is_text(const struct request *request)
{
	for (size_t i = 0; i < request->count; i++)
		if (memchr(request->words[i], '\0', request->lengths[i]) != NULL || !csv_is_utf8(request->words[i], request->lengths[i]))
			return false;
	return true;
}

int request_answer(struct request *request, int result)
{
	return result < 0 ? result : request_answer_json(request);
}

int request_answer_json(struct request *request)
{
	if (request->answer->json.failed)
		return ERR_MEMORY;
	reply_bulk(&request->reply, request->answer->json.data != NULL ? request->answer->json.data : "", request->answer->json.length);
	return COMMAND_ANSWERED;
}

void request_note(struct request *request, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (request->notes == NULL) {
		turn_note(request->server, "%s", line);
		return;
	}
	buffer_text(request->notes, line);
	buffer_text(request->notes, "\n");
}

void request_note_act(struct request *request, const char *event, const char *key, const char *value)
{
	char agent[LOG_QUOTED_SIZE];
	char quoted[LOG_QUOTED_SIZE];

	request_note(request, "event=%s %s=%s agent=%s", event, key, log_quote(value, strlen(value), quoted),
		log_quote(request->who->name, strlen(request->who->name), agent));
}
