/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that write to anonymous memory and hold it, or arrange it by physical address, which
 * /proc/self/pagemap shows: nearly all free memory is taken, page by page, and given back in a
 * pattern. One arrangement at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench/guest/guest.h"
#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/log.h"

/* Left for the kernel and the agent: a larger request would start the OOM killer. */
#define KERNEL_BYTES (96ULL << 20)

struct area {
	char *map;
	uint64_t bytes;
};

static struct area held, cache;

char *memory_map(uint64_t bytes)
{
	char *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		return NULL;
	/* A victim is forked from this process and would keep a reference. */
	madvise(map, bytes, MADV_DONTFORK);
	return map;
}

void memory_write(char *map, uint64_t bytes)
{
	size_t page = sysconf(_SC_PAGESIZE);
	uint64_t at;

	for (at = 0; at < bytes; at += page)
		*(volatile uint64_t *)(map + at) = at + 1;
}

static uint64_t free_area(struct area *area)
{
	uint64_t bytes = area->bytes;

	if (area->map)
		munmap(area->map, bytes);
	*area = (struct area){ NULL, 0 };
	return bytes;
}

uint64_t memory_free(void)
{
	return free_area(&held);
}

/*
 * The limit is MemTotal, which a balloon lowers, not MemAvailable, in which pages that were just
 * freed to per-CPU lists are not counted.
 */
static int write_pages(struct area *area, struct call *call)
{
	uint64_t bytes = call->request.bytes, start;
	char *map;

	if (area->map)
		return -EBUSY;
	if (bytes + KERNEL_BYTES > (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE))
		return -ENOMEM;
	map = memory_map(bytes);
	if (!map)
		return -errno;
	start = clock_ns();
	memory_write(map, bytes);
	call->answer.touch = (struct touch_result){ bytes, clock_ns() - start };
	*area = (struct area){ map, bytes };
	return 0;
}

int do_touch(struct call *call)
{
	return write_pages(&held, call);
}

/* Reclaim drops pages with MADV_FREE as it drops clean page cache; the guests have no disk. */
int do_cache(struct call *call)
{
	int err = write_pages(&cache, call);

	if (!err && madvise(cache.map, cache.bytes, MADV_FREE)) {
		err = -errno;
		free_area(&cache);
	}
	return err;
}

/* The value of a word; a page that was lost and faulted in again has zeroes. */
static uint64_t pattern(uint64_t seed, uint64_t word)
{
	return (word + 1) * 0x9e3779b97f4a7c15ULL ^ seed;
}

static int nothing_is_held(struct call *call)
{
	return refuse(call->error, sizeof(call->error), "no memory is held; send touch first");
}

/* "fill" writes the pattern, "verify" counts the words that differ from it. */
int do_pattern(struct call *call)
{
	bool fills = !strcmp(call->request.cmd, "fill");
	uint64_t *words = (uint64_t *)held.map, expected, i;

	for (i = 0; i < held.bytes / sizeof(*words); i++) {
		expected = pattern(call->request.seed, i);
		if (fills)
			words[i] = expected;
		else
			call->answer.number += words[i] != expected;
	}
	return words ? 0 : nothing_is_held(call);
}

/* "touch" wrote the first word of each page, the kernel zeroed the others. */
int do_stale(struct call *call)
{
	const uint64_t *words = (uint64_t *)held.map;
	const uint64_t per_page = sysconf(_SC_PAGESIZE) / sizeof(*words);
	uint64_t i;

	for (i = 0; i < held.bytes / sizeof(*words); i++)
		call->answer.number += i % per_page && words[i];
	return words ? 0 : nothing_is_held(call);
}

int do_free(struct call *call)
{
	call->answer.number = memory_free();
	return 0;
}

/* A page of this kernel. */
static size_t page_bytes(void)
{
	return sysconf(_SC_PAGESIZE);
}

/* How many pages are taken between two polls of the free memory. */
#define POLL_PAGES 256
/* A pageblock of 2 MiB with pages of 4 KiB. */
#define BLOCK_PAGES 512
/* A pagemap entry: the page is present; its frame number. */
#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_PFN ((1ULL << 55) - 1)
/* A pipe's ring, of 40 bytes per page, is one allocation. */
#define PIPE_PAGES 4096

/* The free memory that is taken, and its pages by frame number. */
static struct area taken;
static struct page {
	uint64_t pfn;
	char *address;
} * pages;
static size_t page_count;

