/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_RUN_HOSTS_H
#define BENCH_RUN_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/box/box.h"
#include "bench/run/plan.h"

struct session;
struct boot;

/*
 * The hosts in boxes that a run has, by the name of their kernel: one for all (--host), or one for
 * each value of the key "host" of its variants. A box is booted when the first boot needs it, and
 * again after it has failed; it stays until the run ends. Starts zeroed.
 */
struct hosts {
	struct host {
		const char *name;		/* borrowed */
		const struct image_cut *kernel; /* likewise */
		struct box *box;		/* NULL: not booted */
		unsigned int failed;		/* boots one after the other */
	} * list;
	size_t count;
	struct box_files files;
	struct box_config config; /* what they have in common */
};

/* The kernel of the host that a variant of the run has, as it was named; NULL: this machine. */
const char *session_host(const struct session *s, const struct variant *variant);

/* Of the configuration of our kernels that has KVM. */
#define HOST_CONFIG "host"

/* Whether boxes run under KVM: the machine has it, and lets guests be hosts. */
bool hosts_nest(void);

/*
 * What a box takes of the memory of this machine, beside its guest. The largest guest of a run with
 * boxes is what is left.
 */
uint64_t hosts_overhead(void);

/*
 * Find the kernels, and set how the boxes run. Before a plan is made. 0 or an exit status after a
 * message; EXIT_USAGE where some variants have a host and others do not: accelerators are never
 * compared.
 */
int hosts_resolve(struct session *s);

/* Facts for env.json: of each kernel, and of the machine that they all boot on. */
json_t *hosts_to_json(const struct session *s);
json_t *hosts_box_to_json(const struct session *s);

/*
 * boot_run() in a box. A box that fails makes the boot "failed", and is closed. 0 and a result; an
 * exit status after a message otherwise.
 */
int hosts_run_boot(struct session *s, const struct plan_entry *entry, const struct boot *boot,
		   struct boot_result *result);

void hosts_release(struct hosts *hosts);

#endif
