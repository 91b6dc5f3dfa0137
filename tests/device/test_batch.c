/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x-batch-discard: the pages of a buffer are discarded by one call, and only they; if the
 * kernel cannot, by the calls without it.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "tests/device/pages.h"
#include "tests/helpers/files.h"
#include "tests/helpers/process_madvise.h"
#include "tests/helpers/program.h"

#define BATCH "virtio_balloon_batch_end"
#define PAGES 256

/* The arguments of process_madvise() by which calls are told apart. */
#define ARG_RANGES 2
#define ARG_FLAGS 4

static void start(const char *properties, uint64_t features, bool private_ram,
		  const struct denied *denied)
{
	const struct machine_options options = { .properties = properties,
						 .traced = BATCH,
						 .private_ram = private_ram,
						 .denied = denied };

	pages_start(&options, features);
}

/* Every second page, from the last to the first. */
static void scatter(struct range ranges[PAGES])
{
	int i;

	for (i = 0; i < PAGES; i++)
		ranges[i] = (struct range){ FIRST + 2 * (PAGES - 1 - i), 1 };
}

/* The only batch so far had so many calls, which discarded so many pages. */
static void expect_batch(int calls, int pages)
{
	char text[64];

	snprintf(text, sizeof(text), " calls: %d bytes: %d ", calls, pages * (int)PAGE);
	assert_int_equal(machine_said(&machine, text), 1);
	assert_int_equal(machine_said(&machine, BATCH), 1);
}

static void one_call_for_a_buffer(void **state)
{
	struct range ranges[PAGES];

	(void)state;
	need_process_madvise();
	scatter(ranges);
	start("x-batch-discard=on", 0, true, NULL);
	assert_true(send_pfns(QUEUE_INFLATE, ranges, PAGES));
	expect_discarded(ranges, PAGES);
	expect_batch(1, PAGES);
}

static void one_call_on_deflate(void **state)
{
	struct range ranges[PAGES];

	(void)state;
	need_process_madvise();
	scatter(ranges);
	start("x-batch-discard=on", 0, true, NULL);
	assert_true(send_pfns(QUEUE_DEFLATE, ranges, PAGES));
	expect_discarded(NULL, 0);
	expect_batch(1, PAGES);
}

/* Pages that are named twice, overlap, touch, or are not RAM. */
static void check_pfns(const char *properties)
{
	const struct range mixed[] = { { FIRST + 4, 4 },     { FIRST, 8 },	 { FIRST + 2, 1 },
				       { PAGE_NOTHING, 3 },  { FIRST + 100, 1 }, { FIRST + 8, 1 },
				       { PAGE_BIOS, 1 },     { FIRST + 100, 1 }, { RAM_PAGES, 1 },
				       { RAM_PAGES - 1, 1 }, { FIRST + 99, 1 } };
	const struct range good[] = { { FIRST, 9 }, { FIRST + 99, 2 }, { RAM_PAGES - 1, 1 } };

	start(properties, 0, true, NULL);
	check_works(send_pfns);
	check_bad_pfns();
	assert_true(send_pfns(QUEUE_INFLATE, mixed, sizeof(mixed) / sizeof(mixed[0])));
	expect_discarded(good, 3);
	assert_true(send_pfns(QUEUE_DEFLATE, mixed, sizeof(mixed) / sizeof(mixed[0])));
	expect_discarded(NULL, 0);
	machine_end(&machine);
}

static void hostile_pfns(void **state)
{
	(void)state;
	need_process_madvise();
	check_pfns("x-batch-discard=on");
	check_pfns("x-batch-discard=on,x-merge-pfns=on");
	check_pfns("x-batch-discard=on,x-turn-us=0");
}

/* More pages than a call has ranges, and more memory than a call covers. */
static void large_buffers(void **state)
{
	static struct range ranges[4096];
	const struct range all = { DRIVER_END / PAGE, 65536 };
	int i;

	(void)state;
	need_process_madvise();
	for (i = 0; i < 4096; i++)
		ranges[i] = (struct range){ FIRST + 2 * i, 1 };
	start("x-batch-discard=on", 0, true, NULL);
	assert_true(send_pfns(QUEUE_INFLATE, ranges, 4096));
	expect_discarded(ranges, 4096);
	expect_batch(4, 4096);
	assert_true(send_pfns(QUEUE_INFLATE, &all, 1));
	expect_discarded(&all, 1);
}

