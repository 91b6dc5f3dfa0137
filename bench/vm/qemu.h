/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VM_QEMU_H
#define BENCH_VM_QEMU_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/config/scenario.h"

/*
 * A QEMU process: its command line, its life, its death. One that outlives
 * its parent is impossible, and its control sockets are inherited socket pairs,
 * so there is no path for others to connect to. Who takes it over from the guest
 * has little to begin with: see SECURITY.md.
 */

/* What QMP knows the virtio-mem device by. */
#define QEMU_VIRTIO_MEM_ID "mem0"

struct qemu_config {
	const char *binary;
	const char *vmlinux;
	const char *initramfs;
	const char *append; /* added to the kernel command line, or NULL */
	enum accel accel;
	uint64_t memory_bytes;
	uint64_t plugged_bytes; /* of that, a virtio-mem device's, which is there in place of the
				   balloon; 0: none */
	unsigned int vcpus;
	enum backing backing;
	bool thp;		       /* false: MADV_NOHUGEPAGE for the whole process */
	bool prealloc;		       /* QEMU touches all guest memory before it boots */
	bool balloon_in_cpu;	       /* the device works in the thread of the CPU that kicks */
	const char *device_properties; /* "x=on,y=off" for the balloon or virtio-mem, or NULL */
	bool deflate_on_oom;	       /* two more of them */
	bool reports_free_pages;
	const cpu_set_t *pin;  /* or NULL */
	const char *directory; /* where console.log, qemu.log, qmp.log, guest.log go */
};

struct qemu {
	pid_t pid; /* 0 once reaped */
	int pidfd;
	int qmp_fd;	 /* connected; -1 once handed over */
	int guest_fd;	 /* connected; -1 once handed over */
	int life_fd;	 /* QEMU dies when it is closed */
	int wait_status; /* valid once pid is 0 */
};

/* Start; 0 or -errno (an exec that failed is reported here: -ENOENT, -EACCES). */
int qemu_spawn(struct qemu *qemu, const struct qemu_config *config);

/* Wait for the process to end: 0, -ETIMEDOUT or -EINTR. */
int qemu_wait(struct qemu *qemu, uint64_t deadline);

/* End it, by force, and reap it. Harmless when it has ended. Closes all descriptors. */
void qemu_kill(struct qemu *qemu);

/* Whether somebody sent it a SIGSTOP, or holds it in a debugger. */
bool qemu_is_stopped(const struct qemu *qemu);

/* "exit status 1" or "signal 9 (Killed)" or "still running", in @text. */
const char *qemu_ending(const struct qemu *qemu, char *text, size_t size);

#endif
