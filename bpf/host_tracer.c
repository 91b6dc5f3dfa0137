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

/* Programs whose probes are attached at a time; libbpf has room for so many. */
#define BINARIES_MAX 128
/* Of which so many stay attached though none of their processes runs. */
#define BINARIES_IDLE 8

/* Batches that end within a tick. */
#define RING_BYTES (256 << 10)

#define ADVICE_NAME(NAME, name, number) [ADVICE_##NAME] = #name,
/* clang-format off */
const char *const advice_names[ADVICE_COUNT] = {
	ADVICES(ADVICE_NAME)
	[ADVICE_OTHER] = "other",
	[ADVICE_PUNCH_HOLE] = "punch_hole",
	[ADVICE_FALLOCATE] = "fallocate",
};
/* clang-format on */

#define ERROR_NAME(NAME, number) [CALL_##NAME] = #NAME,
/* clang-format off */
const char *const call_error_names[CALL_ERROR_COUNT] = {
	CALL_ERRORS(ERROR_NAME)
	[CALL_OTHER_ERROR] = "other",
};
/* clang-format on */

/* A binary of traced processes, and its probes. Its index + 1 is their cookie. */
struct binary {
	dev_t dev;
	ino_t ino;
	struct bpf_link *link;
	size_t users; /* processes */
	int error;    /* -errno: its batches are not observed; -ENOENT: it has no probe */
	bool in_use;
};

#define OBSERVATIONS 5

enum slot_state { SLOT_FREE, SLOT_SPARE, SLOT_USED };

/* A slot in the statistics, and its process. */
struct target {
	enum slot_state state;
	pid_t pid;
	int pidfd;
	struct binary *binary; /* NULL: not known */
};

struct host_tracer {
	struct tracer_object t;
	bool calls_attached, watches;
	int calls_error, targets_fd, pages_fd;
	int page_fds[STATS_PAGES];
	size_t pages;
	struct target *targets; /* of the pages there are */
	struct binary binaries[BINARIES_MAX];
	struct observation observations[OBSERVATIONS];
	host_batch_fn batch;
	host_started_fn started;
	void *context, *started_context;
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

