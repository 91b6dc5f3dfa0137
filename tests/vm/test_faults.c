/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real guests to which things happen: panics and a QEMU that is killed at every
 * stage of a boot, tracers that are killed or lose what they saw, a host without
 * memory for the guest. Two runs at a time, for that is what a small machine can.
 */
#include "tests/helpers/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/config/images.h"
#include "bpf/host_tracer.h"
#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/leftovers.h"
#include "tests/helpers/program.h"
#include "tests/helpers/stages.h"

#define TINY                                                                                       \
	"[guest]\nmemory = 256 MiB\nvcpus = 2\n%s[balloon]\ninflate = 64 MiB\n[run]\ncycles = 1\n"
#define PANICKED "guest panicked "
#define LOOKS 6000

static const struct fault_case panics[] = {
	{ "no-init", "failed", PANICKED BEFORE_HELLO },
	{ "nmi@" HELLO, "failed", PANICKED BEFORE_HELLO },
	{ "nmi@" TRACE_START, "failed", PANICKED "when tracing began" },
	{ "nmi@" BALLOON, "failed", PANICKED "in inflate 1" },
	{ "nmi@" RESIZED, "failed", PANICKED "in inflate 1" },
	{ "nmi@" PLATEAU, "failed", PANICKED "when asked for vmstat" },
	{ "nmi@" BALLOON_2, "failed", PANICKED "in deflate 1" },
	{ "nmi@" TRACE_READ, "failed", PANICKED "when the trace was read" },
	{ "none", "ok", NULL },
};

static const struct fault_case others[] = {
	{ "kill@" HELLO, "failed", KILLED(BEFORE_HELLO) },
	{ "kill@" TRACE_START, "failed", KILLED("when tracing began") },
	{ "kill@" BALLOON, "failed", KILLED("in inflate 1") },
	{ "kill@" PLATEAU, "failed", KILLED("when asked for vmstat") },
	{ "kill@" BALLOON_2, "failed", KILLED("in deflate 1") },
	{ "kill@" TRACE_READ, "failed", KILLED("when the trace was read") },
	{ "lose", "invalid", "lost records of the guest's tracer" },
	{ "untraced", "failed",
	  "when tracing began: the agent's 'trace-start': mechanism: expected a value" },
	{ "slow", "ok", NULL },
	{ "none", "ok", NULL },
};

#define PANICS (sizeof(panics) / sizeof(panics[0]))
#define OTHERS (sizeof(others) / sizeof(others[0]))

static char tiny[256], qemu[512];

