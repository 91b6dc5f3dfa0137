/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_CYCLE_H
#define BENCH_BOOT_CYCLE_H

#include "bench/boot/cycle_step.h"

/**
 * cycle_run() - inflate, deflate, and what the scenario does around them
 *
 * Return: 0, -EINTR, or another -errno with the VM's reason set.
 */
int cycle_run(struct cycle *cycle);

#endif