/*
 * Pins: vmsplice() into a pipe gives a page a reference without a mapping. Compaction
 * leaves such a page alone, as it does a DMA buffer.
 */
static int (*pipes)[2];
static size_t pipe_count, pinned;

static void pins_release(void)
{
	while (pipe_count) {
		pipe_count--;
		close(pipes[pipe_count][0]);
		close(pipes[pipe_count][1]);
	}
	free(pipes);
	pipes = NULL;
	pinned = 0;
}

/* Room for so many pins. All of it is allocated now: pinning allocates nothing. */
static int pins_prepare(size_t pins)
{
	size_t wanted = pins / PIPE_PAGES + 1;
	const struct rlimit files = { 2 * wanted + 256, 2 * wanted + 256 };
	int err = 0;

	if (pipes)
		return -EBUSY;
	if (setrlimit(RLIMIT_NOFILE, &files))
		return -errno;
	pipes = xcalloc(wanted, sizeof(*pipes));
	while (!err && pipe_count < wanted) {
		if (pipe2(pipes[pipe_count], O_CLOEXEC | O_NONBLOCK) ||
		    fcntl(pipes[pipe_count++][1], F_SETPIPE_SZ, PIPE_PAGES * page_bytes()) < 0)
			err = -errno;
	}
	if (err)
		pins_release();
	return err;
}

/* Pin a page that is mapped. */
static int pin(void *page)
{
	const struct iovec vector = { .iov_base = page, .iov_len = page_bytes() };
	size_t pipe = pinned / PIPE_PAGES;

	if (pipe >= pipe_count)
		return -ENOSPC;
	if (vmsplice(pipes[pipe][1], &vector, 1, SPLICE_F_NONBLOCK) < 0)
		return -errno;
	pinned++;
	return 0;
}

/* Per-CPU lists of freed pages, up to an eighth of memory, are not in buddyinfo nor compacted. */
static void keep_lists_short(bool wanted)
{
	procfs_write("/proc/sys/vm/percpu_pagelist_high_fraction", wanted ? "1000000" : "0");
}

static void drop(void)
{
	free_area(&taken);
	free(pages);
	pages = NULL;
	page_count = 0;
}

/*
 * Pages that were freed on a CPU are in its list, which only allocations on that CPU take from.
 * The lists hold an eighth of memory at most, which does not count as free.
 */
