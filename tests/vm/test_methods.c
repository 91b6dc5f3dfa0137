/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the balloon is compared with: virtio-mem takes and gives the bytes that it is
 * asked for, free page reporting gives the host what the guest has freed, and the floor is the
 * host alone.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "lib/exit_status.h"
#include "lib/result.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
#include "tests/helpers/scenario.h"

#define GUEST "[guest]\nmemory = 512 MiB\n[balloon]\ninflate = 192 MiB\n"
#define TOUCHED "[prepare]\nstate = touched\n"
#define WANTED (192.0 * MIB)

static void check_plugging(const json_t *result)
{
	const json_t *cycle;
	size_t i;

	assert_string_equal(json_string_value(json_object_get(result, "method")), "virtio-mem");
	assert_int_equal(json_array_size(json_object_get(result, "cycles")), 2);
	json_array_foreach (json_object_get(result, "cycles"), i, cycle) {
		assert_true(number_of(cycle, "inflate.bytes") == WANTED);
		assert_true(number_of(cycle, "deflate.bytes") == WANTED);
		assert_true(number_of(cycle, "inflate.resolution_ns") <
			    number_of(cycle, "inflate.duration_ns"));
		assert_null(json_at(cycle, "inflate.phases"));
		if (!json_at(cycle, "inflate.host"))
			continue;
		assert_true(number_of(cycle, "inflate.host.discard_bytes") == WANTED);
		assert_true(number_of(cycle, "deflate.host.discard_bytes") == 0);
	}
}

/* 192 MiB are a memory block of the guest's and a half: the half moves as well. */
static void virtio_mem_moves_what_is_asked(void **state)
{
	json_t *result =
		run_scenario("unplugged", GUEST TOUCHED "[run]\ncycles = 2\nrefault = on\n",
			     "virtio-mem", "phases");
	const json_t *memory = json_object_get(cycle_of(result), "host_memory");

	(void)state;
	check_plugging(result);
	assert_true(number_of(memory, "plateau.rss_bytes") <
		    number_of(memory, "before.rss_bytes") - 96.0 * MIB);
	json_decref(result);
}

static void virtio_mem_goes_in_steps(void **state)
{
	json_t *result = run_scenario("steps", GUEST "step = 32 MiB\n[run]\ncycles = 2\n",
				      "virtio-mem", "off");

	(void)state;
	check_plugging(result);
	assert_true(number_of(cycle_of(result), "inflate.steps") == 6);
	json_decref(result);
}

/* Victims go through the phases that there are; the guest has its memory all the time. */
static void reporting_gives_back_what_was_freed(void **state)
{
	json_t *result =
		run_scenario("reported",
			     GUEST TOUCHED "[victims]\nguest = request@1\nhost = request@1\n"
					   "calm = 300 ms\n[run]\ncycles = 1\nrefault = on\n",
			     "free-page-reporting", "phases");
	static const char *const sides[] = { "guest", "host" };
	const json_t *cycle = cycle_of(result), *memory = json_object_get(cycle, "host_memory");
	double bytes = number_of(cycle, "inflate.bytes");
	const json_t *victim;
	size_t i;

	(void)state;
	assert_string_equal(json_string_value(json_object_get(result, "method")),
			    "free-page-reporting");
	assert_null(json_object_get(cycle, "deflate"));
	assert_true(bytes > 128.0 * MIB);
	assert_true(number_of(memory, "plateau.rss_bytes") <
		    number_of(memory, "before.rss_bytes") - 128.0 * MIB);
	assert_true(number_of(memory, "refaulted.rss_bytes") >
		    number_of(memory, "plateau.rss_bytes") + 128.0 * MIB);
	if (json_at(cycle, "inflate.host"))
		assert_true(number_of(cycle, "inflate.host.discard_bytes") >= bytes / 2);
	for (i = 0; i < 2; i++) {
		victim = json_object_get(json_at(result, "victims"), sides[i]);
		victim = json_object_get(victim, "request_ns");
		assert_true(number_of(victim, "inflate.count") > 0);
		assert_true(number_of(victim, "plateau.count") > 0);
		assert_true(number_of(victim, "after.count") > 0);
		assert_null(json_object_get(victim, "deflate"));
	}
	json_decref(result);
}

