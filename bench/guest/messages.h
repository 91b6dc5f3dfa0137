/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUEST_MESSAGES_H
#define GUEST_MESSAGES_H

#include "bpf/totals.h"
#include "lib/result.h"

/*
 * The messages of the guest channel as structs, each with a table of its fields,
 * for both ends; README.md explains them. The version changes when an old agent would
 * misunderstand a new host, or vice versa.
 */
#define GUEST_PROTOCOL_VERSION 3

/* Name of the virtio-serial port. */
#define GUEST_PORT_NAME "balloonbench.0"

/* The ports of the program that runs in a host, which is a guest itself; see host.c. */
#define GUEST_WORK_PORT_NAME "balloonbench.work"
#define GUEST_TEXT_PORT_NAME "balloonbench.text"

/* The descriptor of that program for the first. */
#define GUEST_WORK_FD 3

/* Begins each line that the agent writes to the console. */
#define GUEST_CONSOLE_PREFIX "balloonguest: "

/* Word of the kernel's command line: the CPU that the agent runs on. */
#define GUEST_CPU_VARIABLE "BALLOONGUEST_CPU"

/* Likewise: the guest is a host itself, and has no balloon. */
#define GUEST_HOST_VARIABLE "BALLOONGUEST_HOST"

/* Likewise: the method, where it is not virtio's balloon or memory. */
#define GUEST_METHOD_VARIABLE "BALLOONGUEST_METHOD"

/* Likewise: how the driver is traced, where the request does not say; as "kprobe". */
#define GUEST_MECHANISM_VARIABLE "BALLOONGUEST_MECHANISM"

/* A step of a task; the members that are set select the action. */
struct guest_step {
	int64_t sleep_ms;
	int64_t press_bytes; /* memory that is written and held until the process ends */
	char *path;	     /* a file that @text is written to */
	char *text;
};

struct guest_task {
	struct record_list steps; /* struct guest_step */
};

/* A request: the command and its arguments. */
struct guest_request {
	int64_t id;
	char *cmd;
	int64_t bytes, seed, longest_run, timeout_ns, patience_ns, ns, ring_bytes;
	int phase, then; /* enum result_victim_phase */
	char *level, *mechanism, *path, *text, *words;
	struct record_list victims;		   /* struct victim_spec */
	struct record_list tasks;		   /* struct guest_task */
	struct record_list arguments, environment; /* texts */
	struct record_list rows;		   /* numbers, REPLAY_COLUMNS a row */
};

/* Make a request without arguments, or with @bytes; texts are borrowed. */
struct guest_request guest_request(const char *cmd);
struct guest_request guest_request_bytes(const char *cmd, int64_t bytes);

/* Common to all messages of the agent: an answer has an id, an event a name. */
struct guest_envelope {
	int64_t id;
	bool ok;
	char *event, *error;
};

/* Answers of one int64_t, named after its key; the last one is of the event "resize-failed". */
extern const struct record answer_bytes, answer_bad_words, answer_busy_ns, answer_clock_ns,
	answer_duration_ns, answer_frozen_ns, answer_pages, answer_actual_pages;

/* Answers of one struct record_list: of counters, or of struct victim_result. */
extern const struct record answer_vmstat, answer_meminfo, answer_victims;

/* "read" and "program-ended": a char *, owned. */
extern const struct record answer_text;

/* "pool": a struct record_list of pairs, guest-physical address and bytes. */
extern const struct record answer_ranges;

/* "touch" and "cache" have a struct touch_result, "buddy" has a struct free_memory. */

struct answer_fragment {
	int64_t pinned_bytes, duration_ns;
};

/* Columns of a row of "replay-start": at_ns, anon_bytes, file_bytes, cpu_ns. */
#define REPLAY_COLUMNS 4
#define REPLAY_ROWS_MAX 20000

/* "replay" */
struct answer_replay {
	bool ended;
};

/* "replay-stop" */
struct answer_replayed {
	int64_t duration_ns, work_ns;
	int64_t stall_ns; /* optional: pressure_stall_ns() meanwhile */
	double demand_gib_minutes;
	struct record_list demand;  /* pairs: ns since the begin, bytes */
	struct record_list victims; /* struct victim_result */
};

/* "trace-start" */
struct answer_tracer {
	int mechanism;			 /* enum result_mechanism */
	struct record_list observations; /* struct observed */
};

/* "trace" */
struct answer_trace {
	struct record_list ops; /* struct op_result */
	struct trace_counters counters;
	struct block_counts blocks;
};

struct event_hello {
	int64_t protocol;
	char *kernel_build_id; /* in hex, from /sys/kernel/notes; "": there is none */
	char *kernel_release, *kernel_version; /* uname -r and -v */
	int64_t vcpus, mem_total_bytes, page_size, boot_ns, clock_resolution_ns;
};

/* The trace of a resize. */
struct resize_batches {
	struct guest_totals totals;
	struct record_list batches; /* numbers: each batch is a struct trace_guest_batch */
	int64_t resolution_ns;	    /* of begin to end of the totals */
};

struct event_resized {
	int64_t from_pages, to_pages;
	int64_t start_ns; /* CLOCK_MONOTONIC of the guest */
	int64_t duration_ns;
	int64_t resolution_ns;	     /* width of the interval that holds the true duration */
	struct record_list progress; /* pairs: ns since the start, pages of the balloon */
	int64_t cpu_ns;
	int64_t busy_ns; /* that the process of busy-start ran for in the resize; absent: none */
	struct guest_stall {
		int64_t pages, at_ns, relief_ns, freed_bytes;
	} stall;
	struct resize_batches trace;
};

struct guest_step_error {
	int64_t step; /* from 0; -1: fork() failed */
	char *error;
};

/* The outcome of a task. */
struct guest_outcome {
	int64_t duration_ns;
	int64_t steps;	/* done */
	int64_t signal; /* that killed the task, or 0 */
	bool running;
	struct record_list errors; /* struct guest_step_error */
};

struct event_concurrent {
	struct record_list tasks; /* struct guest_outcome */
};

extern const struct record guest_step_record, guest_task_record, guest_request_record,
	guest_envelope_record, answer_buddy_record, answer_fragment_record, answer_tracer_record,
	answer_trace_record, answer_replay_record, answer_replayed_record, event_hello_record,
	resize_batches_record, event_resized_record, guest_step_error_record, guest_outcome_record,
	event_concurrent_record;

#endif
