/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_PROCESS_INFO_H
#define BPF_PROCESS_INFO_H

#include <stdbool.h>
#include <sys/types.h>

/* What /proc says of a process. */

struct process_info {
	char name[32];	     /* comm; "?" if it has ended */
	char vm[128];	     /* the name of its virtual machine; "" if that is not known */
	const char *monitor; /* monitor_by_name(); NULL: not by its name */
};

/* Whether a process is a virtual machine monitor by the name of its program: NULL if not. */
const char *process_monitor(pid_t pid);

void process_info_read(pid_t pid, struct process_info *info);

/* The process that a thread belongs to, or 0. */
pid_t process_of_thread(pid_t tid);

/* Whether /proc is that of this PID namespace: otherwise its IDs are not those of our calls. */
bool proc_is_ours(void);

#endif
