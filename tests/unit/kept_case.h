/* kept_case.h - something asked of a small book (kept_book.h), and what writes it: the answer must never be older than the book. */
#ifndef FOLLOWUP_TEST_KEPT_CASE_H
#define FOLLOWUP_TEST_KEPT_CASE_H

#include "kept_book.h"

struct kept_case {
	const char *name;
	void (*ask)(struct book *book, char *out, size_t size); /* as text */
	int (*write)(struct book *book);
};

static void must_hear(struct book *b, const struct kept_case *k, const char *wanted, const char *when)
{
	char heard[256];

	/* Twice: the first time reads it, if it is not kept. */
	for (int i = 0; i < 2; i++) {
		k->ask(b, heard, sizeof(heard));
		if (strcmp(heard, wanted) != 0)
			fail_msg("%s, %s: \"%s\", wanted \"%s\"", k->name, when, heard, wanted);
	}
}

static void write_and_hear(struct book *b, const struct kept_case *k, const char *before, const char *after, const char *when)
{
	char heard[256];

	must_hear(b, k, before, when);
	assert_true(k->write(b) >= 0);
	k->ask(b, heard, sizeof(heard));
	if (after[0] == '\0' ? strcmp(heard, before) == 0 : strcmp(heard, after) != 0)
		fail_msg("%s, %s: written, and still \"%s\"", k->name, when, heard);
}

/* Written and taken back in every way that there is. */
static void hear_each(const struct kept_case *cases, size_t count)
{
	for (const struct kept_case *k = cases; k < cases + count; k++) {
		struct book b;
		char before[256], after[256];
		make_book(&b);
		k->ask(&b, before, sizeof(before));
		assert_int_equal(store_savepoint(b.store), 0);
		write_and_hear(&b, k, before, "", "at first");
		k->ask(&b, after, sizeof(after));
		store_rollback_savepoint(b.store);
		must_hear(&b, k, before, "after a savepoint's rollback");
		assert_int_equal(store_commit(b.store), 0);
		assert_int_equal(store_begin(b.store, NOW), 0);
		write_and_hear(&b, k, before, after, "in another transaction");
		store_rollback(b.store);
		must_hear(&b, k, before, "outside a transaction");
		assert_int_equal(store_begin(b.store, NOW), 0);
		write_and_hear(&b, k, before, after, "after a rollback");
		assert_int_equal(store_commit(b.store), 0);
		must_hear(&b, k, after, "committed");
		assert_int_equal(store_begin(b.store, NOW), 0);
		must_hear(&b, k, after, "after the commit");
		close_memory(b.store);
	}
}

#endif
