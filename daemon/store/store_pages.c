/* store_pages.c - which pages are in memory is SQLite's own cache's business. But at the end of each transaction SQLite has it forget whatever lies behind the end of the book, and the cache looks
 * through all that it holds if a page with so high a number was ever in it. One was, for an instant, as soon as a tree was balanced: two pages that change their numbers do it by way of the number
 * that no page of a file has, of the lock at one gigabyte. Thousands of pages are then looked through for each commit, a tenth of all that NEXT and DONE cost. Here it is known what the highest
 * number really is. */
#include "store_pages.h"

#include <sqlite3.h>
#include <stddef.h>

struct cache {
	sqlite3_pcache *real;
	/* No page's number is above it, but for the one set aside. */
	unsigned highest;
	unsigned aside; /* 0: none */
};

static sqlite3_pcache_methods2 below;

static struct cache *cache_of(sqlite3_pcache *handle)
{
	return (struct cache *)(void *)handle;
}

static sqlite3_pcache *create(int page_size, int extra_size, int purgeable)
{
	struct cache *cache = sqlite3_malloc(sizeof(*cache));

	if (cache == NULL)
		return NULL;
	*cache = (struct cache){.real = below.xCreate(page_size, extra_size, purgeable)};
	if (cache->real == NULL) {
		sqlite3_free(cache);
		return NULL;
	}
	return (sqlite3_pcache *)(void *)cache;
}

static void set_size(sqlite3_pcache *handle, int pages)
{
	below.xCachesize(cache_of(handle)->real, pages);
}

static int count(sqlite3_pcache *handle)
{
	return below.xPagecount(cache_of(handle)->real);
}

static sqlite3_pcache_page *fetch(sqlite3_pcache *handle, unsigned number, int create_flag)
{
	struct cache *cache = cache_of(handle);

	if (number > cache->highest && create_flag != 0)
		cache->highest = number;
	return below.xFetch(cache->real, number, create_flag);
}

static void unpin(sqlite3_pcache *handle, sqlite3_pcache_page *page, int discard)
{
	below.xUnpin(cache_of(handle)->real, page, discard);
}

static void renumber(sqlite3_pcache *handle, sqlite3_pcache_page *page, unsigned from, unsigned to)
{
	struct cache *cache = cache_of(handle);

	if (from == cache->aside)
		cache->aside = 0;
	if (to > cache->highest) {
		if (cache->aside == 0)
			cache->aside = to;
		else
			cache->highest = to;
	}
	below.xRekey(cache->real, page, from, to);
}

static void truncate(sqlite3_pcache *handle, unsigned limit)
{
	struct cache *cache = cache_of(handle);

	if (cache->highest < limit && cache->aside < limit)
		return;
	below.xTruncate(cache->real, limit);
	if (cache->highest >= limit)
		cache->highest = limit > 0 ? limit - 1 : 0;
	if (cache->aside >= limit)
		cache->aside = 0;
}

static void destroy(sqlite3_pcache *handle)
{
	below.xDestroy(cache_of(handle)->real);
	sqlite3_free(handle);
}

static void shrink(sqlite3_pcache *handle)
{
	below.xShrink(cache_of(handle)->real);
}

void store_pages_prepare(void)
{
	if (below.xCreate != NULL || sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &below) != SQLITE_OK)
		return;
	sqlite3_pcache_methods2 own = below; /* what begins and ends it, and its version */
	own.xCreate = create;
	own.xCachesize = set_size;
	own.xPagecount = count;
	own.xFetch = fetch;
	own.xUnpin = unpin;
	own.xRekey = renumber;
	own.xTruncate = truncate;
	own.xDestroy = destroy;
	own.xShrink = shrink;
	(void)sqlite3_config(SQLITE_CONFIG_PCACHE2, &own);
}
