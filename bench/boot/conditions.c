/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/boot/parts.h"
#include "bench/vm/interrupt.h"
#include "lib/clock.h"

/* At most this share of the free memory may be in blocks of LARGE_ORDER (64 KiB) and above. */
#define LARGE_SHARE_MAX 0.1
#define LARGE_ORDER 4
#define COMMAND_NS (20 * NSEC_PER_SEC)
#define POLL_NS (50 * NSEC_PER_MSEC) /* for an interrupt by the user */
#define ACTUAL_MS 10000
#define FRAGMENTING "while fragmenting memory"
#define COMPACTING "while compacting memory"
#define PRESSING "while putting memory under pressure"
#define WITH_THEM "with the victims"
#define WITH_HOSTS "with the host's victims"

int fragmentation_note(struct run *run, void *result)
{
	struct guest_request request = guest_request("buddy");
	struct free_memory *when = result;
	int err = guest_fill(run, &request, &answer_buddy_record, when, FRAGMENTING, 0);
	const int64_t *pages = when->free_pages.items;
	double all = 0, large = 0;
	size_t order;

	for (order = 0; order < when->free_pages.count; order++) {
		all += pages[order];
		large += order >= LARGE_ORDER ? pages[order] : 0;
	}
	when->share_order4 = all > 0 ? large / all : 1;
	return err;
}

int fragmentation_prepare(struct run *run, void *result)
{
	const struct scenario *scenario = run->boot->scenario;
	struct guest_request request = guest_request("fragment");
	struct fragmentation *f = result;
	struct answer_fragment answer;
	char reason[160];
	int err;

	request.longest_run = scenario->longest_run;
	request.seed = run->boot->seed;
	err = guest_fill(run, &request, &answer_fragment_record, &answer, FRAGMENTING,
			 scenario->memory_bytes);
	if (err)
		return err;
	f->longest_run = scenario->longest_run;
	f->pinned_bytes = answer.pinned_bytes;
	f->duration_ns = answer.duration_ns;
	err = fragmentation_note(run, &f->before);
	if (err || f->before.share_order4 <= LARGE_SHARE_MAX)
		return err;
	snprintf(
		reason, sizeof(reason),
		"cycle %u: memory is not fragmented: %.0f %% of free memory is in blocks of 64 KiB "
		"and above, expected at most %.0f %%",
		run->number, f->before.share_order4 * 100, LARGE_SHARE_MAX * 100);
	checks_refuse(run->result, reason);
	return 0;
}

int compaction_prepare(struct run *run, void *result)
{
	const struct scenario *scenario = run->boot->scenario;
	struct guest_request request = guest_request_bytes(
		"hold-high", scenario->compaction_rounds * scenario->compaction_slice_bytes);

	(void)result;
	return guest_fill(run, &request, NULL, NULL, "while holding high memory",
			  scenario->memory_bytes);
}

static int one_round(struct run *run, struct compaction_round *round)
{
	static const char *const keys[] = { "balloon_migrate", "pgmigrate_success",
					    "pgmigrate_fail", NULL };
	const struct scenario *scenario = run->boot->scenario;
	struct guest_request free_high =
		guest_request_bytes("free-high", scenario->compaction_slice_bytes);
	struct guest_request compact = guest_request("compact");
	struct record_list changes = { NULL, 0 };
	int err;

	err = guest_fill(run, &free_high, &answer_bytes, &round->freed_bytes, COMPACTING, 0);
	if (!err)
		err = vmstat_mark(run);
	/* The guest compacts all its memory, and each page costs it two round trips. */
	if (!err)
		err = guest_fill(run, &compact, &answer_duration_ns, &round->duration_ns,
				 COMPACTING, scenario->memory_bytes);
	if (!err)
		err = vmstat_changes(run, keys, &changes);
	round->balloon_migrate = record_counter(&changes, keys[0]);
	round->pgmigrate_success = record_counter(&changes, keys[1]);
	round->pgmigrate_fail = record_counter(&changes, keys[2]);
	record_release_counters(&changes);
	return err;
}

int compaction_run(struct run *run, void *result)
{
	const struct host_totals *totals = run->trace.totals;
	struct compaction *c = result;
	struct compaction_round *round;
	struct trace_counters before, after = { 0 };
	int err;

	c->duration_ns = c->migrated_pages = 0;
	err = tracing_counters(run, &before);
	tracing_begin(run, DIRECTIONS);
	for (c->rounds = 0; !err && c->rounds < run->boot->scenario->compaction_rounds;
	     c->rounds++) {
		round = record_append(&compaction_round_record, &c->each);
		err = one_round(run, round);
		c->duration_ns = (uint64_t)c->duration_ns + round->duration_ns;
		c->migrated_pages += round->balloon_migrate;
	}
	if (!err)
		err = tracing_counters(run, &after);
	if (err || after.migrate_again == RECORD_ABSENT)
		return err;
	c->migrate_again = after.migrate_again - before.migrate_again;
	c->migrate_failed = after.migrate_failed - before.migrate_failed;
	tracing_read(run);
	c->host = run->trace.work;
	if (run->trace.batches)
		c->round_trips = totals[INFLATE].batches + totals[DEFLATE].batches;
	return 0;
}

