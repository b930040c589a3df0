/* web.c - routes, and what holds for every request: who may ask, how much, and the headers of every answer. */
#include "followup/web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "followup/clock.h"
#include "followup/text.h"
#include "followup/web_page.h"

enum {
	SILENCE_SECONDS = 30, /* of a connection between requests, or in the middle of one */
	HEADER_BYTES = 32 * 1024,
	STACK_BYTES = 512 * 1024,
	BACKLOG = 512,
	FILE_BYTES_MAX = 1024 * 1024,
	SIGN_INS_AT_ONCE = 4,
	WAIT_SPARE_SECONDS = 60,
};

enum route_needs { NOTHING, SESSION, SESSION_AND_CSRF, OUR_PAGE };

struct web_route {
	const char *path;
	const char *method;
	enum route_needs needs;
	web_handler *run;
};

static const struct web_route routes[] = {
	{"/api/signin", "POST", OUR_PAGE, web_sign_in},
	{"/api/signout", "POST", SESSION_AND_CSRF, web_sign_out},
	{"/api/session", "GET", SESSION, web_session_show},
	{"/api/command", "POST", SESSION_AND_CSRF, web_command_run},
	{"/api/events", "GET", SESSION, web_events},
	{"/api/help", "GET", SESSION, web_help},
	{"/healthz", "GET", NOTHING, web_health},
};

/* No script, style, picture or connection but from here, no text that becomes markup or script, and nobody puts the page into a frame of his. */
static const char content_policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
				     "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
				     "require-trusted-types-for 'script'; trusted-types 'none'";

static const struct {
	const char *name, *value;
} headers[] = {
	{"Content-Security-Policy", content_policy},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"},
};

void web_log(struct web *web, enum log_level level, const char *event, const char *format, ...)
{
	char text[LOG_LINE_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	(void)pthread_mutex_lock(&web->log_lock);
	log_event(web->log, level, event, "%s", text);
	(void)pthread_mutex_unlock(&web->log_lock);
}

/* What libmicrohttpd has to say is about peers, mostly. */
static void web_library_says(void *context, const char *format, va_list arguments)
{
	char text[256], quoted[LOG_QUOTED_SIZE];

	(void)vsnprintf(text, sizeof text, format, arguments);
	text[strcspn(text, "\n")] = '\0';
	web_log(context, LOG_LEVEL_DEBUG, "http", "text=%s", log_quote(text, strlen(text), quoted));
}

enum MHD_Result web_send(struct exchange *exchange, unsigned status, struct MHD_Response *response)
{
	bool added = response != NULL;

	for (size_t i = 0; added && i < sizeof headers / sizeof *headers; i++)
		added = MHD_add_response_header(response, headers[i].name, headers[i].value) == MHD_YES;
	if (added && exchange->web->settings->is_secure)
		added = MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000") == MHD_YES;
	/* Without its headers it is not sent at all. */
	enum MHD_Result result = added ? MHD_queue_response(exchange->connection, status, response) : MHD_NO;
	if (response != NULL)
		MHD_destroy_response(response);
	return result;
}

enum MHD_Result web_answer(struct exchange *exchange, unsigned status, const struct buffer *json, const char *cookie)
{
	struct MHD_Response *response;

	if (json->failed)
		return MHD_NO;
	response = MHD_create_response_from_buffer(json->length, json->data, MHD_RESPMEM_MUST_COPY);
	if (response == NULL)
		return MHD_NO;
	if (MHD_add_response_header(response, "Content-Type", "application/json") != MHD_YES ||
		MHD_add_response_header(response, "Cache-Control", "no-store") != MHD_YES ||
		(cookie != NULL && MHD_add_response_header(response, "Set-Cookie", cookie) != MHD_YES)) {
		MHD_destroy_response(response);
		return MHD_NO;
	}
	return web_send(exchange, status, response);
}

enum MHD_Result web_refuse(struct exchange *exchange, unsigned status, const char *text)
{
	struct buffer json = {0};

	buffer_text(&json, "{\"error\":");
	text_json(&json, text, strlen(text));
	buffer_text(&json, "}");
	enum MHD_Result result = web_answer(exchange, status, &json, NULL);
	buffer_free(&json);
	return result;
}

static const char *header_of(struct exchange *exchange, const char *name)
{
	return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

void web_wait_begins(struct exchange *exchange, struct link_wait *wait, int seconds)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	*wait = (struct link_wait){
		.until_ms = clock_monotonic_ms() + (int64_t)seconds * 1000,
		.asker_fd = info != NULL ? info->connect_fd : -1,
		.ended_fd = exchange->session != NULL ? web_session_ended_fd(exchange->session) : -1,
	};
	(void)MHD_set_connection_option(exchange->connection, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)(seconds + WAIT_SPARE_SECONDS));
}

