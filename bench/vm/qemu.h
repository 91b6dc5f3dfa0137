/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VM_QEMU_H
#define BENCH_VM_QEMU_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/config/arch.h"
#include "bench/config/scenario.h"
#include "lib/result.h"

/*
 * A QEMU process. It cannot outlive its parent, and its control sockets are inherited socket pairs,
 * so that no other process can connect to them. SECURITY.md describes how it is confined.
 */

/* The property of qemu-patches/0009. */
#define FLOOR_PROPERTY "x-floor-discard"

/* The id of the virtio-mem device. */
#define QEMU_VIRTIO_MEM_ID "mem0"

/* The devices that a variant's properties belong to: virtio's, and that of qemu-patches/0014. */
#define QEMU_BALLOON "virtio-balloon-pci"
#define QEMU_VMWARE_BALLOON "vmware-balloon"

/* Descriptors that QEMU inherits, by the numbers that its command line names. */
#define QEMU_QMP_FD 3
#define QEMU_GUEST_FD 4
#define QEMU_INITRAMFS_FD 5 /* only with modules, or of a host */
#define QEMU_DIRECTORY_FD 6
#define QEMU_WORK_FD 7 /* only of a host, as the next one */
#define QEMU_TEXT_FD 8

/*
 * A guest that is a host itself: it has no balloon, and two ports more, for the program that runs
 * in it. See bench/box/box.h.
 */
struct qemu_host {
	const char *cpu;  /* of -cpu */
	int initramfs_fd; /* all that it boots with; borrowed */
};

struct qemu_config {
	const struct qemu_host *host; /* or NULL */
	const char *binary, *image, *initramfs;
	const char *modules;	 /* archive to be unpacked after the initramfs, or NULL */
	const char *append;	 /* added to the kernel command line, or NULL */
	const char *kernel_args; /* the user's, after it, or NULL */
	enum result_accel accel;
	uint64_t memory_bytes;
	uint64_t plugged_bytes; /* of that, virtio-mem's; 0: there is a balloon in its place */
	unsigned int vcpus;
	enum backing backing;
	bool thp;		       /* false: MADV_NOHUGEPAGE for the whole process */
	bool prealloc;		       /* QEMU touches all guest memory before it boots */
	const struct arch *arch;       /* NULL: that of this host */
	enum result_method method;     /* vmware: the machine is, too; cmm: no device */
	bool balloon_in_cpu;	       /* the device runs in the thread of the vCPU that kicks */
	const char *device_properties; /* "x=on,y=off" for that device, or NULL */
	bool deflate_on_oom, reports_free_pages;
	const cpu_set_t *pin;  /* or NULL */
	const char *directory; /* of console.log, qemu.log, qmp.log, guest.log */
	const char *name;      /* for ps(1), or NULL */
};

struct qemu {
	pid_t pid; /* 0 once reaped */
	int pidfd;
	int qmp_fd, guest_fd; /* connected; -1 once handed over */
	int work_fd, text_fd; /* likewise, of a host */
	int life_fd;	      /* QEMU dies when it is closed */
	int wait_status;      /* valid once pid is 0 */
};
#define QEMU_NONE                                                                                  \
	((struct qemu){ .pidfd = -1,                                                               \
			.qmp_fd = -1,                                                              \
			.guest_fd = -1,                                                            \
			.work_fd = -1,                                                             \
			.text_fd = -1,                                                             \
			.life_fd = -1 })

/* Start QEMU; 0 or -errno, also that of a failed exec (-ENOENT, -EACCES). */
int qemu_spawn(struct qemu *qemu, const struct qemu_config *config);

/* Wait for the process to end: 0, -ETIMEDOUT or -EINTR. */
int qemu_wait(struct qemu *qemu, uint64_t deadline);

/* Kill it, if it has not ended, and close all descriptors. */
void qemu_kill(struct qemu *qemu);

/* Whether it is stopped, by SIGSTOP or a debugger. */
bool qemu_is_stopped(const struct qemu *qemu);

/* Whether it was stopped since its start, and runs again. */
bool qemu_was_stopped(const struct qemu *qemu);

/* "exit status 1" or "signal 9 (Killed)" or "still running", in @text. */
const char *qemu_ending(const struct qemu *qemu, char *text, size_t size);

/* Its command line, NULL-terminated; free it with qemu_argv_free(). */
char **qemu_argv(const struct qemu_config *config);
void qemu_argv_free(char **argv);

/*
 * Write a script to @path that starts the same VM, with sockets in the current
 * directory in place of inherited descriptors. 0 or -errno.
 */
int qemu_write_script(const struct qemu_config *config, const char *path);

/* Whether a device of a QEMU lists a property in its help. The last answer is cached. */
bool qemu_device_has(const char *binary, const char *device, const char *property);

/* The same of its virtio-balloon. */
bool qemu_balloon_has(const char *binary, const char *property);

/* Whether a QEMU has -run-with user=UID:GID,chroot=DIR (9.1 and later); likewise. */
bool qemu_changes_user(const char *binary);

#endif
