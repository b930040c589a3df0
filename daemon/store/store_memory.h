/* store_memory.h - SQLite's small pieces of memory, in stock (store_memory.c). Nothing outside daemon/store includes it. */
#ifndef FOLLOWUP_STORE_MEMORY_H
#define FOLLOWUP_STORE_MEMORY_H

/* Before SQLite is used for the first time in the process; later it changes nothing, and everything works, more slowly. The stock is the calling thread's, which keeps it until the process ends. */
void store_memory_prepare(void);

#endif
