/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_IMAGE_H
#define BENCH_BUILD_IMAGE_H

#include <stddef.h>

/*
 * What a kernel file is. QEMU boots two kinds of them on x86-64: an ELF vmlinux with a PVH entry,
 * and a bzImage, as distributions install it as /boot/vmlinuz-RELEASE. The file is not trusted:
 * every offset and size in it is checked against the length of what was read.
 */

enum image_format { IMAGE_VMLINUX, IMAGE_BZIMAGE };

struct image_info {
	enum image_format format;
	char release[65], version[65]; /* as uname -r and uname -v will say */
	char build_id[129];	       /* in hex; empty: the file has none */
};

/*
 * 0; -EINVAL with a message that says what the file is instead, if it cannot be booted; another
 * -errno, with a message, if it cannot be read.
 */
int image_inspect(const char *path, struct image_info *info, char *err, size_t err_size);

#endif
