/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU that is killed, stopped or slow, a QMP socket that is closed, torn,
 * flooded or full of garbage, an agent that hangs: each at every stage of a boot.
 * The boot is "failed" with a reason that names stage and symptom, the one after
 * it is ok, and nothing is left behind. The QEMU is the fake one, with
 * tests/faulty-qemu before it; tests/vm/test_faults.c has real guests.
 */
#include "tests/support/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exit_status.h"
#include "tests/support/expect.h"
#include "tests/support/files.h"
#include "tests/support/leftovers.h"
#include "tests/support/program.h"

#define TINY                                                                                       \
	"[guest]\nmemory = 256 MiB\n[balloon]\ninflate = 64 MiB\n"                                 \
	"[run]\ncycles = 1\nboot_timeout = 8 s\nmove_timeout = 1 s\n"

/* Lines of a boot, one a stage, in their order. */
#define GREETING "\"QMP\""
#define CAPABILITIES "\"qmp_capabilities\""
#define HELLO "\"hello\""
#define COUNT "\"cmd\":\"vmstat\""
#define WATCH "\"cmd\":\"watch\""
#define BALLOON "\"execute\":\"balloon\""
#define MOVED "\"moved\""
#define QUERY "\"query-balloon\""
#define PLATEAU COUNT "#3"
#define WATCH_2 WATCH "#2"
#define BALLOON_2 BALLOON "#2"
#define MOVED_2 MOVED "#2"
#define CLOCK "\"cmd\":\"clock\""
#define POWEROFF "\"cmd\":\"poweroff\""

#define BEFORE_QMP "before QMP was up"
#define BEFORE_HELLO "before the agent said hello"
#define KILLED(stage) "QEMU ended " stage " (signal 9 (Killed))"
#define LATE(stage, channel)                                                                       \
	stage ": " channel ": no answer in time; somebody stopped QEMU (SIGSTOP)"

#define CASES_MAX 16
#define GROUP(cases)                                                                               \
	{                                                                                          \
#cases, cases, sizeof(cases) / sizeof(cases[0])                                    \
	}
#define GROUPS (sizeof(groups) / sizeof(groups[0]))

struct fault_case {
	const char *fault;
	const char *reason; /* NULL: the boot is ok */
};

static const struct fault_case killed[] = {
	{ "kill@" GREETING, KILLED(BEFORE_QMP) },
	{ "kill@" CAPABILITIES, KILLED(BEFORE_QMP) },
	/* The fake guest is there as soon as QMP is; tests/vm/test_faults.c tells them apart. */
	{ "kill@" HELLO, "QEMU ended before " },
	{ "kill@" COUNT, KILLED("when asked for vmstat") },
	{ "kill@" WATCH, KILLED("in inflate 1") },
	{ "kill@" BALLOON, KILLED("in inflate 1") },
	{ "kill@" MOVED, KILLED("in inflate 1") },
	{ "kill@" QUERY, KILLED("in inflate 1") },
	{ "kill@" PLATEAU, KILLED("when asked for vmstat") },
	{ "kill@" CLOCK "#20", KILLED("while comparing clocks") },
	{ "kill@" BALLOON_2, KILLED("in deflate 1") },
	{ "kill@" MOVED_2, KILLED("in deflate 1") },
	/* All that is measured was measured by then. */
	{ "kill@" POWEROFF, NULL },
};

static const struct fault_case stopped[] = {
	{ "stop@" GREETING, LATE(BEFORE_QMP, "QMP") },
	{ "stop@" CAPABILITIES, LATE(BEFORE_QMP, "QMP") },
	{ "stop@" HELLO, "no answer in time; somebody stopped QEMU" },
	{ "stop@" COUNT, LATE("when asked for vmstat", "guest channel") },
	{ "stop@" WATCH, "in inflate 1: " },
	{ "stop@" BALLOON, "in inflate 1: " },
	{ "stop@" MOVED, LATE("in inflate 1: the guest did not finish", "guest channel") },
	{ "stop@" QUERY, LATE("in inflate 1: QMP query-balloon", "QMP") },
	{ "stop@" PLATEAU, LATE("when asked for vmstat", "guest channel") },
	{ "stop@" BALLOON_2, "in deflate 1: " },
	{ "stop@" MOVED_2, LATE("in deflate 1: the guest did not finish", "guest channel") },
	{ "stop@" POWEROFF, NULL },
};

static const struct fault_case slow[] = {
	{ "slow", NULL },
	{ "split", NULL },
};

static const struct fault_case qmp_closed[] = {
	{ "close@" GREETING, BEFORE_QMP ": QMP: the other end closed" },
	{ "close@" CAPABILITIES, BEFORE_QMP ": QMP: the other end closed" },
	{ "close@" BALLOON, "in inflate 1: QMP balloon: QMP: the other end closed" },
	{ "close@" QUERY, "in inflate 1: QMP query-balloon: QMP: the other end closed" },
	{ "torn@" QUERY, "in inflate 1: QMP query-balloon: QMP: the other end closed" },
	{ "close@" BALLOON_2, "in deflate 1: QMP balloon: QMP: the other end closed" },
};