static int set_up(void **state)
{
	struct images images;
	char text[512], err[512];

	if (test_dir_set_up(state))
		return -1;
	if (images_load(&images, path_images(), err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		return -1;
	}
	snprintf(qemu, sizeof(qemu), "%s", images.qemu);
	images_release(&images);
	snprintf(text, sizeof(text), TINY, "");
	snprintf(tiny, sizeof(tiny), "%s", write_file(test_dir, "tiny.ini", text));
	return 0;
}

static pid_t start(const struct fault_case *cases, size_t count, const char *name)
{
	char words[1024] = "";
	size_t i, n = 0;

	for (i = 0; i < count; i++)
		n += snprintf(words + n, sizeof(words) - n, "%s%s", i ? " " : "", cases[i].fault);
	stages_use(qemu);
	return stages_start(words, tiny, "phases", in_test_dir(name));
}

static void check(pid_t pid, const struct fault_case *cases, size_t count, const char *name)
{
	size_t i;

	assert_int_equal(wait_program(pid), EXIT_ENVIRONMENT);
	for (i = 0; i < count; i++)
		stages_check(in_test_dir(name), i + 1, &cases[i]);
	expect_nothing_left(in_test_dir(name));
}

static void every_stage(void **state)
{
	pid_t one = start(panics, PANICS, "panics"), two = start(others, OTHERS, "others");

	(void)state;
	check(one, panics, PANICS, "panics");
	check(two, others, OTHERS, "others");
}

static int use_own_qemu(void **state)
{
	(void)state;
	return unsetenv("QEMU");
}

/* A boot with little memory for QEMU, or none of the kind that it is to have. */
static void no_memory(const char *name, const char *guest, uint64_t address_space)
{
	char text[512], path[256], out[256];
	const char *args[] = { "run",	  "--scenario", path,	   "--variant", "finalize",
			       "--boots", "1",		"--accel", "tcg",	"--trace",
			       "off",	  "-o",		out,	   NULL };
	struct rlimit old, limit;

	snprintf(out, sizeof(out), "%s", in_test_dir(name));
	snprintf(text, sizeof(text), TINY, guest);
	snprintf(path, sizeof(path), "%s/none/tiny.ini", test_dir);
	write_file(test_dir, "none/tiny.ini", text);
	getrlimit(RLIMIT_AS, &old);
	limit = (struct rlimit){ .rlim_cur = address_space, .rlim_max = old.rlim_max };
	if (address_space)
		setrlimit(RLIMIT_AS, &limit);
	expect_outcome(run_program("balloonbench", args), EXIT_ENVIRONMENT,
		       "QEMU ended before QMP was up (exit status 1): ");
	setrlimit(RLIMIT_AS, &old);
	stages_check(out, 1, &(struct fault_case){ name, "failed", "Cannot allocate memory" });
	expect_nothing_left(out);
}

static void a_host_without_memory(void **state)
{
	(void)state;
	no_memory("address-space", "", 300ULL << 20);
}

static void a_host_without_huge_pages(void **state)
{
	char *free_pages = read_file("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
	int count = free_pages ? atoi(free_pages) : 0;

	(void)state;
	free(free_pages);
	if (count) {
		print_message("# this machine has %d huge pages free\n", count);
		skip();
	}
	no_memory("hugetlb", "backing = hugetlb\nprealloc = on\n", 0);
}

static void skip_without_bpf(void)
{
	const struct tracer_options options = { .trace.level = TRACE_PHASES };
	struct host_tracer *tracer = NULL;
	char err[512];

	if (host_tracer_open(&tracer, &options, err, sizeof(err))) {
		print_message("# %s\n", err);
		skip();
	}
	host_tracer_close(tracer);
}

/* Kill a tracer, when it has something to trace with. */
static void kill_tracer(pid_t pid, size_t links)
{
	struct bpf_objects objects;
	int looks;

	for (looks = 0; looks < LOOKS; looks++) {
		bpf_objects_note(&objects, pid);
		if (objects.program_count && objects.link_count >= links)
			break;
		usleep(10000);
	}
	kill(pid, SIGKILL);
	assert_int_equal(wait_program(pid), 128 + SIGKILL);
	assert_true(looks < LOOKS);
	expect_no_bpf(&objects);
}

static void balloontrace_is_killed(void **state)
{
	char pid[16];
	const char *args[] = { "host", "-p", pid, NULL };

	(void)state;
	skip_without_bpf();
	/* It traces this very program. */
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	kill_tracer(start_program("balloontrace", args), 1);
}

/* balloonbench is the host's tracer: with it go its programs, QEMU, and the guest's tracer. */
static void balloonbench_is_killed(void **state)
{
	char out[256];
	const char *args[] = { "run",	  "--scenario", tiny,	   "--variant", "finalize",
			       "--boots", "1",		"--accel", "tcg",	"-q",
			       "-o",	  out,		NULL };
	const char *resume[] = { "run", "--resume", out, NULL };

	(void)state;
	skip_without_bpf();
	snprintf(out, sizeof(out), "%s", in_test_dir("traced"));
	kill_tracer(start_program("balloonbench", args), 0);
	expect_no_process(out);
	expect_outcome(run_program("balloonbench", resume), 0, "1 boots ok, 0 failed, 0 invalid");
	expect_nothing_left(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(every_stage, use_own_qemu),
		cmocka_unit_test(a_host_without_memory),
		cmocka_unit_test(a_host_without_huge_pages),
		cmocka_unit_test(balloontrace_is_killed),
		cmocka_unit_test(balloonbench_is_killed),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}
