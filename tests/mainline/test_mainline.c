/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The series for mainline, kernel-patches/mainline, on the newest 7.x that takes it: each cut
 * boots and balances, blocks can be moved, and each fix has a reproducer that fails without it.
 * `make test-mainline` builds the kernels. Skipped, with the reason, where the archive has no such
 * source.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
#include "tests/helpers/vm.h"

#define MEMORY_BYTES (512 * MIB)
/* With a rest that is no whole block. */
#define BALLOON_BYTES (225 * MIB)
#define BALLOON_PAGES (BALLOON_BYTES / 4096)
#define HELD_BYTES (96 * MIB)
/* Much of the memory, so that reports have something to discard. */
#define FREED_BYTES (300 * MIB)
#define REPORT_MS 8000
#define WAIT_MS 60000
/* The agent answers within a second if it can. */
#define NO_ANSWER_MS 20000
/* Of a guest with a debug kernel: eight memory blocks. */
#define FAULTY_BYTES (1024 * MIB)
#define STALE_BYTES (360 * MIB)
#define REPORTS_EARLY "page_reporting.page_reporting_delay_ms=100 "
#define NO_DELAY "suspend.pm_test_delay=0"
#define RANGES "x-page-ranges=on"
#define DRIVER "/sys/bus/virtio/drivers/virtio_balloon/"
#define BALLOON_DEVICE "virtio1"
#define PARAMETERS "/sys/module/virtio_balloon/parameters/"
#define FAIL_VQS PARAMETERS "fail_vqs"
#define FAIL_STATS PARAMETERS "fail_stats"
#define FAIL_INFLATE PARAMETERS "fail_inflate"
/* The fifth block of eight, of a guest of 1 GiB. */
#define MEMORY_BLOCK "/sys/devices/system/memory/memory4/state"

struct cut_device {
	const char *cut, *device;
};

static const struct cut_device cuts[] = {
	{ "mainline", NULL },	     { "fixes", NULL },
	{ "events", NULL },	     { "old", NULL },
	{ "ranges-256", NULL },	     { "ranges-256", RANGES },
	{ "ranges", RANGES },	     { "ranges-bulk", NULL },
	{ "ranges-bulk", RANGES },   { "blocks", RANGES },
	{ "blocks-no-init", NULL },  { "blocks-no-init", RANGES },
	{ "blocks-pipeline", NULL }, { "blocks-pipeline", RANGES },
};

#define CUTS (sizeof(cuts) / sizeof(cuts[0]))

static bool prepared;
static char skip_reason[512];

static int use_kernels(const char *images)
{
	char err[512];

	images_release(&test_images);
	if (!images_load(&test_images, images, err, sizeof(err)))
		return 0;
	fprintf(stderr, "%s\n", err);
	return -1;
}

/* The kernels are not those of `make all`. */
static int set_up(void **state)
{
	const char *images = build_path("mainline/images.ini");
	char *why;

	if (access(images, R_OK)) {
		why = read_file(build_path("mainline/skipped"));
		snprintf(skip_reason, sizeof(skip_reason), "%s",
			 why
				 ?: "make test-mainline builds the kernels, unless KERNEL_PATCHES "
				    "is set");
		skip_reason[strcspn(skip_reason, "\n")] = '\0';
		free(why);
		return 0;
	}
	prepared = !vm_tests_set_up(state);
	return prepared ? use_kernels(images) : -1;
}

static int tear_down(void **state)
{
	return prepared ? vm_tests_tear_down(state) : 0;
}

static void skip_without_kernels(void)
{
	if (!prepared)
		skip_test("%s", skip_reason);
}

static void start(const struct cut_device *of, const char *device, const char *append,
		  uint64_t memory_bytes)
{
	char properties[128];
	const struct test_guest guest = {
		.cut = of->cut, .device = properties, .append = append, .memory_bytes = memory_bytes
	};

	snprintf(properties, sizeof(properties), "%s%s%s", of->device ?: "",
		 of->device && device ? "," : "", device ?: "");
	print_message("# %s, %s\n", of->cut, *properties ? properties : "no property");
	test_guest_start(&guest);
}

