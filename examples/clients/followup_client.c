/* A CRM that feeds followupd and makes its calls, with hiredis for the protocol and jansson for JSON. followup-clients(7) explains it.
 *
 *     cc -o followup_client followup_client.c -lhiredis -ljansson
 *     FEEDER_TOKEN=... AGENT_TOKEN=... ./followup_client ADDRESS < rows
 *
 * ADDRESS is the unix socket or HOST:PORT. Each row is a command and its document: CLIENT.PUT {"client_ref":"C1","name":"..."} */
#define _GNU_SOURCE
#include <hiredis/hiredis.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 100 /* rows on their way at once */, WORDS = 4, PAUSE_MS = 50, PAUSE_MS_MOST = 2000 };
enum { PATIENCE_SECONDS = 120 /* for which BUSY, STORE and a lost connection are borne */ };

struct command {
	int count;
	const char *words[WORDS];
};

/* One identity's connection, made anew when it breaks. Only what may be sent twice is sent through it. */
struct desk {
	const char *address, *name, *token;
	redisContext *connection;
};

static _Noreturn void leave(const char *what, const char *why)
{
	fprintf(stderr, "followup_client: %s%s%s\n", what, why[0] != '\0' ? ": " : "", why);
	exit(1);
}

static bool is_word(const redisReply *reply, const char *word)
{
	size_t length = strlen(word);

	return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, word, length) == 0 &&
	       (reply->str[length] == ' ' || reply->str[length] == '\0');
}

static bool is_later(const redisReply *reply)
{
	return is_word(reply, "BUSY") || is_word(reply, "STORE");
}

static void hang_up(struct desk *desk)
{
	if (desk->connection != NULL)
		redisFree(desk->connection);
	desk->connection = NULL;
}

/* Connects and signs in; false when it has to be tried again. */
static bool dial(struct desk *desk)
{
	char host[256];
	const char *colon = strrchr(desk->address, ':');

	if (colon == NULL || strchr(desk->address, '/') != NULL) {
		desk->connection = redisConnectUnix(desk->address);
	} else {
		snprintf(host, sizeof host, "%.*s", (int)(colon - desk->address), desk->address);
		desk->connection = redisConnect(host, atoi(colon + 1));
	}
	if (desk->connection == NULL)
		leave("out of memory", "");
	redisReply *reply = desk->connection->err == 0 ? redisCommand(desk->connection, "AUTH %s %s", desk->name, desk->token) : NULL;
	bool in = reply != NULL && reply->type != REDIS_REPLY_ERROR;
	if (reply != NULL && !in && !is_later(reply))
		leave("AUTH", reply->str);
	if (reply != NULL)
		freeReplyObject(reply);
	if (!in)
		hang_up(desk);
	return in;
}

/* Called with each answer, in order; the answer is freed afterwards. */
typedef void take_answer(void *context, const struct command *command, redisReply *answer);

/* Sends what is left and takes the answers: how many were taken. From the first BUSY or STORE on none are. */
static int send_some(struct desk *desk, const struct command *commands, int count, take_answer *take, void *context)
{
	bool later = false;
	int taken = 0;

	for (int i = 0; i < count; i++)
		redisAppendCommandArgv(desk->connection, commands[i].count, (const char **)commands[i].words, NULL);
	for (int i = 0; i < count; i++) {
		redisReply *reply;
		if (redisGetReply(desk->connection, (void **)&reply) != REDIS_OK) {
			hang_up(desk);
			break;
		}
		later = later || is_later(reply);
		if (!later) {
			take(context, &commands[i], reply);
			taken++;
		}
		freeReplyObject(reply);
	}
	return taken;
}

/* Sends commands at once. Those from the first BUSY or STORE on are sent again, all of them, so that two rows of one client keep their order; so they are from the first
 * unanswered one when the connection breaks. */
static void ask_all(struct desk *desk, const struct command *commands, int count, take_answer *take, void *context)
{
	int done = 0, pause = PAUSE_MS;
	time_t until = time(NULL) + PATIENCE_SECONDS;

	while (done < count) {
		int taken = desk->connection != NULL || dial(desk) ? send_some(desk, commands + done, count - done, take, context) : 0;
		done += taken;
		if (taken > 0) {
			pause = PAUSE_MS;
			until = time(NULL) + PATIENCE_SECONDS;
		}
		if (done == count)
			return;
		if (time(NULL) > until)
			leave("the daemon was busy or away for too long", "");
		nanosleep(&(struct timespec){.tv_sec = pause / 1000, .tv_nsec = pause % 1000 * 1000000L}, NULL);
		pause = pause * 2 < PAUSE_MS_MOST ? pause * 2 : PAUSE_MS_MOST;
	}
}

