/* store_pages.h - SQLite's own cache of pages, spared one search (store_pages.c). Nothing outside daemon/store includes it. */
#ifndef FOLLOWUP_STORE_PAGES_H
#define FOLLOWUP_STORE_PAGES_H

/* Before SQLite is used for the first time in the process; later it changes nothing, and everything works, more slowly. */
void store_pages_prepare(void);

#endif
