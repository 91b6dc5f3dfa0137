/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/host_tracer.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/object.h"
#include "lib/histogram.h"

#include "bpf/host.skel.h"

#define NO_PROBE                                                                                   \
	"this QEMU has no probe " PROBE_PROVIDER ":" PROBE_NAME " (qemu-patches/0001, dtrace "     \
	"backend)"

/* Each takes a link, of which a tracer has LINKS_MAX. */
#define BINARIES_MAX 16

#define ADVICE_NAME(NAME, name, number) [ADVICE_##NAME] = #name,
/* clang-format off */
const char *const advice_names[ADVICE_COUNT] = {
	ADVICES(ADVICE_NAME)
	[ADVICE_OTHER] = "other",
	[ADVICE_PUNCH_HOLE] = "punch_hole",
	[ADVICE_FALLOCATE] = "fallocate",
};
/* clang-format on */

/* A binary of traced processes: its probes are attached once, and stay. */
struct binary {
	dev_t dev;
	ino_t ino;
	int error; /* -errno: its batches are not observed; -ENOENT: it has no probe */
};

/* A traced process; free if pid is 0. Its index is its slot in the statistics. */
struct target {
	pid_t pid;
	const struct binary *binary;
};

struct host_tracer {
	struct tracer_object t;
	bool calls_attached;
	int calls_error, targets_fd;
	struct target targets[TARGETS_MAX];
	struct binary binaries[BINARIES_MAX];
	size_t binary_count;
	struct observation observations[3];
	host_batch_fn batch;
	void *context;
};

static int take_record(void *context, void *data, size_t size __attribute__((unused)))
{
	struct host_tracer *h = context;

	h->batch(data, h->context);
	return 0;
}

static int read_id(int dir, const char *tracefs, const char *name)
{
	char path[256], text[32] = "";
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/events/syscalls/%s/id", tracefs, name);
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 ? atoi(text) : -EIO;
}

/* A mount outside of every mount namespace; closing it unmounts it. */
static int mount_detached(void)
{
	int fs, fd = -1;

	fs = fsopen("tracefs", FSOPEN_CLOEXEC);
	if (fs < 0)
		return -1;
	if (!fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	close(fs);
	return fd;
}

static int find_id(const char *name)
{
	int tracefs, id = read_id(AT_FDCWD, "/sys/kernel/tracing", name);

	if (id < 0)
		id = read_id(AT_FDCWD, "/sys/kernel/debug/tracing", name);
	if (id >= 0)
		return id;
	tracefs = mount_detached();
	if (tracefs < 0)
		return -errno;
	id = read_id(tracefs, ".", name);
	close(tracefs);
	return id;
}

/*
 * Open the perf event of a tracepoint of system calls. Works without a mounted tracefs,
 * and does not mount it for others. Its descriptor, or -ENOENT if there is none, or -errno.
 */
static int open_tracepoint(const char *name)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.sample_period = 1,
		.wakeup_events = 1,
	};
	int id, fd;

	id = find_id(name);
	if (id < 0)
		return id;
	attr.config = id;
	fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int attach_call(struct host_tracer *h, const char *program, const char *prefix,
		       const char *call)
{
	char tracepoint[64];
	struct bpf_link *link;
	int fd;

	snprintf(tracepoint, sizeof(tracepoint), "%s_%s", prefix, call);
	fd = open_tracepoint(tracepoint);
	if (fd < 0)
		return fd;
	link = bpf_program__attach_perf_event(
		bpf_object__find_program_by_name(h->t.object, program), fd);
	if (!link)
		close(fd);
	return tracer_keep(&h->t, link);
}

/* The calls of all processes; the programs ignore those that are not traced. */
static int attach_calls(struct host_tracer *h)
{
	static const char *const calls[] = { "madvise", "process_madvise", "fallocate" };
	char program[64];
	size_t i;
	int err;

	for (i = 0; i < 3 && !h->calls_attached && !h->calls_error; i++) {
		snprintf(program, sizeof(program), "enter_%s", calls[i]);
		err = attach_call(h, "exit_call", "sys_exit", calls[i]);
		if (!err)
			err = attach_call(h, program, "sys_enter", calls[i]);
		/* process_madvise() came with Linux 5.10; a kernel may do without. */
		if (err != -ENOENT || strcmp(calls[i], "process_madvise"))
			h->calls_error = err;
	}
	h->calls_attached = !h->calls_error;
	return h->calls_error;
}