	snprintf(path, sizeof(path), "%s/events/%s/id", tracefs, name);
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
 * Open the perf event of a tracepoint, as "sched/sched_process_exec". Works without a mounted
 * tracefs, and does not mount it for others. Its descriptor, or -ENOENT if there is none, or
 * -errno.
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

static int attach_tracepoint(struct host_tracer *h, const char *program, const char *tracepoint)
{
	struct bpf_link *link;
	int fd = open_tracepoint(tracepoint);

	if (fd < 0)
		return fd;
	link = bpf_program__attach_perf_event(
		bpf_object__find_program_by_name(h->t.object, program), fd);
	if (!link)
		close(fd);
	return tracer_keep(&h->t, link);
}

static int attach_call(struct host_tracer *h, const char *program, const char *prefix,
		       const char *call)
{
	char tracepoint[64];

	snprintf(tracepoint, sizeof(tracepoint), "syscalls/%s_%s", prefix, call);
	return attach_tracepoint(h, program, tracepoint);
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

static int map_fd(const struct host_tracer *h, const char *name)
{
	return bpf_object__find_map_fd_by_name(h->t.object, name);
}

/* Count a page that the kernel has: its slots are free. */
static int add_page(struct host_tracer *h, int fd)
{
	size_t count = h->pages * PROCESSES_PER_PAGE, i;
	struct target *targets =
		realloc(h->targets, (count + PROCESSES_PER_PAGE) * sizeof(*targets));

	if (!targets)
		return -ENOMEM;
	for (i = count; i < count + PROCESSES_PER_PAGE; i++)
		targets[i] = (struct target){ .state = SLOT_FREE, .pidfd = -1 };
	h->targets = targets;
	h->page_fds[h->pages++] = fd;
	return 0;
}

/*
 * A map as the first page is. It has the BTF of that one: to Linux 6.1 maps with and without are
 * not the same kind.
 */
static int create_map_like(const struct host_tracer *h, const char *name)
{
	const struct bpf_map *first = bpf_object__find_map_by_name(h->t.object, name);
	LIBBPF_OPTS(bpf_map_create_opts, opts, .btf_fd = bpf_object__btf_fd(h->t.object),
		    .btf_key_type_id = bpf_map__btf_key_type_id(first),
		    .btf_value_type_id = bpf_map__btf_value_type_id(first));

	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "balloon_stats", sizeof(uint32_t),
			      sizeof(struct process_stats), PROCESSES_PER_PAGE, &opts);
}

static int create_page(struct host_tracer *h)
{
	uint32_t key = h->pages;
	int fd, err;

	if (h->pages == STATS_PAGES)
		return -ENOSPC;
	fd = create_map_like(h, "first_page");
	if (fd < 0)
		return fd;
	err = bpf_map_update_elem(h->pages_fd, &key, &fd, BPF_ANY) ?: add_page(h, fd);
	if (err)
		close(fd);
	return err;
}

/* One call in N is timed. */
static int set_sample(struct host_tracer *h, unsigned int one_in)
{
	int cpus = libbpf_num_possible_cpus(), cpu, err;
	struct page_sample *samples;
	uint32_t key = 0;

	if (cpus < 0)
		return cpus;
	samples = calloc(cpus, sizeof(*samples));
	if (!samples)
		return -ENOMEM;
	for (cpu = 0; cpu < cpus; cpu++)
		samples[cpu].max = UINT32_MAX / one_in;
	err = bpf_map_update_elem(map_fd(h, "samples"), &key, samples, BPF_ANY);
	free(samples);
	return err;
}

/* Which PID namespace the tracer is in. */
static int set_namespace(struct host_tracer *h)
{
	struct host_settings settings = { 0 };
	uint32_t key = 0;
	struct stat st;

	if (stat("/proc/self/ns/pid", &st))
		return -errno;
	settings.pid_namespace = st.st_ino;
	return bpf_map_update_elem(map_fd(h, "settings"), &key, &settings, BPF_ANY);
}

static int prepare(struct host_tracer *h, const struct tracer_options *options)
{
	h->targets_fd = map_fd(h, "targets");
	h->pages_fd = map_fd(h, "pages");
	return add_page(h, dup(map_fd(h, "first_page")))
			?: set_namespace(h)
			?: set_sample(h, options->one_call_in ?: 1)
			?: options->trace.level == TRACE_PAGES ? attach_calls(h) : 0;
}

int host_tracer_open(struct host_tracer **tracer, const struct tracer_options *options, char *err,
		     size_t err_size)
{
	struct host_tracer *h = calloc(1, sizeof(*h));
	int error;

	if (!h)
		return -ENOMEM;
	error = tracer_open(&h->t, host__elf_bytes)
			?: tracer_load(&h->t, options->ring_bytes ?: RING_BYTES, take_record, h)
			?: prepare(h, options);
	if (!error) {
		*tracer = h;
		return 0;
	}
	tracer_explain(err, err_size, "cannot trace madvise on this host", error);
	host_tracer_close(h);
	return error == -EPERM ? error : error == -ENOENT ? -ENOTSUP : error;
}

static size_t slots(const struct host_tracer *h)
{
	return h->pages * PROCESSES_PER_PAGE;
}

static struct target *target_of(const struct host_tracer *h, int slot)
{
	struct target *target = slot >= 0 && (size_t)slot < slots(h) ? &h->targets[slot] : NULL;

	return target && target->state == SLOT_USED ? target : NULL;
}

void host_tracer_close(struct host_tracer *tracer)
{
	size_t i;

	if (!tracer)
		return;
	for (i = 0; i < BINARIES_MAX; i++)
		bpf_link__destroy(tracer->binaries[i].link);
	for (i = 0; i < slots(tracer); i++)
		if (tracer->targets[i].pidfd >= 0)
			close(tracer->targets[i].pidfd);
	for (i = 0; i < tracer->pages; i++)
		close(tracer->page_fds[i]);
	free(tracer->targets);
	tracer_close(&tracer->t);
	free(tracer);
}

static void release_binary(struct host_tracer *h, struct binary *binary)
{
	size_t idle = 0, i;

	if (!binary || --binary->users)
		return;
	for (i = 0; i < BINARIES_MAX; i++)
		idle += h->binaries[i].in_use && !h->binaries[i].users;
	if (idle <= BINARIES_IDLE)
		return;
	bpf_link__destroy(binary->link);
	*binary = (struct binary){ .in_use = false };
}

/* For all processes of the program: with a pid only that one thread would be traced. */
static void attach_binary(struct host_tracer *h, struct binary *b, const char *path)
{
	LIBBPF_OPTS(bpf_usdt_opts, opts, .usdt_cookie = b - h->binaries + 1);

	b->link =
		bpf_program__attach_usdt(bpf_object__find_program_by_name(h->t.object, "batch_end"),
					 -1, path, PROBE_PROVIDER, PROBE_NAME, &opts);
	b->error = b->link ? 0 : -errno;
}

/* The binary of a process, its probes attached; NULL if there are BINARIES_MAX others. */
static struct binary *find_binary(struct host_tracer *h, const char *path, const struct stat *st)
{
	struct binary *b, *unused = NULL;

