/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The balloon drivers other than virtio's: all counts of their pages agree, compaction moves the
 * pages, and what they have no events for is said. vmw_balloon also starts anew when its device
 * says so, and gets on with what VMware does: pages one by one, huge ones, and refusals.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/exit_status.h"
#include "lib/result.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
#include "tests/helpers/scenario.h"
#include "tests/helpers/vm.h"

#define MEMORY_BYTES (512 * MIB)
#define BALLOON_BYTES (64 * MIB)
#define PAGE 4096
#define BALLOON_PAGES (BALLOON_BYTES / PAGE)
#define HELD_BYTES (96 * MIB)
#define ROUNDS 2
#define WAIT_MS 60000
#define POLL_NS (20 * NSEC_PER_MSEC)

/* With the kernels of all drivers in place of the usual ones; NULL: they were not built. */
static char *data;

static void link_data(const char *from, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", data, name);
	assert_int_equal(symlink(from, path), 0);
}

static int set_up(void **state)
{
	const char *images = build_path("drivers/images.ini");

	if (access(images, R_OK)) {
		print_message("# there is no %s: make test builds it, unless KERNEL_PATCHES is "
			      "set\n",
			      images);
		return 0;
	}
	data = strdup(make_temp_dir());
	link_data(images, "images.ini");
	link_data(TEST_SOURCE "/bench/variants.ini", "variants.ini");
	link_data(TEST_SOURCE "/bench/suites.ini", "suites.ini");
	link_data(TEST_SOURCE "/bench/scenarios", "scenarios");
	setenv("BALLOONBENCH_DATA", data, 1);
	return vm_tests_set_up(state);
}

static int tear_down(void **state)
{
	int status = data ? vm_tests_tear_down(state) : 0;

	if (data)
		remove_tree(data);
	free(data);
	return status;
}

static void need_kernels(void)
{
	if (!data)
		skip();
}

static int end_guest(void **state)
{
	return data ? test_guest_end(state) : 0;
}

static void check_resize(const json_t *cycle, const char *direction, double bytes)
{
	const json_t *resize = json_object_get(cycle, direction);

	assert_true(number_of(resize, "bytes") == bytes);
	assert_true(number_of(resize, "resolution_ns") < number_of(resize, "duration_ns"));
	assert_string_equal(text_of(resize, "timer"), "polls");
	assert_null(json_object_get(resize, "phases"));
	assert_null(json_object_get(resize, "batches"));
	if (json_object_get(resize, "host"))
		assert_true(number_of(resize, "host.discard_bytes") ==
			    (strcmp(direction, "inflate") ? 0 : bytes));
}

/* What the kernel does for all drivers is observed, what only virtio's has events for is not. */
static void check_observations(const json_t *result)
{
	static const char *const seen[] = { "migrate",	"enqueue", "dequeue",
					    "finalize", "isolate", "putback" };
	const json_t *o;
	const char *what;
	size_t i, k, found = 0;

	json_array_foreach (json_at(result, "trace.guest.observations"), i, o) {
		what = text_of(o, "what");
		for (k = 0; k < sizeof(seen) / sizeof(seen[0]) && strcmp(what, seen[k]); k++)
			;
		found += k < sizeof(seen) / sizeof(seen[0]);
		if (k < sizeof(seen) / sizeof(seen[0]))
			assert_non_null(json_object_get(o, "how"));
		else
			assert_non_null(json_object_get(o, "why_not"));
	}
	assert_int_equal(found, sizeof(seen) / sizeof(seen[0]));
}

static bool has_check(const json_t *result, const char *what)
{
	const json_t *check;
	size_t i;

	json_array_foreach (json_at(result, "checks.each"), i, check)
		if (!strcmp(text_of(check, "what"), what))
			return true;
	return false;
}

/* The boot is "ok", so each of these agrees. */
static void check_checks(const json_t *result)
{
	static const char *const whats[] = {
		"vmstat balloon_inflate",     "vmstat balloon_deflate",	      "MemTotal",
		"pages locked in the device", "pages unlocked in the device", "BPF enqueue counts",
		"BPF dequeue counts",	      "BPF migrate counts",
	};
	size_t i;

	for (i = 0; i < sizeof(whats) / sizeof(whats[0]); i++)
		if (!has_check(result, whats[i]))
			fail_msg("there is no check of %s", whats[i]);
	assert_false(has_check(result, "BPF batches"));
}

