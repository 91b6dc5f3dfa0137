/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's BPF programs on this machine, which needs no balloon: those of trace events by
 * test runs, those of functions by uprobes on functions of this program. What a guest does once
 * in a while happens here in order. Skipped if this user may not trace.
 */
#include "tests/helpers/unit.h"

#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/object.h"
#include "lib/histogram.h"

#include "bpf/guest_events.skel.h"
#include "bpf/guest_functions.skel.h"

static struct tracer_object tracer;
static size_t records;
static struct guest_batch last;

static int take(void *context, void *data, size_t size)
{
	(void)context;
	assert_int_equal(size, sizeof(last));
	memcpy(&last, data, size);
	records++;
	return 0;
}

/* Time each page. */
static void sample_all(void)
{
	struct page_sample samples[1024];
	uint32_t op, cpu;
	int fd = bpf_object__find_map_fd_by_name(tracer.object, "samples");

	for (cpu = 0; cpu < 1024; cpu++)
		samples[cpu] = (struct page_sample){ 0, UINT32_MAX };
	for (op = 0; fd >= 0 && op < OP_COUNT; op++)
		assert_int_equal(bpf_map_update_elem(fd, &op, samples, BPF_ANY), 0);
}

/* @prefix: of the programs that are loaded; "": all. */
static void load(const void *(*elf)(size_t *size), const char *prefix)
{
	struct bpf_program *program;
	char why[512];
	int err;

	records = 0;
	err = tracer_open(&tracer, elf);
	assert_int_equal(err, 0);
	bpf_object__for_each_program(program, tracer.object)
		bpf_program__set_autoload(program, strstr(bpf_program__name(program), prefix));
	err = tracer_load(&tracer, 0, take, NULL);
	if (!err) {
		sample_all();
		return;
	}
	tracer_explain(why, sizeof(why), "cannot load", err);
	tracer_close(&tracer);
	skip_test("%s", why);
}

static int unload(void **state)
{
	(void)state;
	tracer_close(&tracer);
	return 0;
}

static struct bpf_program *program(const char *name)
{
	struct bpf_program *p = bpf_object__find_program_by_name(tracer.object, name);

	assert_non_null(p);
	return p;
}

/* Let a trace event happen. */
static void fire(const char *event, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	uint64_t arguments[] = { a, b, c, d };
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = arguments,
		    .ctx_size_in = sizeof(arguments));

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(program(event)), &options), 0);
}

static size_t drain(void)
{
	assert_true(ring_buffer__consume(tracer.ring) >= 0);
	return records;
}

static uint64_t counter(enum trace_counter which)
{
	uint64_t counters[COUNTER_COUNT];

	assert_int_equal(tracer_counters(&tracer, counters), 0);
	return counters[which];
}

static uint64_t tally(int which)
{
	uint64_t value = 0;

	assert_int_equal(tracer_total(&tracer, "tallies", which, sizeof(value), add_u64, &value),
			 0);
	return value;
}

static void add_histogram(void *total, const void *value)
{
	histogram_merge(total, value);
}

static const struct histogram *op_times(enum page_op op)
{
	static struct histogram h;

	memset(&h, 0, sizeof(h));
	assert_int_equal(tracer_total(&tracer, "page_ops", op, sizeof(h), add_histogram, &h), 0);
	return &h;
}

static void fire_inflate(unsigned int pages)
{
	fire("balloon_batch_begin", 0, true, pages, 0);
	fire("balloon_batch_alloc_done", 0, pages, 0, 0);
	fire("balloon_batch_enqueue_done", 0, pages, 0, 0);
	fire("balloon_batch_told", 0, true, pages, pages);
}

static void a_batch_is_a_record(void **state)
{
	(void)state;
	load(guest_events__elf_bytes, "");
	fire_inflate(256);
	fire_inflate(100);
	assert_int_equal(drain(), 2);
	assert_int_equal(last.pages, 100);
	assert_int_equal(tally(TALLY_PAGES_INFLATED), 356);
	assert_int_equal(tally(TALLY_PAGES_DEFLATED), 0);
	assert_int_equal(counter(COUNTER_LOST_PAIRS), 0);
}

