/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `make bench` does with what its programs say: these are stand-ins, which
 * note how they were called and exit as they are told.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/exit_status.h"
#include "tests/helpers/files.h"

/* Exits with $NAME_COMMAND, as $balloonstat_gate; of a report with claims $report_claims. */
#define STAND_IN                                                                                   \
	"#!/bin/sh\n"                                                                              \
	"name=$(basename \"$0\")_$1\n"                                                             \
	"echo \"$name $*\" >>\"$(dirname \"$0\")/log\"\n"                                          \
	"case \"$name $*\" in balloonstat_report*--qos*) exit ${report_claims:-0};; esac\n"        \
	"case \"$name $*\" in *icount*) name=icount;; esac\n"                                      \
	"eval exit \\${$name:-0}\n"

static void add_program(const char *name)
{
	assert_int_equal(chmod(write_file(test_dir, name, STAND_IN), 0755), 0);
}

static int set_up(void **state)
{
	if (test_dir_set_up(state))
		return -1;
	add_program("balloonbench");
	add_program("balloonstat");
	return 0;
}

/* Its exit status; what was called, to be freed, in @log. */
static int run_suite(const char *suite, const char *settings, const char *claims, char **log)
{
	char command[1024];
	int status;

	snprintf(command, sizeof(command),
		 "rm -f %s/log; %s " TEST_SOURCE "/scripts/run-and-report %s %s %s/results %s "
		 ">/dev/null 2>&1",
		 test_dir, settings, test_dir, suite, test_dir, claims);
	status = system(command);
	assert_true(WIFEXITED(status));
	*log = read_file(in_test_dir("log"));
	assert_non_null(*log);
	return WEXITSTATUS(status);
}

static int run(const char *settings, const char *claims, char **log)
{
	return run_suite("full", settings, claims, log);
}

static void all_is_well(void **state)
{
	char *log;

	(void)state;
	assert_int_equal(run("", "a.ini b.ini", &log), EXIT_FINE);
	assert_contains(log, "balloonbench_run run --suite full --aa -o");
	assert_contains(log, "balloonstat_compare compare");
	assert_contains(log, "results --qos a.ini --qos b.ini --only-measured\n");
	assert_contains(log, "results --qos a.ini --qos b.ini --only-measured --brief\n");
	free(log);
	assert_int_equal(run("", "", &log), EXIT_FINE);
	assert_null(strstr(log, "gate"));
	assert_null(strstr(log, "--only-measured"));
	assert_contains(log, "icount");
	free(log);
	/* The default suite has its own control, and is to be short; nor has this one a cost of
	 * tracing. */
	assert_int_equal(run_suite("default", "", "", &log), EXIT_FINE);
	assert_contains(log, "balloonbench_run run --suite default -o");
	assert_null(strstr(log, "icount"));
	free(log);
	assert_int_equal(run_suite("qos", "", "", &log), EXIT_FINE);
	assert_contains(log, "balloonbench_run run --suite qos -o");
	assert_null(strstr(log, "icount"));
	free(log);
}

static void a_claim_that_fails_is_told_after_the_report(void **state)
{
	const char *report, *gate;
	char *log;

	(void)state;
	assert_int_equal(run("balloonstat_gate=1", "a.ini", &log), EXIT_REGRESSION);
	report = strstr(log, "balloonstat_report");
	gate = strstr(log, "balloonstat_gate");
	assert_true(report && gate && report < gate);
	free(log);
	/* What cannot be decided is no failure. */
	assert_int_equal(run("balloonstat_gate=5 balloonstat_compare=5", "a.ini", &log), EXIT_FINE);
	free(log);
}

static void a_report_is_written_whatever_happened(void **state)
{
	static const char *const settings[] = { "balloonbench_run=3", "balloonbench_run=124",
						"icount=3", "balloonstat_compare=3" };
	static const int statuses[] = { EXIT_ENVIRONMENT, EXIT_DEADLINE, EXIT_ENVIRONMENT,
					EXIT_ENVIRONMENT };
	char with_claims[128], *log;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		snprintf(with_claims, sizeof(with_claims), "%s balloonstat_gate=1", settings[i]);
		assert_int_equal(run(with_claims, "a.ini", &log), statuses[i]);
		assert_contains(log, "balloonstat_report");
		assert_contains(log, "balloonstat_gate");
		free(log);
	}
	/* Nor does it need claims that can be read. */
	assert_int_equal(run("report_claims=2", "a.ini", &log), EXIT_USAGE);
	assert_contains(log, "results\n");
	assert_null(strstr(log, "gate"));
	free(log);
}

static void a_run_that_never_was_has_none(void **state)
{
	static const char *const settings[] = { "balloonbench_run=2", "balloonbench_run=4",
						"balloonbench_run=130", "icount=130" };
	static const int statuses[] = { EXIT_USAGE, EXIT_UNSUPPORTED, EXIT_INTERRUPTED,
					EXIT_INTERRUPTED };
	char *log;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		assert_int_equal(run(settings[i], "a.ini", &log), statuses[i]);
		assert_null(strstr(log, "balloonstat"));
		free(log);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_well),
		cmocka_unit_test(a_claim_that_fails_is_told_after_the_report),
		cmocka_unit_test(a_report_is_written_whatever_happened),
		cmocka_unit_test(a_run_that_never_was_has_none),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}
