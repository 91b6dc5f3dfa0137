/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds of the shipped kernels and QEMU with wrong input.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <unistd.h>

#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"

/* Run a script of vm-images, or balloonbench, with assignments of variables, or commands, before
 * it. */
static struct outcome run_script(const char *variables, const char *script)
{
	return run_shell(
		"export BALLOONBENCH_CACHE=%s/cache QEMU=/bin/true; %s %s/%s", test_dir, variables,
		strncmp(script, "balloonbench", 12) ? TEST_SOURCE "/vm-images" : TEST_BUILD,
		script);
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
	snprintf(script, sizeof(script), "balloonbench build --images %s/images.ini", test_dir);
	expect(variables, script,
	       "cannot apply 0001-wrong.patch: mm/balloon.c: hunk 1 at line 1 does not match",
	       "use the base");
}

static void missing_patch(void **state)
{
	char variables[1024], script[600];

	(void)state;
	write_file(test_dir, "linux/Kbuild", "");
	write_file(test_dir, "gap/series", "0001-gone.patch\n# cut: gone\n");
	snprintf(variables, sizeof(variables), "KERNEL_SRC=%s/linux KERNEL_PATCHES=%s/gap",
		 test_dir, test_dir);
	snprintf(script, sizeof(script), "balloonbench build --images %s/images.ini", test_dir);
	expect(variables, script, "/gap/0001-gone.patch: No such file or directory", NULL);
}

/* Malicious series: only the names of cuts and patches are used. */
static void malicious_series(void **state)
{
	static const struct {
		const char *series;
		const char *says;
	} cases[] = {
		{ "", "there is no patch in it" },
		{ "# cut:list\n", "series:1: '# cut:list': expected a line '# cut: NAME'" },
		{ "# cut: ../../x\n", "series:1: '../../x' cannot be the name of a cut" },
		{ "# cut: $(touch owned)\n", "'$(touch owned)' cannot be the name of a cut" },
		{ "# cut: a b\n", "'a b' cannot be the name of a cut" },
		{ "# cut: \033[2J\n", "'?[2J' cannot be the name of a cut" },
		{ "# cut: -a\n", "'-a' cannot be the name of a cut" },
		{ "# cut: a123456789b123456789c123456789d12", "use up to 32 letters" },
		{ "# cut: a\n# cut: a\n", "series:2: there are two cuts named a" },
		{ "/etc/passwd\n# cut: a\n", "'/etc/passwd' is an absolute path" },
		{ "../linux/Kbuild\n# cut: a\n", "'../linux/Kbuild' leaves the series' directory" },
		{ "-p0\n# cut: a\n", "/malicious/-p0: No such file or directory" },
		{ "x\033[31m\n# cut: a\n", "control character in 'x?[31m'" },
		{ "$(touch owned)\n# cut: a\n", "'owned)' after $(touch; expected -pN" },
		{ ".\n# cut: a\n", "/malicious/.: a directory; expected a file" },
		{ "gone.patch", "/malicious/gone.patch: No such file or directory" },
	};
	char variables[1024], script[600];
	size_t i;

	(void)state;
	write_file(test_dir, "linux/Kbuild", "");
	snprintf(variables, sizeof(variables),
		 "cd %s; KERNEL_SRC=%s/linux KERNEL_PATCHES=%s/malicious", test_dir, test_dir,
		 test_dir);
	snprintf(script, sizeof(script), "balloonbench build --images %s/images.ini", test_dir);
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
	expect(variables, "balloonbench build --images /dev/null", "has no cut gone",
	       "KERNEL_CUTS");
	snprintf(variables, sizeof(variables), "KERNEL_SRC=%s/linux", test_dir);
	expect(variables, "balloonbench build --config /nonexistent",
	       "cannot read the kernel configuration /nonexistent", "No such file");
}

static void wrong_source_tree(void **state)
{
	char variables[1024];

	(void)state;
	snprintf(variables, sizeof(variables), "KERNEL_SRC=%s", test_dir);
	expect(variables, "balloonbench build --images /dev/null",
	       "is not the source of a Linux kernel", "KERNEL_SRC=");
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

/*
 * A tree of QEMU: killed right after a patch went in or out, the next build with another series
 * must not have it. The patch(1) of the test kills the script that runs it.
 */
#define SET_PATCHES                                                                                \
	"cd '%s' && export PATH=\"$PWD/kill:$PATH\" && here=$PWD patches=$PWD/p source=s && "      \
	"source '" TEST_SOURCE "/vm-images/source-tree.sh' && "                                    \
	"unpack_source() { mkdir -p $1/src $1/applied; echo old >$1/src/file; }; "

static void killed_while_patching(void **state)
{
	(void)state;
	expect_outcome(
		run_shell("cd '%s' && mkdir p kill t && echo old >file && echo new >other && "
			  "diff -u --label a/file --label b/file file other >p/one.patch; "
			  "printf '#!/bin/sh\\n/usr/bin/patch \"$@\" || exit\\n"
			  "case \"$*\" in *dry*) ;; *) kill -9 $PPID ;; esac\\n' >kill/patch; "
			  "chmod 755 kill/patch",
			  test_dir),
		0, "");
	/* Into a fresh tree, which is then asked for without the patch. */
	expect_outcome(run_shell(SET_PATCHES "unpack_source t; set_patches t one.patch", test_dir),
		       137, "");
	expect_outcome(
		run_shell(SET_PATCHES "rm kill/patch; set_patches t && cat t/src/file", test_dir),
		0, "old");
}

/* What root unpacks is root's, and nobody else can write to it. */
static void unpacked_files_are_ours(void **state)
{
	(void)state;
	if (geteuid())
		skip_test("only root can give files away");
	expect_outcome(
		run_shell("cd '%s' && mkdir theirs unpacked && echo x >theirs/file && "
			  "chmod 666 theirs/file && chown 65534:65534 theirs/file && umask 022 && "
			  "here=$PWD patches=$PWD && source '" TEST_SOURCE
			  "/vm-images/source-tree.sh' && own=theirs && "
			  "extract_source unpacked && stat -c '%%u %%a' unpacked/file",
			  test_dir),
		0, "0 644");
}

static void cache_in_a_name_with_a_blank(void **state)
{
	(void)state;
	expect_outcome(
		run_shell("BALLOONBENCH_CACHE='%s/a b' '%s' build --git /nowhere --range A..B "
			  "2>&1",
			  test_dir, build_path("balloonbench")),
		EXIT_ENVIRONMENT, "a b: kernels cannot be built", "set BALLOONBENCH_CACHE");
}

/* A path of the user's is his, wherever a program that is run for him is. */
static void relative_qemu(void **state)
{
	(void)state;
	expect_outcome(run_shell("cd '%s' && ln -sf /bin/true q && QEMU=./q '%s' list --json 2>&1",
				 test_dir, build_path("balloonbench")),
		       EXIT_FINE, test_dir, "/q\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patch_does_not_apply),
		cmocka_unit_test(missing_patch),
		cmocka_unit_test(malicious_series),
		cmocka_unit_test(wrong_cut_and_config),
		cmocka_unit_test(wrong_source_tree),
		cmocka_unit_test(no_network),
		cmocka_unit_test(unpacked_files_are_ours),
		cmocka_unit_test(killed_while_patching),
		cmocka_unit_test(cache_is_not_writable),
		cmocka_unit_test(cache_in_a_name_with_a_blank),
		cmocka_unit_test(relative_qemu),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