static void a_batch_without_an_end_is_lost(void **state)
{
	(void)state;
	load(guest_events__elf_bytes, "");
	fire("balloon_batch_begin", 0, true, 256, 0);
	fire_inflate(256);
	assert_int_equal(drain(), 1);
	assert_int_equal(counter(COUNTER_LOST_PAIRS), 1);
}

/* 0: the event was enabled during the operation; else two CPUs disagree by 5 ns. */
static void times_that_are_none_are_left_out(void **state)
{
	static const uint64_t ns[] = { 0, -5, 700, 0 };
	size_t i;

	(void)state;
	load(guest_events__elf_bytes, "");
	for (i = 0; i < 4; i++) {
		fire("balloon_page_migrate", 0, 0, 0, ns[i]);
		fire("balloon_page_isolate", 0, ns[i], 0, 0);
	}
	assert_int_equal(op_times(OP_MIGRATE)->count, 1);
	assert_int_equal(op_times(OP_MIGRATE)->min, 700);
	assert_int_equal(op_times(OP_ISOLATE)->count, 1);
	assert_int_equal(op_times(OP_ISOLATE)->max, 700);
	assert_int_equal(tally(TALLY_LOST_OP + OP_MIGRATE), 3);
	assert_int_equal(tally(TALLY_LOST_OP + OP_ISOLATE), 3);
}

static void oom_notifications_are_timed(void **state)
{
	(void)state;
	load(guest_events__elf_bytes, "");
	fire("balloon_oom", 0, 256, 5000, 0);
	fire("balloon_oom", 0, 0, 700, 0);
	assert_int_equal(op_times(OP_OOM)->count, 2);
	assert_int_equal(op_times(OP_OOM)->max, 5000);
	assert_int_equal(tally(TALLY_OOM_PAGES), 256);
}

/* A loss belongs to the direction of the batch. */
static void a_full_ring_loses_batches_of_a_direction(void **state)
{
	const int batches = (4 << 20) / 64;
	int i;

	(void)state;
	load(guest_events__elf_bytes, "");
	for (i = 0; i < batches; i++)
		fire_inflate(1);
	assert_above(tally(TALLY_LOST_INFLATES), 0);
	assert_int_equal(tally(TALLY_LOST_DEFLATES), 0);
	assert_int_equal(tally(TALLY_LOST_INFLATES), counter(COUNTER_LOST_RECORDS));
	assert_int_equal(tally(TALLY_PAGES_INFLATED), batches);
	assert_int_equal(drain() + tally(TALLY_LOST_INFLATES), batches);
}

/* The functions of the driver, as the programs see them; global, so that libbpf finds them. */
#define TRACED __attribute__((noinline, noclone, externally_visible))

TRACED void fake_enqueue(void)
{
	__asm__ volatile("" ::: "memory");
}

TRACED void fake_tell_host(void)
{
	__asm__ volatile("" ::: "memory");
}

TRACED void fake_migrate(void)
{
	fake_tell_host();
	__asm__ volatile("" ::: "memory");
}

/* What update_balloon_size_func() does if an allocation moves pages of the balloon. */
TRACED void fake_work(bool tells)
{
	fake_migrate();
	if (tells)
		fake_tell_host();
	__asm__ volatile("" ::: "memory");
}

TRACED void fake_report(void *device, void *list, unsigned int entries)
{
	__asm__ volatile("" ::"r"(device), "r"(list), "r"(entries) : "memory");
}

static void attach(const char *name, const char *function, bool at_return)
{
	LIBBPF_OPTS(bpf_uprobe_opts, options, .func_name = function, .retprobe = at_return);
	struct bpf_link *link =
		bpf_program__attach_uprobe_opts(program(name), 0, "/proc/self/exe", 0, &options);

	if (tracer_keep(&tracer, link))
		skip_test("uprobes are not possible here");
}

