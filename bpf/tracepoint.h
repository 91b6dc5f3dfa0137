/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_TRACEPOINT_H
#define BPF_TRACEPOINT_H

/**
 * tracepoint_open() - a perf event of a tracepoint, for a BPF program
 * @category: "syscalls"
 * @name: "sys_enter_madvise"
 *
 * Works where tracefs is not mounted, without mounting it for others.
 *
 * Return: a file descriptor, on all tasks and CPUs for the BPF program that is
 * attached to it; -ENOENT where the kernel has no such tracepoint; another -errno.
 */
int tracepoint_open(const char *category, const char *name);

#endif