static void vmware_inflates_migrates_and_deflates(void **state)
{
	const json_t *cycle, *compaction;
	json_t *result;

	(void)state;
	need_kernels();
	result = run_scenario("vmware",
			      "[guest]\nmemory = 512 MiB\n[balloon]\ninflate = 192 MiB\n"
			      "[compaction]\nrounds = 2\nslice = 8 MiB\n[run]\ncycles = 1\n",
			      "vmware", "pages");
	cycle = cycle_of(result);
	compaction = json_object_get(cycle, "compaction");
	assert_string_equal(text_of(result, "method"), "vmware");
	check_resize(cycle, "inflate", 192.0 * MIB);
	check_resize(cycle, "deflate", 192.0 * MIB);
	assert_true(number_of(compaction, "rounds") == ROUNDS);
	assert_true(number_of(compaction, "migrated_pages") > 0);
	assert_true(number_of(result, "ops.migrate.count") ==
		    number_of(result, "vmstat.balloon_migrate"));
	assert_true(number_of(result, "ops.finalize.count") ==
		    number_of(result, "vmstat.balloon_deflate") +
			    number_of(result, "vmstat.balloon_migrate"));
	check_observations(result);
	check_checks(result);
	json_decref(result);
}

static struct vmware_pages told(void)
{
	struct vmware_pages pages;

	if (qmp_vmware_pages(test_vm.qmp, &pages, deadline_in_ms(WAIT_MS)))
		fail_msg("%s", qmp_error(test_vm.qmp));
	return pages;
}

static void start(const char *device)
{
	const struct test_guest guest = { .variant = "vmware",
					  .device = device,
					  .memory_bytes = MEMORY_BYTES };

	need_kernels();
	print_message("# %s\n", device ? device : "");
	test_guest_start(&guest);
	test_hold(HELD_BYTES);
}

/* Up and down; the balloon took nothing of what the guest holds, and gave all of it back. */
static void up_and_down(const char *device)
{
	struct vmware_pages pages;

	start(device);
	test_balloon(BALLOON_BYTES, NULL);
	test_balloon(0, NULL);
	pages = told();
	assert_int_equal(pages.locked, BALLOON_PAGES);
	assert_int_equal(pages.unlocked, BALLOON_PAGES);
	assert_true(test_vmstat("balloon_inflate") == BALLOON_PAGES);
	assert_true(test_vmstat("balloon_deflate") == BALLOON_PAGES);
	test_verify("beside the balloon");
	test_guest_power_off();
}

static void vmware_takes_pages_one_by_one(void **state)
{
	(void)state;
	up_and_down("batches=off");
}

static void vmware_takes_huge_pages(void **state)
{
	(void)state;
	up_and_down("huge-pages=on");
}

/* More refusals than the driver takes at once: it goes on a second later. */
static void vmware_is_refused_pages(void **state)
{
	(void)state;
	up_and_down("refuse-every=500");
}

/* The driver frees its pages without a word to the device, starts anew, and inflates again. */
static void vmware_starts_anew(void **state)
{
	uint64_t end = deadline_in_ms(WAIT_MS), size = 0;
	struct vmware_pages pages;

	(void)state;
	start(NULL);
	test_balloon(BALLOON_BYTES, NULL);
	assert_int_equal(qmp_vmware_reset(test_vm.qmp, end), 0);
	while (size != BALLOON_BYTES && clock_ns() < end) {
		sleep_ns(POLL_NS);
		assert_int_equal(qmp_vmware_size(test_vm.qmp, &size, end), 0);
	}
	assert_true(size == BALLOON_BYTES);
	test_balloon(0, NULL);
	pages = told();
	assert_int_equal(pages.locked, 2 * BALLOON_PAGES);
	assert_int_equal(pages.unlocked, BALLOON_PAGES);
	assert_true(test_vmstat("balloon_inflate") == 2 * BALLOON_PAGES);
	assert_true(test_vmstat("balloon_deflate") == 2 * BALLOON_PAGES);
	test_verify("over a reset");
	test_guest_power_off();
}

/* Whether there are kernels of a machine: where there are a compiler and an emulator. */
static void need_cut(const char *cut, const char *packages)
{
	need_kernels();
	if (images_find(&test_images, cut))
		return;
	print_message("# there is no kernel %s: make test builds it if %s are installed\n", cut,
		      packages);
	skip();
}

