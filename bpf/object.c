/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/object.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/privileges.h"

static char first_warning[256];

/* Later warnings are consequences of the first one. */
static int keep_warning(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level != LIBBPF_WARN || first_warning[0])
		return 0;
	vsnprintf(first_warning, sizeof(first_warning), format, args);
	first_warning[strcspn(first_warning, "\n")] = '\0';
	return 0;
}

int tracer_open(struct tracer_object *t, const void *(*elf)(size_t *size))
{
	size_t size;
	const void *bytes = elf(&size);

	first_warning[0] = '\0';
	libbpf_set_print(keep_warning);
	t->object = bpf_object__open_mem(bytes, size, NULL);
	return t->object ? 0 : -errno;
}

int tracer_load(struct tracer_object *t, unsigned int ring_bytes, ring_buffer_sample_fn sample,
		void *context)
{
	struct bpf_map *records = bpf_object__find_map_by_name(t->object, "records");
	int err = ring_bytes ? bpf_map__set_max_entries(records, ring_bytes) : 0;

	if (!err)
		err = bpf_object__load(t->object);
	if (err)
		return err;
	t->ring = ring_buffer__new(bpf_map__fd(records), sample, context, NULL);
	return t->ring ? 0 : -errno;
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

void tracer_close(struct tracer_object *t)
{
	while (t->link_count)
		bpf_link__destroy(t->links[--t->link_count]);
	ring_buffer__free(t->ring);
	bpf_object__close(t->object);
	memset(t, 0, sizeof(*t));
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

const char *tracer_strerror(int error, char *text, size_t size)
{
	snprintf(text, size, "%s (errno %d)", strerror(abs(error)), abs(error));
	return text;
}

/* A field of /proc/self/status, as "CapEff:"; 0 if there is none. */
static unsigned long long own_status(const char *field, int base)
{
	FILE *f = fopen("/proc/self/status", "re");
	unsigned long long value = 0;
	size_t length = strlen(field);
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, field, length))
			value = strtoull(line + length, NULL, base);
	if (f)
		fclose(f);
	return value;
}

/* Whether root is that of a user namespace: its map of IDs is not that of all IDs to themselves. */
static int in_user_namespace(void)
{
	unsigned long inside = 0, outside = 0, count = UINT32_MAX;
	FILE *f = fopen("/proc/self/uid_map", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%lu %lu %lu", &inside, &outside, &count) != 3)
		count = UINT32_MAX;
	fclose(f);
	return inside || outside || count != UINT32_MAX;
}

/* Which right root lacks, as in a container. */
static const char *missing_right(void)
{
	static char text[160];
	const unsigned long long effective = own_status("CapEff:", 16);
	const int bpf = !(effective & CAPABILITY(CAP_BPF));
	const int perfmon = !(effective & CAPABILITY(CAP_PERFMON));

	if (in_user_namespace())
		return "this is a user namespace, whose capabilities do not extend to BPF; run it "
		       "in "
		       "the initial user namespace";
	if ((bpf || perfmon) && !(effective & CAPABILITY(CAP_SYS_ADMIN))) {
		snprintf(text, sizeof(text), "missing here: %s%s%s; add %s to the container",
			 bpf ? "CAP_BPF" : "", bpf && perfmon ? " and " : "",
			 perfmon ? "CAP_PERFMON" : "", bpf && perfmon ? "them" : "it");
		return text;
	}
	if (own_status("Seccomp:", 10) == 2)
		return "a seccomp filter may refuse bpf() or perf_event_open(); allow both to the "
		       "container";
	return "a security module may refuse bpf() or perf_event_open(); see the kernel's log";
}

void tracer_explain(char *text, size_t size, const char *what, int error)
{
	const char *reason = strerror(abs(error)), *advice = first_warning;

	error = abs(error);
	if (locked_down()) {
		reason = "the kernel is locked down (confidentiality), BPF cannot read it";
		advice = "see /sys/kernel/security/lockdown";
	} else if ((error == EPERM || error == EACCES) && geteuid() != 0) {
		reason = "not permitted";
		advice = "run it as root, or with CAP_BPF and CAP_PERFMON, and CAP_SYS_ADMIN and "
			 "CAP_DAC_READ_SEARCH for uprobes and tracefs";
	} else if (error == EPERM || error == EACCES) {
		reason = "not permitted";
		advice = missing_right();
	} else if (error == ENOSYS) {
		reason = "this kernel has no BPF";
		advice = "enable CONFIG_BPF_SYSCALL";
	} else if (access("/sys/kernel/btf/vmlinux", R_OK)) {
		reason = "this kernel has no BTF";
		advice = "enable CONFIG_DEBUG_INFO_BTF";
	}
	snprintf(text, size, "%s: %s (errno %d)%s%s", what, reason, error, *advice ? "; " : "",
		 advice);
}

int tracer_total(struct tracer_object *t, const char *map, uint32_t key, size_t value_size,
		 void (*add)(void *total, const void *value), void *total)
{
	int fd = bpf_object__find_map_fd_by_name(t->object, map), err;
	int cpu, cpus = libbpf_num_possible_cpus();
	char *values;

	if (cpus < 0)
		return cpus;
	values = calloc(cpus, value_size);
	if (!values)
		return -ENOMEM;
	err = bpf_map_lookup_elem(fd, &key, values);
	for (cpu = 0; !err && cpu < cpus; cpu++)
		add(total, values + cpu * value_size);
	free(values);
	return err;
}

void add_u64(void *total, const void *value)
{
	*(uint64_t *)total += *(const uint64_t *)value;
}

/* Runs of a program that the kernel skipped because it was running on that CPU. */
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

/*
 * The beginning of struct bpf_link_info of a kprobe or kretprobe, from Linux 6.7 on; the C
 * library may be of an older one.
 */
struct kprobe_link_info {
	uint32_t type, id, prog_id, padding;
	uint32_t probe; /* of perf_event */
	uint32_t padding2;
	uint64_t function;
	uint32_t function_length, offset;
	uint64_t address, missed;
};

#define LINK_TYPE_PERF_EVENT 7
#define PROBE_KPROBE 3
#define PROBE_KRETPROBE 4

/* Hits of kprobes that reached no program, as too many calls were to return. */
static uint64_t missed_hits(const struct tracer_object *t)
{
	uint64_t missed = 0;
	size_t i;

	for (i = 0; i < t->link_count; i++) {
		struct kprobe_link_info info = { 0 };
		__u32 size = sizeof(info);

		if (!bpf_obj_get_info_by_fd(bpf_link__fd(t->links[i]), &info, &size) &&
		    info.type == LINK_TYPE_PERF_EVENT &&
		    (info.probe == PROBE_KPROBE || info.probe == PROBE_KRETPROBE))
			missed += info.missed;
	}
	return missed;
}

int tracer_counters(struct tracer_object *t, uint64_t counters[COUNTER_COUNT])
{
	int i, err = 0;

	/* The kernel's map has one that nothing counts: COUNTER_MISSED. */
	memset(counters, 0, COUNTER_COUNT * sizeof(*counters));
	for (i = 0; !err && i < COUNTER_COUNT; i++)
		err = tracer_total(t, "counters", i, sizeof(*counters), add_u64, &counters[i]);
	if (err)
		return err;
	counters[COUNTER_MISSED] = missed_runs(t) + missed_hits(t);
	counters[COUNTER_LOST_PAIRS] += counters[COUNTER_MISSED];
	return 0;
}
