/* settings.c - from sections to struct console_settings, and what only several settings together show. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "followup/complaints.h"
#include "followup/console_settings.h"
#include "followup/policy_source.h"
#include "followup/policy_value.h"

struct loader {
	struct console_settings *settings;
	struct source source;
	struct complaints complaints;
	const char *file;
	char *folder;
};

/* Where a setting stands, for a complaint about it: 0 when it has its standard value. */
static int line_of(const struct loader *loader, const char *name)
{
	for (size_t i = 0; i < loader->source.count; i++) {
		const struct setting *setting = section_setting(&loader->source.sections[i], name);
		if (setting != NULL)
			return setting->line;
	}
	return 0;
}

static int apply(struct loader *loader, enum section_name name)
{
	const struct section *found = NULL;
	int result = section_standard(name, loader->folder, loader->settings);

	for (size_t i = 0; result >= 0 && i < loader->source.count; i++) {
		const struct section *section = &loader->source.sections[i];
		if (section->name != name)
			continue;
		if (found != NULL)
			complaints_error(&loader->complaints, loader->file, section->line, "a section '%s' stands on line %d already",
				section_kinds[name].name, found->line);
		else
			result = section_apply(section, loader->folder, loader->settings, &loader->complaints);
		found = section;
	}
	return result;
}

/* "127.0.0.1:7381" or "[::1]:7381". */
static bool address_parse(const char *text, struct console_address *out)
{
	char host[64];
	const char *colon = strrchr(text, ':');
	const char *port = colon == NULL ? "" : colon + 1;
	size_t length = colon == NULL ? 0 : (size_t)(colon - text);
	bool bracketed = length > 2 && text[0] == '[' && text[length - 1] == ']';
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};

	if (length >= sizeof host || port[0] == '\0' || strlen(port) > 5 || strspn(port, "0123456789") != strlen(port) ||
		atoi(port) > 65535)
		return false;
	(void)snprintf(host, sizeof host, "%.*s", (int)(bracketed ? length - 2 : length), bracketed ? text + 1 : text);
	if (!bracketed && inet_pton(AF_INET, host, &four.sin_addr) == 1) {
		four.sin_port = htons((uint16_t)atoi(port));
		memcpy(&out->at, &four, sizeof four);
		out->length = sizeof four;
		return true;
	}
	if (bracketed && inet_pton(AF_INET6, host, &six.sin6_addr) == 1) {
		six.sin6_port = htons((uint16_t)atoi(port));
		memcpy(&out->at, &six, sizeof six);
		out->length = sizeof six;
		return true;
	}
	return false;
}

static bool is_loopback(const struct console_address *address)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	memcpy(&four, &address->at, sizeof four);
	memcpy(&six, &address->at, sizeof six);
	return address->at.ss_family == AF_INET ? (ntohl(four.sin_addr.s_addr) >> 24) == 127 : IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
}

/* The console hands them to its HTTP library, which would say less about what is wrong with them. */
static void check_tls_files(struct loader *loader)
{
	const struct console_settings *settings = loader->settings;
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

	if (tls == NULL)
		loader->complaints.out_of_memory = true;
	else if (SSL_CTX_use_certificate_chain_file(tls, settings->certificate) != 1)
		complaints_error(&loader->complaints, loader->file, line_of(loader, "certificate"),
			"certificate: %s cannot be read as a certificate in PEM form", settings->certificate);
	else if (SSL_CTX_use_PrivateKey_file(tls, settings->key, SSL_FILETYPE_PEM) != 1)
		complaints_error(&loader->complaints, loader->file, line_of(loader, "key"),
			"key: %s cannot be read as the key of that certificate, in PEM form and without a password", settings->key);
	SSL_CTX_free(tls);
}

static bool origin_is_valid(const char *text)
{
	const char *host = strncmp(text, "https://", 8) == 0 ? text + 8 : strncmp(text, "http://", 7) == 0 ? text + 7 : "";
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-:[]";

	return host[0] != '\0' && strspn(host, letters) == strlen(host);
}

