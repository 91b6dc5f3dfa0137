/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long the device works at a time, and what it writes into the log: a turn of QEMU's
 * main loop ends soon, wherever it is in a buffer, and the next one continues there, also
 * after a stop, a reset or a migration.
 */
#include "tests/helpers/unit.h"

#include <endian.h>
#include <errno.h>
#include <linux/falloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tests/device/pages.h"
#include "tests/helpers/files.h"

#define TURN "virtio_balloon_turn"
#define TURN_PAGES_OF " pages: "
#define PFNS_IN_BUFFER 65536
/* PFNs between two looks at the clock. */
#define PFNS_AT_ONCE 64
#define ALL_RAM ((struct range){ DRIVER_END / PAGE, PFNS_IN_BUFFER })

static void start(const char *properties, uint64_t features, const char *traced)
{
	const struct machine_options options = { .properties = properties, .traced = traced };

	pages_start(&options, features);
}

/* The largest number of pages of a turn, and the number of turns that had any. */
static uint64_t most_pages(int *turns)
{
	int idle = machine_said(&machine, TURN_PAGES_OF "0 ");
	uint64_t most = machine_most(&machine, TURN_PAGES_OF, turns);

	*turns -= idle;
	return most;
}

/* As many PFNs as a buffer may have: the last one counts, and is no error. */
static void whole_buffer_is_no_error(void **state)
{
	const struct range all = ALL_RAM, more = { DRIVER_END / PAGE, PFNS_IN_BUFFER + 1 };

	(void)state;
	start("", 0, NULL);
	assert_true(send_pfns(QUEUE_INFLATE, &all, 1));
	expect_discarded(&all, 1);
	assert_int_equal(machine_said(&machine, "refused"), 0);
	assert_true(send_pfns(QUEUE_INFLATE, &more, 1));
	expect_discarded(&all, 1);
	assert_int_equal(machine_said(&machine, "refused"), 1);
}

/* 65536 pages take far longer than the millisecond of a turn. */
static void large_buffer_takes_turns(void **state)
{
	const struct range all = ALL_RAM;
	int turns;

	(void)state;
	start("", 0, TURN);
	assert_true(send_pfns(QUEUE_INFLATE, &all, 1));
	expect_discarded(&all, 1);
	assert_below(most_pages(&turns), PFNS_IN_BUFFER);
	assert_at_least(turns, 2);
}

/* Two full queues together get turns of 64 PFNs, if a turn may take no time. */
static void queues_share_turns(void **state)
{
	const struct range pages = { FIRST, 4 * PFNS_AT_ONCE };
	struct descriptor whole = { DRIVER_BUFFER, pages.pages * sizeof(uint32_t), 0, 0 };
	enum queue queue;
	int turns, i;

	(void)state;
	start("x-turn-us=0", 0, TURN);
	for (i = 0; i < (int)pages.pages; i++)
		((uint32_t *)(machine.ram + DRIVER_BUFFER))[i] = htole32(pages.first + i);
	for (queue = 0; queue < QUEUE_COUNT; queue++)
		for (i = 0; i < QUEUE_LENGTH; i++)
			driver_add(&driver, queue, i, &whole, 1);
	for (queue = 0; queue < QUEUE_COUNT; queue++)
		driver_notify(&driver, queue);
	for (queue = 0; queue < QUEUE_COUNT; queue++)
		assert_true(driver_wait(&driver, queue));
	expect_discarded(&pages, 1);
	/* The end of a buffer counts as a page. */
	assert_at_most(most_pages(&turns), PFNS_AT_ONCE + 1);
	assert_at_least(turns, 2 * QUEUE_LENGTH * 4);
}

/* With one turn done of a buffer of 1024, because the machine is stopped. */
static void stop_in_a_buffer(void)
{
	const struct range all = ALL_RAM, done = { ALL_RAM.first, PFNS_AT_ONCE };
	struct descriptor whole = { DRIVER_BUFFER, PFNS_IN_BUFFER * sizeof(uint32_t), 0, 0 };
	uint32_t i;

	start("x-turn-us=0", 0, NULL);
	for (i = 0; i < PFNS_IN_BUFFER; i++)
		((uint32_t *)(machine.ram + DRIVER_BUFFER))[i] = htole32(all.first + i);
	machine_control(&machine, "stop");
	driver_add(&driver, QUEUE_INFLATE, 0, &whole, 1);
	driver_notify(&driver, QUEUE_INFLATE);
	expect_discarded(&done, 1);
	assert_int_equal(driver_used(&driver, QUEUE_INFLATE), 0);
}

