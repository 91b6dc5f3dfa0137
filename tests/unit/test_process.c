/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that a build runs. */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "bench/build/process.h"
#include "bench/vm/interrupt.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

#define SHELL(script) ((const char *const[]){ "bash", "-c", script, NULL })

static void output_and_errors_are_apart(void **state)
{
	const struct process p = { .argv = SHELL("echo out; echo wrong >&2; exit 3") };
	char *output;

	(void)state;
	assert_int_equal(process_run(&p, &output), 3);
	assert_string_equal(output, "out\n");
	assert_string_equal(process_error(), "wrong");
	free(output);
}

static void binary_output_has_its_size(void **state)
{
	size_t size;
	const struct process p = { .argv = SHELL("printf 'a\\0b\\0'"), .output_size = &size };
	char *output;

	(void)state;
	assert_int_equal(process_run(&p, &output), 0);
	assert_int_equal(size, 4);
	assert_memory_equal(output, "a\0b\0", 5);
	free(output);
}

static void collect(const char *line, void *context)
{
	char *text = context;

	snprintf(text + strlen(text), 256 - strlen(text), "[%s]", line);
}

static void lines(void **state)
{
	char text[256] = "";
	const struct process p = { .argv = SHELL("echo a; echo; echo b >&2; printf c"),
				   .line = collect,
				   .context = text,
				   .mixed = true };

	(void)state;
	assert_int_equal(process_run(&p, NULL), 0);
	assert_string_equal(text, "[a][][b][c]");
}

static void long_output(void **state)
{
	const struct process p = { .argv = SHELL("head -c 3000000 /dev/zero | tr '\\0' x; "
						 "head -c 300000 /dev/zero | tr '\\0' y >&2") };
	char *output;

	(void)state;
	assert_int_equal(process_run(&p, &output), 0);
	assert_int_equal(strlen(output), 3000000);
	assert_int_equal(strlen(process_error()), 4095);
	free(output);
}

static void bare_environment(void **state)
{
	const struct process p = { .argv = SHELL("echo $ARCH-$KEPT-$LC_ALL-${PATH:+path}"),
				   .env = (const char *const[]){ "KEPT=yes", NULL },
				   .bare = true };
	char *output;

	(void)state;
	setenv("ARCH", "um", 1);
	assert_int_equal(process_run(&p, &output), 0);
	assert_string_equal(output, "-yes-C-path\n");
	assert_string_equal(getenv("ARCH"), "um");
	free(output);
}

static void what_cannot_be_run_says_why(void **state)
{
	const struct process gone = { .argv = (const char *const[]){ "no-such-program", NULL } };
	const struct process nowhere = { .argv = SHELL("true"), .directory = "/nonexistent" };
	const struct process no_input = { .argv = SHELL("true"), .input = "/nonexistent/input" };

	(void)state;
	assert_int_equal(process_run(&gone, NULL), -ENOENT);
	assert_string_equal(process_error(), "no-such-program: No such file or directory");
	assert_int_equal(process_run(&nowhere, NULL), -ENOENT);
	assert_string_equal(process_error(), "/nonexistent: No such file or directory");
	assert_int_equal(process_run(&no_input, NULL), -ENOENT);
	assert_string_equal(process_error(), "/nonexistent/input: No such file or directory");
}

static void a_signal_counts_as_128_and_more(void **state)
{
	const struct process p = { .argv = SHELL("kill -9 $$") };

	(void)state;
	assert_int_equal(process_run(&p, NULL), 128 + SIGKILL);
}

/* In a child, where the signal may stay: run a script, which raises it when it is ready. */
static int run_interrupted(const char *script)
{
	pid_t pid = fork();
	char text[512];

	if (!pid) {
		snprintf(text, sizeof(text), "parent=%d; %s", getpid(), script);
		if (interrupt_setup())
			_exit(100);
		switch (process_run(&(const struct process){ .argv = SHELL(text) }, NULL)) {
		case -EINTR:
			_exit(1);
		case -ETIMEDOUT:
			_exit(2);
		default:
			_exit(3);
		}
	}
	return wait_program(pid);
}

static void ctrl_c_ends_the_group(void **state)
{
	(void)state;
	assert_int_equal(run_interrupted("sleep 1000.25 & kill -INT $parent; wait; exit 7"), 1);
	AWAIT(!count_processes("sleep 1000.25"));
}

/* What it writes on its way out is read: it must not block on a full pipe. */
static void ctrl_c_with_much_to_say(void **state)
{
	char script[1024];

	(void)state;
	snprintf(script, sizeof(script),
		 "trap 'head -c 1000000 /dev/zero; touch %s; exit' TERM; kill -INT $parent; "
		 "while :; do sleep 0.01; done",
		 in_test_dir("said"));
	assert_int_equal(run_interrupted(script), 1);
	assert_int_equal(access(in_test_dir("said"), F_OK), 0);
}

static void ctrl_c_after_the_output_was_closed(void **state)
{
	(void)state;
	assert_int_equal(run_interrupted("exec >&- 2>&-; kill -INT $parent; exec sleep 1000.5"), 1);
	AWAIT(!count_processes("sleep 1000.5"));
}

static void what_does_not_end_is_killed(void **state)
{
	(void)state;
	assert_int_equal(run_interrupted("trap '' TERM; kill -INT $parent; "
					 "while :; do sleep 0.05; done"),
			 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_and_errors_are_apart),
		cmocka_unit_test(binary_output_has_its_size),
		cmocka_unit_test(lines),
		cmocka_unit_test(long_output),
		cmocka_unit_test(bare_environment),
		cmocka_unit_test(what_cannot_be_run_says_why),
		cmocka_unit_test(a_signal_counts_as_128_and_more),
		cmocka_unit_test(ctrl_c_ends_the_group),
		cmocka_unit_test(ctrl_c_with_much_to_say),
		cmocka_unit_test(ctrl_c_after_the_output_was_closed),
		cmocka_unit_test(what_does_not_end_is_killed),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
