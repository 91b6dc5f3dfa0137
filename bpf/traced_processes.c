/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/traced_processes.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/monitor.h"
#include "bpf/trace_result.h"
#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/histogram.h"
#include "lib/record_table.h"
#include "lib/utf8.h"

/* Descriptors of /dev/kvm, and of virtual CPUs and devices, are many a process. */
#define KVM_FILES_MAX (16 * TARGETS_MAX)

static struct traced_process *find(const struct traced_processes *traced, pid_t pid)
{
	size_t i;

	for (i = 0; i < traced->count; i++)
		if (traced->list[i]->pid == pid && !traced->list[i]->gone)
			return traced->list[i];
	return NULL;
}

enum look { LOOK_STATUS, LOOK_FILES, LOOK_ALL };

/* What this look left out is what the last one saw. */
static void keep_unseen(int64_t *now, int64_t last)
{
	if (*now == RECORD_ABSENT)
		*now = last;
}

static void measure(struct traced_process *p, enum look look)
{
	struct process_memory now;

	if (look == LOOK_STATUS ? !process_memory_status(p->pid, &now)
				: !process_memory_read(p->pid, look == LOOK_ALL, &now))
		return;
	keep_unseen(&now.shared_bytes, p->last.shared_bytes);
	keep_unseen(&now.anon_huge_bytes, p->last.anon_huge_bytes);
	p->last = now;
	if (process_memory_footprint(&now) > process_memory_footprint(&p->most))
		p->most = now;
}

/* Whether it has made calls since it was last looked at. */
static bool is_active(const struct traced_processes *traced, struct traced_process *p)
{
	const uint64_t before = p->calls_seen;
	struct call_totals totals;

	if (!host_tracer_totals(traced->tracer, p->slot, &totals))
		p->calls_seen = totals.calls;
	return p->calls_seen != before;
}

void traced_processes_measure(struct traced_processes *traced, bool all)
{
	struct traced_process *p;
	enum look look;
	size_t i;

	for (i = 0; i < traced->count; i++) {
		p = traced->list[i];
		if (p->gone)
			continue;
		look = is_active(traced, p) ? LOOK_FILES : LOOK_STATUS;
		if (all)
			p->vfio |= process_has_vfio(p->pid);
		measure(p, traced->status_only ? LOOK_STATUS : all ? LOOK_ALL : look);
	}
}

static int64_t or_zero(int64_t value)
{
	return value == RECORD_ABSENT ? 0 : value;
}

static void record_sample(struct traced_processes *traced, const struct traced_process *p)
{
	struct recorded_sample sample = { .number = p->number, .at_ns = clock_ns() };
	struct call_totals totals;

	if (!traced->recording || host_tracer_totals(traced->tracer, p->slot, &totals))
		return;
	sample.calls = totals.calls;
	sample.bytes = totals.bytes;
	sample.errors = totals.errors;
	sample.rss_bytes = or_zero(p->last.rss_bytes);
	sample.anon_huge_bytes = or_zero(p->last.anon_huge_bytes);
	recording_write(traced->recording, RECORDED_SAMPLE, &sample);
}

void traced_processes_sample(struct traced_processes *traced)
{
	size_t i;

	for (i = 0; i < traced->count; i++)
		if (!traced->list[i]->gone)
			record_sample(traced, traced->list[i]);
}

static void record_process(struct traced_processes *traced, const struct traced_process *p)
{
	if (traced->recording)
		recording_process(traced->recording,
				  &(struct recorded_process){ p->number, p->pid, clock_ns() },
				  traced_process_name(p));
}

static struct traced_process *append(struct traced_processes *traced, pid_t pid, int slot)
{
	struct traced_process *p = xcalloc(1, sizeof(*p));

	p->pid = pid;
	p->slot = slot;
	p->processes = 1;
	p->batches = host_tracer_sees_batches(traced->tracer, slot);
	process_info_read(pid, &p->info);
	record_init(&process_memory_record, &p->last);
	p->most = p->last;
	measure(p, traced->status_only ? LOOK_STATUS : LOOK_ALL);
	p->first = p->last;
	p->vfio = process_has_vfio(pid);
	traced->list = xreallocarray(traced->list, traced->count + 1, sizeof(p));
	traced->list[traced->count++] = p;
	traced->by_slot[slot] = p;
	traced->living++;
	p->number = ++traced->numbers;
	record_process(traced, p);
	return p;
}

int traced_processes_add(struct traced_processes *traced, pid_t pid)
{
	int slot;

	if (find(traced, pid))
		return 0;
	slot = host_tracer_add(traced->tracer, pid);
	/* It has just started, and is traced since: that will be read. */
	if (slot == -EEXIST)
		return 0;
	if (slot < 0)
		return slot;
	append(traced, pid, slot);
	return 0;
}

