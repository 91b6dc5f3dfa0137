/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/watched.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/qemu_processes.h"
#include "bpf/trace_json.h"

static struct watched *find(const struct watch_list *watch, pid_t pid)
{
	size_t i;

	for (i = 0; i < watch->count; i++)
		if (watch->list[i]->pid == pid && !watch->list[i]->gone)
			return watch->list[i];
	return NULL;
}

int watch_add(struct watch_list *watch, pid_t pid)
{
	struct watched *w;
	int err;

	if (find(watch, pid))
		return 0;
	if (watch->count == WATCHED_MAX)
		return -ENOSPC;
	err = host_tracer_watch(watch->tracer, pid);
	if (err)
		return err;
	w = calloc(1, sizeof(*w));
	if (!w) {
		host_tracer_forget(watch->tracer, pid);
		return -ENOMEM;
	}
	w->pid = pid;
	w->batches = host_tracer_sees_batches(watch->tracer, pid);
	process_name(pid, w->name, sizeof(w->name));
	watch->list[watch->count++] = w;
	return 0;
}

void watch_find(struct watch_list *watch)
{
	pid_t pids[WATCHED_MAX];
	size_t i, count;

	count = qemu_processes(pids, WATCHED_MAX);
	for (i = 0; i < count; i++)
		if (watch_add(watch, pids[i]) == -ENOSPC)
			watch->full = true;
}

static void take(const struct host_batch *batch, void *context)
{
	struct watched *w = find(context, batch->tgid);

	if (!w || batch->queue > 1)
		return;
	host_sums_add(&w->sums[batch->queue], batch);
	host_sums_add(&w->recent[batch->queue], batch);
}

void watch_update(struct watch_list *watch)
{
	size_t i;

	host_tracer_drain(watch->tracer, take, watch);
	for (i = 0; i < watch->count; i++) {
		struct watched *w = watch->list[i];

		if (w->gone)
			continue;
		host_tracer_stats(watch->tracer, w->pid, &w->stats);
		if (kill(w->pid, 0) && errno == ESRCH) {
			w->gone = true;
			host_tracer_forget(watch->tracer, w->pid);
		}
	}
}

void watch_release(struct watch_list *watch)
{
	while (watch->count)
		free(watch->list[--watch->count]);
}

static json_t *sums_to_json(const struct host_sums *s, double clock_ns)
{
	double advice = host_sums_advice_ns(s, clock_ns);
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

json_t *watch_to_json(const struct watch_list *watch, double clock_ns)
{
	json_t *list = json_array(), *batches;
	size_t i;

	for (i = 0; i < watch->count; i++) {
		const struct watched *w = watch->list[i];

		batches = w->batches ? json_pack("{s:o, s:o}", "inflate",
						 sums_to_json(&w->sums[0], clock_ns), "deflate",
						 sums_to_json(&w->sums[1], clock_ns))
				     : json_null();
		json_array_append_new(list, json_pack("{s:i, s:s, s:b, s:o, s:o}", "pid",
						      (int)w->pid, "name", w->name, "ended",
						      w->gone, "batches", batches, "calls",
						      host_tracer_sees_calls(watch->tracer)
							      ? host_stats_to_json(&w->stats)
							      : json_null()));
	}
	return list;
}
