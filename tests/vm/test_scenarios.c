/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scenarios that bring memory into a state or put work beside the balloon, in
 * a small form: the state that they claim is there, and what they measure of it is
 * in the result.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "lib/result.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/scenario.h"

#define PAGE 4096

#define GUEST "[guest]\nmemory = 512 MiB\n[balloon]\ninflate = 192 MiB\n"
#define ONCE "[run]\ncycles = 1\n"

/* Pages that the host is told with one entry, on average. */
static double pages_per_entry(const json_t *result)
{
	const json_t *inflate = json_object_get(cycle_of(result), "inflate");

	return number_of(inflate, "bytes") / PAGE / number_of(inflate, "entries.count");
}

/*
 * Runs of 1 to 4 pages are 2.5 on average; what is free beside the fragmented part,
 * in large blocks, is at most twice the high watermark: 8 MiB. In memory as booted runs are long.
 */
static void fragmented_memory_has_short_runs(void **state)
{
	json_t *fragmented = run_scenario(
		"fragmented", GUEST ONCE "[prepare]\nstate = fragmented\nlongest_run = 4\n",
		"chunks", "pages");
	json_t *plain = run_scenario("booted", GUEST ONCE, "chunks", "phases");
	const json_t *calls, *before = json_at(cycle_of(fragmented), "fragmentation.before");

	(void)state;
	print_message("# %.1f %% of free memory in blocks of 64 KiB or more\n",
		      number_of(before, "share_order4") * 100);
	assert_above(0.06, number_of(before, "share_order4"));
	assert_true(json_array_size(json_object_get(before, "free_pages")) > 4);
	assert_true(json_is_array(json_at(before, "by_type.Movable.free_pages")));
	assert_true(number_of(cycle_of(fragmented), "fragmentation.pinned_bytes") > 32.0 * MIB);
	assert_true(pages_per_entry(fragmented) < 3);
	assert_true(pages_per_entry(plain) > 16);
	/* Where QEMU's calls are seen, they are as short. */
	calls = json_at(fragmented, "trace.host.calls.dontneed");
	if (calls)
		assert_true(number_of(calls, "bytes") / number_of(calls, "calls") < 3 * PAGE);
	json_decref(fragmented);
	json_decref(plain);
}

static void check_migrations(const json_t *result, int rounds)
{
	const json_t *compaction = json_at(cycle_of(result), "compaction"), *round;
	double migrated = number_of(compaction, "migrated_pages"), sum = 0;
	size_t i;

	assert_int_equal(json_array_size(json_object_get(compaction, "each")), rounds);
	json_array_foreach (json_object_get(compaction, "each"), i, round) {
		assert_true(number_of(round, "freed_bytes") == 8.0 * MIB);
		assert_true(number_of(round, "balloon_migrate") > 0);
		sum += number_of(round, "balloon_migrate");
	}
	assert_true(sum == migrated);
	assert_true(number_of(result, "vmstat.balloon_migrate") == migrated);
	assert_true(number_of(result, "ops.migrate.count") == migrated);
	assert_true(number_of(result, "ops.isolate.count") >= migrated);
	assert_true(number_of(compaction, "migrate_again") >= 0);
	if (json_object_get(compaction, "round_trips"))
		assert_true(number_of(compaction, "round_trips") == 2 * migrated);
}

static const json_t *observation(const json_t *result, const char *what)
{
	const json_t *o;
	size_t i;

	json_array_foreach (json_at(result, "trace.guest.observations"), i, o)
		if (!strcmp(json_string_value(json_object_get(o, "what")), what))
			return o;
	fail_msg("nothing is said of %s", what);
	return NULL;
}

/* Pages of the balloon move in every round, by two round trips each. */
static void compaction_moves_the_balloon(void **state)
{
	json_t *result =
		run_scenario("compaction", GUEST ONCE "[compaction]\nrounds = 2\nslice = 8 MiB\n",
			     "finalize", "pages");
	const json_t *locks = observation(result, "lock hold times");

	(void)state;
	check_migrations(result, 2);
	assert_null(json_object_get(locks, "how"));
	assert_true(json_is_string(json_object_get(locks, "why_not")));
	json_decref(result);
}

#define WANTED (320 * MIB)