/* One that has ended since is none. */
static void add_found(struct traced_processes *traced, pid_t pid)
{
	int err = traced_processes_add(traced, pid);

	if (err && err != -ESRCH)
		traced->left_out = err;
}

/* It has made calls that are not counted, or has ended. */
static void add_late(struct traced_processes *traced, pid_t pid)
{
	traced->late++;
	add_found(traced, pid);
}

/*
 * A program was executed and is traced since. It may have ended before it could be looked at. A
 * process that executes another program, as a wrapper does, is the same process; so is one that was
 * found by its name in the middle of that, when it had no arguments yet.
 */
static void take_started(pid_t pid, int slot, const char *name, void *context)
{
	struct traced_processes *traced = context;
	struct traced_process *p = slot < 0 ? NULL : traced->by_slot[slot];
	const char *monitor = process_monitor(pid) ?: monitor_by_name(name, true);

	if (slot < 0) {
		if (monitor)
			add_late(traced, pid);
		return;
	}
	if (!p && !monitor) {
		host_tracer_forget(traced->tracer, slot);
		return;
	}
	if (p) {
		process_info_read(pid, &p->info);
		record_process(traced, p);
	} else {
		p = append(traced, pid, slot);
	}
	p->batches |= host_tracer_sees_batches(traced->tracer, slot);
	p->info.monitor = monitor;
	if (!strcmp(p->info.name, "?"))
		memcpy(p->info.name, name, strnlen(name, 16));
}

int traced_processes_watch(struct traced_processes *traced)
{
	return host_tracer_watch(traced->tracer, take_started, traced);
}

static void find_by_name(struct traced_processes *traced)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;

		if (pid && !find(traced, pid) && process_monitor(pid))
			add_found(traced, pid);
	}
	if (proc)
		closedir(proc);
}

static void find_by_kvm(struct traced_processes *traced)
{
	static pid_t pids[KVM_FILES_MAX];
	int count = host_tracer_find_kvm(traced->tracer, pids, KVM_FILES_MAX), i;

	traced->find_error = count < 0 ? count : 0;
	for (i = 0; i < count; i++)
		if (!i || pids[i] != pids[i - 1])
			add_found(traced, pids[i]);
}

void traced_processes_find(struct traced_processes *traced)
{
	find_by_name(traced);
	find_by_kvm(traced);
}

static void record_batch(struct recording *recording, const struct traced_process *p,
			 const struct host_batch *b)
{
	const struct recorded_batch record = { p->number, b->end_ns,  b->ns,
					       b->queue,  b->entries, b->calls,
					       b->bytes,  b->timed,   b->timed_ns };

	if (recording)
		recording_write(recording, RECORDED_BATCH, &record);
}

static void take(const struct host_batch *batch, void *context)
{
	struct traced_processes *traced = context;
	struct traced_process *p = batch->slot < TARGETS_MAX ? traced->by_slot[batch->slot] : NULL;

	if (!p || batch->queue > 1)
		return;
	host_totals_add(&p->totals[batch->queue], batch);
	host_totals_add(&p->recent[batch->queue], batch);
	record_batch(traced->recording, p, batch);
}

static void merge_advice(struct advice_stats *into, const struct advice_stats *from)
{
	int i;

	into->calls += from->calls;
	into->bytes += from->bytes;
	into->errors += from->errors;
	into->ranges += from->ranges;
	into->lost += from->lost;
	into->unplaced += from->unplaced;
	for (i = 0; i < CALL_ERROR_COUNT; i++)
		into->by_error[i] += from->by_error[i];
	histogram_merge(&into->latency_ns, &from->latency_ns);
	histogram_merge(&into->length_bytes, &from->length_bytes);
}

static struct advice_stats *kept_advice(struct traced_process *p, enum advice advice)
{
	size_t i;

	for (i = 0; i < p->kept_count; i++)
		if (p->kept[i].advice == advice)
			return &p->kept[i].stats;
	p->kept = xreallocarray(p->kept, p->kept_count + 1, sizeof(*p->kept));
	p->kept[p->kept_count] = (struct advice_kept){ .advice = advice };
	return &p->kept[p->kept_count++].stats;
}

/* Keep the statistics of a process that has ended: its slot is another's soon. */
static void keep(struct traced_processes *traced, struct traced_process *p)
{
	const struct host_stats *stats = traced_process_stats(traced, p);
	int i;

	for (i = 0; i < ADVICE_COUNT; i++)
		if (stats->advice[i].calls || stats->advice[i].lost)
			merge_advice(kept_advice(p, i), &stats->advice[i]);
	record_sample(traced, p);
	if (traced->recording)
		recording_write(traced->recording, RECORDED_END,
				&(struct recorded_end){ p->number, clock_ns() });
	p->gone = true;
	traced->by_slot[p->slot] = NULL;
	traced->living--;
	host_tracer_forget(traced->tracer, p->slot);
}

