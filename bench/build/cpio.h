/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_CPIO_H
#define BENCH_BUILD_CPIO_H

#include <stddef.h>
#include <stdio.h>

/*
 * A cpio archive as the kernel unpacks it (Documentation/driver-api/early-userspace/
 * buffer-format.rst): files of root, without times, so that the same files give the same archive.
 * Errors are those of the stream.
 */
struct cpio {
	FILE *file;
	unsigned int entries;
};

void cpio_add_directory(struct cpio *cpio, const char *path);
void cpio_add(struct cpio *cpio, const char *path, const void *data, size_t size);
void cpio_add_program(struct cpio *cpio, const char *path, const void *data, size_t size);
void cpio_end(struct cpio *cpio);

#endif
