/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat gate: trees whose truth is known, and what it says of them.
 */
#include "tests/helpers/unit.h"

#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analysis/gate/gate.h"
#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
#include "tests/helpers/result_builder.h"
#include "tests/helpers/schema.h"

#define BOOTS 7

/* A boot whose resizes take @ms and 100 kicks each. */
static struct boot_result make_boot(const char *scenario, const char *variant, int number,
				    double ms)
{
	struct boot_result boot = build_boot(scenario, variant, number, ms);

	boot_cycle(&boot)->inflate.kicks = boot_cycle(&boot)->deflate.kicks = 100;
	record_append_counter(&boot.vmstat, "pgfault", 10);
	return boot;
}

/* @count boots around @ms: 0.2 % from one to the next. */
static void add_boots(const char *tree, const char *scenario, const char *variant, int count,
		      double ms)
{
	struct boot_result boot;
	int i;

	for (i = 1; i <= count; i++) {
		boot = make_boot(scenario, variant, i, ms * (1 + 0.002 * (i - 4)));
		put_boot(tree, &boot);
	}
}

#define GATE(tree, ...)                                                                            \
	run_program("balloonstat",                                                                 \
		    (const char *const[]){ "gate", in_test_dir(tree), __VA_ARGS__, NULL })

/* The gate of a QoS file of one claim. */
static struct outcome gate_claim(const char *tree, const char *lines)
{
	char text[512], path[256];

	snprintf(text, sizeof(text), "[it]\n%s\n", lines);
	snprintf(path, sizeof(path), "%s", write_file(test_dir, "it.ini", text));
	return GATE(tree, "--qos", path);
}

static json_t *gate_json(const char *tree, const char *option, const char *value, int status)
{
	struct outcome outcome = GATE(tree, option, value, "--json");
	json_t *all = json_loads(outcome.output, 0, NULL);

	if (outcome.status != status || !all)
		fail_msg("status %d: %s", outcome.status, outcome.output);
	assert_int_equal(json_integer_value(json_object_get(all, "exit_status")), status);
	outcome_release(&outcome);
	return all;
}

/* A tree in which @variant takes @times as long as the base. */
static void plant(const char *tree, double times, int boots)
{
	add_boots(tree, "idle", "base", boots, 100);
	add_boots(tree, "idle", "new", boots, 100 * times);
}

static void a_planted_regression_fails(void **state)
{
	(void)state;
	plant("slower", 1.2, BOOTS);
	expect_outcome(GATE("slower", "--max-regress", "inflate.duration_ns=5%"), EXIT_REGRESSION,
		       "fail: the whole interval is beyond the limit");
	expect_outcome(GATE("slower", "--max-regress", "inflate.gib_per_s=5%"), EXIT_REGRESSION,
		       "1 claims: 0 pass, 1 fail, 0 inconclusive");
	/* One that fails is what counts. */
	expect_outcome(
		GATE("slower", "-r", "inflate.duration_ns=5%", "-r", "inflate.duration_ns=50%"),
		EXIT_REGRESSION, "2 claims: 1 pass, 1 fail, 0 inconclusive");
	/* Against the other, it is an improvement. */
	expect_outcome(GATE("slower", "-r", "inflate.duration_ns=5%", "--base", "new"), EXIT_FINE,
		       "1 claims: 1 pass");
}

static void no_regression_passes(void **state)
{
	(void)state;
	plant("equal", 1.001, BOOTS);
	expect_outcome(GATE("equal", "--max-regress", "inflate.duration_ns=5%"), EXIT_FINE,
		       "1 claims: 1 pass, 0 fail, 0 inconclusive\n");
	expect_outcome(GATE("equal", "--max-regress", "inflate.gib_per_s=5%"), EXIT_FINE, "1 pass");
	expect_outcome(GATE("equal", "-r", "vmstat.pgfault=0%"), EXIT_FINE, "1 [1, 1] x");
}

static void what_the_boots_cannot_tell_is_inconclusive(void **state)
{
	(void)state;
	plant("near", 1.05, BOOTS);
	expect_outcome(GATE("near", "--max-regress", "inflate.duration_ns=5%"), EXIT_INCONCLUSIVE,
		       "inconclusive: the interval holds the limit");
	plant("few", 2, 3);
	expect_outcome(GATE("few", "--max-regress", "inflate.duration_ns=5%"), EXIT_INCONCLUSIVE,
		       "inconclusive: too few boots: 3 of the 4 it takes");
	expect_outcome(GATE("few", "--max-regress", "inflate.duration_ns=500%"), EXIT_INCONCLUSIVE,
		       "too few boots");
}

/* 4 boots a side: p is 2 of 70 at least, which one claim survives and two do not. */
static void many_claims_are_corrected_for(void **state)
{
	json_t *all;

	(void)state;
	plant("four", 2, 4);
	expect_outcome(GATE("four", "-r", "inflate.duration_ns=5%"), EXIT_REGRESSION, "1 fail");
	add_boots("four", "idle", "third", 4, 100);
	expect_outcome(GATE("four", "-r", "inflate.duration_ns=5%"), EXIT_INCONCLUSIVE,
		       "beyond the limit, but with 2 claims chance is not excluded: more boots");
	all = gate_json("four", "-r", "inflate.duration_ns=5%", EXIT_INCONCLUSIVE);
	assert_true(fabs(number_of(item_of(all, "claims", 0), "p") - 2.0 / 70) < 1e-9);
	assert_true(fabs(number_of(item_of(all, "claims", 0), "p_holm") - 4.0 / 70) < 1e-9);
	/* What is no worse than its limit has no p to speak of. */
	assert_true(number_of(item_of(all, "claims", 1), "p_holm") == 1);
	json_decref(all);
	/* Each for itself: who asks for one is told of one. */
	expect_outcome(GATE("four", "-r", "inflate.duration_ns=5%", "--variant", "new"),
		       EXIT_REGRESSION, "1 claims: 0 pass, 1 fail");
}

