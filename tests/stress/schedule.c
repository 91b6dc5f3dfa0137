/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/stress/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB (1ULL << 20)
#define PAGES_PER_MIB 256

/*
 * Half of the memory that a debug kernel leaves free. The maximum of everything at once is
 * more than there is, but rare: a process and a balloon that compete for memory take
 * long.
 */
#define BALLOON_MAX_PAGES (64 * PAGES_PER_MIB)
#define PRESS_MIN_MIB 8
#define PRESS_MAX_MIB 64
/* All orders of a round begin within this time. */
#define ROUND_MS 600

static const char *const op_names[STRESS_OPS] = {
	[STRESS_TARGET] = "target",   [STRESS_STATS] = "stats",	  [STRESS_COMPACT] = "compact",
	[STRESS_PRESS] = "press",     [STRESS_DROP] = "drop",	  [STRESS_INJECT] = "inject",
	[STRESS_SUSPEND] = "suspend", [STRESS_REBIND] = "rebind", [STRESS_REPLUG] = "replug",
	[STRESS_RESET] = "reset",
};

const char *const stress_levels[STRESS_LEVELS] = { "freezer", "devices", "platform" };

const char *stress_op_name(enum stress_op op)
{
	return op_names[op];
}

bool stress_op_is_hosts(enum stress_op op)
{
	return op == STRESS_TARGET || op == STRESS_STATS || op == STRESS_RESET;
}

/*
 * splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
 * OOPSLA 2014): any initial state is good, so each round has its own.
 */
static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static uint64_t begin(uint64_t seed, unsigned int boot, unsigned int number)
{
	uint64_t state = seed;

	state = draw(&state) ^ boot;
	state = draw(&state) ^ number;
	return draw(&state);
}

/* From @low to @high, both included. */
static uint64_t between(uint64_t *state, uint64_t low, uint64_t high)
{
	return low + draw(state) % (high - low + 1);
}

static bool chance(uint64_t *state, unsigned int percent)
{
	return draw(state) % 100 < percent;
}

static void add(struct stress_round *r, uint64_t *state, enum stress_op op, uint64_t value,
		unsigned int for_ms)
{
	r->orders[r->count++] =
		(struct stress_order){ .op = op,
				       .after_ms = (unsigned int)between(state, 0, ROUND_MS),
				       .for_ms = for_ms,
				       .value = value };
}

/* Sometimes all or nothing, else any number of pages, mostly no multiple of a block. */
static uint64_t draw_target(uint64_t *state)
{
	if (chance(state, 20))
		return 0;
	return chance(state, 20) ? BALLOON_MAX_PAGES : between(state, 1, BALLOON_MAX_PAGES);
}

static int by_time(const void *a, const void *b)
{
	const struct stress_order *x = a, *y = b;

	return x->after_ms < y->after_ms ? -1 : x->after_ms > y->after_ms;
}

/*
 * Every round resizes the balloon, mostly under compaction, which isolates its pages.
 * Operations that stop the driver are rarer, or it would do nothing else. No faults are
 * injected during a resume: a virtio device that cannot allocate its queues then is lost,
 * and so is the agent's port.
 */
