/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Workloads replayed in real guests under TCG: the demand is that computed by hand, a controller
 * and free page reporting return to the host what the workload frees, a policy that takes nothing
 * is told from them, and two guests of a boot are measured together.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bench/config/workload.h"
#include "lib/result.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/scenario.h"

/* With prealloc the host has the memory already: writing takes little of the time of a row. */
#define GUEST "[guest]\nmemory = 512 MiB\n%s[balloon]\ninflate = 384 MiB\n"

/* 24 MiB for 8 s, 16 MiB of them page cache; 8 MiB for 4 s; nothing for 2 s. */
#define BY_HAND "0 8192 16384 0 0\n8000 8192 0 0 50\n12000 0 0 0 0\n14000 0 0 0 0\n"
#define BY_HAND_GIB_MINUTES ((24.0 * 8 + 8 * 4) / 1024 / 60)

/* 16 MiB for 4 s, then nothing for 1 s. */
#define SHORT "0 16384 0 0 0\n4000 0 0 0 100\n5000 0 0 0 0\n"
#define SHORT_GIB_MINUTES (16.0 * 4 / 1024 / 60)

/* 160 MiB for a second, and enough time without for two passes of free page reporting. */
#define FREED "0 163840 0 0 0\n1000 0 0 0 0\n9000 0 0 0 0\n"

static json_t *replay(const char *name, const char *rows, const char *more, const char *variant)
{
	char text[1024], workload[2048];

	snprintf(workload, sizeof(workload), WORKLOAD_FIRST_LINE "\n%s", rows);
	write_file(test_dir, "w.workload", workload);
	snprintf(text, sizeof(text), GUEST "[workload]\nfile = %s\n", more,
		 in_test_dir("w.workload"));
	return run_scenario(name, text, variant, "phases");
}

static const json_t *replay_of(const json_t *result)
{
	return json_object_get(cycle_of(result), "replay");
}

static void demand_is_that_by_hand(void **state)
{
	json_t *result = replay("hand", BY_HAND, "prealloc = on\n", "finalize");
	const json_t *r = replay_of(result);
	double footprint;

	(void)state;
	print_message("# demand %.5f GiB min, by hand %.5f; slowdown %.4f\n",
		      number_of(r, "demand_gib_minutes"), BY_HAND_GIB_MINUTES,
		      number_of(r, "slowdown"));
	assert_float_equal(number_of(r, "planned_gib_minutes"), BY_HAND_GIB_MINUTES, 1e-9);
	assert_float_equal(number_of(r, "demand_gib_minutes"), BY_HAND_GIB_MINUTES,
			   0.02 * BY_HAND_GIB_MINUTES);
	assert_at_least(number_of(r, "slowdown"), 1);
	/* What is used of the CPU is work: 50 ms before the second row. */
	assert_at_least(number_of(r, "work_ns"), 50e6);
	assert_number(number_of(r, "oom_kills"), 0);
	/* All of the guest's memory is resident, whatever the workload does. */
	assert_above(number_of(r, "begin_bytes"), 512.0 * MIB);
	footprint =
		number_of(r, "begin_bytes") * number_of(r, "elapsed_ns") / (1024.0 * MIB * 60e9);
	assert_float_equal(number_of(r, "footprint_gib_minutes"), footprint, 0.02 * footprint);
	/* A page of 4 KiB was written 24 MiB / 4 KiB times. */
	assert_number(number_of(result, "victims.guest.alloc_ns.plateau.count"), 24 * 256);
	json_decref(result);
}

/* Resident memory at the end, less than at the peak, in MiB. */
static double returned_mib(const char *name, const char *variant)
{
	json_t *result = replay(name, FREED, "", variant);
	const json_t *r = replay_of(result);
	double mib = (number_of(r, "peak_bytes") - number_of(r, "end_bytes")) / MIB;

	print_message("# %s: %.0f MiB returned\n", variant, mib);
	json_decref(result);
	return mib;
}

static void nothing_is_returned_without_a_policy(void **state)
{
	(void)state;
	assert_below(returned_mib("kept", "finalize"), 16);
}

static void a_controller_returns_what_is_freed(void **state)
{
	(void)state;
	assert_above(returned_mib("balloon", "controller"), 48);
	assert_above(returned_mib("plugged", "controller-virtio-mem"), 48);
}

/* Per-CPU lists keep some. */
static void reporting_returns_what_is_freed(void **state)
{
	(void)state;
	assert_above(returned_mib("reported", "free-page-reporting"), 96);
	/* Its pause is an argument of the kernel. */
	assert_above(returned_mib("often", "reporting-500ms"), 96);
}

/* A second guest of the same boot is measured like the first. */
static void two_guests_are_measured_together(void **state)
{
	json_t *result = replay("two", SHORT, "vms = 2\n", "controller");
	const json_t *r = replay_of(result), *cycle = cycle_of(result), *other, *together;

	(void)state;
	together = json_object_get(cycle, "together");
	assert_int_equal(size_of(cycle, "neighbours"), 1);
	other = item_of(cycle, "neighbours", 0);
	assert_number(number_of(together, "guests"), 2);
	assert_at_least(number_of(other, "demand_gib_minutes"), 0.9 * SHORT_GIB_MINUTES);
	assert_above(number_of(other, "work_ns"), 0);
	assert_above(number_of(together, "fairness"), 0);
	assert_at_most(number_of(together, "fairness"), 1);
	assert_at_least(number_of(together, "footprint_gib_minutes"),
			number_of(r, "footprint_gib_minutes") +
				number_of(other, "footprint_gib_minutes"));
	json_decref(result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(demand_is_that_by_hand),
		cmocka_unit_test(nothing_is_returned_without_a_policy),
		cmocka_unit_test(a_controller_returns_what_is_freed),
		cmocka_unit_test(reporting_returns_what_is_freed),
		cmocka_unit_test(two_guests_are_measured_together),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
