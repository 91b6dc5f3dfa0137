/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replay of a workload by a process: it holds the memory of each row until the next one and uses
 * its CPU time. README.md says how. The times of its first writes to pages are those of a victim.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/guest/guest.h"
#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/histogram.h"
#include "lib/log.h"
#include "lib/pressure.h"

#define VICTIM_NAME "alloc_ns"
#define POINTS_MAX (2 * REPLAY_ROWS_MAX)
/* Byte nanoseconds of a GiB minute. */
#define GIB_MINUTE ((double)(1ULL << 30) * 60 * NSEC_PER_SEC)

struct row {
	int64_t at_ns, anon_bytes, file_bytes, cpu_ns;
};

/* Memory of one kind: the first @held bytes of a mapping were written. */
struct area {
	char *map;
	int64_t held, most;
	bool droppable;
};

/* Shared with the process. */
static struct replay {
	atomic_bool ended;
	int64_t duration_ns, work_ns;
	double byte_ns;
	struct histogram alloc;
	size_t count; /* of points */
	struct {
		int64_t ns, bytes;
	} points[POINTS_MAX];
} * replay;
static pid_t pid;
static int64_t stall_ns; /* of the kernel when it was started */

static uint64_t begin_ns; /* of the process */

/* What is held from now on; between two points it changes evenly. */
static void note(int64_t bytes)
{
	const int64_t now = clock_ns() - begin_ns;
	const size_t n = replay->count;

	if (n)
		replay->byte_ns += (double)(now - replay->points[n - 1].ns) *
				   (double)(bytes + replay->points[n - 1].bytes) / 2;
	replay->points[n].ns = now;
	replay->points[n].bytes = bytes;
	replay->count++;
}

static void grow(struct area *area, int64_t bytes)
{
	const int64_t from = area->held;
	uint64_t before = clock_ns(), now;

	for (; area->held < bytes; area->held += PAGE_BYTES) {
		*(volatile char *)(area->map + area->held) = 1;
		now = clock_ns();
		histogram_add(&replay->alloc, now - before);
		before = now;
	}
	if (area->droppable && madvise(area->map + from, area->held - from, MADV_FREE))
		_exit(1);
}

static void hold(struct area *area, int64_t bytes)
{
	if (bytes > area->held)
		grow(area, bytes);
	if (bytes < area->held && madvise(area->map + bytes, area->held - bytes, MADV_DONTNEED))
		_exit(1);
	area->held = bytes;
}

static uint64_t own_cpu_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return used.tv_sec * NSEC_PER_SEC + used.tv_nsec;
}

static void use_cpu(uint64_t ns)
{
	const uint64_t end = own_cpu_ns() + ns;

	while (own_cpu_ns() < end)
		;
}

