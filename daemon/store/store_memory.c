/* store_memory.c - each statement takes memory for its cursors and values and gives it back when it is reset, some ninety pieces for NEXT and DONE, nearly all of the same few sizes; Debian builds
 * SQLite without the stock of its own that it has for them. Here what is given back is laid aside by its size and taken again without asking the C library, whose malloc() and free() do more than
 * that takes: 13,000 instructions a cycle. Only the thread that prepared it has a stock: the others' pieces come from the C library and go back to it, and either can free the other's. */
#include "store_memory.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Sanitizers follow each piece by itself. */
#if defined(__SANITIZE_ADDRESS__)
#define WITHOUT_STOCK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define WITHOUT_STOCK 1
#endif
#endif
#ifndef WITHOUT_STOCK
#define WITHOUT_STOCK 0
#endif

/* A shelf for each multiple of a step; larger pieces are rare. */
enum { STEP = 16, LARGEST = 2048, SHELVES = LARGEST / STEP + 1, STOCK_MOST = 1 << 20 };

struct piece {
	struct piece *next;
};

static struct piece *shelves[SHELVES];
static int stocked; /* bytes in all */
static _Thread_local bool has_stock;
static sqlite3_mem_methods below;

static int round_up(int size)
{
	return size <= LARGEST ? (size + STEP - 1) & ~(STEP - 1) : size;
}

static void give_all_back(void)
{
	for (int i = 0; i < SHELVES; i++)
		while (shelves[i] != NULL) {
			struct piece *piece = shelves[i];
			shelves[i] = piece->next;
			below.xFree(piece);
		}
	stocked = 0;
}

static void *take(int wanted)
{
	int size = round_up(wanted);

	if (has_stock && size <= LARGEST && shelves[size / STEP] != NULL) {
		struct piece *piece = shelves[size / STEP];
		shelves[size / STEP] = piece->next;
		stocked -= size;
		return piece;
	}
	void *fresh = below.xMalloc(size);
	if (fresh == NULL && has_stock && stocked > 0) {
		give_all_back();
		fresh = below.xMalloc(size);
	}
	return fresh;
}

static void give_back(void *memory)
{
	if (memory == NULL)
		return;
	/* A size that lies between two shelves serves as the smaller. */
	int size = below.xSize(memory) & ~(STEP - 1);
	if (!has_stock || size == 0 || size > LARGEST || stocked + size > STOCK_MOST) {
		below.xFree(memory);
		return;
	}
	struct piece *piece = memory;
	piece->next = shelves[size / STEP];
	shelves[size / STEP] = piece;
	stocked += size;
}

static void *resize(void *memory, int wanted)
{
	int has = below.xSize(memory), size = round_up(wanted);

	if (size <= has && size >= has / 2)
		return memory;
	if (!has_stock || size > LARGEST || has > LARGEST)
		return below.xRealloc(memory, size);
	void *other = take(size);
	if (other == NULL)
		return NULL;
	memcpy(other, memory, (size_t)(has < size ? has : size));
	give_back(memory);
	return other;
}

void store_memory_prepare(void)
{
	if (WITHOUT_STOCK || below.xMalloc != NULL || sqlite3_config(SQLITE_CONFIG_GETMALLOC, &below) != SQLITE_OK)
		return;
	sqlite3_mem_methods own = below; /* what begins and ends it, and tells a piece's size */
	own.xMalloc = take;
	own.xFree = give_back;
	own.xRealloc = resize;
	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &own) == SQLITE_OK)
		has_stock = true;
}