	for (b = h->binaries; b < h->binaries + BINARIES_MAX; b++) {
		if (b->in_use && b->dev == st->st_dev && b->ino == st->st_ino)
			break;
		if (!unused && !b->in_use)
			unused = b;
	}
	if (b == h->binaries + BINARIES_MAX) {
		if (!unused)
			return NULL;
		b = unused;
		*b = (struct binary){ .dev = st->st_dev, .ino = st->st_ino, .in_use = true };
		attach_binary(h, b, path);
	}
	b->users++;
	return b;
}

/* What the kernel knows of a process. */
struct target_value {
	uint32_t slot, binary;
};

static int set_target(struct host_tracer *h, int slot, uint64_t flags)
{
	const struct target *target = &h->targets[slot];
	const struct target_value value = { slot,
					    target->binary ? target->binary - h->binaries + 1 : 0 };

	return bpf_map_update_elem(h->targets_fd, &target->pidfd, &value, flags);
}

/* Its statistics start from zero. */
static int clear_stats(struct host_tracer *h, uint32_t slot)
{
	static const struct process_stats zero;
	uint32_t index = slot % PROCESSES_PER_PAGE;

	return bpf_map_update_elem(h->page_fds[slot / PROCESSES_PER_PAGE], &index, &zero, BPF_ANY);
}

/* A free slot; the number of slots if all are taken. */
static size_t free_slot(const struct host_tracer *h)
{
	size_t i;

	for (i = 0; i < slots(h); i++)
		if (h->targets[i].state == SLOT_FREE)
			break;
	return i;
}

/* A free slot, cleared; or -errno. */
static int take_slot(struct host_tracer *h)
{
	size_t slot = free_slot(h);
	int err = slot == slots(h) ? create_page(h) : 0;

	return err ?: clear_stats(h, slot) ?: (int)slot;
}

/* Hand out slots to the programs that are executed next. */
static int fill_spare(struct host_tracer *h)
{
	int slot, fd = map_fd(h, "spare_slots"), err;
	size_t spare = 0, i;
	uint32_t value;

	for (i = 0; i < slots(h); i++)
		spare += h->targets[i].state == SLOT_SPARE;
	for (; spare < SPARE_SLOTS; spare++) {
		if (spare >= SPARE_SLOTS_LOW && h->pages >= SPARE_SLOTS / PROCESSES_PER_PAGE &&
		    free_slot(h) == slots(h))
			return 0;
		slot = take_slot(h);
		if (slot < 0)
			return slot == -ENOSPC ? 0 : slot;
		value = slot;
		err = bpf_map_update_elem(fd, NULL, &value, BPF_ANY);
		if (err)
			return err;
		h->targets[slot].state = SLOT_SPARE;
	}
	return 0;
}

/* Its program: what is observed of it. At level phases calls are needed where there is no probe. */
static int find_program(struct host_tracer *h, struct target *target)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)target->pid);
	if (stat(path, &st))
		return errno == ENOENT ? -ESRCH : -errno;
	target->binary = find_binary(h, path, &st);
	return target->binary && !target->binary->error ? 0 : attach_calls(h);
}

/* What the kernel has noted for a process is for this slot: the ID is not another's since. */
static bool has_slot(const struct host_tracer *h, int pidfd, uint32_t slot)
{
	struct target_value value;

	return !bpf_map_lookup_elem(h->targets_fd, &pidfd, &value) && value.slot == slot;
}

static void open_started(struct host_tracer *h, const struct host_start *start)
{
	struct target *target = &h->targets[start->slot];

	*target = (struct target){ .state = SLOT_USED, .pid = start->pid };
	target->pidfd = syscall(SYS_pidfd_open, start->pid, 0);
	if (target->pidfd < 0 || has_slot(h, target->pidfd, start->slot))
		return;
	close(target->pidfd);
	target->pidfd = -1;
}