static void sleep_until(uint64_t ns)
{
	const struct timespec due = { .tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC };

	while (clock_ns() < ns)
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

/* From a row to the next. Returns when that is: late work delays all that follows. */
static uint64_t do_row(const struct row *row, struct area areas[2], uint64_t due)
{
	const int64_t length = row[1].at_ns - row[0].at_ns;
	const uint64_t start = clock_ns(), end = due + length;
	uint64_t now;

	note(areas[0].held + areas[1].held);
	hold(&areas[0], row->anon_bytes);
	hold(&areas[1], row->file_bytes);
	note(areas[0].held + areas[1].held);
	use_cpu(row[1].cpu_ns < length ? row[1].cpu_ns : length);
	now = clock_ns();
	replay->work_ns += now - start;
	if (now >= end)
		return now;
	sleep_until(end);
	return end;
}

static bool map_area(struct area *area)
{
	area->map = memory_map(area->most ? area->most : (int64_t)PAGE_BYTES);
	return area->map;
}

static __attribute__((noreturn)) void run_rows(const struct row *rows, size_t count, pid_t parent)
{
	struct area areas[2] = { { .droppable = false }, { .droppable = true } };
	uint64_t due;
	size_t i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	schedule_as_others();
	for (i = 0; i < count; i++) {
		areas[0].most =
			rows[i].anon_bytes > areas[0].most ? rows[i].anon_bytes : areas[0].most;
		areas[1].most =
			rows[i].file_bytes > areas[1].most ? rows[i].file_bytes : areas[1].most;
	}
	if (!map_area(&areas[0]) || !map_area(&areas[1]))
		_exit(1);
	begin_ns = due = clock_ns();
	for (i = 0; i + 1 < count; i++)
		due = do_row(&rows[i], areas, due);
	note(areas[0].held + areas[1].held);
	hold(&areas[0], 0);
	hold(&areas[1], 0);
	replay->duration_ns = due - begin_ns;
	atomic_store(&replay->ended, true);
	_exit(0);
}

/* The rows in whole pages. NULL if they are no workload. */
static struct row *take_rows(const struct record_list *numbers, size_t *count)
{
	const int64_t *n = numbers->items;
	struct row *rows;
	bool right = true;
	size_t i;

	*count = numbers->count / REPLAY_COLUMNS;
	if (*count < 2 || *count > REPLAY_ROWS_MAX || numbers->count % REPLAY_COLUMNS)
		return NULL;
	rows = xcalloc(*count, sizeof(*rows));
	for (i = 0; i < *count; i++, n += REPLAY_COLUMNS) {
		rows[i] = (struct row){ n[0], n[1] - n[1] % (int64_t)PAGE_BYTES,
					n[2] - n[2] % (int64_t)PAGE_BYTES, n[3] };
		right = right && n[1] >= 0 && n[2] >= 0 && n[3] >= 0 && n[0] >= 0 &&
			(!i || n[0] > rows[i - 1].at_ns);
	}
	if (right)
		return rows;
	free(rows);
	return NULL;
}

int do_replay_start(struct call *call)
{
	pid_t parent = getpid();
	struct row *rows;
	size_t count;
	int err = 0;

	if (pid)
		return -EBUSY;
	rows = take_rows(&call->request.rows, &count);
	if (!rows)
		return -EINVAL;
	replay = mmap(NULL, sizeof(*replay), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (replay == MAP_FAILED) {
		free(rows);
		return -ENOMEM;
	}
	stall_ns = pressure_stall_ns();
	pid = fork();
	if (!pid)
		run_rows(rows, count, parent);
	if (pid < 0) {
		err = -errno;
		munmap(replay, sizeof(*replay));
		pid = 0;
	}
	free(rows);
	return err;
}

/* Whether the process has ended; a refusal if something else than its last row ended it. */
int do_replay(struct call *call)
{
	int status;

	if (!pid)
		return -ESRCH;
	call->answer.replay.ended = atomic_load(&replay->ended);
	if (call->answer.replay.ended || waitpid(pid, &status, WNOHANG) != pid)
		return 0;
	/* It may have ended between the two. */
	call->answer.replay.ended = atomic_load(&replay->ended);
	if (call->answer.replay.ended)
		return 0;
	munmap(replay, sizeof(*replay));
	pid = 0;
	if (WIFSIGNALED(status))
		return refuse(call->error, sizeof(call->error),
			      "the workload was killed by signal %d: the guest is out of memory",
			      WTERMSIG(status));
	return refuse(call->error, sizeof(call->error), "the workload could not be replayed");
}

static void take_victim(struct record_list *victims)
{
	struct victim_result *v = record_append(&victim_record, victims);

	record_set_text(&v->name, VICTIM_NAME);
	v->phases[PHASE_PLATEAU] = xcalloc(1, sizeof(struct histogram));
	*v->phases[PHASE_PLATEAU] = replay->alloc;
}

int do_replay_stop(struct call *call)
{
	struct answer_replayed *answer = &call->answer.replayed;
	size_t i;

	if (!pid)
		return -ESRCH;
	if (!atomic_load(&replay->ended))
		return -EBUSY;
	waitpid(pid, NULL, 0);
	pid = 0;
	answer->duration_ns = replay->duration_ns;
	answer->work_ns = replay->work_ns;
	answer->stall_ns = pressure_change_ns(stall_ns, pressure_stall_ns());
	answer->demand_gib_minutes = replay->byte_ns / GIB_MINUTE;
	for (i = 0; i < replay->count; i++)
		record_append_pair(&answer->demand, replay->points[i].ns, replay->points[i].bytes);
	if (replay->alloc.count)
		take_victim(&answer->victims);
	munmap(replay, sizeof(*replay));
	return 0;
}
