/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How kernels and QEMUs of different versions are configured. Of a kernel: alternatives,
 * settings that may be missing, and the user's fragment; the kernel is a fake tree, which
 * rejects the lines of its file "rejects". Of QEMU: options and files that only newer ones have.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <sys/stat.h>

#include "tests/helpers/expect.h"
#include "tests/helpers/fake_trees.h"
#include "tests/helpers/files.h"

static int set_up(void **state)
{
	if (test_dir_set_up(state))
		return -1;
	fake_trees_make();
	return 0;
}

static struct outcome build(const char *rejects, const char *fragment)
{
	write_file(test_dir, "linux/rejects", rejects);
	write_file(test_dir, "fragment", fragment);
	return run_shell("export BALLOONBENCH_CACHE='%1$s/cache' KERNEL_SRC='%1$s/linux' "
			 "KERNEL_PATCHES='%1$s/patches' KERNEL_CUTS=list QEMU=/bin/true "
			 "KERNEL_CONFIG='%1$s/fragment'; "
			 "'%2$s/vm-images/build-kernels' '%1$s/images.ini'",
			 test_dir, TEST_SOURCE);
}

/* Build the kernel; check that its configuration has one text and lacks another. */
static void expect_config(const char *rejects, const char *fragment, const char *has,
			  const char *lacks)
{
	char *config;

	expect_outcome(build(rejects, fragment), 0, "");
	config = read_file(fake_trees_find("/kernels/[0-9a-f]*/config"));
	assert_contains(config, has);
	assert_lacks(config, lacks);
	free(config);
}

static void first_alternative(void **state)
{
	(void)state;
	expect_config("", "", "\nCONFIG_BALLOON_COMPACTION=y\n", "CONFIG_BALLOON_MIGRATION");
}

static void second_alternative(void **state)
{
	(void)state;
	expect_config("CONFIG_BALLOON_COMPACTION=y\n", "", "\nCONFIG_BALLOON_MIGRATION=y\n",
		      "CONFIG_BALLOON_COMPACTION");
}

static void third_alternative(void **state)
{
	(void)state;
	expect_config("CONFIG_FIRST=y\nCONFIG_SECOND=1\n",
		      "CONFIG_FIRST=y | CONFIG_SECOND=1 | CONFIG_THIRD=\"c\" ?\n",
		      "\nCONFIG_THIRD=\"c\"\n", "CONFIG_SECOND");
}

static void no_alternative_left(void **state)
{
	(void)state;
	expect_outcome(build("CONFIG_BALLOON_COMPACTION=y\nCONFIG_BALLOON_MIGRATION=y\n", ""), 3,
		       "the kernel rejected: CONFIG_BALLOON_COMPACTION=y | "
		       "CONFIG_BALLOON_MIGRATION=y\n",
		       "change the fragment");
}

static void may_be_missing(void **state)
{
	(void)state;
	expect_config("CONFIG_FRILL=y\n", "CONFIG_FRILL=y ?\nCONFIG_OTHER=y ?\n",
		      "\nCONFIG_OTHER=y\n", "CONFIG_FRILL");
}

/* A fragment that names any of the symbols of a line replaces the line. */
static void fragment_replaces_alternatives(void **state)
{
	(void)state;
	expect_config("", "CONFIG_PREEMPT=y\n# CONFIG_PREEMPT_LAZY is not set\n",
		      "\nCONFIG_PREEMPT=y\n", "CONFIG_PREEMPT_VOLUNTARY=y");
}

/* Build a QEMU whose configure script consists of @known and the rest of the fake one. */
static void build_qemu(const char *known)
{
	char *rest = read_file(in_test_dir("qemu/configure")), text[4096];

	snprintf(text, sizeof(text), "#!/bin/sh\n# %s\necho \"$@\" >../../../../options\n%s", known,
		 rest);
	chmod(write_file(test_dir, "qemu/configure", text), 0755);
	free(rest);
	fake_trees_expect(BUILD_QEMU, 0, "");
}

static void qemu_knows_disable_download(void **state)
{
	char *options;

	(void)state;
	build_qemu("--disable-download");
	options = read_file(in_test_dir("options"));
	assert_contains(options, "--disable-werror --disable-download --disable-install-blobs\n");
	free(options);
}

/* Before 8.1 */
static void qemu_without_pythondeps(void **state)
{
	char *options, *meson;

	(void)state;
	unlink(in_test_dir("qemu/pythondeps.toml"));
	build_qemu("no options");
	options = read_file(in_test_dir("options"));
	assert_contains(options, "--disable-werror --disable-install-blobs\n");
	meson = read_file(fake_trees_find("/trees/qemu-*/src/meson.build"));
	assert_string_equal(meson, "edk2_targets = []\n");
	free(meson);
	free(options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(first_alternative, set_up, test_dir_tear_down),
		cmocka_unit_test_setup_teardown(second_alternative, set_up, test_dir_tear_down),
		cmocka_unit_test_setup_teardown(third_alternative, set_up, test_dir_tear_down),
		cmocka_unit_test_setup_teardown(no_alternative_left, set_up, test_dir_tear_down),
		cmocka_unit_test_setup_teardown(may_be_missing, set_up, test_dir_tear_down),
		cmocka_unit_test_setup_teardown(fragment_replaces_alternatives, set_up,
						test_dir_tear_down),
		cmocka_unit_test_setup_teardown(qemu_knows_disable_download, set_up,
						test_dir_tear_down),
		cmocka_unit_test_setup_teardown(qemu_without_pythondeps, set_up,
						test_dir_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