/* "unix:/path", "/path", or an address and a port. */
static bool daemon_parse(const char *text, struct console_address *out)
{
	bool is_unix = strncmp(text, "unix:", 5) == 0;
	const char *path = is_unix ? text + 5 : text;
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (path[0] != '/')
		return !is_unix && address_parse(text, out);
	if (strlen(path) >= sizeof address.sun_path)
		return false;
	memcpy(address.sun_path, path, strlen(path) + 1);
	memcpy(&out->at, &address, sizeof address);
	out->length = sizeof address;
	return true;
}

static void check(struct loader *loader)
{
	struct console_settings *settings = loader->settings;
	struct complaints *complaints = &loader->complaints;
	bool has_tls = settings->certificate[0] != '\0' && settings->key[0] != '\0';

	if (value_is_none(settings->address))
		settings->address[0] = '\0';
	bool listens = address_parse(settings->listen, &settings->listen_at);
	settings->is_loopback = listens && is_loopback(&settings->listen_at);
	if (!listens)
		complaints_error(complaints, loader->file, line_of(loader, "listen"),
			"listen: '%s' will not do: it takes an address and a port like 127.0.0.1:7381 or [::1]:7381", settings->listen);
	else if (!settings->is_loopback && !has_tls)
		complaints_error(complaints, loader->file, line_of(loader, "listen"),
			"listen: '%s' will not do: without 'certificate' and 'key' only this machine itself may connect, at an address "
			"like "
			"127.0.0.1",
			settings->listen);
	if (!daemon_parse(settings->daemon, &settings->daemon_at))
		complaints_error(complaints, loader->file, line_of(loader, "daemon"),
			"daemon: '%s' will not do: it takes unix: and the path of a socket, or an address and a port like 127.0.0.1:7379",
			settings->daemon);
	if (settings->address[0] != '\0' && !origin_is_valid(settings->address))
		complaints_error(complaints, loader->file, line_of(loader, "address"),
			"address: '%s' will not do: it takes what browsers show, without a path, like https://desk.example.com",
			settings->address);
	if ((settings->certificate[0] == '\0') != (settings->key[0] == '\0'))
		complaints_error(complaints, loader->file, line_of(loader, settings->key[0] == '\0' ? "certificate" : "key"),
			"certificate and key stand together, or neither does");
	else if (has_tls)
		check_tls_files(loader);
	if (settings->behind_proxy && !settings->is_loopback)
		complaints_error(complaints, loader->file, line_of(loader, "behind_proxy"),
			"behind_proxy: anyone could pretend to be the proxy at %s; listen on an address like 127.0.0.1", settings->listen);
	if (settings->address[0] == '\0' && (settings->behind_proxy || !settings->is_loopback))
		complaints_warn(complaints, loader->file, line_of(loader, settings->behind_proxy ? "behind_proxy" : "listen"),
			"without 'address' nobody who comes by a name can sign in; name what stands in the browsers' address line");
	settings->is_secure = has_tls || strncmp(settings->address, "https://", 8) == 0;
}

int console_settings_load(const char *file, policy_complain *complain, void *context, struct console_settings **out)
{
	struct loader loader = {.settings = calloc(1, sizeof *loader.settings), .file = file, .folder = path_folder(file)};
	int result = loader.settings == NULL || loader.folder == NULL ? ERR_MEMORY : 0;

	if (result == 0)
		result = source_read(&loader.source, file, HOME_CONSOLE, &loader.complaints);
	if (result == 0)
		result = apply(&loader, SECTION_CONSOLE);
	if (result == 0)
		result = apply(&loader, SECTION_SESSIONS);
	/* With a value that could not be read, what it means for the others is not known. */
	if (result == 0 && loader.complaints.errors == 0)
		check(&loader);
	complaints_tell(&loader.complaints, file, complain, context);
	if (result == 0 && loader.complaints.out_of_memory)
		result = ERR_MEMORY;
	if (result == 0 && loader.complaints.errors > 0)
		result = ERR_INVALID;
	if (result == 0) {
		*out = loader.settings;
		loader.settings = NULL;
	}
	console_settings_free(loader.settings);
	complaints_clear(&loader.complaints);
	source_clear(&loader.source);
	free(loader.folder);
	return result;
}

void console_settings_free(struct console_settings *settings)
{
	if (settings == NULL)
		return;
	free(settings->listen);
	free(settings->daemon);
	free(settings->address);
	free(settings->certificate);
	free(settings->key);
	free(settings->log_facility);
	free(settings->log_level);
	free(settings);
}
