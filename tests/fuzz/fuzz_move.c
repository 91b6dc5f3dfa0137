/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's end of the guest channel, with what is made of the agent's word: hello,
 * clock, and a move with its progress and the batches that were traced. A guest
 * under test may send anything. First part: QMP; second: the guest.
 */
#include <string.h>

#include "bench/guest_clock.h"
#include "bench/move.h"
#include "lib/clock.h"
#include "tests/fuzz/input.h"

#define PATIENCE_MS 10000
#define MIB (1ULL << 20)

static int talk(struct vm *vm, uint64_t deadline)
{
	struct move_order order = { .target_bytes = 64 * MIB,
				    .step_bytes = 32 * MIB,
				    .timeout_ns = NSEC_PER_SEC,
				    .patience_ns = NSEC_PER_SEC,
				    .cpu_times = true };
	struct move_trace trace = { .rows = NULL };
	struct victims victims = { 0 };
	json_t *clock = NULL, *move = NULL;
	char error[1024] = "";
	int err;

	order.host_victims = &victims;
	err = guest_hello(vm->guest, &vm->hello, deadline);
	if (!err)
		err = guest_clock_measure(vm->guest, &clock);
	FUZZ_HOLDS(!err || *guest_error(vm->guest));
	if (!err) {
		err = move_balloon(vm, &order, &move, &trace, error, sizeof(error));
		FUZZ_HOLDS(!err || *error);
	}
	move_trace_release(&trace);
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
	    !guest_open(&vm.guest, fuzz_socket(1, parts[1].data, parts[1].size), NULL))
		talk(&vm, deadline);
	json_decref(vm.hello);
	guest_close(vm.guest);
	qmp_close(vm.qmp);
	return 0;
}
