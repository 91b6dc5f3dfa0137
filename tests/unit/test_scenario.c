/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/images.h"
#include "bench/config/scenario.h"
#include "bench/config/suite.h"
#include "bench/config/variant.h"
#include "tests/helpers/files.h"

#define GOOD "[guest]\nmemory = 1 GiB\n[balloon]\ninflate = 512 MiB\n"

static void defaults_are_as_documented(void **state)
{
	struct scenario s;
	char err[512];

	(void)state;
	assert_int_equal(scenario_load(&s, write_file(test_dir, "my-own.ini", GOOD), test_dir, err,
				       sizeof(err)),
			 0);
	assert_string_equal(s.name, "my-own");
	assert_true(s.memory_bytes == 1ULL << 30);
	assert_true(s.inflate_bytes == 512ULL << 20);
	assert_true(s.step_bytes == s.inflate_bytes);
	assert_int_equal(s.vcpus, 2);
	assert_int_equal(s.cycles, 2);
	assert_true(s.thp);
	assert_int_equal(s.state, PREPARED_IDLE);
	scenario_release(&s);
}

/* Every message names the file and the line or the key, and says what is expected. */
static void mistakes_are_named(void **state)
{
	static const struct {
		const char *text;
		const char *says;
		const char *advises;
	} bad[] = {
		{ GOOD "inflat = 1 GiB\n",
		  "bad.ini:5: [balloon] inflat:", "balloon.inflate, step" },
		{ GOOD "[gest]\nmemory = 1 GiB\n", "bad.ini:6: [gest] memory:", "there are:" },
		{ "[guest]\nmemory = 8 GB\n", "bad.ini:2: [guest] memory: '8 GB'", "8 GiB" },
		{ "[guest]\nmemory = 1.5 KiB\n",
		  "bad.ini:2: [guest] memory:", "whole number of MiB" },
		{ "[guest]\n\n; note\nvcpus = 0\n", "bad.ini:4: [guest] vcpus:", "in [1, 16]" },
		{ "[guest]\nbacking = disk\n", "[guest] backing: 'disk'",
		  "anonymous, memfd, hugetlb" },
		{ "[guest]\nthp = maybe\n", "[guest] thp: 'maybe'", "on or off" },
		{ "[prepare]\nstate = asleep\n", "[prepare] state:", "idle, touched, fragmented" },
		{ "[scenario]\ndescription = caf\xe9\n", "[scenario] description", "not UTF-8" },
		{ "[run]\nresize_timeout = 18446744073 s\n", "[run] resize_timeout",
		  "at most 1000 h" },
		{ "[victims]\ncalm = 5000000 h\n", "[victims] calm", "at most 1000 h" },
		{ "[run]\nresize_timeout = 10\n", "[run] resize_timeout: '10'", "30 s" },
		{ "[run]\nmove_timeout = 10 s\n", "[run] move_timeout", "resize_timeout" },
		{ "[guest]\nmemory = 1 GiB\n[balloon]\ninflate = 2 GiB\n",
		  "[balloon] inflate: 2 GiB", "memory = 1 GiB" },
		{ "[guest]\nmemory = 1 GiB\n[balloon]\ninflate = 1000 MiB\n",
		  "[balloon] inflate: 1000 MiB", "128 MiB" },
		{ "[guest]\nmemory = 128 MiB\n[balloon]\ninflate = 1 MiB\n",
		  "[guest] memory:", "256 MiB" },
		{ "[balloon]\ninflate = 1 GiB\n", "[guest] memory is not set", "8 GiB" },
		{ "[guest]\nmemory = 1 GiB\n", "[balloon] inflate is not set", "7 GiB" },
		{ GOOD "step = 1 GiB\n", "[balloon] step: 1 GiB", "512 MiB" },
		{ GOOD "inflate = 1 MiB\n", "bad.ini:5: [balloon] inflate:", "duplicate key" },
		{ "[guest]\nmemory 8 GiB\n", "bad.ini:2:", "key = value" },
		{ GOOD "[victims]\nguest = sheep@1\n", "[victims] guest: 'sheep'", "fault, sched" },
		{ GOOD "[victims]\nhost = sched\n", "[victims] host: 'sched'", "sched@1" },
		{ GOOD "[victims]\ncalm = 2\n", "[victims] calm: '2'", "30 s" },
		{ GOOD "[victims]\nguest = sched@1\n[prepare]\nstate = touched\n",
		  "[run] cycles:", "expected 1 with victims" },
		{ GOOD "[prepare]\nstate = fragmented\nlongest_run = 16\n",
		  "[prepare] longest_run: '16'", "in [1, 15]" },
		{ GOOD "[prepare]\nstate = fragmented\nlongest_run = 1\n",
		  "[balloon] inflate:", "no more than 448 MiB are free" },
		{ GOOD "[prepare]\nbusy = maybe\n", "[prepare] busy: 'maybe'", "on or off" },
		{ "[guest]\nmemory = 1 GiB\nvcpus = 1\n[balloon]\ninflate = 512 MiB\n"
		  "[prepare]\nbusy = on\n",
		  "[prepare] busy:", "vcpus = 2" },
		{ GOOD "[prepare]\nbusy = on\n[victims]\nguest = sched@1\n",
		  "[prepare] busy:", "leave out one" },
		{ GOOD "[compaction]\nrounds = 0\n", "[compaction] rounds: '0'", "in [1, " },
		{ GOOD "[compaction]\nrounds = 40\n", "[compaction] slice: 40 rounds", "640 MiB" },
		{ GOOD "[compaction]\nrounds = 2\n[prepare]\nstate = touched\n",
		  "[compaction] rounds:", "state = idle" },
		{ GOOD "[pressure]\nhold = 256 MiB\n", "[pressure] cache is not set", "384 MiB" },
		{ GOOD "[pressure]\ncache = 256 MiB\n", "would be no pressure", "" },
		{ GOOD "[pressure]\ncache = 512 MiB\nhold = 512 MiB\n", "[pressure] hold and cache",
		  "128 MiB" },
		{ GOOD "[pressure]\ncache = 512 MiB\nhold = 256 MiB\ngrowth = 64 MiB\n",
		  "[pressure] growth:", "deflate_on_oom = on" },
		{ "[guest]\nconfig = ./my.config\n", "[guest] config: './my.config'",
		  "build --config NAME" },
		{ GOOD "[run]\nrate = 1 GiB\n", "[run] rate: '1 GiB'", "1 GiB/s" },
		{ GOOD "[workload]\nfile = nothing\n",
		  "[workload] file: ", "nothing.workload: No such file" },
		{ GOOD "[workload]\nspeed = 0\n", "[workload] speed: '0'", "from 0.001 to 1000" },
		{ GOOD "[workload]\nsize = big\n", "[workload] size: 'big'", "as in 2.5" },
		{ GOOD "[workload]\nfile = gcc-lto\nsize = 20\n",
		  "[workload] size: the workload takes up to", "memory = 1 GiB" },
		{ GOOD "[workload]\nfile = gcc-lto\n[run]\ncycles = 2\n",
		  "[run] cycles: expected 1", "with a workload" },
		{ GOOD "[workload]\nfile = gcc-lto\n[prepare]\nstate = touched\n",
		  "[workload] file:", "leave out [prepare]" },
		{ "[guest]\nmemory = 1 GiB\nvms = 2\n[balloon]\ninflate = 512 MiB\n",
		  "[guest] vms: several guests", "gcc-lto" },
		{ GOOD "[policy]\nheadroom = 1\n", "[policy] headroom: '1'", "8 GiB" },
	};
	struct scenario s;
	char err[1024];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(scenario_load(&s, write_file(test_dir, "bad.ini", bad[i].text),
					       test_dir, err, sizeof(err)),
				 -EINVAL);
		if (!strstr(err, "bad.ini") || !strstr(err, bad[i].says) ||
		    !strstr(err, bad[i].advises))
			fail_msg("case %zu says: %s", i, err);
	}
}

