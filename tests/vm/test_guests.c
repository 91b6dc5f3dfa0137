/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that are not lean or not idle: a kernel that is configured as a distribution's, and a vCPU
 * that is busy while the driver works on another.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <string.h>

#include "bench/config/images.h"
#include "lib/result.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/scenario.h"

#define GUEST "[guest]\nmemory = 512 MiB\n[balloon]\ninflate = 192 MiB\n"
#define TWO_CYCLES "[run]\ncycles = 2\n"

/* It is another kernel, and the pages balance in it, too. */
static void distro_boots_a_kernel_of_its_own(void **state)
{
	const struct image_cut *lean, *distro;
	struct images images;
	char err[512];
	json_t *result;

	(void)state;
	assert_int_equal(images_load(&images, path_images(), err, sizeof(err)), 0);
	lean = images_find(&images, "finalize");
	assert_non_null(lean);
	distro = images_find_config(&images, lean, "distro");
	assert_non_null(distro);
	result = run_scenario("distro", GUEST "[guest]\nconfig = distro\n" TWO_CYCLES, "finalize",
			      "phases");
	assert_string_equal(json_string_value(json_object_get(result, "kernel_build_id")),
			    distro->build_id);
	assert_string_not_equal(distro->build_id, lean->build_id);
	assert_string_equal(json_string_value(json_object_get(result, "cut")), "finalize");
	assert_true(number_of(cycle_of(result), "inflate.bytes") == 192.0 * MIB);
	json_decref(result);
	images_release(&images);
}

/* The driver resizes, and the other vCPU works. */
static void a_busy_vcpu_runs(void **state)
{
	const json_t *cycle;
	json_t *result;
	size_t i;

	(void)state;
	result = run_scenario("busy", GUEST "[prepare]\nstate = touched\nbusy = on\n" TWO_CYCLES,
			      "finalize", "phases");
	json_array_foreach (json_object_get(result, "cycles"), i, cycle) {
		assert_true(number_of(cycle, "inflate.busy_share") >= 0.25);
		assert_true(number_of(cycle, "deflate.busy_share") >= 0.25);
		assert_true(number_of(cycle, "inflate.busy_ns") <=
			    number_of(cycle, "inflate.duration_ns") +
				    number_of(cycle, "inflate.resolution_ns") + 1e6);
	}
	json_decref(result);
	result = run_scenario("idle", GUEST TWO_CYCLES, "finalize", "off");
	assert_null(json_at(cycle_of(result), "inflate.busy_ns"));
	json_decref(result);
}

/* It ran before the discard and after it: else the boot is invalid. */
static void a_busy_vcpu_beside_the_floor(void **state)
{
	json_t *result = run_scenario(
		"busy-floor", GUEST "[prepare]\nstate = touched\nbusy = on\n[run]\ncycles = 1\n",
		"floor", "phases");

	(void)state;
	assert_true(number_of(cycle_of(result), "inflate.bytes") == 192.0 * MIB);
	json_decref(result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distro_boots_a_kernel_of_its_own),
		cmocka_unit_test(a_busy_vcpu_runs),
		cmocka_unit_test(a_busy_vcpu_beside_the_floor),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