static int take_started(void *context, void *data, size_t size __attribute__((unused)))
{
	const struct host_start *start = data;
	struct host_tracer *h = context;
	struct target *target;
	struct binary *before;

	if (start->slot == NO_SLOT)
		h->started(start->pid, -1, start->name, h->started_context);
	if (start->slot >= slots(h) || h->targets[start->slot].state == SLOT_FREE)
		return 0;
	target = &h->targets[start->slot];
	if (target->state == SLOT_SPARE)
		open_started(h, start);
	before = target->binary;
	if (target->pidfd >= 0 && !find_program(h, target)) {
		release_binary(h, before);
		set_target(h, start->slot, BPF_EXIST);
	}
	h->started(target->pid, start->slot, start->name, h->started_context);
	return 0;
}

int host_tracer_watch(struct host_tracer *tracer, host_started_fn started, void *context)
{
	tracer->started = started;
	tracer->started_context = context;
	tracer->watches = true;
	return ring_buffer__add(tracer->t.ring, map_fd(tracer, "starts"), take_started, tracer)
			?: fill_spare(tracer)
			?: attach_tracepoint(tracer, "started", "sched/sched_process_exec");
}

int host_tracer_find_kvm(struct host_tracer *tracer, pid_t *pids, size_t max)
{
	struct bpf_program *program =
		bpf_object__find_program_by_name(tracer->t.object, "kvm_files");
	struct bpf_link *link = bpf_program__attach_iter(program, NULL);
	size_t count = 0;
	int fd, err = 0;
	ssize_t n = 1;

	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0)
		err = -errno;
	while (!err && count < max && n > 0) {
		n = read(fd, pids + count, (max - count) * sizeof(*pids));
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			err = -errno;
		count += n > 0 ? n / sizeof(*pids) : 0;
	}
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return err ?: (int)count;
}

/* The ID of a thread that is not the first has no pidfd before Linux 6.9, and is no process. */
static int open_process(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d", (int)pid, (int)pid);
	fd = syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0 && (errno == EINVAL || errno == ENOENT) && !access(path, F_OK))
		return -EINVAL;
	return fd < 0 ? -errno : fd;
}

int host_tracer_add(struct host_tracer *tracer, pid_t pid)
{
	int slot, pidfd = open_process(pid), err;
	struct target *target;

	if (pidfd < 0)
		return pidfd;
	slot = take_slot(tracer);
	if (slot < 0) {
		close(pidfd);
		return slot;
	}
	target = &tracer->targets[slot];
	*target = (struct target){ .state = SLOT_USED, .pid = pid, .pidfd = pidfd };
	err = find_program(tracer, target) ?: set_target(tracer, slot, BPF_NOEXIST);
	if (!err)
		return slot;
	close(pidfd);
	release_binary(tracer, target->binary);
	*target = (struct target){ .state = SLOT_FREE, .pidfd = -1 };
	return err;
}

void host_tracer_forget(struct host_tracer *tracer, int slot)
{
	struct target *target = target_of(tracer, slot);

	if (!target)
		return;
	if (target->pidfd >= 0) {
		bpf_map_delete_elem(tracer->targets_fd, &target->pidfd);
		close(target->pidfd);
	}
	release_binary(tracer, target->binary);
	*target = (struct target){ .state = SLOT_FREE, .pidfd = -1 };
	if (tracer->watches)
		fill_spare(tracer);
}

int host_tracer_pidfd(const struct host_tracer *tracer, int slot)
{
	const struct target *target = target_of(tracer, slot);

	return target ? target->pidfd : -1;
}

