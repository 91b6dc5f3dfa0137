/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STRESS_SCHEDULE_H
#define STRESS_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The schedule of operations, a pure function of the seed. A run has boots, a boot has
 * rounds, and the orders of a round run at the same time. Nothing depends on results, so
 * a boot can be repeated without the ones before.
 */
enum stress_op {
	STRESS_TARGET,	/* by QMP: set the target of the balloon to .value pages */
	STRESS_STATS,	/* by QMP: poll statistics every .value s; 0: stop */
	STRESS_COMPACT, /* compact all memory .value times */
	STRESS_PRESS,	/* a process takes .value bytes for .for_ms */
	STRESS_DROP,	/* drop the caches of the kernel */
	STRESS_INJECT,	/* let .value % of page allocations fail for .for_ms */
	STRESS_SUSPEND, /* suspend and resume by pm_test, at stress_levels[.value] */
	STRESS_REBIND,	/* unbind the driver for .for_ms, which resets the device */
	STRESS_REPLUG,	/* remove the device from the PCI bus, rescan after .for_ms */
	STRESS_RESET,	/* by QMP: VMware's device makes its driver start anew */
	STRESS_OPS,
};

/* "target", "stats", ..., for the log and the summary. */
const char *stress_op_name(enum stress_op op);

/* Whether the host executes it. */
bool stress_op_is_hosts(enum stress_op op);

/* Values of pm_test. */
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
	struct stress_order orders[STRESS_ORDERS_MAX]; /* sorted by .after_ms */
	size_t count;
};

#define STRESS_MEMORY_BYTES (288ULL << 20)
#define STRESS_VCPUS 2
/* Rounds of a boot, and of an audit. */
#define STRESS_ROUNDS 16
#define STRESS_AUDIT_ROUNDS 8

/* Round @number (from 0) of boot @boot (from 1). */
void schedule_round(struct stress_round *round, uint64_t seed, unsigned int boot,
		    unsigned int number);

/*
 * The same round for vmw_balloon: what is done to a virtio device and its driver becomes a reset by
 * VMware's device.
 */
void schedule_round_of_vmware(struct stress_round *round);

/* Configuration of a boot, beside that of its kernel. */
struct stress_machine {
	char device[64]; /* properties of the balloon device, or "" */
	char append[64]; /* for the kernel's command line: page_owner and the next, and more */
	/*
	 * Without it, pages that are lost are found by their number only. With it,
	 * alloc_pages_bulk() allocates single pages.
	 */
	bool page_owner;
	bool init_on_alloc;
};

/* Half of the boots have page_owner, two in five init_on_alloc. */
void schedule_machine(struct stress_machine *machine, uint64_t seed, unsigned int boot);

/* The same for VMware's device: pages one by one, or huge ones too, in some of the boots. */
void schedule_machine_of_vmware(struct stress_machine *machine, uint64_t seed, unsigned int boot);

/* The share of a cut in the time of a run: 1, or more for one that is new or not known. */
unsigned int schedule_weight(const char *cut);

#endif
