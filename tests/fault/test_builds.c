/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The build scripts with wrong input.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>

#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"

/* Run a script of vm-images with assignments of variables, or commands, before it. */
static struct outcome run_script(const char *variables, const char *script)
{
	return run_shell("export BALLOONBENCH_CACHE=%s/cache; %s %s/vm-images/%s", test_dir,
			 variables, TEST_SOURCE, script);
}

static void expect(const char *variables, const char *script, const char *says, const char *advises)
{
	expect_outcome(run_script(variables, script), 3, says, advises);
}

static void patch_does_not_apply(void **state)
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

static void missing_patch(void **state)
{
	char variables[1024], script[600];

	(void)state;
	write_file(test_dir, "linux/Kbuild", "");
	write_file(test_dir, "gap/series", "0001-gone.patch\n# cut: gone\n");
	snprintf(variables, sizeof(variables), "KERNEL_SRC=%s/linux KERNEL_PATCHES=%s/gap",
		 test_dir, test_dir);
	snprintf(script, sizeof(script), "build-kernels %s/images.ini", test_dir);
	expect(variables, script, "series: no such patch: 0001-gone.patch", NULL);
}

/* Malicious series: only the names of cuts and patches are used. */
static void malicious_series(void **state)
{
	static const struct {
		const char *series;
		const char *says;
	} cases[] = {
		{ "", "has no '# cut: NAME' line" },
		{ "# cut:list\n", "has no '# cut: NAME' line" },
		{ "# cut: ../../x\n", "'# cut: ../../x': the name of a cut must be" },
		{ "# cut: $(touch owned)\n", "'# cut: $(touch owned)': the name of a cut must be" },
		{ "# cut: a b\n", "'# cut: a b': the name of a cut must be" },
		{ "# cut: list\r\n", "'# cut: list?': the name of a cut must be" },
		{ "# cut: \033[2J\n", "'# cut: ?[2J': the name of a cut must be" },
		{ "# cut: -a\n", "'# cut: -a': the name of a cut must be" },
		{ "# cut: a123456789b123456789c123456789d12",
		  "the name of a cut must be up to 32" },
		{ "# cut: a\n# cut: a\n", "has two cuts named a" },
		{ "/etc/passwd\n# cut: a\n", "'/etc/passwd' is not the name of a patch" },
		{ "../linux/Kbuild\n# cut: a\n", "'../linux/Kbuild' is not the name of a patch" },
		{ "-p0\n# cut: a\n", "'-p0' is not the name of a patch" },
		{ "x\033[31m\n# cut: a\n", "'x?[31m' is not the name of a patch" },
		{ "$(touch owned)\n# cut: a\n", "no such patch: $(touch owned)" },
		{ ".\n# cut: a\n", "no such patch: ." },
		{ "gone.patch", "no such patch: gone.patch" },
	};
	char variables[1024], script[600];
	size_t i;

	(void)state;
	write_file(test_dir, "linux/Kbuild", "");
	snprintf(variables, sizeof(variables),
		 "cd %s; KERNEL_SRC=%s/linux KERNEL_PATCHES=%s/malicious", test_dir, test_dir,
		 test_dir);
	snprintf(script, sizeof(script), "build-kernels %s/images.ini", test_dir);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_file(test_dir, "malicious/series", cases[i].series);
		expect(variables, script, cases[i].says, NULL);
	}
	assert_int_not_equal(access(in_test_dir("owned"), F_OK), 0);
	assert_int_not_equal(access(in_test_dir("images.ini"), F_OK), 0);
}

static void wrong_cut_and_config(void **state)
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

static void wrong_source_tree(void **state)
{
	char variables[1024];

	(void)state;
	snprintf(variables, sizeof(variables), "KERNEL_SRC=%s", test_dir);
	expect(variables, "build-kernels /dev/null", "is not a tree of that source", "KERNEL_SRC=");
	snprintf(variables, sizeof(variables), "QEMU_SRC=%s", test_dir);
	expect(variables, "build-qemu", "is not a tree of that source", "QEMU_SRC=");
}

static void no_network(void **state)
{
	(void)state;
	expect("http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9",
	       "fetch-source linux-source-6.12", "the network is down", "KERNEL_SRC=DIR");
}

static void cache_is_not_writable(void **state)
{
	(void)state;
	expect("BALLOONBENCH_CACHE=/proc/nowhere", "fetch-source linux-source-6.12",
	       "cannot write to the cache /proc/nowhere; set BALLOONBENCH_CACHE", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patch_does_not_apply),	 cmocka_unit_test(missing_patch),
		cmocka_unit_test(malicious_series),	 cmocka_unit_test(wrong_cut_and_config),
		cmocka_unit_test(wrong_source_tree),	 cmocka_unit_test(no_network),
		cmocka_unit_test(cache_is_not_writable),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
