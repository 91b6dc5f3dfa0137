/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_CYCLE_STEP_H
#define BENCH_BOOT_CYCLE_STEP_H

#include <jansson.h>
#include <stdint.h>

#include "bench/boot/boot.h"
#include "bench/boot/tracing.h"
#include "bench/boot/victims.h"
#include "bench/boot/checks.h"
#include "bench/vm/vm.h"

/*
 * One cycle of a boot, as the parts of it see it that have files of their own, and how
 * they talk with the guest and the user.
 */
struct cycle {
	const struct boot *boot;
	struct vm *vm;
	struct checks *checks;
	struct tracing *trace;
	struct boot_victims *victims;
	json_t *clock;	     /* "clock" of result.json: the offsets found go into it */
	unsigned int number; /* from 1 */
	json_t *result;	     /* one of "cycles" of result.json */
};

/* Say what is being done, as in "compaction 1/2". */
void cycle_say(const struct cycle *cycle, const char *name);

/**
 * cycle_ask() - a request to the agent as a part of the cycle
 * @request: stolen
 * @answer: owned by the caller; may be NULL
 * @stage: in words, for the reason: "while fragmenting memory"
 * @bytes: of memory that it writes, which decides how long it may take
 *
 * Return: 0, or -errno with the VM's reason set.
 */
int cycle_ask(const struct cycle *cycle, json_t *request, json_t **answer, const char *stage,
	      uint64_t bytes);

/* A request without arguments. */
int cycle_tell(const struct cycle *cycle, const char *cmd, const char *stage);

/**
 * cycle_vmstat() - what changed in some counts of /proc/vmstat
 * @before: what vm_ask() gave earlier
 * @keys: NULL-terminated; all of them are in the result
 *
 * Return: a new object; NULL with the VM's reason set.
 */
json_t *cycle_vmstat(const struct cycle *cycle, const json_t *before, const char *const *keys);

#endif
