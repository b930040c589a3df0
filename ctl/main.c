/* main.c - followupctl: the words of the socket for people and scripts, and a few commands of its own (followupctl(1)). */
#include <err.h>
#include <getopt.h>
#include <hiredis/hiredis.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "followup/ctl_connection.h"
#include "followup/ctl_history.h"
#include "followup/ctl_import.h"
#include "followup/ctl_page.h"
#include "followup/ctl_table.h"
#include "followup/ctl_why.h"
#include "followup/text.h"

enum { WORDS_MAX = 4096, REPORT_WORDS_MAX = 600, PORT = 7379 };

struct invocation {
	struct ctl_target target;
	bool json;
};

typedef enum ctl_status local_handler(const struct invocation *invocation, int count, char **words);

static local_handler help_command, import_command, agent_command, report_command, why_command;

/* Commands that are more than their word on the socket. `words` begin with the command itself. */
static const struct local_command {
	const char *name;
	local_handler *handler; /* NULL: sent as it is, and listed here only because everyone needs it */
	const char *usage;
	const char *summary;
} local_commands[] = {
	{"help", help_command, "help [COMMAND]", "this list, and the daemon's own commands"},
	{"import", import_command, "import clients|events FILE [--encoding gb18030] [--rejects FILE]",
		"load a CSV file; - is standard input"},
	{"agent", agent_command, "agent add NAME ROLE[,ROLE...] [QUEUES QUEUE ...]", "make an agent and print the token, this once"},
	{"agent", agent_command, "agent del NAME", "take an agent's access away"},
	{"agent", agent_command, "agent list", "who may do what"},
	{"forecast", report_command, "forecast [--days N] [--queue QUEUE] [--capacity QUEUE=CALLS ...] [--csv | --json]",
		"what falls due on each queue, and the first day that will be missed"},
	{"report", report_command, "report [--from DAY] [--to DAY] [--by rule|branch|agent|day|queue] [--csv | --json]",
		"what was due, what became of it, what was tried; this quarter unless said"},
	{"why", why_command, "why [client] CLIENT | why call CALL | why queue QUEUE [--agent NAME]",
		"why nothing comes out: for a client, a call, a queue"},
	{"check", NULL, "check", "compare what is stored with what the facts call for"},
	{"info", NULL, "info [SECTION]", "how the daemon is"},
	{"reload", NULL, "reload [dry]", "read the configuration again and tell what changes; dry: only tell"},
	{"shutdown", NULL, "shutdown", "finish what is under way and stop the daemon"},
};

static const char options_text[] = "usage: followupctl [OPTION ...] COMMAND [WORD ...]\n"
				   "\n"
				   "  -s, --socket PATH      the daemon's socket (/run/followupd/agent.sock)\n"
				   "  -h, --host HOST        TCP instead\n"
				   "  -p, --port PORT        its port (7379)\n"
				   "      --agent NAME       sign in; the token stands in FOLLOWUP_TOKEN or in\n"
				   "      --token-file FILE  this file's first line\n"
				   "      --json             answers as JSON, one document a line\n"
				   "      --help, --version\n"
				   "\n"
				   "Exit status: 0 done, 1 refused, some rows were bad or check or verify found something, 2 usage, 3 no "
				   "connection, 4 nothing there.\n";

