/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A workload in place of an inflate and a deflate: the guest replays it, a policy resizes the guest
 * meanwhile, and the resident memory of QEMU is sampled. Where a boot has several guests, all of
 * them do, one after the other begins.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/boot/footprint.h"
#include "bench/boot/neighbours.h"
#include "bench/boot/parts.h"
#include "bench/boot/policy.h"
#include "bench/boot/reclaim.h"
#include "bench/vm/interrupt.h"
#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/pressure.h"

#define REPLAYING "while replaying the workload"
#define COMMAND_NS (20 * NSEC_PER_SEC)
/* How often the agent is asked whether the workload has ended. */
#define ASK_NS (100 * NSEC_PER_MSEC)
/* A change of the footprint by this share of the guest's memory is a point of its picture. */
#define POINT_SHARE 512
/* Of the memory that the workload held, the host must have had as much at one time. */
#define RESIDENT_MIN 0.9
/* The guest's duration of a replay may exceed the host's by this share, and this time. */
#define CLOCK_SHARE 0.05
#define CLOCK_NS ((int64_t)NSEC_PER_SEC)
/* QEMU's own memory, with its translated code. */
#define QEMU_BYTES (2ULL << 30)

/* What the host measures of the guest, as victims of the host: metrics with their units. */
#define RECLAIM "reclaim_ns"
#define ANSWER "answer_ns"

/* A guest that replays. */
struct replaying {
	struct run *run;
	struct replay_result *result;
	struct policy policy;
	struct footprint footprint;
	uint64_t shown_bytes; /* of the last point of its picture */
	struct histogram answers;
	uint64_t cpu_ns;	   /* of QEMU at the begin */
	int64_t busy_ns, stall_ns; /* of the guest, of the host */
	uint64_t start_due, ask_due, decision_due;
	bool started, ended;
};

/* All of a boot. */
struct replays {
	struct replaying *list;
	size_t count;
	struct footprint all; /* of them together, from the first begin to the last end */
};

static int64_t scaled(uint64_t value, double factor)
{
	return llround((double)value * factor);
}

static void put_rows(const struct replay_plan *plan, struct record_list *rows)
{
	const struct workload *w = &plan->workload;
	const struct workload_row *row;
	int64_t at_ns, before_ns = -1;

	for (row = w->rows; row < w->rows + w->count; row++) {
		at_ns = scaled(row->at_ns, 1 / plan->speed);
		/* At a high speed two rows may fall into the same nanosecond. */
		if (at_ns <= before_ns)
			at_ns = before_ns + 1;
		before_ns = at_ns;
		record_append_number(rows, at_ns);
		record_append_number(rows, scaled(row->anon_bytes, plan->size));
		record_append_number(rows, scaled(row->file_bytes, plan->size));
		record_append_number(rows, scaled(row->cpu_ns, 1 / plan->speed));
	}
}

static int start(struct run *run)
{
	struct guest_request request = guest_request("replay-start");
	int err;

	put_rows(&run->boot->scenario->replay, &request.rows);
	err = vm_request(&run->vm, &request, NULL, NULL, REPLAYING, COMMAND_NS);
	free(request.rows.items);
	return err;
}

/* How long a guest takes to answer tells whether it is alive. */
static int has_ended(struct run *run, struct histogram *answers, bool *ended)
{
	struct guest_request request = guest_request("replay");
	struct answer_replay answer = { .ended = false };
	const uint64_t begin = clock_ns();
	int err = vm_request(&run->vm, &request, &answer_replay_record, &answer, REPLAYING,
			     COMMAND_NS);

	histogram_add(answers, clock_ns() - begin);
	*ended = answer.ended;
	return err;
}

static void show_point(struct replaying *g)
{
	const struct footprint *f = &g->footprint;

	record_append_pair(&g->result->footprint, f->last_ns - f->begin_ns, f->last_bytes);
	g->shown_bytes = f->last_bytes;
}

