/* disk.c - a file system for SQLite in this process's memory. One process uses it, by one connection at a time: locks are always granted.
 *
 * Of each file it knows what has been written and what of it has been synced. The names of files are safe at once. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fault.h"

enum { FILES = 16, ROOM = 24 << 20, SECTOR = 512, REGIONS = 16, REGION = 32768 };

struct content {
	unsigned char *bytes; /* ROOM of them are reserved; those that are not used cost nothing */
	sqlite3_int64 size;
};

struct disk_file {
	char name[256]; /* "": the place is free */
	bool temporary;
	struct content written, synced;
	void *regions[REGIONS]; /* of the index of the write-ahead log */
};

struct handle {
	sqlite3_file base;
	struct disk_file *file;
	bool delete_on_close;
};

static struct disk_file files[FILES];
static sqlite3_vfs disk;

static struct disk_file *file_of(sqlite3_file *base)
{
	return ((struct handle *)(void *)base)->file;
}

static unsigned char *reserve(size_t size)
{
	void *room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (room == MAP_FAILED)
		abort();
	return room;
}

static void forget(struct content *content)
{
	if (content->bytes != NULL)
		(void)munmap(content->bytes, ROOM);
	*content = (struct content){0};
}

static void drop_regions(struct disk_file *file)
{
	for (int i = 0; i < REGIONS; i++) {
		if (file->regions[i] != NULL)
			(void)munmap(file->regions[i], REGION);
		file->regions[i] = NULL;
	}
}

static void file_remove(struct disk_file *file)
{
	drop_regions(file);
	forget(&file->written);
	forget(&file->synced);
	memset(file, 0, sizeof(*file));
}

static struct disk_file *find(const char *name)
{
	for (int i = 0; i < FILES; i++)
		if (files[i].name[0] != '\0' && strcmp(files[i].name, name) == 0)
			return &files[i];
	return NULL;
}

static void put(struct content *content, const void *bytes, sqlite3_int64 length, sqlite3_int64 at)
{
	if (at + length > ROOM)
		abort(); /* the script has grown: more ROOM */
	if (at > content->size)
		memset(content->bytes + content->size, 0, (size_t)(at - content->size));
	memcpy(content->bytes + at, bytes, (size_t)length);
	if (at + length > content->size)
		content->size = at + length;
}

static int disk_close(sqlite3_file *base)
{
	struct handle *handle = (struct handle *)(void *)base;

	if (handle->delete_on_close)
		file_remove(handle->file);
	return SQLITE_OK;
}

static int disk_read(sqlite3_file *base, void *out, int length, sqlite3_int64 at)
{
	const struct content *content = &file_of(base)->written;
	sqlite3_int64 there = content->size > at ? content->size - at : 0;

	if (fault_strikes(FAULT_IO))
		return SQLITE_IOERR_READ;
	if (there >= length) {
		memcpy(out, content->bytes + at, (size_t)length);
		return SQLITE_OK;
	}
	memset(out, 0, (size_t)length);
	if (there > 0)
		memcpy(out, content->bytes + at, (size_t)there);
	return SQLITE_IOERR_SHORT_READ;
}

static int disk_write(sqlite3_file *base, const void *bytes, int length, sqlite3_int64 at)
{
	struct content *content = &file_of(base)->written;

	if (fault_strikes(FAULT_IO)) {
		if (fault_is_short())
			put(content, bytes, length / 2, at);
		return SQLITE_IOERR_WRITE;
	}
	if (at + length > content->size && fault_strikes(FAULT_FULL)) {
		put(content, bytes, length / 2, at);
		return SQLITE_FULL;
	}
	put(content, bytes, length, at);
	return SQLITE_OK;
}

static int disk_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	struct content *content = &file_of(base)->written;

	if (fault_strikes(FAULT_IO))
		return SQLITE_IOERR_TRUNCATE;
	if (size < content->size)
		content->size = size;
	return SQLITE_OK;
}

static int disk_sync(sqlite3_file *base, int flags)
{
	struct disk_file *file = file_of(base);

	(void)flags;
	if (fault_strikes(FAULT_IO))
		return SQLITE_IOERR_FSYNC;
	memcpy(file->synced.bytes, file->written.bytes, (size_t)file->written.size);
	file->synced.size = file->written.size;
	return SQLITE_OK;
}

static int disk_size(sqlite3_file *base, sqlite3_int64 *size)
{
	if (fault_strikes(FAULT_IO))
		return SQLITE_IOERR_FSTAT;
	*size = file_of(base)->written.size;
	return SQLITE_OK;
}

static int disk_lock(sqlite3_file *base, int level)
{
	(void)base;
	(void)level;
	return fault_strikes(FAULT_IO) ? SQLITE_IOERR_LOCK : SQLITE_OK;
}

static int disk_unlock(sqlite3_file *base, int level)
{
	(void)base;
	(void)level;
	return SQLITE_OK;
}

static int disk_is_reserved(sqlite3_file *base, int *out)
{
	(void)base;
	*out = 0;
	return SQLITE_OK;
}

static int disk_control(sqlite3_file *base, int what, void *argument)
{
	(void)base;
	(void)what;
	(void)argument;
	return SQLITE_NOTFOUND;
}

static int disk_sector_size(sqlite3_file *base)
{
	(void)base;
	return SECTOR;
}

static int disk_characteristics(sqlite3_file *base)
{
	(void)base;
	return 0;
}

