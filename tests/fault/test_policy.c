/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies that resize a guest while it replays a workload, with a fake guest whose memory is
 * known: the footprint is that computed by hand, a policy that gives nothing back is found, and a
 * program that dies, lies or stalls fails its boot with a reason.
 */
#include "tests/helpers/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/workload.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/leftovers.h"
#include "tests/helpers/schema.h"
#include "tests/helpers/tiny.h"

#define MIB (1 << 20)
#define GIB_MINUTE ((double)(1 << 30) * 60 * 1e9)

/* 64 MiB for a second, and nothing for another. */
#define WORKLOAD WORKLOAD_FIRST_LINE "\n0 49152 16384 0 0\n1000 0 0 0 0\n2000 0 0 0 0\n"
#define SHORT WORKLOAD_FIRST_LINE "\n0 1024 0 0 0\n100 0 0 0 0\n"

/* The controller leaves 64 MiB: with the 64 MiB of the fake kernel it can take all that is free. */
#define SCENARIO                                                                                   \
	"[guest]\nmemory = 256 MiB\nvms = %d\n[balloon]\ninflate = 64 MiB\n"                       \
	"[run]\nboot_timeout = 5 s\nresize_timeout = 5 s\n"                                        \
	"[workload]\nsample = 10 ms\nfile = %s\nstagger = 200 ms\n[policy]\nperiod = 50 ms\n"

/* Programs of a policy: each is a variant. */
static const struct {
	const char *variant, *program;
} programs[] = {
	{ "example", "'" TEST_SOURCE "/bench/policies/headroom'" },
	/* Takes nothing: what was touched once stays on the host. */
	{ "leak", "while read -r l; do echo '{\"target_bytes\": 0}'; done" },
	{ "dies", "read -r l; exit 3" },
	{ "killed", "read -r l; kill -9 $$" },
	{ "missing", "/nowhere/program" },
	{ "garbage", "while read -r l; do echo inflate please; done" },
	{ "list", "while read -r l; do echo '[1]'; done" },
	{ "no-key", "while read -r l; do echo '{\"target\": 1}'; done" },
	{ "text", "while read -r l; do echo '{\"target_bytes\": \"1 GiB\"}'; done" },
	{ "too-much", "while read -r l; do echo '{\"target_bytes\": 67108865}'; done" },
	{ "negative", "while read -r l; do echo '{\"target_bytes\": -4096}'; done" },
	{ "stalls", "sleep 600" },
	{ "closes", "exec <&- >&-; sleep 600" },
};

static char file[256], scenario[256];

static void write_guests(int guests, const char *workload)
{
	char text[1024];

	write_file(test_dir, "w.workload", workload);
	snprintf(text, sizeof(text), SCENARIO, guests, in_test_dir("w.workload"));
	snprintf(scenario, sizeof(scenario), "%s", write_file(test_dir, "elastic.ini", text));
}

static void write_scenario(const char *workload)
{
	write_guests(1, workload);
}

static void write_variants(void)
{
	char text[4096] = "[none]\ncut = finalize\n"
			  "[controller]\ncut = finalize\npolicy = controller\n";
	size_t i, n = strlen(text);

	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		n += snprintf(text + n, sizeof(text) - n,
			      "[%s]\ncut = finalize\npolicy = program\nprogram = %s\n",
			      programs[i].variant, programs[i].program);
	assert_in_range(n, 1, sizeof(text) - 1);
	snprintf(file, sizeof(file), "%s", write_file(test_dir, "variants.ini", text));
}

static int set_up(void **state)
{
	if (tiny_set_up(state, "") < 0)
		return -1;
	write_variants();
	return 0;
}

static struct outcome run(const char *mode, const char *tree, const char *variant)
{
	setenv("FAKE_QEMU", mode, 1);
	return run_program("balloonbench",
			   (const char *[]){ "run", "--accel", "tcg", "--scenario", scenario,
					     "--variants", file, "--variant", variant, "--boots",
					     "1", "--trace", "off", "-o", in_test_dir(tree),
					     NULL });
}

static const char *path_of(const char *tree, const char *variant)
{
	char name[256];

	snprintf(name, sizeof(name), "%s/elastic/%s/boot-01/result.json", tree, variant);
	return in_test_dir(name);
}

static json_t *result_of(const char *tree, const char *variant)
{
	return load_json(path_of(tree, variant));
}

