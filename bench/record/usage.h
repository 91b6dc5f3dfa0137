/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_RECORD_USAGE_H
#define BENCH_RECORD_USAGE_H

#include <stdint.h>

/* What all descendants of this process use, itself excluded. */
struct usage {
	uint64_t anon_bytes, file_bytes; /* now */
	/* So far; also by those that have ended, if somebody waited for them. */
	uint64_t faults, cpu_ns;
};

/* A control group of our own, whose memory counts page cache, too. */
struct group {
	char *path;	 /* NULL: there is none */
	int version;	 /* 1 or 2 */
	char error[256]; /* why there is none */
};

/* Make a group in that of this process, or at the root of the hierarchy. Release it. */
void group_make(struct group *group);

/* The caller enters it: 0 or -errno. */
int group_enter(const struct group *group);

/* Remove it; processes that are still in it move to its parent. */
void group_release(struct group *group);

/*
 * Memory is that of the group, or without one of the processes by their smaps: a page that
 * several map counts once, and page cache only as far as it is mapped.
 */
void usage_sample(const struct group *group, struct usage *usage);

#endif
