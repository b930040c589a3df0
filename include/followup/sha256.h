/* sha256.h - SHA-256 of something short, in one piece. */
#ifndef FOLLOWUP_SHA256_H
#define FOLLOWUP_SHA256_H

#include <stddef.h>

enum { SHA256_SIZE = 32 };
void sha256(const void *bytes, size_t size, unsigned char out[SHA256_SIZE]);

#endif
