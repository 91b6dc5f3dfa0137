/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The series for mainline, kernel-patches/mainline, on the newest 7.x that takes it: each cut
 * boots and balances, blocks can be moved, and what was not initialised shows nothing. `make
 * test-mainline` builds the kernels. Skipped, with the reason, where the archive has no such
 * source.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/helpers/program.h"
#include "tests/helpers/mainline.h"

#define MEMORY_BYTES (512 * MIB)
/* With a rest that is no whole block. */
#define BALLOON_BYTES (225 * MIB)
#define BALLOON_PAGES (BALLOON_BYTES / 4096)
#define HELD_BYTES (96 * MIB)
#define STALE_BYTES (360 * MIB)
#define RANGES "x-page-ranges=on"

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

static void balances(const struct cut_device *of)
{
	mainline_start(of, NULL, NULL, MEMORY_BYTES);
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
	mainline_need_kernels();
	for (i = 0; i < CUTS; i++)
		balances(&cuts[i]);
}

/* With 225 MiB in the balloon, 320 MiB are not to be had otherwise. */
static void deflates_on_oom(void **state)
{
	size_t i;

	(void)state;
	mainline_need_kernels();
	for (i = 0; i < CUTS; i++) {
		mainline_start(&cuts[i], "deflate-on-oom=on", NULL, MEMORY_BYTES);
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
	mainline_start(of, NULL, NULL, 1024 * MIB);
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
	mainline_need_kernels();
	goes_offline(&of[0]);
	goes_offline(&of[1]);
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
	mainline_need_kernels();
	for (i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		expect_zeroes(&of[i]);
}

static int set_up(void **state)
{
	return mainline_set_up(state, "mainline");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(each_cut_balances, test_guest_end),
		cmocka_unit_test_teardown(deflates_on_oom, test_guest_end),
		cmocka_unit_test_teardown(memory_goes_offline, test_guest_end),
		cmocka_unit_test_setup_teardown(nothing_is_stale, test_keep_memory,
						test_keep_memory_end),
	};

	return cmocka_run_group_tests(tests, set_up, mainline_tear_down);
}
