/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults at every stage of a boot: QEMU is killed, stopped or slow, the QMP socket is
 * closed, closed in the middle of a line, flooded or sends garbage, the agent hangs.
 * The boot is "failed" with a reason that names stage and symptom, the next boot is
 * ok, and nothing is left behind. Boots use the fake QEMU, through
 * tests/helpers/faulty-qemu; tests/vm/test_faults.c has real guests.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exit_status.h"
#include "tests/helpers/files.h"
#include "tests/helpers/leftovers.h"
#include "tests/helpers/program.h"
#include "tests/helpers/stages.h"

#define TINY                                                                                       \
	"[guest]\nmemory = 256 MiB\n[balloon]\ninflate = 64 MiB\n"                                 \
	"[run]\ncycles = 1\nboot_timeout = 8 s\nresize_timeout = 1 s\n"

#define LATE(stage, channel)                                                                       \
	stage ": " channel ": no answer in time; somebody stopped QEMU (SIGSTOP)"

#define CASES_MAX 16
#define GROUP(cases)                                                                               \
	{                                                                                          \
#cases, cases, sizeof(cases) / sizeof(cases[0])                                    \
	}
#define GROUPS (sizeof(groups) / sizeof(groups[0]))

static const struct fault_case killed[] = {
	{ "kill@" GREETING, "failed", KILLED(BEFORE_QMP) },
	{ "kill@" CAPABILITIES, "failed", KILLED(BEFORE_QMP) },
	/* The fake guest is up as soon as QMP is; tests/vm/test_faults.c tells them apart. */
	{ "kill@" HELLO, "failed", "QEMU ended before " },
	{ "kill@" COUNT, "failed", KILLED("when asked for vmstat") },
	{ "kill@" TIME_RESIZE, "failed", KILLED("in inflate 1") },
	{ "kill@" BALLOON, "failed", KILLED("in inflate 1") },
	{ "kill@" RESIZED, "failed", KILLED("in inflate 1") },
	{ "kill@" QUERY, "failed", KILLED("in inflate 1") },
	{ "kill@" PLATEAU, "failed", KILLED("when asked for vmstat") },
	{ "kill@" CLOCK "#20", "failed", KILLED("while comparing clocks") },
	{ "kill@" BALLOON_2, "failed", KILLED("in deflate 1") },
	{ "kill@" RESIZED_2, "failed", KILLED("in deflate 1") },
	/* All measurements are complete by then. */
	{ "kill@" POWEROFF, "ok", NULL },
};

static const struct fault_case stopped[] = {
	{ "stop@" GREETING, "failed", LATE(BEFORE_QMP, "QMP") },
	{ "stop@" CAPABILITIES, "failed", LATE(BEFORE_QMP, "QMP") },
	{ "stop@" HELLO, "failed", "no answer in time; somebody stopped QEMU" },
	{ "stop@" COUNT, "failed", LATE("when asked for vmstat", "guest channel") },
	{ "stop@" TIME_RESIZE, "failed", "in inflate 1: " },
	{ "stop@" BALLOON, "failed", "in inflate 1: " },
	{ "stop@" RESIZED, "failed",
	  LATE("in inflate 1: the guest did not finish", "guest channel") },
	{ "stop@" QUERY, "failed", LATE("in inflate 1: cannot read the balloon's size", "QMP") },
	{ "stop@" PLATEAU, "failed", LATE("when asked for vmstat", "guest channel") },
	{ "stop@" BALLOON_2, "failed", "in deflate 1: " },
	{ "stop@" RESIZED_2, "failed",
	  LATE("in deflate 1: the guest did not finish", "guest channel") },
	{ "stop@" POWEROFF, "ok", NULL },
};

static const struct fault_case slow[] = {
	{ "slow", "ok", NULL },
	{ "split", "ok", NULL },
};

static const struct fault_case qmp_closed[] = {
	{ "close@" GREETING, "failed", BEFORE_QMP ": QMP: the other end closed" },
	{ "close@" CAPABILITIES, "failed", BEFORE_QMP ": QMP: the other end closed" },
	{ "close@" BALLOON, "failed",
	  "in inflate 1: cannot set the target: QMP: the other end closed" },
	{ "close@" QUERY, "failed",
	  "in inflate 1: cannot read the balloon's size: QMP: the other end closed" },
	{ "torn@" QUERY, "failed",
	  "in inflate 1: cannot read the balloon's size: QMP: the other end closed" },
	{ "close@" BALLOON_2, "failed",
	  "in deflate 1: cannot set the target: QMP: the other end closed" },
};

