/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x-page-ranges, the format of docs/virtio-spec.md: ranges of any length, each answered by a
 * byte, refused one by one for the reasons that the requirements of the device give.
 */
#include "tests/helpers/unit.h"

#include <endian.h>
#include <string.h>

#include "tests/device/pages.h"
#include "tests/helpers/files.h"

#define FEATURE_RANGES (1ULL << 21)
#define OK 0
#define INVALID 1
#define NOT_RAM 2
/* What is there before the device answers, and where it does not. */
#define UNTOUCHED 0xee
#define STATUS (DRIVER_BUFFER + DRIVER_BUFFER_BYTES / 2)
#define RANGES_MAX 2048
#define SENT_MAX (RANGES_MAX + 1)

struct wire {
	uint64_t addr, len;
};

static void start(const char *properties)
{
	const struct machine_options options = { .properties = properties };

	pages_start(&options, FEATURE_RANGES);
}

static const uint8_t *answers(void)
{
	return machine.ram + STATUS;
}

/* Send bytes, with room for so many answers. Return: whether the device works. */
static bool send_bytes(enum queue queue, const void *content, uint32_t bytes, uint32_t room)
{
	const struct descriptor chain[] = { { DRIVER_BUFFER, bytes, 0, 0 },
					    { STATUS, room, DESCRIPTOR_WRITE, 0 } };
	bool works;

	memcpy(machine.ram + DRIVER_BUFFER, content, bytes);
	memset(machine.ram + STATUS, UNTOUCHED, SENT_MAX + 1);
	driver_add(&driver, queue, 0, chain, room ? 2 : 1);
	works = driver_kick(&driver, queue);
	machine_pull(&machine, DRIVER_BUFFER, DRIVER_BUFFER_BYTES);
	return works;
}

static struct wire wire_of(struct range range)
{
	return (struct wire){ htole64(range.first * PAGE), htole64(range.pages * PAGE) };
}

static bool send_ranges(enum queue queue, const struct range *ranges, int count)
{
	struct wire wire[SENT_MAX];
	int i;

	assert_at_most(count, SENT_MAX);
	for (i = 0; i < count; i++)
		wire[i] = wire_of(ranges[i]);
	return send_bytes(queue, wire, count * sizeof(wire[0]), count);
}

static void expect_answers(const uint8_t *wanted, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (answers()[i] != wanted[i])
			fail_msg("range %d is answered by %u, not %u", i, answers()[i], wanted[i]);
	assert_int_equal(answers()[count], UNTOUCHED);
}

static void check_lengths(const char *properties)
{
	const struct range lengths[] = { { FIRST, 1 },
					 { FIRST + 2, 4096 },
					 { FIRST + 5000, RAM_PAGES - FIRST - 5000 } };
	const uint8_t ok[] = { OK, OK, OK };

	start(properties);
	check_works(send_ranges);
	assert_true(send_ranges(QUEUE_INFLATE, lengths, 3));
	expect_answers(ok, 3);
	expect_discarded(lengths, 3);
	assert_true(send_ranges(QUEUE_DEFLATE, lengths, 3));
	expect_answers(ok, 3);
	expect_discarded(NULL, 0);
	pages_end(NULL);
}

/* More pages than the other formats may have in a buffer. */
static void any_length(void **state)
{
	(void)state;
	assert_true(RAM_PAGES - FIRST > 65536);
	check_lengths("x-page-ranges=on");
	check_lengths("x-page-ranges=on,x-turn-us=0");
	check_lengths("x-page-ranges=on,x-batch-discard=on");
}

