/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STRESS_AUDIT_H
#define STRESS_AUDIT_H

#include "tests/stress/boot.h"

/*
 * Audits of a guest. All return 0, with boot->finding set if something was found; -EINTR;
 * another -errno if the guest does not answer, with boot->vm.reason.
 */

/* Before the first round: prepare fault injection, note the state. */
int stress_audit_begin(struct stress_boot *boot);

/*
 * Stop injecting faults, bind the driver, empty the balloon. Then check, against the state
 * before the first round, that MemTotal is the same; that vmstat counts as many deflated
 * as inflated pages; that page_owner has no page that was allocated for a balloon or for
 * compaction; and that as much is free, but for debug data of the kernel.
 */
int stress_audit(struct stress_boot *boot);

/* After the last round: leaks, by kmemleak. */
int stress_audit_leaks(struct stress_boot *boot);

/*
 * Before the guest is powered off: unbind the driver. Free page reporting that is active
 * when devices are shut down finds a broken queue, and the driver warns.
 */
int stress_retire_driver(struct stress_boot *boot);

#endif
