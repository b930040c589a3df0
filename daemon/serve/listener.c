#include "followup/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/util.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "followup/notify.h"

enum { BACKLOG = 512, WHY_SIZE = 256 };

static const char unix_prefix[] = "unix:";
static const char tls_prefix[] = "tls:";

/* Any address, with the length that the system calls want. */
struct address {
	bool is_tls;
	union {
		struct sockaddr any;
		struct sockaddr_un local;
		struct sockaddr_in ip4;
		struct sockaddr_in6 ip6;
		struct sockaddr_storage room;
	} as;
	socklen_t length;
};

/* "127.0.0.1:7379" or "[::1]:7379"; port 0 lets the system choose. */
static int tcp_parse(const char *text, struct address *out)
{
	const char *colon = strrchr(text, ':');
	bool bracketed = text[0] == '[';
	char host[INET6_ADDRSTRLEN + 2];
	size_t length;
	long port;
	char *end;

	if (colon == NULL || colon[1] < '0' || colon[1] > '9')
		return ERR_INVALID;
	port = strtol(colon + 1, &end, 10);
	length = (size_t)(colon - text);
	if (*end != '\0' || port > 65535 || length >= sizeof host || (bracketed && (length < 3 || text[length - 1] != ']')))
		return ERR_INVALID;
	length -= bracketed ? 2 : 0;
	memcpy(host, text + (bracketed ? 1 : 0), length);
	host[length] = '\0';
	if (bracketed && inet_pton(AF_INET6, host, &out->as.ip6.sin6_addr) == 1) {
		out->as.ip6.sin6_family = AF_INET6;
		out->as.ip6.sin6_port = htons((uint16_t)port);
		out->length = (socklen_t)sizeof out->as.ip6;
		return 0;
	}
	if (!bracketed && inet_pton(AF_INET, host, &out->as.ip4.sin_addr) == 1) {
		out->as.ip4.sin_family = AF_INET;
		out->as.ip4.sin_port = htons((uint16_t)port);
		out->length = (socklen_t)sizeof out->as.ip4;
		return 0;
	}
	return ERR_INVALID;
}

static int address_parse(const char *text, struct address *out)
{
	memset(out, 0, sizeof *out);
	if (strncmp(text, unix_prefix, sizeof unix_prefix - 1) == 0) {
		const char *path = text + sizeof unix_prefix - 1;
		if (path[0] == '\0' || strlen(path) >= sizeof out->as.local.sun_path)
			return ERR_INVALID;
		out->as.local.sun_family = AF_UNIX;
		memcpy(out->as.local.sun_path, path, strlen(path) + 1);
		out->length = (socklen_t)sizeof out->as.local;
		return 0;
	}
	out->is_tls = strncmp(text, tls_prefix, sizeof tls_prefix - 1) == 0;
	return tcp_parse(text + (out->is_tls ? sizeof tls_prefix - 1 : 0), out);
}

static bool address_is_loopback(const struct address *address)
{
	if (address->as.any.sa_family == AF_INET)
		return (ntohl(address->as.ip4.sin_addr.s_addr) >> 24) == 127;
	if (address->as.any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&address->as.ip6.sin6_addr);
	return false;
}

