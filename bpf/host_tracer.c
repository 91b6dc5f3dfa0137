/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/host_tracer.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/object.h"
#include "bpf/tracepoint.h"
#include "lib/histogram.h"

#include "bpf/host.skel.h"

/* Each takes a link, of which a tracer has LINKS_MAX. */
#define PROGRAMS_MAX 16

#define PROBE_PROVIDER "qemu"
#define PROBE_NAME "virtio_balloon_batch_end"

static const char *const advice_names[ADVICE_COUNT] = { "dontneed", "willneed", "free",
							"remove",   "hugepage", "nohugepage",
							"populate", "other",	"punch_hole",
							"fallocate" };

const char *advice_name(enum advice advice)
{
	return advice_names[advice];
}

/* A program that processes were watched of: its probes are attached once, and stay. */
struct program {
	dev_t dev;
	ino_t ino;
	bool batches; /* it has the probe */
};

/* A watched process; unused where pid is 0. */
struct target {
	pid_t pid;
	const struct program *program;
};

struct host_tracer {
	struct tracer_object t;
	bool calls_attached;
	int calls_error;
	struct target targets[TARGETS_MAX];
	struct program programs[PROGRAMS_MAX];
	size_t program_count;
	struct observation observations[3];
	host_batch_fn batch;
	void *context;
};

static const struct {
	const char *program;
	const char *tracepoint;
} calls[] = {
	{ "exit_madvise", "sys_exit_madvise" },
	{ "enter_madvise", "sys_enter_madvise" },
	{ "exit_process_madvise", "sys_exit_process_madvise" },
	{ "enter_process_madvise", "sys_enter_process_madvise" },
	{ "exit_fallocate", "sys_exit_fallocate" },
	{ "enter_fallocate", "sys_enter_fallocate" },
};

static int take_record(void *context, void *data, size_t size)
{
	struct host_tracer *h = context;

	if (size == sizeof(struct host_batch) && h->batch)
		h->batch(data, h->context);
	return 0;
}

static int attach_call(struct host_tracer *h, const char *name, const char *tracepoint)
{
	struct bpf_program *program = bpf_object__find_program_by_name(h->t.object, name);
	struct bpf_link *link;
	int fd;

	fd = tracepoint_open("syscalls", tracepoint);
	if (fd < 0)
		return fd;
	link = bpf_program__attach_perf_event(program, fd);
	if (!link) {
		close(fd);
		return -errno;
	}
	return tracer_keep(&h->t, link);
}

/* The calls of all processes; the programs look at those of the targets only. */
static int attach_calls(struct host_tracer *h)
{
	size_t i;
	int err;

	if (h->calls_attached || h->calls_error)
		return h->calls_error;
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		err = attach_call(h, calls[i].program, calls[i].tracepoint);
		/* process_madvise() came with Linux 5.10; a kernel may do without. */
		if (err && !(err == -ENOENT && strstr(calls[i].tracepoint, "process_"))) {
			h->calls_error = err;
			return err;
		}
	}
	h->calls_attached = true;
	return 0;
}

int host_tracer_open(struct host_tracer **tracer, const struct tracer_options *options, char *err,
		     size_t err_size)
{
	struct host_tracer *h = calloc(1, sizeof(*h));
	const void *elf;
	size_t size;
	int error;

	if (!h)
		return -ENOMEM;
	tracer_quiet();
	elf = host__elf_bytes(&size);
	h->t.object = bpf_object__open_mem(elf, size, NULL);
	error = h->t.object ? 0 : -errno;
	if (!error)
		error = tracer_set_ring(h->t.object, options->ring_bytes);
	if (!error)
		error = bpf_object__load(h->t.object);
	if (!error)
		error = tracer_read_ring(&h->t, take_record, h);
	if (!error && options->level == TRACE_PAGES)
		error = attach_calls(h);
	if (!error) {
		*tracer = h;
		return 0;
	}
	tracer_explain(err, err_size, "cannot trace madvise on this host", error);
	host_tracer_close(h);
	return error == -EPERM ? error : error == -ENOENT ? -ENOTSUP : error;
}

void host_tracer_close(struct host_tracer *tracer)
{
	if (!tracer)
		return;
	tracer_close(&tracer->t);
	free(tracer);
}

static struct target *find_target(const struct host_tracer *h, pid_t pid)
{
	size_t i;

	for (i = 0; i < TARGETS_MAX; i++)
		if (h->targets[i].pid == pid)
			return (struct target *)&h->targets[i];
	return NULL;
}

static bool attach_batches(struct host_tracer *h, const char *path)
{
	struct bpf_program *program = bpf_object__find_program_by_name(h->t.object, "batch_end");

	/* For all processes of the program: with a pid only that one thread would be seen. */
	return !tracer_keep(&h->t, bpf_program__attach_usdt(program, -1, path, PROBE_PROVIDER,
							    PROBE_NAME, NULL));
}

/* The program of a process, its probes attached; NULL where there is no room for another. */
static const struct program *find_program(struct host_tracer *h, const char *path,
					  const struct stat *st)
{
	struct program *p;
	size_t i;

	for (i = 0; i < h->program_count; i++) {
		p = &h->programs[i];
		if (p->dev == st->st_dev && p->ino == st->st_ino)
			return p;
	}
	if (h->program_count == PROGRAMS_MAX)
		return NULL;
	p = &h->programs[h->program_count++];
	*p = (struct program){ .dev = st->st_dev, .ino = st->st_ino };
	tracer_quiet();
	p->batches = attach_batches(h, path);
	return p;
}

