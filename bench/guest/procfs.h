/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUEST_PROCFS_H
#define GUEST_PROCFS_H

#include <jansson.h>
#include <stdint.h>

/* /proc/vmstat as an object of counts; new reference, NULL on failure. */
json_t *procfs_vmstat(void);

/* /proc/meminfo as an object; "MemTotal: 1 kB" becomes "MemTotal_bytes": 1024. */
json_t *procfs_meminfo(void);

/*
 * What all CPUs together have worked since the boot, in ns: the time that has
 * passed for each, without what /proc/stat says that it was idle. Idle time is
 * kept by the clock and shown in units of 10 ms; working time is only sampled by
 * the tick, which misses a driver that waits for its device most of the time.
 * 0 where it cannot be read.
 */
uint64_t procfs_busy_ns(void);

/* Pages of a zone ("Movable"), of all nodes, that the kernel hands out: /proc/zoneinfo. */
uint64_t procfs_managed_pages(const char *zone);

/* The beginning of @path as a string of less than @size bytes; 0 or -errno. */
int procfs_read(const char *path, char *text, size_t size);

/* Write @text into @path; 0 or -errno. */
int procfs_write(const char *path, const char *text);

#endif
