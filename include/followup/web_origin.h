/* web_origin.h - followup-console: whose request it is, by its headers alone: from a page of ours, and from which machine. Pure. */
#ifndef FOLLOWUP_WEB_ORIGIN_H
#define FOLLOWUP_WEB_ORIGIN_H

#include <stdbool.h>
#include <sys/socket.h>

enum { WEB_SOURCE_SIZE = 64 };

/* Whether a browser sent this for a page of ours, not for another site's. address: the setting, empty when there is none; then only names that no other site
 * can have are ours: numbers, and localhost. host, origin, fetch_site: the headers, NULL where they are not there; programs that are no browsers send none. */
bool web_origin_is_ours(const char *address, const char *host, const char *origin, const char *fetch_site);

/* Whether a Host header is a number or localhost, with or without a port: a name that no foreign site can be reached by. */
bool web_host_is_plain(const char *host);

/* The machine that asks: the peer, or, where the peer is a proxy that says so, whom its X-Forwarded-For names last (NULL: nobody). Of IPv6 the network: who has an
 * address has all of its last 64 bits. */
void web_source(const struct sockaddr *peer, bool behind_proxy, const char *forwarded, char out[WEB_SOURCE_SIZE]);

#endif