static const json_t *replay_of(const json_t *result)
{
	return json_object_get(item_of(result, "cycles", 0), "replay");
}

/* Boot a variant; its result is ok and fits the schema. */
static json_t *boot(const char *variant)
{
	write_scenario(WORKLOAD);
	expect_outcome(run("good", variant, variant), 0, "1 boots ok");
	assert_fits_schema(path_of(variant, variant));
	return result_of(variant, variant);
}

/* By the points of its curve, which holds between two of them. */
static double footprint_by_hand(const json_t *replay)
{
	const json_t *points = json_object_get(replay, "footprint");
	double sum = 0, bytes = number_of(replay, "begin_bytes"), at = 0, next;
	const json_t *point;
	size_t i;

	json_array_foreach (points, i, point) {
		next = json_integer_value(json_array_get(point, 0));
		sum += bytes * (next - at);
		at = next;
		bytes = json_integer_value(json_array_get(point, 1));
	}
	return (sum + bytes * (number_of(replay, "elapsed_ns") - at)) / GIB_MINUTE;
}

#define assert_within_2_percent(value, wanted)                                                     \
	do {                                                                                       \
		assert_above(value, 0.98 * (wanted));                                              \
		assert_below(value, 1.02 * (wanted));                                              \
	} while (0)

/* GiB minutes of a footprint that steps once, from what it was at the begin. */
static double step_by_hand(const json_t *replay, double at_ns, double bytes)
{
	return (number_of(replay, "begin_bytes") * at_ns +
		bytes * (number_of(replay, "elapsed_ns") - at_ns)) /
	       GIB_MINUTE;
}

/*
 * What was touched once stays on the host: 64 MiB more, from when they are written to the end. How
 * long the fake guest takes to write them is up to the host's scheduler: the step is between the
 * last point without a page of them and the first with all.
 */
static void expect_a_step(const json_t *replay, double bytes)
{
	const json_t *points = json_object_get(replay, "footprint"), *point;
	double first = 0, last = 0, at, level;
	size_t i;

	json_array_foreach (points, i, point) {
		at = json_integer_value(json_array_get(point, 0));
		level = json_integer_value(json_array_get(point, 1));
		if (level < bytes - 60 * MIB)
			first = at;
		if (!last && level > bytes - MIB)
			last = at;
	}
	assert_above(last, 0);
	assert_above(number_of(replay, "footprint_gib_minutes"),
		     0.98 * step_by_hand(replay, last, bytes));
	assert_below(number_of(replay, "footprint_gib_minutes"),
		     1.02 * step_by_hand(replay, first, bytes));
}

static void footprint_without_a_policy(void **state)
{
	json_t *result = boot("none");
	const json_t *replay = replay_of(result);
	const double grown = number_of(replay, "begin_bytes") + 64 * MIB;

	(void)state;
	assert_string_equal(text_of(replay, "workload"), "w");
	assert_string_equal(text_of(replay, "policy"), "none");
	expect_a_step(replay, grown);
	assert_within_2_percent(number_of(replay, "mean_bytes") * number_of(replay, "elapsed_ns"),
				number_of(replay, "footprint_gib_minutes") * GIB_MINUTE);
	assert_within_2_percent(number_of(replay, "peak_bytes"), grown);
	assert_within_2_percent(number_of(replay, "end_bytes"), grown);
	assert_within_2_percent(number_of(replay, "footprint_gib_minutes"),
				footprint_by_hand(replay));
	/* 64 MiB for a second. */
	assert_within_2_percent(number_of(replay, "planned_gib_minutes"), 64.0 / 1024 / 60);
	assert_within_2_percent(number_of(replay, "demand_gib_minutes"), 64.0 / 1024 / 60);
	assert_number(number_of(replay, "targets"), 0);
	assert_number(number_of(replay, "missed"), 1);
	assert_number(number_of(replay, "slowdown"), 1);
	assert_null(json_object_get(item_of(result, "cycles", 0), "inflate"));
	json_decref(result);
}

/* The host has the memory that the workload has freed. */
static void expect_returned(const char *variant)
{
	json_t *result = boot(variant);
	const json_t *replay = replay_of(result);

	assert_above(number_of(replay, "targets"), 0);
	assert_above(size_of(replay, "target"), 0);
	assert_above(number_of(replay, "peak_bytes") - number_of(replay, "begin_bytes"), 60 * MIB);
	assert_below(number_of(replay, "end_bytes") - number_of(replay, "begin_bytes"), 8 * MIB);
	/* It was freed once, and came back. */
	assert_number(number_of(replay, "missed"), 0);
	assert_number(number_of(result, "victims.host.reclaim_ns.plateau.count"), 1);
	assert_above(number_of(result, "victims.host.answer_ns.plateau.count"), 5);
	assert_within_2_percent(number_of(replay, "footprint_gib_minutes"),
				footprint_by_hand(replay));
	json_decref(result);
}

