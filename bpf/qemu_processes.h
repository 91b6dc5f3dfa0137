/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_QEMU_PROCESSES_H
#define BPF_QEMU_PROCESSES_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Processes whose program is called qemu-system-*, qemu-kvm or kvm, at most
 * @max of them. Return: their number.
 */
size_t qemu_processes(pid_t *pids, size_t max);

/* The name of a process, "?" where it has gone. Returns @name. */
const char *process_name(pid_t pid, char *name, size_t size);

#endif
