/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_MONITOR_H
#define BPF_MONITOR_H

#include <stdbool.h>
#include <stddef.h>

/* Which program is a virtual machine monitor, and what its virtual machine is called. */

/*
 * The monitor that a program is by the name of its file, as /proc/PID/exe, argv[0] or comm have it:
 * "QEMU", "cloud-hypervisor", ...; NULL if it is none. A path, a leading dot, "-wrapped" and
 * " (deleted)" do not matter. @comm: @name is cut to 15 bytes, as that of a thread.
 */
const char *monitor_by_name(const char *name, bool comm);

/*
 * The name of its virtual machine by its arguments, as /proc/PID/cmdline has them: @size bytes,
 * each argument ended by a 0; by its control group, as /proc/PID/cgroup has it. False: none.
 */
bool monitor_vm_by_arguments(const char *arguments, size_t size, char *vm, size_t vm_size);
bool monitor_vm_by_cgroup(const char *cgroups, char *vm, size_t vm_size);

#endif