int host_tracer_open(struct host_tracer **tracer, const struct tracer_options *options, char *err,
		     size_t err_size)
{
	struct host_tracer *h = calloc(1, sizeof(*h));
	int error;

	if (!h)
		return -ENOMEM;
	error = tracer_open(&h->t, host__elf_bytes)
			?: tracer_load(&h->t, options->ring_bytes, take_record, h);
	if (!error)
		h->targets_fd = bpf_object__find_map_fd_by_name(h->t.object, "targets");
	if (!error && options->trace.level == TRACE_PAGES)
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

/* The binary of a process, its probes attached; NULL if there are BINARIES_MAX others. */
static const struct binary *find_binary(struct host_tracer *h, const char *path,
					const struct stat *st)
{
	struct binary *b;

	for (b = h->binaries; b < h->binaries + h->binary_count; b++)
		if (b->dev == st->st_dev && b->ino == st->st_ino)
			return b;
	if (h->binary_count == BINARIES_MAX)
		return NULL;
	h->binary_count++;
	*b = (struct binary){ .dev = st->st_dev, .ino = st->st_ino };
	/* For all its processes: with a pid only that one thread would be traced. */
	b->error = tracer_keep(
		&h->t,
		bpf_program__attach_usdt(bpf_object__find_program_by_name(h->t.object, "batch_end"),
					 -1, path, PROBE_PROVIDER, PROBE_NAME, NULL));
	return b;
}

static int clear_stats(struct host_tracer *h, uint32_t slot)
{
	static const struct advice_stats zero;
	int fd = bpf_object__find_map_fd_by_name(h->t.object, "advices"), err = 0;
	uint32_t key = slot * ADVICE_COUNT, end = key + ADVICE_COUNT;

	for (; !err && key < end; key++)
		err = bpf_map_update_elem(fd, &key, &zero, BPF_ANY);
	return err;
}

int host_tracer_add(struct host_tracer *tracer, pid_t pid)
{
	const struct binary *binary;
	uint32_t slot, tgid = pid;
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
	binary = target ? find_binary(tracer, path, &st) : NULL;
	if (!binary)
		return -ENOSPC;
	slot = target - tracer->targets;
	err = (binary->error ? attach_calls(tracer) : 0) ?: clear_stats(tracer, slot);
	if (!err)
		err = bpf_map_update_elem(tracer->targets_fd, &tgid, &slot, BPF_ANY);
	if (!err)
		*target = (struct target){ .pid = pid, .binary = binary };
	return err;
}

void host_tracer_forget(struct host_tracer *tracer, pid_t pid)
{
	struct target *target = find_target(tracer, pid);
	uint32_t tgid = pid;

	if (!target)
		return;
	bpf_map_delete_elem(tracer->targets_fd, &tgid);
	target->pid = 0;
}

bool host_tracer_sees_batches(const struct host_tracer *tracer, pid_t pid)
{
	const struct target *target = find_target(tracer, pid);

	return target && !target->binary->error;
}

bool host_tracer_sees_calls(const struct host_tracer *tracer)
{
	return tracer->calls_attached;
}

/* 0 if the batches of a process are observed; else why not: what is no lack of a probe first. */
static int probe_error(const struct host_tracer *h)
{
	int error = -ENOENT;
	size_t i;

	for (i = 0; i < TARGETS_MAX; i++) {
		if (!h->targets[i].pid)
			continue;
		if (!h->targets[i].binary->error)
			return 0;
		if (h->targets[i].binary->error != -ENOENT)
			error = h->targets[i].binary->error;
	}
	return error;
}

const struct observation *host_tracer_observations(struct host_tracer *tracer, size_t *count)
{
	const char *calls = tracer->calls_attached ? "tracepoint" : NULL;
	const char *no_calls = "level phases uses QEMU's own sample of them";
	struct observation *o = tracer->observations;
	char failed[128];
	int error = probe_error(tracer);

	if (tracer->calls_error)
		no_calls = tracer_strerror(tracer->calls_error, failed, sizeof(failed));
	observation_set(&o[0], "batches, translate", error ? NULL : "USDT", NO_PROBE);
	if (error && error != -ENOENT)
		snprintf(o[0].why_not, sizeof(o[0].why_not),
			 "cannot attach to the probe of this QEMU: %s",
			 tracer_strerror(error, failed, sizeof(failed)));
	observation_set(&o[1], "madvise, process_madvise", calls, no_calls);
	observation_set(&o[2], "fallocate", calls, no_calls);
	*count = 3;
	return o;
}

int host_tracer_drain(struct host_tracer *tracer, host_batch_fn batch, void *context)
{
	tracer->batch = batch;
	tracer->context = context;
	return ring_buffer__consume(tracer->t.ring);
}

int host_tracer_stats(struct host_tracer *tracer, pid_t pid, struct host_stats *stats)
{
	const struct target *target = find_target(tracer, pid);
	int fd = bpf_object__find_map_fd_by_name(tracer->t.object, "advices"), i, err = 0;
	struct advice_stats *a = stats->advice;
	uint32_t key;

	if (!target)
		return -ESRCH;
	key = (target - tracer->targets) * ADVICE_COUNT;
	for (i = 0; !err && i < ADVICE_COUNT; i++, key++, a++) {
		err = bpf_map_lookup_elem(fd, &key, a);
		/* The BPF program stores them inverted. */
		a->latency_ns.min = ~a->latency_ns.min;
		a->length_bytes.min = ~a->length_bytes.min;
	}
	return err;
}

int host_tracer_counters(struct host_tracer *tracer, uint64_t counters[COUNTER_COUNT])
{
	return tracer_counters(&tracer->t, counters);
}
