#include "store_layer.h"

sqlite3_file *layered_below(sqlite3_file *base)
{
	return ((struct layered_file *)(void *)base)->below;
}

int layered_lock(sqlite3_file *base, int level)
{
	return layered_below(base)->pMethods->xLock(layered_below(base), level);
}

int layered_unlock(sqlite3_file *base, int level)
{
	return layered_below(base)->pMethods->xUnlock(layered_below(base), level);
}

int layered_is_reserved(sqlite3_file *base, int *out)
{
	return layered_below(base)->pMethods->xCheckReservedLock(layered_below(base), out);
}

int layered_control(sqlite3_file *base, int what, void *argument)
{
	return layered_below(base)->pMethods->xFileControl(layered_below(base), what, argument);
}

int layered_sector_size(sqlite3_file *base)
{
	return layered_below(base)->pMethods->xSectorSize(layered_below(base));
}

int layered_characteristics(sqlite3_file *base)
{
	return layered_below(base)->pMethods->xDeviceCharacteristics(layered_below(base));
}

int layer_prepare(sqlite3_vfs *layer, sqlite3_vfs **below, const char *name, size_t size,
	int (*open)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *))
{
	if (*below == NULL) {
		*below = sqlite3_vfs_find(NULL);
		if (*below == NULL)
			return SQLITE_NOMEM;
		/* The system's functions look for no more than they find in the copy. */
		*layer = **below;
		layer->zName = name;
		layer->szOsFile = (int)size + (*below)->szOsFile;
		layer->xOpen = open;
		layer->pNext = NULL;
	}
	return sqlite3_vfs_find(name) == NULL ? sqlite3_vfs_register(layer, 0) : SQLITE_OK;
}