static int disk_map_shared(sqlite3_file *base, int number, int size, int extend, void volatile **out)
{
	struct disk_file *file = file_of(base);

	if (size != REGION || number >= REGIONS)
		abort();
	*out = NULL;
	if (fault_strikes(FAULT_IO))
		return SQLITE_IOERR_SHMMAP;
	if (file->regions[number] == NULL && extend) {
		if (fault_strikes(FAULT_FULL))
			return SQLITE_FULL;
		file->regions[number] = reserve(REGION);
	}
	*out = file->regions[number];
	return SQLITE_OK;
}

static int disk_lock_shared(sqlite3_file *base, int offset, int count, int flags)
{
	(void)base;
	(void)offset;
	(void)count;
	return (flags & SQLITE_SHM_LOCK) != 0 && fault_strikes(FAULT_IO) ? SQLITE_IOERR_SHMLOCK : SQLITE_OK;
}

static void disk_barrier(sqlite3_file *base)
{
	(void)base;
}

static int disk_unmap_shared(sqlite3_file *base, int delete)
{
	if (delete)
		drop_regions(file_of(base));
	return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = disk_close,
	.xRead = disk_read,
	.xWrite = disk_write,
	.xTruncate = disk_truncate,
	.xSync = disk_sync,
	.xFileSize = disk_size,
	.xLock = disk_lock,
	.xUnlock = disk_unlock,
	.xCheckReservedLock = disk_is_reserved,
	.xFileControl = disk_control,
	.xSectorSize = disk_sector_size,
	.xDeviceCharacteristics = disk_characteristics,
	.xShmMap = disk_map_shared,
	.xShmLock = disk_lock_shared,
	.xShmBarrier = disk_barrier,
	.xShmUnmap = disk_unmap_shared,
};

static struct disk_file *create(const char *name)
{
	static int temporary_number;
	struct disk_file *file = files;

	while (file->name[0] != '\0')
		if (++file == files + FILES)
			abort(); /* more FILES */
	file->written.bytes = reserve(ROOM);
	file->synced.bytes = reserve(ROOM);
	if (name != NULL)
		(void)snprintf(file->name, sizeof(file->name), "%s", name);
	else
		(void)snprintf(file->name, sizeof(file->name), "temporary/%d", temporary_number++);
	file->temporary = name == NULL;
	return file;
}

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out_flags)
{
	struct handle *handle = (struct handle *)(void *)base;
	struct disk_file *file = name != NULL ? find(name) : NULL;

	(void)vfs;
	base->pMethods = NULL;
	if (fault_strikes(FAULT_IO))
		return SQLITE_CANTOPEN;
	/* Or somebody has made the file by other means. */
	if (file == NULL && (flags & SQLITE_OPEN_CREATE) == 0 && access(name, F_OK) != 0)
		return SQLITE_CANTOPEN;
	if (file == NULL)
		file = create(name);
	handle->file = file;
	handle->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
	base->pMethods = &methods;
	if (out_flags != NULL)
		*out_flags = flags;
	return SQLITE_OK;
}

static int disk_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	struct disk_file *file = find(name);

	(void)vfs;
	(void)sync;
	if (fault_strikes(FAULT_IO))
		return SQLITE_IOERR_DELETE;
	if (file == NULL)
		return SQLITE_IOERR_DELETE_NOENT;
	file_remove(file);
	return SQLITE_OK;
}

static int disk_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	(void)vfs;
	(void)flags;
	if (fault_strikes(FAULT_IO))
		return SQLITE_IOERR_ACCESS;
	/* As the unix one has it: an empty file does not count as a journal. */
	const struct disk_file *file = find(name);
	*out = file != NULL && (flags != SQLITE_ACCESS_EXISTS || file->written.size > 0);
	return SQLITE_OK;
}

static int disk_full_path(sqlite3_vfs *vfs, const char *name, int room, char *out)
{
	(void)vfs;
	(void)snprintf(out, (size_t)room, "%s", name);
	return SQLITE_OK;
}

void disk_take_over(void)
{
	disk = *sqlite3_vfs_find(NULL);
	disk.zName = "disk";
	disk.szOsFile = (int)sizeof(struct handle);
	disk.mxPathname = (int)sizeof(files[0].name);
	disk.xOpen = disk_open;
	disk.xDelete = disk_delete;
	disk.xAccess = disk_access;
	disk.xFullPathname = disk_full_path;
	disk.pNext = NULL;
	if (sqlite3_vfs_register(&disk, 1) != SQLITE_OK)
		abort();
}

void disk_let_go(void)
{
	for (int i = 0; i < FILES; i++) {
		drop_regions(&files[i]);
		if (files[i].temporary)
			file_remove(&files[i]);
	}
}

void disk_empty(void)
{
	for (int i = 0; i < FILES; i++)
		file_remove(&files[i]);
}

static bool coin(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (*state >> 63) != 0;
}

static void lose(struct disk_file *file, uint64_t *seed)
{
	struct content *written = &file->written, *synced = &file->synced;
	sqlite3_int64 size = coin(seed) ? written->size : synced->size;

	for (sqlite3_int64 at = 0; at < written->size || at < synced->size; at += SECTOR) {
		/* Either what was synced, zeros beyond its end, or what was written since. */
		if (at < written->size && (at < synced->size ? memcmp(written->bytes + at, synced->bytes + at, SECTOR) == 0 : false))
			continue;
		if (at < written->size && coin(seed)) {
			memcpy(synced->bytes + at, written->bytes + at, SECTOR);
		} else if (at >= synced->size) {
			memset(synced->bytes + at, 0, SECTOR);
		}
	}
	synced->size = size;
	memcpy(written->bytes, synced->bytes, (size_t)size);
	written->size = size;
}

void disk_lose_power(uint64_t seed)
{
	for (int i = 0; i < FILES; i++)
		if (files[i].name[0] != '\0')
			lose(&files[i], &seed);
	disk_let_go();
}
