/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Victims in a real guest with stalls planted into them: they are stopped for a
 * known time while the balloon is inflated, and for another one after the deflate,
 * and must report each within a bucket of their histogram, in its own phase.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/vm/agent.h"
#include "bench/boot/resize.h"
#include "lib/clock.h"
#include "lib/histogram.h"
#include "lib/result.h"
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
struct stall {
	const char *phase;
	uint64_t planted_ns;
	uint64_t frozen_ns;
};

static void calm(uint64_t ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * NSEC_PER_MSEC };

	nanosleep(&t, NULL);
}

static void move(uint64_t bytes, enum victim_phase phase, enum victim_phase then)
{
	struct victims none = { .count = 0 };
	const struct resize_request order = { .target_bytes = bytes,
					      .step_bytes = test_vm.memory_bytes,
					      .timeout_ns = TEST_TIMEOUT_NS,
					      .phase = phase,
					      .then = then,
					      .host_victims = &none };
	struct resize_trace seen;
	json_t *result = NULL;
	char err[512];

	if (resize_balloon(&test_vm, &order, &result, &seen, err, sizeof(err)))
		fail_msg("%s", err);
	json_decref(result);
	resize_trace_release(&seen);
	calm(CALM_MS);
}

static struct stall plant(const char *phase, uint64_t ms)
{
	struct stall s = { phase, ms * NSEC_PER_MSEC, 0 };
	json_t *answer = test_ask(
		json_pack("{s:s, s:I}", "cmd", "victims-freeze", "ns", (json_int_t)s.planted_ns));

	s.frozen_ns = test_member(answer, "frozen_ns");
	json_decref(answer);
	assert_true(s.frozen_ns >= s.planted_ns);
	calm(CATCH_UP_MS);
	return s;
}

/* Through all phases; what the victims noted. */
static json_t *run(struct stall *stalls)
{
	const struct test_guest guest = { .variant = "finalize", .memory_bytes = 512 * MIB };
	json_t *answer, *noted;

	test_guest_start(&guest);
	json_decref(test_ask(json_pack("{s:s, s:[{s:s, s:i}, {s:s, s:i}]}", "cmd", "victims-start",
				       "victims", "kind", "fault", "cpu", 1, "kind", "sched", "cpu",
				       1)));
	calm(CALM_MS);
	move(BALLOON_BYTES, VICTIM_INFLATE, VICTIM_PLATEAU);
	stalls[0] = plant("plateau", PLATEAU_MS);
	move(0, VICTIM_DEFLATE, VICTIM_AFTER);
	stalls[1] = plant("after", AFTER_MS);
	answer = test_ask(json_pack("{s:s}", "cmd", "victims-stop"));
	noted = json_incref(json_object_get(answer, "victims"));
	json_decref(answer);
	test_guest_power_off();
	return noted;
}

/* What a victim noted in a phase; nothing where it got to nothing. */
static struct histogram phase_of(const json_t *noted, const char *figure, const char *phase)
{
	struct histogram h = { .count = 0 };
	char path[64];

	snprintf(path, sizeof(path), "%s.%s", figure, phase);
	histogram_from_json(&h, json_at(noted, path));
	return h;
}

static uint64_t count_from(const struct histogram *h, uint64_t value)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = histogram_bucket(value); i < HISTOGRAM_BUCKETS; i++)
		n += h->buckets[i];
	return n;
}

static uint64_t period_of(const json_t *noted, const char *figure)
{
	char path[64];

	snprintf(path, sizeof(path), "%s.period_ns", figure);
	return json_integer_value(json_at(noted, path));
}

/* The stall is in its phase: the first piece that was due in it waited for all of it. */
static void expect_stall(const json_t *noted, const char *figure, const struct stall *s)
{
	struct histogram h = phase_of(noted, figure, s->phase);
	uint64_t period_ns = period_of(noted, figure);

	print_message("# %s, %s: planted %.3f s, frozen %.3f s at most, found %.3f s\n", figure,
		      s->phase, s->planted_ns / 1e9, s->frozen_ns / 1e9, h.max / 1e9);
	assert_true(period_ns > 0 && period_ns < s->planted_ns / 100);
	assert_true(histogram_bucket(h.max) >= histogram_bucket(s->planted_ns - period_ns));
}

/* Nothing but what was planted held them up, and half of what was due waited for half of it. */
static bool is_exact(const json_t *noted, const char *figure, const struct stall *s)
{
	struct histogram h = phase_of(noted, figure, s->phase);

	return histogram_bucket(h.max) <= histogram_bucket(s->frozen_ns) + 1 &&
	       count_from(&h, s->planted_ns / 2) * period_of(noted, figure) >=
		       s->planted_ns / 2 * 9 / 10;
}

/* Where a guest has hardly a CPU, a victim is behind before anything is planted. */
static bool keeps_up(const json_t *noted, const char *figure)
{
	static const char *const phases[] = { "inflate", "plateau", "deflate", "after" };
	struct histogram before = phase_of(noted, figure, "before");
	size_t i;

	for (i = 0; i < 4; i++)
		if (!phase_of(noted, figure, phases[i]).count)
			return false;
	return before.count && before.max < PLATEAU_MS * NSEC_PER_MSEC / 4;
}

enum found { FOUND, FOUND_TOO_LONG, TOO_BUSY };

static enum found find_stalls(void)
{
	static const char *const figures[] = { "fault_ns", "sched_ns" };
	static const char *const others[] = { "before", "inflate", "deflate" };
	struct stall stalls[2];
	json_t *noted = run(stalls);
	bool exact = true, kept = true;
	size_t i, k;

	for (i = 0; i < 2; i++)
		kept = kept && keeps_up(noted, figures[i]);
	for (i = 0; kept && i < 2; i++) {
		for (k = 0; k < 2; k++) {
			expect_stall(noted, figures[i], &stalls[k]);
			exact = exact && is_exact(noted, figures[i], &stalls[k]);
		}
		/* The longer one is in one phase only, and the other in no phase beside. */
		exact = exact &&
			phase_of(noted, figures[i], "plateau").max < AFTER_MS * NSEC_PER_MSEC;
		for (k = 0; k < 3; k++)
			exact = exact && phase_of(noted, figures[i], others[k]).max <
						 PLATEAU_MS * NSEC_PER_MSEC;
	}
	json_decref(noted);
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
	json_t *answer = NULL;

	(void)state;
	test_guest_start(&guest);
	assert_int_not_equal(agent_request(test_vm.agent,
					   json_pack("{s:s}", "cmd", "victims-freeze"), &answer,
					   deadline_in_ms(20000)),
			     0);
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
