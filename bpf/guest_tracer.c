/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/guest_tracer.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/driver.h"
#include "bpf/object.h"
#include "lib/histogram.h"

#include "bpf/guest_events.skel.h"
#include "bpf/guest_functions.skel.h"

#define PROBES_MAX 24
#define NOT_A_FUNCTION "no such function, or inlined"

const char *const page_op_names[OP_COUNT] = { "migrate", "oom",	    "report",  "isolate",
					      "putback", "enqueue", "dequeue", "finalize" };

struct guest_tracer {
	struct tracer_object t;
	enum mechanism mechanism;
	struct trace_setting trace;
	const char *parameter;	 /* of the trace events: which sample; NULL: left as it was */
	unsigned int was_one_in; /* its value before */
	bool observed[OP_COUNT];
	struct observation observations[PROBES_MAX];
	size_t observation_count;
	guest_batch_fn batch;
	void *context;
};

/* A trace event or a function. Without a required one no batch can be observed. */
struct probe {
	const char *name;
	const char *what; /* NULL: observed together with the one before */
	enum trace_level level;
	bool required;
};

static const struct probe events[] = {
	{ "balloon_batch_begin", "batches", TRACE_PHASES, true },
	{ "balloon_batch_alloc_done", "alloc", TRACE_PHASES, true },
	{ "balloon_batch_enqueue_done", NULL, TRACE_PHASES, true },
	{ "balloon_batch_dequeue_done", NULL, TRACE_PHASES, true },
	{ "balloon_batch_told", "tell_host", TRACE_PHASES, true },
	{ "balloon_batch_released", "release", TRACE_PHASES, true },
	{ "balloon_out_of_puff", "out of puff", TRACE_PHASES, false },
	{ "balloon_page_migrate", "migrate", TRACE_PHASES, false },
	{ "balloon_oom", "oom", TRACE_PHASES, false },
	{ "balloon_block_enqueue", "blocks", TRACE_PHASES, false },
	{ "balloon_block_dequeue", NULL, TRACE_PHASES, false },
	{ "balloon_block_split", NULL, TRACE_PHASES, false },
	{ "balloon_alloc_order", NULL, TRACE_PHASES, false },
	{ "balloon_page_enqueue", "enqueue", TRACE_PAGES, false },
	{ "balloon_page_dequeue", "dequeue", TRACE_PAGES, false },
	{ "balloon_page_finalize", "finalize", TRACE_PAGES, false },
	{ "balloon_page_isolate", "isolate", TRACE_PAGES, false },
	{ "balloon_page_putback", "putback", TRACE_PAGES, false },
	{ 0 },
};

static const struct probe functions[] = {
	{ "update_balloon_size_func", "batches", TRACE_PHASES, true },
	{ "tell_host", "tell_host", TRACE_PHASES, true },
	{ "balloon_page_migrate", "migrate", TRACE_PHASES, false },
	{ "virtio_balloon_oom_notify", "oom", TRACE_PHASES, false },
	{ "virtballoon_free_page_report", "report", TRACE_PHASES, false },
	{ "balloon_page_enqueue", "enqueue", TRACE_PAGES, false },
	{ "balloon_page_dequeue", "dequeue", TRACE_PAGES, false },
	{ "balloon_page_isolate", "isolate", TRACE_PAGES, false },
	{ "balloon_page_putback", "putback", TRACE_PAGES, false },
	{ 0 },
};

/* Never observed: where functions are traced, or where trace events are. */
static const struct {
	const char *what, *why;
	bool functions, events;
} gaps[] = {
	{ "alloc", "merged with enqueue: fill_balloon() has no hook between the two", true, false },
	{ "release", "lasts until the work ends: leak_balloon() has no hook after it", true,
	  false },
	{ "finalize", "an inline function; dequeue includes it", true, false },
	{ "out of puff", "not a function of its own", true, false },
	{ "oom pages", "the notifier says only to its caller how many", true, false },
	{ "report", "free pages are reported without a trace event; use --mechanism fentry", false,
	  true },
	{ "free page hinting", "its loop is inlined, and has no trace event", true, true },
	{ "lock hold times", "the kernel traces waits for balloon_lock and pages_lock only", true,
	  true },
};

