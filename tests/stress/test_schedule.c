/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The schedule of the stress, and how findings are recognised, without a guest.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdio.h>

#include "tests/stress/findings.h"
#include "tests/stress/schedule.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

#define SEED 7
#define BOOTS 8

static bool same(const struct stress_round *a, const struct stress_round *b)
{
	size_t i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++) {
		const struct stress_order *x = &a->orders[i], *y = &b->orders[i];

		if (x->op != y->op || x->after_ms != y->after_ms || x->for_ms != y->for_ms ||
		    x->value != y->value)
			return false;
	}
	return true;
}

static void seed_determines_schedule(void **state)
{
	struct stress_round first, again, other;
	unsigned int boot, number, differing = 0;

	(void)state;
	for (boot = 1; boot <= BOOTS; boot++) {
		for (number = 0; number < STRESS_ROUNDS; number++) {
			schedule_round(&first, SEED, boot, number);
			schedule_round(&other, SEED + 1, boot, number);
			schedule_round(&again, SEED, boot, number);
			assert_true(same(&first, &again));
			differing += !same(&first, &other);
		}
	}
	assert_int_equal(differing, BOOTS * STRESS_ROUNDS);
}

static void boots_and_rounds_differ(void **state)
{
	struct stress_round a, b;

	(void)state;
	schedule_round(&a, SEED, 1, 2);
	schedule_round(&b, SEED, 2, 1);
	assert_false(same(&a, &b));
	schedule_round(&b, SEED, 1, 3);
	assert_false(same(&a, &b));
}

static void check_round(const struct stress_round *round, unsigned int seen[STRESS_OPS])
{
	bool suspends = false, injects = false;
	size_t i;

	assert_in_range(round->count, 1, STRESS_ORDERS_MAX);
	for (i = 0; i < round->count; i++) {
		const struct stress_order *order = &round->orders[i];

		seen[order->op]++;
		if (i)
			assert_at_least(order->after_ms, round->orders[i - 1].after_ms);
		if (order->op == STRESS_TARGET)
			assert_below(order->value * 4096, STRESS_MEMORY_BYTES);
		if (order->op == STRESS_SUSPEND)
			assert_below(order->value, STRESS_LEVELS);
		if (order->op == STRESS_INJECT)
			assert_in_range(order->value, 1, 99);
		suspends = suspends || order->op == STRESS_SUSPEND;
		injects = injects || order->op == STRESS_INJECT;
	}
	assert_false(suspends && injects);
}

/* A virtio device goes through what VMware's has not: that resets instead, at the same time. */
static void check_round_of_vmware(const struct stress_round *round, unsigned int seen[STRESS_OPS])
{
	struct stress_round other = *round;
	size_t i;

	schedule_round_of_vmware(&other);
	assert_int_equal(other.count, round->count);
	for (i = 0; i < round->count; i++) {
		assert_int_equal(other.orders[i].after_ms, round->orders[i].after_ms);
		assert_true(other.orders[i].op != STRESS_STATS);
		assert_true(other.orders[i].op != STRESS_REBIND);
		assert_true(other.orders[i].op != STRESS_REPLUG);
		seen[STRESS_RESET] += other.orders[i].op == STRESS_RESET;
	}
}

/* Every round resizes the balloon; every other operation occurs in some round. */
static void rounds_have_all_operations(void **state)
{
	unsigned int seen[STRESS_OPS] = { 0 }, boot, number, targets;
	struct stress_round round;
	int op;

	(void)state;
	for (boot = 1; boot <= BOOTS; boot++) {
		for (number = 0; number < STRESS_ROUNDS; number++) {
			targets = seen[STRESS_TARGET];
			schedule_round(&round, SEED, boot, number);
			check_round(&round, seen);
			check_round_of_vmware(&round, seen);
			assert_above(seen[STRESS_TARGET], targets);
		}
	}
	for (op = 0; op < STRESS_OPS; op++)
		assert_above(seen[op], 0);
}

static void machines_differ(void **state)
{
	unsigned int boot, oom = 0, reporting = 0, poison = 0, init = 0;
	struct stress_machine machine = { 0 };
	bool reports, poisons;

	(void)state;
	for (boot = 1; boot <= 64; boot++) {
		schedule_machine(&machine, SEED, boot);
		oom += strstr(machine.device, "deflate-on-oom=on") != NULL;
		reports = strstr(machine.device, "free-page-reporting=on");
		poisons = strstr(machine.append, "page_poison=1");
		assert_int_equal(machine.init_on_alloc,
				 strstr(machine.append, "init_on_alloc=1") != NULL);
		/* Poisoning would turn init_on_alloc off, and is lost for reported pages. */
		assert_int_equal(poisons, !reports && !machine.init_on_alloc);
		reporting += reports;
		poison += poisons;
		init += machine.init_on_alloc;
	}
	assert_in_range(oom, 16, 48);
	assert_in_range(reporting, 16, 48);
	assert_in_range(init, 16, 48);
	assert_in_range(poison, 8, 32);
}