/* The median of one variant is within the range of 4 boots with 1 - 2^-3, of 6 with 1 - 2^-5. */
static void single_variants_take_six_boots(void **state)
{
	static const char claim[] = "claim = inflate.duration_ns <= 150 ms";
	static const char says[] = "4 boots hold the median with 87.5 %: it takes 6 to judge",
			  one_more[] = "5 boots hold the median with 93.75 %: it takes 6 to judge";
	char path[256];
	json_t *all;

	(void)state;
	plant("single-4", 2, 4);
	expect_outcome(gate_claim("single-4", claim), EXIT_INCONCLUSIVE, says,
		       "2 claims: 0 pass, 0 fail, 2 inconclusive");
	snprintf(path, sizeof(path), "%s/it.ini", test_dir);
	expect_outcome(GATE("single-4", "--qos", path), EXIT_INCONCLUSIVE,
		       "99.7 [99.4, 100] (87.5 %) ms", "a verdict takes 4, without a reference 6");
	all = gate_json("single-4", "--qos", path, EXIT_INCONCLUSIVE);
	assert_true(number_of(item_of(all, "claims", 0), "ci_confidence") == 0.875);
	json_decref(all);
	plant("single-5", 2, 5);
	expect_outcome(gate_claim("single-5", claim), EXIT_INCONCLUSIVE, one_more);
	/* Not corrected, however many there are: nothing is tested. */
	plant("single-6", 2, 6);
	add_boots("single-6", "idle", "third", 6, 100);
	expect_outcome(gate_claim("single-6", claim), EXIT_REGRESSION, "3 claims: 2 pass, 1 fail");
	all = gate_json("single-6", "--qos", path, EXIT_REGRESSION);
	assert_true(json_is_null(json_object_get(item_of(all, "claims", 1), "p_holm")));
	json_decref(all);
}

/* 100 kicks in each boot: an interval without width, on the limit or not. */
static void limits_are_exact(void **state)
{
	(void)state;
	plant("edge", 1, BOOTS);
	expect_outcome(gate_claim("edge", "claim = inflate.kicks <= 100"), EXIT_FINE, "2 pass");
	expect_outcome(gate_claim("edge", "claim = inflate.kicks < 100"), EXIT_REGRESSION,
		       "2 fail");
	expect_outcome(gate_claim("edge", "claim = inflate.kicks >= 100"), EXIT_FINE, "2 pass");
	expect_outcome(gate_claim("edge", "claim = inflate.kicks > 100"), EXIT_REGRESSION,
		       "2 fail");
	expect_outcome(gate_claim("edge", "claim = inflate.kicks <= 1 x base"), EXIT_FINE,
		       "1 pass");
	expect_outcome(gate_claim("edge", "claim = inflate.kicks >= 1 x base"), EXIT_FINE,
		       "1 pass");
	expect_outcome(gate_claim("edge", "claim = inflate.kicks >= 1.01 x base"), EXIT_REGRESSION,
		       "1 fail");
	expect_outcome(gate_claim("edge", "claim = inflate.bytes >= 1 GiB"), EXIT_FINE,
		       "1 [1, 1] GiB");
	expect_outcome(gate_claim("edge", "claim = inflate.bytes > 1 GiB"), EXIT_REGRESSION,
		       "> 1 GiB");
	/* The end of the interval decides, not the median: 99.4 to 100.6 ms. */
	expect_outcome(
		gate_claim("edge", "claim = inflate.duration_ns <= 100.7 ms\nvariant = base"),
		EXIT_FINE, "1 pass");
	expect_outcome(
		gate_claim("edge", "claim = inflate.duration_ns <= 100.2 ms\nvariant = base"),
		EXIT_INCONCLUSIVE, "the interval holds the limit");
	expect_outcome(gate_claim("edge", "claim = inflate.duration_ns <= 99.3 ms\nvariant = base"),
		       EXIT_REGRESSION, "1 fail");
}

/* Boots of which each has its own pace: faults are @times as slow during the inflate. */
static void add_victims(const char *tree, const char *variant, double times, int events)
{
	struct boot_result boot;
	int i;

	for (i = 1; i <= BOOTS; i++) {
		boot = make_boot("victim", variant, i, 100);
		add_victim(&boot.victims.guest, "fault_ns", build_spread(1000000.0 * i, events),
			   build_spread(1000000.0 * i * times, events));
		put_boot(tree, &boot);
	}
}

static void victims_are_held_against_the_same_boot(void **state)
{
	static const struct {
		const char *statistic, *limit;
		int status;
		const char *says;
	} table[] = {
		/* Between the boots there is a factor of seven, within them one of 1.5. */
		{ "p99", "<= 1.7 x idle", EXIT_FINE, "1 pass" },
		{ "p99", "<= 1.2 x idle", EXIT_REGRESSION, "1 fail" },
		{ "mean", "<= 1.51 x idle", EXIT_FINE, "1 pass" },
		{ "mean", "<= 1.49 x idle", EXIT_REGRESSION, "1 fail" },
		{ "max", "> 1.4 x idle", EXIT_FINE, "1 pass" },
		{ "p50", "<= 100 ms", EXIT_FINE, "1 pass" },
		{ "p50", "<= 1 ms", EXIT_REGRESSION, "1 fail" },
		/* Against the other variant their spread counts. */
		{ "p50", "<= 1.2 x old", EXIT_INCONCLUSIVE, "the interval holds the limit" },
		{ "p99.9", "<= 1.7 x idle", EXIT_INCONCLUSIVE,
		  "too few events for guest.fault_ns.p99.9 in 7 of 7 boots" },
	};
	char lines[256];
	size_t i;

	(void)state;
	add_victims("victims", "old", 1, 2000);
	add_victims("victims", "new", 1.5, 2000);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		snprintf(lines, sizeof(lines),
			 "claim = guest.fault_ns.%s during inflate %s\nvariant = new",
			 table[i].statistic, table[i].limit);
		expect_outcome(gate_claim("victims", lines), table[i].status, table[i].says);
	}
	/* No phase of that name has a sample; no such side; no such histogram. */
	expect_outcome(gate_claim("victims", "claim = guest.fault_ns.p50 during after <= 1 x idle"),
		       EXIT_INCONCLUSIVE, "no boot has victims.guest.fault_ns.after");
	expect_outcome(
		gate_claim("victims", "claim = host.fault_ns.p50 during inflate <= 1 x idle"),
		EXIT_INCONCLUSIVE, "no boot has victims.host");
	expect_outcome(
		gate_claim("victims", "claim = guest.fautl_ns.p50 during inflate <= 1 x idle"),
		EXIT_USAGE,
		"no boot has 'victims.guest.fautl_ns'; in victims.guest there are: fault_ns");
}

