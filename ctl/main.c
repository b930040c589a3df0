/* main.c - followupctl: the words of the socket for people and scripts, and a few commands of its own (followupctl(1)). */
#include <err.h>
#include <getopt.h>
#include <hiredis/hiredis.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "followup/ctl_connection.h"
#include "followup/ctl_desk.h"
#include "followup/ctl_import.h"
#include "followup/ctl_page.h"
#include "followup/ctl_show.h"
#include "followup/ctl_top.h"
#include "followup/text.h"

enum { WORDS_MAX = 4096, REPORT_WORDS_MAX = 600, PORT = 7379 };

struct invocation {
	struct ctl_target target;
	bool json;
};

typedef enum ctl_status local_handler(const struct invocation *invocation, int count, char **words);

static local_handler help_command, import_command, agent_command, report_command, why_command, next_command, done_command, top_command;

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
	{"next", next_command, "next [QUEUE QUEUE ...] [WAIT SECONDS]",
		"take the next call; on a terminal, with its card and the questions that its outcome wants"},
	{"done", done_command, "done [LEASE] | done LEASE DISPOSITION [JSON]",
		"say how it went; on a terminal without an outcome it is asked for"},
	{"top", top_command, "top [--interval SECONDS]",
		"the queues and the agents of this moment, until q; once where there is no terminal"},
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

static const char options_text[] =
	"usage: followupctl [OPTION ...] COMMAND [WORD ...]\n"
	"\n"
	"  -s, --socket PATH      the daemon's socket (/run/followupd/agent.sock)\n"
	"  -h, --host HOST        TCP instead\n"
	"  -p, --port PORT        its port (7379)\n"
	"      --agent NAME       sign in; the token stands in FOLLOWUP_TOKEN or in\n"
	"      --token-file FILE  this file's first line\n"
	"      --json             answers as JSON, one document a line\n"
	"      --help, --version\n"
	"\n"
	"FOLLOWUP_SOCKET, FOLLOWUP_AGENT, FOLLOWUP_TOKEN and FOLLOWUP_TOKEN_FILE stand for those that are not given.\n"
	"\n"
	"Exit status: 0 done, 1 refused, some rows were bad or check or verify found something, 2 usage, 3 no "
	"connection, 4 nothing there.\n";

/* A list that ends at its limit says so, beside the answer and not in it. */
static enum ctl_status tell_more(int count, char *const *words, const redisReply *reply)
{
	struct buffer note = {0};
	int result = reply->type == REDIS_REPLY_STRING ? ctl_page_note(count, words, reply->str, reply->len, &note) : 0;

	fflush(stdout);
	if (result < 0)
		warnx("out of memory; whether there is more behind these is not known");
	else if (note.length > 0)
		fputs(note.data, stderr);
	buffer_free(&note);
	return result < 0 ? CTL_REFUSED : CTL_OK;
}

/* Sends the words as they are and shows the answer, a forecast as bars where that is wanted. */
static enum ctl_status send_words(const struct invocation *invocation, int count, char **words, bool bars)
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
		status = bars ? ctl_show_bars(reply) : ctl_show_reply(reply, words[0], invocation->json);
		enum ctl_status more = invocation->json ? CTL_OK : tell_more(count, words, reply);
		status = status == CTL_OK ? more : status;
		freeReplyObject(reply);
	}
	redisFree(connection);
	return status;
}

static enum ctl_status pass_on(const struct invocation *invocation, int count, char **words)
{
	return send_words(invocation, count, words, false);
}

static void add_member(struct buffer *out, const char *name, const char *text, size_t length)
{
	buffer_printf(out, "%s\"%s\":", out->length > 0 && out->data[out->length - 1] == '{' ? "" : ",", name);
	text_json(out, text, length);
}

/* A line of HELP: "NAME usage - summary". */
static void add_help_line(struct buffer *out, const char *line)
{
	const char *dash = strstr(line, " - ");
	size_t name = strcspn(line, " "), usage = dash != NULL ? (size_t)(dash - line) : strlen(line);

	buffer_text(out, "{");
	add_member(out, "command", line, name);
	add_member(out, "usage", line + name + (usage > name), usage > name ? usage - name - 1 : 0);
	add_member(out, "summary", dash != NULL ? dash + 3 : "", dash != NULL ? strlen(dash + 3) : 0);
	buffer_text(out, ",\"own\":false}\n");
}

/* A document a line for each command: those of followupctl, and those of the daemon if it answers. */
static enum ctl_status help_json(const struct invocation *invocation)
{
	const char *words[] = {"HELP"};
	size_t lengths[] = {4};
	struct ctl_target quiet = invocation->target;
	struct buffer out = {0};
	redisContext *connection;
	redisReply *reply = NULL;
	enum ctl_status asked = CTL_OK;

