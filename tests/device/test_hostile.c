/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A malicious guest against QEMU's balloon: whatever it sends, only RAM that a valid entry
 * names is discarded, QEMU keeps running, and the device works, at the latest after a
 * reset.
 */
#include "tests/helpers/unit.h"

#include <endian.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/device/pages.h"
#include "tests/helpers/files.h"

#define ENTRIES_MAX 2048

static void start(const char *properties, uint64_t features)
{
	const struct machine_options options = { .properties = properties };

	pages_start(&options, features);
}

/* More than 65536 PFNs: 128 descriptors of 2 MiB each. */
static void too_many_pfns(void)
{
	struct descriptor chain[QUEUE_LENGTH];
	int i;

	memset(machine.ram + DRIVER_BUFFER, 0xff, DRIVER_BUFFER_BYTES);
	for (i = 0; i < QUEUE_LENGTH; i++)
		chain[i] = (struct descriptor){ DRIVER_BUFFER, DRIVER_BUFFER_BYTES, 0, 0 };
	driver_add(&driver, QUEUE_INFLATE, 0, chain, QUEUE_LENGTH);
	assert_true(driver_kick(&driver, QUEUE_INFLATE));
	expect_discarded(NULL, 0);
	/* Not a line for each of them. */
	assert_in_range(machine_said(&machine, "refused"), 1, 100);
}

static void odd_pfn_buffers(void)
{
	const uint8_t odd[7] = { 0, 0x20 };
	const struct range first = { FIRST, 1 };

	assert_true(driver_send(&driver, QUEUE_INFLATE, odd, 3));
	expect_discarded(NULL, 0);
	assert_true(driver_send(&driver, QUEUE_INFLATE, odd, 7));
	expect_discarded(&first, 1);
}

static void check_pfns(const char *properties)
{
	start(properties, 0);
	check_works(send_pfns);
	check_bad_pfns();
	odd_pfn_buffers();
	too_many_pfns();
	check_works(send_pfns);
}

static void pfns(void **state)
{
	(void)state;
	check_pfns("");
}

/* Each turn of the main loop ends as soon as it can. */
static void pfns_in_short_turns(void **state)
{
	(void)state;
	check_pfns("x-turn-us=0");
}

static void merged_pfns_in_short_turns(void **state)
{
	(void)state;
	check_pfns("x-turn-us=0,x-merge-pfns=on");
}

static void merged_pfns(void **state)
{
	const struct range twice[] = { { FIRST + 4, 4 }, { FIRST, 8 }, { FIRST + 2, 1 } };
	const struct range once = { FIRST, 8 };

	(void)state;
	check_pfns("x-merge-pfns=on");
	assert_true(send_pfns(QUEUE_INFLATE, twice, 3));
	expect_discarded(&once, 1);
}

/* A valid and an invalid range, in either format. */
static const struct {
	const char *what;
	struct range good;
	struct range bad;
	bool stops_sg; /* the device stops: such a descriptor is an error of the driver */
} pairs[] = {
	{ "no pages", { FIRST, 1 }, { FIRST + 8, 0 }, true },
	{ "overlap", { FIRST, 8 }, { FIRST + 7, 8 }, false },
	{ "contained", { FIRST, 8 }, { FIRST + 2, 2 }, false },
	{ "the same", { FIRST, 8 }, { FIRST, 8 }, false },
	{ "below", { FIRST + 8, 8 }, { FIRST, 8 }, false },
	{ "across the end of RAM", { FIRST, 1 }, { RAM_PAGES - 8, 16 }, true },
	{ "just beyond RAM", { FIRST, 1 }, { RAM_PAGES, 1 }, true },
	{ "a hole", { FIRST, 1 }, { PAGE_NOTHING, 16 }, true },
	{ "registers", { FIRST, 1 }, { PAGE_REGISTERS, 1 }, false },
	{ "ROM", { FIRST, 1 }, { PAGE_BIOS, 1 }, false },
	{ "into ROM from nothing", { FIRST, 1 }, { PAGE_BIOS - 4, 8 }, true },
};

#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

/*
 * The low ROMs come before the valid ranges, as entries have to be sorted. QEMU splits a
 * descriptor that reaches from RAM into a ROM before the balloon sees it.
 */
static void low_roms(send_fn *send, bool cut)
{
	const struct range ranges[] = { { PAGE_OPTION_ROM - 1, 2 },
					{ PAGE_OPTION_ROM, 1 },
					{ PAGE_ISA_BIOS, 1 },
					{ FIRST, 1 } };
	const struct range good[] = { { FIRST, 1 }, { PAGE_OPTION_ROM - 1, 1 } };

	assert_true(send(QUEUE_INFLATE, ranges, 4));
	expect_discarded(good, cut ? 2 : 1);
}

