/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The balloon driver of the series where it is not alone: under compaction, out
 * of memory, unbound and bound again, suspended, on poisoned pages and with
 * free page reporting; with PFNs, ranges in both formats, in bulk and in blocks.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "tests/helpers/vm.h"

#define MEMORY_BYTES (512 * MIB)
/* With a rest that is no whole block. */
#define BALLOON_BYTES (225 * MIB)
#define HELD_BYTES (96 * MIB)
#define WAIT_MS 60000
/* The serial port is the first virtio device, the balloon the second. */
#define BALLOON_DEVICE "virtio1"
#define DRIVER "/sys/bus/virtio/drivers/virtio_balloon/"

static const char *const variants[] = { "finalize", "pipeline", "chunks",	"sg",
					"bulk",	    "huge",	"huge-pipeline" };

#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

static void start(const char *variant, const char *device, const char *append)
{
	const struct test_guest guest = {
		.variant = variant, .device = device, .append = append, .memory_bytes = MEMORY_BYTES
	};

	print_message("# %s\n", variant);
	test_guest_start(&guest);
}

static int64_t total_bytes(void)
{
	struct record_list info;
	int64_t bytes;

	if (vm_counters(&test_vm, &answer_meminfo, &info))
		fail_msg("%s", test_vm.reason);
	bytes = record_counter(&info, "MemTotal_bytes");
	record_release_counters(&info);
	return bytes;
}

/* Wait until the balloon has what it shall have, by the device's account. */
static void await_balloon(uint64_t bytes)
{
	uint64_t end = deadline_in_ms(WAIT_MS), actual = 0;

	do {
		assert_int_equal(qmp_balloon_actual(test_vm.qmp, &actual, end), 0);
		sleep_ns(20 * NSEC_PER_MSEC);
	} while (actual != MEMORY_BYTES - bytes && clock_ns() < end);
	assert_true(actual == MEMORY_BYTES - bytes);
}

/* Nothing is left in the balloon, and the guest has all it had. */
static void expect_all_back(int64_t total)
{
	assert_true(total_bytes() == total);
	assert_true(test_vmstat("balloon_inflate") == test_vmstat("balloon_deflate"));
	test_verify("beside the balloon");
	test_guest_power_off();
}

/*
 * Where the holes are that compaction fills depends on what the balloon got from
 * where: up and down until pages are moved. Blocks are not moved, and a balloon
 * that takes them has few pages that are in none.
 */
static void shake(bool until_moved)
{
	static const int mib[] = { 384, 256, 320, 128, 384, 64, 256 };
	size_t i;

	for (i = 0; i < sizeof(mib) / sizeof(mib[0]); i++) {
		test_balloon(mib[i] * MIB - MIB / 2, NULL);
		test_send(guest_request("compact"));
		if (until_moved && test_vmstat("balloon_migrate"))
			return;
	}
	assert_false(until_moved);
}

static void under_compaction(const char *variant)
{
	int64_t total;

	start(variant, NULL, NULL);
	total = total_bytes();
	test_hold(MIB);
	shake(strncmp(variant, "huge", 4) != 0);
	test_balloon(BALLOON_BYTES, NULL);
	test_send(guest_request("compact"));
	test_balloon(0, NULL);
	expect_all_back(total);
}

/* With 225 MiB in the balloon, 320 MiB are not to be had otherwise. */
static void out_of_memory(const char *variant)
{
	const int64_t wanted = 320 * MIB;

	start(variant, "deflate-on-oom=on", NULL);
	test_balloon(BALLOON_BYTES, NULL);
	assert_int_equal(test_vmstat("balloon_deflate"), 0);
	test_hold(wanted);
	test_verify("beside the balloon");
	assert_true(test_vmstat("balloon_deflate") > 0);
	assert_int_equal(test_vmstat("oom_kill"), 0);
	/* What was split for it is in order: all of it can be had. */
	test_send(guest_request("free"));
	test_balloon(BALLOON_BYTES + MIB, NULL);
	test_balloon(0, NULL);
	assert_true(test_vmstat("balloon_inflate") == test_vmstat("balloon_deflate"));
	test_guest_power_off();
}

static void unbound(const char *variant)
{
	int64_t total;

	start(variant, NULL, NULL);
	total = total_bytes();
	test_hold(HELD_BYTES);
	test_balloon(BALLOON_BYTES, NULL);
	test_write_guest(DRIVER "unbind", BALLOON_DEVICE);
	assert_true(total_bytes() == total);
	assert_true(test_vmstat("balloon_deflate") == BALLOON_BYTES / 4096);
	test_write_guest(DRIVER "bind", BALLOON_DEVICE);
	await_balloon(BALLOON_BYTES);
	test_balloon(0, NULL);
	expect_all_back(total);
}