static void machines_of_vmware_differ(void **state)
{
	unsigned int boot, single = 0, huge = 0, init = 0;
	struct stress_machine machine = { 0 };

	(void)state;
	for (boot = 1; boot <= 64; boot++) {
		schedule_machine_of_vmware(&machine, SEED, boot);
		single += !strcmp(machine.device, "batches=off");
		huge += !strcmp(machine.device, "huge-pages=on");
		init += machine.init_on_alloc;
		assert_int_equal(machine.init_on_alloc,
				 strstr(machine.append, "page_poison=0") != NULL);
	}
	assert_in_range(single, 6, 32);
	assert_in_range(huge, 10, 44);
	assert_in_range(init, 12, 48);
}

/* One of each two, and the first of them not always the same. */
static void half_the_boots_have_page_owner(void **state)
{
	struct stress_machine a = { 0 }, b = { 0 };
	unsigned int boot, first = 0;

	(void)state;
	for (boot = 1; boot <= 64; boot += 2) {
		schedule_machine(&a, SEED, boot);
		schedule_machine(&b, SEED, boot + 1);
		assert_int_equal(a.page_owner + b.page_owner, 1);
		assert_contains(a.append, a.page_owner ? "page_owner=on" : "page_owner=off");
		assert_contains(b.append, b.page_owner ? "page_owner=on" : "page_owner=off");
		first += a.page_owner;
	}
	assert_in_range(first, 4, 28);
}

/* The share of the newest among the cuts of kernel-patches/series, in that order. */
static void most_time_is_for_new_cuts(void **state)
{
	static const char *const cuts[] = {
		"stock",   "traced",   "pfn-array",	  "list",	  "finalize", "null",
		"no-init", "pipeline", "reporting-delay", "chunks-256",	  "chunks",   "sg",
		"bulk",	   "huge",     "huge-no-init",	  "huge-pipeline"
	};
	unsigned int sum = 0, of_new = 0;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		assert_above(schedule_weight(cuts[i]), 0);
		sum += schedule_weight(cuts[i]);
		if (schedule_weight(cuts[i]) > 1)
			of_new += schedule_weight(cuts[i]);
	}
	assert_above(schedule_weight("huge-pipeline"), schedule_weight("finalize"));
	assert_above(schedule_weight("a series of yours"), schedule_weight("finalize"));
	assert_above(3 * of_new, 2 * sum);
}

/* --plan prints the schedule, the same each time. */
static void plan_is_printed(void **state)
{
	const char *args[] = { "--plan", "--seed", "7", "--replay", "3", "--cut", "huge", NULL };
	struct outcome first = run_program("tests/stress/stress", args);
	struct outcome again = run_program("tests/stress/stress", args);
	struct stress_machine machine = { 0 };
	struct stress_round round;
	char line[256];

	(void)state;
	assert_int_equal(first.status, 0);
	assert_string_equal(first.output, again.output);
	schedule_round(&round, 7, 3, STRESS_ROUNDS - 1);
	snprintf(line, sizeof(line),
		 "{\"boot\": 3, \"round\": %d, \"op\": \"%s\", \"after_ms\": %u, ",
		 STRESS_ROUNDS - 1, stress_op_name(round.orders[0].op), round.orders[0].after_ms);
	assert_contains(first.output, line);
	schedule_machine(&machine, 7, 3);
	assert_contains(first.output, machine.append);
	assert_contains(first.output, "{\"cut\": \"huge\", \"weight\": 4}\n");
	outcome_release(&first);
	outcome_release(&again);
}

static void expect_usage(const char *says, const char *const *args)
{
	expect_outcome(run_program("tests/stress/stress", args), 2, says);
}

static void wrong_options(void **state)
{
	(void)state;
	expect_usage("no limit given", (const char *const[]){ "--seed", "1", NULL });
	expect_usage("got 'many'", (const char *const[]){ "--ops", "many", NULL });
	expect_usage("unexpected argument 'x'", (const char *const[]){ "--ops", "1", "x", NULL });
	expect_outcome(
		run_program("tests/stress/stress", (const char *const[]){ "--ops", "1", "--images",
									  "/nonexistent", NULL }),
		3, "/nonexistent");
}

