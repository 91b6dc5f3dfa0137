/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_METRICS_H
#define BPF_METRICS_H

#include <stdio.h>

#include "bpf/traced_processes.h"

/*
 * The traced processes in the text format of OpenMetrics 1.0, which Prometheus' own is nearly the
 * same as. Labels of a process: vm, pid, monitor. What has ended is in no series of its own: the
 * families "all" have it. Histograms have METRICS_BUCKETS buckets, from 1.024 us by factors of
 * four; a value at a bound counts above it.
 */
#define METRICS_BUCKETS 12

void metrics_print(FILE *f, const struct traced_processes *traced);

/* Replace a file as a whole. 0 or -errno. */
int metrics_write(const char *path, const struct traced_processes *traced);

/* A label's value for a metric: quotes, backslashes and line feeds are escaped. */
void metrics_print_label(FILE *f, const char *value);

/* The cumulative number of values below each bound, and the bounds in ns. */
uint64_t metrics_bound_ns(unsigned int bucket);
uint64_t metrics_below(const struct histogram *h, uint64_t bound_ns);

#endif
