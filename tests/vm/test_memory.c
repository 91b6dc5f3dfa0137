/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a balloon takes is given to the host, and nothing else is touched: for
 * every variant, on small pages and on huge ones. All of the guest's memory is
 * resident from the start, so what is missing afterwards is what the host got.
 */
#include "tests/helpers/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/helpers/files.h"
#include "tests/helpers/vm.h"

#define MEMORY_BYTES (512 * MIB)
/* Not a multiple of a huge page, so that there is always a rest. */
#define BALLOON_BYTES (225 * MIB)
#define HELD_BYTES (160 * MIB)
/* What the balloon took from the guest, which has it again: all but a reserve. */
#define ALL_BYTES (368 * MIB)

/* A line of the mapping that is the guest's memory, in bytes. */
static uint64_t guest_memory(const char *key)
{
	unsigned long long begin, end, kib, size = 0, value = 0;
	char path[64], line[512], field[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)test_vm.qemu.pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx-%llx ", &begin, &end) == 2)
			size = end - begin;
		else if (size == MEMORY_BYTES &&
			 sscanf(line, "%63[^:]: %llu kB", field, &kib) == 2 && !strcmp(field, key))
			value += kib << 10;
	}
	fclose(f);
	return value;
}

static bool within_2_percent(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : b - a) * 50 <= b;
}

static void check_variant(const char *name, bool thp)
{
	const struct test_guest guest = {
		.variant = name, .memory_bytes = MEMORY_BYTES, .thp = thp, .prealloc = true
	};
	uint64_t before, after, huge;

	test_guest_start(&guest);
	/* A page that the host is moving just now is resident nowhere. */
	before = guest_memory("Rss");
	if (!within_2_percent(before, MEMORY_BYTES))
		fail_msg("%s: %" PRIu64 " of %llu bytes are resident", name, before, MEMORY_BYTES);
	huge = guest_memory("AnonHugePages");
	if (thp ? huge < MEMORY_BYTES / 2 : huge > 0)
		fail_msg("%s, THP %s: %" PRIu64 " bytes are huge", name, thp ? "on" : "off", huge);
	test_hold(HELD_BYTES);
	test_balloon(BALLOON_BYTES, NULL);
	after = guest_memory("Rss");
	if (!within_2_percent(before - after, BALLOON_BYTES))
		fail_msg("%s, THP %s: the balloon has %llu bytes, the host got %" PRIu64, name,
			 thp ? "on" : "off", (unsigned long long)BALLOON_BYTES, before - after);
	test_verify("while the balloon was inflated");
	test_balloon(0, NULL);
	test_verify("with the deflate");
	test_send(guest_request("free"));
	test_hold(ALL_BYTES);
	test_verify("in memory that was balloon");
	test_guest_power_off();
}

/* Methods, hosts, policies and drivers have tests of their own; other series are built apart. */
static bool is_ours(const struct variant *v)
{
	return v->method == RESULT_BALLOON && !v->host && v->policy == POLICY_NONE && !v->config &&
	       images_find(&test_images, v->cut);
}

static void check_all(bool thp)
{
	size_t i;

	for (i = 0; i < test_variants.count; i++)
		if (is_ours(&test_variants.list[i]))
			check_variant(test_variants.list[i].name, thp);
}

static void small_pages(void **state)
{
	(void)state;
	check_all(false);
}

static void huge_pages(void **state)
{
	char *enabled = read_file("/sys/kernel/mm/transparent_hugepage/enabled");
	bool never = !enabled || strstr(enabled, "[never]");

	(void)state;
	free(enabled);
	if (never) {
		print_message("# SKIP the host has no transparent huge pages\n");
		skip();
	}
	check_all(true);
}

static uint64_t hugetlb_bytes(void)
{
	return guest_memory("Shared_Hugetlb") + guest_memory("Private_Hugetlb");
}

/* Whole pages of 2 MiB can be given back, and only those that are all balloon. */
static void check_hugetlb(const char *name)
{
	const struct test_guest guest = { .variant = name,
					  .memory_bytes = MEMORY_BYTES,
					  .backing = BACKING_HUGETLB,
					  .prealloc = true };
	uint64_t given;

	test_guest_start(&guest);
	assert_true(hugetlb_bytes() == MEMORY_BYTES);
	test_hold(HELD_BYTES);
	test_balloon(BALLOON_BYTES, NULL);
	given = MEMORY_BYTES - hugetlb_bytes();
	print_message("# %s: of a balloon of %llu MiB the host got %llu\n", name,
		      BALLOON_BYTES / MIB, (unsigned long long)(given / MIB));
	assert_true(given <= BALLOON_BYTES && given % (2 * MIB) == 0);
	/* A balloon of whole blocks is given back but for its rest. */
	if (!strcmp(name, "huge"))
		assert_true(within_2_percent(given, BALLOON_BYTES));
	test_verify("while the balloon was inflated");
	test_balloon(0, NULL);
	test_verify("with the deflate");
	test_guest_power_off();
}

static void hugetlb_pages(void **state)
{
	char *free_pages = read_file("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
	long count = free_pages ? atol(free_pages) : 0;
	size_t i;

	(void)state;
	free(free_pages);
	if (count < (long)(MEMORY_BYTES / (2 * MIB))) {
		print_message("# SKIP %ld of 256 huge pages are free; as root: sysctl "
			      "vm.nr_hugepages=300\n",
			      count);
		skip();
	}
	for (i = 0; i < test_variants.count; i++)
		if (is_ours(&test_variants.list[i]))
			check_hugetlb(test_variants.list[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(small_pages, test_guest_end),
		cmocka_unit_test_teardown(huge_pages, test_guest_end),
		cmocka_unit_test_teardown(hugetlb_pages, test_guest_end),
	};

	return cmocka_run_group_tests(tests, vm_tests_set_up, vm_tests_tear_down);
}
