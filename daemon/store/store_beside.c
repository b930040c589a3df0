#include "store_beside.h"

#include "store_layer.h"

static sqlite3_vfs layer;
static sqlite3_vfs *below;

static int told(int code)
{
	switch (code) {
	case SQLITE_OK:
	case SQLITE_IOERR_SHORT_READ: /* it goes on with zeroes */
	case SQLITE_NOMEM:
	case SQLITE_IOERR_NOMEM:
		return code;
	default:
		return SQLITE_FULL;
	}
}

static int beside_close(sqlite3_file *base)
{
	return told(layered_below(base)->pMethods->xClose(layered_below(base)));
}

static int beside_read(sqlite3_file *base, void *out, int length, sqlite3_int64 at)
{
	return told(layered_below(base)->pMethods->xRead(layered_below(base), out, length, at));
}

static int beside_write(sqlite3_file *base, const void *bytes, int length, sqlite3_int64 at)
{
	return told(layered_below(base)->pMethods->xWrite(layered_below(base), bytes, length, at));
}

static int beside_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	return told(layered_below(base)->pMethods->xTruncate(layered_below(base), size));
}

static int beside_sync(sqlite3_file *base, int flags)
{
	return told(layered_below(base)->pMethods->xSync(layered_below(base), flags));
}

static int beside_size(sqlite3_file *base, sqlite3_int64 *size)
{
	return told(layered_below(base)->pMethods->xFileSize(layered_below(base), size));
}

/* The first version: nothing is mapped, for what cannot be read of a mapping is a signal. */
static const sqlite3_io_methods beside_methods = {
	.iVersion = 1,
	.xClose = beside_close,
	.xRead = beside_read,
	.xWrite = beside_write,
	.xTruncate = beside_truncate,
	.xSync = beside_sync,
	.xFileSize = beside_size,
	LAYERED_METHODS,
};

static int layer_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out_flags)
{
	struct layered_file *file = (struct layered_file *)(void *)base;

	(void)vfs;
	if ((flags & SQLITE_OPEN_DELETEONCLOSE) == 0) /* the book, its log */
		return below->xOpen(below, name, base, flags, out_flags);
	base->pMethods = NULL;
	file->below = (sqlite3_file *)(void *)(file + 1);
	int code = below->xOpen(below, name, file->below, flags, out_flags);
	if (code == SQLITE_OK)
		base->pMethods = &beside_methods;
	return told(code);
}

int store_beside_prepare(void)
{
	return layer_prepare(&layer, &below, STORE_BESIDE_NAME, sizeof(struct layered_file), layer_open);
}