static void stopped_buffer_continues(void **state)
{
	const struct range rest = { ALL_RAM.first + PFNS_AT_ONCE, PFNS_IN_BUFFER - PFNS_AT_ONCE };

	(void)state;
	stop_in_a_buffer();
	machine_control(&machine, "cont");
	assert_true(driver_wait(&driver, QUEUE_INFLATE));
	expect_discarded(&rest, 1);
}

static void reset_forgets_the_buffer(void **state)
{
	(void)state;
	stop_in_a_buffer();
	driver_start(&driver, &machine, 0);
	machine_control(&machine, "cont");
	check_works(send_pfns);
}

/* The destination processes all of the buffer. */
static void migrated_buffer_begins_again(void **state)
{
	struct machine from;
	char path[512];

	(void)state;
	stop_in_a_buffer();
	snprintf(path, sizeof(path), "%s/machine", test_dir);
	machine_migrate(&machine, path);
	from = machine;
	machine_start(&machine, "", path);
	assert_true(machine_arrived(&machine));
	machine_end(&from);
	machine_control(&machine, "cont");
	assert_true(driver_wait(&driver, QUEUE_INFLATE));
	expect_discarded(&ALL_RAM, 1);
}

static void guest_errors_are_logged_on_request(void **state)
{
	const struct machine_options options = { .properties = "", .hide_guest_errors = true };
	const struct range bad = { PAGE_NOTHING, 1 };

	(void)state;
	pages_start(&options, 0);
	assert_true(send_pfns(QUEUE_INFLATE, &bad, 1));
	assert_int_equal(machine_said(&machine, "refused"), 0);
	machine_end(&machine);
	start("", 0, NULL);
	assert_true(send_pfns(QUEUE_INFLATE, &bad, 1));
	assert_int_equal(machine_said(&machine, "refused"), 1);
}

/* A host that cannot advise is reported, but not for each of 4096 pages. */
static void check_host_errors(enum queue queue, const struct denied *denied, const char *what)
{
	const struct machine_options options = { .properties = "", .denied = denied };
	const struct range pages = { FIRST, 4096 };

	pages_start(&options, 0);
	assert_true(send_pfns(queue, &pages, 1));
	expect_discarded(NULL, 0);
	assert_in_range(machine_said(&machine, what), 1, 100);
	machine_end(&machine);
}

static void errors_of_the_host_are_not_repeated(void **state)
{
	const struct denied no_holes = { SYS_fallocate, EOPNOTSUPP, 1,
					 FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, false };
	const struct denied no_willneed = { SYS_madvise, EINVAL, 2, MADV_WILLNEED, false };

	(void)state;
	check_host_errors(QUEUE_INFLATE, &no_holes, "fallocate");
	check_host_errors(QUEUE_DEFLATE, &no_willneed, "MADV_WILLNEED");
}

/* Ranges of one block of memory, which are checked and then discarded. */
static void memory_is_looked_up_once(void **state)
{
	const struct range ranges[] = { { FIRST, 8 }, { FIRST + 16, 1 }, { FIRST + 32, 4096 - 1 } };
	const struct {
		const char *properties;
		uint64_t features;
		send_fn *send;
	} formats[] = {
		{ "page-chunks=on", FEATURE_CHUNKS, send_chunks },
		{ "page-sg=on", FEATURE_SG, send_sg },
		{ "x-merge-pfns=on", 0, send_pfns },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		print_message("# %s\n", formats[i].properties);
		start(formats[i].properties, formats[i].features, "virtio_balloon_handle_output");
		assert_true(formats[i].send(QUEUE_INFLATE, ranges, 3));
		expect_discarded(ranges, 3);
		/* The PFNs are read in blocks of 1024. */
		assert_int_equal(machine_said(&machine, "section name: ram "),
				 formats[i].features ? 1 : (8 + 1 + 4095 + 1023) / 1024);
		machine_end(&machine);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(whole_buffer_is_no_error, pages_end),
		cmocka_unit_test_teardown(large_buffer_takes_turns, pages_end),
		cmocka_unit_test_teardown(queues_share_turns, pages_end),
		cmocka_unit_test_teardown(stopped_buffer_continues, pages_end),
		cmocka_unit_test_teardown(reset_forgets_the_buffer, pages_end),
		cmocka_unit_test_teardown(migrated_buffer_begins_again, pages_end),
		cmocka_unit_test_teardown(guest_errors_are_logged_on_request, pages_end),
		cmocka_unit_test_teardown(errors_of_the_host_are_not_repeated, pages_end),
		cmocka_unit_test_teardown(memory_is_looked_up_once, pages_end),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