static void attach_both(const char *function, const char *fake)
{
	char name[64];

	snprintf(name, sizeof(name), "kretprobe_%s", function);
	attach(name, fake, true);
	snprintf(name, sizeof(name), "kprobe_%s", function);
	attach(name, fake, false);
}

static void a_nested_migration_is_no_batch(void **state)
{
	(void)state;
	load(guest_functions__elf_bytes, "probe_");
	attach_both("update_balloon_size_func", "fake_work");
	attach_both("tell_host", "fake_tell_host");
	attach_both("balloon_page_migrate", "fake_migrate");
	fake_work(false);
	assert_int_equal(drain(), 0);
	fake_work(true);
	assert_int_equal(drain(), 1);
	assert_int_equal(op_times(OP_MIGRATE)->count, 2);
	assert_int_equal(counter(COUNTER_LOST_PAIRS), 0);
}

/* The entries of a list that cannot be read, as here, are not counted; the report is. */
static void reports_of_free_pages_are_timed(void **state)
{
	(void)state;
	load(guest_functions__elf_bytes, "probe_");
	attach_both("virtballoon_free_page_report", "fake_report");
	fake_report(NULL, NULL, 32);
	fake_report(NULL, NULL, 0);
	assert_int_equal(op_times(OP_REPORT)->count, 2);
	assert_int_equal(tally(TALLY_REPORTED_BYTES), 0);
	assert_int_equal(counter(COUNTER_LOST_PAIRS), 0);
}

/* An operation whose end is missed is lost; the next one of this thread is not longer for it. */
static void a_missed_return_is_lost(void **state)
{
	(void)state;
	load(guest_functions__elf_bytes, "probe_");
	attach("kprobe_balloon_page_enqueue", "fake_enqueue", false);
	fake_enqueue();
	fake_enqueue();
	fake_enqueue();
	assert_int_equal(op_times(OP_ENQUEUE)->count, 0);
	assert_int_equal(counter(COUNTER_LOST_PAIRS), 2);
	assert_int_equal(tally(TALLY_LOST_OP + OP_ENQUEUE), 2);
	assert_int_equal(tally(TALLY_LOST_OP + OP_DEQUEUE), 0);
}

/* A run of the work forgets what a missed return left behind, or it would tell the host nothing. */
static void a_missed_return_of_a_migration(void **state)
{
	(void)state;
	load(guest_functions__elf_bytes, "probe_");
	attach_both("update_balloon_size_func", "fake_work");
	attach_both("tell_host", "fake_tell_host");
	attach("kprobe_balloon_page_migrate", "fake_enqueue", false);
	fake_enqueue();
	fake_work(true);
	assert_int_equal(drain(), 1);
	assert_int_equal(counter(COUNTER_LOST_PAIRS), 1);
}

/* What a possible CPU takes at level pages; at level phases less than half of it. */
static void maps_are_small(void **state)
{
	struct bpf_map *map;
	uint64_t bytes = 0;

	(void)state;
	assert_int_equal(tracer_open(&tracer, guest_functions__elf_bytes), 0);
	bpf_object__for_each_map(map,
				 tracer.object) if (bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_ARRAY)
		bytes += (uint64_t)bpf_map__max_entries(map) * bpf_map__value_size(map);
	assert_below(bytes, 64 << 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_batch_is_a_record, unload),
		cmocka_unit_test_teardown(a_batch_without_an_end_is_lost, unload),
		cmocka_unit_test_teardown(times_that_are_none_are_left_out, unload),
		cmocka_unit_test_teardown(oom_notifications_are_timed, unload),
		cmocka_unit_test_teardown(a_full_ring_loses_batches_of_a_direction, unload),
		cmocka_unit_test_teardown(a_nested_migration_is_no_batch, unload),
		cmocka_unit_test_teardown(reports_of_free_pages_are_timed, unload),
		cmocka_unit_test_teardown(a_missed_return_is_lost, unload),
		cmocka_unit_test_teardown(a_missed_return_of_a_migration, unload),
		cmocka_unit_test_teardown(maps_are_small, unload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
