/* Commands about the connection itself, most of which client libraries send unasked. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "followup/command.h"
#include "followup/guess.h"
#include "followup/json_text.h"
#include "followup/server.h"
#include "followup/turn.h"

static int refuse(struct request *request, const char *text)
{
	reply_error(&request->reply, "ERR", text);
	return COMMAND_REFUSED;
}

/* A name as the log may have it. Whoever mixes up the two words of AUTH must not find his token there. */
static const char *name_for_log(const char *name, char quoted[LOG_QUOTED_SIZE])
{
	enum { TOKEN_LENGTH = 64 };
	size_t length = strlen(name);

	if (length == TOKEN_LENGTH && strspn(name, "0123456789abcdef") == length)
		return log_quote("(a token)", strlen("(a token)"), quoted);
	return log_quote(name, length, quoted);
}

/* 0: signed in; COMMAND_REFUSED with the reply written; or the store's error. */
static int sign_in(struct request *request, const char *name, const char *token)
{
	struct session *session = request->session;
	struct server *server = request->server;
	struct identity identity;
	char quoted[LOG_QUOTED_SIZE];
	int64_t now_ms = clock_monotonic_ms();
	/* A console slows down by the machines that its people sit at, which we do not see: one who guesses there must not lock out all the others. */
	const char *source = session->is_console ? NULL : session->source;
	int64_t wait_ms = guesses_wait(server->guesses, source, name, now_ms);

	/* Not even looked at: whoever goes on guessing learns nothing by it. */
	if (wait_ms > 0) {
		char text[96];
		server->guesses_slowed++;
		(void)snprintf(text, sizeof text, "too many wrong tokens; try again in %" PRId64 " s", (wait_ms + 999) / 1000);
		reply_error(&request->reply, "BUSY", text);
		if (++session->auth_failures >= SESSION_AUTH_FAILURES_MAX)
			session_close_after_replies(session, "too many wrong tokens");
		return COMMAND_REFUSED;
	}
	int result = turn_open(server);
	if (result < 0)
		return result;
	request->used_store = true;
	result = desk_authenticate(server->desk, name, token, &identity);
	if (turn_is_store_error(result)) {
		turn_fail(server, result);
		return result;
	}
	if (result == ERR_MEMORY)
		return result;
	const char *said = name_for_log(name, quoted);
	if (result < 0) {
		guesses_wrong(server->guesses, source, name, now_ms);
		server->wrong_tokens++;
		log_event(server->log, LOG_LEVEL_WARNING, "sign_in_refused", "agent=%s peer=%s session=%" PRIu64, said, session->peer,
			session->id);
		reply_error(&request->reply, "NOAUTH", "no agent of that name has that token");
		if (++session->auth_failures >= SESSION_AUTH_FAILURES_MAX)
			session_close_after_replies(session, "too many wrong tokens");
		return COMMAND_REFUSED;
	}
	session->standing.identity = identity;
	session->standing.signed_in = true;
	session->standing.looked_up = true;
	session->auth_failures = 0;
	guesses_right(server->guesses, source);
	turn_note(server, "event=signed_in agent=%s peer=%s session=%" PRIu64, said, session->peer, session->id);
	return 0;
}

int command_auth(struct request *request)
{
	int result;

	if (request->count == 2)
		return refuse(request, "AUTH needs a name and a token: AUTH name token");
	result = sign_in(request, request->words[1], request->words[2]);
	if (result == 0)
		reply_simple(&request->reply, "OK");
	return result;
}

/* A connection's name goes into INFO and logs: printable, no blanks. */
static bool set_name(struct session *session, const char *name)
{
	if (strlen(name) >= sizeof session->name)
		return false;
	for (const char *byte = name; *byte != '\0'; byte++)
		if (*byte < '!' || *byte > '~')
			return false;
	memcpy(session->name, name, strlen(name) + 1);
	return true;
}

static const char *const bad_name = "a connection's name has at most 64 printable characters and no blanks";

