/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_READY_H
#define BENCH_BUILD_READY_H

#include <stddef.h>

#include "bench/build/digest.h"

/*
 * Kernels that were built elsewhere, in the cache: kernels/KEY/{vmlinux or bzImage,
 * modules.cpio,host-modules.cpio,release,version,build_id,SHA256SUMS}. The key is a digest of
 * kernel and modules. The files are copies: a distribution's update of the kernel changes no cut.
 */
struct ready_kernel {
	char key[KEY_LENGTH + 1];
	char *image;	    /* in the cache, as the next one */
	char *modules;	    /* archive of modules.h; NULL: none are needed, or none were given */
	char *host_modules; /* the same of a host; NULL: it cannot be one */
	char *release, *version; /* as uname -r and -v will say */
	char *build_id;		 /* NULL: the file has none */
	char *source; /* "image /boot/vmlinuz-6.12.9" or "debian linux-image-…_6.12.9-1" */
};

/*
 * Both: 0; -EINVAL with a message that says what is wrong with the files; -EINTR; another -errno
 * with a message. Release @kernel in every case.
 */

/* A vmlinux or bzImage, and its modules in any directory of modules_pack(), or NULL. */
int ready_kernel(const char *image, const char *modules, struct ready_kernel *kernel, char *err,
		 size_t err_size);

/*
 * Debian's newest cloud kernel for amd64 of @version, as "6.12" or "6.12.117+deb13". Packages are
 * downloaded by vm-images/fetch-source, if the cache does not have them.
 */
int debian_kernel(const char *version, struct ready_kernel *kernel, char *err, size_t err_size);

void ready_kernel_release(struct ready_kernel *kernel);

#endif
