/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUEST_PROCFS_H
#define GUEST_PROCFS_H

#include <jansson.h>

/* /proc/vmstat as an object of counts; new reference, NULL on failure. */
json_t *procfs_vmstat(void);

/* /proc/meminfo as an object; "MemTotal: 1 kB" becomes "MemTotal_bytes": 1024. */
json_t *procfs_meminfo(void);

/* Write @text into @path; 0 or -errno. */
int procfs_write(const char *path, const char *text);

#endif