static bool console_has(const char *text)
{
	char *console = read_file(in_test_dir("console.log"));
	bool has = console && strstr(console, text);

	free(console);
	return has;
}

/* Each CPU keeps some of the count to itself, until it is asked to give it up. */
static int64_t balloon_pages(void)
{
	test_write_guest("/proc/sys/vm/stat_refresh", "1");
	return test_vmstat("nr_balloon_pages");
}

static void expect_balance(int64_t in_balloon)
{
	assert_int_equal(balloon_pages(), in_balloon);
	assert_int_equal(test_vmstat("balloon_inflate") - test_vmstat("balloon_deflate"),
			 in_balloon);
}

static void balances(const struct cut_device *of)
{
	start(of, NULL, NULL, MEMORY_BYTES);
	test_hold(HELD_BYTES);
	test_balloon(BALLOON_BYTES, NULL);
	expect_balance(BALLOON_PAGES);
	test_send(guest_request("compact"));
	expect_balance(BALLOON_PAGES);
	/* Less than a block leaves the balloon, then all of it. */
	test_balloon(BALLOON_BYTES - MIB, NULL);
	expect_balance(BALLOON_PAGES - MIB / 4096);
	test_balloon(0, NULL);
	expect_balance(0);
	test_verify("beside the balloon");
	test_guest_power_off();
}

static void each_cut_balances(void **state)
{
	size_t i;

	(void)state;
	skip_without_kernels();
	for (i = 0; i < CUTS; i++)
		balances(&cuts[i]);
}

/* With 225 MiB in the balloon, 320 MiB are not to be had otherwise. */
static void deflates_on_oom(void **state)
{
	size_t i;

	(void)state;
	skip_without_kernels();
	for (i = 0; i < CUTS; i++) {
		start(&cuts[i], "deflate-on-oom=on", NULL, MEMORY_BYTES);
		test_balloon(BALLOON_BYTES, NULL);
		test_hold(320 * MIB);
		assert_true(test_vmstat("balloon_deflate") > 0);
		assert_int_equal(test_vmstat("oom_kill"), 0);
		test_verify("while the balloon was deflated");
		test_send(guest_request("free"));
		test_balloon(0, NULL);
		expect_balance(0);
		test_guest_power_off();
	}
}

/* The memory block is isolated first: that splits the blocks in it. */
static void goes_offline(const struct cut_device *of)
{
	start(of, NULL, NULL, 1024 * MIB);
	test_hold(MIB);
	test_balloon(720 * MIB, NULL);
	test_write_guest(MEMORY_BLOCK, "offline");
	assert_true(test_vmstat("balloon_migrate") > 0);
	expect_balance(720 * MIB / 4096);
	test_write_guest(MEMORY_BLOCK, "online");
	test_verify("while memory went offline");
	test_balloon(0, NULL);
	expect_balance(0);
	test_guest_power_off();
}

static void memory_goes_offline(void **state)
{
	static const struct cut_device of[] = { { "ranges-bulk", RANGES }, { "blocks", RANGES } };

	(void)state;
	skip_without_kernels();
	goes_offline(&of[0]);
	goes_offline(&of[1]);
}

static int keep_memory(void **state)
{
	(void)state;
	return setenv("LD_PRELOAD", build_path("tests/helpers/keep-memory/keep-memory.so"), 1);
}

static int end_keeping(void **state)
{
	unsetenv("LD_PRELOAD");
	return test_guest_end(state);
}

/* Nearly all memory is written, is balloon meanwhile, and is new to a process then. */
static void expect_zeroes(const struct cut_device *of)
{
	const struct test_guest guest = { .cut = of->cut,
					  .device = of->device,
					  .append = "init_on_alloc=1",
					  .memory_bytes = MEMORY_BYTES,
					  .prealloc = true };
	int64_t words = 0;

	print_message("# %s, %s\n", of->cut, of->device ?: "no property");
	test_guest_start(&guest);
	test_hold(STALE_BYTES);
	test_send(guest_request("free"));
	test_balloon(BALLOON_BYTES, NULL);
	test_balloon(0, NULL);
	test_send(guest_request_bytes("touch", STALE_BYTES));
	test_request(guest_request("stale"), &answer_bad_words, &words);
	assert_int_equal(words, 0);
	test_guest_power_off();
}

