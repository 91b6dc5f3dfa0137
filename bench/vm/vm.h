/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VM_VM_H
#define BENCH_VM_VM_H

#include <jansson.h>
#include <stdint.h>

#include "bench/vm/agent.h"
#include "bench/vm/qemu.h"
#include "bench/vm/qmp.h"

/*
 * A running VM: the process and its two control channels, and why it failed
 * where it did.
 */
struct vm {
	struct qemu qemu;
	struct qmp *qmp;
	struct agent *agent;
	const char *directory; /* of its logs; borrowed */
	uint64_t memory_bytes;
	uint64_t plugged_bytes; /* of that, virtio-mem's; 0: there is a balloon */
	uint64_t balloon_bytes; /* what the balloon, or what is unplugged, was last brought to */
	uint64_t ready_ns;	/* start of QEMU to the agent's hello */
	json_t *hello;
	char reason[1024]; /* in words; empty while nothing failed */
};

/**
 * vm_start() - start QEMU and wait until the agent has said hello
 * @vm: filled in; to be released with vm_release() in every case
 * @config: borrowed during the call; its directory for as long as the VM is used
 * @cut: the kernel that must answer
 * @timeout_ns: for all of it
 *
 * Return: 0; -EINTR; an errno of this machine's with an empty reason where
 * QEMU could not be started at all; another errno with a reason where it, or
 * its guest, did not behave.
 */
int vm_start(struct vm *vm, const struct qemu_config *config, const char *cut, uint64_t timeout_ns);

/* CPU time that QEMU has used, all its threads; 0 where it has gone. */
uint64_t vm_cpu_ns(const struct vm *vm);

/* Power the guest off and see QEMU end. One that does not is left to vm_release(). */
void vm_power_off(struct vm *vm);

/* End what still runs, close what is open. */
void vm_release(struct vm *vm);

/**
 * vm_explain() - put into words why the VM failed
 * @stage: when: "in inflate 1"
 * @symptom: what the call that failed says; shown where no cause is found,
 *	which is a panic on the console or the death of QEMU
 */
void vm_explain(struct vm *vm, const char *stage, const char *symptom);

/**
 * vm_ask() - a request without arguments, of whose answer one member matters
 *
 * Return: the member @name as a new reference; NULL with a reason.
 */
json_t *vm_ask(struct vm *vm, const char *cmd, const char *name);

/* 0, or -EPROTO with a reason where the guest's kernel warned on its console. */
int vm_check_console(struct vm *vm);

#endif
