/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * With LD_PRELOAD: a host that keeps what it is told to discard, as QEMU does while discards are
 * inhibited. What a balloon gives back then has its old content.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/mman.h>

int madvise(void *address, size_t length, int advice)
{
	static int (*next)(void *address, size_t length, int advice);

	if (advice == MADV_DONTNEED)
		return 0;
	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "madvise");
	return next ? next(address, length, advice) : -1;
}
