/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_RESULT_H
#define LIB_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/histogram.h"
#include "lib/record.h"

/*
 * What one boot measured: result.json. lib/result_fields.h has a line for each member: what it
 * means, its unit, its clock and which way is better. A reader ignores keys that it does not know;
 * the version changes when an old reader would misunderstand a new file.
 */
#define RESULT_SCHEMA_VERSION 2

/* Indices of .choices in the tables. */
enum boot_status { BOOT_OK, BOOT_FAILED, BOOT_INVALID };
/* RESULT_KVM_IN_...: in a host that is itself a guest, under that. */
enum result_accel {
	RESULT_KVM,
	RESULT_TCG,
	RESULT_ICOUNT,
	RESULT_KVM_IN_KVM,
	RESULT_KVM_IN_TCG,
	RESULT_KVM_IN_ICOUNT
};
enum result_method {
	RESULT_BALLOON,
	RESULT_VIRTIO_MEM,
	RESULT_REPORTING,
	RESULT_FLOOR,
	RESULT_VMWARE,
	RESULT_CMM
};
enum direction { INFLATE, DEFLATE, DIRECTIONS };
enum result_victim_phase {
	PHASE_BEFORE,
	PHASE_INFLATE,
	PHASE_PLATEAU,
	PHASE_DEFLATE,
	PHASE_AFTER,
	VICTIM_PHASES
};
enum resize_timer { TIMER_POLLS, TIMER_EVENTS };
enum host_source { HOST_BATCHES, HOST_TRACEPOINTS };
enum op_per { OP_PER_PAGE, OP_PER_BATCH };
enum result_mechanism { RESULT_EVENTS, RESULT_FENTRY, RESULT_KPROBE };
enum result_level { RESULT_PHASES, RESULT_PAGES };
enum result_policy { POLICY_NONE, POLICY_CONTROLLER, POLICY_PROGRAM };
enum check_unit { CHECK_PAGES, CHECK_NS };

/* clang-format off */
#define BEGIN(symbol, ...) extern const struct record symbol; struct S {
#define END };
#define ROW(kind, ctype, member, ...) ctype member;
#define PHASES_OF_VICTIM(member, ...) struct histogram *member[VICTIM_PHASES];
#include "lib/result_fields.h"
/* clang-format on */

/* struct check: its resize may also be this. */
#define CHECK_BOOT DIRECTIONS

/* Names of choices, by their enum. */
extern const char *const accel_names[];
extern const char *const status_names[];
extern const char *const method_names[];
extern const char *const policy_names[];
extern const char *const direction_names[];
extern const char *const victim_phase_names[];
extern const char *const mechanisms[];	 /* "auto", which no result has, and those */
extern const char *const trace_levels[]; /* likewise "off" */

/* Whether the guest's clock counts instructions: alone, or with all of its host in a box. */
bool accel_is_icount(enum result_accel accel);

/* Whether a ns of a clock is an instruction. */
bool accel_counts(enum result_accel accel, enum field_clock clock);

/* With fewer boots a side there is no verdict. */
#define BOOTS_MIN 4

/*
 * Read and check a parsed result.json; release @result with record_release(&boot_record, ...) in
 * every case. 0; -EINVAL, with a message that begins with @name, where a required key is missing,
 * the schema version is another, or figures contradict each other.
 */
int result_decode(struct boot_result *result, const json_t *json, const char *name, char *err,
		  size_t err_size);

/* The checks that result_decode() makes of a boot that is ok: 0 or -EINVAL. */
int result_check(const struct boot_result *result, const char *name, char *err, size_t err_size);

/* Whether what took the memory gives it back by a deflate. */
bool result_deflates(const struct boot_result *result);

/* The cycles of a boot; @i below result->cycles.count. */
struct cycle_result *result_cycle(const struct boot_result *result, size_t i);

/* The resize of a cycle. */
struct resize_result *cycle_resize(struct cycle_result *cycle, enum direction direction);

#endif
