/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/guest_tracer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/functions.h"
#include "bpf/object.h"
#include "lib/histogram.h"

#include "bpf/guest_events.skel.h"
#include "bpf/guest_functions.skel.h"

#define OBSERVATIONS_MAX 16

static const char *const op_names[OP_COUNT] = { "enqueue", "dequeue", "finalize",
						"isolate", "putback", "migrate" };

const char *page_op_name(enum page_op op)
{
	return op_names[op];
}

struct guest_tracer {
	struct tracer_object t;
	enum mechanism mechanism;
	struct observation observations[OBSERVATIONS_MAX];
	size_t observation_count;
	guest_batch_fn batch;
	void *context;
};

/* The trace events; without those marked needed there is nothing to be told. */
static const struct event {
	const char *program;
	const char *what;
	enum trace_level level;
	bool needed;
} events[] = {
	{ "batch_begin", "batches", TRACE_PHASES, true },
	{ "batch_alloc_done", "alloc", TRACE_PHASES, true },
	{ "batch_enqueue_done", NULL, TRACE_PHASES, true },
	{ "batch_dequeue_done", NULL, TRACE_PHASES, true },
	{ "batch_told", "tell_host", TRACE_PHASES, true },
	{ "batch_released", "release", TRACE_PHASES, true },
	{ "out_of_puff", "out of puff", TRACE_PHASES, false },
	{ "page_migrate", "migrate", TRACE_PHASES, false },
	{ "block_enqueue", "blocks", TRACE_PHASES, false },
	{ "block_dequeue", NULL, TRACE_PHASES, false },
	{ "block_split", NULL, TRACE_PHASES, false },
	{ "alloc_order", NULL, TRACE_PHASES, false },
	{ "page_enqueue", "enqueue", TRACE_PAGES, false },
	{ "page_dequeue", "dequeue", TRACE_PAGES, false },
	{ "page_finalize", "finalize", TRACE_PAGES, false },
	{ "page_isolate", "isolate", TRACE_PAGES, false },
	{ "page_putback", "putback", TRACE_PAGES, false },
};

/* Functions whose entry and return are observed where there are no events. */
static const struct function {
	const char *stem; /* of the programs' names */
	const char *function;
	const char *what;
	enum trace_level level;
	bool needed;
} functions[] = {
	{ "work", "update_balloon_size_func", "batches", TRACE_PHASES, true },
	{ "tell", "tell_host", "tell_host", TRACE_PHASES, true },
	{ "migrate", "balloon_page_migrate", "migrate", TRACE_PHASES, false },
	{ "enqueue", "balloon_page_enqueue", "enqueue", TRACE_PAGES, false },
	{ "dequeue", "balloon_page_dequeue", "dequeue", TRACE_PAGES, false },
	{ "isolate", "balloon_page_isolate", "isolate", TRACE_PAGES, false },
	{ "putback", "balloon_page_putback", "putback", TRACE_PAGES, false },
};

#define EVENTS (sizeof(events) / sizeof(events[0]))
#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

static struct observation *observe(struct guest_tracer *g, const char *what, const char *how)
{
	struct observation *o = &g->observations[g->observation_count++];

	o->what = what;
	o->how = how;
	return o;
}

static void forgo(struct guest_tracer *g, const char *what, const char *why_not)
{
	struct observation *o = observe(g, what, NULL);

	snprintf(o->why_not, sizeof(o->why_not), "%s", why_not);
}

static void forgo_level(struct guest_tracer *g, const char *what)
{
	forgo(g, what, "only at level pages");
}

static void forgo_locks(struct guest_tracer *g)
{
	forgo(g, "lock hold times",
	      "the kernel tells when balloon_lock or pages_lock is waited for, not when it is let "
	      "go");
}

static int take_record(void *context, void *data, size_t size)
{
	struct guest_tracer *g = context;

	if (size == sizeof(struct guest_batch) && g->batch)
		g->batch(data, g->context);
	return 0;
}

static int load(struct guest_tracer *g, const struct tracer_options *options)
{
	int err = tracer_set_ring(g->t.object, options->ring_bytes);

	if (!err)
		err = bpf_object__load(g->t.object);
	return err;
}