/* Reclaim, out of puff, relief, growth; and what the guest took back is no longer moved. */
static void pressure_takes_all_its_steps(void **state)
{
	json_t *result =
		run_scenario("pressure",
			     "[guest]\nmemory = 512 MiB\n[balloon]\ninflate = 320 MiB\n"
			     "deflate_on_oom = on\n[pressure]\nhold = 176 MiB\ncache = 144 MiB\n"
			     "growth = 176 MiB\npatience = 1 s\n" ONCE,
			     "finalize", "phases");
	const json_t *cycle = cycle_of(result);
	double deflated = number_of(cycle, "pressure.growth.oom_deflated_pages");

	(void)state;
	assert_true(number_of(cycle, "pressure.reclaim.pglazyfreed") > 0);
	assert_true(number_of(cycle, "pressure.out_of_puff") > 0);
	assert_true(number_of(cycle, "inflate.phases.alloc_retry_ns") > 0);
	assert_true(number_of(cycle, "inflate.bytes") == WANTED);
	assert_true(number_of(cycle, "inflate.stall.bytes") < WANTED);
	assert_true(number_of(cycle, "inflate.stall.freed_bytes") == 176.0 * MIB);
	assert_true(number_of(cycle, "inflate.stall.at_ns") <
		    number_of(cycle, "inflate.stall.relief_ns"));
	assert_true(number_of(cycle, "inflate.stall.relief_ns") <
		    number_of(cycle, "inflate.duration_ns"));
	assert_true(deflated > 0);
	assert_true(number_of(cycle, "deflate.bytes") == WANTED - deflated * PAGE);
	json_decref(result);
}

static void neighbours_are_heard(void **state)
{
	static const char *const victims[] = { "bandwidth_bytes_per_s", "sched_ns", "request_ns" };
	static const char *const phases[] = { "before", "inflate", "plateau", "deflate", "after" };
	json_t *result = run_scenario("neighbour",
				      GUEST ONCE "[victims]\nhost = bandwidth@1 sched@1 request@1\n"
						 "calm = 300 ms\n",
				      "finalize", "off");
	char path[128];
	size_t i, j;

	(void)state;
	for (i = 0; i < 3; i++) {
		for (j = 0; j < 5; j++) {
			snprintf(path, sizeof(path), "victims.host.%s.%s.count", victims[i],
				 phases[j]);
			assert_true(number_of(result, path) > 0);
		}
	}
	assert_null(json_at(result, "victims.guest"));
	json_decref(result);
}

/* What the balloon takes leaves QEMU's memory, and comes back when it is touched. */
static void refault_shows_the_hosts_memory(void **state)
{
	json_t *result =
		run_scenario("refault", GUEST "[prepare]\nstate = touched\n" ONCE "refault = on\n",
			     "finalize", "off");
	const json_t *cycle = cycle_of(result), *memory = json_object_get(cycle, "host_memory");
	double before = number_of(memory, "before.rss_bytes");

	(void)state;
	assert_true(number_of(memory, "plateau.rss_bytes") < before - 96.0 * MIB);
	assert_true(number_of(memory, "refaulted.rss_bytes") >
		    number_of(memory, "deflated.rss_bytes") + 96.0 * MIB);
	assert_true(number_of(memory, "plateau.anon_huge_bytes") <=
		    number_of(memory, "plateau.rss_bytes"));
	assert_true(number_of(memory, "deflated.anon_huge_bytes") >= 0);
	assert_true(number_of(cycle, "inflate.cpu.qemu_ns") > 0);
	assert_true(number_of(cycle, "inflate.cpu.guest_ns") > 0);
	assert_true(number_of(cycle, "inflate.cpu.guest_resolution_ns") > 0);
	json_decref(result);
}

/* 64 MiB a second are 3.2 MiB in 50 ms, and steps of whole blocks of 2 MiB. All but the last wait
 * for their time. */
static void a_rate_is_not_exceeded(void **state)
{
	json_t *result = run_scenario(
		"rate",
		"[guest]\nmemory = 512 MiB\n[balloon]\ninflate = 48 MiB\n" ONCE "rate = 64 MiB/s\n",
		"finalize", "phases");
	const json_t *inflate = json_object_get(cycle_of(result), "inflate");

	(void)state;
	assert_true(number_of(inflate, "bytes") == 48.0 * MIB);
	assert_true(number_of(inflate, "steps") == 24);
	assert_true(number_of(inflate, "rate.asked_bytes_per_s") == 64.0 * MIB);
	assert_true(number_of(inflate, "rate.elapsed_ns") >= 46e9 / 64);
	assert_true(number_of(inflate, "rate.bytes_per_s") <= 64.0 * MIB * 24 / 23);
	assert_true(number_of(inflate, "duration_ns") < number_of(inflate, "rate.elapsed_ns"));
	json_decref(result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragmented_memory_has_short_runs),
		cmocka_unit_test(compaction_moves_the_balloon),
		cmocka_unit_test(pressure_takes_all_its_steps),
		cmocka_unit_test(neighbours_are_heard),
		cmocka_unit_test(refault_shows_the_hosts_memory),
		cmocka_unit_test(a_rate_is_not_exceeded),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
