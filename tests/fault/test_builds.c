/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The build scripts when something is wrong with what they are given.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/helpers/files.h"

/* Run a script of vm-images with variables before it; the output is to be freed. */
static char *run_script(const char *variables, const char *script, int *status)
{
	char command[2048], log[512];

	snprintf(log, sizeof(log), "%s/log", test_dir);
	snprintf(command, sizeof(command),
		 "export BALLOONBENCH_CACHE=%s/cache; %s %s/vm-images/%s >%s 2>&1", test_dir,
		 variables, TEST_SOURCE, script, log);
	*status = WEXITSTATUS(system(command));
	return read_file(log);
}

static void expect(const char *variables, const char *script, const char *says, const char *advises)
{
	char *output;
	int status;

	output = run_script(variables, script, &status);
	if (status != 3 || !strstr(output, says) || (advises && !strstr(output, advises)))
		fail_msg("status %d: %s", status, output);
	free(output);
}

static void a_patch_that_does_not_apply(void **state)
{
	char variables[1024], script[600];

	(void)state;
	write_file(test_dir, "linux/Kbuild", "");
	write_file(test_dir, "linux/mm/balloon.c", "int balloon;\n");
	write_file(test_dir, "patches/series", "0001-wrong.patch\n# cut: wrong\n");
	write_file(test_dir, "patches/0001-wrong.patch",
		   "--- a/mm/balloon.c\n+++ b/mm/balloon.c\n@@ -1 +1 @@\n-int baloon;\n+long "
		   "balloon;\n");
	snprintf(variables, sizeof(variables), "KERNEL_SRC=%s/linux KERNEL_PATCHES=%s/patches",
		 test_dir, test_dir);
	snprintf(script, sizeof(script), "build-kernels %s/images.ini", test_dir);
	expect(variables, script, "0001-wrong.patch does not apply to tree-", "mm/balloon.c");
}

static void a_series_without_its_patch(void **state)
{
	char variables[1024], script[600];

	(void)state;
	write_file(test_dir, "linux/Kbuild", "");
	write_file(test_dir, "gap/series", "0001-gone.patch\n# cut: gone\n");
	snprintf(variables, sizeof(variables), "KERNEL_SRC=%s/linux KERNEL_PATCHES=%s/gap",
		 test_dir, test_dir);
	snprintf(script, sizeof(script), "build-kernels %s/images.ini", test_dir);
	expect(variables, script, "series names 0001-gone.patch", NULL);
}

/* Whoever gives a series away wrote it: nothing in it but names is taken. */
static void hostile_series(void **state)
{
	static const struct {
		const char *series;
		const char *says;
	} cases[] = {
		{ "", "has no '# cut: NAME' line" },
		{ "# cut:list\n", "has no '# cut: NAME' line" },
		{ "# cut: ../../x\n", "'# cut: ../../x': a cut's name is" },
		{ "# cut: $(touch owned)\n", "'# cut: $(touch owned)': a cut's name is" },
		{ "# cut: a b\n", "'# cut: a b': a cut's name is" },
		{ "# cut: list\r\n", "'# cut: list?': a cut's name is" },
		{ "# cut: \033[2J\n", "'# cut: ?[2J': a cut's name is" },
		{ "# cut: -a\n", "'# cut: -a': a cut's name is" },
		{ "# cut: a123456789b123456789c123456789d12", "a cut's name is up to 32" },
		{ "# cut: a\n# cut: a\n", "has two cuts named a" },
		{ "/etc/passwd\n# cut: a\n", "'/etc/passwd' is no name of a patch" },
		{ "../linux/Kbuild\n# cut: a\n", "'../linux/Kbuild' is no name of a patch" },
		{ "-p0\n# cut: a\n", "'-p0' is no name of a patch" },
		{ "x\033[31m\n# cut: a\n", "'x?[31m' is no name of a patch" },
		{ "$(touch owned)\n# cut: a\n", "names $(touch owned), which is not there" },
		{ ".\n# cut: a\n", "names ., which is not there" },
		{ "gone.patch", "names gone.patch, which is not there" },
	};
	char variables[1024], script[600];
	size_t i;

	(void)state;
	write_file(test_dir, "linux/Kbuild", "");
	snprintf(variables, sizeof(variables), "cd %s; KERNEL_SRC=%s/linux KERNEL_PATCHES=%s/ill",
		 test_dir, test_dir, test_dir);
	snprintf(script, sizeof(script), "build-kernels %s/images.ini", test_dir);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_file(test_dir, "ill/series", cases[i].series);
		expect(variables, script, cases[i].says, NULL);
	}
	assert_int_not_equal(access(in_test_dir("owned"), F_OK), 0);
	assert_int_not_equal(access(in_test_dir("images.ini"), F_OK), 0);
}

static void wrong_choices_of_kernels(void **state)
{
	char variables[1024];

	(void)state;
	write_file(test_dir, "linux/Kbuild", "");
	snprintf(variables, sizeof(variables), "KERNEL_SRC=%s/linux KERNEL_CUTS=gone", test_dir);
	expect(variables, "build-kernels /dev/null", "has no cut gone", "KERNEL_CUTS");
	snprintf(variables, sizeof(variables), "KERNEL_SRC=%s/linux KERNEL_CONFIG=/nonexistent",
		 test_dir);
	expect(variables, "build-kernels /dev/null", "cannot read /nonexistent", "KERNEL_CONFIG");
}

static void no_kernel_tree(void **state)
{
	char variables[1024];

	(void)state;
	snprintf(variables, sizeof(variables), "KERNEL_SRC=%s", test_dir);
	expect(variables, "build-kernels /dev/null", "is not a tree of that source", "KERNEL_SRC=");
	snprintf(variables, sizeof(variables), "QEMU_SRC=%s", test_dir);
	expect(variables, "build-qemu", "is not a tree of that source", "QEMU_SRC=");
}

static void no_network_for_sources(void **state)
{
	(void)state;
	expect("http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9",
	       "fetch-source linux-source-6.12", "the network is down", "KERNEL_SRC=DIR");
}

static void a_cache_that_cannot_be_written(void **state)
{
	char *output;
	int status;

	(void)state;
	output = run_script("BALLOONBENCH_CACHE=/proc/nowhere", "fetch-source linux-source-6.12",
			    &status);
	assert_int_equal(status, 3);
	assert_non_null(
		strstr(output, "cannot write to the cache /proc/nowhere; set BALLOONBENCH_CACHE"));
	free(output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_patch_that_does_not_apply),
		cmocka_unit_test(a_series_without_its_patch),
		cmocka_unit_test(hostile_series),
		cmocka_unit_test(wrong_choices_of_kernels),
		cmocka_unit_test(no_kernel_tree),
		cmocka_unit_test(no_network_for_sources),
		cmocka_unit_test(a_cache_that_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