int command_hello(struct request *request)
{
	struct session *session = request->session;
	struct reply *reply = &request->reply;
	int64_t version = session->standing.protocol;
	const char *name = NULL;
	const char *token = NULL;
	const char *session_name = NULL;
	int result;

	if (request->count > 1 && (strlen(request->words[1]) != 1 || (request->words[1][0] != '2' && request->words[1][0] != '3'))) {
		reply_error(reply, "NOPROTO", "versions 2 and 3 of the protocol are spoken here");
		return COMMAND_REFUSED;
	}
	if (request->count > 1)
		version = request->words[1][0] - '0';
	for (size_t i = 2; i < request->count;) {
		if (request_has_keyword(request, i, "AUTH") && i + 2 < request->count) {
			name = request->words[i + 1];
			token = request->words[i + 2];
			i += 3;
		} else if (request_has_keyword(request, i, "SETNAME") && i + 1 < request->count) {
			session_name = request->words[i + 1];
			i += 2;
		} else {
			return refuse(request, "usage: HELLO [2|3 [AUTH name token] [SETNAME name]]");
		}
	}
	if (name != NULL) {
		result = sign_in(request, name, token);
		if (result != 0)
			return result;
	}
	if (session_name != NULL && !set_name(session, session_name))
		return refuse(request, bad_name);
	session->standing.protocol = (int)version;
	if (name == NULL)
		session->committed.protocol = (int)version; /* its answer does not rest on the turn */
	reply->protocol = (int)version;
	reply_map(reply, 7);
	reply_text(reply, "server");
	reply_text(reply, "followupd");
	reply_text(reply, "version");
	reply_text(reply, FOLLOWUP_VERSION);
	reply_text(reply, "proto");
	reply_integer(reply, version);
	reply_text(reply, "id");
	reply_integer(reply, (int64_t)session->id);
	reply_text(reply, "mode");
	reply_text(reply, "standalone");
	reply_text(reply, "role");
	reply_text(reply, "master");
	reply_text(reply, "modules");
	reply_array(reply, 0);
	return COMMAND_ANSWERED;
}

int command_ping(struct request *request)
{
	if (request->count == 2)
		reply_bulk(&request->reply, request->words[1], request->lengths[1]);
	else
		reply_simple(&request->reply, "PONG");
	return COMMAND_ANSWERED;
}

int command_echo(struct request *request)
{
	reply_bulk(&request->reply, request->words[1], request->lengths[1]);
	return COMMAND_ANSWERED;
}

int command_select(struct request *request)
{
	if (strcmp(request->words[1], "0") != 0)
		return refuse(request, "there is one book: SELECT 0");
	reply_simple(&request->reply, "OK");
	return COMMAND_ANSWERED;
}

int command_quit(struct request *request)
{
	reply_simple(&request->reply, "OK");
	session_close_after_replies(request->session, "QUIT");
	return COMMAND_ANSWERED;
}

int command_reset(struct request *request)
{
	session_reset_identity(request->session);
	/* He hears that he is nobody: a turn that fails must not make him again who he was. */
	request->session->committed = request->session->standing;
	if (request->session->subscribed)
		request->server->subscribers--;
	request->session->subscribed = false;
	request->session->name[0] = '\0';
	reply_simple(&request->reply, "RESET");
	return COMMAND_ANSWERED;
}

int command_whoami(struct request *request)
{
	const struct identity *who = &request->session->standing.identity;
	struct buffer *json = &request->answer->json;
	const char *separator = "";

	buffer_text(json, "{\"name\":");
	json_text_append(json, who->name);
	buffer_text(json, ",\"roles\":[");
	for (unsigned role = 1; role <= ROLE_OPERATOR; role *= 2) {
		if ((who->roles & role) == 0)
			continue;
		buffer_text(json, separator);
		json_text_append(json, role_name(role));
		separator = ",";
	}
	buffer_printf(json, "],\"session\":%" PRIu64 "}", request->session->id);
	return request_answer_json(request);
}

int command_client(struct request *request)
{
	struct session *session = request->session;

	if (request_has_keyword(request, 1, "SETNAME") && request->count == 3) {
		if (!set_name(session, request->words[2]))
			return refuse(request, bad_name);
		reply_simple(&request->reply, "OK");
	} else if (request_has_keyword(request, 1, "GETNAME") && request->count == 2) {
		if (session->name[0] == '\0')
			reply_null(&request->reply);
		else
			reply_text(&request->reply, session->name);
	} else if (request_has_keyword(request, 1, "SETINFO") && request->count == 4) {
		/* A library tells its name and version; nobody here asks for them. */
		reply_simple(&request->reply, "OK");
	} else if (request_has_keyword(request, 1, "ID") && request->count == 2) {
		reply_integer(&request->reply, (int64_t)session->id);
	} else {
		return refuse(request,
			"usage: CLIENT SETNAME name | GETNAME | SETINFO field value | ID (a client's data goes in with CLIENT.PUT)");
	}
	return COMMAND_ANSWERED;
}

static bool may_use(const struct request *request, const struct command *command)
{
	const char *word = NULL;
	char why[512];

	if ((command->flags & COMMAND_TEST_CLOCK) != 0 && !request->server->business_clock->frozen)
		return false;
	return command_check(command, &request->session->standing.identity, (size_t)command->words_min, &word, why, sizeof why) == 0;
}

