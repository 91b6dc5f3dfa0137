/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/traced_processes.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/qemu_processes.h"
#include "bpf/trace_json.h"

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
	struct traced_process *w;
	int err;

	if (find(traced, pid))
		return 0;
	if (traced->count == TRACED_PROCESSES_MAX)
		return -ENOSPC;
	err = host_tracer_add(traced->tracer, pid);
	if (err)
		return err;
	w = calloc(1, sizeof(*w));
	if (!w) {
		host_tracer_forget(traced->tracer, pid);
		return -ENOMEM;
	}
	w->pid = pid;
	w->batches = host_tracer_sees_batches(traced->tracer, pid);
	process_name(pid, w->name, sizeof(w->name));
	traced->list[traced->count++] = w;
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
	struct traced_process *w = find(context, batch->tgid);

	if (!w || batch->queue > 1)
		return;
	host_totals_add(&w->totals[batch->queue], batch);
	host_totals_add(&w->recent[batch->queue], batch);
}

void traced_processes_update(struct traced_processes *traced)
{
	size_t i;

	host_tracer_drain(traced->tracer, take, traced);
	for (i = 0; i < traced->count; i++) {
		struct traced_process *w = traced->list[i];

		if (w->gone)
			continue;
		host_tracer_stats(traced->tracer, w->pid, &w->stats);
		if (kill(w->pid, 0) && errno == ESRCH) {
			w->gone = true;
			host_tracer_forget(traced->tracer, w->pid);
		}
	}
}

void traced_processes_release(struct traced_processes *traced)
{
	while (traced->count)
		free(traced->list[--traced->count]);
}

static json_t *totals_to_json(const struct host_totals *s, double clock_ns)
{
	double advice = host_totals_advice_ns(s, clock_ns);
	json_t *json;

	json = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "batches", (json_int_t)s->batches,
			 "entries", (json_int_t)s->entries, "calls", (json_int_t)s->calls, "bytes",
			 (json_int_t)s->bytes, "ns", (json_int_t)s->ns, "timed",
			 (json_int_t)s->timed, "timed_ns", (json_int_t)s->timed_ns);
	json_object_set_new(json, "advice_ns", isnan(advice) ? json_null() : json_integer(advice));
	json_object_set_new(json, "translate_ns",
			    isnan(advice) ? json_null() : json_integer(s->ns - advice));
	return json;
}

json_t *traced_processes_to_json(const struct traced_processes *traced, double clock_ns)
{
	json_t *list = json_array(), *batches;
	size_t i;

	for (i = 0; i < traced->count; i++) {
		const struct traced_process *w = traced->list[i];

		batches = w->batches ? json_pack("{s:o, s:o}", "inflate",
						 totals_to_json(&w->totals[0], clock_ns), "deflate",
						 totals_to_json(&w->totals[1], clock_ns))
				     : json_null();
		json_array_append_new(list, json_pack("{s:i, s:s, s:b, s:o, s:o}", "pid",
						      (int)w->pid, "name", w->name, "ended",
						      w->gone, "batches", batches, "calls",
						      host_tracer_sees_calls(traced->tracer)
							      ? host_stats_to_json(&w->stats)
							      : json_null()));
	}
	return list;
}
