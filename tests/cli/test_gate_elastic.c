/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Claims about workloads under a policy: every number of a replay can be one, and those that are
 * shipped can be read.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>

#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
#include "tests/helpers/result_builder.h"

#define BOOTS 7

static void add_boots(const char *variant, double gib_minutes, double work_ms)
{
	int i;

	for (i = 1; i <= BOOTS; i++) {
		struct boot_result boot = build_boot("job", variant, i, 100);
		const double factor = 1 + i * 0.001;
		struct replay_result *r =
			boot_replay(&boot, gib_minutes * factor, work_ms * factor);
		struct cycle_result *cycle = boot_cycle(&boot);
		struct victim_result *v = add_item(&victim_record, &boot.victims.guest, "alloc_ns");

		r->alloc_stalls = 4;
		r->huge_bytes = r->mean_bytes / 2;
		r->guest_stall_ns = 3 * MS;
		v->phases[PHASE_PLATEAU] = build_histogram(20000, 20000);
		cycle->together.guests = 3;
		cycle->together.footprint_gib_minutes = 3 * gib_minutes * factor;
		cycle->together.peak_bytes = 3LL << 30;
		cycle->together.elapsed_ns = 12000 * MS;
		cycle->together.fairness = 0.9;
		put_boot("t", &boot);
	}
}

static int set_up(void **state)
{
	if (test_dir_set_up(state) < 0)
		return -1;
	add_boots("none", 0.10, 1000);
	add_boots("lean", 0.07, 1050);
	write_file(test_dir, "t/plan.json",
		   "{\"seed\": 1, \"boots\": 7, \"scenarios\": [{\"name\": \"job\"}], "
		   "\"variants\": [{\"name\": \"none\"}, {\"name\": \"lean\"}]}");
	write_file(test_dir, "t/env.json", "{}");
	return 0;
}

/* What the gate says of a claim about variant lean. */
static void expect_claim(const char *claim, int status, const char *says)
{
	char text[512], tree[256];

	snprintf(text, sizeof(text), "[it]\nclaim = %s\nvariant = lean\n", claim);
	write_file(test_dir, "it.ini", text);
	snprintf(tree, sizeof(tree), "%s", in_test_dir("t"));
	expect_outcome(run_program("balloonstat", (const char *[]){ "gate", tree, "--qos",
								    in_test_dir("it.ini"), NULL }),
		       status, says);
}

static void a_replay_can_be_claimed(void **state)
{
	static const struct {
		const char *pass, *fail;
	} claims[] = {
		{ "replay.footprint_gib_minutes <= 0.8 x none",
		  "replay.footprint_gib_minutes <= 0.6 x none" },
		{ "replay.work_ns <= 1.1 x none", "replay.work_ns <= 1.02 x none" },
		{ "replay.slowdown <= 1.02", "replay.slowdown <= 1.001" },
		{ "replay.mean_bytes <= 1 GiB", "replay.mean_bytes <= 512 MiB" },
		{ "replay.huge_bytes >= 0.4 x its replay.mean_bytes",
		  "replay.huge_bytes >= 0.6 x its replay.mean_bytes" },
		{ "replay.alloc_stalls <= 4", "replay.alloc_stalls <= 3" },
		{ "replay.guest_stall_ns <= 4 ms", "replay.guest_stall_ns <= 2 ms" },
		{ "guest.alloc_ns.p99.9 during plateau <= 30 us",
		  "guest.alloc_ns.p99.9 during plateau <= 10 us" },
		{ "together.footprint_gib_minutes <= 0.8 x none",
		  "together.footprint_gib_minutes <= 0.6 x none" },
		{ "together.fairness >= 0.8", "together.fairness >= 0.95" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		expect_claim(claims[i].pass, EXIT_FINE, "1 claims: 1 pass, 0 fail");
		expect_claim(claims[i].fail, EXIT_REGRESSION, "1 claims: 0 pass, 1 fail");
	}
}

static void a_regression_is_found(void **state)
{
	(void)state;
	expect_outcome(run_program("balloonstat",
				   (const char *[]){ "gate", in_test_dir("t"), "--max-regress",
						     "replay.work_ns=2%", NULL }),
		       EXIT_REGRESSION, "1 claims: 0 pass, 1 fail");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_replay_can_be_claimed),
		cmocka_unit_test(a_regression_is_found),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}
