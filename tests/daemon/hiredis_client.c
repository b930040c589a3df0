/* hiredis_client.c - what a console written in C does with hiredis: signs in, feeds, waits for a call, closes it. Built and run by test_libraries.py:
 *
 *     hiredis_client SOCKET PORT FEEDER-TOKEN AGENT-TOKEN      exits with 0 when everything was as it must be */
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FACTS = 200 };

static int failures;

static void expect(int holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "hiredis_client: %s\n", what);
		failures++;
	}
}

static redisContext *connected(redisContext *context)
{
	if (context == NULL || context->err != 0) {
		fprintf(stderr, "hiredis_client: no connection: %s\n", context != NULL ? context->errstr : "out of memory");
		exit(1);
	}
	return context;
}

/* One command; whether its reply is of that type and begins with that text. */
static void ask(redisContext *context, int type, const char *begins, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	redisReply *reply = redisvCommand(context, format, arguments);
	va_end(arguments);
	if (reply == NULL || reply->type != type || (begins != NULL && strncmp(reply->str, begins, strlen(begins)) != 0)) {
		fprintf(stderr, "hiredis_client: %s: type %d, %s\n", format, reply != NULL ? reply->type : -1,
			reply != NULL && reply->str != NULL ? reply->str : context->errstr);
		failures++;
	}
	freeReplyObject(reply);
}

/* Many facts at once, answers afterwards and in order; every tenth is refused, alone. */
static void feed(redisContext *context)
{
	redisReply *reply = NULL;

	for (int i = 0; i < FACTS; i++)
		expect(redisAppendCommand(context, "CLIENT.PUT {\"client_ref\":\"%s%d\",\"name\":\"A\",\"phone\":\"139\"%s}", "H", i,
			       i % 10 == 9 ? ",\"tier\":\"wood\"" : "") == REDIS_OK,
			"a command cannot be appended");
	for (int i = 0; i < FACTS; i++) {
		if (redisGetReply(context, (void **)&reply) != REDIS_OK) {
			expect(0, context->errstr);
			return;
		}
		if (i % 10 == 9)
			expect(reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "ERR ", 4) == 0, "a bad fact is not refused");
		else
			expect(reply->type == REDIS_REPLY_INTEGER && reply->integer == 1, "a good fact is not taken");
		freeReplyObject(reply);
	}
}

/* The text behind "lease":" of a call's document; 0 when there is none. */
static int find_lease(const char *document, char out[64])
{
	static const char key[] = "\"lease\":\"";
	const char *start = strstr(document, key);
	size_t length = start != NULL ? strcspn(start + sizeof key - 1, "\"") : 0;

	if (length == 0 || length >= 64)
		return 0;
	memcpy(out, start + sizeof key - 1, length);
	out[length] = '\0';
	return 1;
}

int main(int count, char **words)
{
	char lease[64];

	if (count != 5)
		return 2;
	redisContext *feeder = connected(redisConnectUnix(words[1]));
	redisContext *agent = connected(redisConnect("127.0.0.1", atoi(words[2])));

	ask(agent, REDIS_REPLY_ERROR, "NOAUTH ", "PING");
	ask(feeder, REDIS_REPLY_STATUS, "OK", "AUTH feed %s", words[3]);
	ask(agent, REDIS_REPLY_STATUS, "OK", "AUTH anna %s", words[4]);
	ask(agent, REDIS_REPLY_STATUS, "PONG", "PING");
	ask(agent, REDIS_REPLY_NIL, NULL, "NEXT");
	ask(agent, REDIS_REPLY_ERROR, "NOPERM ", "CHECK");
	feed(feeder);

	/* The agent waits; the call comes to him when it is made. */
	expect(redisAppendCommand(agent, "NEXT WAIT 60") == REDIS_OK, "NEXT cannot be appended");
	int written = 0;
	while (!written && redisBufferWrite(agent, &written) == REDIS_OK)
		;
	ask(feeder, REDIS_REPLY_INTEGER, NULL, "EVENT.PUT %s",
		"{\"event_ref\":\"E1\",\"client_ref\":\"H0\",\"kind\":\"complaint\",\"occurred_at\":\"2025-03-04\"}");
	redisReply *reply = NULL;
	if (redisGetReply(agent, (void **)&reply) != REDIS_OK || reply->type != REDIS_REPLY_STRING || !find_lease(reply->str, lease)) {
		fprintf(stderr, "hiredis_client: no call came\n");
		return 1;
	}
	freeReplyObject(reply);
	ask(agent, REDIS_REPLY_STRING, "{\"call\":", "TOUCH %s", lease);
	ask(agent, REDIS_REPLY_STRING, "{\"call\":", "DONE %s reached %s", lease, "{\"note\":\"a b\"}");
	ask(agent, REDIS_REPLY_ERROR, "NOLEASE ", "TOUCH %s", lease);
#ifdef REDIS_REPLY_MAP /* hiredis 1.0 and later read the newer protocol */
	ask(agent, REDIS_REPLY_MAP, NULL, "HELLO 3");
	ask(agent, REDIS_REPLY_NIL, NULL, "NEXT");
#endif
	redisFree(agent);
	redisFree(feeder);
	return failures == 0 ? 0 : 1;
}
