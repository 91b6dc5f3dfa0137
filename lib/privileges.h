/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_PRIVILEGES_H
#define LIB_PRIVILEGES_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>

/* In <linux/capability.h> since Linux 5.8. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

#define CAPABILITY(number) (1ULL << (number))

/*
 * What it takes to load and attach BPF programs. CAP_SYS_ADMIN: everything before
 * 5.8, later uprobes and mounting tracefs. CAP_SYS_RESOURCE: maps count as locked
 * memory before 5.11. CAP_DAC_READ_SEARCH: files of tracefs are root's.
 * CAP_SYS_PTRACE: /proc of other users. CAP_SYSLOG: addresses in kallsyms.
 */
#define CAPABILITIES_TO_TRACE                                                                      \
	(CAPABILITY(CAP_BPF) | CAPABILITY(CAP_PERFMON) | CAPABILITY(CAP_SYS_ADMIN) |               \
	 CAPABILITY(CAP_SYS_RESOURCE) | CAPABILITY(CAP_DAC_READ_SEARCH) |                          \
	 CAPABILITY(CAP_SYS_PTRACE) | CAPABILITY(CAP_SYSLOG))

/* Drop all other capabilities irrevocably, for children too. Gives none. */
void privileges_keep(uint64_t capabilities);

/*
 * For a child between fork() and exec(). Irrevocably, the process and what it executes gain no
 * privileges by exec(), have no ambient capabilities, and, if the kernel has Landlock (Linux 5.13),
 *
 * - write, create and remove only /dev/null, /dev/kvm, and the files and below the
 *   directories of @writable, a NULL-terminated list; missing ones are ignored,
 * - cannot bind or connect a TCP socket (6.7),
 * - can signal only their children, and reach no abstract socket of others (6.12).
 *
 * Open files stay open. Reading is not restricted. Calls without a path have no extra cost.
 * Returns whether the kernel has Landlock and accepted the rules.
 */
bool confine(const char *const *writable);

/* The ABI version of Landlock, or 0 if the kernel does not have it. */
int confine_abi(void);

#endif
