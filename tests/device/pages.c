/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/pages.h"

#include "tests/helpers/unit.h"

#include <endian.h>

#define PATTERN 0xa5a5a5a55a5a5a5aULL

struct machine machine;
struct driver driver;

/* The guest's memory, by the first and the last word of each page. */
static uint64_t *word(uint32_t page, bool last)
{
	return (uint64_t *)(machine.ram + (uint64_t)page * PAGE + (last ? PAGE - 8 : 0));
}

static bool is_drivers(uint32_t page)
{
	return page >= DRIVER_BEGIN / PAGE && page < DRIVER_END / PAGE;
}

void pages_fill(void)
{
	uint32_t page;

	for (page = 0; page < RAM_PAGES; page++)
		if (!is_drivers(page))
			*word(page, false) = *word(page, true) = PATTERN;
	machine_push(&machine, 0, DRIVER_BEGIN);
	machine_push(&machine, DRIVER_END, RAM_BYTES - DRIVER_END);
}

void pages_start(const struct machine_options *options, uint64_t features)
{
	machine_start_with(&machine, options);
	driver_start(&driver, &machine, features);
	pages_fill();
}

int pages_end(void **state)
{
	(void)state;
	machine_end(&machine);
	return 0;
}

void expect_discarded(const struct range *ranges, int count)
{
	uint64_t wanted;
	uint32_t page;
	int i;

	machine_pull(&machine, 0, DRIVER_BEGIN);
	machine_pull(&machine, DRIVER_END, RAM_BYTES - DRIVER_END);
	for (page = 0; page < RAM_PAGES; page++) {
		if (is_drivers(page))
			continue;
		wanted = PATTERN;
		for (i = 0; i < count; i++)
			if (page >= ranges[i].first && page < ranges[i].first + ranges[i].pages)
				wanted = 0;
		if (*word(page, false) != wanted || *word(page, true) != wanted)
			fail_msg("page 0x%x is 0x%llx, 0x%llx; expected 0x%llx", page,
				 (unsigned long long)*word(page, false),
				 (unsigned long long)*word(page, true), (unsigned long long)wanted);
	}
	pages_fill();
}

uint64_t chunk(struct range range)
{
	return htole64(range.first << 12 | range.pages);
}

bool send_chunks(enum queue queue, const struct range *ranges, int count)
{
	uint64_t entries[CHUNKS_MAX];
	int i;

	for (i = 0; i < count; i++)
		entries[i] = chunk(ranges[i]);
	return driver_send(&driver, queue, entries, count * sizeof(entries[0]));
}

bool send_sg(enum queue queue, const struct range *ranges, int count)
{
	struct descriptor chain[QUEUE_LENGTH];
	int i;

	for (i = 0; i < count; i++)
		chain[i] = (struct descriptor){ .address = ranges[i].first * PAGE,
						.bytes = ranges[i].pages * PAGE };
	driver_add(&driver, queue, 0, chain, count);
	return driver_kick(&driver, queue);
}

bool send_pfns(enum queue queue, const struct range *ranges, int count)
{
	static uint32_t pfns[PFNS_MAX];
	uint32_t n = 0;
	uint64_t page;
	int i;

	for (i = 0; i < count; i++)
		for (page = 0; page < ranges[i].pages; page++)
			pfns[n++] = htole32(ranges[i].first + page);
	return driver_send(&driver, queue, pfns, n * sizeof(pfns[0]));
}

void check_works(send_fn *send)
{
	const struct range good[] = { { FIRST, 8 }, { FIRST + 0x100, 1 } };

	assert_true(send(QUEUE_INFLATE, good, 2));
	expect_discarded(good, 2);
	assert_true(send(QUEUE_DEFLATE, good, 2));
	expect_discarded(NULL, 0);
}

static const uint64_t not_ram[] = { PAGE_OPTION_ROM, PAGE_ISA_BIOS, PAGE_BIOS,
				    PAGE_REGISTERS,  PAGE_NOTHING,  RAM_PAGES };

#define NOT_RAM (sizeof(not_ram) / sizeof(not_ram[0]))

void check_bad_pfns(void)
{
	struct range ranges[2 * NOT_RAM], good[NOT_RAM];
	uint64_t bios = machine_read(&machine, 'q', 0xfffffff0);
	enum queue queue;
	size_t i;

	for (i = 0; i < NOT_RAM; i++) {
		ranges[2 * i] = good[i] = (struct range){ FIRST + 2 * i, 1 };
		ranges[2 * i + 1] = (struct range){ not_ram[i], 1 };
	}
	for (queue = 0; queue < QUEUE_COUNT; queue++) {
		assert_true(send_pfns(queue, ranges, 2 * NOT_RAM));
		expect_discarded(good, queue == QUEUE_INFLATE ? NOT_RAM : 0);
	}
	assert_above(machine_said(&machine, "refused"), 0);
	assert_int_equal(machine_read(&machine, 'q', 0xfffffff0), bios);
}