static const struct fault_case qmp_garbage[] = {
	{ "garbage@" GREETING, BEFORE_QMP ": QMP: a line that is no JSON" },
	{ "garbage@" CAPABILITIES, BEFORE_QMP ": QMP: a line that is no JSON" },
	{ "garbage@" BALLOON, "in inflate 1: QMP balloon: QMP: a line that is no JSON" },
	{ "garbage@" QUERY, "in inflate 1: QMP query-balloon: QMP: a line that is no JSON" },
	{ "garbage@" BALLOON_2, "in deflate 1: QMP balloon: QMP: a line that is no JSON" },
	{ "endless@" CAPABILITIES, BEFORE_QMP ": QMP: a line that is too long" },
	{ "endless@" BALLOON, "in inflate 1: QMP balloon: QMP: a line that is too long" },
};

/* Events without end: an answer among them is found, and where there is none time passes. */
static const struct fault_case qmp_flooded[] = {
	{ "noise@" CAPABILITIES, NULL },
	{ "flood@" CAPABILITIES, BEFORE_QMP ": QMP: no answer in time" },
};

static const struct fault_case agent_hung[] = {
	{ "mute@" HELLO, BEFORE_HELLO ": guest channel: no answer in time" },
	{ "mute@" COUNT, "when asked for vmstat: guest channel: no answer in time" },
	{ "mute@" WATCH, "in inflate 1: the guest does not watch: guest channel: no answer" },
	{ "mute@" MOVED, "in inflate 1: the guest did not finish: guest channel: no answer" },
	{ "mute@" PLATEAU, "when asked for vmstat: guest channel: no answer in time" },
	{ "mute@" WATCH_2, "in deflate 1: the guest does not watch" },
	{ "mute@" MOVED_2, "in deflate 1: the guest did not finish" },
	{ "mute@" CLOCK, "while comparing clocks: guest channel: no answer in time" },
	{ "mute@" POWEROFF, NULL },
};

static const struct fault_case agent_raves[] = {
	{ "garbage@" HELLO, BEFORE_HELLO ": guest channel: a line that is no JSON" },
	{ "garbage@" MOVED, "in inflate 1: the guest did not finish: guest channel: a line" },
	{ "close@" MOVED, "in inflate 1: the guest did not finish: guest channel: the other" },
	{ "torn@" MOVED_2, "in deflate 1: the guest did not finish: guest channel: the other" },
	{ "noise@" HELLO, BEFORE_HELLO ": 'hello' was awaited, 'NOISE' came" },
	{ "endless@" HELLO, BEFORE_HELLO ": guest channel: a line that is too long" },
};

static const struct group {
	const char *name;
	const struct fault_case *cases;
	size_t count;
} groups[] = {
	GROUP(killed),	    GROUP(stopped),	GROUP(slow),	   GROUP(qmp_closed),
	GROUP(qmp_garbage), GROUP(qmp_flooded), GROUP(agent_hung), GROUP(agent_raves),
};

static pid_t pids[GROUPS][CASES_MAX];

static const char *tree_of(const struct group *group, size_t i)
{
	char name[64];

	snprintf(name, sizeof(name), "%s-%zu", group->name, i);
	return in_test_dir(name);
}

/* Two boots, of which the first is the one that the fault comes to. */
static pid_t begin(const char *fault, const char *scenario, const char *out)
{
	const char *args[] = { "run",	  "--scenario", scenario, "--variant", "finalize",
			       "--boots", "2",		"-q",	  "--accel",   "tcg",
			       "--trace", "off",	"-o",	  out,	       NULL };

	setenv("FAULTS", fault, 1);
	return start_program("balloonbench", args);
}

/* All at once, for most of their time passes in waiting for deadlines. */
static int begin_all(void **state)
{
	const char *scenario;
	char path[512];
	size_t g, i;

	test_dir_set_up(state);
	scenario = strdup(write_file(test_dir, "tiny.ini", TINY));
	snprintf(path, sizeof(path), "%s", build_path("tests/fake-qemu/fake-qemu"));
	setenv("FAULTY_QEMU", path, 1);
	snprintf(path, sizeof(path), "%s", build_path("tests/faulty-qemu/faulty-qemu"));
	setenv("QEMU", path, 1);
	setenv("FAKE_QEMU", "good", 1);
	for (g = 0; g < GROUPS; g++)
		for (i = 0; i < groups[g].count; i++)
			pids[g][i] =
				begin(groups[g].cases[i].fault, scenario, tree_of(&groups[g], i));
	free((char *)scenario);
	return 0;
}

static void check_boot(const char *out, int boot, const char *fault, const char *reason)
{
	char path[512];
	json_t *result;

	snprintf(path, sizeof(path), "%s/tiny/finalize/boot-%02d/result.json", out, boot);
	result = json_load_file(path, 0, NULL);
	if (!result)
		fail_msg("%s: there is no %s", fault, path);
	if (strcmp(text_of(result, "status"), reason ? "failed" : "ok") ||
	    (reason && !strstr(text_of(result, "reason"), reason)))
		fail_msg("%s: boot %d is %s: %s", fault, boot, text_of(result, "status"),
			 text_of(result, "reason"));
	json_decref(result);
}

static void check_group(void **state)
{
	const struct group *group = *state;
	int status;
	size_t i;

	for (i = 0; i < group->count; i++) {
		const struct fault_case *c = &group->cases[i];

		status = wait_program(pids[group - groups][i]);
		check_boot(tree_of(group, i), 1, c->fault, c->reason);
		check_boot(tree_of(group, i), 2, c->fault, NULL);
		assert_int_equal(status, c->reason ? EXIT_ENVIRONMENT : EXIT_FINE);
		expect_nothing_left(tree_of(group, i));
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
	return cmocka_run_group_tests(tests, begin_all, test_dir_tear_down);
}