static void a_controller_returns_memory(void **state)
{
	(void)state;
	expect_returned("controller");
}

static void the_example_returns_memory(void **state)
{
	(void)state;
	expect_returned("example");
}

/* That of variants.ini. */
static void the_greedy_one_returns_memory(void **state)
{
	(void)state;
	expect_returned("greedy");
}

/* Beside a policy that does give back. */
static void a_policy_that_never_gives_back_is_found(void **state)
{
	json_t *leak = boot("leak"), *controller = result_of("controller", "controller");

	(void)state;
	assert_above(number_of(replay_of(leak), "end_bytes") -
			     number_of(replay_of(leak), "begin_bytes"),
		     60 * MIB);
	assert_above(number_of(replay_of(leak), "footprint_gib_minutes"),
		     1.2 * number_of(replay_of(controller), "footprint_gib_minutes"));
	json_decref(leak);
	json_decref(controller);
}

/* Each has its own footprint, and all of them one. */
static void guests_are_measured_together(void **state)
{
	const json_t *replay, *neighbour, *together, *cycle;
	json_t *result;
	double sum;
	int i;

	(void)state;
	write_guests(3, WORKLOAD);
	expect_outcome(run("good", "three", "controller"), 0, "1 boots ok");
	assert_fits_schema(path_of("three", "controller"));
	result = result_of("three", "controller");
	cycle = item_of(result, "cycles", 0);
	replay = json_object_get(cycle, "replay");
	together = json_object_get(cycle, "together");
	assert_int_equal(size_of(cycle, "neighbours"), 2);
	neighbour = item_of(cycle, "neighbours", 1);
	assert_above(number_of(neighbour, "peak_bytes") - number_of(neighbour, "begin_bytes"),
		     60 * MIB);
	assert_above(number_of(neighbour, "targets"), 0);
	assert_number(number_of(together, "guests"), 3);
	assert_number(number_of(together, "fairness"), 1);
	/* Also what each has before its workload and after it. */
	sum = number_of(replay, "footprint_gib_minutes");
	for (i = 0; i < 2; i++)
		sum += number_of(item_of(cycle, "neighbours", i), "footprint_gib_minutes");
	assert_above(number_of(together, "footprint_gib_minutes"), 0.98 * sum);
	/* The third begins 400 ms after the first. */
	assert_above(number_of(together, "elapsed_ns"), number_of(replay, "elapsed_ns"));
	assert_at_least(number_of(together, "peak_bytes"), number_of(replay, "peak_bytes"));
	/* Three checks of each. */
	assert_int_equal(size_of(json_object_get(result, "checks"), "each"), 9);
	assert_false(
		access(in_test_dir("three/elastic/controller/boot-01/vm-3/console.log"), F_OK));
	json_decref(result);
	assert_int_equal(count_processes(in_test_dir("three")), 0);
}

static void expect_failed(const char *mode, const char *variant, const char *status,
			  const char *reason)
{
	char tree[64];
	json_t *result;

	snprintf(tree, sizeof(tree), "%s-%s", mode, variant);
	expect_outcome(run(mode, tree, variant), 3, "");
	result = result_of(tree, variant);
	assert_string_equal(text_of(result, "status"), status);
	assert_contains(text_of(result, "reason"), reason);
	json_decref(result);
	assert_int_equal(count_processes(in_test_dir(tree)), 0);
}

static void programs_that_die(void **state)
{
	(void)state;
	write_scenario(WORKLOAD);
	expect_failed("good", "dies", "failed",
		      "the program of the policy ended with exit status 3");
	expect_failed("good", "killed", "failed",
		      "the program of the policy was killed by signal 9");
	expect_failed("good", "missing", "failed", "ended with exit status 127");
}

