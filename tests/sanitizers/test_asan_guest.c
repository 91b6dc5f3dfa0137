/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boots of balloonbench and an agent that are built with ASan and UBSan. A finding ends
 * balloonbench with a status of its own, and the agent, the init process, with a panic.
 */
#include "tests/helpers/unit.h"

#include <stdlib.h>
#include <string.h>

#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

#define COMMON                                                                                     \
	"[guest]\nmemory = 512 MiB\n"                                                              \
	"[run]\ncycles = 1\nboot_timeout = 5 min\nresize_timeout = 5 min\n"

static void boot(const char *name, const char *scenario)
{
	const char *const args[] = { "run",
				     "--scenario",
				     write_file(test_dir, name, scenario),
				     "--variant",
				     "huge",
				     "--boots",
				     "1",
				     "--accel",
				     "tcg",
				     "--trace",
				     "pages",
				     "-o",
				     in_test_dir("out"),
				     NULL };
	struct outcome outcome = run_program("asan/balloonbench", args);

	assert_lacks(outcome.output, "runtime error");
	if (outcome.status)
		fail_msg("status %d: %s", outcome.status, outcome.output);
	outcome_release(&outcome);
	remove_tree(in_test_dir("out"));
}

static void victims_and_touched_memory(void **state)
{
	(void)state;
	boot("touched.ini", COMMON "refault = on\n[balloon]\ninflate = 256 MiB\n"
				   "[prepare]\nstate = touched\n[victims]\n"
				   "guest = fault@0 sched@1 request@1\ncalm = 1 s\n");
}

static void fragmented_memory(void **state)
{
	(void)state;
	boot("fragmented.ini",
	     COMMON "[balloon]\ninflate = 64 MiB\n[prepare]\nstate = fragmented\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(victims_and_touched_memory),
		cmocka_unit_test(fragmented_memory),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