static void ranges_of_the_guest(void **state)
{
	const struct range mixed[] = { { FIRST, 8 },
				       { FIRST + 4, 8 },
				       { FIRST + 16, 4000 },
				       { FIRST + 5000, 1 },
				       { PAGE_BIOS, 1 } };
	const struct range good[] = { mixed[0], mixed[2], mixed[3] };

	(void)state;
	need_process_madvise();
	start("x-batch-discard=on,page-chunks=on", FEATURE_CHUNKS, true, NULL);
	assert_true(send_chunks(QUEUE_INFLATE, mixed, 5));
	expect_discarded(good, 3);
	expect_batch(1, 8 + 4000 + 1);
	machine_end(&machine);
	start("x-batch-discard=on,page-sg=on", FEATURE_SG, true, NULL);
	assert_true(send_sg(QUEUE_INFLATE, mixed, 5));
	expect_discarded(good, 3);
	expect_batch(1, 8 + 4000 + 1);
}

/* A file needs other calls, one for each range. */
static void shared_memory(void **state)
{
	const struct range pages[] = { { FIRST + 8, 8 }, { FIRST, 8 }, { FIRST + 32, 1 } };

	(void)state;
	need_process_madvise();
	start("x-batch-discard=on", 0, false, NULL);
	assert_true(send_pfns(QUEUE_INFLATE, pages, 3));
	expect_discarded(pages, 3);
	expect_batch(2, 17);
}

/* As before Linux 6.13, without the call, or where it is forbidden. */
static void falls_back_at_once(void **state)
{
	static const int errors[] = { EINVAL, ENOSYS, EPERM };
	struct range ranges[PAGES];
	size_t i;

	(void)state;
	scatter(ranges);
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		const struct denied denied = { SYS_process_madvise, errors[i], ARG_FLAGS, 0,
					       false };

		start("x-batch-discard=on", 0, true, &denied);
		assert_true(send_pfns(QUEUE_INFLATE, ranges, PAGES));
		expect_discarded(ranges, PAGES);
		expect_batch(PAGES, PAGES);
		assert_int_equal(machine_said(&machine, "x-batch-discard needs Linux 6.13"), 1);
		check_works(send_pfns);
		assert_int_equal(machine_said(&machine, "x-batch-discard needs Linux 6.13"), 1);
		machine_end(&machine);
	}
}

/* The call fails once it is needed. */
static void falls_back_later(void **state)
{
	const struct denied denied = { SYS_process_madvise, EPERM, ARG_RANGES, 0, true };
	struct range ranges[PAGES];

	(void)state;
	need_process_madvise();
	scatter(ranges);
	start("x-batch-discard=on", 0, true, &denied);
	assert_true(send_pfns(QUEUE_INFLATE, ranges, PAGES));
	expect_discarded(ranges, PAGES);
	expect_batch(PAGES + 1, PAGES);
	check_works(send_pfns);
	assert_int_equal(machine_said(&machine, "one by one"), 1);
}

/* The call stops at a range: this one and those behind it go one by one. */
static void a_call_that_stops_is_continued(void **state)
{
	struct range ranges[PAGES];

	(void)state;
	need_process_madvise();
	scatter(ranges);
	setenv("LD_PRELOAD", build_path("tests/helpers/stop-advice/stop-advice.so"), 1);
	start("x-batch-discard=on", 0, true, NULL);
	unsetenv("LD_PRELOAD");
	assert_true(send_pfns(QUEUE_INFLATE, ranges, PAGES));
	expect_discarded(ranges, PAGES);
	expect_batch(1 + PAGES / 2, PAGES);
	check_works(send_pfns);
	assert_int_equal(machine_said(&machine, "one by one"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(one_call_for_a_buffer, pages_end),
		cmocka_unit_test_teardown(one_call_on_deflate, pages_end),
		cmocka_unit_test_teardown(hostile_pfns, pages_end),
		cmocka_unit_test_teardown(large_buffers, pages_end),
		cmocka_unit_test_teardown(ranges_of_the_guest, pages_end),
		cmocka_unit_test_teardown(shared_memory, pages_end),
		cmocka_unit_test_teardown(falls_back_at_once, pages_end),
		cmocka_unit_test_teardown(falls_back_later, pages_end),
		cmocka_unit_test_teardown(a_call_that_stops_is_continued, pages_end),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
