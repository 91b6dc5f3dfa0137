/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_PRESSURE_H
#define LIB_PRESSURE_H

#include <stdint.h>

/*
 * How long since the boot at least one process of this kernel waited for memory, in ns: "some" of
 * /proc/pressure/memory. RECORD_ABSENT if the kernel does not count that (CONFIG_PSI).
 */
int64_t pressure_stall_ns(void);

/* From one such value to another; absent if one of them is. */
int64_t pressure_change_ns(int64_t before, int64_t after);

#endif
