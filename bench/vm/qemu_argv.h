/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VM_QEMU_ARGV_H
#define BENCH_VM_QEMU_ARGV_H

#include "bench/vm/qemu.h"

/**
 * qemu_argv() - the command line for a configuration
 * @qmp_fd, @guest_fd: numbers of the descriptors the process will inherit
 *
 * Return: a NULL-terminated array to be freed with qemu_argv_free(), or NULL
 * when out of memory. Also what --dry-run shows.
 */
char **qemu_argv(const struct qemu_config *config, int qmp_fd, int guest_fd);
void qemu_argv_free(char **argv);

/*
 * Write a script to @path that starts the same VM by hand, with sockets in
 * the current directory in place of inherited descriptors. 0 or -errno.
 */
int qemu_write_script(const struct qemu_config *config, const char *path);

#endif
