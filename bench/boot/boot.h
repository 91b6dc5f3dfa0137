/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_H
#define BENCH_BOOT_H

#include <jansson.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/config/images.h"
#include "bench/vm/qemu.h"
#include "bench/config/scenario.h"
#include "bench/config/variant.h"
#include "bpf/level.h"

/* All that one boot is. Everything is borrowed. */
struct boot {
	const struct images *images;
	const struct scenario *scenario;
	const struct variant *variant;
	unsigned int number;
	uint64_t seed;
	enum accel accel;
	enum trace_level trace;
	bool perf;
	const cpu_set_t *pin;				   /* or NULL */
	const char *directory;				   /* for the logs and cmd.sh */
	void (*progress)(const char *what, void *context); /* or NULL */
	void *context;
};

/**
 * boot_run() - boot a VM, drive its scenario, end it
 * @boot: what to do
 * @result: the content of result.json, owned by the caller; its status says
 *	how the boot ended
 * @records: that of trace.json, likewise; NULL where there is none
 *
 * A guest or a QEMU that misbehaves makes the boot "failed", numbers that
 * contradict each other make it "invalid"; neither is an error of this call.
 * No QEMU process is left behind in any case.
 *
 * Return: 0, -EINTR when the user asked to stop (no result then), -ENOENT or
 * -EACCES where QEMU cannot be started, or another -errno of this machine's
 * (-ENOSPC, ...).
 */
int boot_run(const struct boot *boot, json_t **result, json_t **records);

/* The QEMU configuration of a boot: also for --dry-run. */
struct qemu_config boot_qemu_config(const struct boot *boot);

#endif
