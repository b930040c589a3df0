/* link.c - hiredis makes requests and takes answers apart; the waiting is done here, because it may have to end before an answer comes. */
#include "followup/console_link.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "followup/clock.h"
#include "followup/console_settings.h"

enum { CONNECT_SECONDS = 3 };

struct link {
	redisContext *context;
};

/* Until the daemon's connection (-1: none) is ready for events: 1; ERR_LIMIT when the time is over, ERR_CLOSED when nobody waits any more. */
static int wait_for(int fd, short events, const struct link_wait *wait)
{
	struct pollfd fds[] = {
		{.fd = fd, .events = events},
		{.fd = wait->asker_fd, .events = POLLRDHUP},
		{.fd = wait->ended_fd, .events = POLLIN},
	};

	for (;;) {
		int64_t left_ms = wait->until_ms - clock_monotonic_ms();
		int ready = poll(fds, 3, left_ms <= 0 ? 0 : left_ms > INT_MAX ? INT_MAX : (int)left_ms);
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready < 0)
			return ERR_SYSTEM;
		if (fds[1].revents != 0 || fds[2].revents != 0)
			return ERR_CLOSED;
		if (fds[0].revents != 0)
			return 1;
		if (left_ms <= 0)
			return ERR_LIMIT;
	}
}

int link_sleep(const struct link_wait *wait)
{
	return wait_for(-1, 0, wait);
}

static int send_all(const struct link *link, const char *bytes, size_t length, const struct link_wait *wait)
{
	while (length > 0) {
		ssize_t sent = send(link->context->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return ERR_SYSTEM;
		if (sent > 0) {
			bytes += sent;
			length -= (size_t)sent;
			continue;
		}
		int result = wait_for(link->context->fd, POLLOUT, wait);
		if (result < 0)
			return result;
	}
	return 0;
}

int link_listen(struct link *link, const struct link_wait *wait, struct redisReply **out)
{
	void *reply = NULL;

	for (;;) {
		if (redisGetReplyFromReader(link->context, &reply) != REDIS_OK)
			return ERR_SYSTEM;
		if (reply != NULL) {
			*out = reply;
			return 0;
		}
		int result = wait_for(link->context->fd, POLLIN, wait);
		if (result < 0)
			return result;
		if (redisBufferRead(link->context) != REDIS_OK)
			return ERR_SYSTEM;
	}
}

int link_ask(
	struct link *link, size_t count, const char **words, const size_t *lengths, const struct link_wait *wait, struct redisReply **out)
{
	char *request = NULL;
	int length = redisFormatCommandArgv(&request, (int)count, words, lengths);

	if (length < 0)
		return ERR_MEMORY;
	int result = send_all(link, request, (size_t)length, wait);
	/* It may have been the one that signs in. hiredis itself would keep a copy. */
	explicit_bzero(request, (size_t)length);
	redisFreeCommand(request);
	return result < 0 ? result : link_listen(link, wait, out);
}

/* Connected within CONNECT_SECONDS; -1 with errno. Not hiredis' own way: of 0.14 (Debian 12) it calls abort() when it has no memory for a copy of the address, and the whole console would
 * end. */
static int connect_to(const struct console_address *daemon)
{
	struct timeval patience = {.tv_sec = CONNECT_SECONDS};
	int fd = socket(daemon->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -1;
	if (daemon->at.ss_family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	/* Linux ends connect() by that time, too; nothing else is sent here but with MSG_DONTWAIT. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
		connect(fd, (const struct sockaddr *)&daemon->at, daemon->length) == 0)
		return fd;
	int saved = errno == EINPROGRESS || errno == EAGAIN ? ETIMEDOUT : errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

static int sign_in(struct link *link, const char *name, const char *token, const struct link_wait *wait, char why[LINK_WHY_SIZE])
{
	const char *words[] = {"AUTH", name, token};
	const size_t lengths[] = {4, strlen(name), strlen(token)};
	redisReply *reply = NULL;
	int result = link_ask(link, 3, words, lengths, wait, &reply);

	if (result < 0) {
		(void)snprintf(why, LINK_WHY_SIZE, "%s", result == ERR_LIMIT ? "no answer in time" : "the connection broke");
		return result == ERR_LIMIT ? ERR_SYSTEM : result;
	}
	if (reply->type == REDIS_REPLY_ERROR) {
		(void)snprintf(why, LINK_WHY_SIZE, "%s", reply->str);
		result = strncmp(reply->str, "NOAUTH ", 7) == 0 ? ERR_RIGHTS : strncmp(reply->str, "BUSY ", 5) == 0 ? ERR_BUSY : ERR_SYSTEM;
	} else if (reply->type != REDIS_REPLY_STATUS || strcmp(reply->str, "OK") != 0) {
		(void)snprintf(why, LINK_WHY_SIZE, "this is not followupd");
		result = ERR_SYSTEM;
	}
	freeReplyObject(reply);
	return result;
}

int link_open(const struct console_address *daemon, const char *name, const char *token, const struct link_wait *wait, struct link **out,
	char why[LINK_WHY_SIZE])
{
	struct link *link = calloc(1, sizeof *link);
	int result = ERR_MEMORY;

	(void)snprintf(why, LINK_WHY_SIZE, "out of memory");
	if (link == NULL)
		goto fail;
	int fd = connect_to(daemon);
	if (fd < 0) {
		(void)snprintf(why, LINK_WHY_SIZE, "%s", strerror(errno));
		result = ERR_SYSTEM;
		goto fail;
	}
	link->context = redisConnectFd(fd);
	if (link->context == NULL) {
		(void)close(fd);
		goto fail;
	}
	result = sign_in(link, name, token, wait, why);
	if (result < 0)
		goto fail;
	*out = link;
	return 0;
fail:
	link_close(link);
	return result;
}

void link_close(struct link *link)
{
	if (link == NULL)
		return;
	if (link->context != NULL)
		redisFree(link->context);
	free(link);
}

bool link_is_alive(const struct link *link)
{
	struct pollfd fd = {.fd = link->context->fd, .events = POLLIN | POLLRDHUP};

	/* Nothing is due on it, so whatever there is to be read is its end. */
	return poll(&fd, 1, 0) == 0;
}