static void long_lines_are_refused(void **state)
{
	char text[4096] = "[scenario]\ndescription = ", err[512];
	struct scenario s;

	(void)state;
	memset(text + strlen(text), 'x', 3000);
	assert_int_equal(scenario_load(&s, write_file(test_dir, "long.ini", text), test_dir, err,
				       sizeof(err)),
			 -EINVAL);
	assert_non_null(strstr(err, "long.ini:2: line longer"));
}

/* What a scenario of every new state says, in the units that it is used in. */
static void states_are_read(void **state)
{
	struct scenario s;
	char err[512];

	(void)state;
	assert_int_equal(scenario_load(&s,
				       write_file(test_dir, "all.ini",
						  GOOD "deflate_on_oom = on\n"
						       "[prepare]\nstate = fragmented\n"
						       "longest_run = 9\n"
						       "[pressure]\ncache = 384 MiB\n"
						       "hold = 256 MiB\ngrowth = 64 MiB\n"
						       "patience = 500 ms\n"
						       "[run]\nrate = 256 MiB/s\n"),
				       test_dir, err, sizeof(err)),
			 0);
	assert_int_equal(s.state, PREPARED_FRAGMENTED);
	assert_int_equal(s.longest_run, 9);
	assert_true(s.deflate_on_oom);
	assert_true(s.rate_bytes_per_s == 256ULL << 20);
	assert_true(s.pressure.hold_bytes == 256ULL << 20);
	assert_true(s.pressure.cache_bytes == 384ULL << 20);
	assert_true(s.pressure.growth_bytes == 64ULL << 20);
	assert_true(s.pressure.patience_ns == 500000000);
	scenario_release(&s);
}

