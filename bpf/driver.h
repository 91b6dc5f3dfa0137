/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_DRIVER_H
#define BPF_DRIVER_H

#include <stdbool.h>

/* The virtio balloon driver of this machine, by sysfs; @sys: "/sys". */

/* Why there is nothing to trace: not there, not loaded, or no device; NULL if there is a device. */
const char *balloon_driver_problem(const char *sys);

/* It is a module without BTF: fentry cannot find its functions. */
bool balloon_module_lacks_btf(const char *sys);

#endif
