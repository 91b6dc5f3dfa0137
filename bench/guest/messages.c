/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/guest/messages.h"

#include "bench/victim/victims.h"
#include "lib/record_table.h"

#define OPTIONAL(member) FIELD(COUNT, member)
#define COUNT(member) FIELD(COUNT, member, .required = true)
#define INTEGER(member) FIELD(INTEGER, member, .required = true)
#define TEXT(member) FIELD(TEXT, member, .required = true)
#define LIST(member, of) FIELD(LIST, member, .required = true, .record = &of)

#define S struct guest_step
RECORD(guest_step_record, "step", NULL,
	OPTIONAL(sleep_ms), OPTIONAL(press_bytes), FIELD(TEXT, path), FIELD(TEXT, text));
#undef S

#define S struct guest_task
RECORD(guest_task_record, "task", NULL, LIST(steps, guest_step_record));
#undef S

#define S struct guest_request
RECORD(guest_request_record, "request", NULL,
	INTEGER(id), TEXT(cmd), FIELD(INTEGER, seed),
	OPTIONAL(bytes), OPTIONAL(longest_run), OPTIONAL(timeout_ns),
	OPTIONAL(patience_ns), OPTIONAL(ns), OPTIONAL(ring_bytes),
	FIELD(CHOICE, phase, .choices = victim_phase_names, .doc = "a phase"),
	FIELD(CHOICE, then, .choices = victim_phase_names, .doc = "a phase"),
	FIELD(TEXT, level), FIELD(TEXT, mechanism), FIELD(TEXT, path),
	FIELD(TEXT, text), FIELD(TEXT, words),
	FIELD(LIST, victims, .record = &victim_spec_record),
	FIELD(LIST, tasks, .record = &guest_task_record),
	FIELD(TEXTS, arguments), FIELD(TEXTS, environment), FIELD(NUMBERS, rows));
#undef S

struct guest_request guest_request(const char *cmd)
{
	struct guest_request request;

	record_init(&guest_request_record, &request);
	request.cmd = (char *)cmd;
	return request;
}

struct guest_request guest_request_bytes(const char *cmd, int64_t bytes)
{
	struct guest_request request = guest_request(cmd);

	request.bytes = bytes;
	return request;
}

#define S struct guest_envelope
RECORD(guest_envelope_record, "message", NULL,
	FIELD(INTEGER, id), FIELD(BOOL, ok), FIELD(TEXT, event), FIELD(TEXT, error));
#undef S

/* A record of one value, named after its key. */
/* clang-format off */
#define ONE(key, kind, of_type, ...) \
	const struct record answer_##key = { \
		.name = #key, .size = sizeof(of_type), \
		.fields = (const struct field[]){ \
			{ .name = #key, .type = FIELD_##kind, .required = true, __VA_ARGS__ }, \
			{ .name = NULL } } }
/* clang-format on */
ONE(bytes, COUNT, int64_t);
ONE(bad_words, COUNT, int64_t);
ONE(busy_ns, COUNT, int64_t);
ONE(clock_ns, COUNT, int64_t);
ONE(duration_ns, COUNT, int64_t);
ONE(frozen_ns, COUNT, int64_t);
ONE(pages, COUNT, int64_t);
ONE(actual_pages, COUNT, int64_t);
ONE(text, TEXT, char *);
ONE(vmstat, COUNTERS, struct record_list);
ONE(meminfo, COUNTERS, struct record_list);
ONE(ranges, PAIRS, struct record_list);
ONE(victims, MAP, struct record_list, .record = &victim_record);

/* Without the share, which the host computes. */
#define S struct free_memory
RECORD(answer_buddy_record, "buddy", NULL,
	FIELD(NUMBERS, free_pages, .required = true),
	FIELD(MAP, by_type, .record = &free_by_type_record));
#undef S

#define S struct answer_fragment
RECORD(answer_fragment_record, "fragment", NULL,
	COUNT(pinned_bytes),
	COUNT(duration_ns));
#undef S

#define S struct answer_replay
RECORD(answer_replay_record, "replay", NULL, FIELD(BOOL, ended, .required = true));
#undef S

#define S struct answer_replayed
RECORD(answer_replayed_record, "replayed", NULL,
	COUNT(duration_ns), COUNT(work_ns), OPTIONAL(stall_ns),
	FIELD(REAL, demand_gib_minutes, .required = true),
	FIELD(PAIRS, demand, .required = true),
	FIELD(MAP, victims, .required = true, .record = &victim_record));
#undef S

#define S struct answer_tracer
RECORD(answer_tracer_record, "tracer", NULL,
	FIELD(CHOICE, mechanism, .required = true, .choices = mechanisms + 1, .doc = "a mechanism"),
	LIST(observations, observed_record));
#undef S

#define S struct answer_trace
RECORD(answer_trace_record, "trace", NULL,
	FIELD(MAP, ops, .required = true, .record = &op_record),
	FIELD(STRUCT, counters, .required = true, .record = &counters_record),
	FIELD(STRUCT, blocks, .required = true, .record = &blocks_record));
#undef S

#define S struct event_hello
/* Another version may differ: only the protocol is required. */
RECORD(event_hello_record, "hello", NULL,
	COUNT(protocol), FIELD(TEXT, kernel_build_id),
	FIELD(TEXT, kernel_release), FIELD(TEXT, kernel_version),
	OPTIONAL(vcpus),   OPTIONAL(mem_total_bytes),	  OPTIONAL(page_size),
	OPTIONAL(boot_ns), OPTIONAL(clock_resolution_ns));
#undef S

#define S struct resize_batches
RECORD(resize_batches_record, "batches", NULL,
	FIELD(STRUCT, totals, .required = true, .record = &guest_totals_record),
	FIELD(NUMBERS, batches, .required = true), OPTIONAL(resolution_ns));
#undef S

#define S struct guest_stall
static RECORD(guest_stall_record, "stall", NULL,
	COUNT(pages), COUNT(at_ns), COUNT(relief_ns), COUNT(freed_bytes));
#undef S

#define S struct event_resized
RECORD(event_resized_record, "resized", NULL,
	COUNT(from_pages), COUNT(to_pages), COUNT(start_ns),
	COUNT(duration_ns), COUNT(resolution_ns), COUNT(cpu_ns),
	FIELD(PAIRS, progress, .required = true), OPTIONAL(busy_ns),
	FIELD(STRUCT, stall, .record = &guest_stall_record),
	FIELD(STRUCT, trace, .record = &resize_batches_record));
#undef S

#define S struct guest_step_error
RECORD(guest_step_error_record, "step_error", NULL, INTEGER(step), TEXT(error));
#undef S

#define S struct guest_outcome
RECORD(guest_outcome_record, "outcome", NULL,
	COUNT(duration_ns), COUNT(steps), COUNT(signal), FIELD(BOOL, running, .required = true),
	FIELD(LIST, errors, .record = &guest_step_error_record));
#undef S

#define S struct event_concurrent
RECORD(event_concurrent_record, "concurrent", NULL, LIST(tasks, guest_outcome_record));
#undef S
