/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VM_INITRAMFS_H
#define BENCH_VM_INITRAMFS_H

/*
 * The initramfs of a kernel with modules: the agent's archive and after it that of the modules, as
 * the kernel unpacks any number of archives one after the other. QEMU wants them as one file.
 *
 * That file is in memory only (memfd_create(2)), and QEMU inherits a descriptor of it. It is made
 * once for each pair of archives and kept until the program ends, so that a run of 300 boots makes
 * one for each kernel, and however the program ends, nothing is left that has to be removed.
 */

/* A new descriptor of the file, or -errno: also if one of the archives cannot be read. */
int initramfs_open(const char *initramfs, const char *modules);

/*
 * Such a file of other archives: create one, append to it, and seal it, so that a QEMU that a guest
 * has taken over cannot change the next guests'. The first returns a descriptor; all -errno.
 */
int initramfs_create(void);
int initramfs_append(int fd, const char *path);
int initramfs_seal(int fd);

#endif
