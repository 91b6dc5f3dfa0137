/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that keeps the agent's CPU busy, so that this vCPU runs on the host while the driver
 * resizes on another: the host's kernel then has to flush its TLB for each range that it discards.
 * The agent's own priority is higher, so polls are on time.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/guest/guest.h"
#include "lib/clock.h"

/* A round that takes longer did not run all the time: the agent or the host's others did. */
#define ROUND_MAX_NS (NSEC_PER_MSEC / 2)
/* One word a page is written in a round: more pages than an L1 TLB has entries. */
#define BUSY_BYTES (1UL << 20)

/* Shared with the process. */
static struct busy {
	atomic_uint_fast64_t ran_ns; /* rounds that were not interrupted */
} * busy;
static pid_t pid;

static __attribute__((noreturn)) void run_rounds(pid_t parent)
{
	const struct sched_param ordinary = { .sched_priority = 0 };
	char *map = memory_map(BUSY_BYTES);
	uint64_t before, now;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!map || getppid() != parent || sched_setscheduler(0, SCHED_OTHER, &ordinary))
		_exit(1);
	memory_write(map, BUSY_BYTES);
	for (before = clock_ns();; before = now) {
		memory_write(map, BUSY_BYTES);
		now = clock_ns();
		if (now - before <= ROUND_MAX_NS)
			atomic_fetch_add(&busy->ran_ns, now - before);
	}
}

uint64_t busy_ran_ns(void)
{
	return pid ? atomic_load(&busy->ran_ns) : 0;
}

bool busy_is_on(void)
{
	return pid;
}

int do_busy_start(struct call *call __attribute__((unused)))
{
	pid_t parent = getpid();

	if (pid)
		return -EBUSY;
	if (!busy)
		busy = mmap(NULL, sizeof(*busy), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);
	if (busy == MAP_FAILED) {
		busy = NULL;
		return -ENOMEM;
	}
	atomic_store(&busy->ran_ns, 0);
	pid = fork();
	if (!pid)
		run_rounds(parent);
	if (pid > 0)
		return 0;
	pid = 0;
	return -errno;
}

int do_busy_stop(struct call *call)
{
	if (!pid)
		return -ESRCH;
	call->answer.number = busy_ran_ns();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	pid = 0;
	return 0;
}
