/* store_record.h - the record (POLICY 8): every decision, every try and every look, written once and never changed.
 *
 * Entries are chained by commit: each commit that wrote some adds one link, whose digest covers the digests of its entries and the digest of the link before. What an entry
 * says of a person stands in its body, which enters the entry's digest only as a salted digest of its own: a body can be erased, and the chain still holds.
 *   body   SHA-256 of salt and body
 *   entry  SHA-256 of these lines, each ended by LF: entry, at, kind, client_ref, follow-up, call, agent, reason, body's digest in hex; empty where there is none
 *   link   SHA-256 of the digest of the link before (32 zero bytes for the first), the link's number and LF, the digests of its entries in order; and, where an entry of it says that it or one
 *          that it corrects concerns further clients, SHA-256 of two lines for each, entry and client_ref, in order of both */
#ifndef FOLLOWUP_STORE_RECORD_H
#define FOLLOWUP_STORE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "followup/buffer.h"
#include "followup/error.h"

struct store;

/* The numbers stand in the book: never change one, add the next. Names in store_record.c. */
enum record_kind {
	/* of a follow-up, by the engine */
	RECORD_CREATED = 1,
	RECORD_MOVED = 2,    /* a corrected fact gave it another window, occasion or priority */
	RECORD_QUEUED = 3,   /* it joined a call or got one of its own */
	RECORD_DEFERRED = 4, /* it waits, or waits again: the reason says for what */
	RECORD_DONE = 5,
	RECORD_DONE_LATE = 6,
	RECORD_MISSED = 7,
	RECORD_CANCELLED = 8,
	RECORD_SUPPRESSED = 9,
	RECORD_REOPENED = 10, /* it had ended */
	/* of a call */
	RECORD_HANDED_OUT = 20,
	RECORD_LEASE_EXPIRED = 25, /* an agent let it run out: no refusal, no try */
	RECORD_ATTEMPT = 21,       /* a try, or what befell a call otherwise; a row of attempts too */
	RECORD_PROMISED = 22,      /* an agent has promised the client something */
	/* of a person's doing */
	RECORD_LOOK = 30,
	RECORD_PAUSED = 31,
	RECORD_RESUMED = 32,
	RECORD_ACKNOWLEDGED = 33,
	RECORD_AGENT_ADDED = 34,
	RECORD_AGENT_DELETED = 35,
	RECORD_RULES_CHANGED = 36, /* a start or a reload with other rules or calendars */
	RECORD_BREAK = 50,
	RECORD_READY = 51,
	RECORD_HANDED_OVER = 52, /* a manager's clients to a successor, or back */
	/* of a draw */
	RECORD_SAMPLE_DRAWN = 40, /* clients for the yearly sample: at the year's beginning, and in place of those who were lost */
	RECORD_REVIEW_DRAWN = 45, /* of a contact, for second-line review */
	RECORD_REVIEWED = 46,     /* it was judged */
	/* of the record itself */
	RECORD_CORRECTED = 60, /* an attempt is not what was told of it: the entry says what it is */
	RECORD_ERASED = 61,    /* a client, at his request */
	RECORD_RETIRED = 62,   /* bodies older than they are kept: sealed or erased, so many */
};

struct record_entry {
	enum record_kind kind;
	int64_t client_id;            /* 0: of no single client */
	const char *client_ref;       /* NULL: looked up */
	int64_t followup_id, call_id; /* 0: none */
	int64_t reason;               /* a name (store_name.h); 0: none */
	const char *body;             /* JSON; NULL: none */
	const char *agent;            /* NULL: whoever store_record_by() named */
};

/* Adds an entry, written down under the transaction's moment (store_begin). Its number; 0 when no record is kept. */
int64_t store_record_add(struct store *store, const struct record_entry *entry) MUST_CHECK;

/* An entry, this transaction's or one that it corrects, concerns one more client: the latest entry of this transaction says so. ERR_INVALID when there is none. */
int store_record_about(struct store *store, int64_t entry_id, int64_t client_id) MUST_CHECK;

/* Who is at work from now on: entries carry his name. NULL: nobody, the daemon itself. */
void store_record_by(struct store *store, const char *agent);

/* No record is kept (simulate: the book is thrown away). */
void store_record_off(struct store *store);
bool store_record_is_off(const struct store *store);

/* Writes down a look: command is what was asked, json the answer; every client that it names by a member client_ref is noted, and client_id (0: none). Nothing is
 * written when it names nobody. */
int store_record_look(struct store *store, const char *command, const char *json, int64_t client_id) MUST_CHECK;

/* The entries about a client, in order, an array; numbers dialled are masked. */
int store_record_history(struct store *store, int64_t client_id, int64_t after, int64_t limit, struct buffer *out) MUST_CHECK;

/* The last link: its number and its digest in hex; 0 and "" before the first. */
enum { RECORD_DIGEST_TEXT_SIZE = 65 };
int store_record_head(struct store *store, int64_t *link, char digest[RECORD_DIGEST_TEXT_SIZE]) MUST_CHECK;

/* VERIFY: works every digest out again, and compares attempts with their entries. known_link (0: none) must have the digest known_digest, as an earlier head was noted
 * elsewhere: so that a chain cut short or made anew is found as well. Reads only. */
struct record_verdict {
	int64_t links, entries, erased, sealed; /* looked at */
	int64_t broken_link;                    /* 0: none; the first that does not hold */
	int64_t broken_entry;                   /* 0: no single one is known */
	char why[160];                          /* "" when all holds */
	char head[RECORD_DIGEST_TEXT_SIZE];
};
int store_record_verify(struct store *store, int64_t known_link, const char *known_digest, struct record_verdict *verdict) MUST_CHECK;

#endif
