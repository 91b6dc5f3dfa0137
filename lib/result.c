/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/result.h"

#include <errno.h>
#include <stdio.h>

const char *const accel_names[] = { "kvm",	  "tcg",	   "icount", "kvm in kvm",
				    "kvm in tcg", "kvm in icount", NULL };
const char *const status_names[] = { "ok", "failed", "invalid", NULL };
const char *const method_names[] = { "balloon", "virtio-mem", "free-page-reporting",
				     "floor",	"vmware",     "cmm",
				     NULL };
const char *const policy_names[] = { "none", "controller", "program", NULL };
const char *const direction_names[] = { "inflate", "deflate", NULL };
const char *const victim_phase_names[] = {
	"before", "inflate", "plateau", "deflate", "after", NULL
};
static const char *const timer_names[] = { "polls", "events", NULL };
static const char *const source_names[] = { "batches", "tracepoints", NULL };
static const char *const per_names[] = { "page", "batch", NULL };
const char *const mechanisms[] = { "auto", "events", "fentry", "kprobe", NULL };
const char *const trace_levels[] = { "off", "phases", "pages", NULL };
static const char *const check_unit_names[] = { "pages", "ns", NULL };
static const char *const check_resize_names[] = { "inflate", "deflate", "boot", NULL };

/* clang-format off */
#define ROW(kind, ctype, member, text, ...) \
	{ .name = #member, .type = FIELD_##kind, .offset = offsetof(struct S, member), \
	  .doc = text, ##__VA_ARGS__ },
#define BEGIN(symbol, title, text) \
	const struct record symbol = { .name = title, .size = sizeof(struct S), .doc = text, \
				       .fields = (const struct field[]){
#define END { .name = NULL } } };
#define PHASES_OF_VICTIM(member, text) \
	VICTIM_PHASE("before", member[PHASE_BEFORE], text) \
	VICTIM_PHASE("inflate", member[PHASE_INFLATE], text) \
	VICTIM_PHASE("plateau", member[PHASE_PLATEAU], text) \
	VICTIM_PHASE("deflate", member[PHASE_DEFLATE], text) \
	VICTIM_PHASE("after", member[PHASE_AFTER], text)
#define VICTIM_PHASE(title, member, text) \
	{ .name = title, .type = FIELD_HISTOGRAM, .offset = offsetof(struct S, member), \
	  .doc = text },
#include "lib/result_fields.h"
/* clang-format on */

bool accel_is_icount(enum result_accel accel)
{
	return accel == RESULT_ICOUNT || accel == RESULT_KVM_IN_ICOUNT;
}

bool accel_counts(enum result_accel accel, enum field_clock clock)
{
	return (clock == CLOCK_GUEST && accel_is_icount(accel)) ||
	       (clock == CLOCK_HOST && accel == RESULT_KVM_IN_ICOUNT);
}

bool result_deflates(const struct boot_result *result)
{
	return result->method != RESULT_REPORTING && result->method != RESULT_FLOOR;
}

struct cycle_result *result_cycle(const struct boot_result *result, size_t i)
{
	return (struct cycle_result *)result->cycles.items + i;
}

struct resize_result *cycle_resize(struct cycle_result *cycle, enum direction direction)
{
	return direction == INFLATE ? &cycle->inflate : &cycle->deflate;
}

static int check_cycle(const struct boot_result *result, size_t i, const char *name, char *err,
		       size_t err_size)
{
	struct cycle_result *cycle = result_cycle(result, i);
	const bool resized = record_is_absent(&replay_record, &cycle->replay);
	const char *missing = NULL;
	char where[512];

	snprintf(where, sizeof(where), "%s: cycles[%zu]", name, i);
	if (resized && record_is_absent(&resize_record, &cycle->inflate))
		missing = "inflate";
	else if (resized && result_deflates(result) &&
		 record_is_absent(&resize_record, &cycle->deflate))
		missing = "deflate";
	if (!missing)
		return record_check(&cycle_record, cycle, where, err, err_size);
	snprintf(err, err_size, "%s.%s: expected a value; it is missing", where, missing);
	return -EINVAL;
}

int result_check(const struct boot_result *result, const char *name, char *err, size_t err_size)
{
	int status = 0;
	size_t i;

	for (i = 0; !status && result->status == BOOT_OK && i < result->cycles.count; i++)
		status = check_cycle(result, i, name, err, err_size);
	return status;
}

int result_decode(struct boot_result *result, const json_t *json, const char *name, char *err,
		  size_t err_size)
{
	const json_t *version = json_object_get(json, "schema_version");
	int status;

	record_init(&boot_record, result);
	if (json_is_integer(version) && json_integer_value(version) != RESULT_SCHEMA_VERSION) {
		snprintf(err, err_size,
			 "%s: schema_version %lld, this program reads %d; use the balloonstat of "
			 "the balloonbench that wrote it",
			 name, (long long)json_integer_value(version), RESULT_SCHEMA_VERSION);
		return -EINVAL;
	}
	status = record_decode(&boot_record, json, result, name, err, err_size);
	return status ? status : result_check(result, name, err, err_size);
}
