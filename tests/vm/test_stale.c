/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel that does not initialise pages of the balloon gives no process what another one left
 * there: neither if the host drops the memory of the balloon, nor if it keeps it. The kernel of
 * tests/seeded-bugs/stale does, if the host keeps it.
 */
#include "tests/helpers/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/helpers/program.h"
#include "tests/helpers/vm.h"

#define MEMORY_BYTES (512 * MIB)
#define BALLOON_BYTES (225 * MIB)
/* Nearly all: most of what is taken anew was written before, and was balloon meanwhile. */
#define HELD_BYTES (360 * MIB)

/* Words that are not zero in memory that is new to a process, after an inflate and a deflate. */
static int64_t stale_words(const struct test_guest *guest)
{
	int64_t words = 0;

	test_guest_start(guest);
	test_hold(HELD_BYTES);
	test_send(guest_request("free"));
	test_balloon(BALLOON_BYTES, NULL);
	test_balloon(0, NULL);
	test_send(guest_request_bytes("touch", HELD_BYTES));
	test_request(guest_request("stale"), &answer_bad_words, &words);
	test_guest_power_off();
	return words;
}

/* @cut: with the device of the variant that has its name */
static void expect_zeroes(const char *cut, const char *append)
{
	const struct test_guest guest = {
		.variant = cut, .append = append, .memory_bytes = MEMORY_BYTES, .prealloc = true
	};
	int64_t words = stale_words(&guest);

	if (words)
		fail_msg("%s, %s: a process found %" PRId64 " words that are not zero", cut, append,
			 words);
}

static const char *const cuts[] = { "no-init", "huge-no-init", "huge-pipeline" };

static void expect_zeroes_in_all(const char *append)
{
	size_t i;

	for (i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++)
		expect_zeroes(cuts[i], append);
}

static void a_host_that_drops_memory(void **state)
{
	(void)state;
	expect_zeroes_in_all("init_on_alloc=1");
}

static void a_host_that_keeps_memory(void **state)
{
	(void)state;
	expect_zeroes_in_all("init_on_alloc=1");
}

static void a_host_that_keeps_memory_init_on_free(void **state)
{
	(void)state;
	expect_zeroes("no-init", "init_on_alloc=0 init_on_free=1");
}

/* So the test would see it. */
static void seeded_bug_is_found(void **state)
{
	const struct test_guest guest = { .cut = "stale",
					  .append = "init_on_alloc=1",
					  .memory_bytes = MEMORY_BYTES,
					  .prealloc = true };
	const char *path = build_path("stale/images.ini");
	struct images images = test_images;
	char err[512];
	int64_t words;

	(void)state;
	if (access(path, R_OK))
		skip_test("no %s: make test builds it, unless KERNEL_PATCHES is set", path);
	if (images_load(&test_images, path, err, sizeof(err)))
		fail_msg("%s", err);
	words = stale_words(&guest);
	images_release(&test_images);
	test_images = images;
	print_message("# a process found %" PRId64 " words of another one\n", words);
	assert_true(words > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_host_that_drops_memory, test_guest_end),
		cmocka_unit_test_setup_teardown(a_host_that_keeps_memory, test_keep_memory,
						test_keep_memory_end),
		cmocka_unit_test_setup_teardown(a_host_that_keeps_memory_init_on_free,
						test_keep_memory, test_keep_memory_end),
		cmocka_unit_test_setup_teardown(seeded_bug_is_found, test_keep_memory,
						test_keep_memory_end),
	};

	return cmocka_run_group_tests(tests, vm_tests_set_up, vm_tests_tear_down);
}