static void bad_chunks(void)
{
	const struct range wraps = { (1ULL << 52) - 1, 4095 };
	const struct range last[] = { { (1ULL << 52) - 1, 1 }, { FIRST, 8 } };
	enum queue queue;
	size_t i;

	for (i = 0; i < PAIRS; i++) {
		const struct range both[] = { pairs[i].good, pairs[i].bad };

		for (queue = 0; queue < QUEUE_COUNT; queue++) {
			print_message("# %s\n", pairs[i].what);
			assert_true(send_chunks(queue, both, 2));
			expect_discarded(both, queue == QUEUE_INFLATE);
		}
	}
	assert_true(send_chunks(QUEUE_INFLATE, &wraps, 1));
	expect_discarded(NULL, 0);
	/* The end of the last page wraps around to 0, so that the next range is not below it. */
	assert_true(send_chunks(QUEUE_INFLATE, last, 2));
	expect_discarded(last + 1, 1);
	assert_above(machine_said(&machine, "refused"), 0);
}

/* 16 entries of 4095 pages are within the limit of a buffer, the 17th is not. */
static void too_many_pages(void)
{
	struct range ranges[17];
	int i;

	for (i = 0; i < 17; i++)
		ranges[i] = (struct range){ DRIVER_END / PAGE + i * 4095, 4095 };
	assert_true(send_chunks(QUEUE_INFLATE, ranges, 17));
	expect_discarded(ranges, 16);
}

static void too_many_entries(void)
{
	static struct range ranges[ENTRIES_MAX + 1];
	int i;

	for (i = 0; i <= ENTRIES_MAX; i++)
		ranges[i] = (struct range){ FIRST + 2 * i, 1 };
	assert_true(send_chunks(QUEUE_INFLATE, ranges, ENTRIES_MAX + 1));
	expect_discarded(ranges, ENTRIES_MAX);
}

static void odd_chunk_buffers(void)
{
	const struct range good = { FIRST, 3 };
	uint64_t entries[2] = { chunk(good), chunk((struct range){ FIRST + 16, 3 }) };
	const struct descriptor pieces[] = {
		{ DRIVER_BUFFER + 1, 3, 0, 0 },
		{ DRIVER_BUFFER + 4, 4, 0, 0 },
		{ DRIVER_BUFFER + 8, 1, 0, 0 },
		{ DRIVER_BUFFER + 64, 64, DESCRIPTOR_WRITE, 0 },
	};
	const struct descriptor nothing = { DRIVER_BUFFER, 64, DESCRIPTOR_WRITE, 0 };

	assert_true(driver_send(&driver, QUEUE_INFLATE, entries, 7));
	expect_discarded(NULL, 0);
	assert_true(driver_send(&driver, QUEUE_INFLATE, entries, 15));
	expect_discarded(&good, 1);
	memcpy(machine.ram + DRIVER_BUFFER + 1, entries, 8);
	driver_add(&driver, QUEUE_INFLATE, 0, pieces, 4);
	assert_true(driver_kick(&driver, QUEUE_INFLATE));
	expect_discarded(&good, 1);
	driver_add(&driver, QUEUE_INFLATE, 0, &nothing, 1);
	assert_true(driver_kick(&driver, QUEUE_INFLATE));
	expect_discarded(NULL, 0);
}

/* The main loop takes one such buffer per iteration. */
static void many_buffers(void)
{
	uint64_t entries[16];
	struct descriptor whole = { DRIVER_BUFFER, sizeof(entries), 0, 0 };
	const struct range all = { DRIVER_END / PAGE, 16 * 4095 };
	enum queue queue;
	int i;

	for (i = 0; i < 16; i++)
		entries[i] = chunk((struct range){ all.first + i * 4095, 4095 });
	memcpy(machine.ram + DRIVER_BUFFER, entries, sizeof(entries));
	for (queue = 0; queue < QUEUE_COUNT; queue++) {
		for (i = 0; i < QUEUE_LENGTH; i++)
			driver_add(&driver, queue, i, &whole, 1);
		assert_true(driver_kick(&driver, queue));
		expect_discarded(&all, queue == QUEUE_INFLATE);
	}
}

/* The device stops, and works again after a reset. */
static void expect_stopped(const char *what, const struct descriptor *chain, int count,
			   uint64_t features)
{
	print_message("# %s\n", what);
	driver_add(&driver, QUEUE_INFLATE, 0, chain, count);
	assert_false(driver_kick(&driver, QUEUE_INFLATE));
	expect_discarded(NULL, 0);
	driver_start(&driver, &machine, features);
}

