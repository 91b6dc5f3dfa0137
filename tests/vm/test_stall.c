/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Victims in a real guest with stalls planted into them: they are stopped for a
 * known time while the balloon is inflated, and for another one after the deflate,
 * and must report each within a bucket of their histogram, in its own phase.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <string.h>

#include "bench/victim/victims.h"
#include "lib/clock.h"
#include "lib/histogram.h"
#include "lib/result.h"
#include "tests/helpers/result_builder.h"
#include "tests/helpers/vm.h"

#define BALLOON_BYTES (64 * MIB)
#define CALM_MS 500
/* What was due meanwhile is caught up with before the next phase begins. */
#define CATCH_UP_MS 2000
/* So far apart that neither can be taken for the other. */
#define PLATEAU_MS 1500
#define AFTER_MS 4000
/* A busy machine may hold a guest up on top of what is planted. */
#define TRIES 5

/* What is planted, and for how long it was at most. */
struct planted {
	enum result_victim_phase phase;
	uint64_t planted_ns;
	uint64_t frozen_ns;
};

static void calm(uint64_t ms)
{
	sleep_ns(ms * NSEC_PER_MSEC);
}

static void resize(uint64_t bytes, enum result_victim_phase phase, enum result_victim_phase then)
{
	test_resize(bytes, phase, then, NULL);
	calm(CALM_MS);
}

static struct planted plant(enum result_victim_phase phase, uint64_t ms)
{
	struct planted s = { phase, ms * NSEC_PER_MSEC, 0 };
	struct guest_request request = guest_request("victims-freeze");

	request.ns = s.planted_ns;
	test_request(request, &answer_frozen_ns, &s.frozen_ns);
	assert_true(s.frozen_ns >= s.planted_ns);
	calm(CATCH_UP_MS);
	return s;
}

/* Through all phases; struct victim_result of each victim. */
static struct record_list run(struct planted *stalls)
{
	const struct test_guest guest = { .variant = "finalize", .memory_bytes = 512 * MIB };
	struct victim_spec specs[] = { { (char *)"fault", 1 }, { (char *)"sched", 1 } };
	struct guest_request start = guest_request("victims-start");
	struct record_list noted;

	test_guest_start(&guest);
	start.victims = (struct record_list){ specs, 2 };
	test_send(start);
	calm(CALM_MS);
	resize(BALLOON_BYTES, PHASE_INFLATE, PHASE_PLATEAU);
	stalls[0] = plant(PHASE_PLATEAU, PLATEAU_MS);
	resize(0, PHASE_DEFLATE, PHASE_AFTER);
	stalls[1] = plant(PHASE_AFTER, AFTER_MS);
	test_request(guest_request("victims-stop"), &answer_victims, &noted);
	test_guest_power_off();
	return noted;
}

static const struct victim_result *victim(const struct record_list *noted, const char *name)
{
	const struct victim_result *v = record_find(&victim_record, noted, name);

	assert_non_null(v);
	return v;
}

/* What a victim measured in a phase; nothing where it got to nothing. */
static struct histogram phase_of(const struct record_list *noted, const char *name,
				 enum result_victim_phase phase)
{
	const struct victim_result *v = victim(noted, name);

	return v->phases[phase] ? *v->phases[phase] : (struct histogram){ .count = 0 };
}

/* The stall is in its phase: the first piece that was due in it waited for all of it. */
static void expect_stall(const struct record_list *noted, const char *metric,
			 const struct planted *s)
{
	struct histogram h = phase_of(noted, metric, s->phase);
	uint64_t period_ns = (uint64_t)victim(noted, metric)->period_ns;

	print_message("# %s, %s: planted %.3f s, frozen %.3f s at most, found %.3f s\n", metric,
		      victim_phase_names[s->phase], s->planted_ns / 1e9, s->frozen_ns / 1e9,
		      h.max / 1e9);
	assert_true(period_ns > 0 && period_ns < s->planted_ns / 100);
	assert_true(histogram_bucket(h.max) >= histogram_bucket(s->planted_ns - period_ns));
}