void web_wait_is_over(struct exchange *exchange)
{
	/* It takes note of the time only where there was no limit before. */
	(void)MHD_set_connection_option(exchange->connection, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
	(void)MHD_set_connection_option(exchange->connection, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)SILENCE_SECONDS);
}

void web_end_session(struct web *web, struct web_session *session, const char *source, const char *why)
{
	char agent[LOG_QUOTED_SIZE];
	const char *name = web_session_name(session);

	if (web_session_end(web->sessions, session))
		web_log(web, LOG_LEVEL_INFO, "session_ended", "agent=%s source=%s why=\"%s\"", log_quote(name, strlen(name), agent), source,
			why);
}

/* --- One request ----------------------------------------------------------------------------------- */

static enum MHD_Result take_last(void *context, enum MHD_ValueKind kind, const char *key, const char *value)
{
	const char **last = context;

	(void)kind;
	if (value != NULL && strcasecmp(key, "X-Forwarded-For") == 0)
		*last = value;
	return MHD_YES;
}

static struct exchange *exchange_new(struct web *web, struct MHD_Connection *connection)
{
	struct exchange *exchange = calloc(1, sizeof *exchange);
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const char *forwarded = NULL;

	if (exchange == NULL)
		return NULL;
	exchange->web = web;
	exchange->connection = connection;
	(void)MHD_get_connection_values(connection, MHD_HEADER_KIND, take_last, &forwarded);
	web_source(info != NULL ? info->client_addr : NULL, web->settings->behind_proxy, forwarded, exchange->source);
	return exchange;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
	struct web *web = context;
	struct exchange *exchange = *state;

	(void)connection;
	(void)code;
	*state = NULL;
	if (exchange == NULL)
		return;
	web_session_let_go(web->sessions, exchange->session);
	/* A token may have stood in it. */
	if (exchange->body.data != NULL)
		explicit_bzero(exchange->body.data, exchange->body.capacity);
	buffer_free(&exchange->body);
	buffer_free(&exchange->answer);
	free(exchange);
}

static enum MHD_Result send_file(struct exchange *exchange, const struct web_file *file)
{
	char tag[WEB_TAG_SIZE];
	const char *known = header_of(exchange, "If-None-Match");
	bool same;

	web_page_tag(file, tag);
	same = known != NULL && strstr(known, tag) != NULL;
	struct MHD_Response *response = MHD_create_response_from_buffer(
		same ? 0 : (size_t)(file->end - file->begin), (void *)(uintptr_t)file->begin, MHD_RESPMEM_PERSISTENT);
	if (response == NULL)
		return MHD_NO;
	if (MHD_add_response_header(response, "ETag", tag) != MHD_YES ||
		MHD_add_response_header(response, "Cache-Control", "no-cache") != MHD_YES ||
		(!same && MHD_add_response_header(response, "Content-Type", file->type) != MHD_YES)) {
		MHD_destroy_response(response);
		return MHD_NO;
	}
	return web_send(exchange, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response);
}

static bool is_ours(struct exchange *exchange)
{
	return web_origin_is_ours(exchange->web->settings->address, header_of(exchange, "Host"), header_of(exchange, "Origin"),
		header_of(exchange, "Sec-Fetch-Site"));
}

