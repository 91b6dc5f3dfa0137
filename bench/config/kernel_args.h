/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_CONFIG_KERNEL_ARGS_H
#define BENCH_CONFIG_KERNEL_ARGS_H

#include <stddef.h>

#include "bench/config/keys.h"

/* Of all arguments of a user for one guest; the kernel of x86 takes 2047 characters in all. */
#define KERNEL_ARGS_MAX 1500

/*
 * Arguments for the guest's kernel that a user gives: 0, or -EINVAL with a message if one of them
 * would break the benchmark.
 */
int kernel_args_check(const char *text, char *err, size_t err_size);

/* Setter of an owned char *, as those of keys.h. */
int key_set_kernel_args(const struct ini_entry *e, const struct key *key, void *member);

/* All that are not NULL, in this order, with a blank between; NULL if there are none. */
char *kernel_args_join(const char *const *texts, size_t count);

#endif