/* Leaving a boot out would choose by its length: a short inflate has the fewest events. */
static void a_boot_without_a_percentile_decides_nothing(void **state)
{
	struct boot_result boot;
	int i;

	(void)state;
	for (i = 1; i <= BOOTS; i++) {
		boot = make_boot("victim", "short", i, 100);
		add_victim(&boot.victims.guest, "fault_ns", build_spread(1000, 2000),
			   build_spread(1000, i > 2 ? 2000 : 50));
		put_boot("short", &boot);
		boot = make_boot("victim", "none", i, 100);
		add_victim(&boot.victims.guest, "fault_ns", build_spread(1000, 2000),
			   i > 1 ? build_spread(1000, 2000) : NULL);
		put_boot("short", &boot);
	}
	expect_outcome(gate_claim("short", "claim = guest.fault_ns.p99 during inflate <= 1 s\n"
					   "variant = short"),
		       EXIT_INCONCLUSIVE, "too few events for guest.fault_ns.p99 in 2 of 7 boots");
	expect_outcome(gate_claim("short", "claim = guest.fault_ns.p50 during inflate <= 1 s\n"
					   "variant = short"),
		       EXIT_FINE, "1 pass");
	expect_outcome(gate_claim("short", "claim = guest.fault_ns.max during inflate <= 1 s\n"
					   "variant = none"),
		       EXIT_INCONCLUSIVE, "no event of guest.fault_ns.max in 1 of 7 boots");
	expect_outcome(gate_claim("short", "claim = guest.fault_ns.p50 during inflate <= 2 x none\n"
					   "variant = short"),
		       EXIT_INCONCLUSIVE, "the reference: no event of");
}

