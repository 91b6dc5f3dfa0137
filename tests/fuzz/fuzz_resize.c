/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's end of the guest channel: hello, clock, and a resize with its progress and
 * traced batches, from a malicious guest. Parts: QMP, the guest.
 */
#include <string.h>

#include "bench/vm/agent.h"
#include "bench/boot/parts.h"
#include "lib/clock.h"
#include "tests/fuzz/input.h"

#define PATIENCE_MS 10000
#define MIB (1ULL << 20)

static void talk(struct vm *vm, uint64_t deadline)
{
	struct victims victims = { 0 };
	struct resize_result result;
	static struct resize resize;
	struct clock_offset offset;
	char error[1024] = "";
	int err;

	resize = (struct resize){ .vm = vm,
				  .result = &result,
				  .target_bytes = 64 * MIB,
				  .step_bytes = 32 * MIB,
				  .timeout_ns = NSEC_PER_SEC,
				  .patience_ns = NSEC_PER_SEC,
				  .cpu_times = true,
				  .host_victims = &victims };
	err = agent_hello(vm->agent, &vm->hello, deadline);
	if (!err)
		err = agent_measure_clock(vm->agent, &offset);
	FUZZ_HOLDS(!err || *agent_error(vm->agent));
	if (err)
		return;
	err = resize_balloon(&resize);
	FUZZ_HOLDS(!err || *resize.error);
	if (!err)
		FUZZ_HOLDS(!record_check(&resize_record, &result, "resize", error, sizeof(error)));
	json_decref(record_encode(&resize_record, &result));
	record_release(&resize_record, &result);
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
	record_release(&event_hello_record, &vm.hello);
	agent_close(vm.agent);
	qmp_close(vm.qmp);
	return 0;
}
