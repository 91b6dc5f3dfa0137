/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STRESS_SCHEDULE_H
#define STRESS_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is done to a guest, and when: a pure function of the seed. A run is a
 * number of boots, a boot of rounds; what a round orders goes on at the same
 * time. Nothing that was measured has a say, so a round can be looked at, and a
 * boot repeated, without what came before.
 */
enum stress_op {
	STRESS_TARGET,	/* by QMP: the balloon is to have .value pages */
	STRESS_STATS,	/* by QMP: statistics are polled each .value s; 0: no more */
	STRESS_COMPACT, /* all memory, .value times */
	STRESS_PRESS,	/* a process takes .value bytes for .for_ms */
	STRESS_DROP,	/* caches of the kernel are dropped */
	STRESS_INJECT,	/* .value % of page allocations fail for .for_ms */
	STRESS_SUSPEND, /* and resume, by pm_test; .value: an index into pm_test levels */
	STRESS_REBIND,	/* the driver leaves the device for .for_ms: a reset of the device */
	STRESS_REPLUG,	/* the device is removed from the PCI bus, and found again after .for_ms */
	STRESS_OPS,
};

/* "target", "stats", ...: as in the log and the summary. */
const char *stress_op_name(enum stress_op op);

/* Those that the host does by itself, beside the guest's. */
bool stress_op_is_hosts(enum stress_op op);

/* What pm_test takes; the word at a STRESS_SUSPEND's value. */
#define STRESS_LEVELS 3
extern const char *const stress_levels[STRESS_LEVELS];

struct stress_order {
	enum stress_op op;
	unsigned int after_ms; /* from the start of the round */
	unsigned int for_ms;
	uint64_t value;
};

#define STRESS_ORDERS_MAX 16

struct stress_round {
	struct stress_order orders[STRESS_ORDERS_MAX]; /* the host's by .after_ms among them */
	size_t count;
};

#define STRESS_MEMORY_BYTES (288ULL << 20)
#define STRESS_VCPUS 2
/* Rounds of a boot, and how often it is looked whether all is still there. */
#define STRESS_ROUNDS 16
#define STRESS_AUDIT_ROUNDS 8

/* Round @round (from 0) of boot @boot (from 1). */
void schedule_round(struct stress_round *round, uint64_t seed, unsigned int boot,
		    unsigned int number);

/* What the guest of a boot is, beside what its kernel needs. */
struct stress_machine {
	char device[64];    /* properties of the balloon device; may be empty */
	const char *append; /* to the kernel's command line */
};

void schedule_machine(struct stress_machine *machine, uint64_t seed, unsigned int boot);

#endif
