/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_HOST_MEMORY_H
#define BENCH_BOOT_HOST_MEMORY_H

#include <jansson.h>

#include "bench/vm/vm.h"

/**
 * host_memory_note() - what QEMU's memory is made of on the host, at a moment
 * @cycle: {"host_memory": {@when: {"rss_bytes", "anon_huge_bytes"}}} is added to it;
 *	nothing where /proc/PID/smaps_rollup cannot be read
 * @when: "before", "plateau", "deflated" or "refaulted"
 */
void host_memory_note(struct vm *vm, json_t *cycle, const char *when);

#endif
