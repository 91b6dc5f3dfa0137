/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shortest resize that there is, of `huge` on a small guest that has touched its memory:
 * its duration is known to 1 %, and its phases sum to it.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/result.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
#include "tests/helpers/schema.h"

#define BOOTS 6
#define CYCLES 2

static double sum_of_phases(const json_t *resize)
{
	json_t *phases = json_object_get(resize, "phases"), *value;
	double sum = 0;
	const char *key;

	json_object_foreach (phases, key, value)
		sum += json_number_value(value);
	return sum;
}

static double share_of(const json_t *resize, double ns)
{
	return ns / number_of(resize, "duration_ns");
}

static void check_resize(const json_t *resize, bool by_events)
{
	const char *timer = json_string_value(json_object_get(resize, "timer"));

	print_message("# %.3f ms, resolution %.3f %%, phases sum to %.4f\n",
		      number_of(resize, "duration_ns") / 1e6,
		      100 * share_of(resize, number_of(resize, "resolution_ns")),
		      share_of(resize, sum_of_phases(resize)));
	assert_string_equal(timer ? timer : "polls", by_events ? "events" : "polls");
	if (!by_events) {
		assert_null(json_object_get(resize, "polled"));
		return;
	}
	assert_at_most(share_of(resize, number_of(resize, "resolution_ns")), 0.01);
	assert_at_most(fabs(share_of(resize, sum_of_phases(resize)) - 1), 0.02);
	assert_float_equal(number_of(resize, "duration_ns") +
				   number_of(resize, "polled.outside_ns"),
			   number_of(resize, "polled.duration_ns"), 0.5);
	assert_at_least(number_of(resize, "polled.outside_ns"),
			-number_of(resize, "polled.resolution_ns"));
}

static void run(const char *tree, const char *variant, const char *boots, bool by_events)
{
	char out[256], path[512], cycles[16];
	const char *args[] = { "run",	   "--scenario", NULL,	    "--variant", variant,
			       "--boots",  boots,	 "--accel", "tcg",	 "-q",
			       "--cycles", cycles,	 "-o",	    out,	 NULL };
	const json_t *cycle;
	int i, n = atoi(boots);
	json_t *result;
	size_t k;

	args[2] = write_file(test_dir, "small.ini",
			     "[guest]\nmemory = 512 MiB\n[balloon]\ninflate = 384 MiB\n"
			     "[prepare]\nstate = touched\n");
	snprintf(out, sizeof(out), "%s/%s", test_dir, tree);
	snprintf(cycles, sizeof(cycles), "%d", CYCLES);
	expect_outcome(run_program("balloonbench", args), 0, "");
	for (i = 1; i <= n; i++) {
		snprintf(path, sizeof(path), "%s/small/%s/boot-%02d/result.json", out, variant, i);
		assert_fits_schema(path);
		result = load_json(path);
		assert_string_equal(json_string_value(json_object_get(result, "status")), "ok");
		assert_int_equal(json_array_size(json_object_get(result, "cycles")), CYCLES);
		json_array_foreach (json_object_get(result, "cycles"), k, cycle) {
			check_resize(json_object_get(cycle, "inflate"), by_events);
			check_resize(json_object_get(cycle, "deflate"), by_events);
		}
		json_decref(result);
	}
}

static void the_fastest_variant_is_resolved(void **state)
{
	char boots[16];

	(void)state;
	snprintf(boots, sizeof(boots), "%d", BOOTS);
	run("huge", "huge", boots, true);
}

/* A kernel without trace events: its functions are traced. */
static void functions_time_a_resize_as_well(void **state)
{
	(void)state;
	run("stock", "stock", "1", true);
}

static void without_a_tracer_the_polls_do(void **state)
{
	(void)state;
	run("off", "pfn-array+off", "1", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fastest_variant_is_resolved),
		cmocka_unit_test(functions_time_a_resize_as_well),
		cmocka_unit_test(without_a_tracer_the_polls_do),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