static void programs_that_lie(void **state)
{
	(void)state;
	write_scenario(WORKLOAD);
	expect_failed("good", "garbage", "failed",
		      "policy: a line that is no JSON object: 'inflate please'");
	expect_failed("good", "list", "failed", "policy: a line that is no JSON object: '[1]'");
	expect_failed("good", "no-key", "failed", "target_bytes: expected a value");
	expect_failed("good", "text", "failed", "target_bytes: expected an integer");
	expect_failed("good", "too-much", "failed",
		      "target_bytes: 67108865, expected 0 to 67108864");
	expect_failed("good", "negative", "failed", "target_bytes: -4096, expected 0 to 67108864");
}

static void programs_that_stall(void **state)
{
	(void)state;
	write_scenario(WORKLOAD);
	expect_failed("good", "stalls", "failed", "policy: no answer in time");
	expect_failed("good", "closes", "failed", "the program of the policy closed its output");
}

static void workloads_that_do_not_end_well(void **state)
{
	(void)state;
	write_scenario(SHORT);
	expect_failed("killed-workload", "none", "failed",
		      "the agent refuses 'replay': the workload was killed by signal 9");
	expect_failed("endless-workload", "none", "failed",
		      "did not end in ten times its duration");
	write_guests(2, SHORT);
	expect_failed("killed-workload", "controller", "failed", "was killed by signal 9");
	expect_failed("second-dies", "controller", "failed", "guest 2: QEMU ended");
	write_scenario(SHORT);
	expect_failed("fast-clock", "none", "invalid", "duration of the replay in the guest");
	expect_failed("lost-pages", "controller", "invalid",
		      "vmstat balloon_deflate with the balloon empty again");
}

static void wrong_policies_are_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "[v]\ncut = finalize\npolicy = magic\n", "there are: none, controller, program" },
		{ "[v]\ncut = finalize\npolicy = program\n", "[v] program: expected with" },
		{ "[v]\ncut = finalize\nprogram = true\n", "[v] program: expected with" },
		{ "[v]\ncut = finalize\nmethod = free-page-reporting\npolicy = controller\n",
		  "[v] policy: free-page-reporting has no size that a policy could set" },
	};
	size_t i;

	(void)state;
	write_scenario(SHORT);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_outcome(
			run_program("balloonbench",
				    (const char *[]){
					    "run", "--accel", "tcg", "--scenario", scenario,
					    "--variants",
					    write_file(test_dir, "bad.ini", cases[i].text),
					    "--variant", "v", "-o", in_test_dir("bad"), NULL }),
			2, cases[i].says);
}

/* Nothing is left of it, and a resumed run has the boot, with all of its guests. */
static void interrupt_and_resume(const char *name, int guests)
{
	pid_t pid;
	char tree[256], log[256];
	json_t *result;

	write_guests(guests, WORKLOAD);
	snprintf(tree, sizeof(tree), "%s", in_test_dir(name));
	snprintf(log, sizeof(log), "%s/elastic/example/.boot-01/policy.log", tree);
	setenv("FAKE_QEMU", "good", 1);
	pid = start_program("balloonbench",
			    (const char *[]){ "run", "--accel", "tcg", "--scenario", scenario,
					      "--variants", file, "--variant", "example", "--boots",
					      "1", "--trace", "off", "-o", tree, NULL });
	AWAIT(!access(log, F_OK));
	kill(pid, SIGINT);
	assert_int_equal(wait_program(pid), 130);
	expect_nothing_left(tree);
	expect_outcome(
		run_program("balloonbench", (const char *[]){ "run", "--resume", tree, NULL }), 0,
		"1 boots ok");
	result = result_of(name, "example");
	assert_string_equal(text_of(result, "status"), "ok");
	assert_int_equal(size_of(item_of(result, "cycles", 0), "neighbours"), guests - 1);
	json_decref(result);
}

static void an_interrupted_replay_is_resumed(void **state)
{
	(void)state;
	interrupt_and_resume("interrupted", 1);
	interrupt_and_resume("interrupted-3", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(footprint_without_a_policy),
		cmocka_unit_test(a_controller_returns_memory),
		cmocka_unit_test(the_example_returns_memory),
		cmocka_unit_test(the_greedy_one_returns_memory),
		cmocka_unit_test(a_policy_that_never_gives_back_is_found),
		cmocka_unit_test(guests_are_measured_together),
		cmocka_unit_test(programs_that_die),
		cmocka_unit_test(programs_that_lie),
		cmocka_unit_test(programs_that_stall),
		cmocka_unit_test(workloads_that_do_not_end_well),
		cmocka_unit_test(wrong_policies_are_refused),
		cmocka_unit_test(an_interrupted_replay_is_resumed),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}
