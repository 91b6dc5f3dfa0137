/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VM_VM_H
#define BENCH_VM_VM_H

#include <limits.h>
#include <stdint.h>

#include "bench/config/images.h"
#include "bench/vm/agent.h"
#include "bench/vm/qemu.h"
#include "bench/vm/qmp.h"
#include "lib/clock.h"

/* A running VM: the process, its two control channels, and why it failed. */
struct vm {
	struct qemu qemu;
	struct qmp *qmp;
	struct agent *agent;
	const char *directory; /* of its logs; borrowed */
	uint64_t memory_bytes;
	uint64_t plugged_bytes; /* of that, virtio-mem's; 0: there is a balloon */
	enum result_method method; /* of the balloon */
	uint64_t balloon_bytes; /* last size of the balloon, or unplugged size */
	uint64_t ready_ns;	/* from the start of QEMU to the agent's hello */
	struct event_hello hello;
	struct record_list boot_warnings; /* texts: of the guest's kernel, before the hello */
	long console_offset;		  /* what came before it in console.log is in them */
	char reason[1024];		  /* of a failure, as text; else empty */
};

/*
 * Start QEMU and wait until the agent has said hello, on the very kernel of @cut: with its build
 * ID, or its release and version where the cut has none. The directory of @config is borrowed for
 * as long as the VM is used; release @vm in every case. 0; -EINTR; another -errno, with an empty
 * reason if QEMU could not be started, else with a reason.
 */
int vm_start(struct vm *vm, const struct qemu_config *config, const struct image_cut *cut,
	     uint64_t timeout_ns);

/* The path of a file in the directory of the VM, in @path. */
const char *vm_file(const struct vm *vm, const char *name, char path[PATH_MAX]);

/* The size of a page of the guest's kernel, by the agent's hello: 4 KiB, or 16 or 64. */
uint64_t vm_page_bytes(const struct vm *vm);

/* CPU time of all threads of QEMU, in ns; 0 if it has ended. */
uint64_t vm_cpu_ns(const struct vm *vm);

/*
 * Let the device take that many bytes from the guest in all, by balloon or virtio-mem, and how many
 * it has: 0, or an error of qmp.h.
 */
int vm_take(struct vm *vm, uint64_t bytes, uint64_t deadline);
int vm_taken(struct vm *vm, uint64_t *bytes, uint64_t deadline);

/* Power the guest off and wait for QEMU to end; vm_release() kills it otherwise. */
void vm_power_off(struct vm *vm);

/* Kill QEMU if it runs, and close the channels. */
void vm_release(struct vm *vm);

/*
 * Fill in the reason of a failure: @stage is as in "in inflate 1"; @symptom, the error of the
 * failed call, is used unless the guest panicked or QEMU ended.
 */
void vm_explain(struct vm *vm, const char *stage, const char *symptom);

/* agent_request() that fills in the reason, with vm_explain(). 0 or -errno. */
int vm_request(struct vm *vm, struct guest_request *request, const struct record *record,
	       void *answer, const char *stage, uint64_t timeout_ns);

/* A request without arguments or answer. */
int vm_command(struct vm *vm, const char *cmd, const char *stage);

/*
 * Read /proc/vmstat or /proc/meminfo of the guest: @file is &answer_vmstat or &answer_meminfo.
 * Counters are from 0 to 2^56; release them with record_release_counters() in every case.
 */
int vm_counters(struct vm *vm, const struct record *file, struct record_list *counters);

/*
 * 0, or -EPROTO with a reason if the guest's kernel warned on its console after the agent's hello.
 * What it warned of before, as of a CPU newer than the kernel, is in boot_warnings: it does not
 * make what was measured afterwards wrong.
 */
int vm_check_console(struct vm *vm);

/* How long a guest that is tried may take to boot: on a machine, and on an emulated one. */
#define ACCEL_TRY_NS (10 * NSEC_PER_SEC)
#define ACCEL_TRY_EMULATED_NS (100 * NSEC_PER_SEC)

/*
 * Boot a guest of 256 MiB under an accelerator: opening /dev/kvm proves nothing. 0,
 * -EINTR, or -ENODEV with a reason.
 */
int accel_try(const struct images *images, enum result_accel accel, uint64_t timeout_ns,
	      char *reason, size_t reason_size);

/*
 * Choose the accelerator of a run; @wish: "auto", "kvm", "tcg" or "icount". KVM is used only
 * after a kernel of @images has booted. @reason is for messages and env.json. 0; -EINTR; -ENODEV if
 * KVM was asked for by name and does not work here.
 */
int accel_choose(const char *wish, const struct images *images, uint64_t timeout_ns,
		 enum result_accel *accel, char *reason, size_t reason_size);

#endif
