/* store_erase.h - what leaves the book for good, and what is only sealed (POLICY 8): a client who asks to be erased, and the record of long ago.
 *
 * Sealed: the body of an entry stands in the book and enters the chain as before, but no command shows it. Erased: it is gone; its digest takes the place of the salt, so
 * that the chain still holds. Entries of looks, and those that say of whom or until when something was erased, stay as they are. */
#ifndef FOLLOWUP_STORE_ERASE_H
#define FOLLOWUP_STORE_ERASE_H

#include <stdbool.h>
#include <stdint.h>

#include "followup/error.h"

struct store;

/* Whether a client has been erased: 1 and since when (unix seconds; NULL: no matter), or 0. */
int store_client_erased(struct store *store, int64_t client_id, int64_t *at) MUST_CHECK;

/* His fields, and what else the book knows of him beside the record and his events, at once: his row stays with its number, so that nobody makes him anew, and his
 * contacts stay in the ledger of his person. by: who acknowledges his open tasks. The rest goes by store_erase_some(). */
int store_client_erase(struct store *store, int64_t client_id, int64_t at, const char *by) MUST_CHECK;

/* The next of those who have been erased, about so many rows: his events' details, his attorney's name in what was answered, and the bodies of the entries about him, which are sealed,
 * or erased when they were written before a moment (unix seconds). What concerns another client too stays until he is erased as well. 1: some are left, 0: none. */
int store_erase_some(struct store *store, int64_t before, int budget) MUST_CHECK;

/* Entries written before a moment are sealed or erased, from the one after *last on and at most budget of them; *last moves on, and *closed grows by as many as were. 1: some are
 * left, 0: none. */
int store_record_retire(struct store *store, int64_t before, bool erase, int budget, int64_t *last, int64_t *closed) MUST_CHECK;

#endif