	for (size_t i = 0; i < sizeof local_commands / sizeof local_commands[0]; i++) {
		const struct local_command *own = &local_commands[i];
		buffer_text(&out, "{");
		add_member(&out, "command", own->name, strlen(own->name));
		add_member(&out, "usage", own->usage, strlen(own->usage));
		add_member(&out, "summary", own->summary, strlen(own->summary));
		buffer_text(&out, ",\"own\":true}\n");
	}
	quiet.quiet = true;
	if (ctl_connect(&quiet, &connection) == CTL_OK) {
		asked = ctl_ask(connection, 1, words, lengths, &reply);
		if (asked == CTL_OK && reply->type == REDIS_REPLY_ARRAY)
			for (size_t i = 0; i < reply->elements; i++)
				add_help_line(&out, reply->element[i]->str != NULL ? reply->element[i]->str : "");
		if (reply != NULL)
			freeReplyObject(reply);
		redisFree(connection);
	}
	enum ctl_status status = ctl_show_text(&out);
	buffer_free(&out);
	return status == CTL_OK ? asked : status;
}

static enum ctl_status help_command(const struct invocation *invocation, int count, char **words)
{
	if (count > 1)
		return pass_on(invocation, count, words);
	if (invocation->json)
		return help_json(invocation);
	printf("%s\nOwn commands:\n", options_text);
	for (size_t i = 0; i < sizeof local_commands / sizeof local_commands[0]; i++)
		printf("  %s\n      %s\n", local_commands[i].usage, local_commands[i].summary);
	printf("\nThe daemon's commands:\n");
	fflush(stdout);

	struct invocation quiet = *invocation;
	quiet.target.quiet = true;
	char word[] = "HELP";
	char *only[] = {word};
	enum ctl_status status = pass_on(&quiet, 1, only);
	if (status == CTL_NO_CONNECTION)
		printf("  (it does not answer now; followup-protocol(7) lists them)\n");
	return status == CTL_NO_CONNECTION ? CTL_OK : status;
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

/* Options are the words of the socket with dashes before them: "--by agent", "--by=agent", "by agent". Without a format it is the table; a forecast on a terminal, bars. */
static enum ctl_status report_command(const struct invocation *invocation, int count, char **words)
{
	static char format[] = "format", csv[] = "csv", json[] = "json", text[] = "text";
	char *sent[REPORT_WORDS_MAX];
	int sent_count = 0;
	bool bars = strcasecmp(words[0], "forecast") == 0 && !invocation->json && isatty(STDOUT_FILENO) == 1;

	for (int i = 1; i < count; i++)
		bars = bars && strcmp(words[i], "--csv") != 0 && strcasecmp(words[i] + strspn(words[i], "-"), "format") != 0;
	/* A format that is asked for stands behind this one, and counts. */
	sent[sent_count++] = words[0];
	sent[sent_count++] = format;
	sent[sent_count++] = invocation->json || bars ? json : text;
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
	return send_words(invocation, sent_count, sent, bars);
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

/* With COUNT, or where nobody can be asked, the words go as they are. */
static enum ctl_status next_command(const struct invocation *invocation, int count, char **words)
{
	bool asks = !invocation->json && ctl_desk_is_attended();

	for (int i = 1; i < count; i++)
		asks = asks && strcasecmp(words[i], "count") != 0;
	return asks ? ctl_desk_next(&invocation->target, count, words) : pass_on(invocation, count, words);
}

static enum ctl_status done_command(const struct invocation *invocation, int count, char **words)
{
	if (count > 2 || invocation->json || !ctl_desk_is_attended())
		return pass_on(invocation, count, words);
	return ctl_desk_done(&invocation->target, count > 1 ? words[1] : NULL);
}

static enum ctl_status top_command(const struct invocation *invocation, int count, char **words)
{
	return ctl_top(&invocation->target, count - 1, words + 1, invocation->json);
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

/* A variable of the environment that is set and not empty. */
static const char *setting(const char *name, const char *standard)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : standard;
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
	struct invocation invocation = {
		.target = {.socket = setting("FOLLOWUP_SOCKET", "/run/followupd/agent.sock"), .agent = setting("FOLLOWUP_AGENT", NULL)}};
	int option;

	setlocale(LC_CTYPE, "");  /* asked only whether bars may be blocks */
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
			invocation.target.agent = optarg[0] != '\0' ? optarg : NULL; /* nobody: whom the socket takes him for */
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
	if (invocation.target.agent != NULL && invocation.target.token_file == NULL && setting("FOLLOWUP_TOKEN", NULL) == NULL)
		invocation.target.token_file = setting("FOLLOWUP_TOKEN_FILE", NULL);
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
