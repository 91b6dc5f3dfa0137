/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fixes of kernel-patches/mainline: each has a reproducer, which fails on a debug kernel of 7.x
 * without it and passes with it. Parameters of tests/seeded-bugs/mainline make an operation fail
 * that a VM cannot fail from outside. `make test-mainline` builds the kernels. Skipped, with the
 * reason, where the archive has no such source.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "tests/helpers/files.h"
#include "tests/helpers/mainline.h"

#define MEMORY_BYTES (1024 * MIB)
/* Much of the memory, so that reports have something to discard. */
#define FREED_BYTES (300 * MIB)
#define REPORT_MS 8000
#define WAIT_MS 60000
/* The agent answers within a second if it can. */
#define NO_ANSWER_MS 20000
#define NO_DELAY "suspend.pm_test_delay=0"
#define DRIVER "/sys/bus/virtio/drivers/virtio_balloon/"
#define BALLOON_DEVICE "virtio1"
#define PARAMETERS "/sys/module/virtio_balloon/parameters/"
#define FAIL_VQS PARAMETERS "fail_vqs"
#define FAIL_STATS PARAMETERS "fail_stats"
#define FAIL_INFLATE PARAMETERS "fail_inflate"

static void start(const char *cut, const char *device, const char *append)
{
	const struct cut_device of = { cut, NULL };

	mainline_start(&of, device, append, MEMORY_BYTES);
}

/* Whether the agent answers before @ms have passed, and has written. */
static bool write_succeeds(const char *path, const char *text, uint64_t ms)
{
	struct guest_request request = guest_request("write");

	request.path = (char *)path;
	request.text = (char *)text;
	return !agent_request(test_vm.agent, &request, NULL, NULL, deadline_in_ms(ms));
}

/* pm_test: devices are suspended and resumed, and the machine is not stopped. */
static bool suspends(uint64_t ms)
{
	test_write_guest("/sys/power/pm_test", "devices");
	return write_succeeds("/sys/power/state", "freeze", ms);
}

/* Free memory that was written, and wait until it has been reported. */
static void free_and_report(void)
{
	test_hold(FREED_BYTES);
	test_send(guest_request("free"));
	sleep_ns(REPORT_MS * NSEC_PER_MSEC);
}

/* The port of the agent is open on the host, which says so before the guest can hear it. */
static void ports_stay_open(void **state)
{
	(void)state;
	mainline_need_kernels();
	start("port-closed", NULL, NO_DELAY);
	assert_false(suspends(NO_ANSWER_MS));
	/* It is back, and does not answer. */
	assert_true(console_has("suspend exit"));
	test_guest_end(NULL);

	start("unfixed", NULL, NO_DELAY);
	assert_true(suspends(WAIT_MS));
	test_guest_end(NULL);
}

/* Whether a page that was reported after a resume has lost its poison. */
static bool loses_poison(const char *cut)
{
	bool lost;

	start(cut, "free-page-reporting=on,page-poison=on",
	      REPORTS_EARLY "page_poison=1 " NO_DELAY);
	assert_true(suspends(WAIT_MS));
	free_and_report();
	test_hold(FREED_BYTES);
	lost = console_has("pagealloc: memory corruption");
	test_guest_end(NULL);
	return lost;
}

static void poison_survives_restore(void **state)
{
	(void)state;
	mainline_need_kernels();
	assert_true(loses_poison("unfixed"));
	assert_false(loses_poison("fixed"));
}

/*
 * Resize the balloon by the device's account: the agent's view of its registers was suspended,
 * too.
 */
static void resize_by_qmp(uint64_t bytes)
{
	uint64_t end = deadline_in_ms(WAIT_MS), actual = 0;

	assert_int_equal(qmp_balloon_target(test_vm.qmp, MEMORY_BYTES - bytes, end), 0);
	while (actual != MEMORY_BYTES - bytes && clock_ns() < end) {
		assert_int_equal(qmp_balloon_actual(test_vm.qmp, &actual, end), 0);
		sleep_ns(20 * NSEC_PER_MSEC);
	}
	assert_true(actual == MEMORY_BYTES - bytes);
}