bool host_tracer_sees_batches(const struct host_tracer *tracer, int slot)
{
	const struct target *target = target_of(tracer, slot);

	return target && target->binary && !target->binary->error;
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

	for (i = 0; i < slots(h); i++) {
		const struct target *target = target_of(h, i);

		if (!target || !target->binary)
			continue;
		if (!target->binary->error)
			return 0;
		if (target->binary->error != -ENOENT)
			error = target->binary->error;
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
	observation_set(&o[3], "madvise, fallocate by io_uring", NULL,
			"requests of a ring are no system calls");
	observation_set(&o[4], "process_madvise by others", NULL,
			"a call counts for the process that makes it, not for the one it is about");
	*count = OBSERVATIONS;
	return o;
}

int host_tracer_drain(struct host_tracer *tracer, host_batch_fn batch, void *context)
{
	int n, err = 0;

	tracer->batch = batch;
	tracer->context = context;
	n = ring_buffer__consume(tracer->t.ring);
	if (tracer->watches)
		err = fill_spare(tracer);
	return err ?: n;
}

int host_tracer_wake_fd(const struct host_tracer *tracer)
{
	return ring_buffer__epoll_fd(tracer->t.ring);
}

static int read_stats(struct host_tracer *h, int slot, struct process_stats *stats)
{
	uint32_t index = slot % PROCESSES_PER_PAGE;

	if (!target_of(h, slot))
		return -ESRCH;
	return bpf_map_lookup_elem(h->page_fds[slot / PROCESSES_PER_PAGE], &index, stats);
}

static void expand_values(struct histogram *h, const struct call_values *values)
{
	*h = (struct histogram){ .count = values->count,
				 .sum = values->sum,
				 .min = ~values->inverted_min,
				 .max = values->max };
}

/* The buckets of all chunks to their histograms. */
static void expand_chunks(struct host_stats *stats, const struct process_stats *from)
{
	unsigned int used = from->chunks_used < CHUNKS ? from->chunks_used : CHUNKS, i, bucket;
	unsigned int which, group;
	struct advice_stats *a;
	struct histogram *h;

	for (i = 0; i < used; i++) {
		which = from->group_of[i] / CHUNK_GROUPS;
		group = from->group_of[i] % CHUNK_GROUPS;
		a = &stats->advice[which / CALL_HISTOGRAMS];
		h = which % CALL_HISTOGRAMS == CALL_LATENCY ? &a->latency_ns : &a->length_bytes;
		for (bucket = 0; bucket < HISTOGRAM_SUB; bucket++)
			h->buckets[group * HISTOGRAM_SUB + bucket] += from->chunks[i][bucket];
	}
}

int host_tracer_stats(struct host_tracer *tracer, int slot, struct host_stats *stats)
{
	struct process_stats from;
	int err = read_stats(tracer, slot, &from), i, j;

	if (err)
		return err;
	for (i = 0; i < ADVICE_COUNT; i++) {
		const struct call_stats *call = &from.advices[i];
		struct advice_stats *a = &stats->advice[i];

		a->calls = call->calls;
		a->bytes = call->bytes;
		a->errors = call->errors;
		a->ranges = call->ranges;
		a->lost = call->lost;
		a->unplaced =
			call->values[CALL_LATENCY].unplaced + call->values[CALL_LENGTH].unplaced;
		for (j = 0; j < CALL_ERROR_COUNT; j++)
			a->by_error[j] = call->by_error[j];
		expand_values(&a->latency_ns, &call->values[CALL_LATENCY]);
		expand_values(&a->length_bytes, &call->values[CALL_LENGTH]);
	}
	expand_chunks(stats, &from);
	return 0;
}

int host_tracer_totals(struct host_tracer *tracer, int slot, struct call_totals *totals)
{
	struct process_stats from;
	int err = read_stats(tracer, slot, &from), i;

	memset(totals, 0, sizeof(*totals));
	for (i = 0; !err && i < ADVICE_COUNT; i++) {
		const struct call_stats *call = &from.advices[i];

		totals->calls += call->calls;
		totals->bytes += call->bytes;
		totals->errors += call->errors;
		totals->timed += call->values[CALL_LATENCY].count;
		totals->ns += call->values[CALL_LATENCY].sum;
	}
	return err;
}

int host_tracer_counters(struct host_tracer *tracer, uint64_t counters[COUNTER_COUNT])
{
	return tracer_counters(&tracer->t, counters);
}

/* What the kernel says a map takes. */
static uint64_t map_memory(int fd)
{
	unsigned long long bytes = 0;
	char path[64], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	if (f)
		fclose(f);
	return bytes;
}

uint64_t host_tracer_memory(const struct host_tracer *tracer)
{
	struct bpf_map *map;
	uint64_t bytes = 0;
	size_t i;

	bpf_object__for_each_map(map, tracer->t.object) bytes += map_memory(bpf_map__fd(map));
	/* The first page is a map of the object. */
	for (i = 1; i < tracer->pages; i++)
		bytes += map_memory(tracer->page_fds[i]);
	return bytes;
}
