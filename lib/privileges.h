/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_PRIVILEGES_H
#define LIB_PRIVILEGES_H

#include <linux/capability.h>
#include <stdint.h>

/* Of <linux/capability.h> since Linux 5.8. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

#define CAPABILITY(number) (1ULL << (number))

/*
 * To load BPF programs and to attach them: kernels before 5.8 want CAP_SYS_ADMIN for
 * all of it, later ones still do for uprobes and to mount a tracefs, whose files
 * are root's; before 5.11 the maps count as locked memory. A process of another
 * user is looked at in /proc, addresses of the kernel's functions are hidden.
 */
#define CAPABILITIES_TO_TRACE                                                                      \
	(CAPABILITY(CAP_BPF) | CAPABILITY(CAP_PERFMON) | CAPABILITY(CAP_SYS_ADMIN) |               \
	 CAPABILITY(CAP_SYS_RESOURCE) | CAPABILITY(CAP_DAC_READ_SEARCH) |                          \
	 CAPABILITY(CAP_SYS_PTRACE) | CAPABILITY(CAP_SYSLOG))

/*
 * Drop all capabilities but these, for good, and for the programs that are started
 * from here too. Those that the process does not have it does not get. An ordinary
 * user's process, which has none, is left as it is.
 */
void privileges_keep(uint64_t capabilities);

#endif