static const struct fault_case qmp_garbage[] = {
	{ "garbage@" GREETING, "failed", BEFORE_QMP ": QMP: a line that is no JSON" },
	{ "garbage@" CAPABILITIES, "failed", BEFORE_QMP ": QMP: a line that is no JSON" },
	{ "garbage@" BALLOON, "failed",
	  "in inflate 1: cannot set the target: QMP: a line that is no JSON" },
	{ "garbage@" QUERY, "failed",
	  "in inflate 1: cannot read the balloon's size: QMP: a line that is no JSON" },
	{ "garbage@" BALLOON_2, "failed",
	  "in deflate 1: cannot set the target: QMP: a line that is no JSON" },
	{ "endless@" CAPABILITIES, "failed", BEFORE_QMP ": QMP: a line that is too long" },
	{ "endless@" BALLOON, "failed",
	  "in inflate 1: cannot set the target: QMP: a line that is too long" },
};

/* Endless events: an answer among them is found; without one the boot times out. */
static const struct fault_case qmp_flooded[] = {
	{ "noise@" CAPABILITIES, "ok", NULL },
	{ "flood@" CAPABILITIES, "failed", BEFORE_QMP ": QMP: no answer in time" },
};

static const struct fault_case agent_hung[] = {
	{ "mute@" HELLO, "failed", BEFORE_HELLO ": guest channel: no answer in time" },
	{ "mute@" COUNT, "failed", "when asked for vmstat: guest channel: no answer in time" },
	{ "mute@" TIME_RESIZE, "failed",
	  "in inflate 1: the guest does not time the resize: guest channel: no answer" },
	{ "mute@" RESIZED, "failed",
	  "in inflate 1: the guest did not finish: guest channel: no answer" },
	{ "mute@" PLATEAU, "failed", "when asked for vmstat: guest channel: no answer in time" },
	{ "mute@" TIME_RESIZE_2, "failed", "in deflate 1: the guest does not time the resize" },
	{ "mute@" RESIZED_2, "failed", "in deflate 1: the guest did not finish" },
	{ "mute@" CLOCK, "failed", "while comparing clocks: guest channel: no answer in time" },
	{ "mute@" POWEROFF, "ok", NULL },
};

static const struct fault_case agent_garbage[] = {
	{ "garbage@" HELLO, "failed", BEFORE_HELLO ": guest channel: a line that is no JSON" },
	{ "garbage@" RESIZED, "failed",
	  "in inflate 1: the guest did not finish: guest channel: a line" },
	{ "close@" RESIZED, "failed",
	  "in inflate 1: the guest did not finish: guest channel: the other" },
	{ "torn@" RESIZED_2, "failed",
	  "in deflate 1: the guest did not finish: guest channel: the other" },
	{ "noise@" HELLO, "failed", BEFORE_HELLO ": expected event 'hello', got 'NOISE'" },
	{ "endless@" HELLO, "failed", BEFORE_HELLO ": guest channel: a line that is too long" },
};

static const struct group {
	const char *name;
	const struct fault_case *cases;
	size_t count;
} groups[] = {
	GROUP(killed),	    GROUP(stopped),	GROUP(slow),	   GROUP(qmp_closed),
	GROUP(qmp_garbage), GROUP(qmp_flooded), GROUP(agent_hung), GROUP(agent_garbage),
};

static pid_t pids[GROUPS][CASES_MAX];

static const char *tree_of(const struct group *group, size_t i)
{
	char name[64];

	snprintf(name, sizeof(name), "%s-%zu", group->name, i);
	return in_test_dir(name);
}

/* All runs at once: most of their time is waiting for deadlines. */
static int start_all(void **state)
{
	char path[512], words[128];
	size_t g, i;

	test_dir_set_up(state);
	snprintf(path, sizeof(path), "%s", build_path("tests/helpers/fake-qemu/fake-qemu"));
	stages_use(path);
	setenv("FAKE_QEMU", "good", 1);
	snprintf(path, sizeof(path), "%s", write_file(test_dir, "tiny.ini", TINY));
	for (g = 0; g < GROUPS; g++) {
		for (i = 0; i < groups[g].count; i++) {
			snprintf(words, sizeof(words), "%s none", groups[g].cases[i].fault);
			pids[g][i] = stages_start(words, path, "off", tree_of(&groups[g], i));
		}
	}
	return 0;
}

/* Check the boot with the fault, and the one after it. */
static void check_group(void **state)
{
	static const struct fault_case none = { "none", "ok", NULL };
	const struct group *group = *state;
	const char *out;
	int status;
	size_t i;

	for (i = 0; i < group->count; i++) {
		const struct fault_case *c = &group->cases[i];

		status = wait_program(pids[group - groups][i]);
		out = tree_of(group, i);
		stages_check(out, 1, c);
		stages_check(out, 2, &none);
		assert_int_equal(status, strcmp(c->status, "ok") ? EXIT_ENVIRONMENT : EXIT_FINE);
		expect_nothing_left(out);
	}
}

int main(void)
{
	struct CMUnitTest tests[GROUPS];
	size_t g;

	for (g = 0; g < GROUPS; g++)
		tests[g] = (struct CMUnitTest){ .name = groups[g].name,
						.test_func = check_group,
						.initial_state = (void *)&groups[g] };
	return cmocka_run_group_tests(tests, start_all, test_dir_tear_down);
}
