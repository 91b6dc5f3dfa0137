/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that the guest gives up without a balloon: the pool of huge pages. To take a page from the
 * buddy for it writes only its struct page, so memory that the host never backed stays so.
 * /proc/kpageflags has where the pages lie.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/guest/guest.h"
#include "lib/log.h"

#define POOL "/proc/sys/vm/nr_hugepages"
#define FLAGS "/proc/kpageflags"
#define HUGE_BYTES (2ULL << 20)
#define HUGE_PAGES (HUGE_BYTES / PAGE_BYTES)
/* include/uapi/linux/kernel-page-flags.h */
#define KPF_HUGE (1ULL << 17)
/* The kernel gives up on a pool that it cannot fill, and may fill it after it has compacted. */
#define TRIES 4

static int64_t set_pool(int64_t pages)
{
	char wanted[32], text[32];
	int tries = TRIES;
	ssize_t n;

	snprintf(wanted, sizeof(wanted), "%lld", (long long)pages);
	do {
		n = procfs_write(POOL, wanted) ?: procfs_read(POOL, text, sizeof(text));
		if (n < 0)
			return n;
	} while (strtoll(text, NULL, 10) < pages && --tries);
	return strtoll(text, NULL, 10);
}

/* Add a huge page to the last range, or begin another. */
static void add_page(struct record_list *ranges, int64_t address)
{
	int64_t(*pairs)[2] = ranges->items, *last = NULL;

	if (ranges->count)
		last = pairs[ranges->count - 1];
	if (last && last[0] + last[1] == address)
		last[1] += HUGE_BYTES;
	else
		record_append_pair(ranges, address, HUGE_BYTES);
}

/* The ranges of the pool's pages, in the order of addresses. 0, or -errno of /proc/kpageflags. */
static int find_pool(struct record_list *ranges)
{
	static uint64_t flags[HUGE_PAGES];
	int fd = open(FLAGS, O_RDONLY | O_CLOEXEC);
	uint64_t block;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	for (block = 0; (n = read(fd, flags, sizeof(flags))) > 0; block++)
		if (n == sizeof(flags) && flags[0] & KPF_HUGE)
			add_page(ranges, block * HUGE_BYTES);
	n = n < 0 ? -errno : 0;
	close(fd);
	return n;
}

int do_pool(struct call *call)
{
	const int64_t pages = call->request.bytes / HUGE_BYTES, got = set_pool(pages);

	if (got < 0)
		return got;
	if (got < pages) {
		set_pool(0);
		return refuse(call->error, sizeof(call->error),
			      "the guest has %lld of the %lld huge pages that the floor is to take",
			      (long long)got, (long long)pages);
	}
	return find_pool(&call->answer.list);
}

int do_pool_free(struct call *call __attribute__((unused)))
{
	return set_pool(0) < 0 ? -EIO : 0;
}
