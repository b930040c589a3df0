/* digest.h - how an entry of the record, and a link of its chain, are digested: the same when they are written and when they are verified. Nothing outside daemon/store includes it. */
#ifndef FOLLOWUP_STORE_DIGEST_H
#define FOLLOWUP_STORE_DIGEST_H

#include "followup/sha256.h"
#include "internal.h"

/* An entry as its digest sees it. */
struct digested {
	int64_t id, at, kind, followup_id, call_id;
	const char *client_ref, *agent, *reason;
	const void *salt; /* or, of an erased body, its digest */
	size_t salt_size;
	const char *body; /* NULL: none, or erased */
	size_t body_size;
};

/* text: room to work in, its content is lost. ERR_MEMORY is all that can fail. */
int digest_entry(struct buffer *text, const struct digested *entry, unsigned char out[SHA256_SIZE]) MUST_CHECK;
/* Of a link: the digest of the one before, its number, and the digests of its entries one after the other, with that of the further clients (digest_subjects) at their end where there are some. */
int digest_link(struct buffer *text, const unsigned char before[SHA256_SIZE], int64_t link, const struct buffer *entries,
	unsigned char out[SHA256_SIZE]) MUST_CHECK;
/* Appends to the digests of a link's entries that of the further clients whom they have named, of themselves or of an entry that they correct; nothing when there are none. text: as above. Reads the book. */
int digest_subjects(struct store *store, struct buffer *text, int64_t first, int64_t last, struct buffer *entries) MUST_CHECK;

/* out holds twice as many bytes and a NUL. */
void digest_hex(const unsigned char *bytes, size_t count, char *out);

/* A kind's name, which is digested; and whether its body speaks of a person: then it is salted, and can be erased. */
const char *record_kind_name(int64_t kind);
bool record_kind_is_personal(int64_t kind);

#endif
