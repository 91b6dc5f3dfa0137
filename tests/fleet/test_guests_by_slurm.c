/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real guests on the nodes of a Slurm: two kernels by our QEMU and Debian's, in one report. */
#include "tests/helpers/unit.h"

#include "tests/helpers/files.h"
#include "tests/helpers/slurm.h"

static const char debian[] = "/usr/bin/qemu-system-x86_64";

static int set_up(void **state)
{
	if (test_dir_set_up(state))
		return -1;
	slurm_register_qemu(debian);
	slurm_start();
	return 0;
}

static int tear_down(void **state)
{
	slurm_stop();
	return test_dir_tear_down(state);
}

static void two_kernels_by_two_qemus(void **state)
{
	char *report;

	(void)state;
	need_slurm();
	if (access(debian, X_OK))
		skip_test("no %s: `make deps` installs it", debian);
	slurm_submit("matrix", "smoke", 2);
	slurm_expect_whole("matrix", 2);
	report = read_file(in_test_dir("matrix/REPORT.md"));
	assert_contains(report, "list@second");
	assert_contains(report, "finalize@second");
	free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(two_kernels_by_two_qemus) };

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
