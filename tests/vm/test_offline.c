/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that goes offline while the balloon has it, page by page or in blocks: it can,
 * and a deflate on OOM finds something to free meanwhile.
 */
#include "tests/helpers/unit.h"

#include <inttypes.h>

#include "lib/clock.h"
#include "tests/helpers/vm.h"

/* The fifth block of eight; the kernel's memory is in the first and the last. */
#define MEMORY_BLOCK "/sys/devices/system/memory/memory4/state"
#define MEMORY_BYTES (1024 * MIB)
/* All but what a memory block of 128 MiB can be moved to. */
#define BALLOON_BYTES (720 * MIB)
/* More than is free, beside the block that is moved. */
#define PRESS_BYTES (300 * MIB)
#define PRESS_AFTER_MS 200
#define WAIT_MS 120000

static void start(const char *variant, const char *device)
{
	const struct test_guest guest = { .variant = variant,
					  .device = device,
					  .memory_bytes = MEMORY_BYTES };

	print_message("# %s\n", variant);
	test_guest_start(&guest);
	test_hold(MIB);
	test_balloon(BALLOON_BYTES, NULL);
}

static void expect_empty(void)
{
	test_verify("while memory went offline");
	test_balloon(0, NULL);
	assert_true(test_vmstat("balloon_inflate") == test_vmstat("balloon_deflate"));
	test_guest_power_off();
}

static void goes_offline(const char *variant)
{
	int64_t moved;

	start(variant, NULL);
	test_write_guest(MEMORY_BLOCK, "offline");
	moved = test_vmstat("balloon_migrate");
	print_message("# %" PRId64 " pages moved\n", moved);
	assert_above(moved, 0);
	test_write_guest(MEMORY_BLOCK, "online");
	expect_empty();
}

static void can_go_offline(void **state)
{
	(void)state;
	goes_offline("bulk");
	goes_offline("huge");
}

/* All single pages are isolated, those of the blocks that are moved. */
static void oom_splits_another_block(void **state)
{
	struct guest_step offline = { .sleep_ms = RECORD_ABSENT,
				      .press_bytes = RECORD_ABSENT,
				      .path = (char *)MEMORY_BLOCK,
				      .text = (char *)"offline" };
	struct guest_step press[] = {
		{ .sleep_ms = PRESS_AFTER_MS, .press_bytes = RECORD_ABSENT },
		{ .sleep_ms = RECORD_ABSENT, .press_bytes = PRESS_BYTES },
	};
	struct guest_task tasks[] = { { { &offline, 1 } }, { { press, 2 } } };
	struct guest_request request = guest_request("concurrent");
	const struct guest_outcome *outcomes;
	struct event_concurrent event;

	(void)state;
	start("huge", "deflate-on-oom=on");
	request.timeout_ns = TEST_TIMEOUT_NS;
	request.tasks = (struct record_list){ tasks, 2 };
	test_send(request);
	assert_int_equal(agent_wait_event(test_vm.agent, "concurrent", &event_concurrent_record,
					  &event, deadline_in_ms(WAIT_MS)),
			 0);
	assert_int_equal(event.tasks.count, 2);
	outcomes = event.tasks.items;
	print_message("# offline after %" PRId64 " ms, pressed after %" PRId64 " ms\n",
		      outcomes[0].duration_ns / 1000000, outcomes[1].duration_ns / 1000000);
	assert_false(outcomes[1].running);
	assert_int_equal(outcomes[1].signal, 0);
	assert_int_equal(test_vmstat("oom_kill"), 0);
	assert_true(test_vmstat("balloon_deflate") > 0);
	record_release(&event_concurrent_record, &event);
	expect_empty();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(can_go_offline, test_guest_end),
		cmocka_unit_test_teardown(oom_splits_another_block, test_guest_end),
	};

	return cmocka_run_group_tests(tests, vm_tests_set_up, vm_tests_tear_down);
}
