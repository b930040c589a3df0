/* console_settings.h - followup-console.conf. Its sections and settings are rows of policy_option.h, like those of the daemon. */
#ifndef FOLLOWUP_CONSOLE_SETTINGS_H
#define FOLLOWUP_CONSOLE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "followup/error.h"
#include "followup/policy.h"

/* Where a socket listens. */
struct console_address {
	struct sockaddr_storage at;
	socklen_t length;
};

struct console_settings {
	/* section console */
	char *listen;  /* an address and a port */
	char *daemon;  /* the daemon's socket: a path, or an address and a port */
	char *address; /* what browsers call it, like https://desk.example.com; empty: by number, or localhost */
	bool behind_proxy;
	char *certificate; /* empty: no TLS of its own */
	char *key;
	char *log_facility;
	char *log_level;
	size_t connections;
	int connections_a_source; /* NO_LIMIT */
	size_t request_bytes;
	/* section sessions */
	size_t sessions_most;
	size_t sessions_an_agent;
	int idle_seconds;
	int lifetime_seconds;
	/* worked out of them */
	struct console_address listen_at, daemon_at;
	bool is_loopback; /* only this machine can connect */
	bool is_secure;   /* browsers come by TLS, the console's own or the proxy's */
};

/* Reads file. Every mistake goes to complain; *out is set only when there was none, ERR_INVALID otherwise. The TLS files are looked at too. */
int console_settings_load(const char *file, policy_complain *complain, void *context, struct console_settings **out) MUST_CHECK;
void console_settings_free(struct console_settings *settings);

#endif
