/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/fake-qemu/workload.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/guest/messages.h"
#include "lib/clock.h"

#define MOST_BYTES (1ULL << 30)
#define GIB_MINUTE ((double)(1ULL << 30) * 60 * NSEC_PER_SEC)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *map;
static unsigned long long held, resident, taken, peak;
static json_t *all_rows;
static bool ended;

static json_int_t cell(size_t row, size_t column)
{
	return json_integer_value(json_array_get(all_rows, row * REPLAY_COLUMNS + column));
}

static size_t row_count(void)
{
	return json_array_size(all_rows) / REPLAY_COLUMNS;
}

/* With the lock. */
static void settle(void)
{
	const unsigned long long kept = peak > taken ? peak - taken : 0;
	const unsigned long long wanted = held > kept ? held : kept;

	if (held > resident)
		memset(map + resident, 1, held - resident);
	else if (wanted < resident)
		madvise(map + wanted, resident - wanted, MADV_DONTNEED);
	else
		return;
	resident = held > resident ? held : wanted;
}

static void hold(unsigned long long bytes, bool last)
{
	pthread_mutex_lock(&lock);
	held = bytes;
	peak = held > peak ? held : peak;
	settle();
	ended = last;
	pthread_mutex_unlock(&lock);
}

static void *replay(void *unused)
{
	const uint64_t begin = clock_ns();
	uint64_t now, end;
	size_t i;

	for (i = 0; i + 1 < row_count(); i++) {
		hold(cell(i, 1) + cell(i, 2), false);
		end = begin + cell(i + 1, 0);
		while ((now = clock_ns()) < end)
			sleep_ns(end - now);
	}
	hold(0, true);
	return unused;
}

void workload_start(const json_t *rows)
{
	pthread_t thread;

	all_rows = json_deep_copy(rows);
	map = mmap(NULL, MOST_BYTES, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED || pthread_create(&thread, NULL, replay, NULL))
		_exit(1);
}

bool workload_is_on(void)
{
	return all_rows;
}

bool workload_has_ended(void)
{
	bool has;

	pthread_mutex_lock(&lock);
	has = ended;
	pthread_mutex_unlock(&lock);
	return has;
}

json_t *workload_result(json_int_t ahead_ns)
{
	json_t *demand = json_array();
	json_int_t bytes, before = 0;
	double sum = 0;
	size_t i;

	/* Before and after each change. */
	for (i = 0; i + 1 < row_count(); i++, before = bytes) {
		bytes = cell(i, 1) + cell(i, 2);
		sum += (double)bytes * (double)(cell(i + 1, 0) - cell(i, 0));
		json_array_append_new(demand, json_pack("[I, I]", cell(i, 0), before));
		json_array_append_new(demand, json_pack("[I, I]", cell(i, 0), bytes));
	}
	return json_pack("{s:I, s:i, s:f, s:o, s:{}}", "duration_ns",
			 cell(row_count() - 1, 0) + ahead_ns, "work_ns", 1000000,
			 "demand_gib_minutes", sum / GIB_MINUTE, "demand", demand, "victims");
}

unsigned long long workload_held(void)
{
	unsigned long long bytes;

	pthread_mutex_lock(&lock);
	bytes = held;
	pthread_mutex_unlock(&lock);
	return bytes;
}

void workload_balloon(unsigned long long bytes)
{
	pthread_mutex_lock(&lock);
	taken = bytes;
	settle();
	pthread_mutex_unlock(&lock);
}