static int attach_events(struct guest_tracer *g, const struct tracer_options *options)
{
	char event[64];
	size_t i;
	int err;

	for (i = 0; i < EVENTS; i++) {
		const struct event *e = &events[i];
		struct bpf_program *program =
			bpf_object__find_program_by_name(g->t.object, e->program);

		if (e->level > options->level) {
			forgo_level(g, e->what);
			continue;
		}
		snprintf(event, sizeof(event), "balloon_%s", e->program);
		err = tracer_keep(&g->t, bpf_program__attach_raw_tracepoint(program, event));
		if (err && e->needed)
			return err;
		if (err && e->what)
			forgo(g, e->what, "this kernel's balloon events do not have it");
		else if (err)
			continue;
		else if (e->what)
			observe(g, e->what, "trace event");
	}
	forgo_locks(g);
	return 0;
}

static struct bpf_object *open_elf(const void *bytes, size_t size)
{
	return bpf_object__open_mem(bytes, size, NULL);
}

static int open_events(struct guest_tracer *g, const struct tracer_options *options)
{
	struct bpf_program *program;
	const void *elf;
	size_t size, i;
	int err;

	elf = guest_events__elf_bytes(&size);
	g->t.object = open_elf(elf, size);
	if (!g->t.object)
		return -errno;
	for (i = 0; i < EVENTS; i++) {
		program = bpf_object__find_program_by_name(g->t.object, events[i].program);
		bpf_program__set_autoload(program, events[i].level <= options->level);
	}
	err = load(g, options);
	return err ? err : attach_events(g, options);
}

static struct bpf_program *find(struct guest_tracer *g, const char *prefix, const char *stem)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_%s", prefix, stem);
	return bpf_object__find_program_by_name(g->t.object, name);
}

static bool is_there(const struct function *f, enum mechanism mechanism)
{
	return mechanism == MECHANISM_FENTRY ? functions_in_btf(f->function)
					     : functions_in_kallsyms(f->function);
}

static int attach_pair(struct guest_tracer *g, const struct function *f, bool fentry)
{
	int err;

	/* The return first: an entry without its return would be left waiting. */
	err = tracer_keep(&g->t,
			  bpf_program__attach(find(g, fentry ? "fexit" : "kretprobe", f->stem)));
	if (!err)
		err = tracer_keep(
			&g->t, bpf_program__attach(find(g, fentry ? "fentry" : "kprobe", f->stem)));
	return err;
}

static int attach_functions(struct guest_tracer *g, const struct tracer_options *options,
			    const bool *there)
{
	bool fentry = g->mechanism == MECHANISM_FENTRY;
	size_t i;
	int err;

	for (i = 0; i < FUNCTIONS; i++) {
		const struct function *f = &functions[i];

		if (f->level > options->level) {
			forgo_level(g, f->what);
			continue;
		}
		err = there[i] ? attach_pair(g, f, fentry) : -ENOENT;
		if (err && f->needed)
			return err;
		if (err)
			snprintf(observe(g, f->what, NULL)->why_not, 128, "%s() %s", f->function,
				 there[i] ? strerror(-err) : "is not to be found: inlined?");
		else
			observe(g, f->what, fentry ? "fentry and fexit" : "kprobe and kretprobe");
	}
	forgo(g, "alloc", "not told from enqueue: fill_balloon() has no event inside");
	forgo(g, "release", "not told from the end of the work: no event inside leak_balloon()");
	forgo(g, "finalize", "an inline function; the nearest is dequeue, which contains it");
	forgo(g, "out of puff", "there is no function of its own for it");
	forgo_locks(g);
	return 0;
}

