/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the driver of the series asks of the rest of a guest: how long it stops
 * preemption and interrupts, and what others wait for when memory is short. It is judged by what
 * ftrace sees, not by the clock.
 */
#include "tests/helpers/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/helpers/vm.h"

#define TRACING "/sys/kernel/tracing/"
#define BALLOON_EVENTS TRACING "events/balloon/"
/* The fourth argument of x86-64 is in rcx. */
#define BULK "p:bulk alloc_pages_bulk_noprof pages=%cx:s32\n"
#define RELEASE "p:release put_pages_list\n"
#define KICK "p:kick virtqueue_kick_prepare\n"

#define MEMORY_BYTES (512 * MIB)
#define PAGE_BYTES 4096
/* Of the series: pages that are taken without preemption, and pages of a batch. */
#define BUNCH_PAGES 64
#define BATCH_PAGES 2048
/* What is left to the guest when memory is short: less than its low watermark. */
#define LEFT_BYTES (12 * MIB)
#define WATERMARK_TEN_PERCENT "1000"

static char *text;

static int set_up(void **state)
{
	(void)state;
	text = NULL;
	return 0;
}

static int end(void **state)
{
	free(text);
	return test_guest_end(state);
}

static void start(const char *variant, const char *device, uint64_t memory_bytes)
{
	const struct test_guest guest = { .variant = variant,
					  .device = device,
					  .memory_bytes = memory_bytes };

	print_message("# %s\n", variant);
	test_guest_start(&guest);
}

static char *read_guest(const char *path)
{
	struct guest_request read = guest_request("read");

	free(text);
	text = NULL;
	read.path = (char *)path;
	test_request(read, &answer_text, &text);
	return text;
}

static void probe(const char *probes, const char *event)
{
	char path[128];

	test_write_guest(TRACING "kprobe_events", probes);
	snprintf(path, sizeof(path), TRACING "events/kprobes/%s/enable", event);
	test_write_guest(path, "1");
}

/* The number after @key in each line of the trace that has it: the largest; 0: none. */
static uint64_t largest(const char *trace, const char *key)
{
	const char *at = trace;
	uint64_t most = 0, value;

	while ((at = strstr(at, key))) {
		at += strlen(key);
		value = strtoull(at, NULL, 10);
		most = value > most ? value : most;
	}
	return most;
}

/* The allocator's lists are locked, and pages initialised, for a bunch at a time. */
static void allocates_in_bunches(void **state)
{
	uint64_t most;

	(void)state;
	start("bulk", NULL, MEMORY_BYTES);
	probe(BULK, "bulk");
	test_balloon(8 * MIB, NULL);
	most = largest(read_guest(TRACING "trace"), " pages=");
	assert_above(most, 1);
	assert_at_most(most, BUNCH_PAGES);
	test_guest_power_off();
}

/* Lines of @event, whose column of flags shows that interrupts are on: "..." and not "d..". */
static int count_with_interrupts(const char *trace, const char *event)
{
	const char *line, *flags, *line_end;
	int count = 0;

	for (line = trace; *line; line = line_end + 1) {
		line_end = strchrnul(line, '\n');
		flags = strstr(line, "] ");
		if (*line != '#' && flags && flags < line_end &&
		    memmem(line, line_end - line, event, strlen(event))) {
			if (flags[2] == 'd' || flags[2] == 'D')
				fail_msg("interrupts are off: %.*s", (int)(line_end - line), line);
			count++;
		}
		if (!*line_end)
			break;
	}
	return count;
}

static void keeps_interrupts_on(void **state)
{
	const int pages = 64;

	(void)state;
	start("bulk", NULL, MEMORY_BYTES);
	test_write_guest(BALLOON_EVENTS "balloon_page_enqueue/enable", "1");
	test_write_guest(BALLOON_EVENTS "balloon_page_dequeue/enable", "1");
	test_balloon(pages * PAGE_BYTES, NULL);
	test_balloon(0, NULL);
	read_guest(TRACING "trace");
	assert_int_equal(count_with_interrupts(text, "balloon_page_enqueue"), pages);
	assert_int_equal(count_with_interrupts(text, "balloon_page_dequeue"), pages);
	test_guest_power_off();
}

/* The OOM notifier waits for a batch, so a batch is small where there is a notifier. */
static void bounds_batches(void **state)
{
	uint64_t most;

	(void)state;
	start("huge", "deflate-on-oom=on", MEMORY_BYTES);
	test_write_guest(BALLOON_EVENTS "balloon_batch_told/enable", "1");
	test_balloon(224 * MIB, NULL);
	test_balloon(0, NULL);
	most = largest(read_guest(TRACING "trace"), " pages=");
	assert_above(most, 1);
	assert_at_most(most, BATCH_PAGES);
	test_guest_power_off();
}

