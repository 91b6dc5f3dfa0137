/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_STAGES_H
#define TESTS_HELPERS_STAGES_H

#include <sys/types.h>

/*
 * Runs with tests/helpers/faulty-qemu before a QEMU: what happens to which boot, and what
 * is to become of it.
 */

/* Lines of a boot, one a stage, in their order; for FAULTS. */
#define GREETING "\"QMP\""
#define CAPABILITIES "\"qmp_capabilities\""
#define HELLO "\"hello\""
#define TRACE_START "\"trace-start\""
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
#define TRACE_READ "\"cmd\":\"trace\""
#define POWEROFF "\"cmd\":\"poweroff\""

/* Stages and symptoms as a boot's reason has them. */
#define BEFORE_QMP "before QMP was up"
#define BEFORE_HELLO "before the agent said hello"
#define KILLED(stage) "QEMU ended " stage " (signal 9 (Killed))"

struct fault_case {
	const char *fault;
	const char *status; /* of the boot */
	const char *reason; /* a part of it, or NULL where there is none */
};

/* Have balloonbench run @qemu, with faulty-qemu before it. */
void stages_use(const char *qemu);

/*
 * Start balloonbench run of a scenario, "tiny", into a tree: as many boots of
 * finalize under TCG as @faults has words.
 */
pid_t stages_start(const char *faults, const char *scenario, const char *trace, const char *out);

/* Boot @number of the tree is as the case says. */
void stages_check(const char *out, int number, const struct fault_case *wanted);

#endif