static const char *kind_of(const char *line)
{
	const struct finding_sign *sign = finding_in_line(line);

	return sign ? sign->kind : "(none)";
}

static void findings_are_recognised(void **state)
{
	static const char *const lines[][2] = {
		{ "list_del corruption, ffffea0000a1b2c8->next is LIST_POISON1 (dead000000000100)",
		  "list corruption" },
		{ "list_add corruption. prev->next should be next (..), but was ..",
		  "list corruption" },
		{ "BUG: KASAN: slab-use-after-free in virtballoon_remove+0x1/0x2", "KASAN" },
		{ "WARNING: possible circular locking dependency detected", "lockdep" },
		{ "WARNING: inconsistent lock state", "lockdep" },
		{ "WARNING: suspicious RCU usage", "lockdep" },
		{ "BUG: sleeping function called from invalid context at mm/page_alloc.c:1",
		  "sleep in atomic context" },
		{ "BUG: Bad page state in process kworker/0:1  pfn:1234", "bad page" },
		{ "pagealloc: memory corruption", "page poison" },
		{ "refcount_t: underflow; use-after-free.", "refcount" },
		{ "ODEBUG: free active (active state 0) object: ..", "object life time" },
		{ "WARNING: CPU: 1 PID: 2 at mm/x.c:3 f+0x1/0x2", "WARNING" },
		{ "kernel BUG at mm/balloon_compaction.c:230!", "BUG" },
		{ "Oops: general protection fault, probably for non-canonical address 0xdead",
		  "fault" },
		{ "BUG: KASAN: slab-use-after-free in remove_proc_entry+0x1a7/0x270", "KASAN" },
		{ "INFO: task kworker/0:1:9 blocked for more than 241 seconds.", "hung task" },
		{ "Kernel panic - not syncing: Fatal exception", "panic" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_string_equal(kind_of(lines[i][0]), lines[i][1]);
}

/* Messages about low memory and injected faults are no findings. */
static void low_memory_is_no_finding(void **state)
{
	static const char *const lines[] = {
		"Out of memory: Killed process 77 (balloonguest) total-vm:1kB",
		"kworker/0:2: page allocation failure: order:0, mode:0xcc0(GFP_KERNEL)",
		"virtio_balloon virtio1: Out of puff! Can't get 1 pages",
		"balloonguest invoked oom-killer: gfp_mask=0x140dca",
		"virtio_balloon virtio1: probe with driver virtio_balloon failed with error -12",
		"Huh VM_FAULT_OOM leaking out to the #PF handler. Retrying PF",
		"WARNING: CPU: 0 PID: 49 at fs/proc/generic.c:733 remove_proc_entry+0x1a7/0x270",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_string_equal(kind_of(lines[i]), "(none)");
}

static void append(const char *path, const char *text)
{
	FILE *f = fopen(path, "ae");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* Each complete line is read once, and a finding has the lines around it. */
static void console_is_read_as_it_grows(void **state)
{
	const char *path = write_file(test_dir, "console.log", "booting\r\nfine so far\r\n");
	json_t *finding;
	long offset = 0;

	(void)state;
	assert_null(findings_scan("/nonexistent", &offset));
	assert_null(findings_scan(path, &offset));
	append(path, "------------[ cut here ]------------\nWARNING: CPU: 0 PI");
	assert_null(findings_scan(path, &offset));
	append(path, "D: 1 at lib/list_debug.c:59\nlist_del corruption\x01, <x>\nCall Trace:\n");
	finding = findings_scan(path, &offset);
	assert_non_null(finding);
	assert_string_equal(text_of(finding, "kind"), "list corruption");
	assert_string_equal(text_of(finding, "line"), "list_del corruption?, <x>");
	/* From the warning on. */
	assert_int_equal(size_of(finding, "excerpt"), 3);
	assert_string_equal(json_string_value(item_of(finding, "excerpt", 2)), "Call Trace:");
	json_decref(finding);
	assert_null(findings_scan(path, &offset));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seed_determines_schedule),
		cmocka_unit_test(boots_and_rounds_differ),
		cmocka_unit_test(rounds_have_all_operations),
		cmocka_unit_test(machines_differ),
		cmocka_unit_test(machines_of_vmware_differ),
		cmocka_unit_test(half_the_boots_have_page_owner),
		cmocka_unit_test(most_time_is_for_new_cuts),
		cmocka_unit_test(plan_is_printed),
		cmocka_unit_test(wrong_options),
		cmocka_unit_test(findings_are_recognised),
		cmocka_unit_test(low_memory_is_no_finding),
		cmocka_unit_test(console_is_read_as_it_grows),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