static void run_on(size_t cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

/* Take the free memory, on each CPU in turn; the list first, because it takes memory, too. */
static int take_free(void)
{
	size_t most = sysconf(_SC_AVPHYS_PAGES) + sysconf(_SC_PHYS_PAGES) / 8, reserve;
	size_t cpus = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t chosen;
	char kib[32];
	ssize_t got;

	got = procfs_read("/proc/sys/vm/min_free_kbytes", kib, sizeof(kib));
	if (got < 0)
		return got;
	/* Twice the high watermark of the kernel, so that nothing is reclaimed. */
	reserve = strtoull(kib, NULL, 10) * 1024 / page_bytes() * 3;

	pages = xreallocarray(NULL, most, sizeof(*pages));
	memset(pages, 0xff, most * sizeof(*pages));
	taken.bytes = most * page_bytes();
	taken.map = memory_map(taken.bytes);
	if (!taken.map)
		return -errno;
	/* Fails on a kernel without huge pages, which does not need it. */
	madvise(taken.map, taken.bytes, MADV_NOHUGEPAGE);
	sched_getaffinity(0, sizeof(chosen), &chosen);
	for (; page_count < most; page_count++) {
		if (page_count % POLL_PAGES == 0) {
			if ((size_t)sysconf(_SC_AVPHYS_PAGES) < reserve)
				break;
			run_on(page_count / POLL_PAGES % cpus);
		}
		pages[page_count].address = taken.map + page_count * page_bytes();
		*(volatile char *)pages[page_count].address = 1;
	}
	sched_setaffinity(0, sizeof(chosen), &chosen);
	return 0;
}

/* Fill in the frame number of each page. */
static int find_frames(void)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), err = 0;
	uint64_t entries[POLL_PAGES];
	struct page *page = pages;
	ssize_t n, i;

	if (fd < 0)
		return -errno;
	lseek(fd, (uintptr_t)taken.map / page_bytes() * sizeof(*entries), SEEK_SET);
	while (!err && page < pages + page_count) {
		n = read(fd, entries, sizeof(entries)) / (ssize_t)sizeof(*entries);
		if (n <= 0)
			err = -EIO;
		for (i = 0; i < n && page < pages + page_count; i++, page++) {
			page->pfn = entries[i] & PAGEMAP_PFN;
			/* Without CAP_SYS_ADMIN every frame number reads as 0. */
			if (!(entries[i] & PAGEMAP_PRESENT) || !page->pfn)
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

/* Take nearly all free memory, sorted by frame number; drop() it in every case. */
static int take_in_order(void)
{
	int err = take_free();

	if (!err)
		err = find_frames();
	if (!err)
		qsort(pages, page_count, sizeof(*pages), by_frame);
	return err;
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* Pin one page after each run. Runs count frames: a page that was not taken is free, too. */
static int pin_between_runs(unsigned int longest_run, uint64_t seed)
{
	uint64_t keep = 0;
	int err = 0;
	size_t i;

	for (i = 0; !err && i < page_count; i++) {
		while (keep < pages[i].pfn)
			keep += 2 + next_random(&seed) % longest_run;
		if (keep == pages[i].pfn)
			err = pin(pages[i].address);
	}
	return err;
}

/* Break the runs that are still longer: memory that became free since the pins were placed. */
static int pin_in_long_runs(unsigned int longest_run)
{
	unsigned int run = 0;
	int err = 0;
	size_t i;

	for (i = 0; !err && i < page_count; i++) {
		run = i && pages[i].pfn == pages[i - 1].pfn + 1 ? run + 1 : 1;
		if (run <= longest_run)
			continue;
		err = pin(pages[i].address);
		run = 0;
	}
	return err;
}

/*
 * Rounds of pinning at most: the kernel frees memory meanwhile, on a busy machine for longer. No
 * more are due when a round pins less than one page in so many.
 */
#define ROUNDS_MAX 6
#define SETTLED 256

/* Leave free memory in runs of 1 to longest_run pages, uniformly, a pinned page between two. */
int do_fragment(struct call *call)
{
	unsigned int longest_run = call->request.longest_run, round;
	uint64_t start = clock_ns();
	bool more = true;
	size_t before;
	int err;

	if (taken.map)
		return -EBUSY;
	/* One in (1 + mean length) is pinned; half at most. */
	err = pins_prepare(sysconf(_SC_AVPHYS_PAGES) / 2);
	if (err)
		return err;
	keep_lists_short(true);
	for (round = 0; !err && more && round < ROUNDS_MAX; round++) {
		before = pinned;
		err = take_in_order();
		if (!err && !round)
			err = pin_between_runs(longest_run, call->request.seed);
		else if (!err)
			err = pin_in_long_runs(longest_run);
		more = pinned - before > page_count / SETTLED;
		drop();
	}
	keep_lists_short(false);
	call->answer.fragment.pinned_bytes = pinned * page_bytes();
	call->answer.fragment.duration_ns = clock_ns() - start;
	if (err)
		pins_release();
	return err;
}

/*
 * Hold the free memory with the highest addresses: as much as "free-high" is to give
 * back, one page of each pageblock, and up to two pageblocks at the ends.
 */
int do_hold_high(struct call *call)
{
	size_t wanted =
		call->request.bytes / page_bytes() / (BLOCK_PAGES - 1) * BLOCK_PAGES + BLOCK_PAGES;
	size_t surplus, i;
	int err;

	if (taken.map)
		return -EBUSY;
	err = take_in_order();
	if (!err && page_count < wanted)
		err = -ENOMEM;
	if (err) {
		drop();
		return err;
	}
	surplus = page_count - wanted;
	for (i = 0; i < surplus; i++)
		madvise(pages[i].address, page_bytes(), MADV_DONTNEED);
	memmove(pages, pages + surplus, wanted * sizeof(*pages));
	pages = xreallocarray(pages, wanted, sizeof(*pages));
	page_count = wanted;
	return 0;
}

/*
 * Give back the highest pages that are held. The first page of each pageblock stays:
 * compaction does not move pages into a pageblock that is entirely free.
 */
int do_free_high(struct call *call)
{
	int64_t bytes = call->request.bytes - call->request.bytes % page_bytes();
	const struct page *page;

	keep_lists_short(true);
	while (call->answer.number < bytes && page_count) {
		page = &pages[--page_count];
		if (page->pfn % BLOCK_PAGES) {
			madvise(page->address, page_bytes(), MADV_DONTNEED);
			call->answer.number += page_bytes();
		}
	}
	keep_lists_short(false);
	return 0;
}

int do_release(struct call *call __attribute__((unused)))
{
	pins_release();
	drop();
	free_area(&cache);
	memory_free();
	return 0;
}