/* Nothing but what was planted held them up, it is one stall, and half of what was due waited for
 * half of it. */
static bool is_exact(const struct record_list *noted, const char *metric, const struct planted *s)
{
	struct histogram h = phase_of(noted, metric, s->phase);

	return histogram_bucket(h.max) <= histogram_bucket(s->frozen_ns) + 1 &&
	       count_values_from(victim(noted, metric)->stalls.phases[s->phase],
				 s->planted_ns / 2) == 1 &&
	       count_values_from(&h, s->planted_ns / 2) *
			       (uint64_t)victim(noted, metric)->period_ns >=
		       s->planted_ns / 2 * 9 / 10;
}

/* Where a guest has hardly a CPU, a victim is behind before anything is planted. */
static bool keeps_up(const struct record_list *noted, const char *metric)
{
	static const enum result_victim_phase phases[] = { PHASE_INFLATE, PHASE_PLATEAU,
							   PHASE_DEFLATE, PHASE_AFTER };
	struct histogram before = phase_of(noted, metric, PHASE_BEFORE);
	size_t i;

	for (i = 0; i < 4; i++)
		if (!phase_of(noted, metric, phases[i]).count)
			return false;
	return before.count && before.max < PLATEAU_MS * NSEC_PER_MSEC / 4;
}

enum found { FOUND, FOUND_TOO_LONG, TOO_BUSY };

static enum found find_stalls(void)
{
	static const char *const metrics[] = { "fault_ns", "sched_ns" };
	static const enum result_victim_phase others[] = { PHASE_BEFORE, PHASE_INFLATE,
							   PHASE_DEFLATE };
	struct planted stalls[2];
	struct record_list noted = run(stalls);
	bool exact = true, kept = true;
	size_t i, k;

	for (i = 0; i < 2; i++)
		kept = kept && keeps_up(&noted, metrics[i]);
	for (i = 0; kept && i < 2; i++) {
		for (k = 0; k < 2; k++) {
			expect_stall(&noted, metrics[i], &stalls[k]);
			exact = exact && is_exact(&noted, metrics[i], &stalls[k]);
		}
		/* The longer one is in one phase only, and the other in no phase beside. */
		exact = exact &&
			phase_of(&noted, metrics[i], PHASE_PLATEAU).max < AFTER_MS * NSEC_PER_MSEC;
		for (k = 0; k < 3; k++)
			exact = exact && phase_of(&noted, metrics[i], others[k]).max <
						 PLATEAU_MS * NSEC_PER_MSEC;
	}
	record_release(&answer_victims, &noted);
	return !kept ? TOO_BUSY : exact ? FOUND : FOUND_TOO_LONG;
}

static void planted_stalls_are_found(void **state)
{
	int i, busy = 0;

	(void)state;
	for (i = 0; i < TRIES; i++) {
		enum found found = find_stalls();

		if (found == FOUND)
			return;
		busy += found == TOO_BUSY;
		print_message("# once more: the machine held the guest up, too\n");
	}
	if (!busy)
		fail_msg("in %d boots no stall was found as long as it was planted", TRIES);
	print_message("# the machine is too busy for a guest whose victims keep up\n");
	skip();
}

static void a_freeze_says_for_how_long(void **state)
{
	const struct test_guest guest = { .variant = "finalize", .memory_bytes = 256 * MIB };
	struct guest_request request = guest_request("victims-freeze");

	(void)state;
	test_guest_start(&guest);
	assert_int_not_equal(
		agent_request(test_vm.agent, &request, NULL, NULL, deadline_in_ms(20000)), 0);
	assert_non_null(strstr(agent_error(test_vm.agent), "victims-freeze needs ns"));
	test_guest_power_off();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(planted_stalls_are_found, test_guest_end),
		cmocka_unit_test_teardown(a_freeze_says_for_how_long, test_guest_end),
	};

	return cmocka_run_group_tests(tests, vm_tests_set_up, vm_tests_tear_down);
}
