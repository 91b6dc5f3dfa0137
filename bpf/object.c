/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/object.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char last_words[256];

/* libbpf logs much; what it says first after an attempt begins is the cause. */
static int listen_to(enum libbpf_print_level level, const char *format, va_list args)
{
	char *end;

	if (level != LIBBPF_WARN || last_words[0])
		return 0;
	vsnprintf(last_words, sizeof(last_words), format, args);
	end = strchr(last_words, '\n');
	if (end)
		*end = '\0';
	return 0;
}

void tracer_quiet(void)
{
	last_words[0] = '\0';
	libbpf_set_print(listen_to);
}

/* Whether the kernel is in the lockdown mode that forbids BPF to read it. */
static int locked_down(void)
{
	FILE *f = fopen("/sys/kernel/security/lockdown", "r");
	char text[128] = "";

	if (!f)
		return 0;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	return strstr(text, "[confidentiality]") != NULL;
}

void tracer_explain(char *text, size_t size, const char *what, int error)
{
	error = abs(error);
	if (locked_down())
		snprintf(text, size,
			 "%s: the kernel is locked down (confidentiality), which forbids BPF to "
			 "look at it; see /sys/kernel/security/lockdown",
			 what);
	else if ((error == EPERM || error == EACCES) && geteuid() != 0)
		snprintf(text, size,
			 "%s: not permitted; run it as root, or with CAP_BPF and CAP_PERFMON, and "
			 "CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH for uprobes and tracefs",
			 what);
	else if (error == ENOSYS)
		snprintf(text, size, "%s: this kernel has no BPF (CONFIG_BPF_SYSCALL)", what);
	else if (access("/sys/kernel/btf/vmlinux", R_OK))
		snprintf(text, size,
			 "%s: this kernel has no BTF (CONFIG_DEBUG_INFO_BTF), without which the "
			 "programs cannot be fitted to it",
			 what);
	else
		snprintf(text, size, "%s: %s%s%s", what, strerror(error), last_words[0] ? "; " : "",
			 last_words);
}

int tracer_set_ring(struct bpf_object *object, unsigned int bytes)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, "records");

	if (!bytes)
		return 0;
	return bpf_map__set_max_entries(map, bytes);
}

int tracer_keep(struct tracer_object *t, struct bpf_link *link)
{
	if (!link)
		return errno ? -errno : -EINVAL;
	if (t->link_count == LINKS_MAX) {
		bpf_link__destroy(link);
		return -E2BIG;
	}
	t->links[t->link_count++] = link;
	return 0;
}

int tracer_read_ring(struct tracer_object *t, ring_buffer_sample_fn sample, void *context)
{
	int fd = bpf_object__find_map_fd_by_name(t->object, "records");

	t->ring = ring_buffer__new(fd, sample, context, NULL);
	return t->ring ? 0 : -errno;
}

void *tracer_per_cpu(struct tracer_object *t, const char *map, uint32_t key, size_t value_size,
		     int *cpus)
{
	int fd = bpf_object__find_map_fd_by_name(t->object, map);
	void *values;

	*cpus = libbpf_num_possible_cpus();
	values = *cpus > 0 ? calloc(*cpus, value_size) : NULL;
	if (values && bpf_map_lookup_elem(fd, &key, values)) {
		free(values);
		values = NULL;
	}
	return values;
}

/* Runs of a program that the kernel left out: it was running on that CPU already. */
static uint64_t missed_runs(struct tracer_object *t)
{
	struct bpf_program *program;
	uint64_t missed = 0;

	bpf_object__for_each_program(program, t->object)
	{
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);
		int fd = bpf_program__fd(program);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size))
			missed += info.recursion_misses;
	}
	return missed;
}

int tracer_sum(struct tracer_object *t, const char *map, uint32_t key, uint64_t *sum)
{
	uint64_t *values;
	int cpu, cpus;

	values = tracer_per_cpu(t, map, key, sizeof(*values), &cpus);
	if (!values)
		return -errno;
	*sum = 0;
	for (cpu = 0; cpu < cpus; cpu++)
		*sum += values[cpu];
	free(values);
	return 0;
}

int tracer_counters(struct tracer_object *t, uint64_t counters[COUNTER_COUNT])
{
	int i, err = 0;

	for (i = 0; !err && i < COUNTER_COUNT; i++)
		err = tracer_sum(t, "counters", i, &counters[i]);
	if (!err)
		counters[COUNTER_LOST_PAIRS] += missed_runs(t);
	return err;
}

void tracer_close(struct tracer_object *t)
{
	while (t->link_count)
		bpf_link__destroy(t->links[--t->link_count]);
	ring_buffer__free(t->ring);
	bpf_object__close(t->object);
	memset(t, 0, sizeof(*t));
}