/* All of it, by few calls, and the guest gets it back. */
static void floor_discards_without_a_balloon(void **state)
{
	json_t *result = run_scenario("floor", GUEST TOUCHED "[run]\ncycles = 2\nrefault = on\n",
				      "floor", "phases");
	const json_t *cycle, *memory;
	size_t i;

	(void)state;
	assert_string_equal(json_string_value(json_object_get(result, "method")), "floor");
	assert_int_equal(json_array_size(json_object_get(result, "cycles")), 2);
	json_array_foreach (json_object_get(result, "cycles"), i, cycle) {
		memory = json_object_get(cycle, "host_memory");
		assert_null(json_object_get(cycle, "deflate"));
		assert_true(number_of(cycle, "inflate.bytes") == WANTED);
		assert_true(number_of(cycle, "inflate.duration_ns") <
			    number_of(cycle, "inflate.wall_ns"));
		assert_true(number_of(memory, "plateau.rss_bytes") <
			    number_of(memory, "before.rss_bytes") - 128.0 * MIB);
		if (!json_at(cycle, "inflate.host"))
			continue;
		assert_true(number_of(cycle, "inflate.host.discard_bytes") == WANTED);
		assert_true(number_of(cycle, "inflate.host.discard_calls") <= 32);
	}
	assert_null(json_at(result, "vmstat.balloon_inflate"));
	json_decref(result);
}

/* What cannot be measured is refused before a boot, and why is said. */
static void what_makes_no_sense_is_refused(void **state)
{
	static const struct {
		const char *name, *text, *variant, *accel, *says;
	} cases[] = {
		{ "idle", GUEST, "free-page-reporting", "tcg", "state = touched" },
		{ "counted", GUEST TOUCHED, "free-page-reporting", "icount",
		  "counts work, not sleep" },
		{ "paced", GUEST TOUCHED "[run]\nrate = 64 MiB/s\n", "free-page-reporting", "tcg",
		  "remove rate and step" },
		{ "pinned", GUEST "[prepare]\nstate = fragmented\n", "virtio-mem", "tcg",
		  "cannot unplug a block" },
		{ "odd", "[guest]\nmemory = 512 MiB\n[balloon]\ninflate = 191 MiB\n", "virtio-mem",
		  "tcg", "blocks of 2 MiB" },
		{ "scattered", GUEST "[prepare]\nstate = fragmented\n", "floor", "tcg",
		  "whole huge pages" },
		{ "odder", "[guest]\nmemory = 512 MiB\n[balloon]\ninflate = 191 MiB\n", "floor",
		  "tcg", "huge pages of 2 MiB" },
		{ "stepped", GUEST "step = 64 MiB\n", "floor", "tcg", "remove rate and step" },
		{ "hosted", GUEST, "floor", "icount", "the host does all the work" },
		{ "elsewhere",
		  "[guest]\nmemory = 512 MiB\nconfig = distro\n[balloon]\ninflate = 192 MiB\n",
		  "vmware", "tcg", "configuration 'distro', the other of 'drivers'" },
		{ "busy", GUEST TOUCHED "busy = on\n", "free-page-reporting", "tcg",
		  "does not time free page reporting" },
		{ "compaction", GUEST "[compaction]\nrounds = 2\nslice = 8 MiB\n", "virtio-mem",
		  "tcg", "need a balloon" },
	};
	char file[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *args[] = {
			"run",	     "--scenario",     NULL,	  "--variant",	  "finalize",
			"--variant", cases[i].variant, "--accel", cases[i].accel, "--dry-run",
			NULL
		};

		snprintf(file, sizeof(file), "%s.ini", cases[i].name);
		args[2] = write_file(test_dir, file, cases[i].text);
		expect_outcome(run_program("balloonbench", args), EXIT_USAGE, cases[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(virtio_mem_moves_what_is_asked),
		cmocka_unit_test(virtio_mem_goes_in_steps),
		cmocka_unit_test(reporting_gives_back_what_was_freed),
		cmocka_unit_test(floor_discards_without_a_balloon),
		cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
