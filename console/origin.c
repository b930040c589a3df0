/* origin.c - see web_origin.h. */
#include "followup/web_origin.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool web_host_is_plain(const char *host)
{
	char name[INET6_ADDRSTRLEN + 1];
	struct in_addr four;
	struct in6_addr six;
	bool bracketed = host[0] == '[';
	size_t length = bracketed ? strcspn(host, "]") : strcspn(host, ":");
	const char *rest = host + length + (bracketed && host[length] == ']');

	if ((bracketed && host[length] != ']') || length >= sizeof name ||
		(rest[0] != '\0' && (rest[0] != ':' || strspn(rest + 1, "0123456789") != strlen(rest + 1))))
		return false;
	memcpy(name, host + bracketed, length - bracketed);
	name[length - bracketed] = '\0';
	if (bracketed)
		return inet_pton(AF_INET6, name, &six) == 1;
	return strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, &four) == 1;
}

bool web_origin_is_ours(const char *address, const char *host, const char *origin, const char *fetch_site)
{
	const char *name;

	/* "none": typed in, or a bookmark. */
	if (fetch_site != NULL && strcmp(fetch_site, "same-origin") != 0 && strcmp(fetch_site, "none") != 0)
		return false;
	if (address[0] != '\0')
		return origin == NULL || strcasecmp(origin, address) == 0;
	if (host == NULL || !web_host_is_plain(host))
		return false;
	if (origin == NULL)
		return true;
	name = strstr(origin, "://");
	return name != NULL && strcasecmp(name + 3, host) == 0;
}

static void source_six(struct in6_addr six, char out[WEB_SOURCE_SIZE])
{
	if (IN6_IS_ADDR_V4MAPPED(&six)) {
		(void)inet_ntop(AF_INET, &six.s6_addr[12], out, WEB_SOURCE_SIZE);
		return;
	}
	memset(&six.s6_addr[8], 0, 8);
	(void)inet_ntop(AF_INET6, &six, out, WEB_SOURCE_SIZE);
}

/* The last of a list of addresses; false when it is none. */
static bool source_forwarded(const char *list, char out[WEB_SOURCE_SIZE])
{
	char name[INET6_ADDRSTRLEN + 1];
	const char *last = strrchr(list, ',');
	struct in_addr four;
	struct in6_addr six;

	last = last == NULL ? list : last + 1;
	last += strspn(last, " \t");
	size_t length = strcspn(last, " \t");
	if (length >= sizeof name)
		return false;
	memcpy(name, last, length);
	name[length] = '\0';
	if (inet_pton(AF_INET, name, &four) == 1)
		return inet_ntop(AF_INET, &four, out, WEB_SOURCE_SIZE) != NULL;
	if (inet_pton(AF_INET6, name, &six) != 1)
		return false;
	source_six(six, out);
	return true;
}

void web_source(const struct sockaddr *peer, bool behind_proxy, const char *forwarded, char out[WEB_SOURCE_SIZE])
{
	(void)snprintf(out, WEB_SOURCE_SIZE, "unknown");
	if (behind_proxy && forwarded != NULL && source_forwarded(forwarded, out))
		return;
	if (peer != NULL && peer->sa_family == AF_INET)
		(void)inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)peer)->sin_addr, out, WEB_SOURCE_SIZE);
	else if (peer != NULL && peer->sa_family == AF_INET6)
		source_six(((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, out);
}