/* How wide tables may be: as wide as the terminal. What goes into a file or a pipe is never broken into lines. */
static size_t terminal_width(void)
{
	struct winsize size;

	return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* Prints an answer for people, or as it is. */
static enum ctl_status show_document(const char *document, size_t length, bool json)
{
	struct buffer out = {0};
	int result = ERR_SYNTAX;

	if (!json) {
		struct ctl_table *table = ctl_table_new(terminal_width());
		result = table != NULL ? ctl_table_show(table, document, length, &out) : ERR_MEMORY;
		ctl_table_free(table);
		if (result < 0)
			buffer_clear(&out);
	}
	if (result < 0) { /* asked for as it is, or no JSON after all */
		if (json)
			buffer_append(&out, document, length);
		else
			text_clean(&out, document, length, true);
		if (length == 0 || document[length - 1] != '\n')
			buffer_text(&out, "\n");
	}
	if (out.failed)
		warnx("out of memory");
	else
		fwrite(out.data, 1, out.length, stdout);
	enum ctl_status status = out.failed ? CTL_REFUSED : CTL_OK;
	buffer_free(&out);
	return status;
}

static enum ctl_status show_as_json(const redisReply *reply)
{
	/* A list is one document a line, so that a script may read it line by line. */
	size_t count = reply->type == REDIS_REPLY_ARRAY ? reply->elements : 1;
	enum ctl_status status = CTL_OK;

	for (size_t i = 0; i < count && status == CTL_OK; i++) {
		struct buffer document = {0};
		ctl_reply_json(reply->type == REDIS_REPLY_ARRAY ? reply->element[i] : reply, &document);
		if (document.failed) {
			warnx("out of memory");
			status = CTL_REFUSED;
		} else {
			status = show_document(document.data, document.length, true);
		}
		buffer_free(&document);
	}
	return status;
}

static enum ctl_status show_for_people(const redisReply *reply)
{
	struct buffer document = {0};
	enum ctl_status status;

	switch (reply->type) {
	case REDIS_REPLY_INTEGER:
		printf("%lld\n", reply->integer);
		return CTL_OK;
	case REDIS_REPLY_ARRAY:
		ctl_reply_json(reply, &document);
		if (document.failed) {
			warnx("out of memory");
			status = CTL_REFUSED;
		} else {
			status = show_document(document.data, document.length, false);
		}
		buffer_free(&document);
		return status;
	default:
		return show_document(reply->str, (size_t)reply->len, false);
	}
}

/* A page of it; --json has everything. */
typedef int make_page(const char *document, size_t length, struct buffer *out);

static enum ctl_status show_page(const redisReply *reply, make_page *make)
{
	struct buffer page = {0};
	int result = make(reply->str, (size_t)reply->len, &page);
	enum ctl_status status =
		result < 0 ? show_document(reply->str, (size_t)reply->len, false) : show_document(page.data, page.length, false);

	buffer_free(&page);
	return status;
}

/* Whether CHECK has found faults, or VERIFY that the record does not hold: whoever runs them by the clock goes by the exit status. */
static bool is_bad_news(const redisReply *reply, const char *command)
{
	return reply->type == REDIS_REPLY_STRING &&
	       ((strcasecmp(command, "check") == 0 && strncmp(reply->str, "{\"faults\":[]", 12) != 0) ||
		       (strcasecmp(command, "verify") == 0 && strstr(reply->str, "\"holds\":false") != NULL));
}

static enum ctl_status show_reply(const redisReply *reply, const char *command, bool json)
{
	if (reply->type == REDIS_REPLY_ERROR)
		return ctl_tell_error(reply);
	if (reply->type == REDIS_REPLY_STRING && !json && strcasecmp(command, "why") == 0)
		return show_page(reply, ctl_why_page);
	if (reply->type == REDIS_REPLY_STRING && !json && strcasecmp(command, "history") == 0)
		return show_page(reply, ctl_history_page);
	bool next = strcasecmp(command, "next") == 0;
	if (reply->type == REDIS_REPLY_NIL || (next && reply->type == REDIS_REPLY_ARRAY && reply->elements == 0)) {
		if (json)
			printf("null\n");
		else
			fprintf(stderr, "%s\n", next ? "no call is waiting for you" : "nothing there");
		return CTL_NOTHING;
	}
	enum ctl_status status = json ? show_as_json(reply) : show_for_people(reply);
	return status == CTL_OK && is_bad_news(reply, command) ? CTL_REFUSED : status;
}

/* A list that ends at its limit says so, beside the answer and not in it. */
static void tell_more(int count, char *const *words, const redisReply *reply)
{
	struct buffer note = {0};

	if (reply->type == REDIS_REPLY_STRING && ctl_page_note(count, words, reply->str, reply->len, &note) == 0 && note.length > 0) {
		fflush(stdout);
		fputs(note.data, stderr);
	}
	buffer_free(&note);
}

/* Sends the words as they are and shows the answer. */
static enum ctl_status pass_on(const struct invocation *invocation, int count, char **words)
{
	static const char *sent[WORDS_MAX];
	static size_t lengths[WORDS_MAX];
	redisContext *connection;
	redisReply *reply;

	if (count > WORDS_MAX) {
		warnx("more than %d words", WORDS_MAX);
		return CTL_USAGE;
	}
	for (int i = 0; i < count; i++) {
		sent[i] = words[i];
		lengths[i] = strlen(words[i]);
	}
	enum ctl_status status = ctl_connect(&invocation->target, &connection);
	if (status != CTL_OK)
		return status;
	status = ctl_ask(connection, (size_t)count, sent, lengths, &reply);
	if (status == CTL_OK) {
		status = show_reply(reply, words[0], invocation->json);
		if (!invocation->json)
			tell_more(count, words, reply);
		freeReplyObject(reply);
	}
	redisFree(connection);
	return status;
}

static enum ctl_status help_command(const struct invocation *invocation, int count, char **words)
{
	if (count > 1)
		return pass_on(invocation, count, words);
	printf("%s\nOwn commands:\n", options_text);
	for (size_t i = 0; i < sizeof local_commands / sizeof local_commands[0]; i++)
		printf("  %s\n      %s\n", local_commands[i].usage, local_commands[i].summary);
	printf("\nThe daemon's commands:\n");
	fflush(stdout);

	struct invocation quiet = *invocation;
	quiet.target.quiet = true;
	char word[] = "HELP";
	char *only[] = {word};
	if (pass_on(&quiet, 1, only) != CTL_OK)
		printf("  (it does not answer now; followup-protocol(7) lists them)\n");
	return CTL_OK;
}

static enum ctl_status import_command(const struct invocation *invocation, int count, char **words)
{
	return ctl_import(&invocation->target, count, words, invocation->json);
}

static enum ctl_status agent_command(const struct invocation *invocation, int count, char **words)
{
	static const struct {
		const char *name;
		char word[16]; /* on the socket */
		int least;     /* words, "agent add" included */
	} actions[] = {
		{"add", "AGENT.ADD", 4},
		{"del", "AGENT.DEL", 3},
		{"delete", "AGENT.DEL", 3},
		{"list", "AGENT.LIST", 2},
	};

	for (size_t i = 0; count > 1 && i < sizeof actions / sizeof actions[0]; i++) {
		char word[sizeof actions[i].word];
		if (strcasecmp(words[1], actions[i].name) != 0 || count < actions[i].least)
			continue;
		snprintf(word, sizeof word, "%s", actions[i].word);
		words[1] = word;
		return pass_on(invocation, count - 1, words + 1);
	}
	fprintf(stderr, "usage: followupctl agent add NAME ROLE[,ROLE...] [QUEUES QUEUE ...]\n"
			"       followupctl agent del NAME\n"
			"       followupctl agent list\n"
			"roles: agent gateway feeder supervisor reviewer auditor operator\n");
	return CTL_USAGE;
}

/* Options are the words of the socket with dashes before them: "--by agent", "--by=agent", "by agent". Without a format it is the table. */
static enum ctl_status report_command(const struct invocation *invocation, int count, char **words)
{
	static char format[] = "format", csv[] = "csv", json[] = "json", text[] = "text";
	char *sent[REPORT_WORDS_MAX];
	int sent_count = 0;

	/* A format that is asked for stands behind this one, and counts. */
	sent[sent_count++] = words[0];
	sent[sent_count++] = format;
	sent[sent_count++] = invocation->json ? json : text;
	for (int i = 1; i < count; i++) {
		char *word = words[i], *value = NULL;
		if (sent_count + 2 > REPORT_WORDS_MAX) {
			warnx("%s: more words than it takes", words[0]);
			return CTL_USAGE;
		}
		if (strncmp(word, "--", 2) == 0) {
			word += 2;
			value = strchr(word, '=');
			if (value != NULL)
				*value++ = '\0';
		}
		if (word != words[i] && strcmp(word, csv) == 0) {
			word = format;
			value = csv;
		}
		sent[sent_count++] = word;
		if (value != NULL)
			sent[sent_count++] = value;
	}
	return pass_on(invocation, sent_count, sent);
}

/* --agent as hands write it; the socket wants AGENT. */
static enum ctl_status why_command(const struct invocation *invocation, int count, char **words)
{
	static char agent[] = "AGENT";

	for (int i = 1; i < count; i++)
		if (strcmp(words[i], "--agent") == 0)
			words[i] = agent;
	return pass_on(invocation, count, words);
}

static enum ctl_status run_command(const struct invocation *invocation, int count, char **words)
{
	for (size_t i = 0; i < sizeof local_commands / sizeof local_commands[0]; i++) {
		if (strcasecmp(words[0], local_commands[i].name) == 0 && local_commands[i].handler != NULL)
			return local_commands[i].handler(invocation, count, words);
	}
	return pass_on(invocation, count, words);
}

/* --json may stand anywhere before "--", because that is where hands put it. No command of the daemon takes such a word. */
static int take_json(int count, char **words, bool *json)
{
	int kept = 0;
	bool ended = false;

	for (int i = 0; i < count; i++) {
		if (!ended && strcmp(words[i], "--json") == 0) {
			*json = true;
			continue;
		}
		if (!ended && strcmp(words[i], "--") == 0)
			ended = true;
		words[kept++] = words[i];
	}
	words[kept] = NULL;
	return kept;
}

static int parse_port(const char *text)
{
	char *end;
	long port = strtol(text, &end, 10);

	return *text != '\0' && *end == '\0' && port > 0 && port <= 65535 ? (int)port : -1;
}

enum long_option { OPTION_AGENT = CHAR_MAX + 1, OPTION_TOKEN_FILE, OPTION_HELP, OPTION_VERSION };

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"host", required_argument, NULL, 'h'},
		{"port", required_argument, NULL, 'p'},
		{"agent", required_argument, NULL, OPTION_AGENT},
		{"token-file", required_argument, NULL, OPTION_TOKEN_FILE},
		{"help", no_argument, NULL, OPTION_HELP},
		{"version", no_argument, NULL, OPTION_VERSION},
		{NULL, 0, NULL, 0},
	};
	struct invocation invocation = {.target = {.socket = "/run/followupd/agent.sock"}};
	int option;

	signal(SIGPIPE, SIG_IGN); /* a broken connection or pipe is told as what it is */
	argc = take_json(argc, argv, &invocation.json);
	while ((option = getopt_long(argc, argv, "+s:h:p:", options, NULL)) != -1) {
		switch (option) {
		case 's':
			invocation.target.socket = optarg;
			break;
		case 'h':
			invocation.target.host = optarg;
			break;
		case 'p':
			invocation.target.port = parse_port(optarg);
			if (invocation.target.port < 0) {
				warnx("%s is no port", optarg);
				return CTL_USAGE;
			}
			break;
		case OPTION_AGENT:
			invocation.target.agent = optarg;
			break;
		case OPTION_TOKEN_FILE:
			invocation.target.token_file = optarg;
			break;
		case OPTION_HELP:
			printf("%s\nfollowupctl help lists the commands.\n", options_text);
			return CTL_OK;
		case OPTION_VERSION:
			printf("followupctl %s\n", FOLLOWUP_VERSION);
			return CTL_OK;
		default:
			fprintf(stderr, "%s", options_text);
			return CTL_USAGE;
		}
	}
	if (invocation.target.port != 0 && invocation.target.host == NULL)
		invocation.target.host = "127.0.0.1";
	if (invocation.target.port == 0)
		invocation.target.port = PORT;
	if (invocation.target.token_file != NULL && invocation.target.agent == NULL) {
		warnx("--token-file needs --agent NAME");
		return CTL_USAGE;
	}
	if (optind == argc) {
		fprintf(stderr, "%s\nfollowupctl help lists the commands.\n", options_text);
		return CTL_USAGE;
	}

	enum ctl_status status = run_command(&invocation, argc - optind, argv + optind);
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == CTL_OK) {
		warn("standard output");
		status = CTL_REFUSED;
	}
	return (int)status;
}