/* --- Feeding --------------------------------------------------------------------------------------- */

struct tally {
	int taken, refused;
};

static void count_row(void *context, const struct command *row, redisReply *answer)
{
	struct tally *tally = context;

	if (answer->type != REDIS_REPLY_ERROR) {
		tally->taken++; /* 1: something is new, 0: it was known; both are well */
		return;
	}
	if (is_word(answer, "NOAUTH") || is_word(answer, "NOPERM"))
		leave(row->words[0], answer->str);
	tally->refused++;
	printf("refused: %s: %s\n", row->words[1], answer->str);
}

static void feed(struct desk *desk, FILE *input)
{
	struct command rows[BATCH];
	char *lines[BATCH] = {NULL};
	size_t sizes[BATCH] = {0};
	struct tally tally = {0};
	int count = 0;

	for (bool more = true; more;) {
		more = getline(&lines[count], &sizes[count], input) > 0;
		if (more) {
			char *blank = strchr(lines[count], ' ');
			lines[count][strcspn(lines[count], "\n")] = '\0';
			if (blank == NULL)
				continue;
			*blank = '\0';
			rows[count] = (struct command){.count = 2, .words = {lines[count], blank + 1}};
			count++;
		}
		if (count == BATCH || !more) {
			ask_all(desk, rows, count, count_row, &tally);
			count = 0;
		}
	}
	for (int i = 0; i < BATCH; i++)
		free(lines[i]);
	printf("fed: %d taken, %d refused\n", tally.taken, tally.refused);
}

/* --- Calling --------------------------------------------------------------------------------------- */

struct answer {
	json_t *document; /* NULL: none */
	char error[512];  /* "": no error */
};

static void keep(void *context, const struct command *command, redisReply *reply)
{
	struct answer *answer = context;

	(void)command;
	if (reply->type == REDIS_REPLY_ERROR)
		snprintf(answer->error, sizeof answer->error, "%s", reply->str);
	else if (reply->type == REDIS_REPLY_STRING && (answer->document = json_loadb(reply->str, reply->len, 0, NULL)) == NULL)
		leave("an answer is no JSON", reply->str);
}

static struct answer ask(struct desk *desk, struct command command)
{
	struct answer answer = {0};

	ask_all(desk, &command, 1, keep, &answer);
	return answer;
}

static bool begins(const char *text, const char *word)
{
	return strncmp(text, word, strlen(word)) == 0;
}

static void work(struct desk *desk)
{
	for (;;) {
		struct answer next = ask(desk, (struct command){1, {"NEXT"}}); /* NEXT WAIT 30 waits for a call */
		if (begins(next.error, "CLOSED")) {
			printf("closed: %s\n", next.error);
			return;
		}
		if (next.error[0] != '\0')
			leave("NEXT", next.error);
		if (next.document == NULL) {
			printf("nothing waits\n");
			return;
		}
		json_t *item = json_array_get(json_object_get(next.document, "agenda"), 0);
		long call = (long)json_integer_value(json_object_get(next.document, "call"));
		const char *lease = json_string_value(json_object_get(next.document, "lease"));
		printf("call %ld: %s %s\n", call, json_string_value(json_object_get(item, "client_ref")),
			json_string_value(json_object_get(item, "rule")));
		/* ... here somebody talks; TOUCH keeps the lease meanwhile ... */
		json_t *outcome = json_pack("{s:s}", "note", "welcomed");
		char *words = json_dumps(outcome, JSON_COMPACT); /* the same bytes when it is sent again */
		struct answer done = ask(desk, (struct command){4, {"DONE", lease, "reached", words}});
		if (begins(done.error, "NOLEASE"))
			printf("lost %ld: %s\n", call, done.error); /* another has it now: go on */
		else if (done.error[0] != '\0')
			leave("DONE", done.error);
		else
			printf("done %ld: closed %zu\n", call, json_array_size(json_object_get(done.document, "closed")));
		free(words);
		json_decref(outcome);
		json_decref(done.document);
		json_decref(next.document);
	}
}

static const char *setting(const char *name, const char *standard)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : standard;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		leave("usage: followup_client ADDRESS < rows", "");
	signal(SIGPIPE, SIG_IGN); /* a connection that breaks is made anew */
	struct desk feeder = {.address = argv[1], .name = setting("FEEDER", "crm-feed"), .token = setting("FEEDER_TOKEN", "")};
	struct desk agent = {.address = argv[1], .name = setting("AGENT", "crm-agent"), .token = setting("AGENT_TOKEN", "")};
	feed(&feeder, stdin);
	work(&agent);
	hang_up(&feeder);
	hang_up(&agent);
	return 0;
}