/* cmm plays its hypervisor: there is no device, and all that the kernel counts agrees. */
static void cmm_inflates_migrates_and_deflates(void **state)
{
	const json_t *cycle;
	json_t *result;

	(void)state;
	need_cut("finalize-ppc64le", "gcc-powerpc64le-linux-gnu and qemu-system-ppc");
	result = run_scenario("cmm",
			      "[guest]\nmemory = 1 GiB\n[balloon]\ninflate = 192 MiB\n"
			      "[compaction]\nrounds = 2\nslice = 8 MiB\n[run]\ncycles = 1\n"
			      "boot_timeout = 120 s\n",
			      "cmm", "pages");
	cycle = cycle_of(result);
	assert_string_equal(text_of(result, "method"), "cmm");
	assert_true(number_of(cycle, "inflate.bytes") == 192.0 * MIB);
	assert_true(number_of(cycle, "deflate.bytes") == 192.0 * MIB);
	assert_null(json_at(cycle, "inflate.phases"));
	assert_true(number_of(cycle, "compaction.migrated_pages") > 0);
	assert_true(number_of(result, "ops.migrate.count") ==
		    number_of(result, "vmstat.balloon_migrate"));
	assert_true(number_of(result, "ops.finalize.count") ==
		    number_of(result, "vmstat.balloon_deflate") +
			    number_of(result, "vmstat.balloon_migrate"));
	check_observations(result);
	assert_true(has_check(result, "MemTotal"));
	json_decref(result);
}

/* A page of the guest is @per_page pages of the device, and one of vmstat. */
static void virtio_with_pages(const char *variant, const char *cut, double per_page)
{
	const json_t *cycle;
	json_t *result;

	need_cut(cut, "gcc-aarch64-linux-gnu and qemu-system-arm");
	result = run_scenario(variant,
			      "[guest]\nmemory = 512 MiB\n[balloon]\ninflate = 192 MiB\n"
			      "[run]\ncycles = 2\nboot_timeout = 120 s\n",
			      variant, "pages");
	cycle = cycle_of(result);
	assert_true(number_of(cycle, "inflate.bytes") == 192.0 * MIB);
	assert_true(number_of(cycle, "inflate.entries.count") == 192.0 * MIB / PAGE);
	assert_true(number_of(result, "vmstat.balloon_inflate") ==
		    2 * 192.0 * MIB / PAGE / per_page);
	assert_true(number_of(result, "ops.enqueue.count") ==
		    number_of(result, "vmstat.balloon_inflate"));
	assert_non_null(json_at(cycle, "inflate.phases.alloc_ns"));
	assert_non_null(json_at(cycle, "deflate.phases.release_ns"));
	json_decref(result);
}

static void virtio_with_pages_of_4_kib(void **state)
{
	(void)state;
	virtio_with_pages("finalize-aarch64", "finalize-aarch64-4k", 1);
}

static void virtio_with_pages_of_64_kib(void **state)
{
	(void)state;
	virtio_with_pages("finalize-64k", "finalize-aarch64-64k", 16);
}

#define GUEST "[guest]\nmemory = 512 MiB\n[balloon]\n"

/* What cannot be measured is refused before a boot, and why is said. */
static void what_makes_no_sense_is_refused(void **state)
{
	static const struct {
		const char *name, *text, *accel, *says;
	} cases[] = {
		{ "odd", GUEST "inflate = 191 MiB\n", "tcg", "less than 2 MiB too large" },
		{ "paced", GUEST "inflate = 192 MiB\n[run]\nrate = 64 MiB/s\n", "tcg",
		  "once a second" },
		{ "returned", GUEST "inflate = 192 MiB\ndeflate_on_oom = on\n", "tcg",
		  "does not deflate when" },
		{ "counted", GUEST "inflate = 192 MiB\n", "icount", "cannot be told from" },
	};
	char file[64];
	size_t i;

	(void)state;
	need_kernels();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *args[] = { "run",	       "--scenario", NULL,
				       "--variant",    "vmware",     "--accel",
				       cases[i].accel, "--dry-run",  NULL };

		snprintf(file, sizeof(file), "%s.ini", cases[i].name);
		args[2] = write_file(test_dir, file, cases[i].text);
		expect_outcome(run_program("balloonbench", args), EXIT_USAGE, cases[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(vmware_inflates_migrates_and_deflates),
		cmocka_unit_test_teardown(vmware_takes_pages_one_by_one, end_guest),
		cmocka_unit_test_teardown(vmware_takes_huge_pages, end_guest),
		cmocka_unit_test_teardown(vmware_is_refused_pages, end_guest),
		cmocka_unit_test_teardown(vmware_starts_anew, end_guest),
		cmocka_unit_test(cmm_inflates_migrates_and_deflates),
		cmocka_unit_test(virtio_with_pages_of_4_kib),
		cmocka_unit_test(virtio_with_pages_of_64_kib),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