static uint64_t difference(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* The memory of a guest's QEMU; its own footprint ends with its workload. */
static int sample(struct replaying *g, uint64_t now, uint64_t *bytes)
{
	*bytes = footprint_read(&g->footprint, &g->run->vm, now);
	if (!*bytes) {
		vm_explain(&g->run->vm, REPLAYING, "QEMU has no memory any more");
		return -ESRCH;
	}
	if (!g->started || g->ended)
		return 0;
	footprint_add(&g->footprint, *bytes, now);
	if (!g->result->footprint.count ||
	    difference(*bytes, g->shown_bytes) >= g->run->vm.memory_bytes / POINT_SHARE)
		show_point(g);
	return 0;
}

static int sample_all(struct replays *all, uint64_t now)
{
	uint64_t sum = 0, bytes;
	size_t i;
	int err = 0;

	for (i = 0; !err && i < all->count; i++) {
		err = sample(&all->list[i], now, &bytes);
		sum += bytes;
	}
	footprint_add(&all->all, sum, now);
	return err;
}

/* Samples, decisions and questions are due at fixed times; what is missed is not made up for. */
static bool is_due(uint64_t *due, uint64_t period_ns, uint64_t now)
{
	if (now < *due)
		return false;
	*due += (now - *due) / period_ns * period_ns + period_ns;
	return true;
}

/* From now on its footprint counts. */
static int begin(struct replaying *g)
{
	const uint64_t now = clock_ns();

	g->cpu_ns = vm_cpu_ns(&g->run->vm);
	g->stall_ns = pressure_stall_ns();
	footprint_begin(&g->footprint, footprint_read(&g->footprint, &g->run->vm, now), now);
	g->result->begin_bytes = g->footprint.last_bytes;
	g->ask_due = now + ASK_NS;
	g->decision_due = now + g->run->boot->scenario->replay.period_ns;
	g->started = true;
	return start(g->run);
}

/* Its workload has ended. */
static int end(struct replaying *g)
{
	uint64_t bytes;
	int err = sample(g, clock_ns(), &bytes);

	g->result->qemu_cpu_ns = vm_cpu_ns(&g->run->vm) - g->cpu_ns;
	g->result->host_stall_ns = pressure_change_ns(g->stall_ns, pressure_stall_ns());
	g->ended = !err;
	return err;
}

/* What is due for a guest. */
static int attend(struct replaying *g, uint64_t now)
{
	const struct scenario *scenario = g->run->boot->scenario;
	const uint64_t limit_ns = g->footprint.begin_ns + replay_limit_ns(&scenario->replay) +
				  scenario->resize_timeout_ns;
	int err = 0;

	if (g->ended || now < g->start_due)
		return 0;
	if (!g->started)
		return begin(g);
	if (is_due(&g->decision_due, scenario->replay.period_ns, now))
		err = policy_decide(&g->policy, g->footprint.last_bytes,
				    now - g->footprint.begin_ns);
	if (!err && is_due(&g->ask_due, ASK_NS, now)) {
		bool ended;

		err = has_ended(g->run, &g->answers, &ended);
		if (!err && ended)
			err = end(g);
	}
	if (!err && !g->ended && now > limit_ns) {
		vm_explain(&g->run->vm, REPLAYING, "it did not end in ten times its duration");
		err = -ETIMEDOUT;
	}
	return err;
}

static bool have_ended(const struct replays *all)
{
	size_t i;

	for (i = 0; i < all->count; i++)
		if (!all->list[i].ended)
			return false;
	return true;
}

static int follow(struct replays *all)
{
	const struct replay_plan *plan = &all->list[0].run->boot->scenario->replay;
	uint64_t sample_due = clock_ns(), now;
	size_t i;
	int err = 0;

	footprint_begin(&all->all, 0, sample_due);
	for (i = 0; i < all->count; i++)
		all->list[i].start_due = sample_due + i * plan->stagger_ns;
	while (!err && !have_ended(all)) {
		if (interruptible_poll(-1, 0, sample_due) == -EINTR)
			return -EINTR;
		now = clock_ns();
		/* Before the first begins there is nothing to sum up. */
		if (is_due(&sample_due, plan->sample_ns, now))
			err = sample_all(all, now);
		for (i = 0; !err && i < all->count; i++)
			err = attend(&all->list[i], now);
	}
	return err ? err : sample_all(all, clock_ns());
}

static int64_t most_held(const struct record_list *demand)
{
	const int64_t(*point)[2] = demand->items;
	int64_t most = 0;
	size_t i;

	for (i = 0; i < demand->count; i++)
		most = point[i][1] > most ? point[i][1] : most;
	return most;
}

static void check_peak(struct run *run, const struct replay_result *r)
{
	checks_add(run->result, run->number, CHECK_BOOT, CHECK_PAGES,
		   "resident memory of QEMU at its peak",
		   most_held(&r->demand) * RESIDENT_MIN / PAGE_BYTES,
		   (run->vm.memory_bytes + QEMU_BYTES) / PAGE_BYTES, r->peak_bytes / PAGE_BYTES);
}

/* The clock of a guest on an overloaded host may run ahead, by more than all other errors. */
static void check_clock(struct run *run, const struct replay_result *r)
{
	checks_add(run->result, run->number, CHECK_BOOT, CHECK_NS,
		   "duration of the replay in the guest, against the host's", 0,
		   r->elapsed_ns + r->elapsed_ns * CLOCK_SHARE + CLOCK_NS, r->duration_ns);
}

/* What the guest measured. */
static int stop(struct run *run, struct replay_result *r)
{
	struct guest_request request = guest_request("replay-stop");
	struct answer_replayed answer;
	struct victim_result *v;
	int err;

	record_init(&answer_replayed_record, &answer);
	err = vm_request(&run->vm, &request, &answer_replayed_record, &answer, REPLAYING,
			 COMMAND_NS);
	if (!err) {
		r->duration_ns = answer.duration_ns;
		r->work_ns = answer.work_ns;
		r->guest_stall_ns = answer.stall_ns;
		r->slowdown = r->planned_ns ? (double)r->duration_ns / r->planned_ns : 1;
		r->demand_gib_minutes = answer.demand_gib_minutes;
		r->demand = answer.demand;
		answer.demand = (struct record_list){ .items = NULL };
	}
	if (!err && answer.victims.count) {
		/* Its texts and histograms go with it. */
		v = record_append(&victim_record, &run->result->victims.guest);
		*v = *(struct victim_result *)answer.victims.items;
		record_init(&victim_record, answer.victims.items);
	}
	record_release(&answer_replayed_record, &answer);
	return err;
}

/* "gcc-lto" of ".../gcc-lto.workload" */
static void set_name(const char *file, struct replay_result *r)
{
	const char *slash = strrchr(file, '/');
	char *dot;

	record_set_text(&r->workload, slash ? slash + 1 : file);
	dot = strrchr(r->workload, '.');
	if (dot && dot != r->workload)
		*dot = '\0';
}

static void begin_result(const struct run *run, struct replay_result *r)
{
	const struct replay_plan *plan = &run->boot->scenario->replay;

	set_name(plan->file, r);
	r->policy = run->boot->variant->policy;
	r->planned_ns = replay_planned_ns(plan);
	r->planned_gib_minutes = workload_gib_minutes(&plan->workload) * plan->size / plan->speed;
	r->targets = 0;
}

/* Nothing if there are no values. */
static void put_victim(struct record_list *side, const char *name, const struct histogram *values)
{
	struct victim_result *v;

	if (!values->count)
		return;
	v = record_append(&victim_record, side);
	record_set_text(&v->name, name);
	v->phases[PHASE_PLATEAU] = xcalloc(1, sizeof(*values));
	*v->phases[PHASE_PLATEAU] = *values;
}

static void find_reclaims(struct run *run, struct replay_result *r)
{
	struct reclaims *reclaims = xcalloc(1, sizeof(*reclaims));

	reclaims_find(reclaims, &r->demand, &r->footprint);
	put_victim(&run->result->victims.host, RECLAIM, &reclaims->ns);
	r->missed = reclaims->missed;
	free(reclaims);
}

/* What the guest's kernel counts: processes that it kills, allocations that have to reclaim. */
static int count_in_guest(struct run *run, struct replay_result *r)
{
	static const char *const keys[] = { "oom_kill",		  "allocstall_dma",
					    "allocstall_dma32",	  "allocstall_normal",
					    "allocstall_movable", NULL };
	struct record_list changes = { NULL, 0 };
	int err = vmstat_changes(run, keys, &changes);
	size_t i;

	r->oom_kills = record_counter(&changes, keys[0]);
	r->alloc_stalls = 0;
	for (i = 1; keys[i]; i++)
		r->alloc_stalls += record_counter(&changes, keys[i]);
	record_release_counters(&changes);
	return err;
}

static int prepare(struct replaying *g)
{
	int err;

	begin_result(g->run, g->result);
	g->policy = (struct policy){ .run = g->run, .result = g->result };
	err = vmstat_mark(g->run);
	if (!err)
		err = boot_enter_phase(g->run, PHASE_PLATEAU, REPLAYING, &g->busy_ns);
	return err ? err : policy_open(&g->policy);
}

static int finish(struct replaying *g)
{
	struct replay_result *r = g->result;
	int64_t busy_ns;
	int err = stop(g->run, r);

	if (!err)
		err = boot_enter_phase(g->run, PHASE_AFTER, REPLAYING, &busy_ns);
	if (err)
		return err;
	r->guest_cpu_ns = busy_ns > g->busy_ns ? busy_ns - g->busy_ns : 0;
	show_point(g);
	footprint_end(&g->footprint, r);
	check_peak(g->run, r);
	check_clock(g->run, r);
	find_reclaims(g->run, r);
	put_victim(&g->run->result->victims.host, ANSWER, &g->answers);
	err = policy_give_back(&g->policy);
	return err ? err : count_in_guest(g->run, r);
}

/* Of guests with the same workload. */
static void sum_up(const struct replays *all, struct replays_together *together)
{
	int64_t least = INT64_MAX, most = 1, work;
	size_t i;

	for (i = 0; i < all->count; i++) {
		work = all->list[i].result->work_ns;
		least = work < least ? work : least;
		most = work > most ? work : most;
	}
	together->guests = all->count;
	together->footprint_gib_minutes = all->all.byte_ns / GIB_MINUTE;
	together->peak_bytes = all->all.peak_bytes;
	together->elapsed_ns = all->all.last_ns - all->all.begin_ns;
	together->fairness = (double)least / most;
}

/* The guest of the boot itself, and its neighbours, whose results are appended. */
static void make_list(struct replays *all, struct run *run, struct replay_result *own)
{
	struct record_list *others = &run->cycle.neighbours;
	size_t i;

	all->count = 1 + run->neighbours.count;
	all->list = xcalloc(all->count, sizeof(*all->list));
	for (i = 1; i < all->count; i++)
		record_append(&replay_record, others);
	for (i = 0; i < all->count; i++) {
		all->list[i].run = i ? &run->neighbours.list[i - 1].run : run;
		all->list[i].result = i ? (struct replay_result *)others->items + (i - 1) : own;
	}
}

int replay_run(struct run *run, void *result)
{
	struct replays all = { .list = NULL };
	size_t i;
	int err = 0;

	make_list(&all, run, result);
	tracing_begin(run, DIRECTIONS);
	for (i = 0; !err && i < all.count; i++)
		err = prepare(&all.list[i]);
	if (!err)
		err = follow(&all);
	for (i = 0; !err && i < all.count; i++)
		err = finish(&all.list[i]);
	if (!err && all.count > 1)
		sum_up(&all, &run->cycle.together);
	for (i = 0; i < all.count; i++)
		policy_close(&all.list[i].policy);
	free(all.list);
	neighbours_tell(run);
	return err;
}
