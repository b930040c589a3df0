/* connection.c - hiredis, and its failures in plain words. */
#include "followup/ctl_connection.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "followup/text.h"

enum { TOKEN_MAX = 1024, CONNECT_SECONDS = 5 };

/* What an answer's first word means for the one who asked. */
static const struct {
	const char *word;
	const char *advice;
} advices[] = {
	{"NOAUTH", "sign in: --agent NAME, with the token in FOLLOWUP_TOKEN or --token-file"},
	{"NOPERM", "this identity may not do that: sign in as one who may (--agent NAME), or a supervisor gives it the role (followupctl "
		   "agent add)"},
	{"NOLEASE", "the lease has run out or the call was taken back; a contact that happened is still recorded with: followupctl record"},
	{"BUSY", "try again in a moment"},
	{"CLOSED", "nothing is handed out now; the answer says until when"},
	{"STORE", "nothing was changed; see the daemon's log and the disk, then try again"},
};

/* Text of the daemon's, or of the machine's, on standard error. */
static void tell(const char *before, const char *text, size_t length)
{
	struct buffer clean = {0};

	text_clean(&clean, text, length, false);
	warnx("%s%s", before, text_cleaned(&clean));
	buffer_free(&clean);
}

enum ctl_status ctl_tell_error(const struct redisReply *reply)
{
	/* RELOAD gives all its complaints in one error, which is one line on the socket: here each has its own. Another error is one line, bars and all. */
	static const char complaints[] = "ERR nothing has changed; ", colon[] = ": ", between[] = " | ";
	const char *at = reply->str, *end;

	if (strncmp(at, complaints, strlen(complaints)) == 0 && (end = strstr(at, colon)) != NULL) {
		tell("", at, (size_t)(end - at) + 1);
		for (at = end + strlen(colon); (end = strstr(at, between)) != NULL; at = end + strlen(between))
			tell("", at, (size_t)(end - at));
	}
	tell("", at, strlen(at));
	for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++) {
		size_t length = strlen(advices[i].word);
		/* A lease that was closed has its outcome already: nothing is to be told again. */
		if (strstr(reply->str, "another outcome") != NULL)
			continue;
		if (strncmp(reply->str, advices[i].word, length) == 0 && (reply->str[length] == ' ' || reply->str[length] == '\0'))
			warnx("%s", advices[i].advice);
	}
	return CTL_REFUSED;
}

/* The first line of the token file, which only its owner may read. */
static enum ctl_status read_token(const char *path, char token[TOKEN_MAX])
{
	struct stat status;
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);

	if (descriptor < 0) {
		warn("token file %s", path);
		return CTL_USAGE;
	}
	if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		warnx("warning: others may read the token file %s; make it yours alone with: chmod 600", path);
	ssize_t length = read(descriptor, token, TOKEN_MAX - 1);
	int saved = errno;
	close(descriptor);
	if (length < 0) {
		warnx("token file %s: %s", path, strerror(saved));
		return CTL_USAGE;
	}
	token[length] = '\0';
	token[strcspn(token, "\r\n")] = '\0';
	if (token[0] == '\0') {
		warnx("token file %s: its first line is empty", path);
		return CTL_USAGE;
	}
	return CTL_OK;
}

static enum ctl_status sign_in(redisContext *context, const struct ctl_target *target)
{
	char token[TOKEN_MAX];
	const char *set = getenv("FOLLOWUP_TOKEN");

	if (target->token_file != NULL) {
		enum ctl_status status = read_token(target->token_file, token);
		if (status != CTL_OK)
			return status;
	} else if (set == NULL || set[0] == '\0') {
		warnx("--agent %s needs a token: set FOLLOWUP_TOKEN or name a --token-file", target->agent);
		return CTL_USAGE;
	} else if (strlen(set) >= sizeof token) {
		warnx("FOLLOWUP_TOKEN is no token: it is longer than %d bytes", TOKEN_MAX - 1);
		return CTL_USAGE;
	} else {
		snprintf(token, sizeof token, "%s", set);
	}

	const char *words[] = {"AUTH", target->agent, token};
	size_t lengths[] = {4, strlen(target->agent), strlen(token)};
	redisReply *reply;
	enum ctl_status status = ctl_ask(context, 3, words, lengths, &reply);
	explicit_bzero(token, sizeof token);
	if (status != CTL_OK)
		return status;
	if (reply->type == REDIS_REPLY_ERROR) {
		if (!target->quiet) {
			tell("signing in failed: ", reply->str, (size_t)reply->len);
			warnx("check the name and the token; a supervisor makes a new one with: followupctl agent add");
		}
		status = CTL_REFUSED;
	}
	freeReplyObject(reply);
	return status;
}

enum ctl_status ctl_connect(const struct ctl_target *target, redisContext **out)
{
	struct timeval patience = {.tv_sec = CONNECT_SECONDS};
	redisContext *context;

	context = target->host != NULL ? redisConnectWithTimeout(target->host, target->port, patience)
				       : redisConnectUnixWithTimeout(target->socket, patience);
	if (context == NULL) {
		warnx("out of memory");
		return CTL_NO_CONNECTION;
	}
	if (context->err != 0) {
		int why = errno;
		if (!target->quiet && target->host != NULL) {
			warnx("cannot connect to %s, port %d: %s", target->host, target->port, context->errstr);
			warnx("is followupd running, and does it listen there? (systemctl status followupd)");
		} else if (!target->quiet) {
			warnx("cannot connect to %s: %s", target->socket, context->errstr);
			if (why == EACCES)
				warnx("this user may not open the socket: ask for membership of its group (ls -l %s)", target->socket);
			else
				warnx("is followupd running? (systemctl status followupd; another socket is named with -s)");
		}
		redisFree(context);
		return CTL_NO_CONNECTION;
	}
	if (target->agent != NULL) {
		enum ctl_status status = sign_in(context, target);
		if (status != CTL_OK) {
			redisFree(context);
			return status;
		}
	}
	*out = context;
	return CTL_OK;
}

enum ctl_status ctl_ask(redisContext *context, size_t count, const char **words, const size_t *lengths, redisReply **out)
{
	redisReply *reply = redisCommandArgv(context, (int)count, words, lengths);

	if (reply == NULL) {
		warnx("the connection broke before the answer came: %s", context->errstr);
		warnx("whether the command was done is not known: look before you send it again");
		return CTL_NO_CONNECTION;
	}
	*out = reply;
	return CTL_OK;
}