static const char *cookie_name(const struct web *web)
{
	/* The prefix makes browsers refuse one that another machine of the same domain has set. */
	return web->settings->is_secure ? "__Host-followup" : "followup";
}

/* The session of the request's cookie. What the page does by itself is no use, and does not put off the end. */
static struct web_session *find_session(struct exchange *exchange)
{
	const char *cookie = MHD_lookup_connection_value(exchange->connection, MHD_COOKIE_KIND, cookie_name(exchange->web));
	bool is_work = header_of(exchange, "X-Followup-Background") == NULL && exchange->route->run != web_events;

	return cookie == NULL ? NULL : web_sessions_find(exchange->web->sessions, cookie, is_work, clock_monotonic_ms());
}

/* What a request needs beside its path, as far as its headers tell: 0, or the status to refuse it with. */
static unsigned look_at_headers(struct exchange *exchange, const char **why)
{
	const struct web_route *route = exchange->route;
	const char *type = header_of(exchange, "Content-Type"), *length = header_of(exchange, "Content-Length");
	const char *csrf = header_of(exchange, "X-CSRF-Token");

	if (atomic_load(&exchange->web->stopping)) {
		*why = "the console is being stopped";
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	if (route->needs == NOTHING)
		return 0;
	bool changes = strcmp(route->method, "POST") == 0;
	if (changes && !is_ours(exchange)) {
		*why = "this request came from another site's page; is 'address' in followup-console.conf what stands in the browser's "
		       "address line?";
		return MHD_HTTP_FORBIDDEN;
	}
	exchange->session = find_session(exchange);
	if (exchange->session == NULL && route->needs != OUR_PAGE) {
		*why = "nobody is signed in";
		return MHD_HTTP_UNAUTHORIZED;
	}
	const char *wanted = exchange->session != NULL ? web_session_csrf(exchange->session) : "";
	if (route->needs == SESSION_AND_CSRF &&
		(csrf == NULL || strlen(csrf) != strlen(wanted) || CRYPTO_memcmp(csrf, wanted, strlen(wanted)) != 0)) {
		*why = "the header X-CSRF-Token is not this session's";
		return MHD_HTTP_FORBIDDEN;
	}
	/* What a form of another site cannot send unasked. */
	if (changes && route->run != web_sign_out && (type == NULL || strncasecmp(type, "application/json", 16) != 0)) {
		*why = "the body has to be application/json";
		return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
	}
	if (length != NULL && strtoull(length, NULL, 10) > exchange->web->settings->request_bytes) {
		*why = "the request is too large (request_bytes)";
		return MHD_HTTP_CONTENT_TOO_LARGE;
	}
	return 0;
}

static enum MHD_Result begin(struct exchange *exchange, const char *path, const char *method)
{
	const struct web_file *file = web_page_find(path);
	const char *why = "there is nothing at this address";
	unsigned status = MHD_HTTP_NOT_FOUND;
	bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

	if (file != NULL && reads)
		return send_file(exchange, file);
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
		if (strcmp(routes[i].path, path) == 0)
			exchange->route = &routes[i];
	if (file != NULL || (exchange->route != NULL && strcmp(exchange->route->method, method) != 0)) {
		why = "this address takes another method";
		status = MHD_HTTP_METHOD_NOT_ALLOWED;
	} else if (exchange->route != NULL) {
		status = look_at_headers(exchange, &why);
	}
	return status == 0 ? MHD_YES : web_refuse(exchange, status, why);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path, const char *method,
	const char *version, const char *data, size_t *size, void **state)
{
	struct web *web = context;
	struct exchange *exchange = *state;

	(void)version;
	if (exchange == NULL) {
		exchange = exchange_new(web, connection);
		if (exchange == NULL)
			return MHD_NO;
		*state = exchange;
		return begin(exchange, path, method);
	}
	if (*size > 0) {
		exchange->too_large = exchange->too_large || *size > web->settings->request_bytes - exchange->body.length;
		if (!exchange->too_large)
			buffer_append(&exchange->body, data, *size);
		*size = 0;
		return MHD_YES;
	}
	if (exchange->too_large)
		return web_refuse(exchange, MHD_HTTP_CONTENT_TOO_LARGE, "the request is too large (request_bytes)");
	if (exchange->body.failed)
		return web_refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
	return exchange->route->run(exchange);
}

/* --- Listening -------------------------------------------------------------------------------------- */

static int listen_at(const struct console_settings *settings, char why[256])
{
	int on = 1;
	int fd = socket(settings->listen_at.at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
		bind(fd, (const struct sockaddr *)&settings->listen_at.at, settings->listen_at.length) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	(void)snprintf(why, 256, "cannot listen on %s: %s", settings->listen, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return ERR_SYSTEM;
}

static void describe_address(struct web *web, int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t length = sizeof address;
	char host[INET6_ADDRSTRLEN] = "?";

	(void)getsockname(fd, (struct sockaddr *)&address, &length);
	if (address.ss_family == AF_INET) {
		const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)&address;
		(void)inet_ntop(AF_INET, &four->sin_addr, host, sizeof host);
		(void)snprintf(web->address, sizeof web->address, "%s:%u", host, (unsigned)ntohs(four->sin_port));
	} else {
		const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)&address;
		(void)inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof host);
		(void)snprintf(web->address, sizeof web->address, "[%s]:%u", host, (unsigned)ntohs(six->sin6_port));
	}
}