static int clear_stats(struct host_tracer *h, uint32_t slot)
{
	int fd = bpf_object__find_map_fd_by_name(h->t.object, "advices");
	int cpus = libbpf_num_possible_cpus(), err = 0;
	struct advice_stats *zero;
	uint32_t i;

	zero = cpus > 0 ? calloc(cpus, sizeof(*zero)) : NULL;
	if (!zero)
		return -ENOMEM;
	for (i = 0; !err && i < ADVICE_COUNT; i++) {
		uint32_t key = slot * ADVICE_COUNT + i;

		err = bpf_map_update_elem(fd, &key, zero, BPF_ANY);
	}
	free(zero);
	return err;
}

static int map_target(struct host_tracer *h, const struct target *target)
{
	int fd = bpf_object__find_map_fd_by_name(h->t.object, "targets");
	uint32_t slot = target - h->targets, tgid = target->pid;

	return bpf_map_update_elem(fd, &tgid, &slot, BPF_ANY);
}

int host_tracer_add(struct host_tracer *tracer, pid_t pid)
{
	const struct program *program;
	struct target *target;
	char path[64];
	struct stat st;
	int err;

	if (find_target(tracer, pid))
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (stat(path, &st))
		return errno == ENOENT ? -ESRCH : -errno;
	target = find_target(tracer, 0);
	program = target ? find_program(tracer, path, &st) : NULL;
	if (!program)
		return -ENOSPC;
	err = program->batches ? 0 : attach_calls(tracer);
	if (!err)
		err = clear_stats(tracer, target - tracer->targets);
	if (err)
		return err;
	*target = (struct target){ .pid = pid, .program = program };
	err = map_target(tracer, target);
	if (err)
		target->pid = 0;
	return err;
}

void host_tracer_forget(struct host_tracer *tracer, pid_t pid)
{
	struct target *target = find_target(tracer, pid);
	uint32_t tgid = pid;

	if (!target)
		return;
	bpf_map_delete_elem(bpf_object__find_map_fd_by_name(tracer->t.object, "targets"), &tgid);
	target->pid = 0;
}

bool host_tracer_sees_batches(const struct host_tracer *tracer, pid_t pid)
{
	const struct target *target = find_target(tracer, pid);

	return target && target->program->batches;
}

bool host_tracer_sees_calls(const struct host_tracer *tracer)
{
	return tracer->calls_attached;
}

const struct observation *host_tracer_observations(struct host_tracer *tracer, size_t *count)
{
	struct observation *o = tracer->observations;
	bool batches = false;
	size_t i;

	for (i = 0; i < TARGETS_MAX; i++)
		batches |= tracer->targets[i].pid && tracer->targets[i].program->batches;
	o[0] = (struct observation){ .what = "batches, translate", .how = batches ? "USDT" : NULL };
	if (!batches)
		snprintf(o[0].why_not, sizeof(o[0].why_not),
			 "this QEMU has no probe " PROBE_PROVIDER ":" PROBE_NAME
			 " (qemu-patches/0001, dtrace backend)");
	for (i = 1; i < 3; i++) {
		o[i] = (struct observation){
			.what = i == 1 ? "madvise, process_madvise" : "fallocate",
			.how = tracer->calls_attached ? "tracepoint" : NULL,
		};
		if (tracer->calls_error)
			snprintf(o[i].why_not, sizeof(o[i].why_not), "%s",
				 strerror(-tracer->calls_error));
		else
			snprintf(o[i].why_not, sizeof(o[i].why_not),
				 "at this level QEMU's own sample of them is used");
	}
	*count = 3;
	return o;
}

int host_tracer_drain(struct host_tracer *tracer, host_batch_fn batch, void *context)
{
	tracer->batch = batch;
	tracer->context = context;
	return ring_buffer__consume(tracer->t.ring);
}

static void merge_advice(struct advice_stats *into, const struct advice_stats *from)
{
	into->bytes += from->bytes;
	into->errors += from->errors;
	histogram_merge(&into->latency_ns, &from->latency_ns);
	histogram_merge(&into->length_bytes, &from->length_bytes);
}

int host_tracer_stats(struct host_tracer *tracer, pid_t pid, struct host_stats *stats)
{
	const struct target *target = find_target(tracer, pid);
	struct advice_stats *values;
	int i, cpu, cpus;

	if (!target)
		return -ESRCH;
	memset(stats, 0, sizeof(*stats));
	for (i = 0; i < ADVICE_COUNT; i++) {
		values = tracer_per_cpu(&tracer->t, "advices",
					(target - tracer->targets) * ADVICE_COUNT + i,
					sizeof(*values), &cpus);
		if (!values)
			return -errno;
		for (cpu = 0; cpu < cpus; cpu++)
			merge_advice(&stats->advice[i], &values[cpu]);
		free(values);
	}
	return 0;
}

int host_tracer_counters(struct host_tracer *tracer, uint64_t counters[COUNTER_COUNT])
{
	return tracer_counters(&tracer->t, counters);
}
