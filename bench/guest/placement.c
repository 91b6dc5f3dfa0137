/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/guest/placement.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "bench/guest/pins.h"
#include "bench/guest/procfs.h"

#define PAGE_BYTES 4096ULL
/* Left alone: more than the kernel's low watermark, so that nothing is reclaimed. */
#define RESERVE_BYTES (24ULL << 20)
/* How many pages are taken between two looks at what is left. */
#define LOOK_PAGES 256
/* Of a pageblock of x86. */
#define BLOCK_PAGES 512
/* Of a pagemap entry: the page is there; its frame number. */
#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_PFN ((1ULL << 55) - 1)

struct page {
	uint64_t pfn;
	char *address;
};

static char *map;
static size_t map_bytes;
static struct page *held; /* by placement_hold_high(), by frame number */
static size_t held_count;

static uint64_t free_bytes(void)
{
	struct sysinfo info;

	return sysinfo(&info) ? 0 : (uint64_t)info.freeram * info.mem_unit;
}

/*
 * Pages that are freed one by one rest on lists of their CPU, an eighth of the
 * memory and more, where neither buddyinfo nor compaction sees them: keep those
 * lists at their shortest while pages are given back.
 */
static void keep_lists_short(bool wanted)
{
	procfs_write("/proc/sys/vm/percpu_pagelist_high_fraction", wanted ? "1000000" : "0");
}

static void unmap(void)
{
	if (map)
		munmap(map, map_bytes);
	map = NULL;
}

/*
 * Take what is free, page by page; @pages tells where each of the @count is. The
 * list is written before: it takes memory, too.
 */
static int take_free(struct page **pages, size_t *count)
{
	size_t most = free_bytes() / PAGE_BYTES, i;
	int err = -ENOMEM;

	*count = 0;
	*pages = calloc(most, sizeof(**pages));
	if (!*pages)
		return -ENOMEM;
	memset(*pages, 0xff, most * sizeof(**pages));
	map_bytes = most * PAGE_BYTES;
	map = mmap(NULL, map_bytes, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED) {
		map = NULL;
		goto out;
	}
	/* A kernel without huge pages knows no such advice, and needs none. */
	madvise(map, map_bytes, MADV_NOHUGEPAGE);
	/* Or a victim, which is forked from here, would hold what is freed. */
	madvise(map, map_bytes, MADV_DONTFORK);
	for (i = 0; i < most; i++) {
		if (i % LOOK_PAGES == 0 && free_bytes() < RESERVE_BYTES)
			break;
		(*pages)[i].address = map + i * PAGE_BYTES;
		*(volatile char *)(*pages)[i].address = 1;
	}
	*count = i;
	err = 0;
out:
	if (err)
		free(*pages);
	return err;
}

/* Where in the machine each page is. */
static int find_frames(struct page *pages, size_t count)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), err = 0;
	uint64_t entries[LOOK_PAGES];
	size_t at, n, i;

	if (fd < 0)
		return -errno;
	for (at = 0; !err && at < count; at += n) {
		n = count - at < LOOK_PAGES ? count - at : LOOK_PAGES;
		if (pread(fd, entries, n * 8, (uintptr_t)pages[at].address / PAGE_BYTES * 8) !=
		    (ssize_t)(n * 8)) {
			err = -EIO;
			break;
		}
		for (i = 0; i < n; i++) {
			pages[at + i].pfn = entries[i] & PAGEMAP_PFN;
			/* Without CAP_SYS_ADMIN the kernel shows frame 0 for all. */
			if (!(entries[i] & PAGEMAP_PRESENT) || !pages[at + i].pfn)
				err = -EPERM;
		}
	}
	close(fd);
	return err;
}

static int by_frame(const void *a, const void *b)
{
	const struct page *x = a, *y = b;

	return (x->pfn > y->pfn) - (x->pfn < y->pfn);
}

/* Nearly all that is free, in the order of the machine. */
static int take_in_order(struct page **pages, size_t *count)
{
	int err = take_free(pages, count);

	if (err)
		return err;
	err = find_frames(*pages, *count);
	if (err) {
		free(*pages);
		unmap();
		return err;
	}
	qsort(*pages, *count, sizeof(**pages), by_frame);
	return 0;
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* Pin a page of each run, by frames and not by pages: what is free beside ends no run. */
static int pin_between_runs(const struct page *pages, size_t count, unsigned int longest_run,
			    uint64_t seed, uint64_t *pinned)
{
	uint64_t keep = 0;
	int err = 0;
	size_t i;

	*pinned = 0;
	for (i = 0; !err && i < count; i++) {
		while (keep < pages[i].pfn)
			keep += 2 + next_random(&seed) % longest_run;
		if (keep == pages[i].pfn) {
			err = pins_add(pages[i].address);
			++*pinned;
		}
	}
	return err ? err : pins_flush();
}

int placement_fragment(unsigned int longest_run, uint64_t seed, uint64_t *pinned_bytes)
{
	struct page *pages;
	uint64_t pinned;
	size_t count;
	int err;

	if (!longest_run)
		return -EINVAL;
	if (map)
		return -EBUSY;
	/* One in (1 + mean length) stays; half at most. */
	err = pins_prepare(free_bytes() / PAGE_BYTES / 2);
	if (err)
		return err;
	err = take_in_order(&pages, &count);
	if (!err) {
		err = pin_between_runs(pages, count, longest_run, seed, &pinned);
		free(pages);
		keep_lists_short(true);
		unmap();
		keep_lists_short(false);
	}
	if (err)
		pins_release();
	else
		*pinned_bytes = pinned * PAGE_BYTES;
	return err;
}

static void give_back(const struct page *pages, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		madvise(pages[i].address, PAGE_BYTES, MADV_DONTNEED);
}

int placement_hold_high(uint64_t bytes)
{
	/* With a page of each block that stays, and of the two at the ends. */
	size_t wanted = bytes / PAGE_BYTES / (BLOCK_PAGES - 1) * BLOCK_PAGES + BLOCK_PAGES, count;
	struct page *pages;
	int err;

	if (map)
		return -EBUSY;
	err = take_in_order(&pages, &count);
	if (err)
		return err;
	if (count < wanted) {
		free(pages);
		unmap();
		return -ENOMEM;
	}
	give_back(pages, count - wanted);
	memmove(pages, pages + count - wanted, wanted * sizeof(*pages));
	held = realloc(pages, wanted * sizeof(*pages));
	held_count = wanted;
	return 0;
}

uint64_t placement_free_high(uint64_t bytes)
{
	size_t wanted = bytes / PAGE_BYTES, given = 0;

	keep_lists_short(true);
	while (given < wanted && held_count) {
		held_count--;
		if (held[held_count].pfn % BLOCK_PAGES) {
			give_back(held + held_count, 1);
			given++;
		}
	}
	keep_lists_short(false);
	return given * PAGE_BYTES;
}

void placement_release(void)
{
	pins_release();
	unmap();
	free(held);
	held = NULL;
	held_count = 0;
}