static void free_balloon(struct traced_process *p)
{
	if (p->balloon)
		record_release(&balloon_view_record, p->balloon);
	free(p->balloon);
	p->balloon = NULL;
}

static void free_process(struct traced_process *p)
{
	if (!p)
		return;
	free_balloon(p);
	free(p->kept);
	free(p);
}

static void merge_queue(struct host_totals *into, const struct host_totals *from)
{
	into->batches += from->batches;
	into->entries += from->entries;
	into->ns += from->ns;
	into->calls += from->calls;
	into->bytes += from->bytes;
	into->timed += from->timed;
	into->timed_ns += from->timed_ns;
}

static void merge(struct traced_processes *traced, struct traced_process *p)
{
	struct traced_process *all = traced->earlier;
	size_t i;

	if (!all) {
		all = traced->earlier = xcalloc(1, sizeof(*all));
		all->gone = true;
		strcpy(all->info.name, "ended earlier");
	}
	all->processes += p->processes;
	all->batches |= p->batches;
	for (i = 0; i < 2; i++)
		merge_queue(&all->totals[i], &p->totals[i]);
	for (i = 0; i < p->kept_count; i++)
		merge_advice(kept_advice(all, p->kept[i].advice), &p->kept[i].stats);
	free_process(p);
}

/* All but the last ENDED_MAX of those that have ended become one. */
static void merge_ended(struct traced_processes *traced)
{
	size_t ended = traced->count - traced->living, kept = 0, i;

	if (ended <= ENDED_MAX)
		return;
	for (i = 0; i < traced->count; i++) {
		if (traced->list[i]->gone && ended > ENDED_MAX) {
			merge(traced, traced->list[i]);
			ended--;
		} else {
			traced->list[kept++] = traced->list[i];
		}
	}
	traced->count = kept;
}

/* A kernel before 5.3 has no pidfd, and cannot trace. */
static void see_ended(struct traced_processes *traced)
{
	struct pollfd *polls = xcalloc(traced->living + 1, sizeof(*polls));
	size_t i, n = 0;

	for (i = 0; i < traced->count; i++)
		if (!traced->list[i]->gone)
			polls[n++] =
				(struct pollfd){ .fd = host_tracer_pidfd(traced->tracer,
									 traced->list[i]->slot),
						 .events = POLLIN };
	poll(polls, n, 0);
	for (i = 0, n = 0; i < traced->count; i++) {
		if (traced->list[i]->gone)
			continue;
		if (polls[n].fd < 0 || polls[n].revents)
			keep(traced, traced->list[i]);
		n++;
	}
	free(polls);
}

void traced_processes_update(struct traced_processes *traced)
{
	host_tracer_drain(traced->tracer, take, traced);
	see_ended(traced);
	merge_ended(traced);
}

bool traced_processes_take_balloon(struct traced_processes *traced, struct balloon_view *view)
{
	struct traced_process *p = view->pid ? find(traced, view->pid) : NULL;

	if (!p)
		return false;
	free_balloon(p);
	p->balloon = xcalloc(1, sizeof(*p->balloon));
	*p->balloon = *view;
	record_init(&balloon_view_record, view);
	return true;
}

const char *traced_process_name(const struct traced_process *process)
{
	return printable(*process->info.vm ? process->info.vm : process->info.name);
}

const struct host_stats *traced_process_stats(const struct traced_processes *traced,
					      const struct traced_process *process)
{
	static struct host_stats stats;
	size_t i;

	memset(&stats, 0, sizeof(stats));
	if (!process->gone)
		host_tracer_stats(traced->tracer, process->slot, &stats);
	for (i = 0; i < process->kept_count; i++)
		stats.advice[process->kept[i].advice] = process->kept[i].stats;
	return &stats;
}

void traced_process_interval(const struct traced_processes *traced, struct traced_process *process,
			     struct call_totals *calls)
{
	struct call_totals now;

	host_tracer_totals(traced->tracer, process->slot, &now);
	calls->calls = now.calls - process->before.calls;
	calls->bytes = now.bytes - process->before.bytes;
	calls->errors = now.errors - process->before.errors;
	calls->timed = now.timed - process->before.timed;
	calls->ns = now.ns - process->before.ns;
	process->before = now;
}

void traced_processes_release(struct traced_processes *traced)
{
	while (traced->count)
		free_process(traced->list[--traced->count]);
	free(traced->list);
	free_process(traced->earlier);
	traced->list = NULL;
	traced->earlier = NULL;
}

