/* sha256.c - OpenSSL's SHA-256 by its plain functions: what stands around them in EVP_Digest...() (a context, the algorithm's own part of it, made anew each time) costs as much as the digest of a
 * line, of which the record takes six for each call made, and it can fail for want of memory. They are marked as old since OpenSSL 3, and are in all of 3. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "followup/sha256.h"

#include <openssl/sha.h>

_Static_assert(SHA256_SIZE == SHA256_DIGEST_LENGTH, "what is digested here is what they digest");

void sha256(const void *bytes, size_t size, unsigned char out[SHA256_SIZE])
{
	SHA256_CTX context;

	/* They say 1, whatever they are given. */
	(void)SHA256_Init(&context);
	(void)SHA256_Update(&context, bytes, size);
	(void)SHA256_Final(out, &context);
}
