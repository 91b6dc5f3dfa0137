/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_TRACE_OPTIONS_H
#define BPF_TRACE_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "bpf/level.h"

/* What both commands of balloontrace understand; an argp child of theirs. */
struct trace_options {
	struct tracer_options tracer;
	uint64_t duration_ns; /* 0: until a signal */
	uint64_t interval_ns; /* 0: no live table */
	bool json;
	bool list;
};

/* Before argp_parse(). */
void trace_options_init(struct trace_options *options);

/* To be a child; its input is a struct trace_options. */
extern const struct argp trace_options_argp;

#endif
