/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A workload in place of an inflate and a deflate: the guest replays it, a policy resizes the guest
 * meanwhile, and the resident memory of QEMU is sampled.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/boot/parts.h"
#include "bench/boot/policy.h"
#include "bench/boot/reclaim.h"
#include "bench/vm/interrupt.h"
#include "lib/alloc.h"
#include "lib/clock.h"

#define REPLAYING "while replaying the workload"
#define COMMAND_NS (20 * NSEC_PER_SEC)
/* How often the agent is asked whether the workload has ended. */
#define ASK_NS (100 * NSEC_PER_MSEC)
/* A workload may take this many times as long, and the resize_timeout more. */
#define SLOWDOWN_MAX 10
/* A change of the footprint by this share of the guest's memory is a point of its picture. */
#define POINT_SHARE 512
/* Byte nanoseconds of a GiB minute. */
#define GIB_MINUTE ((double)(1ULL << 30) * 60 * NSEC_PER_SEC)
/* Of the memory that the workload held, the host must have had as much at one time. */
#define RESIDENT_MIN 0.9
/* QEMU's own memory, with its translated code. */
#define QEMU_BYTES (2ULL << 30)

/* What the host measures of the guest, as victims of the host: metrics with their units. */
#define RECLAIM "reclaim_ns"
#define ANSWER "answer_ns"

/* The footprint so far. A sample holds until the next one. */
struct footprint {
	uint64_t begin_ns, last_ns, last_bytes, shown_bytes;
	double byte_ns;
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

static void show_point(struct footprint *f, struct replay_result *r)
{
	record_append_pair(&r->footprint, f->last_ns - f->begin_ns, f->last_bytes);
	f->shown_bytes = f->last_bytes;
}

static int sample(struct run *run, struct footprint *f, struct replay_result *r)
{
	const uint64_t bytes = resident_bytes(&run->vm), now = clock_ns();
	const uint64_t change =
		bytes > f->shown_bytes ? bytes - f->shown_bytes : f->shown_bytes - bytes;

	if (!bytes) {
		vm_explain(&run->vm, REPLAYING, "QEMU has no memory any more");
		return -ESRCH;
	}
	f->byte_ns += (double)f->last_bytes * (double)(now - f->last_ns);
	f->last_ns = now;
	f->last_bytes = bytes;
	if ((int64_t)bytes > r->peak_bytes)
		r->peak_bytes = bytes;
	if (!r->footprint.count || change >= run->vm.memory_bytes / POINT_SHARE)
		show_point(f, r);
	return 0;
}

/* Samples, decisions and questions are due at fixed times; what is missed is not made up for. */
static bool is_due(uint64_t *due, uint64_t period_ns, uint64_t now)
{
	if (now < *due)
		return false;
	*due += (now - *due) / period_ns * period_ns + period_ns;
	return true;
}

static int follow(struct run *run, struct policy *policy, struct footprint *f,
		  struct histogram *answers, struct replay_result *r)
{
	const struct replay_plan *plan = &run->boot->scenario->replay;
	const uint64_t limit_ns = f->begin_ns + SLOWDOWN_MAX * (uint64_t)r->planned_ns +
				  run->boot->scenario->resize_timeout_ns;
	uint64_t sample_due = f->begin_ns, ask_due = f->begin_ns + ASK_NS,
		 decision_due = f->begin_ns + plan->period_ns, now;
	bool ended = false;
	int err = 0;

	while (!err && !ended) {
		if (interruptible_poll(-1, 0, sample_due) == -EINTR)
			return -EINTR;
		now = clock_ns();
		if (is_due(&sample_due, plan->sample_ns, now))
			err = sample(run, f, r);
		if (!err && is_due(&decision_due, plan->period_ns, now))
			err = policy_decide(policy, f->last_bytes, now - f->begin_ns);
		if (!err && is_due(&ask_due, ASK_NS, now))
			err = has_ended(run, answers, &ended);
		if (!err && !ended && now > limit_ns) {
			vm_explain(&run->vm, REPLAYING, "it did not end in ten times its duration");
			err = -ETIMEDOUT;
		}
	}
	return err ? err : sample(run, f, r);
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
		r->slowdown = r->planned_ns ? (double)r->duration_ns / r->planned_ns : 1;
		r->demand_gib_minutes = answer.demand_gib_minutes;
		r->demand = answer.demand;
		answer.demand = (struct record_list){ .items = NULL };
		checks_add(run->result, run->number, CHECK_BOOT, CHECK_PAGES,
			   "resident memory of QEMU at its peak",
			   most_held(&r->demand) * RESIDENT_MIN / PAGE_BYTES,
			   (run->vm.memory_bytes + QEMU_BYTES) / PAGE_BYTES,
			   r->peak_bytes / PAGE_BYTES);
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
	r->planned_ns = scaled(workload_duration_ns(&plan->workload), 1 / plan->speed);
	r->planned_gib_minutes = workload_gib_minutes(&plan->workload) * plan->size / plan->speed;
	r->targets = r->peak_bytes = 0;
}

static void end_result(const struct footprint *f, struct replay_result *r)
{
	r->elapsed_ns = f->last_ns - f->begin_ns;
	r->end_bytes = f->last_bytes;
	r->footprint_gib_minutes = f->byte_ns / GIB_MINUTE;
	r->mean_bytes = r->elapsed_ns ? f->byte_ns / (double)r->elapsed_ns : f->last_bytes;
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

/* The guest's kernel counts those that it kills. */
static int count_kills(struct run *run, struct replay_result *r)
{
	static const char *const keys[] = { "oom_kill", NULL };
	struct record_list changes = { NULL, 0 };
	int err = vmstat_changes(run, keys, &changes);

	r->oom_kills = record_counter(&changes, keys[0]);
	record_release_counters(&changes);
	return err;
}

int replay_run(struct run *run, void *result)
{
	struct replay_result *r = result;
	struct policy policy = { .run = run, .result = r };
	struct histogram *answers = xcalloc(1, sizeof(*answers));
	const uint64_t cpu_ns = vm_cpu_ns(&run->vm);
	struct footprint f = { .byte_ns = 0 };
	int64_t busy_ns;
	int err;

	begin_result(run, r);
	tracing_begin(run, DIRECTIONS);
	err = vmstat_mark(run);
	if (!err)
		err = boot_enter_phase(run, PHASE_PLATEAU, REPLAYING, &busy_ns);
	if (!err)
		err = policy_open(&policy);
	f.begin_ns = f.last_ns = clock_ns();
	f.last_bytes = r->begin_bytes = resident_bytes(&run->vm);
	if (!err)
		err = start(run);
	if (!err)
		err = follow(run, &policy, &f, answers, r);
	if (!err)
		err = stop(run, r);
	if (!err) {
		show_point(&f, r);
		end_result(&f, r);
		find_reclaims(run, r);
		put_victim(&run->result->victims.host, ANSWER, answers);
		r->qemu_cpu_ns = vm_cpu_ns(&run->vm) - cpu_ns;
		err = policy_give_back(&policy);
	}
	if (!err)
		err = count_kills(run, r);
	if (!err)
		err = boot_enter_phase(run, PHASE_AFTER, REPLAYING, &busy_ns);
	policy_close(&policy);
	free(answers);
	return err;
}
