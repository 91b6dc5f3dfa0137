/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_VICTIMS_H
#define BENCH_BOOT_VICTIMS_H

#include "bench/config/scenario.h"
#include "bench/victim/victims.h"
#include "bench/vm/vm.h"

/* The victims of a boot, in the guest and beside QEMU, as its scenario has them. Starts zeroed. */
struct boot_victims {
	const struct scenario *scenario;
	struct victims host;
};

/**
 * boot_victims_start() - start all, and leave them undisturbed for the scenario's calm
 *
 * Return: 0, -EINTR, or another -errno with the VM's reason set. Without
 * victims in the scenario all of these calls do nothing.
 */
int boot_victims_start(struct boot_victims *victims, struct vm *vm,
		       const struct scenario *scenario);

/*
 * Leave them undisturbed for the scenario's calm, in a phase that began when the
 * last move ended. 0 or -EINTR.
 */
int boot_victims_calm(const struct boot_victims *victims);

/*
 * End all: {"guest": {...}, "host": {...}}, as victims_stop() has it. New
 * reference, or NULL where there are none; -errno in @err, with the VM's reason
 * set, where one died.
 */
json_t *boot_victims_stop(struct boot_victims *victims, struct vm *vm, int *err);

/* The boot is over: end those of the host, whatever they noted. */
void boot_victims_kill(struct boot_victims *victims);

#endif