/* Find which functions of the kernel and of the driver's module can be traced. */
static bool has(const struct btf *btf, const char *name)
{
	return btf && btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
}

/* By fentry and fexit: those that have BTF. */
static void functions_in_btf(const char *const *names, size_t count, bool *found)
{
	struct btf *vmlinux = btf__load_vmlinux_btf(), *module = NULL;
	size_t i;

	/* Fails if the driver is built in, or not loaded. */
	if (vmlinux)
		module = btf__load_module_btf("virtio_balloon", vmlinux);
	for (i = 0; i < count; i++)
		found[i] = has(vmlinux, names[i]) || has(module, names[i]);
	btf__free(module);
	btf__free(vmlinux);
}

/* By kprobes: those that have a symbol. None if kallsyms hides the addresses. */
static void functions_in_kallsyms(const char *const *names, size_t count, bool *found)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long long address;
	char line[512], name[256];
	size_t i;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx %*c %255s", &address, name) != 2 || !address)
			continue;
		for (i = 0; i < count; i++)
			found[i] |= !strcmp(name, names[i]);
	}
	if (f)
		fclose(f);
}

/*
 * The programs of a probe are named prefix + name. The one for the return comes
 * first: an entry without its return would never be taken off its map.
 */
static const struct method {
	const char *how, *missing, *prefixes[3];
	const struct probe *probes;
	const void *(*elf)(size_t *size);
	void (*find)(const char *const *names, size_t count, bool *found);
} methods[MECHANISMS] = {
	[MECHANISM_EVENTS] = { "trace event",
			       "no such trace event in this kernel",
			       { "" },
			       events,
			       guest_events__elf_bytes,
			       NULL },
	[MECHANISM_FENTRY] = { "fentry and fexit",
			       NOT_A_FUNCTION,
			       { "fexit_", "fentry_" },
			       functions,
			       guest_functions__elf_bytes,
			       functions_in_btf },
	[MECHANISM_KPROBE] = { "kprobe and kretprobe",
			       NOT_A_FUNCTION,
			       { "kretprobe_", "kprobe_" },
			       functions,
			       guest_functions__elf_bytes,
			       functions_in_kallsyms },
};

static void observe(struct guest_tracer *g, const char *what, const char *how, const char *why_not)
{
	observation_set(&g->observations[g->observation_count++], what, how, why_not);
}

static int take_record(void *context, void *data, size_t size __attribute__((unused)))
{
	struct guest_tracer *g = context;

	g->batch(data, g->context);
	return 0;
}

static struct bpf_program *find_program(const struct guest_tracer *g, const char *prefix,
					const struct probe *probe)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s", prefix, probe->name);
	return bpf_object__find_program_by_name(g->t.object, name);
}

/* What a parameter of the kernel is, or 0 if there is none. */
static unsigned int read_parameter(const char *path)
{
	unsigned int value = 0;
	FILE *f = fopen(path, "re");

	if (!f)
		return 0;
	if (fscanf(f, "%u", &value) != 1)
		value = 0;
	fclose(f);
	return value;
}

static int write_parameter(const char *path, unsigned int value)
{
	FILE *f = fopen(path, "we");
	int err;

	if (!f)
		return -errno;
	err = fprintf(f, "%u", value) < 0 ? -EIO : 0;
	return fclose(f) ? -errno : err;
}

/* Without the parameter, as in an older patch, the trace events are of each page. */
static void sample_events(struct guest_tracer *g)
{
	static const char *const paths[] = {
		"/sys/module/balloon_compaction/parameters/trace_every",
		"/sys/module/balloon/parameters/trace_every", /* 7.x: mm/balloon.c */
	};
	unsigned int was;
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		was = read_parameter(paths[i]);
		if (!was || write_parameter(paths[i], g->trace.one_in))
			continue;
		g->parameter = paths[i];
		g->was_one_in = was;
		return;
	}
	g->trace.one_in = 1;
}

