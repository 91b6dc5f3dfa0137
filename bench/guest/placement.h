/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUEST_PLACEMENT_H
#define GUEST_PLACEMENT_H

#include <stdint.h>

/*
 * Memory arranged by where it lies in the machine, as /proc/self/pagemap tells:
 * nearly all of what is free is taken, page by page, and given back in a
 * pattern. One arrangement at a time.
 */

/**
 * placement_fragment() - leave free memory in short runs
 * @longest_run: runs of free pages have lengths from 1 to this, each as often
 *	as any other; between two of them a page stays, pinned where it is
 * @seed: of the lengths
 * @pinned_bytes: what stays
 *
 * Return: 0, -EBUSY, -EINVAL or another -errno; nothing is held then.
 */
int placement_fragment(unsigned int longest_run, uint64_t seed, uint64_t *pinned_bytes);

/**
 * placement_hold_high() - hold the memory at the highest addresses of what is free
 * @bytes: how much placement_free_high() is to give back in all; a page of each
 *	pageblock and up to two pageblocks more are held beside it
 *
 * Return: 0, -EBUSY, -ENOMEM (there is less) or another -errno.
 */
int placement_hold_high(uint64_t bytes);

/*
 * Give back the highest @bytes of what is held, but for the first page of each
 * pageblock, which stays: compaction moves nothing into a pageblock that is all
 * free. Returns how much it was.
 */
uint64_t placement_free_high(uint64_t bytes);

/* Give back all. */
void placement_release(void);

#endif