static void bad_chains(uint64_t features)
{
	const struct descriptor loop = { DRIVER_BUFFER, 8, DESCRIPTOR_JUMP, 0 };
	const struct descriptor out_of_queue = { DRIVER_BUFFER, 8, DESCRIPTOR_JUMP, QUEUE_LENGTH };
	const struct descriptor empty = { DRIVER_BUFFER, 0, 0, 0 };
	/* One such descriptor can be mapped, by the only bounce buffer; two cannot. */
	const struct descriptor nowhere[] = { { 1ULL << 60, 4096, 0, 0 },
					      { 1ULL << 61, 4096, 0, 0 } };

	expect_stopped("a chain without an end", &loop, 1, features);
	expect_stopped("a chain that leaves the queue", &out_of_queue, 1, features);
	expect_stopped("a descriptor of length 0", &empty, 1, features);
	expect_stopped("descriptors without memory", nowhere, 2, features);
	driver_add(&driver, QUEUE_INFLATE, 0, nowhere, 1);
	assert_true(driver_kick(&driver, QUEUE_INFLATE));
	expect_discarded(NULL, 0);
}

static void check_chunks(const char *properties)
{
	start(properties, FEATURE_CHUNKS);
	check_works(send_chunks);
	bad_chunks();
	low_roms(send_chunks, false);
	too_many_pages();
	too_many_entries();
	odd_chunk_buffers();
	many_buffers();
	bad_chains(FEATURE_CHUNKS);
	check_works(send_chunks);
}

static void chunks(void **state)
{
	(void)state;
	check_chunks("page-chunks=on");
}

static void chunks_in_short_turns(void **state)
{
	(void)state;
	check_chunks("page-chunks=on,x-turn-us=0");
}

/* If the feature is offered but not negotiated, entries are PFNs. */
static void chunks_not_negotiated(void **state)
{
	(void)state;
	start("page-chunks=on,page-sg=on", 0);
	check_works(send_pfns);
	check_bad_pfns();
}

static void bad_sg(void)
{
	size_t i;

	for (i = 0; i < PAIRS; i++) {
		const struct range both[] = { pairs[i].good, pairs[i].bad };
		bool works;

		print_message("# %s\n", pairs[i].what);
		works = send_sg(QUEUE_INFLATE, both, 2);
		if (!pairs[i].stops_sg)
			assert_true(works);
		expect_discarded(both, works);
		if (!works)
			driver_start(&driver, &machine, FEATURE_SG);
	}
}

static void odd_sg(void)
{
	const struct descriptor chain[] = {
		{ FIRST * PAGE, PAGE, 0, 0 },
		{ (FIRST + 2) * PAGE + 512, PAGE, 0, 0 },
		{ (FIRST + 4) * PAGE, PAGE / 2, 0, 0 },
		{ (FIRST + 6) * PAGE, PAGE, 0, 0 },
	};
	const struct range good[] = { { FIRST, 1 }, { FIRST + 6, 1 } };

	driver_add(&driver, QUEUE_INFLATE, 0, chain, 4);
	assert_true(driver_kick(&driver, QUEUE_INFLATE));
	expect_discarded(good, 2);
}

/* One descriptor can be larger than the limit of 65536 pages. */
static void large_sg(void)
{
	const struct range range = { DRIVER_END / PAGE, 65537 };

	assert_true(send_sg(QUEUE_INFLATE, &range, 1));
	expect_discarded(NULL, 0);
}

static void check_sg(const char *properties)
{
	start(properties, FEATURE_SG);
	check_works(send_sg);
	bad_sg();
	low_roms(send_sg, true);
	odd_sg();
	large_sg();
	bad_chains(FEATURE_SG);
	check_works(send_sg);
}

static void sg(void **state)
{
	(void)state;
	check_sg("page-sg=on");
}

static void sg_in_short_turns(void **state)
{
	(void)state;
	check_sg("page-sg=on,x-turn-us=0");
}

static void deflate_without_willneed(void **state)
{
	(void)state;
	start("page-chunks=on,x-deflate-willneed=off", FEATURE_CHUNKS);
	check_works(send_chunks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(pfns, pages_end),
		cmocka_unit_test_teardown(pfns_in_short_turns, pages_end),
		cmocka_unit_test_teardown(merged_pfns, pages_end),
		cmocka_unit_test_teardown(merged_pfns_in_short_turns, pages_end),
		cmocka_unit_test_teardown(chunks, pages_end),
		cmocka_unit_test_teardown(chunks_in_short_turns, pages_end),
		cmocka_unit_test_teardown(chunks_not_negotiated, pages_end),
		cmocka_unit_test_teardown(sg, pages_end),
		cmocka_unit_test_teardown(sg_in_short_turns, pages_end),
		cmocka_unit_test_teardown(deflate_without_willneed, pages_end),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
