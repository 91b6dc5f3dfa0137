/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include <stdint.h>

/**
 * memory_touch() - write one word into every page of fresh anonymous memory
 * @bytes: how much; it is held until memory_free()
 * @duration_ns: how long the writing took
 *
 * Return: 0, -EBUSY (there is memory held already), -ENOMEM (so much is not
 * available: asking the kernel for it would only bring the OOM killer) or
 * another -errno.
 */
int memory_touch(uint64_t bytes, uint64_t *duration_ns);

/*
 * memory_fill(), memory_verify() - write a pattern to all that is held, and look
 * whether it is still there
 * @seed: of the pattern
 * @bad: how many of its words of 8 bytes are not
 *
 * Return: 0 or -ENODATA (nothing is held).
 */
int memory_fill(uint64_t seed);
int memory_verify(uint64_t seed, uint64_t *bad);

/* Give back what memory_touch() holds; returns the bytes. */
uint64_t memory_free(void);

/**
 * memory_cache() - fill memory with pages that the kernel can drop at once
 * @bytes: how much, in addition to what memory_touch() holds
 * @duration_ns: how long it took
 *
 * They are written and given up with MADV_FREE: until the kernel wants them back
 * they lie on the list of the clean page cache, and reclaim drops them as it
 * drops that, without writing. (Page cache itself has a disk behind it, which
 * the guests have not.)
 *
 * Return: as memory_touch().
 */
int memory_cache(uint64_t bytes, uint64_t *duration_ns);

/* Give back what is left of it; returns the bytes that there were at first. */
uint64_t memory_drop_cache(void);

#endif