/* pm_test: devices are suspended and resumed, and the machine is not stopped. */
static void suspended(const char *variant)
{
	int64_t total;

	start(variant, NULL, "suspend.pm_test_delay=0");
	total = total_bytes();
	test_hold(HELD_BYTES);
	test_balloon(BALLOON_BYTES, NULL);
	test_write_guest("/sys/power/pm_test", "devices");
	test_write_guest("/sys/power/state", "freeze");
	await_balloon(BALLOON_BYTES);
	assert_true(test_vmstat("balloon_inflate") == 2 * (BALLOON_BYTES / 4096));
	/* By the device's account: the agent's view of its registers was suspended, too. */
	assert_int_equal(qmp_balloon_target(test_vm.qmp, MEMORY_BYTES, deadline_in_ms(WAIT_MS)), 0);
	await_balloon(0);
	expect_all_back(total);
}

static void poisoned(const char *variant)
{
	int64_t total;

	start(variant, "free-page-reporting=on,page-poison=on", "page_poison=1");
	total = total_bytes();
	test_hold(HELD_BYTES);
	test_balloon(BALLOON_BYTES, NULL);
	test_balloon(3 * MIB, NULL);
	test_balloon(BALLOON_BYTES, NULL);
	test_balloon(0, NULL);
	expect_all_back(total);
}

/* As tests/stress uses them: one sleeps, one fails at a step, one holds memory. */
static void runs_tasks(void **state)
{
	struct guest_step steps[] = {
		{ .sleep_ms = 20, .press_bytes = RECORD_ABSENT },
		{ .sleep_ms = RECORD_ABSENT,
		  .press_bytes = RECORD_ABSENT,
		  .path = (char *)"/proc/nowhere",
		  .text = (char *)"1" },
		{ .sleep_ms = RECORD_ABSENT, .press_bytes = MIB },
	};
	struct guest_task tasks[] = { { { &steps[0], 1 } },
				      { { &steps[0], 2 } },
				      { { &steps[2], 1 } } };
	struct guest_request request = guest_request("concurrent");
	const struct guest_step_error *error;
	const struct guest_outcome *outcome;
	struct event_concurrent event;

	(void)state;
	start("finalize", NULL, NULL);
	request.timeout_ns = TEST_TIMEOUT_NS;
	request.tasks = (struct record_list){ tasks, 3 };
	test_send(request);
	assert_int_equal(agent_wait_event(test_vm.agent, "concurrent", &event_concurrent_record,
					  &event, deadline_in_ms(WAIT_MS)),
			 0);
	assert_int_equal(event.tasks.count, 3);
	outcome = event.tasks.items;
	error = outcome[1].errors.items;
	assert_true(outcome[0].duration_ns >= 20000000);
	assert_int_equal(outcome[0].errors.count, 0);
	assert_int_equal(outcome[1].steps, 2);
	assert_int_equal(outcome[1].errors.count, 1);
	assert_int_equal(error->step, 1);
	assert_string_equal(error->error, "No such file or directory");
	assert_int_equal(outcome[2].signal, 0);
	assert_false(outcome[2].running);
	record_release(&event_concurrent_record, &event);
	test_guest_power_off();
}

static void with_all(void (*check)(const char *variant))
{
	size_t i;

	for (i = 0; i < VARIANTS; i++)
		check(variants[i]);
}

static void works_under_compaction(void **state)
{
	(void)state;
	with_all(under_compaction);
}

static void deflates_on_oom(void **state)
{
	(void)state;
	with_all(out_of_memory);
}

static void can_be_unbound(void **state)
{
	(void)state;
	with_all(unbound);
}

static void survives_suspend(void **state)
{
	(void)state;
	with_all(suspended);
}

static void respects_poison(void **state)
{
	(void)state;
	with_all(poisoned);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(works_under_compaction, test_guest_end),
		cmocka_unit_test_teardown(deflates_on_oom, test_guest_end),
		cmocka_unit_test_teardown(can_be_unbound, test_guest_end),
		cmocka_unit_test_teardown(survives_suspend, test_guest_end),
		cmocka_unit_test_teardown(respects_poison, test_guest_end),
		cmocka_unit_test_teardown(runs_tasks, test_guest_end),
	};

	return cmocka_run_group_tests(tests, vm_tests_set_up, vm_tests_tear_down);
}
