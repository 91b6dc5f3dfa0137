/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/victim/work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/clock.h"

/*
 * fault: first touches, one after the other, of a mapping that is made anew when
 * all of it was touched. Small pages, for a huge one is a fault in 512 touches.
 */
#define FAULT_BYTES (2UL << 20)

static char *fault_map;
static size_t fault_at, page_bytes;

static int fault_prepare(void)
{
	page_bytes = sysconf(_SC_PAGESIZE);
	fault_at = 0;
	fault_map =
		mmap(NULL, FAULT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fault_map == MAP_FAILED)
		return -errno;
	/* A kernel without huge pages knows no such advice, and needs none. */
	madvise(fault_map, FAULT_BYTES, MADV_NOHUGEPAGE);
	return 0;
}

static void fault_piece(void)
{
	*(volatile char *)(fault_map + fault_at) = 1;
	fault_at += page_bytes;
}

static void fault_tidy(void)
{
	if (fault_at < FAULT_BYTES)
		return;
	munmap(fault_map, FAULT_BYTES);
	/* A victim that cannot go on ends, and its starter sees that. */
	if (fault_prepare())
		_exit(1);
}

/* sched: nothing but being woken, as cyclictest of rt-tests measures it. */
static void sched_piece(void)
{
}

/* syscall: a byte into a pipe and out of it. */
static int pipe_fds[2];

static int pipe_prepare(void)
{
	return pipe(pipe_fds) ? -errno : 0;
}

static void syscall_piece(void)
{
	char byte = 0;

	if (write(pipe_fds[1], &byte, 1) != 1 || read(pipe_fds[0], &byte, 1) != 1)
		_exit(1);
}

/* request: a sum over memory that does not fit into the nearest cache, and an answer. */
#define REQUEST_BYTES (256UL << 10)

static uint64_t *request_data;
static volatile uint64_t request_answer;

static int request_prepare(void)
{
	request_data = malloc(REQUEST_BYTES);
	if (!request_data)
		return -ENOMEM;
	memset(request_data, 1, REQUEST_BYTES);
	return pipe_prepare();
}

static void request_piece(void)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < REQUEST_BYTES / sizeof(*request_data); i += 8)
		sum += request_data[i];
	request_answer = sum;
	syscall_piece();
}

/*
 * bandwidth: STREAM's triad (McCalpin), in blocks, and how many bytes it went
 * through in each window of 10 ms. 24 bytes an element: two read, one written.
 */
#define TRIAD_ELEMENTS (1UL << 20)
#define TRIAD_BLOCK 4096
#define TRIAD_BYTES (3 * sizeof(double))

static double *triad;

static int bandwidth_prepare(void)
{
	triad = malloc(TRIAD_ELEMENTS * TRIAD_BYTES);
	if (!triad)
		return -ENOMEM;
	memset(triad, 0, TRIAD_ELEMENTS * TRIAD_BYTES);
	return 0;
}

static void triad_block(size_t at)
{
	volatile double *a = triad + at;
	const double *b = triad + TRIAD_ELEMENTS + at, *c = triad + 2 * TRIAD_ELEMENTS + at;
	size_t i;

	for (i = 0; i < TRIAD_BLOCK; i++)
		a[i] = b[i] + 3 * c[i];
}

static void bandwidth_run(struct record *record)
{
	uint64_t window = record->begin_ns, bytes = 0, now;
	size_t at = 0;

	while (!atomic_load(&record->stop)) {
		triad_block(at);
		at = (at + TRIAD_BLOCK) % TRIAD_ELEMENTS;
		bytes += TRIAD_BLOCK * TRIAD_BYTES;
		now = clock_ns();
		/* A block counts where it ends; windows that it slept through have nothing. */
		for (; now >= window + 2 * RECORD_STRETCH_NS; window += RECORD_STRETCH_NS)
			record_value(record, window, 0);
		if (now >= window + RECORD_STRETCH_NS) {
			record_value(record, window, bytes * NSEC_PER_SEC / RECORD_STRETCH_NS);
			window += RECORD_STRETCH_NS;
			bytes = 0;
		}
	}
}

static const struct work works[] = {
	{ .kind = "fault",
	  .figure = "fault_ns",
	  .period_ns = 100000,
	  .spins = true,
	  .prepare = fault_prepare,
	  .piece = fault_piece,
	  .tidy = fault_tidy },
	{ .kind = "sched",
	  .figure = "sched_ns",
	  .period_ns = 1000000,
	  .realtime = true,
	  .piece = sched_piece },
	{ .kind = "syscall",
	  .figure = "syscall_ns",
	  .period_ns = 100000,
	  .spins = true,
	  .prepare = pipe_prepare,
	  .piece = syscall_piece },
	{ .kind = "request",
	  .figure = "request_ns",
	  .period_ns = 1000000,
	  .spins = true,
	  .prepare = request_prepare,
	  .piece = request_piece },
	{ .kind = "bandwidth",
	  .figure = "bandwidth_bytes_per_s",
	  .period_ns = RECORD_STRETCH_NS,
	  .prepare = bandwidth_prepare,
	  .run = bandwidth_run },
};

const struct work *work_find(const char *kind)
{
	size_t i;

	for (i = 0; i < sizeof(works) / sizeof(works[0]); i++)
		if (!strcmp(works[i].kind, kind))
			return &works[i];
	return NULL;
}
