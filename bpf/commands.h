/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_COMMANDS_H
#define BPF_COMMANDS_H

#include <jansson.h>

#include "bpf/level.h"
#include "bpf/records.h"
#include "lib/options.h"
#include "lib/record.h"
#include "lib/units.h"

/* What the commands of balloontrace share: options, ticks, output. */
extern const struct command guest_command, host_command;

/* What both commands of balloontrace understand. */
struct trace_options {
	struct tracer_options tracer;
	uint64_t duration_ns; /* 0: until a signal */
	uint64_t interval_ns; /* 0: no live table */
	bool json, list;
};

/* A level that traces: .parse of --level. */
const char *parse_level(const char *text, void *field);

#define TRACE_EXITS                                                                                \
	"0 traced\n"                                                                               \
	"2 wrong usage\n"                                                                          \
	"3 tracing failed, or the output was not written\n"                                        \
	"4 not possible on this kernel\n"                                                          \
	"130 interrupted before the end of --duration"

#define TRACE_DEFAULTS                                                                             \
	{                                                                                          \
		.tracer = {.trace = { TRACE_PAGES, TRACE_ONE_IN } }                                \
	}

/* Their rows; OPTIONS has it as its field trace. */
#define TRACE_ROWS                                                                                 \
	OPTION(PARSED, trace.tracer.trace, "level", 0, "phases|pages[=N]",                         \
	       "phases: a record per batch, at almost no cost; pages: also a histogram per "       \
	       "operation, of one page in N (" STRING(TRACE_ONE_IN) "; 1: all), and per "          \
								    "call (default: pages)",       \
	       .parse = parse_level, .choices = trace_levels, .min = TRACE_PHASES),                \
		OPTION(DURATION, trace.duration_ns, "duration", 0, "TIME",                         \
		       "stop after this time, in seconds or with a unit as in 500ms (default: at " \
		       "Ctrl-C)"),                                                                 \
		OPTION(DURATION, trace.interval_ns, "interval", 0, "TIME",                         \
		       "print a line at each interval"),                                           \
		OPTION(FLAG, trace.json, "json", 0, NULL,                                          \
		       "print a JSON object; with --interval one a line"),                         \
		OPTION(FLAG, trace.list, "list", 0, NULL,                                          \
		       "trace nothing; list what can be observed, by which mechanism, and what "   \
		       "cannot and why"),                                                          \
		OPTION(CHOICE, trace.tracer.mechanism, "mechanism", 0, NULL,                       \
		       "mechanism of guest; auto is the first that works", .choices = mechanisms), \
		OPTION(SIZE, trace.tracer.ring_bytes, "ring", 0, "SIZE",                           \
		       "size of the ring buffer (default: 4 MiB)", .min = 4096, .max = 1 << 30)

/*
 * Paces a tracing command: several ticks a second, at which the ring buffer is
 * drained, until the duration is over or a signal arrives.
 */
struct ticker {
	uint64_t start_ns, end_ns; /* the end is UINT64_MAX: until a signal */
	uint64_t interval_ns;	   /* 0: none */
	uint64_t next_ns;	   /* end of the interval */
	int wake_fd;		   /* a tick ends early when it is readable; -1: none */
	bool signalled;
};

/*
 * Start; SIGINT, SIGTERM and SIGHUP end the last tick, and the program if it does nothing for two
 * seconds after that.
 * Wait for the next tick or such a signal; false if it is the last. Whether an interval ended with
 * this tick; the next one starts.
 */
void ticker_start(struct ticker *ticker, uint64_t duration_ns, uint64_t interval_ns);
bool ticker_wait(struct ticker *ticker);
bool ticker_interval(struct ticker *ticker);
uint64_t ticker_elapsed_ns(const struct ticker *ticker);

/* "tracing 3 processes for 5 s", once it is so. */
void say_what_is_traced(const char *what, uint64_t duration_ns);

/* Output of the commands on stdout. */
enum show_unit { SHOW_NS, SHOW_BYTES };

/*
 * Mean, percentiles (of times) and a bar per power of two. A percentile is left
 * out if fewer than ten values exceed it; of a @sample it has its 95 % interval.
 */
void show_histogram(const char *title, const struct histogram *h, enum show_unit unit, bool sample);

/* What is observed and what is not: a table, or JSON. */
void show_observations(const struct observation *observations, size_t count, bool json);

/* A line per kind of loss, if there was any. */
void show_lost(const uint64_t counters[COUNTER_COUNT]);

/* What guest --json prints: bpf/guest.schema.json. */
extern const struct record guest_summary_record;

/* Prints and flushes. Steals the reference. */
void show_json(json_t *json, bool one_line);

#endif
