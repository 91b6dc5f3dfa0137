/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VM_ACCEL_H
#define BENCH_VM_ACCEL_H

#include <stddef.h>

#include "bench/config/images.h"
#include "bench/vm/qemu.h"

/**
 * accel_choose() - settle which accelerator a run uses
 * @wish: "auto", "kvm", "tcg" or "icount"
 * @images: a kernel to try KVM with: it is believed only once that has booted
 * @accel: the choice
 * @reason: why, for env.json and for people
 *
 * Return: 0; -EINVAL (no such name); -ENODEV where KVM was asked for by name
 * and does not serve here; -EINTR.
 */
int accel_choose(const char *wish, const struct images *images, enum accel *accel, char *reason,
		 size_t reason_size);

/**
 * accel_try() - see whether the agent answers under an accelerator
 * @reason: why not, for people
 *
 * A 256 MiB guest is really booted, with a deadline: that /dev/kvm can be
 * opened proves nothing.
 *
 * Return: 0, -EINTR, or -ENODEV with a reason.
 */
int accel_try(const struct images *images, enum accel accel, char *reason, size_t reason_size);

#endif
