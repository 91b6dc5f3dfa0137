/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_H
#define BENCH_BOOT_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/config/images.h"
#include "bench/config/scenario.h"
#include "bench/config/variant.h"
#include "bench/vm/qemu.h"
#include "bpf/level.h"
#include "lib/result.h"

/* The parameters of one boot. Everything is borrowed. */
struct boot {
	const struct images *images;
	const struct scenario *scenario;
	const struct variant *variant;
	const char *kernel_args; /* of scenario, variant and command line, or NULL */
	unsigned int number;
	unsigned int build, builds; /* of the cut, from 0, and how many the run has; 0: one */
	uint64_t seed;
	enum result_accel accel;
	struct trace_setting trace;
	bool perf;
	const cpu_set_t *pin;  /* or NULL */
	const char *directory; /* for the logs and cmd.sh */
	const char *name;      /* QEMU's, for ps(1), or NULL */
	void (*progress)(const char *what, void *context);
	void *context;
};

/*
 * Boot a VM, run its scenario, power it off; @result has the measurements and the status: release
 * it in every case. If the guest or QEMU misbehaves, the boot is "failed". If a cross-check fails,
 * it is "invalid". Neither is an error of this call. A traced boot writes trace.jsonl to its
 * directory. QEMU has ended when this returns.
 * 0; -EINTR if the user asked to stop (then there is no result); -ENOENT or
 * -EACCES if QEMU cannot be started; another -errno of the host (-ENOSPC, ...).
 */
int boot_run(const struct boot *boot, struct boot_result *result);

/* The result of a boot that could not be run where it should: "failed", for a reason. */
void boot_fail(const struct boot *boot, const char *reason, struct boot_result *result);

/* The QEMU configuration of a boot: also for --dry-run. */
struct qemu_config boot_qemu_config(const struct boot *boot);

/* 0, or -ENOENT with a message if perf(1) cannot be run. */
int perf_available(char *err, size_t err_size);

#endif