void schedule_round(struct stress_round *round, uint64_t seed, unsigned int boot,
		    unsigned int number)
{
	static const unsigned int percents[] = { 1, 5, 20, 50 };
	uint64_t state = begin(seed, boot, number);
	uint64_t i, targets = between(&state, 1, 3), pressing = between(&state, 0, 2);

	*round = (struct stress_round){ .count = 0 };
	for (i = 0; i < targets; i++)
		add(round, &state, STRESS_TARGET, draw_target(&state), 0);
	if (chance(&state, 30))
		add(round, &state, STRESS_STATS, between(&state, 0, 1), 0);
	for (i = 0; i < 2; i++)
		if (chance(&state, 70))
			add(round, &state, STRESS_COMPACT, between(&state, 1, 3), 0);
	for (i = 0; i < pressing; i++)
		add(round, &state, STRESS_PRESS,
		    between(&state, PRESS_MIN_MIB, PRESS_MAX_MIB) * MIB, between(&state, 0, 500));
	if (chance(&state, 20))
		add(round, &state, STRESS_DROP, 0, 0);
	if (chance(&state, 20))
		add(round, &state, STRESS_SUSPEND, between(&state, 0, STRESS_LEVELS - 1), 0);
	else if (chance(&state, 45))
		add(round, &state, STRESS_INJECT, percents[between(&state, 0, 3)],
		    between(&state, 50, 800));
	if (chance(&state, 20))
		add(round, &state, STRESS_REBIND, 0, between(&state, 0, 200));
	if (chance(&state, 8))
		add(round, &state, STRESS_REPLUG, 0, between(&state, 0, 200));
	qsort(round->orders, round->count, sizeof(round->orders[0]), by_time);
}

void schedule_round_of_vmware(struct stress_round *round)
{
	struct stress_order *order = round->orders;

	for (; order < round->orders + round->count; order++) {
		if (order->op != STRESS_STATS && order->op != STRESS_REBIND &&
		    order->op != STRESS_REPLUG)
			continue;
		order->op = STRESS_RESET;
		order->value = 0;
		order->for_ms = 0;
	}
}

/* One of the boots 1 and 2, one of 3 and 4, and so on: exactly half, also of few boots. */
static bool has_page_owner(uint64_t seed, unsigned int boot)
{
	return (begin(seed, (boot + 1) / 2, UINT32_MAX - 1) + boot) % 2;
}

/*
 * Free page reporting or page poisoning, not both: on resume, the driver does not send the
 * poison value again, and reported pages come back as zeroes. Page poisoning turns
 * init_on_alloc off.
 */
void schedule_machine(struct stress_machine *machine, uint64_t seed, unsigned int boot)
{
	uint64_t state = begin(seed, boot, UINT32_MAX);
	bool oom = chance(&state, 50), reporting = chance(&state, 50);
	bool init = chance(&state, 40);

	snprintf(machine->device, sizeof(machine->device), "%s%s%s", oom ? "deflate-on-oom=on" : "",
		 oom && reporting ? "," : "", reporting ? "free-page-reporting=on" : "");
	machine->page_owner = has_page_owner(seed, boot);
	machine->init_on_alloc = init;
	snprintf(machine->append, sizeof(machine->append),
		 "page_owner=%s init_on_alloc=%d page_poison=%d",
		 machine->page_owner ? "on" : "off", init, !reporting && !init);
}

/*
 * No page is refused: when the device refuses one that is to take the place of another, the driver
 * forgets to count that it has deflated the other.
 */
void schedule_machine_of_vmware(struct stress_machine *machine, uint64_t seed, unsigned int boot)
{
	uint64_t state = begin(seed, boot, UINT32_MAX - 2);
	bool single = chance(&state, 25), huge = chance(&state, 50), init = chance(&state, 40);

	snprintf(machine->device, sizeof(machine->device), "%s",
		 single ? "batches=off"
		 : huge ? "huge-pages=on"
			: "");
	machine->page_owner = has_page_owner(seed, boot);
	machine->init_on_alloc = init;
	snprintf(machine->append, sizeof(machine->append),
		 "page_owner=%s init_on_alloc=%d page_poison=%d",
		 machine->page_owner ? "on" : "off", init, !init);
}

/* Cuts that have had hours of stress, or change hardly anything. */
static const char *const old_cuts[] = { "stock", "traced",     "pfn-array", "list", "finalize",
					"null",	 "chunks-256", "chunks",    "sg" };
#define NEW_WEIGHT 4

unsigned int schedule_weight(const char *cut)
{
	size_t i;

	for (i = 0; i < sizeof(old_cuts) / sizeof(old_cuts[0]); i++)
		if (!strcmp(cut, old_cuts[i]))
			return 1;
	return NEW_WEIGHT;
}
