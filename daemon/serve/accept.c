#include "followup/accept.h"

#include <event2/listener.h>
#include <event2/util.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "followup/notify.h"
#include "followup/server.h"
#include "followup/stranger.h"
#include "followup/tls.h"

enum {
	ACCEPT_PAUSE_MS = 1000,
	SAY_AGAIN_MS = 10 * 1000,
	PASSWORD_ENTRY_SIZE = 4096,
	OPERATOR_PLACES = 4, /* beyond the limit of connections: who has to see what has taken them all must get in */
};

static const struct {
	const char *name; /* of the limit, too */
	const char *text;
} refusals[REFUSAL_COUNT] = {
	[REFUSAL_CONNECTIONS] = {"connections", "too many connections (limits: connections)"},
	[REFUSAL_STRANGERS] = {"strangers", "too many connections wait to be signed in (limits: strangers)"},
	[REFUSAL_SOURCE] = {"strangers_a_source", "too many connections from there wait to be signed in (limits: strangers_a_source)"},
};

const char *accept_refusal_name(enum refusal refusal)
{
	return refusals[refusal].name;
}

/* Tells a peer that there is no place for him. The socket's buffer is empty, so a line fits. */
static void refuse_connection(struct server *server, evutil_socket_t fd, enum refusal refusal, bool is_tls)
{
	int64_t now_ms = clock_monotonic_ms();
	const char *why = refusals[refusal].text;
	char line[128];
	int length = snprintf(line, sizeof line, "-BUSY %s\r\n", why);

	server->refused_connections++;
	server->refused_by[refusal]++;
	if (!is_tls) /* who waits for a handshake could not read it */
		(void)send(fd, line, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT);
	evutil_closesocket(fd);
	if (server->refusal_said_ms != 0 && now_ms - server->refusal_said_ms < SAY_AGAIN_MS)
		return;
	server->refusal_said_ms = now_ms;
	log_event(server->log, LOG_LEVEL_WARNING, "connection_refused", "why=\"%s\" connections=%zu refused_so_far=%" PRIu64, why,
		server->session_count, server->refused_connections);
}

/* Whether this is the user that followup-console runs as. */
static bool is_console(const struct server *server, uid_t uid)
{
	char room[PASSWORD_ENTRY_SIZE];
	struct passwd entry;
	struct passwd *found = NULL;

	return getpwnam_r(server->policy->console_user, &entry, room, sizeof room, &found) == 0 && found != NULL && found->pw_uid == uid;
}

/* Who is at the other end: 0, or ERR_SYSTEM when it has gone already. */
static int find_peer(int fd, const struct sockaddr *address, struct session_peer *peer)
{
	struct ucred user;
	socklen_t size = sizeof user;

	if (address->sa_family != AF_INET && address->sa_family != AF_INET6) {
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &size) != 0)
			return ERR_SYSTEM;
		peer->is_unix = true;
		peer->uid = user.uid;
		(void)snprintf(peer->name, sizeof peer->name, "unix:uid=%lu", (unsigned long)user.uid);
		(void)snprintf(peer->source, sizeof peer->source, "uid=%lu", (unsigned long)user.uid);
	} else if (address->sa_family == AF_INET) {
		const struct sockaddr_in *ip4 = (const struct sockaddr_in *)(const void *)address;
		(void)evutil_inet_ntop(AF_INET, &ip4->sin_addr, peer->source, sizeof peer->source);
		(void)snprintf(peer->name, sizeof peer->name, "%s:%u", peer->source, (unsigned)ntohs(ip4->sin_port));
	} else {
		const struct sockaddr_in6 *ip6 = (const struct sockaddr_in6 *)(const void *)address;
		struct in6_addr network = ip6->sin6_addr;
		char host[INET6_ADDRSTRLEN] = "?";
		(void)evutil_inet_ntop(AF_INET6, &ip6->sin6_addr, host, sizeof host);
		(void)snprintf(peer->name, sizeof peer->name, "[%s]:%u", host, (unsigned)ntohs(ip6->sin6_port));
		/* One who has an address has all of its last 64 bits. */
		memset(&network.s6_addr[8], 0, 8);
		(void)evutil_inet_ntop(AF_INET6, &network, peer->source, sizeof peer->source);
	}
	return 0;
}