static void run_python(const char *script, const char *first, const char *second, int expected)
{
	char path[256], command[1024];
	int status;

	snprintf(path, sizeof(path), "%s", write_file(test_dir, "script.py", script));
	snprintf(command, sizeof(command), "python3 '%s' '%s' '%s'", path, first, second);
	status = system(command);
	if (WEXITSTATUS(status) == 127 || WEXITSTATUS(status) == 77) {
		print_message("# python3-jsonschema is not installed: make deps\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), expected);
}

static const char *write_json(const char *name, const json_t *json)
{
	char *text = json_dumps(json, 0);
	const char *path = write_file(test_dir, name, text);

	free(text);
	return path;
}

/* The schema lists the phases of victims: an unknown one is refused. */
static void victims_fit_the_schema(void **state)
{
	static const char check[] =
		"import json, sys\n"
		"try:\n    import jsonschema\nexcept ImportError:\n    sys.exit(77)\n"
		"try:\n    jsonschema.validate(json.load(open(sys.argv[2])), "
		"json.load(open(sys.argv[1])))\n"
		"except jsonschema.ValidationError:\n    sys.exit(3)\n";
	struct boot_result boot = make_boot("victim", "huge", 1, 100);
	struct victim_result *victims[2];
	json_t *json, *victim;
	char path[256];
	int i, phase;

	(void)state;
	victims[0] = add_item(&victim_record, &boot.victims.guest, "fault_ns");
	victims[1] = add_item(&victim_record, &boot.victims.host, "read_ns");
	for (i = 0; i < 2; i++)
		for (phase = 0; phase < VICTIM_PHASES; phase++) {
			victims[i]->phases[phase] = build_spread(1000, 9);
			victims[i]->stalls.phases[phase] = build_spread(1000, 7);
		}
	json = record_encode(&boot_record, &boot);
	snprintf(path, sizeof(path), "%s", write_json("victim.json", json));
	assert_fits_schema(path);
	victim = json_object_get(json_object_get(json_object_get(json, "victims"), "guest"),
				 "fault_ns");
	json_object_set_new(victim, "during", json_integer(9));
	json_object_set_new(victim, "before", json_integer(9));
	write_json("victim.json", json);
	run_python(check, TEST_SOURCE "/lib/result.schema.json", path, 3);
	json_decref(json);
	record_release(&boot_record, &boot);
}

static void a_variant_that_never_ran_well_is_not_passed_over(void **state)
{
	json_t *all;
	int i;

	(void)state;
	plant("panics", 1, BOOTS);
	for (i = 1; i <= 3; i++)
		put_failed("panics", "idle", "broken", i, i < 3 ? BOOT_FAILED : BOOT_INVALID,
			   "a panic");
	expect_outcome(GATE("panics", "-r", "inflate.duration_ns=5%"), EXIT_INCONCLUSIVE,
		       "invalid: no ok boot");
	expect_outcome(GATE("panics", "-r", "inflate.duration_ns=5%"), EXIT_INCONCLUSIVE,
		       "Boots of the tree: 14 ok, 2 failed, 1 invalid");
	expect_outcome(GATE("panics", "-r", "inflate.duration_ns=5%"), EXIT_INCONCLUSIVE,
		       "2 claims: 1 pass, 0 fail, 0 inconclusive, 1 invalid\n");
	expect_outcome(GATE("panics", "-r", "inflate.duration_ns=5%", "--base", "broken"),
		       EXIT_INCONCLUSIVE, "invalid: the reference: no ok boot");
	all = gate_json("panics", "-r", "inflate.duration_ns=5%", EXIT_INCONCLUSIVE);
	assert_int_equal(number_of(item_of(all, "claims", 1), "failed"), 2);
	assert_int_equal(number_of(item_of(all, "claims", 1), "invalid"), 1);
	assert_string_equal(text_of(item_of(all, "claims", 1), "verdict"), "invalid");
	assert_true(json_is_null(json_object_get(item_of(all, "claims", 1), "value")));
	json_decref(all);
	/* Not one boot that is ok: nobody knows what there would have been. */
	put_failed("none", "idle", "a", 1, BOOT_FAILED, "a panic");
	put_failed("none", "idle", "b", 1, BOOT_FAILED, "a panic");
	expect_outcome(GATE("none", "-r", "inflate.duration_ns=5%"), EXIT_INCONCLUSIVE,
		       "1 claims: 0 pass, 0 fail, 0 inconclusive, 1 invalid");
}

static void controls_and_other_traces_are_left_out(void **state)
{
	struct boot_result boot;
	int i;

	(void)state;
	plant("plain", 1, BOOTS);
	add_boots("plain", "idle", "new+pages", BOOTS, 200);
	add_boots("plain", "idle", "base-again", BOOTS, 200);
	write_file(test_dir, "plain/plan.json",
		   "{\"variants\": [{\"name\": \"base\"}, {\"name\": \"new\"}, "
		   "{\"name\": \"base-again\", \"control_of\": \"base\"}]}");
	expect_outcome(GATE("plain", "-r", "inflate.duration_ns=5%"), EXIT_FINE,
		       "1 claims: 1 pass");
	/* Who names them means them. */
	expect_outcome(gate_claim("plain", "claim = inflate.duration_ns <= 1.05 x base\n"
					   "variant = base-again new+pages"),
		       EXIT_REGRESSION, "2 claims: 0 pass, 2 fail");
	/* Where levels are all there is, they are compared. */
	add_boots("levels", "idle", "a", BOOTS, 100);
	add_boots("levels", "idle", "a+pages", BOOTS, 150);
	expect_outcome(GATE("levels", "-r", "inflate.duration_ns=5%"), EXIT_REGRESSION, "1 fail");
	/* A histogram of the tracer is where it was asked for. */
	for (i = 1; i <= BOOTS; i++) {
		boot = make_boot("idle", "new+pages", BOOTS + i, 100);
		add_op(&boot, "enqueue", build_spread(1000, 2000));
		boot.trace.level = RESULT_PAGES;
		boot.trace.host.clock_ns = 20;
		put_boot("plain", &boot);
	}
	expect_outcome(gate_claim("plain", "claim = ops.enqueue.p99 <= 2 us"), EXIT_FINE,
		       "1 claims: 1 pass");
	expect_outcome(gate_claim("plain", "claim = ops.enqueue.p99 <= 2 us\nvariant = new"),
		       EXIT_INCONCLUSIVE, "not in these boots");
	expect_outcome(gate_claim("plain", "claim = ops.enqeue.p99 <= 2 us"), EXIT_USAGE,
		       "no boot has 'ops.enqeue'; in ops there are: enqueue");
	/* Had it booted, it might have had one. */
	put_failed("plain", "idle", "old+pages", 1, BOOT_FAILED, "a panic");
	expect_outcome(gate_claim("plain", "claim = ops.enqueue.p99 <= 2 us"), EXIT_INCONCLUSIVE,
		       "2 claims: 1 pass, 0 fail, 0 inconclusive, 1 invalid");
}

static void what_was_not_measured_is_not_mistyped(void **state)
{
	(void)state;
	plant("bare", 1, BOOTS);
	expect_outcome(gate_claim("bare", "claim = ops.enqueue.p99 <= 2 us"), EXIT_INCONCLUSIVE,
		       "no boot has ops.enqueue.histogram: not traced for it");
	expect_outcome(gate_claim("bare", "claim = inflate.phases.alloc_ns <= 2 us"),
		       EXIT_INCONCLUSIVE, "no boot has inflate.phases.alloc_ns: not traced");
	expect_outcome(gate_claim("bare", "claim = refault.duration_ns <= 2 s"), EXIT_INCONCLUSIVE,
		       "no boot has refault.duration_ns: not traced");
	expect_outcome(gate_claim("bare", "claim = vmstat.pgmajfault <= 0"), EXIT_INCONCLUSIVE,
		       "vmstat.pgmajfault changed in no boot, or there is no such counter");
	expect_outcome(
		gate_claim("bare", "claim = inflate.kick <= 5"), EXIT_USAGE,
		"it.ini:2: [it] claim: no metric 'inflate.kick'; in inflate there are: bytes, "
		"duration_ns, gib_per_s, resolution_ns, wall_ns, steps, busy_ns, busy_share, "
		"taken_back_bytes, batches, "
		"kicks,");
	expect_outcome(gate_claim("bare", "claim = inflat.kicks <= 5"), EXIT_USAGE,
		       "no metric 'inflat.kicks'; in a boot and its cycles there are: touch");
	expect_outcome(gate_claim("bare", "claim = inflate <= 5"), EXIT_USAGE,
		       "no metric 'inflate'; in inflate there are: bytes");
	expect_outcome(gate_claim("bare", "claim = inflate.kicks.p50 <= 5"), EXIT_USAGE,
		       "'inflate.kicks' is no histogram");
}

static void a_counter_that_did_not_change_is_zero(void **state)
{
	struct boot_result boot = make_boot("idle", "new", 8, 100);

	(void)state;
	plant("vmstat", 1, BOOTS);
	record_append_counter(&boot.vmstat, "compact_stall", 3);
	put_boot("vmstat", &boot);
	expect_outcome(gate_claim("vmstat", "claim = vmstat.compact_stall <= 0\nvariant = base"),
		       EXIT_FINE, "0 [0, 0]");
	/* No ratio to it. */
	expect_outcome(gate_claim("vmstat", "claim = vmstat.compact_stall <= 1 x base"),
		       EXIT_INCONCLUSIVE, "the reference is not above 0: no ratio");
}

static void claims_that_fit_nothing_are_errors(void **state)
{
	(void)state;
	plant("fits", 1, BOOTS);
	add_boots("fits", "other", "new", BOOTS, 100);
	expect_outcome(
		gate_claim("fits", "claim = inflate.kicks <= 1 x lists"), EXIT_USAGE,
		"it.ini:2: [it] claim: no variant 'lists' in the results to compare with; there "
		"are: base, new, and 'base', 'idle'");
	expect_outcome(gate_claim("fits", "claim = inflate.kicks <= 5\nscenario = idel"),
		       EXIT_USAGE,
		       "none of its scenarios ('idel') is in the results; there are: idle, other");
	expect_outcome(gate_claim("fits", "claim = inflate.kicks <= 5\nvariant = nwe"), EXIT_USAGE,
		       "none of its variants ('nwe') is in the results; there are: base, new");
	expect_outcome(gate_claim("fits", "claim = inflate.kicks <= 1 x base\nvariant = base"),
		       EXIT_USAGE, "nothing to compare with 'base'");
	/* One of two is there: the other is told, and the gate does not pass. */
	expect_outcome(gate_claim("fits", "claim = inflate.kicks <= 500\nscenario = idle touched"),
		       EXIT_INCONCLUSIVE, "3 claims: 2 pass, 0 fail, 1 inconclusive");
	expect_outcome(gate_claim("fits", "claim = inflate.kicks <= 500\nvariant = base nwe"),
		       EXIT_INCONCLUSIVE, "was not run where this can be judged");
	expect_outcome(gate_claim("fits", "claim = inflate.kicks <= 500\nvariant = base\n"
					  "scenario = idle other"),
		       EXIT_INCONCLUSIVE, "was not run here");
	expect_outcome(
		gate_claim("fits", "claim = inflate.kicks <= 1 x base\nscenario = other idle"),
		EXIT_INCONCLUSIVE, "the reference was not run here");
}

/* Of claims for any suite only those are judged that this one ran something of. */
static void what_was_not_run_is_told_in_a_line(void **state)
{
	static const char all[] =
		"[here]\nclaim = inflate.kicks <= 500\nscenario = idle absent\n"
		"[there]\nclaim = refault.duration_ns <= 1 s\nscenario = nowhere\n"
		"[who]\nclaim = inflate.kicks <= 1 x nobody\nscenario = idle\n"
		"[what]\nclaim = compaction.round_trips <= 5\n";
	struct outcome outcome;
	char path[256];

	(void)state;
	plant("suite", 1, BOOTS);
	snprintf(path, sizeof(path), "%s", write_file(test_dir, "all.ini", all));
	expect_outcome(GATE("suite", "--qos", path), EXIT_USAGE, "'nobody'");
	expect_outcome(GATE("suite", "--qos", path, "--only-measured"), EXIT_FINE,
		       "Not measured in this run, and not judged: 3 claims, which need scenarios: "
		       "nowhere; variants: nobody; boots with: compaction.round_trips.\n\n"
		       "2 claims: 2 pass, 0 fail, 0 inconclusive\n");
	outcome = GATE("suite", "--qos", path, "--only-measured", "--brief");
	assert_null(strstr(outcome.output, "here:"));
	outcome_release(&outcome);
	/* Of nothing nothing is judged, and a mistyped metric stays an error. */
	snprintf(path, sizeof(path), "%s",
		 write_file(test_dir, "none.ini",
			    "[it]\nclaim = inflate.kicks <= 5\nscenario = x\n"));
	expect_outcome(GATE("suite", "--qos", path, "--only-measured"), EXIT_INCONCLUSIVE,
		       "need scenarios: x.\n\n0 claims: 0 pass");
	snprintf(path, sizeof(path), "%s",
		 write_file(test_dir, "typo.ini", "[it]\nclaim = inflate.kick <= 5\n"));
	expect_outcome(GATE("suite", "--qos", path, "--only-measured"), EXIT_USAGE,
		       "no metric 'inflate.kick'");
	/* Where the scenario ran and nothing came of it, that is told. */
	snprintf(path, sizeof(path), "%s",
		 write_file(test_dir, "lost.ini",
			    "[it]\nclaim = compaction.round_trips <= 5\nscenario = idle\n"));
	expect_outcome(GATE("suite", "--qos", path, "--only-measured"), EXIT_INCONCLUSIVE,
		       "no boot has compaction.round_trips: not traced");
}

static void what_fails_is_named_last(void **state)
{
	char path[256];

	(void)state;
	plant("named", 1, BOOTS);
	snprintf(path, sizeof(path), "%s",
		 write_file(test_dir, "named.ini",
			    "[few]\nclaim = inflate.kicks <= 50\n[many]\nclaim = inflate.kicks <= "
			    "500\n"));
	expect_outcome(GATE("named", "--qos", path, "--brief"), EXIT_REGRESSION,
		       "Failed: few (idle, base); few (idle, new)\n\n4 claims: 2 pass, 2 fail");
}

/* Round trips for a page, calls for an entry: two counts of one boot. */
static void numbers_of_a_boot_are_held_against_each_other(void **state)
{
	struct compaction *compaction;
	struct boot_result boot;
	int i;

	(void)state;
	for (i = 1; i <= BOOTS; i++) {
		boot = make_boot("idle", "new", i, 100);
		compaction = &boot_cycle(&boot)->compaction;
		compaction->rounds = 1;
		compaction->duration_ns = MS;
		compaction->migrated_pages = 100 * i;
		compaction->round_trips = 200 * i;
		put_boot("its", &boot);
	}
	expect_outcome(gate_claim("its", "claim = compaction.round_trips <= 2 x its "
					 "compaction.migrated_pages"),
		       EXIT_FINE, "2 [2, 2] x");
	expect_outcome(gate_claim("its", "claim = compaction.round_trips < 2 x its "
					 "compaction.migrated_pages"),
		       EXIT_REGRESSION, "the whole interval is beyond the limit");
	expect_outcome(gate_claim("its", "claim = compaction.round_trips <= 2 x its inflate.calls"),
		       EXIT_USAGE, "no metric 'inflate.calls'");
}

static void a_part_can_be_asked_for(void **state)
{
	static const char two[] = "[here]\nclaim = inflate.kicks <= 500\nscenario = idle\n"
				  "[there]\nclaim = inflate.kicks <= 500\nscenario = other\n";
	char path[256];

	(void)state;
	plant("parts", 1, BOOTS);
	add_boots("parts", "other", "new", BOOTS, 100);
	snprintf(path, sizeof(path), "%s", write_file(test_dir, "two.ini", two));
	expect_outcome(GATE("parts", "--qos", path), EXIT_FINE, "3 claims: 3 pass");
	expect_outcome(GATE("parts", "--qos", path, "--scenario", "other"), EXIT_FINE,
		       "1 claims are left out by --scenario and --variant");
	expect_outcome(GATE("parts", "--qos", path, "--variant", "base"), EXIT_FINE,
		       "1 claims: 1 pass");
	expect_outcome(GATE("parts", "--qos", path, "--variant", "base", "--scenario", "other"),
		       EXIT_USAGE, "leave no claim to judge");
	expect_outcome(GATE("parts", "--qos", path, "--scenario", "x"), EXIT_USAGE,
		       "no scenario 'x'");
	expect_outcome(GATE("parts", "--qos", path, "--variant", "x"), EXIT_USAGE,
		       "no variant 'x'");
	expect_outcome(GATE("parts", "--qos", path, "--base", "x"), EXIT_USAGE, "no variant 'x'");
}

static void under_icount_there_is_no_time(void **state)
{
	struct boot_result boot;
	int i;

	(void)state;
	for (i = 1; i <= 2 * BOOTS; i++) {
		boot = make_boot("idle", i % 2 ? "base" : "new", i, i % 2 ? 100 : 120);
		boot.accel = RESULT_ICOUNT;
		put_boot("icount", &boot);
	}
	expect_outcome(gate_claim("icount", "claim = inflate.duration_ns <= 9 s"),
		       EXIT_INCONCLUSIVE, "under icount these are instructions: no limit in s");
	/* The host's clock has ns. */
	expect_outcome(gate_claim("icount", "claim = inflate.wall_ns <= 9 s"), EXIT_FINE, "2 pass");
	expect_outcome(gate_claim("icount", "claim = inflate.kicks <= 100"), EXIT_FINE, "2 pass");
	expect_outcome(GATE("icount", "-r", "inflate.duration_ns=5%"), EXIT_REGRESSION, "1 fail");
}

/* In a box under icount the host's clock counts, too. */
static void a_box_that_counts_has_no_time(void **state)
{
	struct boot_result boot;
	int i;

	(void)state;
	for (i = 1; i <= 2 * BOOTS; i++) {
		boot = make_boot("idle", i % 2 ? "base" : "new", i, i % 2 ? 100 : 120);
		boot.accel = RESULT_KVM_IN_ICOUNT;
		put_boot("boxed", &boot);
	}
	expect_outcome(gate_claim("boxed", "claim = inflate.duration_ns <= 9 s"), EXIT_INCONCLUSIVE,
		       "these are instructions: no limit in s");
	expect_outcome(gate_claim("boxed", "claim = inflate.wall_ns <= 9 s"), EXIT_INCONCLUSIVE,
		       "these are instructions: no limit in s");
	expect_outcome(gate_claim("boxed", "claim = inflate.kicks <= 100"), EXIT_FINE, "2 pass");
	expect_outcome(GATE("boxed", "-r", "inflate.duration_ns=5%"), EXIT_REGRESSION, "1 fail");
}

static void usage(void **state)
{
	const char *none[] = { "gate", "-r", "inflate.duration_ns=5%", NULL };
	const char *help[] = { "gate", "--help", NULL };

	(void)state;
	plant("usage", 1, BOOTS);
	expect_outcome(GATE("usage", NULL), EXIT_USAGE,
		       "as in --max-regress inflate.duration_ns=5%");
	expect_outcome(GATE("usage", "-r", "inflate.duration_ns"), EXIT_USAGE,
		       "expected METRIC=PERCENT%");
	expect_outcome(GATE("usage", "-r", "inflate.durations_ns=5%"), EXIT_USAGE,
		       "no metric 'inflate.durations_ns'");
	expect_outcome(GATE("usage", "-q", "/nowhere.ini"), EXIT_USAGE,
		       "/nowhere.ini: No such file");
	expect_outcome(GATE("usage", "-r", "inflate.kicks=5%", "--json", "--junit", "-"),
		       EXIT_USAGE, "both write to standard output");
	expect_outcome(GATE("usage", "-r", "inflate.kicks=5%", "--junit", "/nowhere/gate.xml"),
		       EXIT_ENVIRONMENT, "--junit /nowhere/gate.xml: No such file");
	expect_outcome(GATE("usage", "another", "-r", "inflate.kicks=5%"), EXIT_USAGE,
		       "expected one DIR");
	expect_outcome(run_program("balloonstat", none), EXIT_USAGE,
		       "missing argument: DIR: result tree");
	expect_outcome(run_program("balloonstat", help), EXIT_FINE, "EXAMPLES");
	expect_outcome(GATE("not-there", "-r", "inflate.kicks=5%"), EXIT_ENVIRONMENT,
		       "no results in it");
	write_file(test_dir, "torn/s/v/boot-01/result.json", "{");
	expect_outcome(GATE("torn", "-r", "inflate.kicks=5%"), EXIT_ENVIRONMENT, "result.json:1:");
}

/* The figures are those of compare, and the document says what the table says. */
static void json_agrees_with_compare(void **state)
{
	static const char *const keys[] = { "ci_low", "ci_high" };
	const char *args[] = { "compare",  in_test_dir("slower"),
			       "--metric", "inflate.duration_ns",
			       "--json",   NULL };
	struct outcome outcome = run_program("balloonstat", args);
	json_t *compared = json_loads(outcome.output, 0, NULL), *all;
	const json_t *c, *g;
	size_t i;

	(void)state;
	assert_non_null(compared);
	outcome_release(&outcome);
	all = gate_json("slower", "-r", "inflate.duration_ns=5%", EXIT_REGRESSION);
	c = item_of(compared, "comparisons", 0);
	g = item_of(all, "claims", 0);
	for (i = 0; i < 2; i++)
		assert_true(fabs(number_of(c, keys[i]) - number_of(g, keys[i])) < 1e-9);
	assert_true(fabs(number_of(c, "ratio") - number_of(g, "value")) < 1e-9);
	assert_true(fabs(number_of(c, "median") * MS - number_of(g, "median")) < 1);
	assert_int_equal(number_of(all, "schema_version"), 1);
	assert_int_equal(number_of(json_object_get(all, "summary"), "fail"), 1);
	assert_int_equal(number_of(json_object_get(all, "summary"), "claims"), 1);
	assert_int_equal(number_of(json_object_get(all, "boots"), "ok"), 2 * BOOTS);
	assert_string_equal(text_of(all, "accel"), "tcg");
	assert_string_equal(text_of(all, "base"), "base");
	assert_string_equal(text_of(g, "expression"), "inflate.duration_ns <= 1.05 x base");
	assert_string_equal(text_of(g, "unit"), "ns");
	assert_string_equal(text_of(g, "reference"), "base");
	assert_string_equal(text_of(g, "verdict"), "fail");
	assert_int_equal(number_of(g, "n"), BOOTS);
	assert_int_equal(number_of(g, "reference_n"), BOOTS);
	assert_true(number_of(g, "limit") == 1.05);
	assert_true(json_is_null(json_object_get(g, "file")));
	json_decref(compared);
	json_decref(all);
}

/* By a schema where there is xmllint, and always by what a server would count. */
static void expect_junit(const char *path, const char *counts)
{
	static const char check[] =
		"import sys\n"
		"import xml.etree.ElementTree as tree\n"
		"root = tree.parse(sys.argv[1]).getroot()\n"
		"kinds = ('tests', 'failures', 'errors', 'skipped')\n"
		"assert root.tag == 'testsuites', root.tag\n"
		"def count(e):\n"
		"    return [len(e.findall('.//' + k)) for k in\n"
		"            ('testcase', 'failure', 'error', 'skipped')]\n"
		"for e in [root] + root.findall('testsuite'):\n"
		"    assert [int(e.get(k)) for k in kinds] == count(e), e.attrib\n"
		"for c in root.iter('testcase'):\n"
		"    assert '.' in c.get('classname') and c.get('name'), c.attrib\n"
		"said = ' '.join(map(str, count(root)))\n"
		"assert said == sys.argv[2], said\n";
	char command[1024];

	run_python(check, path, counts, 0);
	if (system("xmllint --version >/dev/null 2>&1"))
		return;
	snprintf(command, sizeof(command),
		 "xmllint --noout --nonet --schema '%s/tests/helpers/junit.xsd' '%s' >/dev/null "
		 "2>&1",
		 TEST_SOURCE, path);
	assert_int_equal(system(command), 0);
}

static void junit_counts_what_there_is(void **state)
{
	struct outcome outcome;
	char path[256], *text;

	(void)state;
	plant("junit", 1.2, BOOTS);
	add_boots("junit", "idle", "few", 2, 100);
	add_boots("junit", "idle", "good", BOOTS, 90);
	put_failed("junit", "idle", "broken", 1, BOOT_FAILED, "a panic");
	snprintf(path, sizeof(path), "%s/gate.xml", test_dir);
	expect_outcome(GATE("junit", "-r", "inflate.duration_ns=5%", "-r", "inflate.kicks=5%",
			    "--junit", path),
		       EXIT_REGRESSION, "8 claims: 3 pass, 1 fail, 2 inconclusive, 2 invalid");
	expect_junit(path, "8 1 2 2");
	text = read_file(path);
	assert_non_null(strstr(text, "classname=\"idle.new\" name=\"max-regress "
				     "inflate.duration_ns=5%: inflate.duration_ns &#60;= 1.05 x "
				     "base\""));
	assert_non_null(strstr(text, "<skipped message=\"too few boots: 2 of the 4 it takes\"/>"));
	assert_non_null(strstr(text, "<error message=\"no ok boot\" type=\"invalid\"/>"));
	/* To stdout there is nothing else. */
	outcome = GATE("junit", "-r", "inflate.duration_ns=5%", "--junit", "-");
	assert_int_equal(outcome.status, EXIT_REGRESSION);
	assert_memory_equal(outcome.output, "<?xml", 5);
	write_file(test_dir, "stdout.xml", outcome.output);
	snprintf(path, sizeof(path), "%s/stdout.xml", test_dir);
	expect_junit(path, "4 1 1 1");
	outcome_release(&outcome);
	free(text);
}

/* Root may write to /dev/null, and must find it there afterwards. */
static void junit_leaves_devices_where_they_are(void **state)
{
	char fifo[256], link[256], target[256], text[64] = "", *written;
	struct stat st;
	int fd;

	(void)state;
	snprintf(fifo, sizeof(fifo), "%s/fifo", test_dir);
	snprintf(link, sizeof(link), "%s/link.xml", test_dir);
	snprintf(target, sizeof(target), "%s", write_file(test_dir, "target.xml", "old"));
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(symlink(target, link), 0);
	fd = open(fifo, O_RDWR | O_CLOEXEC);
	expect_outcome(GATE("equal", "-r", "inflate.kicks=5%", "--junit", fifo), EXIT_FINE,
		       "1 pass");
	assert_int_equal(lstat(fifo, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	assert_memory_equal(text, "<?xml", 5);
	close(fd);
	expect_outcome(GATE("equal", "-r", "inflate.kicks=5%", "--junit", link), EXIT_FINE,
		       "1 pass");
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	written = read_file(target);
	assert_memory_equal(written, "<?xml", 5);
	free(written);
}

/* Names that close a tag, an attribute or a comment, move a cursor, or are not even text. */
static void hostile_names_are_harmless(void **state)
{
	static const char base[] = "a\"/></testsuites><!--",
			  bad[] = "b&amp;<![CDATA[\x1b[31m\x01\n";
	static const char check[] =
		"import sys\n"
		"import xml.etree.ElementTree as tree\n"
		"names = [c.get('classname') for c in tree.parse(sys.argv[1]).iter('testcase')]\n"
		"assert names == ['i\\tdle.b&amp;<![CDATA[\\ufffd[31m\\ufffd\\n'], names\n";
	char path[256], ini[256], *text;
	struct outcome outcome;

	(void)state;
	add_boots("hostile", "i\tdle", base, BOOTS, 100);
	add_boots("hostile", "i\tdle", bad, BOOTS, 100);
	snprintf(path, sizeof(path), "%s/hostile.xml", test_dir);
	/* A directory need not be UTF-8, and its name is in the JSON. */
	snprintf(ini, sizeof(ini), "%s",
		 write_file(test_dir, "\xff\x1b/q.ini",
			    "[<x> & \"y\"]\nclaim = inflate.kicks <= 1 x base\n"
			    "description = </testcase>\n"));
	outcome = GATE("hostile", "--qos", ini, "--junit", path);
	assert_int_equal(outcome.status, EXIT_FINE);
	assert_non_null(strstr(outcome.output, "i?dle"));
	assert_non_null(strstr(outcome.output, "b&amp;<![CDATA[?[31m??"));
	assert_null(strchr(outcome.output, '\x1b'));
	assert_null(strchr(outcome.output, 0xff));
	outcome_release(&outcome);
	expect_junit(path, "1 0 0 0");
	run_python(check, path, "", 0);
	text = read_file(path);
	assert_null(strchr(text, '\x1b'));
	free(text);
	json_decref(gate_json("hostile", "--qos", ini, EXIT_FINE));
	outcome = GATE("hostile", "-r", "inflate.kicks=5%", "--base", "x");
	assert_int_equal(outcome.status, EXIT_USAGE);
	assert_null(strchr(outcome.output, '\x1b'));
	outcome_release(&outcome);
}

/* However clear the effect is. */
static void what_is_not_resolved_is_not_judged(void **state)
{
	struct boot_result boot;
	int i;

	(void)state;
	for (i = 1; i <= BOOTS; i++) {
		boot = make_boot("idle", "old", i, 100 + 0.1 * i);
		put_boot("short", &boot);
		boot = make_boot("idle", "new", i, 10 + 0.01 * i);
		boot_cycle(&boot)->inflate.resolution_ns = 0.31 * MS;
		boot_cycle(&boot)->deflate.resolution_ns = 0.29 * MS;
		put_boot("short", &boot);
	}
	expect_outcome(gate_claim("short", "claim = inflate.duration_ns <= 0.5 x old"),
		       EXIT_INCONCLUSIVE,
		       "unresolved: the timer leaves 3.1 % open, 3 % are needed");
	expect_outcome(gate_claim("short", "claim = inflate.duration_ns <= 50 ms\nvariant = new"),
		       EXIT_INCONCLUSIVE, "10 [9.9, 10.4] unresolved ms");
	expect_outcome(gate_claim("short", "claim = deflate.duration_ns <= 0.5 x old"), EXIT_FINE,
		       "1 pass");
	expect_outcome(gate_claim("short", "claim = inflate.kicks <= 1 x old"), EXIT_FINE,
		       "1 pass");
}

/* The tracer's arms of the run that is shipped have 4 boots: too few for an absolute claim. */
static bool has_too_few_boots(const json_t *claim)
{
	return json_is_null(json_object_get(claim, "reference")) && number_of(claim, "n") < 6;
}

/* Of what does not depend on the machine. */
static bool is_of_counts(const json_t *claim)
{
	static const char *const names[] = { "ranges-spare-calls", "pfns-cost-a-call-each",
					     "few-kicks" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(text_of(claim, "claim"), names[i]))
			return true;
	return false;
}

/*
 * What is shipped as the series' claims fails nowhere in the run that is shipped, and counts hold.
 * Whether a duration can be told to be below a limit depends on the noise of the machine.
 */
static void the_reference_run_keeps_its_claims(void **state)
{
	const char *args[] = { "gate",	 TEST_SOURCE "/results/reference",
			       "--qos",	 TEST_SOURCE "/bench/qos/series.ini",
			       "--json", NULL };
	struct outcome outcome = run_program("balloonstat", args);
	json_t *all = json_loads(outcome.output, 0, NULL);
	const json_t *c;
	size_t i, few = 0, counts = 0, pass = 0;

	(void)state;
	if (outcome.status != EXIT_FINE && outcome.status != EXIT_INCONCLUSIVE)
		fail_msg("status %d: %s", outcome.status, outcome.output);
	for (i = 0; i < size_of(all, "claims"); i++) {
		c = item_of(all, "claims", i);
		few += has_too_few_boots(c);
		if (has_too_few_boots(c))
			assert_string_equal(
				text_of(c, "reason"),
				"4 boots hold the median with 87.5 %: it takes 6 to judge");
		else if (is_of_counts(c))
			assert_string_equal(text_of(c, "verdict"), "pass");
		else
			assert_string_not_equal(text_of(c, "verdict"), "fail");
		counts += is_of_counts(c);
		pass += !strcmp(text_of(c, "verdict"), "pass");
	}
	/* p99 of enqueue in 3 variants, p50 of the host's calls in 2 of them. */
	assert_int_equal(few, 5);
	assert_int_equal(counts, 12);
	assert_at_least(pass, counts + 4);
	json_decref(all);
	outcome_release(&outcome);
}

/* Every claim that is shipped can be read, and those about other suites are told. */
static void claims_of_all_suites_are_shipped(void **state)
{
	struct outcome outcome =
		run_program("balloonstat",
			    (const char *const[]){ "gate", TEST_SOURCE "/results/reference",
						   "--qos", TEST_SOURCE "/bench/qos/series.ini",
						   "--qos", TEST_SOURCE "/bench/qos/victim.ini",
						   "--qos", TEST_SOURCE "/bench/qos/neighbour.ini",
						   "--qos", TEST_SOURCE "/bench/qos/memory.ini",
						   "--qos", TEST_SOURCE "/bench/qos/elastic.ini",
						   "--only-measured", "--brief", NULL });

	(void)state;
	assert_true(outcome.status == EXIT_FINE || outcome.status == EXIT_INCONCLUSIVE);
	assert_non_null(strstr(outcome.output,
			       "which need scenarios: victim, neighbour, compaction, "
			       "pressure, elastic, elastic-idle, elastic-vms, full"));
	assert_non_null(strstr(outcome.output, " 0 fail"));
	outcome_release(&outcome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_planted_regression_fails),
		cmocka_unit_test(no_regression_passes),
		cmocka_unit_test(what_the_boots_cannot_tell_is_inconclusive),
		cmocka_unit_test(many_claims_are_corrected_for),
		cmocka_unit_test(single_variants_take_six_boots),
		cmocka_unit_test(limits_are_exact),
		cmocka_unit_test(victims_are_held_against_the_same_boot),
		cmocka_unit_test(a_boot_without_a_percentile_decides_nothing),
		cmocka_unit_test(victims_fit_the_schema),
		cmocka_unit_test(a_variant_that_never_ran_well_is_not_passed_over),
		cmocka_unit_test(controls_and_other_traces_are_left_out),
		cmocka_unit_test(what_was_not_measured_is_not_mistyped),
		cmocka_unit_test(a_counter_that_did_not_change_is_zero),
		cmocka_unit_test(claims_that_fit_nothing_are_errors),
		cmocka_unit_test(what_was_not_run_is_told_in_a_line),
		cmocka_unit_test(what_fails_is_named_last),
		cmocka_unit_test(numbers_of_a_boot_are_held_against_each_other),
		cmocka_unit_test(a_part_can_be_asked_for),
		cmocka_unit_test(under_icount_there_is_no_time),
		cmocka_unit_test(a_box_that_counts_has_no_time),
		cmocka_unit_test(usage),
		cmocka_unit_test(json_agrees_with_compare),
		cmocka_unit_test(junit_counts_what_there_is),
		cmocka_unit_test(junit_leaves_devices_where_they_are),
		cmocka_unit_test(hostile_names_are_harmless),
		cmocka_unit_test(what_is_not_resolved_is_not_judged),
		cmocka_unit_test(the_reference_run_keeps_its_claims),
		cmocka_unit_test(claims_of_all_suites_are_shipped),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