static int sample_functions(struct guest_tracer *g)
{
	int fd = bpf_object__find_map_fd_by_name(g->t.object, "samples"), err = 0;
	int cpus = libbpf_num_possible_cpus(), cpu;
	struct page_sample *samples;
	enum page_op op;

	if (cpus < 0)
		return cpus;
	samples = calloc(cpus, sizeof(*samples));
	if (!samples)
		return -ENOMEM;
	for (cpu = 0; cpu < cpus; cpu++)
		samples[cpu].max = UINT32_MAX / g->trace.one_in;
	for (op = OP_SAMPLED; !err && op < OP_COUNT; op++)
		err = bpf_map_update_elem(fd, &op, samples, BPF_ANY);
	free(samples);
	return err;
}

static int attach_probe(struct guest_tracer *g, const struct probe *probe)
{
	const char *const *prefix = methods[g->mechanism].prefixes;
	int err = 0;

	for (; !err && *prefix; prefix++)
		err = tracer_keep(&g->t, bpf_program__attach(find_program(g, *prefix, probe)));
	return err;
}

/* Note an operation, and how it is observed. */
static void observe_probe(struct guest_tracer *g, const struct probe *p, const char *why_not)
{
	const char *how = why_not ? NULL : methods[g->mechanism].how;
	enum page_op op;

	for (op = 0; op < OP_COUNT; op++)
		if (!strcmp(p->what, page_op_names[op]))
			g->observed[op] = how;
	observe(g, p->what, how, why_not ?: "");
}

static int attach(struct guest_tracer *g, const bool *found)
{
	const struct method *m = &methods[g->mechanism];
	const struct probe *p;
	char why_not[128], failed[96];
	size_t i;
	int err;

	for (p = m->probes; p->name; p++) {
		if (p->level > g->trace.level) {
			observe(g, p->what, NULL, "only at level pages");
			continue;
		}
		err = found[p - m->probes] ? attach_probe(g, p) : -ENOENT;
		if (err && p->required)
			return err;
		snprintf(why_not, sizeof(why_not), "%s: %s", p->name,
			 err == -ENOENT ? m->missing
					: tracer_strerror(err, failed, sizeof(failed)));
		if (p->what)
			observe_probe(g, p, err ? why_not : NULL);
	}
	if (balloon_driver_problem("/sys"))
		observe(g, "device", NULL, balloon_driver_problem("/sys"));
	for (i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++)
		if (g->mechanism == MECHANISM_EVENTS ? gaps[i].events : gaps[i].functions)
			observe(g, gaps[i].what, NULL, gaps[i].why);
	return 0;
}

/* Find what the kernel has, and open the object with the programs that apply. */
static int open_object(struct guest_tracer *g, bool *found)
{
	const struct method *m = &methods[g->mechanism];
	const char *names[PROBES_MAX], *const *prefix;
	struct bpf_program *program;
	size_t i, count;
	int err;

	for (count = 0; m->probes[count].name; count++)
		names[count] = m->probes[count].name;
	/* An event that is missing is noticed when it is attached. */
	memset(found, !m->find, count);
	if (m->find)
		m->find(names, count, found);
	for (i = 0; i < count; i++)
		if (!found[i] && m->probes[i].required)
			return -ENOENT;
	err = tracer_open(&g->t, m->elf);
	if (err)
		return err;
	/* A histogram takes 8 KiB a CPU; at level phases only these are used. */
	if (g->trace.level < TRACE_PAGES)
		err = bpf_map__set_max_entries(
			bpf_object__find_map_by_name(g->t.object, "page_ops"), OP_OF_PAGES);
	bpf_object__for_each_program(program, g->t.object)
		bpf_program__set_autoload(program, false);
	for (i = 0; i < count; i++)
		for (prefix = m->prefixes; *prefix; prefix++)
			bpf_program__set_autoload(find_program(g, *prefix, &m->probes[i]),
						  found[i] && m->probes[i].level <= g->trace.level);
	return err;
}

static void restore_sample(struct guest_tracer *g)
{
	if (g->parameter)
		write_parameter(g->parameter, g->was_one_in);
	g->parameter = NULL;
}

