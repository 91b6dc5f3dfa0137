/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_HOST_OUTPUT_H
#define BPF_HOST_OUTPUT_H

#include "bpf/commands.h"
#include "bpf/live_table.h"
#include "bpf/traced_processes.h"

/* What `balloontrace host` prints. */

/* At the end: each process with its memory, batches and calls. */
void host_show_text(const struct traced_processes *traced);

/* The same as JSON; @event: "interval" or "summary". */
void host_show_json(const struct traced_processes *traced, const struct trace_options *options,
		    const char *event, uint64_t elapsed_ns, bool one_line);

/* Its table: bpf/host.schema.json. */
extern const struct record host_summary_record;

/* The running processes since the last interval. */
void host_show_table(struct traced_processes *traced, uint64_t elapsed_ns, enum live_sort sort);

#endif