#define S struct batch_summary
static RECORD(batch_record, "batches", NULL,
	NAMED("batches", COUNT, totals.batches), NAMED("entries", COUNT, totals.entries),
	NAMED("calls", COUNT, totals.calls), NAMED("bytes", COUNT, totals.bytes),
	NAMED("ns", COUNT, totals.ns), NAMED("timed", COUNT, totals.timed),
	NAMED("timed_ns", COUNT, totals.timed_ns), FIELD(COUNT, advice_ns),
	FIELD(COUNT, translate_ns));
#undef S

#define S struct queue_summaries
static RECORD(queues_record, "queues", NULL,
	FIELD(STRUCT, inflate, .record = &batch_record),
	FIELD(STRUCT, deflate, .record = &batch_record));
#undef S

#define S struct memory_summary
static RECORD(memory_record, "memory", NULL,
	FIELD(STRUCT, before, .record = &process_memory_record),
	FIELD(STRUCT, after, .record = &process_memory_record),
	FIELD(COUNT, advised_bytes, .unit = UNIT_BYTES, .doc = "advised to be freed"),
	FIELD(COUNT, freed_bytes, .unit = UNIT_BYTES, .doc = "what the footprint fell by since it was the largest"),
	FIELD(COUNT, not_freed_bytes, .unit = UNIT_BYTES,
	      .doc = "advised and not freed, in use again, or not there before"),
	FIELD(TEXT, reason, .doc = "why not, where that is known"),
	FIELD(BOOL, vfio, .doc = "a device is assigned"));
#undef S

#define S struct process_summary
RECORD(process_record, "process", NULL,
	FIELD(COUNT, pid), FIELD(COUNT, processes), FIELD(TEXT, name), FIELD(TEXT, monitor),
	FIELD(TEXT, vm), FIELD(BOOL, ended, .required = true),
	FIELD(STRUCT, batches, .record = &queues_record),
	FIELD(STRUCT, memory, .record = &memory_record),
	FIELD(STRUCT, balloon, .record = &balloon_view_record),
	FIELD(MAP, calls, .record = &call_record));
#undef S

static void summarize_batches(struct batch_summary *summary, const struct host_totals *totals,
			      double clock_ns)
{
	double advice = host_totals_advice_ns(totals, clock_ns);

	summary->totals = *totals;
	if (isnan(advice))
		return;
	summary->advice_ns = advice;
	summary->translate_ns = totals->ns - advice;
}

void traced_process_outcome(const struct traced_process *process, const struct host_stats *stats,
			    struct memory_outcome *outcome)
{
	memory_outcome(outcome, &process->most, &process->last, stats, process->vfio);
}

static void summarize_memory(struct memory_summary *m, const struct traced_process *t,
			     const struct host_stats *stats, bool sees_calls)
{
	struct memory_outcome outcome;

	m->before = t->first;
	m->after = t->last;
	m->vfio = t->vfio;
	if (!sees_calls)
		return;
	traced_process_outcome(t, stats, &outcome);
	m->advised_bytes = outcome.advised_bytes;
	m->freed_bytes = outcome.freed_bytes;
	m->not_freed_bytes = outcome.not_freed_bytes;
	record_set_text(&m->reason, outcome.reason);
}

static void summarize_balloon(struct balloon_view *view, const struct balloon_view *of)
{
	const struct counter *c;
	size_t i;

	view->actual_bytes = of->actual_bytes;
	view->stats_age_s = of->stats_age_s;
	for (i = 0, c = of->stats.items; i < of->stats.count; i++, c++)
		record_append_counter(&view->stats, c->name, c->value);
}

static void summarize(const struct traced_processes *traced, const struct traced_process *t,
		      double clock_ns, struct record_list *list)
{
	const struct host_stats *stats = traced_process_stats(traced, t);
	const bool sees_calls = host_tracer_sees_calls(traced->tracer);
	struct process_summary *p = record_append(&process_record, list);

	if (t->pid)
		p->pid = t->pid;
	else
		p->processes = t->processes;
	if (t->pid)
		summarize_memory(&p->memory, t, stats, sees_calls);
	if (t->balloon)
		summarize_balloon(&p->balloon, t->balloon);
	record_set_text(&p->name, t->info.name);
	record_set_text(&p->monitor, t->info.monitor);
	record_set_text(&p->vm, *t->info.vm ? t->info.vm : NULL);
	p->ended = t->gone;
	if (t->batches) {
		summarize_batches(&p->batches.inflate, &t->totals[0], clock_ns);
		summarize_batches(&p->batches.deflate, &t->totals[1], clock_ns);
	}
	if (sees_calls)
		trace_calls(&p->calls, stats, traced->one_call_in);
}

void traced_processes_summarize(const struct traced_processes *traced, double clock_ns,
				struct record_list *list)
{
	size_t i;

	for (i = 0; i < traced->count; i++)
		summarize(traced, traced->list[i], clock_ns, list);
	if (traced->earlier)
		summarize(traced, traced->earlier, clock_ns, list);
}
