/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine whose guest has negotiated ranges can migrate to a device that offers them,
 * and works there; a device that does not refuses it.
 */
#include "tests/helpers/unit.h"

#include <endian.h>
#include <stdbool.h>
#include <stdio.h>

#include "tests/device/balloon_driver.h"
#include "tests/device/qtest.h"
#include "tests/helpers/files.h"

#define PAGE 4096
#define FIRST 0x2000ULL
#define PATTERN 0x5a

static struct machine from, to;
static struct driver driver;

static void migrate(const char *here, uint64_t features, const char *there)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/machine", test_dir);
	machine_start(&from, here, NULL);
	driver_start(&driver, &from, features);
	from.ram[FIRST * PAGE] = from.ram[(FIRST + 1) * PAGE] = PATTERN;
	machine_migrate(&from, path);
	machine_start(&to, there, path);
	driver.m = &to;
}

static int end(void **state)
{
	(void)state;
	machine_end(&from);
	machine_end(&to);
	return 0;
}

static void check_discards(bool discarded)
{
	assert_int_equal(to.ram[FIRST * PAGE], discarded ? 0 : PATTERN);
	assert_int_equal(to.ram[(FIRST + 1) * PAGE], PATTERN);
}

static void chunks_migrate(void **state)
{
	const uint64_t chunk = htole64(FIRST << 12 | 1);

	(void)state;
	migrate("page-chunks=on", FEATURE_CHUNKS, "page-chunks=on");
	assert_true(machine_arrived(&to));
	check_discards(false);
	assert_true(driver_send(&driver, QUEUE_INFLATE, &chunk, sizeof(chunk)));
	check_discards(true);
}

static void descriptors_migrate(void **state)
{
	const struct descriptor page = { FIRST * PAGE, PAGE, 0, 0 };

	(void)state;
	migrate("page-sg=on", FEATURE_SG, "page-sg=on");
	assert_true(machine_arrived(&to));
	driver_add(&driver, QUEUE_INFLATE, 0, &page, 1);
	assert_true(driver_kick(&driver, QUEUE_INFLATE));
	check_discards(true);
}

/* Properties that only the host uses are not part of the migrated state. */
static void host_properties_are_not_migrated(void **state)
{
	const uint32_t pfn = htole32(FIRST);

	(void)state;
	migrate("x-merge-pfns=on,x-deflate-willneed=off", 0, "");
	assert_true(machine_arrived(&to));
	assert_true(driver_send(&driver, QUEUE_INFLATE, &pfn, sizeof(pfn)));
	check_discards(true);
}

static void refused_if_not_offered(void **state)
{
	(void)state;
	migrate("page-chunks=on", FEATURE_CHUNKS, "");
	assert_false(machine_arrived(&to));
	assert_above(machine_said(&to, "eatures"), 0);
}

static void offered_is_not_negotiated(void **state)
{
	(void)state;
	migrate("page-chunks=on", 0, "");
	assert_true(machine_arrived(&to));
	check_discards(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(chunks_migrate, end),
		cmocka_unit_test_teardown(descriptors_migrate, end),
		cmocka_unit_test_teardown(host_properties_are_not_migrated, end),
		cmocka_unit_test_teardown(refused_if_not_offered, end),
		cmocka_unit_test_teardown(offered_is_not_negotiated, end),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
