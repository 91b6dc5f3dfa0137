/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_RUN_HOST_H
#define BENCH_RUN_HOST_H

#include <jansson.h>
#include <sched.h>
#include <stdint.h>

/*
 * The most guest memory that leaves this machine room to breathe: what is
 * available, less 512 MiB for QEMU and the page cache.
 */
uint64_t host_guest_memory_limit(void);

/* CPU model, number of CPUs, memory, kernel, distribution: for env.json. New reference. */
json_t *host_to_json(void);

/* "0,2-3" as a CPU set: 0, or -EINVAL (syntax) or -ERANGE (a CPU this process may not use). */
int host_parse_cpus(const char *text, cpu_set_t *cpus);

#endif
