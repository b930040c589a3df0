/* tls.h - the daemon's side of TLS: version 1.2 or later, from the first byte on, no tickets, no session cache, no renegotiation. */
#ifndef FOLLOWUP_TLS_H
#define FOLLOWUP_TLS_H

#include <stdbool.h>

#include "followup/error.h"
#include "followup/policy.h"

struct ssl_ctx_st;
struct bufferevent;
struct event_base;

/* Whether a listener of the policy asks for TLS. */
bool tls_is_wanted(const struct policy *policy);

/* Reads certificate and key (and whom client certificates must be signed by) that the policy names. ERR_INVALID and why (256 bytes) when a file does not do. */
int tls_load(const struct policy *policy, struct ssl_ctx_st **out, char why[256]) MUST_CHECK;
void tls_free(struct ssl_ctx_st *tls);

/* A connected socket's stream, which closes it in the end; NULL without memory (the socket is still open then). */
struct bufferevent *tls_stream(struct event_base *base, struct ssl_ctx_st *tls, int fd);

#endif