int command_help(struct request *request)
{
	struct buffer line = {0};
	size_t count = 0;
	bool all = request->count == 1;
	int result = COMMAND_ANSWERED;

	for (size_t i = 0; i < command_count; i++)
		count += all ? may_use(request, &command_table[i]) : strcasecmp(command_table[i].name, request->words[1]) == 0;
	if (count == 0)
		return refuse(request, "no such command; HELP lists them all");
	reply_array(&request->reply, count);
	for (size_t i = 0; i < command_count; i++) {
		const struct command *command = &command_table[i];
		if (!(all ? may_use(request, command) : strcasecmp(command->name, request->words[1]) == 0))
			continue;
		buffer_clear(&line);
		command_describe(command, &line);
		if (line.failed) {
			result = ERR_MEMORY;
			break;
		}
		reply_bulk(&request->reply, line.data, line.length);
	}
	buffer_free(&line);
	return result;
}

static void reply_lower_name(struct reply *reply, const struct command *command)
{
	char name[32];
	size_t length = strlen(command->name);

	for (size_t i = 0; i < length && i < sizeof name; i++)
		name[i] = (char)(command->name[i] >= 'A' && command->name[i] <= 'Z' ? command->name[i] + ('a' - 'A') : command->name[i]);
	reply_bulk(reply, name, length);
}

/* One command as client libraries read it: name, arity (negative: at least), flags, no keys, and four lists that stay empty. */
static void reply_command_info(struct reply *reply, const struct command *command)
{
	bool before_auth;

	if (command == NULL) {
		reply_null_array(reply);
		return;
	}
	before_auth = (command->flags & COMMAND_BEFORE_AUTH) != 0;
	reply_array(reply, 10);
	reply_lower_name(reply, command);
	reply_integer(reply, command->words_min == command->words_max ? command->words_min : -command->words_min);
	reply_set(reply, before_auth ? 2 : 1);
	reply_simple(reply, (command->flags & COMMAND_WRITES) != 0 ? "write" : "readonly");
	if (before_auth)
		reply_simple(reply, "no_auth");
	for (int i = 0; i < 3; i++)
		reply_integer(reply, 0);
	reply_set(reply, 0);
	for (int i = 0; i < 3; i++)
		reply_array(reply, 0);
}

static void reply_command_docs(struct reply *reply, const struct command *command)
{
	bool has_usage = command->usage[0] != '\0';

	reply_lower_name(reply, command);
	reply_map(reply, has_usage ? 4 : 3);
	reply_text(reply, "summary");
	reply_text(reply, command->summary);
	reply_text(reply, "since");
	reply_text(reply, FOLLOWUP_VERSION);
	reply_text(reply, "group");
	reply_text(reply, command->group);
	if (!has_usage)
		return;
	/* The usage stands as one argument, which is how redis-cli shows it while one types. */
	reply_text(reply, "arguments");
	reply_array(reply, 1);
	reply_map(reply, 2);
	reply_text(reply, "name");
	reply_text(reply, command->usage);
	reply_text(reply, "type");
	reply_text(reply, "string");
}

/* Whether there is a command on this daemon: some are only there with a test clock. */
static bool is_there(const struct request *request, const struct command *command)
{
	return (command->flags & COMMAND_TEST_CLOCK) == 0 || request->server->business_clock->frozen;
}

static size_t count_all(const struct request *request)
{
	size_t count = 0;

	for (size_t i = 0; i < command_count; i++)
		count += is_there(request, &command_table[i]);
	return count;
}

/* The i-th of the commands that were named, or of all. */
static const struct command *named(const struct request *request, size_t i)
{
	if (request->count > 2)
		return command_find(request->words[i + 2], request->lengths[i + 2], request->server->business_clock->frozen);
	for (size_t at = 0; at < command_count; at++)
		if (is_there(request, &command_table[at]) && i-- == 0)
			return &command_table[at];
	return NULL;
}

int command_command(struct request *request)
{
	struct reply *reply = &request->reply;
	size_t count = request->count > 2 ? request->count - 2 : count_all(request);
	size_t known = 0;

	if (request_has_keyword(request, 1, "COUNT") && request->count == 2) {
		reply_integer(reply, (int64_t)count);
	} else if (request_has_keyword(request, 1, "LIST") && request->count == 2) {
		count = count_all(request);
		reply_array(reply, count);
		for (size_t i = 0; i < command_count; i++)
			if (is_there(request, &command_table[i]))
				reply_lower_name(reply, &command_table[i]);
	} else if (request_has_keyword(request, 1, "DOCS")) {
		for (size_t i = 0; i < count; i++)
			known += named(request, i) != NULL;
		reply_map(reply, known);
		for (size_t i = 0; i < count; i++)
			if (named(request, i) != NULL)
				reply_command_docs(reply, named(request, i));
	} else if (request->count == 1 || request_has_keyword(request, 1, "INFO")) {
		reply_array(reply, count);
		for (size_t i = 0; i < count; i++)
			reply_command_info(reply, named(request, i));
	} else {
		return refuse(request, "usage: COMMAND [COUNT | LIST | INFO [command ...] | DOCS [command ...]]");
	}
	return COMMAND_ANSWERED;
}
