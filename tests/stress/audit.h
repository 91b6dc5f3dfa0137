/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STRESS_AUDIT_H
#define STRESS_AUDIT_H

#include "tests/stress/boot.h"

/*
 * Whether all is still there. Return of all: 0, with boot->finding set where
 * something was found; -EINTR; another -errno where the guest does not answer,
 * with boot->vm.reason.
 */

/* Before the first round: prepare fault injection, note what there is. */
int stress_audit_begin(struct stress_boot *boot);

/*
 * Stop injecting, see that the driver is bound, empty the balloon. Then, against
 * what was there before the first round: managed pages are the same; vmstat
 * has deflated what it has inflated; page_owner knows of no page that was
 * allocated for a balloon, or for one to be migrated to; as much is free, but for
 * what the kernel's own books take.
 */
int stress_audit(struct stress_boot *boot);

/* After the last: memory that nobody points to any more, by kmemleak. */
int stress_audit_leaks(struct stress_boot *boot);

/*
 * Before the guest is powered off: a report of free pages that is under way when devices
 * are shut down meets a broken queue, and the driver warns of it.
 */
int stress_retire_driver(struct stress_boot *boot);

#endif