static void workloads_are_read(void **state)
{
	struct scenario s;
	char err[512];

	(void)state;
	assert_int_equal(scenario_load(&s,
				       write_file(test_dir, "w.ini",
						  GOOD "[workload]\nfile = gcc-lto\nspeed = 2\n"
						       "size = 2.5\nsample = 5 ms\n"
						       "[policy]\nperiod = 1 s\n"
						       "headroom = 32 MiB\nstep = 8 MiB\n"),
				       test_dir, err, sizeof(err)),
			 0);
	assert_int_equal(s.cycles, 1);
	assert_true(s.replay.workload.count > 10);
	assert_float_equal(s.replay.speed, 2, 0);
	assert_true(replay_planned_ns(&s.replay) == workload_duration_ns(&s.replay.workload) / 2);
	assert_true(replay_limit_ns(&s.replay) == 10 * replay_planned_ns(&s.replay));
	assert_float_equal(s.replay.size, 2.5, 0);
	assert_true(s.replay.sample_ns == 5000000);
	assert_true(s.replay.period_ns == 1000000000);
	assert_true(s.replay.headroom_bytes == 32ULL << 20);
	assert_true(s.replay.step_bytes == 8ULL << 20);
	/* A smaller machine has a smaller workload, which fits. */
	assert_true(scenario_scale(&s, 256ULL << 20));
	assert_true(s.replay.headroom_bytes == 8ULL << 20);
	assert_true(s.replay.size < 0.7);
	assert_true(replay_peak_bytes(&s.replay) <= 128ULL << 20);
	scenario_release(&s);
}

/* All sizes shrink alike, and what is not there stays away. */
static void states_are_scaled(void **state)
{
	struct scenario s;
	char err[512];

	(void)state;
	assert_int_equal(scenario_load(&s, "pressure", path_scenarios(), err, sizeof(err)), 0);
	assert_true(scenario_scale(&s, 512ULL << 20));
	assert_true(s.pressure.hold_bytes == 128ULL << 20);
	assert_true(s.pressure.cache_bytes == 192ULL << 20);
	scenario_release(&s);
	assert_int_equal(scenario_load(&s, "idle", path_scenarios(), err, sizeof(err)), 0);
	assert_true(scenario_scale(&s, 1ULL << 30));
	assert_int_equal(s.pressure.cache_bytes, 0);
	assert_int_equal(s.compaction_rounds, 0);
	scenario_release(&s);
}