static int fill(struct run *run, const char *cmd, uint64_t bytes, struct touch_result *result)
{
	struct guest_request request = guest_request_bytes(cmd, bytes);

	if (!bytes)
		return 0;
	return guest_fill(run, &request, &touch_record, result, PRESSING, bytes);
}

int pressure_prepare(struct run *run, void *result)
{
	const struct pressure *p = &run->boot->scenario->pressure;
	struct pressure_result *r = result;
	struct touch_result touched;
	int err;

	err = fill(run, "touch", p->hold_bytes, &touched);
	if (!err)
		err = fill(run, "cache", p->cache_bytes, &touched);
	r->hold_bytes = p->hold_bytes;
	r->cache_bytes = p->cache_bytes;
	return err;
}

int pressure_begin(struct run *run, void *result)
{
	int err = vmstat_mark(run);

	(void)result;
	return err ? err : tracing_counters(run, &run->counters);
}

int pressure_end(struct run *run, void *result)
{
	static const char *const keys[] = { "pglazyfreed",	 "pgsteal_direct",
					    "pgsteal_kswapd",	 "pgscan_direct",
					    "pgscan_kswapd",	 "allocstall_movable",
					    "allocstall_normal", NULL };
	struct pressure_result *r = result;
	struct trace_counters after = { 0 };
	int err = vmstat_changes(run, keys, &r->reclaim);

	if (!err)
		err = tracing_counters(run, &after);
	if (!err && after.out_of_puff != RECORD_ABSENT)
		r->out_of_puff = after.out_of_puff - run->counters.out_of_puff;
	return err;
}

int pressure_grow(struct run *run, void *result)
{
	static const char *const keys[] = { "balloon_deflate", NULL };
	struct record_list deflated = { NULL, 0 };
	struct pressure_growth *growth = result;
	struct touch_result taken = { 0 };
	uint64_t actual;
	int err;

	err = vmstat_mark(run);
	/* The process still holds its memory if the balloon did not need it. */
	if (!err)
		err = vm_command(&run->vm, "free", PRESSING);
	if (!err)
		err = fill(run, "touch", run->boot->scenario->pressure.growth_bytes, &taken);
	if (!err)
		err = vmstat_changes(run, keys, &deflated);
	if (err)
		return err;
	growth->bytes = taken.bytes;
	growth->duration_ns = taken.duration_ns;
	growth->oom_deflated_pages = record_counter(&deflated, keys[0]);
	record_release_counters(&deflated);
	/* If the guest has deflated, the next resize starts from a smaller balloon. */
	err = qmp_balloon_actual(run->vm.qmp, &actual, deadline_in_ms(ACTUAL_MS));
	if (err)
		vm_explain(&run->vm, PRESSING, qmp_error(run->vm.qmp));
	else
		run->vm.balloon_bytes = run->vm.memory_bytes - actual;
	return err;
}

#define REPORTING "while free pages are reported"
#define STILL_POLL_NS (10 * NSEC_PER_MSEC)
/* The guest's kernel pauses 2 s between two passes: it is done if two of them report nothing. */
#define STILL_NS (5 * NSEC_PER_SEC)
/* The first pass may take longer if the guest's CPUs are busy. */
#define FIRST_NS (60 * NSEC_PER_SEC)
/* QEMU's own memory varies by less than this. */
#define NOISE_BYTES (1ULL << 20)
#define PROGRESS_POINTS 128

uint64_t resident_bytes(const struct vm *vm)
{
	unsigned long long pages = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)vm->qemu.pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%*u %llu", &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

static int reporting_failed(struct run *run, int err, const char *why)
{
	vm_explain(&run->vm, REPORTING, why);
	return err;
}