/* The whole of a PEM file; NULL and why. */
static char *read_file(const char *path, char why[256])
{
	struct buffer text = {0};
	char piece[4096];
	size_t length;
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		(void)snprintf(why, 256, "%.200s: %s", path, strerror(errno));
		return NULL;
	}
	while (text.length < FILE_BYTES_MAX && (length = fread(piece, 1, sizeof piece, file)) > 0)
		buffer_append(&text, piece, length);
	explicit_bzero(piece, sizeof piece);
	(void)fclose(file);
	if (text.length == 0 || text.failed) {
		(void)snprintf(why, 256, "%.200s: %s", path, text.failed ? "out of memory" : "empty");
		buffer_free(&text);
		return NULL;
	}
	return text.data;
}

static void wipe(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

int web_start(struct web *web, char why[256])
{
	const struct console_settings *settings = web->settings;
	bool has_tls = settings->certificate[0] != '\0';
	char *certificate = NULL, *key = NULL;
	int fd = listen_at(settings, why);

	if (fd < 0)
		return ERR_SYSTEM;
	describe_address(web, fd);
	if (has_tls && ((certificate = read_file(settings->certificate, why)) == NULL || (key = read_file(settings->key, why)) == NULL))
		goto fail;
	(void)sem_init(&web->signing_in, 0, SIGN_INS_AT_ONCE);
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, certificate},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, key},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
	web->http = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_USE_ITC |
					     MHD_USE_ERROR_LOG | (has_tls ? MHD_USE_TLS : 0),
		0, NULL, NULL, on_request, web, MHD_OPTION_EXTERNAL_LOGGER, web_library_says, web, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)settings->connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		settings->connections_a_source == NO_LIMIT ? 0u : (unsigned)settings->connections_a_source, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)SILENCE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_BYTES, MHD_OPTION_THREAD_STACK_SIZE,
		(size_t)STACK_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED, on_completed, web, MHD_OPTION_ARRAY,
		has_tls ? tls : none, MHD_OPTION_END);
	wipe(key);
	wipe(certificate);
	if (web->http != NULL)
		return 0;
	(void)snprintf(why, 256, "libmicrohttpd does not start%s", has_tls ? ": does it have TLS, and do certificate and key do?" : "");
	(void)close(fd);
	return ERR_SYSTEM;
fail:
	wipe(key);
	wipe(certificate);
	(void)close(fd);
	return ERR_SYSTEM;
}

void web_stop(struct web *web)
{
	if (web->http == NULL)
		return;
	atomic_store(&web->stopping, true);
	web_sessions_end_all(web->sessions);
	MHD_stop_daemon(web->http);
	(void)sem_destroy(&web->signing_in);
	web->http = NULL;
}