static void expect_working_balloon(void)
{
	resize_by_qmp(64 * MIB);
	resize_by_qmp(0);
	expect_balance(0);
	assert_false(console_has("BUG: "));
	assert_false(console_has("WARNING: "));
}

/* A suspend after which the device has no virtqueues. */
static void fail_restore(const char *cut)
{
	start(cut, "free-page-reporting=on", REPORTS_EARLY NO_DELAY);
	test_write_guest(FAIL_VQS, "1");
	assert_true(suspends(WAIT_MS));
	test_write_guest(FAIL_VQS, "0");
	free_and_report();
}

static void restore_fails(void **state)
{
	(void)state;
	mainline_need_kernels();
	fail_restore("unfixed");
	assert_true(console_has("BUG: KASAN"));
	test_guest_end(NULL);

	fail_restore("fixed");
	assert_false(console_has("BUG: "));
	/* Bound again, it works. */
	test_write_guest(DRIVER "unbind", BALLOON_DEVICE);
	test_write_guest(DRIVER "bind", BALLOON_DEVICE);
	expect_working_balloon();
	test_guest_end(NULL);
}

/* The stats queue cannot be primed when the driver is bound; the next time it can. */
static void bind_twice(const char *cut)
{
	start(cut, NULL, NULL);
	test_write_guest(DRIVER "unbind", BALLOON_DEVICE);
	test_write_guest(FAIL_STATS, "1");
	assert_false(write_succeeds(DRIVER "bind", BALLOON_DEVICE, WAIT_MS));
	test_write_guest(FAIL_STATS, "0");
	write_succeeds(DRIVER "bind", BALLOON_DEVICE, WAIT_MS);
}

static void bind_fails(void **state)
{
	(void)state;
	mainline_need_kernels();
	bind_twice("unfixed");
	assert_true(console_has("WARNING: ") || console_has("BUG: "));
	test_guest_end(NULL);

	bind_twice("fixed");
	expect_working_balloon();
	test_guest_end(NULL);
}

/* Reports are due while devices are suspended. */
static bool reports_while_suspended(const char *cut)
{
	bool used;

	start(cut, "free-page-reporting=on", REPORTS_EARLY "suspend.pm_test_delay=2");
	test_hold(FREED_BYTES);
	test_send(guest_request("free"));
	assert_true(suspends(WAIT_MS));
	used = console_has("BUG: KASAN") || console_has("WARNING: ");
	test_guest_end(NULL);
	return used;
}

/* Upstream mended this; a kernel without the mend shows that the test would see it. */
static void reports_wait_for_resume(void **state)
{
	(void)state;
	mainline_need_kernels();
	assert_true(reports_while_suspended("unfreezable"));
	assert_false(reports_while_suspended("fixed"));
}

/*
 * Memory goes offline, and the host takes none of the pages that those of the balloon are
 * migrated to. Return: pages that NR_BALLOON_PAGES counts too many.
 */
static int64_t counted_too_many(const char *cut)
{
	int64_t pages;

	start(cut, NULL, NULL);
	test_hold(MIB);
	test_balloon(600 * MIB, NULL);
	test_write_guest(FAIL_INFLATE, "1");
	test_write_guest(MEMORY_BLOCK, "offline");
	test_write_guest(FAIL_INFLATE, "0");
	assert_true(test_vmstat("balloon_deflate") > 0);
	pages = balloon_pages() - (test_vmstat("balloon_inflate") - test_vmstat("balloon_deflate"));
	test_guest_end(NULL);
	return pages;
}

static void migration_deflates(void **state)
{
	(void)state;
	mainline_need_kernels();
	assert_true(counted_too_many("unfixed") > 0);
	assert_int_equal(counted_too_many("fixed"), 0);
}

static int set_up(void **state)
{
	return mainline_set_up(state, "mainline-faults");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(ports_stay_open, test_guest_end),
		cmocka_unit_test_teardown(poison_survives_restore, test_guest_end),
		cmocka_unit_test_teardown(restore_fails, test_guest_end),
		cmocka_unit_test_teardown(bind_fails, test_guest_end),
		cmocka_unit_test_teardown(reports_wait_for_resume, test_guest_end),
		cmocka_unit_test_teardown(migration_deflates, test_guest_end),
	};

	return cmocka_run_group_tests(tests, set_up, mainline_tear_down);
}