/* After a good range of eight pages at FIRST. */
static const struct {
	const char *what;
	uint64_t addr, len;
	uint8_t answer;
} bad[] = {
	{ "no bytes", (FIRST + 16) * PAGE, 0, INVALID },
	{ "an address within a page", (FIRST + 16) * PAGE + 1, PAGE, INVALID },
	{ "a length within a page", (FIRST + 16) * PAGE, PAGE / 2, INVALID },
	{ "overlap", (FIRST + 7) * PAGE, 8 * PAGE, INVALID },
	{ "the same", FIRST *PAGE, 8 * PAGE, INVALID },
	{ "below", (FIRST - 8) * PAGE, 4 * PAGE, INVALID },
	{ "the last page", -(uint64_t)PAGE, PAGE, INVALID },
	{ "around the last address", -(uint64_t)PAGE, 2 * PAGE, INVALID },
	{ "all addresses", (FIRST + 16) * PAGE, -(uint64_t)PAGE, INVALID },
	{ "just beyond RAM", RAM_BYTES, PAGE, NOT_RAM },
	{ "across the end of RAM", RAM_BYTES - 8 * PAGE, 16 * PAGE, NOT_RAM },
	{ "a hole", (uint64_t)PAGE_NOTHING *PAGE, 1ULL << 30, NOT_RAM },
	{ "registers", (uint64_t)PAGE_REGISTERS *PAGE, PAGE, NOT_RAM },
	{ "ROM", (uint64_t)PAGE_BIOS *PAGE, PAGE, NOT_RAM },
};

#define BAD (sizeof(bad) / sizeof(bad[0]))

static void refuses(enum queue queue, size_t i)
{
	const struct range first = { FIRST, 8 }, last = { RAM_PAGES - 1, 1 };
	const struct range good[] = { first, last };
	/* One in order behind it counts, unless there is none. */
	const bool is_above = bad[i].addr >= RAM_BYTES - 8 * PAGE && bad[i].answer != INVALID;
	const struct wire wire[] = { wire_of(first),
				     { htole64(bad[i].addr), htole64(bad[i].len) },
				     wire_of(last) };
	const uint8_t wanted[] = { OK, bad[i].answer, OK };
	const int count = is_above ? 2 : 3;

	print_message("# %s\n", bad[i].what);
	assert_true(send_bytes(queue, wire, count * sizeof(wire[0]), count));
	expect_answers(wanted, count);
	expect_discarded(good, queue == QUEUE_DEFLATE ? 0 : count - 1);
}

static void check_refusals(const char *properties)
{
	size_t i;

	start(properties);
	for (i = 0; i < BAD; i++) {
		refuses(QUEUE_INFLATE, i);
		refuses(QUEUE_DEFLATE, i);
	}
	check_works(send_ranges);
	pages_end(NULL);
}

static void one_by_one(void **state)
{
	(void)state;
	check_refusals("x-page-ranges=on");
	check_refusals("x-page-ranges=on,x-turn-us=0");
}

/* A driver that leaves out the room for answers, or a part of a range. */
static void odd_buffers(void **state)
{
	const struct range good[] = { { FIRST, 8 }, { FIRST + 16, 1 } };
	const struct wire wire[] = { wire_of(good[0]), wire_of(good[1]) };
	const uint8_t ok[] = { OK, OK };

	(void)state;
	start("x-page-ranges=on");
	assert_true(send_bytes(QUEUE_INFLATE, wire, sizeof(wire), 0));
	expect_discarded(good, 2);
	assert_true(send_bytes(QUEUE_INFLATE, wire, sizeof(wire), 1));
	expect_answers(ok, 1);
	expect_discarded(good, 2);
	assert_true(send_bytes(QUEUE_INFLATE, wire, sizeof(wire), 100));
	expect_answers(ok, 2);
	expect_discarded(good, 2);
	assert_true(send_bytes(QUEUE_INFLATE, wire, sizeof(wire) - 1, 2));
	expect_answers(ok, 1);
	expect_discarded(good, 1);
	assert_true(send_bytes(QUEUE_INFLATE, wire, 1, 1));
	expect_answers(ok, 0);
	expect_discarded(NULL, 0);
	check_works(send_ranges);
}

/* Every second page: the last one is ignored. */
static void too_many(void **state)
{
	static struct range ranges[SENT_MAX];
	static const uint8_t ok[RANGES_MAX];
	int i;

	(void)state;
	for (i = 0; i < SENT_MAX; i++)
		ranges[i] = (struct range){ FIRST + 2 * i, 1 };
	start("x-page-ranges=on");
	assert_true(send_ranges(QUEUE_INFLATE, ranges, SENT_MAX));
	expect_answers(ok, RANGES_MAX);
	expect_discarded(ranges, RANGES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(any_length, pages_end),
		cmocka_unit_test_teardown(one_by_one, pages_end),
		cmocka_unit_test_teardown(odd_buffers, pages_end),
		cmocka_unit_test_teardown(too_many, pages_end),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