static void unknown_name_lists_the_known(void **state)
{
	struct scenario s;
	char err[512];

	(void)state;
	write_file(test_dir, "one.ini", GOOD);
	assert_int_equal(scenario_load(&s, "two", test_dir, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "no scenario 'two'"));
	assert_non_null(strstr(err, "one"));
}

static void shipped_scenarios_load(void **state)
{
	struct record_list names = scenario_names(path_scenarios());
	char **name = names.items, err[512];
	struct scenario s;
	size_t i;

	(void)state;
	assert_true(names.count >= 5);
	for (i = 0; i < names.count; i++) {
		assert_int_equal(scenario_load(&s, name[i], path_scenarios(), err, sizeof(err)), 0);
		assert_non_null(s.description);
		scenario_release(&s);
	}
	record_release_texts(&names);
}

static void scaling_keeps_proportions(void **state)
{
	struct scenario s;
	char err[512];

	(void)state;
	assert_int_equal(scenario_load(&s, "idle", path_scenarios(), err, sizeof(err)), 0);
	assert_false(scenario_scale(&s, 8ULL << 30));
	assert_true(scenario_scale(&s, 4ULL << 30));
	assert_true(s.memory_bytes == 4ULL << 30);
	assert_true(s.inflate_bytes == 3584ULL << 20);
	assert_true(s.step_bytes == s.inflate_bytes);
	assert_true(s.scale == 0.5);
	assert_true(scenario_scale(&s, 300ULL << 20));
	assert_true(s.inflate_bytes + (128ULL << 20) <= s.memory_bytes);
	scenario_release(&s);
}

static void variants(void **state)
{
	const struct variant *traced;
	static const struct {
		const char *text;
		const char *says;
	} bad[] = {
		{ "[a]\ndescription = x\n", "[a] has no cut" },
		{ "cut = list\n", "before the first" },
		{ "[a]\ncut = list\nkernel = x\n", "v.ini:3: [a] kernel: unknown key" },
		{ "[../a]\ncut = list\n", "name of letters" },
		{ "[a]\ncut = list\ndevice = page-x=on,id=other\n", "other than its id" },
		{ "; nothing\n", "no variant" },
	};
	struct variants v;
	char err[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(variants_load(&v, write_file(test_dir, "v.ini", bad[i].text), err,
					       sizeof(err)),
				 -EINVAL);
		if (!strstr(err, bad[i].says))
			fail_msg("case %zu says: %s", i, err);
	}
	assert_int_equal(variants_load(&v, path_variants(), err, sizeof(err)), 0);
	assert_string_equal(v.list[0].name, "pfn-array");
	assert_non_null(variants_find(&v, NULL, "finalize", err, sizeof(err)));
	assert_null(variants_find(&v, NULL, "nothing", err, sizeof(err)));
	traced = variants_find(&v, NULL, "finalize+pages", err, sizeof(err));
	assert_non_null(traced);
	assert_string_equal(traced->name, "finalize+pages");
	assert_string_equal(traced->trace, "pages");
	assert_string_equal(traced->cut, "finalize");
	assert_null(variants_find(&v, NULL, "finalize", err, sizeof(err))->trace);
	assert_null(variants_find(&v, NULL, "finalize+everything", err, sizeof(err)));
	assert_null(variants_find(&v, NULL, "nothing+pages", err, sizeof(err)));
	variants_release(&v);
}

