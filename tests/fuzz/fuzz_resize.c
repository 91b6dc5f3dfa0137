/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's end of the guest channel, with what is made of the agent's word: hello,
 * clock, and a move with its progress and the batches that were traced. A guest
 * under test may send anything. First part: QMP; second: the guest.
 */
#include <string.h>

#include "bench/vm/guest_clock.h"
#include "bench/boot/resize.h"
#include "lib/clock.h"
#include "tests/fuzz/input.h"

#define PATIENCE_MS 10000
#define MIB (1ULL << 20)

static int talk(struct vm *vm, uint64_t deadline)
{
	struct resize_request order = { .target_bytes = 64 * MIB,
					.step_bytes = 32 * MIB,
					.timeout_ns = NSEC_PER_SEC,
					.patience_ns = NSEC_PER_SEC,
					.cpu_times = true };
	struct resize_trace trace = { .rows = NULL };
	struct victims victims = { 0 };
	json_t *clock = NULL, *move = NULL;
	char error[1024] = "";
	int err;

	order.host_victims = &victims;
	err = agent_hello(vm->agent, &vm->hello, deadline);
	if (!err)
		err = guest_clock_measure(vm->agent, &clock);
	FUZZ_HOLDS(!err || *agent_error(vm->agent));
	if (!err) {
		err = resize_balloon(vm, &order, &move, &trace, error, sizeof(error));
		FUZZ_HOLDS(!err || *error);
	}
	resize_trace_release(&trace);
	json_decref(clock);
	json_decref(move);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vm vm = { .memory_bytes = 512 * MIB };
	uint64_t deadline = deadline_in_ms(PATIENCE_MS);
	struct fuzz_part parts[2];

	fuzz_parts(data, size, parts, 2);
	if (!qmp_open(&vm.qmp, fuzz_socket(0, parts[0].data, parts[0].size), NULL, deadline) &&
	    !agent_open(&vm.agent, fuzz_socket(1, parts[1].data, parts[1].size), NULL))
		talk(&vm, deadline);
	json_decref(vm.hello);
	agent_close(vm.agent);
	qmp_close(vm.qmp);
	return 0;
}