/* Poll until no more memory returns. Bytes, duration and CPU time are those at the last return. */
static int await_still(struct run *run, uint64_t before, uint64_t cpu_ns, struct resize_result *r)
{
	const struct scenario *scenario = run->boot->scenario;
	uint64_t start = clock_ns(), last = start, now = start, resident;
	int64_t shown = 0; /* by the last point of the progress */

	record_append_pair(&r->progress, 0, 0);
	while (now - start - r->duration_ns <= (r->bytes ? STILL_NS : FIRST_NS)) {
		if (interruptible_poll(-1, 0, clock_ns() + STILL_POLL_NS) == -EINTR)
			return -EINTR;
		resident = resident_bytes(&run->vm);
		now = clock_ns();
		if (!resident)
			return reporting_failed(run, -ESRCH, "QEMU has no memory any more");
		if (resident + r->bytes + NOISE_BYTES <= before) {
			r->bytes = before - resident;
			r->duration_ns = now - start;
			r->resolution_ns = now - last;
			r->cpu.qemu_ns = vm_cpu_ns(&run->vm) - cpu_ns;
			if (r->bytes - shown >=
			    (int64_t)scenario->inflate_bytes / PROGRESS_POINTS) {
				shown = r->bytes;
				record_append_pair(&r->progress, r->duration_ns, shown);
			}
		}
		last = now;
		if (now - start > scenario->resize_timeout_ns)
			return reporting_failed(run, -ETIMEDOUT,
						"the guest still reports after resize_timeout");
	}
	r->wall_ns = now - start;
	return 0;
}

int boot_enter_phase(struct run *run, enum result_victim_phase phase, const char *stage,
		     int64_t *busy_ns)
{
	struct guest_request request = guest_request("phase");
	int err;

	request.phase = phase;
	err = guest_fill(run, &request, &answer_busy_ns, busy_ns, stage, 0);
	if (!err)
		victims_enter(&run->host_victims, phase);
	return err;
}

int reporting_run(struct run *run, void *result)
{
	uint64_t cpu_ns = vm_cpu_ns(&run->vm), before;
	int64_t busy_before, busy_after;
	struct resize_result *r = result;
	int err;

	tracing_begin(run, INFLATE);
	resize_begin(r);
	r->steps = 1;
	err = boot_enter_phase(run, PHASE_INFLATE, REPORTING, &busy_before);
	if (err)
		return err;
	before = resident_bytes(&run->vm);
	err = vm_command(&run->vm, "free", REPORTING);
	if (!err)
		err = await_still(run, before, cpu_ns, r);
	if (!err)
		err = boot_enter_phase(run, PHASE_PLATEAU, REPORTING, &busy_after);
	if (err)
		return err;
	if (!r->bytes)
		return reporting_failed(
			run, -EPROTO,
			"the host got no memory back within a minute; the guest's kernel needs "
			"CONFIG_PAGE_REPORTING");
	r->cpu.guest_ns = busy_after > busy_before ? busy_after - busy_before : 0;
	resize_finish(r, true);
	tracing_read(run);
	tracing_end(run, NULL, r);
	return 0;
}

int reporting_end(struct run *run, void *result)
{
	int64_t busy_ns;

	(void)result;
	return boot_enter_phase(run, PHASE_AFTER, REPORTING, &busy_ns);
}

int boot_victims_start(struct run *run, void *result)
{
	struct guest_request request = guest_request("victims-start");
	const struct scenario *scenario = run->boot->scenario;
	char error[256];
	int err = 0;

	request.victims = scenario->guest_victims;
	if (request.victims.count)
		err = vm_request(&run->vm, &request, NULL, NULL, WITH_THEM, COMMAND_NS);
	if (!err &&
	    victims_start(&run->host_victims, &scenario->host_victims, error, sizeof(error))) {
		vm_explain(&run->vm, WITH_HOSTS, error);
		err = -EPROTO;
	}
	return err ? err : boot_victims_calm(run, result);
}

int boot_victims_calm(struct run *run, void *result)
{
	uint64_t end = clock_ns() + run->boot->scenario->calm_ns;

	(void)result;
	while (clock_ns() < end && !interrupted())
		sleep_ns(POLL_NS);
	return interrupted() ? -EINTR : 0;
}

/* They stand beside what a replay has left there. */
static int take_guest_victims(struct run *run, struct record_list *guest)
{
	struct guest_request request = guest_request("victims-stop");
	struct record_list taken = { NULL, 0 };
	int err = vm_request(&run->vm, &request, &answer_victims, &taken, WITH_THEM, COMMAND_NS);
	const struct victim_result *v = taken.items;
	size_t i;

	if (err) {
		record_release_list(&victim_record, &taken);
		return err;
	}
	for (i = 0; i < taken.count; i++)
		*(struct victim_result *)record_append(&victim_record, guest) = v[i];
	free(taken.items);
	return 0;
}

int boot_victims_stop(struct run *run)
{
	struct victim_lists *lists = &run->result->victims;
	int err = 0;

	if (run->boot->scenario->guest_victims.count)
		err = take_guest_victims(run, &lists->guest);
	if (victims_stop(&run->host_victims, &lists->host) && !err) {
		vm_explain(&run->vm, WITH_HOSTS, "one of them died");
		err = -EPROTO;
	}
	return err;
}
