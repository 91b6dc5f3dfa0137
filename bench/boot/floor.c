/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The method `floor`: what the memory of an inflate costs the host alone. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "bench/boot/parts.h"
#include "lib/alloc.h"
#include "lib/clock.h"

#define DISCARDING "while the host discards memory"
#define TAKING "while the guest gives up memory"
/* QEMU takes the time of all calls by two readings of its clock. */
#define CLOCK_NS 200

/* "ADDRESS+LENGTH,...", to be freed. */
static char *ranges_text(const struct record_list *ranges)
{
	const int64_t(*pairs)[2] = ranges->items;
	char *text = NULL;
	size_t size, i;
	FILE *f = xmemstream(&text, &size);

	for (i = 0; i < ranges->count; i++)
		fprintf(f, "%s%#" PRIx64 "+%#" PRIx64, i ? "," : "", pairs[i][0], pairs[i][1]);
	fclose(f);
	return text;
}

int floor_take(struct run *run, void *result)
{
	const uint64_t bytes = run->boot->scenario->inflate_bytes;
	struct guest_request request = guest_request_bytes("pool", bytes);
	struct record_list ranges = { .count = 0 };
	int err = guest_fill(run, &request, &answer_ranges, &ranges, TAKING, bytes);

	(void)result;
	if (!err)
		run->floor_ranges = ranges_text(&ranges);
	free(ranges.items);
	return err;
}

int floor_give(struct run *run, void *result)
{
	int64_t busy_ns;
	int err = boot_enter_phase(run, PHASE_AFTER, TAKING, &busy_ns);

	(void)result;
	free(run->floor_ranges);
	run->floor_ranges = NULL;
	return err ?: vm_command(&run->vm, "pool-free", TAKING);
}

static int discard(struct run *run, struct floor_work *work)
{
	const uint64_t deadline = clock_ns() + run->boot->scenario->resize_timeout_ns;
	int err = qmp_floor_discard(run->vm.qmp, run->floor_ranges, work, deadline);

	if (err)
		vm_explain(&run->vm, DISCARDING, qmp_error(run->vm.qmp));
	return err;
}

/* All that was asked for, by as many calls as QEMU says, and the host's kernel saw the same. */
static void check(struct run *run, const struct floor_work *work)
{
	const struct host_work *seen = &run->trace.work;
	const int64_t pages = run->boot->scenario->inflate_bytes / PAGE_BYTES;

	checks_count(run->result, run->number, INFLATE, "pages that QEMU discarded", pages,
		     work->bytes / PAGE_BYTES);
	if (seen->source == HOST_TRACEPOINTS && seen->discard_calls != RECORD_ABSENT &&
	    run->boot->scenario->backing != BACKING_HUGETLB)
		checks_count(run->result, run->number, INFLATE, "host discards", pages,
			     seen->discard_bytes / PAGE_BYTES);
}

int floor_run(struct run *run, void *result)
{
	int64_t cpu_before, cpu_after;
	const uint64_t qemu_ns = vm_cpu_ns(&run->vm);
	struct resize_result *r = result;
	struct floor_work work;
	uint64_t start;
	int err;

	tracing_begin(run, INFLATE);
	resize_begin(r);
	err = boot_enter_phase(run, PHASE_INFLATE, DISCARDING, &cpu_before);
	start = clock_ns();
	if (!err)
		err = discard(run, &work);
	r->wall_ns = clock_ns() - start;
	if (!err)
		err = boot_enter_phase(run, PHASE_PLATEAU, DISCARDING, &cpu_after);
	if (err)
		return err;
	r->steps = 1;
	r->bytes = work.bytes;
	r->duration_ns = work.ns;
	r->resolution_ns = CLOCK_NS;
	r->cpu.qemu_ns = vm_cpu_ns(&run->vm) - qemu_ns;
	r->cpu.guest_ns = cpu_after > cpu_before ? cpu_after - cpu_before : 0;
	record_append_pair(&r->progress, 0, 0);
	record_append_pair(&r->progress, work.ns, work.bytes);
	r->phases.host_discard_ns = work.ns;
	resize_finish(r, true);
	tracing_read(run);
	tracing_end(run, NULL, r);
	check(run, &work);
	return 0;
}
