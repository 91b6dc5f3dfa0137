/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/traced_processes.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/trace_result.h"
#include "lib/record_table.h"

static bool is_qemu(pid_t pid)
{
	char link[64], path[PATH_MAX];
	const char *name;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return false;
	path[n] = '\0';
	name = basename(path);
	return !strncmp(name, "qemu-system-", 12) || !strcmp(name, "qemu-kvm") ||
	       !strcmp(name, "kvm");
}

/* Find processes whose program is qemu-system-*, qemu-kvm or kvm; returns their number. */
static size_t qemu_processes(pid_t *pids, size_t max)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	if (!proc)
		return 0;
	while (count < max && (entry = readdir(proc))) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;

		if (pid && is_qemu(pid))
			pids[count++] = pid;
	}
	closedir(proc);
	return count;
}

/* Get the name of a process, "?" if it has ended. */
static void process_name(pid_t pid, char *name, size_t size)
{
	char path[64];
	FILE *f;

	snprintf(name, size, "?");
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(name, size, f))
		name[strcspn(name, "\n")] = '\0';
	fclose(f);
}

static struct traced_process *find(const struct traced_processes *traced, pid_t pid)
{
	size_t i;

	for (i = 0; i < traced->count; i++)
		if (traced->list[i]->pid == pid && !traced->list[i]->gone)
			return traced->list[i];
	return NULL;
}

int traced_processes_add(struct traced_processes *traced, pid_t pid)
{
	struct traced_process *p;
	int err;

	if (find(traced, pid))
		return 0;
	if (traced->count == TRACED_PROCESSES_MAX)
		return -ENOSPC;
	err = host_tracer_add(traced->tracer, pid);
	if (err)
		return err;
	p = calloc(1, sizeof(*p));
	if (!p) {
		host_tracer_forget(traced->tracer, pid);
		return -ENOMEM;
	}
	p->pid = pid;
	p->pidfd = syscall(SYS_pidfd_open, pid, 0);
	p->batches = host_tracer_sees_batches(traced->tracer, pid);
	process_name(pid, p->name, sizeof(p->name));
	traced->list[traced->count++] = p;
	return 0;
}

void traced_processes_find(struct traced_processes *traced)
{
	pid_t pids[TRACED_PROCESSES_MAX];
	size_t i, count;

	count = qemu_processes(pids, TRACED_PROCESSES_MAX);
	for (i = 0; i < count; i++)
		if (traced_processes_add(traced, pids[i]) == -ENOSPC)
			traced->full = true;
}

static void take(const struct host_batch *batch, void *context)
{
	struct traced_process *p = find(context, batch->tgid);

	if (!p || batch->queue > 1)
		return;
	host_totals_add(&p->totals[batch->queue], batch);
	host_totals_add(&p->recent[batch->queue], batch);
}

/* A kernel before 5.3 has no pidfd: then one that has the ID by now is taken for it. */
static bool has_ended(const struct traced_process *p)
{
	struct pollfd pfd = { .fd = p->pidfd, .events = POLLIN };

	return p->pidfd >= 0 ? poll(&pfd, 1, 0) == 1 : kill(p->pid, 0) && errno == ESRCH;
}

void traced_processes_update(struct traced_processes *traced)
{
	size_t i;

	host_tracer_drain(traced->tracer, take, traced);
	for (i = 0; i < traced->count; i++) {
		struct traced_process *p = traced->list[i];

		if (p->gone)
			continue;
		host_tracer_stats(traced->tracer, p->pid, &p->stats);
		if (has_ended(p)) {
			p->gone = true;
			host_tracer_forget(traced->tracer, p->pid);
		}
	}
}

void traced_processes_release(struct traced_processes *traced)
{
	while (traced->count) {
		struct traced_process *p = traced->list[--traced->count];

		if (p->pidfd >= 0)
			close(p->pidfd);
		free(p);
	}
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

#define S struct process_summary
RECORD(process_record, "process", NULL,
	FIELD(COUNT, pid), FIELD(TEXT, name), FIELD(BOOL, ended, .required = true),
	FIELD(STRUCT, batches, .record = &queues_record),
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

void traced_processes_summarize(const struct traced_processes *traced, double clock_ns,
				struct record_list *list)
{
	struct process_summary *p;
	size_t i;

	for (i = 0; i < traced->count; i++) {
		const struct traced_process *t = traced->list[i];

		p = record_append(&process_record, list);
		p->pid = t->pid;
		record_set_text(&p->name, t->name);
		p->ended = t->gone;
		if (t->batches) {
			summarize_batches(&p->batches.inflate, &t->totals[0], clock_ns);
			summarize_batches(&p->batches.deflate, &t->totals[1], clock_ns);
		}
		if (host_tracer_sees_calls(traced->tracer))
			trace_calls(&p->calls, &t->stats);
	}
}
