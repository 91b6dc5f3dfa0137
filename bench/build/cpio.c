/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/cpio.h"

#include <string.h>
#include <sys/stat.h>

static void pad(struct cpio *cpio, size_t written)
{
	fwrite("\0\0\0", 1, -written & 3, cpio->file);
}

static void add(struct cpio *cpio, const char *path, unsigned int mode, const void *data,
		size_t size)
{
	const size_t name_size = strlen(path) + 1;
	/* ino, mode, uid, gid, nlink, mtime, size, devices, name size, check */
	int head = fprintf(cpio->file, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
			   ++cpio->entries, mode, 0, 0, 1, 0, (unsigned int)size, 0, 0, 0, 0,
			   (unsigned int)name_size, 0);

	fwrite(path, 1, name_size, cpio->file);
	pad(cpio, head + name_size);
	fwrite(data, 1, size, cpio->file);
	pad(cpio, size);
}

void cpio_add_directory(struct cpio *cpio, const char *path)
{
	add(cpio, path, S_IFDIR | 0755, "", 0);
}

void cpio_add(struct cpio *cpio, const char *path, const void *data, size_t size)
{
	add(cpio, path, S_IFREG | 0644, data, size);
}

void cpio_add_program(struct cpio *cpio, const char *path, const void *data, size_t size)
{
	add(cpio, path, S_IFREG | 0755, data, size);
}

void cpio_end(struct cpio *cpio)
{
	add(cpio, "TRAILER!!!", 0, "", 0);
}