static int try_mechanism(struct guest_tracer *g, const struct tracer_options *options)
{
	bool found[PROBES_MAX] = { false };
	int err;

	g->observation_count = 0;
	g->trace = options->trace;
	if (!g->trace.one_in)
		g->trace.one_in = TRACE_ONE_IN;
	memset(g->observed, 0, sizeof(g->observed));
	err = open_object(g, found) ?: tracer_load(&g->t, options->ring_bytes, take_record, g);
	if (!err && g->trace.level == TRACE_PAGES) {
		if (g->mechanism == MECHANISM_EVENTS)
			sample_events(g);
		else
			err = sample_functions(g);
	}
	if (!err)
		err = attach(g, found);
	if (err) {
		tracer_close(&g->t);
		restore_sample(g);
	}
	return err;
}

static void add_attempt(char *attempts, size_t size, enum mechanism mechanism, int error)
{
	const char *missing = "not in this kernel";
	size_t n = strlen(attempts);
	char failed[96];

	if (mechanism == MECHANISM_FENTRY && balloon_module_lacks_btf("/sys"))
		missing = "the module has no BTF (CONFIG_DEBUG_INFO_BTF_MODULES)";
	snprintf(attempts + n, size - n, "%s%s: %s", n ? "; " : "", mechanisms[mechanism],
		 error == -ENOENT ? missing : tracer_strerror(error, failed, sizeof(failed)));
}

int guest_tracer_open(struct guest_tracer **tracer, const struct tracer_options *options, char *err,
		      size_t err_size)
{
	static const char what[] = "cannot trace the balloon driver";
	bool btf = !access("/sys/kernel/btf/vmlinux", R_OK);
	struct guest_tracer *g = calloc(1, sizeof(*g));
	int error = g ? -ENOTSUP : -ENOMEM;
	char attempts[256] = "";
	const char *problem;
	enum mechanism m;

	for (m = MECHANISM_EVENTS; g && m < MECHANISMS; m++) {
		if (options->mechanism != MECHANISM_AUTO && options->mechanism != m)
			continue;
		g->mechanism = m;
		error = try_mechanism(g, options);
		if (!error) {
			*tracer = g;
			return 0;
		}
		if (error == -EPERM && geteuid() != 0)
			break;
		add_attempt(attempts, sizeof(attempts), m, error);
		error = -ENOTSUP;
	}
	free(g);
	problem = balloon_driver_problem("/sys");
	if (error == -ENOTSUP)
		snprintf(err, err_size, "%s: %s%s%s%s", what, attempts,
			 btf ? "" : "; enable CONFIG_DEBUG_INFO_BTF", problem ? "; " : "",
			 problem ?: "");
	else
		tracer_explain(err, err_size, what, error);
	return error;
}

void guest_tracer_close(struct guest_tracer *tracer)
{
	if (!tracer)
		return;
	tracer_close(&tracer->t);
	restore_sample(tracer);
	free(tracer);
}

enum mechanism guest_tracer_mechanism(const struct guest_tracer *tracer)
{
	return tracer->mechanism;
}

const struct observation *guest_tracer_observations(const struct guest_tracer *tracer,
						    size_t *count)
{
	*count = tracer->observation_count;
	return tracer->observations;
}

int guest_tracer_drain(struct guest_tracer *tracer, guest_batch_fn batch, void *context)
{
	tracer->batch = batch;
	tracer->context = context;
	return ring_buffer__consume(tracer->t.ring);
}

static void add_histogram(void *total, const void *value)
{
	histogram_merge(total, value);
}

int guest_tracer_counts(struct guest_tracer *tracer, struct guest_counts *counts)
{
	struct tracer_object *t = &tracer->t;
	int err, i;

	memset(counts, 0, sizeof(*counts));
	err = tracer_counters(t, counts->counters);
	for (i = 0; !err && i < TALLY_COUNT; i++)
		err = tracer_total(t, "tallies", i, sizeof(uint64_t), add_u64, &counts->tallies[i]);
	for (i = 0; !err && i < OP_COUNT; i++) {
		if (!tracer->observed[i])
			continue;
		counts->one_in[i] = i < OP_SAMPLED ? 1 : tracer->trace.one_in;
		err = tracer_total(t, "page_ops", i, sizeof(struct histogram), add_histogram,
				   &counts->ops[i]);
	}
	return err;
}
