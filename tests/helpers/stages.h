/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_STAGES_H
#define TESTS_HELPERS_STAGES_H

#include <sys/types.h>

/* Runs with tests/helpers/faulty-qemu: the fault of each boot, and the expected result. */

/* A line of each stage of a boot, in their order; for FAULTS. */
#define GREETING "\"QMP\""
#define CAPABILITIES "\"qmp_capabilities\""
#define HELLO "\"hello\""
#define TRACE_START "\"trace-start\""
#define COUNT "\"cmd\":\"vmstat\""
#define TIME_RESIZE "\"cmd\":\"time-resize\""
#define BALLOON "\"execute\":\"balloon\""
#define RESIZED "\"resized\""
#define QUERY "\"query-balloon\""
#define PLATEAU COUNT "#3"
#define TIME_RESIZE_2 TIME_RESIZE "#2"
#define BALLOON_2 BALLOON "#2"
#define RESIZED_2 RESIZED "#2"
#define CLOCK "\"cmd\":\"clock\""
#define TRACE_READ "\"cmd\":\"trace\""
#define POWEROFF "\"cmd\":\"poweroff\""

/* Stages and symptoms as in a boot's reason. */
#define BEFORE_QMP "before QMP was up"
#define BEFORE_HELLO "before the agent said hello"
#define KILLED(stage) "QEMU ended " stage " (signal 9 (Killed))"

struct fault_case {
	const char *fault;
	const char *status; /* of the boot */
	const char *reason; /* a part of it, or NULL if there is none */
};

/* Have balloonbench run @qemu through faulty-qemu. */
void stages_use(const char *qemu);

/* Start balloonbench run of the scenario "tiny": a boot of finalize for each word of @faults. */
pid_t stages_start(const char *faults, const char *scenario, const char *trace, const char *out);

/* Check status and reason of boot @number. */
void stages_check(const char *out, int number, const struct fault_case *wanted);

#endif
