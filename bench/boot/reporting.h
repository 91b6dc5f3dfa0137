/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_REPORTING_H
#define BENCH_BOOT_REPORTING_H

#include "bench/boot/cycle_step.h"

/**
 * reporting_run() - what free page reporting has in place of an inflate
 *
 * The guest frees what it holds, and its kernel reports what is free, in its own
 * time; the move is over with the last page that the host got back. The host sees
 * it in QEMU's resident memory, for the guest is not told. It is put into the cycle
 * as its "inflate"; there is no "deflate", for what was reported is the guest's.
 *
 * Return: 0, -EINTR, or another -errno with the VM's reason set.
 */
int reporting_run(struct cycle *cycle);

/* The victims' phase where there is no deflate: after it. */
int reporting_end(struct cycle *cycle);

#endif