static bool same_file(const char *one, const char *other)
{
	struct stat first, second;

	return stat(one, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

static bool address_is_same(const struct address *one, const struct address *other)
{
	if (one->as.any.sa_family != other->as.any.sa_family)
		return false;
	switch (one->as.any.sa_family) {
	case AF_UNIX:
		return strcmp(one->as.local.sun_path, other->as.local.sun_path) == 0 ||
		       same_file(one->as.local.sun_path, other->as.local.sun_path);
	case AF_INET:
		return one->as.ip4.sin_port == other->as.ip4.sin_port && one->as.ip4.sin_addr.s_addr == other->as.ip4.sin_addr.s_addr;
	case AF_INET6:
		return one->as.ip6.sin6_port == other->as.ip6.sin6_port &&
		       memcmp(&one->as.ip6.sin6_addr, &other->as.ip6.sin6_addr, sizeof one->as.ip6.sin6_addr) == 0;
	default:
		return false;
	}
}

static void address_print(const struct address *address, char *out, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "?";

	switch (address->as.any.sa_family) {
	case AF_UNIX:
		(void)snprintf(out, size, "unix:%s", address->as.local.sun_path[0] != '\0' ? address->as.local.sun_path : "(abstract)");
		break;
	case AF_INET:
		(void)inet_ntop(AF_INET, &address->as.ip4.sin_addr, host, sizeof host);
		(void)snprintf(out, size, "%s:%u", host, (unsigned)ntohs(address->as.ip4.sin_port));
		break;
	case AF_INET6:
		(void)inet_ntop(AF_INET6, &address->as.ip6.sin6_addr, host, sizeof host);
		(void)snprintf(out, size, "[%s]:%u", host, (unsigned)ntohs(address->as.ip6.sin6_port));
		break;
	default:
		(void)snprintf(out, size, "?");
		break;
	}
}

static int refuse_remote(const char *address, char why[WHY_SIZE])
{
	(void)snprintf(why, WHY_SIZE,
		"listen on %.60s: without TLS only loopback addresses are served (127.0.0.1, [::1]) and unix sockets; with it: tls:%.60s",
		address, address);
	return ERR_INVALID;
}

/* Removes the file of a socket that nobody serves any more. */
static int remove_stale(const struct address *address, char why[WHY_SIZE])
{
	const char *path = address->as.local.sun_path;
	struct stat status;
	int probe;
	int outcome;

	if (lstat(path, &status) != 0)
		return 0; /* nothing there; bind says so if it is another trouble */
	if (!S_ISSOCK(status.st_mode)) {
		(void)snprintf(why, WHY_SIZE, "listen on unix:%s: a file that is no socket stands there", path);
		return ERR_INVALID;
	}
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return ERR_SYSTEM;
	outcome = connect(probe, &address->as.any, address->length) == 0 ? 0 : errno;
	(void)close(probe);
	if (outcome != ECONNREFUSED) {
		(void)snprintf(why, WHY_SIZE, "listen on unix:%s: %s", path,
			outcome == 0 || outcome == EAGAIN ? "another process serves this socket; stop it first" : strerror(outcome));
		return ERR_BUSY;
	}
	if (unlink(path) != 0 && errno != ENOENT)
		return ERR_SYSTEM;
	return 0;
}

static int bind_socket(int fd, const struct address *address, int mode)
{
	static const int on = 1;

	if (address->as.any.sa_family == AF_UNIX) {
		/* Nobody may connect before the mode is right. */
		mode_t before = umask(0177);
		int result = bind(fd, &address->as.any, address->length);
		(void)umask(before);
		return result == 0 ? chmod(address->as.local.sun_path, (mode_t)mode) : result;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
		return -1;
	if (address->as.any.sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)
		return -1;
	return bind(fd, &address->as.any, address->length);
}

static struct listener_socket *set_add(struct listener_set *set, int fd, const struct address *address)
{
	struct listener_socket *item = &set->items[set->count++];

	*item = (struct listener_socket){.fd = fd, .is_unix = address->as.any.sa_family == AF_UNIX, .is_tls = address->is_tls};
	memcpy(item->address, tls_prefix, sizeof tls_prefix);
	size_t used = address->is_tls ? sizeof tls_prefix - 1 : 0;
	address_print(address, item->address + used, sizeof item->address - used);
	return item;
}

static int open_configured(struct listener_set *set, const char *text, const struct address *address, int mode, char why[WHY_SIZE])
{
	struct address chosen = {.is_tls = address->is_tls, .length = (socklen_t)sizeof chosen.as.room};
	struct listener_socket *item;
	int result = 0;
	int fd;

	why[0] = '\0';
	if (address->as.any.sa_family == AF_UNIX)
		result = remove_stale(address, why);
	else if (!address->is_tls && !address_is_loopback(address))
		result = refuse_remote(text, why);
	if (result < 0) {
		if (why[0] == '\0')
			(void)snprintf(why, WHY_SIZE, "listen on %s: %s", text, strerror(errno));
		return result;
	}
	fd = socket(address->as.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind_socket(fd, address, mode) != 0 || listen(fd, BACKLOG) != 0 ||
		getsockname(fd, &chosen.as.any, &chosen.length) != 0) {
		(void)snprintf(why, WHY_SIZE, "listen on %s: %s", text, strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return ERR_SYSTEM;
	}
	item = set_add(set, fd, &chosen);
	if (item->is_unix)
		item->path = strdup(address->as.local.sun_path);
	return 0;
}

/* Whether the configuration wants TLS at this address. */
static bool wants_tls(const struct policy *policy, const struct address *address)
{
	for (size_t i = 0; i < policy->listener_count; i++) {
		struct address wanted;
		if (address_parse(policy->listeners[i].address, &wanted) == 0 && wanted.is_tls && address_is_same(&wanted, address))
			return true;
	}
	return false;
}

static int take_inherited(struct listener_set *set, const struct policy *policy, int fd, char why[WHY_SIZE])
{
	struct address address = {.length = (socklen_t)sizeof address.as.room};
	int listening = 0;
	int type = 0;
	socklen_t size = sizeof listening;
	socklen_t type_size = sizeof type;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 ||
		getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) != 0 || getsockname(fd, &address.as.any, &address.length) != 0 ||
		listening == 0 || type != SOCK_STREAM) {
		(void)snprintf(why, WHY_SIZE, "inherited descriptor %d is not a listening stream socket", fd);
		return ERR_INVALID;
	}
	address.is_tls = wants_tls(policy, &address);
	if (address.as.any.sa_family != AF_UNIX && !address.is_tls && !address_is_loopback(&address)) {
		char text[128];
		address_print(&address, text, sizeof text);
		return refuse_remote(text, why);
	}
	if (evutil_make_socket_nonblocking(fd) != 0)
		return ERR_SYSTEM;
	set_add(set, fd, &address)->inherited = true;
	return 0;
}

static bool is_inherited(const struct listener_set *set, const struct address *wanted)
{
	for (size_t i = 0; i < set->count; i++) {
		struct address address = {.length = (socklen_t)sizeof address.as.room};
		if (set->items[i].inherited && getsockname(set->items[i].fd, &address.as.any, &address.length) == 0 &&
			address_is_same(&address, wanted))
			return true;
	}
	return false;
}

int listener_open(struct listener_set *set, const struct policy *policy, int inherited, char why[WHY_SIZE])
{
	int result = 0;

	memset(set, 0, sizeof *set);
	(void)snprintf(why, WHY_SIZE, "too many listeners: at most %d", (int)LISTENERS_MAX);
	for (int i = 0; i < inherited && result == 0; i++)
		result = set->count == LISTENERS_MAX ? ERR_LIMIT : take_inherited(set, policy, NOTIFY_FIRST_FD + i, why);
	for (size_t i = 0; i < policy->listener_count && result == 0; i++) {
		const char *text = policy->listeners[i].address;
		struct address address;
		if (set->count == LISTENERS_MAX) {
			result = ERR_LIMIT;
		} else if (address_parse(text, &address) < 0) {
			(void)snprintf(
				why, WHY_SIZE, "listen on %s: neither unix:PATH, nor a numeric ADDRESS:PORT or [ADDRESS]:PORT", text);
			result = ERR_INVALID;
		} else if (!is_inherited(set, &address)) {
			result = open_configured(set, text, &address, policy->socket_mode, why);
		}
	}
	if (result == 0 && set->count == 0) {
		(void)snprintf(why, WHY_SIZE, "no listener is configured and none was inherited");
		result = ERR_INVALID;
	}
	if (result < 0)
		listener_close(set);
	return result;
}

void listener_close(struct listener_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		struct listener_socket *item = &set->items[i];
		if (item->path != NULL)
			(void)unlink(item->path);
		free(item->path);
		(void)close(item->fd);
	}
	set->count = 0;
}