static int open_functions(struct guest_tracer *g, const struct tracer_options *options)
{
	bool there[FUNCTIONS], fentry = g->mechanism == MECHANISM_FENTRY;
	struct bpf_program *program;
	const void *elf;
	size_t size, i;
	int err;

	for (i = 0; i < FUNCTIONS; i++) {
		there[i] = is_there(&functions[i], g->mechanism);
		if (!there[i] && functions[i].needed)
			return -ENOENT;
	}
	elf = guest_functions__elf_bytes(&size);
	g->t.object = open_elf(elf, size);
	if (!g->t.object)
		return -errno;
	bpf_object__for_each_program(program, g->t.object)
		bpf_program__set_autoload(program, false);
	for (i = 0; i < FUNCTIONS; i++) {
		bool wanted = there[i] && functions[i].level <= options->level;

		bpf_program__set_autoload(find(g, fentry ? "fentry" : "kprobe", functions[i].stem),
					  wanted);
		bpf_program__set_autoload(
			find(g, fentry ? "fexit" : "kretprobe", functions[i].stem), wanted);
	}
	err = load(g, options);
	return err ? err : attach_functions(g, options, there);
}

static int try_mechanism(struct guest_tracer *g, enum mechanism mechanism,
			 const struct tracer_options *options)
{
	int err;

	g->mechanism = mechanism;
	g->observation_count = 0;
	tracer_quiet();
	err = mechanism == MECHANISM_EVENTS ? open_events(g, options) : open_functions(g, options);
	if (!err)
		err = tracer_read_ring(&g->t, take_record, g);
	if (err)
		tracer_close(&g->t);
	return err;
}

/* What an attempt came to, in a few words; appended to what the ones before did. */
static void add_attempt(char *err, size_t size, enum mechanism mechanism, int error)
{
	size_t n = strlen(err);

	snprintf(err + n, size - n, "%s%s: %s", n ? "; " : "", mechanism_name(mechanism),
		 error == -ENOENT ? "the kernel has none for the balloon driver"
				  : strerror(-error));
}

int guest_tracer_open(struct guest_tracer **tracer, const struct tracer_options *options, char *err,
		      size_t err_size)
{
	struct guest_tracer *g = calloc(1, sizeof(*g));
	char attempts[256] = "";
	enum mechanism m;
	int error = -ENOTSUP;

	if (!g)
		return -ENOMEM;
	for (m = MECHANISM_EVENTS; m < MECHANISMS; m++) {
		if (options->mechanism != MECHANISM_AUTO && options->mechanism != m)
			continue;
		error = try_mechanism(g, m, options);
		if (!error || (error == -EPERM && geteuid() != 0))
			break;
		add_attempt(attempts, sizeof(attempts), m, error);
	}
	functions_forget();
	if (!error) {
		*tracer = g;
		return 0;
	}
	free(g);
	if (error == -EPERM && geteuid() != 0) {
		tracer_explain(err, err_size, "cannot trace the balloon driver", error);
		return error;
	}
	snprintf(err, err_size, "cannot trace the balloon driver (%s)%s", attempts,
		 access("/sys/kernel/btf/vmlinux", R_OK)
			 ? "; this kernel has no BTF (CONFIG_DEBUG_INFO_BTF)"
			 : "");
	return -ENOTSUP;
}

void guest_tracer_close(struct guest_tracer *tracer)
{
	if (!tracer)
		return;
	tracer_close(&tracer->t);
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

static int read_op(struct guest_tracer *tracer, enum page_op op, struct histogram *sum)
{
	struct histogram *values;
	int cpu, cpus;

	values = tracer_per_cpu(&tracer->t, "page_ops", op, sizeof(*values), &cpus);
	if (!values)
		return -errno;
	memset(sum, 0, sizeof(*sum));
	for (cpu = 0; cpu < cpus; cpu++)
		histogram_merge(sum, &values[cpu]);
	free(values);
	return 0;
}

int guest_tracer_counts(struct guest_tracer *tracer, struct guest_counts *counts)
{
	int err, op, tally;

	err = tracer_counters(&tracer->t, counts->counters);
	for (tally = 0; !err && tally < TALLY_COUNT; tally++)
		err = tracer_sum(&tracer->t, "tallies", tally, &counts->tallies[tally]);
	for (op = 0; !err && op < OP_COUNT; op++)
		err = read_op(tracer, op, &counts->ops[op]);
	return err;
}