static void on_connection(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int length, void *context)
{
	const struct listener_socket *item = context;
	struct server *server = item->server;
	struct session_peer peer = {.is_tls = item->is_tls};
	enum refusal refusal = REFUSAL_NONE;
	int on = 1;

	(void)listener;
	(void)length;
	if (find_peer(fd, address, &peer) < 0) {
		evutil_closesocket(fd);
		return;
	}
	/* On a unix socket root, we ourselves and agents by their user's name need not sign in. */
	bool known = peer.is_unix && (peer.uid == 0 || peer.uid == geteuid());
	if (server->session_count >= server->policy->max_connections + (known ? OPERATOR_PLACES : 0))
		refusal = REFUSAL_CONNECTIONS;
	else if (!known) {
		peer.is_console = peer.is_unix && is_console(server, peer.uid);
		refusal = stranger_refusal(server, peer.is_console ? NULL : peer.source);
	}
	if (refusal != REFUSAL_NONE) {
		refuse_connection(server, fd, refusal, peer.is_tls);
		return;
	}
	if (!peer.is_unix) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	}
	server->connections++;
	if (session_open(server, fd, &peer) < 0)
		log_event(server->log, LOG_LEVEL_WARNING, "connection_refused", "why=\"no memory\"");
	else
		log_event(server->log, LOG_LEVEL_DEBUG, "connected", "session=%" PRIu64 " peer=%s", server->last_session_id, peer.name);
}

static void on_accept_error(struct evconnlistener *listener, void *context)
{
	const struct listener_socket *item = context;
	struct server *server = item->server;
	int error = EVUTIL_SOCKET_ERROR();

	/* Out of descriptors, most likely: the connection stays in the queue, and asking again at once would only spin. */
	log_event(server->log, LOG_LEVEL_ERROR, "accept_failed", "error=\"%s\"", evutil_socket_error_to_string(error));
	(void)evconnlistener_disable(listener);
	server->accept_at_ms = clock_monotonic_ms() + ACCEPT_PAUSE_MS;
}

void accept_resume(struct server *server, int64_t now_ms)
{
	if (server->accept_at_ms == 0 || now_ms < server->accept_at_ms)
		return;
	server->accept_at_ms = 0;
	for (size_t i = 0; i < server->listeners.count; i++)
		if (server->listeners.items[i].events != NULL)
			(void)evconnlistener_enable(server->listeners.items[i].events);
}

int accept_open(struct server *server, char why[256])
{
	int inherited = notify_inherited();
	int result;

	if (inherited < 0) {
		(void)snprintf(why, 256, "more than %d sockets were handed over", (int)NOTIFY_FDS_MAX);
		return inherited;
	}
	result = tls_is_wanted(server->policy) ? tls_load(server->policy, &server->tls, why) : 0;
	if (result == 0)
		result = listener_open(&server->listeners, server->policy, inherited, why);
	for (size_t i = 0; i < server->listeners.count && result == 0; i++) {
		struct listener_socket *item = &server->listeners.items[i];
		/* Backlog 0: it listens already. The descriptor is closed by listener_close. */
		item->server = server;
		item->events = evconnlistener_new(server->base, on_connection, item, LEV_OPT_CLOSE_ON_EXEC, 0, item->fd);
		if (item->events == NULL) {
			(void)snprintf(why, 256, "out of memory");
			result = ERR_MEMORY;
			break;
		}
		evconnlistener_set_error_cb(item->events, on_accept_error);
		log_event(server->log, LOG_LEVEL_NOTICE, "listening", "address=%s inherited=%s", item->address,
			item->inherited ? "yes" : "no");
	}
	return result;
}

void accept_stop(struct server *server)
{
	for (size_t i = 0; i < server->listeners.count; i++) {
		if (server->listeners.items[i].events != NULL)
			evconnlistener_free(server->listeners.items[i].events);
		server->listeners.items[i].events = NULL;
	}
	listener_close(&server->listeners);
}