static void suites(void **state)
{
	static const char text[] =
		"[levels]\nscenarios = idle touched tracing\nvariants = pfn-array finalize huge\n"
		"variants.tracing = finalize+off finalize finalize+pages huge+pages\nboots = 6\n"
		"boots.tracing = 2\n";
	struct suite suite;
	int plain_in_tracing = 0;
	char err[512];
	size_t i;

	(void)state;
	assert_int_equal(suite_load(&suite, "default", path_suites(), err, sizeof(err)), 0);
	assert_true(suite.boots >= 5);
	assert_string_equal(suite.variants[0], "pfn-array");
	suite_release(&suite);
	assert_int_equal(suite_load(&suite, "levels", write_file(test_dir, "levels.ini", text), err,
				    sizeof(err)),
			 0);
	/* A scenario with a list of its own runs that, and the others do not. */
	for (i = 0; i < suite.variant_count; i++) {
		bool traced = strchr(suite.variants[i], '+');

		assert_int_equal(suite_runs(&suite, "idle", i, 1), !traced);
		if (traced)
			assert_true(suite_runs(&suite, "tracing", i, 1));
		plain_in_tracing += !traced && suite_runs(&suite, "tracing", i, 1);
	}
	assert_int_equal(plain_in_tracing, 1);
	assert_true(suite_runs(&suite, "idle", 0, suite.boots));
	assert_false(suite_runs(&suite, "idle", 0, suite.boots + 1));
	assert_false(suite_runs(&suite, "tracing", suite.variant_count - 1, suite.boots));
	suite_set_boots(&suite, 99);
	assert_true(suite_runs(&suite, "tracing", suite.variant_count - 1, 99));
	suite_drop_lists(&suite);
	assert_false(suite_runs(&suite, "tracing", suite.variant_count - 1, 1));
	suite_release(&suite);
	assert_int_equal(suite_load(&suite, "none", path_suites(), err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "default, full"));
}

/* The A/A control runs where the base does, and nowhere else. */
static void controls(void **state)
{
	static const char text[] = "[mine]\nscenarios = idle with without\nvariants = a b\n"
				   "variants.with = c a\nvariants.without = b c\nboots = 3\n"
				   "boots.with = 5\n";
	const struct variant *base, *control;
	struct variants variants;
	struct suite suite;
	char err[512];

	(void)state;
	assert_int_equal(suite_load(&suite, "mine", write_file(test_dir, "controls.ini", text), err,
				    sizeof(err)),
			 0);
	assert_int_equal(suite_most_boots(&suite), 5);
	suite_add_control(&suite);
	assert_int_equal(suite.variant_count, 4);
	assert_string_equal(suite.variants[0], "a");
	assert_string_equal(suite.variants[SUITE_CONTROL], "a-again");
	assert_string_equal(suite.variants[2], "b");
	assert_true(suite_runs(&suite, "idle", SUITE_CONTROL, 3));
	assert_true(suite_runs(&suite, "idle", 2, 3));
	assert_false(suite_runs(&suite, "idle", 3, 1));
	assert_true(suite_runs(&suite, "with", SUITE_CONTROL, 5));
	assert_false(suite_runs(&suite, "with", 2, 1));
	assert_false(suite_runs(&suite, "without", SUITE_CONTROL, 1));
	suite_release(&suite);

	assert_int_equal(variants_load(&variants, path_variants(), err, sizeof(err)), 0);
	base = variants_find(&variants, NULL, "host-merge", err, sizeof(err));
	control = variants_add_control(&variants, base, "host-merge-again");
	assert_string_equal(control->name, "host-merge-again");
	assert_string_equal(control->control_of, "host-merge");
	assert_string_equal(control->cut, base->cut);
	assert_string_equal(control->device, base->device);
	assert_null(control->against);
	assert_null(base->control_of);
	/* So is it that of a variant traced at a level of its own. */
	base = variants_find(&variants, NULL, "list+pages", err, sizeof(err));
	control = variants_add_control(&variants, base, "list+pages-again");
	assert_string_equal(control->trace, "pages");
	variants_release(&variants);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_as_documented),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(long_lines_are_refused),
		cmocka_unit_test(states_are_read),
		cmocka_unit_test(workloads_are_read),
		cmocka_unit_test(states_are_scaled),
		cmocka_unit_test(unknown_name_lists_the_known),
		cmocka_unit_test(shipped_scenarios_load),
		cmocka_unit_test(scaling_keeps_proportions),
		cmocka_unit_test(variants),
		cmocka_unit_test(suites),
		cmocka_unit_test(controls),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
