/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_CONFINE_H
#define LIB_CONFINE_H

#include <stdbool.h>

/*
 * For a child between fork() and exec(): from now on, and for good, this process
 * and what it becomes gain no privilege by running a program, keep no ambient
 * capability, and, where the
 * kernel has Landlock (Linux 5.13; more of it in later ones, see landlock(7)),
 *
 * - write, create and remove nothing but what is below the directories, or is
 *   one of the files, of @writable, a list that ends with NULL, /dev/null and
 *   /dev/kvm; what does not exist is passed over,
 * - neither bind nor connect a TCP socket (6.7),
 * - signal no process but their own children, and reach no abstract socket of
 *   others (6.12).
 *
 * What is open stays open. Reading is not restricted. Costs nothing in calls that
 * name no file, as madvise(), which are measured.
 *
 * Return: whether the kernel has Landlock and took the rules.
 */
bool confine(const char *const *writable);

/* Whether the kernel has Landlock: its ABI version from 1 on, or 0. */
int confine_abi(void);

#endif