/* Without VIRTIO_BALLOON_F_MUST_TELL_HOST, which QEMU does not offer. */
static void released_before_told(const char *variant)
{
	const char *dequeued, *released, *told;

	start(variant, "deflate-on-oom=on", MEMORY_BYTES);
	test_balloon(225 * MIB, NULL);
	probe(RELEASE, "release");
	probe(KICK, "kick");
	test_write_guest(BALLOON_EVENTS "balloon_batch_dequeue_done/enable", "1");
	test_hold(300 * MIB);
	assert_int_equal(test_vmstat("oom_kill"), 0);
	dequeued = strstr(read_guest(TRACING "trace"), "balloon_batch_dequeue_done");
	assert_non_null(dequeued);
	released = strstr(dequeued, " release: ");
	told = strstr(dequeued, " kick: ");
	if (!released || !told || told < released)
		fail_msg("%s: the host is told first: %.600s", variant, dequeued);
	test_guest_power_off();
}

static void oom_gets_pages_first(void **state)
{
	(void)state;
	released_before_told("bulk");
	released_before_told("huge");
}

/* Each notification is in the histogram of the guest's tracer. */
static void oom_is_timed(void **state)
{
	struct guest_request request = guest_request("trace-start");
	struct answer_tracer tracer;
	struct answer_trace trace;
	const struct op_result *oom;

	(void)state;
	start("bulk", "deflate-on-oom=on", MEMORY_BYTES);
	test_balloon(225 * MIB, NULL);
	request.level = (char *)"phases";
	test_request(request, &answer_tracer_record, &tracer);
	record_release(&answer_tracer_record, &tracer);
	test_hold(300 * MIB);
	test_request(guest_request("trace"), &answer_trace_record, &trace);
	oom = record_find(&op_record, &trace.ops, "oom");
	assert_non_null(oom);
	print_message("# %" PRId64 " notifications\n", oom->count);
	/* At most 256 pages each. */
	assert_at_least(oom->count, test_vmstat("balloon_deflate") / 256);
	assert_above(oom->count, 0);
	record_release(&answer_trace_record, &trace);
	test_guest_power_off();
}

static uint64_t meminfo(const char *key)
{
	struct record_list info;
	uint64_t bytes;

	test_request(guest_request("meminfo"), &answer_meminfo, &info);
	bytes = record_counter(&info, key);
	record_release_counters(&info);
	return bytes;
}

/* The watermarks of all zones. */
static uint64_t low_watermark(void)
{
	const char *at = read_guest("/proc/zoneinfo");
	uint64_t pages = 0;

	while ((at = strstr(at, " low "))) {
		at += strlen(" low ");
		pages += strtoull(at, NULL, 10);
	}
	return pages * PAGE_BYTES;
}

static uint64_t allocated_by_order(const char *trace)
{
	const char *at = trace;
	uint64_t bytes = 0;

	while ((at = strstr(at, "order="))) {
		at += strlen("order=");
		bytes += (uint64_t)PAGE_BYTES << strtoul(at, NULL, 10);
	}
	return bytes;
}

/*
 * Allocations of more than a page leave the guest what is below its low watermark. Those
 * of single pages go on, and wake kswapd. A quarter of the watermark allows for what is on
 * per-CPU lists.
 */
static void respects_the_watermark(void **state)
{
	uint64_t free_bytes, low, taken;

	(void)state;
	start("huge", NULL, MEMORY_BYTES / 2);
	test_write_guest("/proc/sys/vm/watermark_scale_factor", WATERMARK_TEN_PERCENT);
	low = low_watermark();
	free_bytes = meminfo("MemFree_bytes");
	assert_above(low, LEFT_BYTES);
	test_write_guest(BALLOON_EVENTS "balloon_alloc_order/enable", "1");
	test_balloon((free_bytes - LEFT_BYTES) / MIB * MIB, NULL);
	taken = allocated_by_order(read_guest(TRACING "trace"));
	print_message("# of %" PRIu64 " KiB free, %" PRIu64
		      " below the watermark, orders took %" PRIu64 "\n",
		      free_bytes >> 10, low >> 10, taken >> 10);
	assert_above(taken, 0);
	assert_at_most(taken, free_bytes - 0.75 * low);
	assert_above(test_vmstat("pageoutrun"), 0);
	test_guest_power_off();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(allocates_in_bunches, set_up, end),
		cmocka_unit_test_setup_teardown(keeps_interrupts_on, set_up, end),
		cmocka_unit_test_setup_teardown(bounds_batches, set_up, end),
		cmocka_unit_test_setup_teardown(oom_gets_pages_first, set_up, end),
		cmocka_unit_test_setup_teardown(oom_is_timed, set_up, end),
		cmocka_unit_test_setup_teardown(respects_the_watermark, set_up, end),
	};

	return cmocka_run_group_tests(tests, vm_tests_set_up, vm_tests_tear_down);
}
