/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/guest/memory.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/clock.h"

/* What is left to the kernel and the agent when everything else is written. */
#define RESERVE_BYTES (96ULL << 20)

static void *held, *cache;
static uint64_t held_bytes, cache_bytes;

/*
 * MemTotal, which a balloon lowers, and not MemAvailable: pages that were freed
 * a moment ago rest on per-CPU lists and do not count as available, an eighth
 * of the memory and more.
 */
static uint64_t total_bytes(void)
{
	unsigned long long kib = 0;
	char line[128];
	FILE *f;

	f = fopen("/proc/meminfo", "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "MemTotal: %llu kB", &kib) == 1)
			break;
	fclose(f);
	return kib << 10;
}

static int write_pages(uint64_t bytes, void **pages, uint64_t *duration_ns)
{
	size_t page = sysconf(_SC_PAGESIZE);
	uint64_t start, at;
	char *map;

	if (bytes + RESERVE_BYTES > total_bytes())
		return -ENOMEM;
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		   -1, 0);
	if (map == MAP_FAILED)
		return -errno;
	/* Or a victim, which is forked from here, would hold what is freed. */
	madvise(map, bytes, MADV_DONTFORK);
	start = clock_ns();
	for (at = 0; at < bytes; at += page)
		*(volatile uint64_t *)(map + at) = at + 1;
	*duration_ns = clock_ns() - start;
	*pages = map;
	return 0;
}

int memory_touch(uint64_t bytes, uint64_t *duration_ns)
{
	int err = held ? -EBUSY : write_pages(bytes, &held, duration_ns);

	if (!err)
		held_bytes = bytes;
	return err;
}

int memory_cache(uint64_t bytes, uint64_t *duration_ns)
{
	int err = cache ? -EBUSY : write_pages(bytes, &cache, duration_ns);

	if (err)
		return err;
	cache_bytes = bytes;
	if (madvise(cache, bytes, MADV_FREE)) {
		err = -errno;
		memory_drop_cache();
	}
	return err;
}

/* What belongs into a word; a page that was lost and came back holds zeroes. */
static uint64_t pattern(uint64_t seed, uint64_t word)
{
	return (word + 1) * 0x9e3779b97f4a7c15ULL ^ seed;
}

int memory_fill(uint64_t seed)
{
	uint64_t *words = held, i;

	if (!held)
		return -ENODATA;
	for (i = 0; i < held_bytes / sizeof(*words); i++)
		words[i] = pattern(seed, i);
	return 0;
}

int memory_verify(uint64_t seed, uint64_t *bad)
{
	const uint64_t *words = held;
	uint64_t i;

	if (!held)
		return -ENODATA;
	*bad = 0;
	for (i = 0; i < held_bytes / sizeof(*words); i++)
		*bad += words[i] != pattern(seed, i);
	return 0;
}

uint64_t memory_free(void)
{
	uint64_t bytes = held_bytes;

	if (held)
		munmap(held, held_bytes);
	held = NULL;
	held_bytes = 0;
	return bytes;
}

uint64_t memory_drop_cache(void)
{
	uint64_t bytes = cache_bytes;

	if (cache)
		munmap(cache, cache_bytes);
	cache = NULL;
	cache_bytes = 0;
	return bytes;
}