/* The host keeps what the balloon held, and the balloon was not initialised. */
static void nothing_is_stale(void **state)
{
	static const struct cut_device of[] = { { "blocks-no-init", NULL },
						{ "blocks-no-init", RANGES },
						{ "blocks-pipeline", RANGES } };
	size_t i;

	(void)state;
	skip_without_kernels();
	for (i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		expect_zeroes(&of[i]);
}

/* Debug kernels, in which a parameter makes an operation fail. */
static void use_faults(void)
{
	const char *images = build_path("mainline-faults/images.ini");

	skip_without_kernels();
	if (access(images, R_OK))
		skip_test("no %s: make test-mainline builds it", images);
	assert_int_equal(use_kernels(images), 0);
}

static void start_faulty(const char *cut, const char *device, const char *append)
{
	const struct cut_device of = { cut, NULL };

	start(&of, device, append, FAULTY_BYTES);
}

/* Whether an answer comes before @ms have passed. */
static bool answers_write(const char *path, const char *text, uint64_t ms)
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
	return answers_write("/sys/power/state", "freeze", ms);
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
	use_faults();
	start_faulty("port-closed", NULL, NO_DELAY);
	assert_false(suspends(NO_ANSWER_MS));
	/* It is back, and does not answer. */
	assert_true(console_has("suspend exit"));
	test_guest_end(NULL);

	start_faulty("unfixed", NULL, NO_DELAY);
	assert_true(suspends(WAIT_MS));
	test_guest_end(NULL);
}

/* Whether a page that was reported after a resume has lost its poison. */
static bool loses_poison(const char *cut)
{
	bool lost;

	start_faulty(cut, "free-page-reporting=on,page-poison=on",
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
	use_faults();
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

	assert_int_equal(qmp_balloon_target(test_vm.qmp, FAULTY_BYTES - bytes, end), 0);
	while (actual != FAULTY_BYTES - bytes && clock_ns() < end) {
		assert_int_equal(qmp_balloon_actual(test_vm.qmp, &actual, end), 0);
		sleep_ns(20 * NSEC_PER_MSEC);
	}
	assert_true(actual == FAULTY_BYTES - bytes);
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
	start_faulty(cut, "free-page-reporting=on", REPORTS_EARLY NO_DELAY);
	test_write_guest(FAIL_VQS, "1");
	assert_true(suspends(WAIT_MS));
	test_write_guest(FAIL_VQS, "0");
	free_and_report();
}

static void restore_fails(void **state)
{
	(void)state;
	use_faults();
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
	start_faulty(cut, NULL, NULL);
	test_write_guest(DRIVER "unbind", BALLOON_DEVICE);
	test_write_guest(FAIL_STATS, "1");
	assert_false(answers_write(DRIVER "bind", BALLOON_DEVICE, WAIT_MS));
	test_write_guest(FAIL_STATS, "0");
	answers_write(DRIVER "bind", BALLOON_DEVICE, WAIT_MS);
}

static void bind_fails(void **state)
{
	(void)state;
	use_faults();
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

	start_faulty(cut, "free-page-reporting=on", REPORTS_EARLY "suspend.pm_test_delay=2");
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
	use_faults();
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

	start_faulty(cut, NULL, NULL);
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
	use_faults();
	assert_true(counted_too_many("unfixed") > 0);
	assert_int_equal(counted_too_many("fixed"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(each_cut_balances, test_guest_end),
		cmocka_unit_test_teardown(deflates_on_oom, test_guest_end),
		cmocka_unit_test_teardown(memory_goes_offline, test_guest_end),
		cmocka_unit_test_setup_teardown(nothing_is_stale, keep_memory, end_keeping),
		/* Last, as they take other kernels. */
		cmocka_unit_test_teardown(ports_stay_open, test_guest_end),
		cmocka_unit_test_teardown(poison_survives_restore, test_guest_end),
		cmocka_unit_test_teardown(restore_fails, test_guest_end),
		cmocka_unit_test_teardown(bind_fails, test_guest_end),
		cmocka_unit_test_teardown(reports_wait_for_resume, test_guest_end),
		cmocka_unit_test_teardown(migration_deflates, test_guest_end),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
