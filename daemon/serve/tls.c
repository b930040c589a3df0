#include "followup/tls.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int complain(char why[256], const char *file, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

	(void)snprintf(why, 256, "tls: %.120s: %s%s%.60s", file, what, reason != NULL ? ": " : "", reason != NULL ? reason : "");
	ERR_clear_error();
	return ERR_INVALID;
}

/* Somebody else who can read the key can be us. */
static int check_key_mode(const char *file, char why[256])
{
	struct stat status;

	if (stat(file, &status) != 0)
		return complain(why, file, "it cannot be found");
	if ((status.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0)
		return complain(why, file, "everybody may read the key, or others may write it; chmod 0640 it");
	return 0;
}

static int read_files(SSL_CTX *tls, const struct policy *policy, char why[256])
{
	int result = check_key_mode(policy->tls_key, why);

	if (result < 0)
		return result;
	if (SSL_CTX_use_certificate_chain_file(tls, policy->tls_certificate) != 1)
		return complain(why, policy->tls_certificate, "no certificate can be read from it");
	if (SSL_CTX_use_PrivateKey_file(tls, policy->tls_key, SSL_FILETYPE_PEM) != 1)
		return complain(why, policy->tls_key, "no key can be read from it");
	if (SSL_CTX_check_private_key(tls) != 1)
		return complain(why, policy->tls_key, "the key is not that of the certificate");
	if (policy->tls_client_ca[0] == '\0')
		return 0;
	STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(policy->tls_client_ca);
	if (names == NULL || SSL_CTX_load_verify_locations(tls, policy->tls_client_ca, NULL) != 1)
		return complain(why, policy->tls_client_ca, "no certificates can be read from it");
	SSL_CTX_set_client_CA_list(tls, names);
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return 0;
}

bool tls_is_wanted(const struct policy *policy)
{
	for (size_t i = 0; i < policy->listener_count; i++)
		if (strncmp(policy->listeners[i].address, "tls:", 4) == 0)
			return true;
	return false;
}

int tls_load(const struct policy *policy, SSL_CTX **out, char why[256])
{
	ERR_clear_error();
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	if (tls == NULL || SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1 || SSL_CTX_set_num_tickets(tls, 0) != 1 ||
		SSL_CTX_set_cipher_list(tls, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) {
		(void)snprintf(why, 256, "tls: the library will not have it");
		SSL_CTX_free(tls);
		return ERR_SYSTEM;
	}
	(void)SSL_CTX_set_options(
		tls, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	(void)SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	int result = read_files(tls, policy, why);
	if (result < 0) {
		SSL_CTX_free(tls);
		return result;
	}
	*out = tls;
	return 0;
}

void tls_free(SSL_CTX *tls)
{
	SSL_CTX_free(tls);
}

struct bufferevent *tls_stream(struct event_base *base, SSL_CTX *tls, int fd)
{
	SSL *ssl = SSL_new(tls);
	struct bufferevent *stream = NULL;

	if (ssl == NULL)
		return NULL;
	/* It frees ssl and closes fd in the end. */
	stream = bufferevent_openssl_socket_new(base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (stream == NULL) {
		SSL_free(ssl);
		return NULL;
	}
	/* A peer that just goes away has ended like any other; what it sent is whole or is not executed. */
	bufferevent_openssl_set_allow_dirty_shutdown(stream, 1);
	return stream;
}
