/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cache of kernels and QEMU: builds that are killed, two builds at once, damaged
 * entries, a cache that is full or read-only, and the commands that list and clear it.
 * The builds are real, of source trees with one file.
 */
#include "tests/helpers/unit.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/fake_trees.h"
#include "tests/helpers/files.h"

#define KERNELS "/kernels/[0-9a-f]*/vmlinux"
#define QEMUS "/qemu/[0-9a-f]*/bin/qemu-system-x86_64"
#define LEFT_KERNELS "/kernels/.[0-9a-f]*"
#define LEFT_QEMUS "/qemu/.[0-9a-f]*"

static int set_up(void **state)
{
	(void)state;
	if (test_dir_set_up(state))
		return -1;
	fake_trees_make();
	return 0;
}

/* Check the number of entries, that each of them runs, and that none is incomplete. */
static void check_cache(size_t kernels, size_t qemus)
{
	assert_int_equal(fake_trees_count(KERNELS), kernels);
	assert_int_equal(fake_trees_count(QEMUS), qemus);
	assert_int_equal(fake_trees_count(LEFT_KERNELS) + fake_trees_count(LEFT_QEMUS), 0);
	expect_outcome(run_shell("for f in '%1$s'/cache/kernels/*/vmlinux; do "
				 "[ ! -e \"$f\" ] || ! \"$f\" || exit 1; done; "
				 "for f in '%1$s'/cache/qemu/*/bin/*; do "
				 "[ ! -e \"$f\" ] || \"$f\" || exit 1; done",
				 test_dir),
		       0, "");
}

static bool file_has(const char *name, const char *text)
{
	char *content = read_file(in_test_dir(name));
	bool has = content && strstr(content, text);

	free(content);
	return has;
}

static void two_builds_at_once(void **state)
{
	pid_t one, two;

	(void)state;
	fake_trees_hold("hold");
	one = fake_trees_start(BUILD_KERNELS, "one");
	fake_trees_await_hold("hold");
	two = fake_trees_start(BUILD_KERNELS, "two");
	AWAIT(file_has("two", "waiting for another build"));
	fake_trees_let_go("hold");
	assert_int_equal(wait_program(one), 0);
	assert_int_equal(wait_program(two), 0);
	assert_false(file_has("two", "objects")); /* the second had nothing to build */
	check_cache(2, 1);
}

static void empty(void)
{
	fake_trees_expect("scripts/cache clean all", 0, "");
	fake_trees_make();
}

static void killed_at(const char *script, const char *hold, const char *says)
{
	pid_t pid;

	empty();
	fake_trees_hold(hold);
	pid = fake_trees_start(script, "killed");
	fake_trees_await_hold(hold);
	fake_trees_kill(pid, hold);
	fake_trees_expect(BUILD_KERNELS, 0, says);
	check_cache(2, 1);
}

/* The partial output of the killed make is newer than its sources. */
static void killed_in_the_compiler(void **state)
{
	(void)state;
	killed_at(BUILD_KERNELS, "hold", "was cut off; starting again");
	killed_at(BUILD_QEMU, "hold", "was cut off; starting again");
}

static void killed_in_a_patch(void **state)
{
	(void)state;
	killed_at(BUILD_KERNELS, "hold-commit", "");
}

static void killed_while_storing(void **state)
{
	(void)state;
	killed_at(BUILD_KERNELS, "hold-objcopy", "");
}

/* Damage an entry by a command of sh, with the path as %1$s. */
static void damage(const char *pattern, const char *how)
{
	char command[2048];

	snprintf(command, sizeof(command), how, fake_trees_find(pattern));
	expect_outcome(run_shell("%s", command), 0, "");
	fake_trees_expect(BUILD_KERNELS, 0, "is damaged; rebuilding it");
	fake_trees_expect(BUILD_KERNELS, 0, "");
	check_cache(2, 1);
}

static void damaged_entries_are_rebuilt(void **state)
{
	static const char flip[] =
		"printf '\\252' | dd of='%1$s' bs=1 seek=4000 conv=notrunc status=none";

	(void)state;
	empty();
	fake_trees_expect(BUILD_KERNELS, 0, "");
	damage(KERNELS, "truncate -s 5000 '%1$s'");
	damage(KERNELS, flip);
	damage(KERNELS, "cp -p '%1$s' '%1$s.was' && printf '\\252' | dd of='%1$s' bs=1 seek=4000 "
			"conv=notrunc status=none && touch -r '%1$s.was' '%1$s' && rm '%1$s.was'");
	damage("/kernels/*/release", "rm '%1$s'");
	damage(KERNELS, "rm '%1$s'");
	damage(QEMUS, "truncate -s 5000 '%1$s'");
	damage(QEMUS, flip);
}

/* Entries in use, and those of an earlier version of a patch. */
static void list_and_clean(void **state)
{
	(void)state;
	empty();
	fake_trees_expect(BUILD_KERNELS, 0, "");
	fake_trees_change_patch("3");
	fake_trees_expect(BUILD_KERNELS, 0, "");
	check_cache(3, 1);
	expect_outcome(fake_trees_run("scripts/cache list %1$s/images.ini"), 0, "kernels/",
		       "1.0-balloonbench", "total, in ");
	fake_trees_expect("scripts/cache clean unused %1$s/images.ini", 0, "removing ");
	check_cache(2, 1);
	assert_int_equal(fake_trees_count("/trees/*/src"), 2);
	fake_trees_expect(BUILD_KERNELS, 0, "");
	fake_trees_expect("scripts/cache clean unused %1$s/images.ini", 0, "nothing to remove");
	fake_trees_expect("scripts/cache clean unused", EXIT_ENVIRONMENT, "no IMAGES.INI given");
	fake_trees_expect("scripts/cache clean some", EXIT_USAGE,
			  "expected all or unused, got 'some'");
	fake_trees_expect("scripts/cache clean all", 0, " total, in ");
	check_cache(0, 0);
	assert_int_equal(fake_trees_count("/trees/*"), 0);
	fake_trees_expect("scripts/cache clean all", 0, "nothing to remove");
	fake_trees_make();
}

/* What `balloonbench build` registered is in use; a name goes with its kernel. */
static void registered_kernels(void **state)
{
	(void)state;
	empty();
	fake_trees_expect(BUILD_KERNELS, 0, "");
	write_file(test_dir, "cache/kernels/0123456789abcdef/image", "mine");
	write_file(test_dir, "cache/kernels/1111111111111111/image", "another layout");
	write_file(test_dir, "cache/kernels/fedcba9876543210/image", "nobody's");
	expect_outcome(
		run_shell("mkdir -p '%1$s/cache/cuts' && printf '[cut mine]\\nimage = "
			  "%1$s/cache/kernels/0123456789abcdef/image\\n[build mine/1]\\nimage = "
			  "%1$s/cache/kernels/1111111111111111/image\\n' "
			  ">'%1$s/cache/cuts/mine.ini' && printf '[cut other]\\nimage = "
			  "/nowhere/vmlinuz\\n' >'%1$s/cache/cuts/other.ini'",
			  test_dir),
		0, "");
	fake_trees_expect("scripts/cache clean unused %1$s/images.ini", 0,
			  "kernels/fedcba9876543210");
	assert_int_equal(fake_trees_count("/kernels/0123456789abcdef/image"), 1);
	assert_int_equal(fake_trees_count("/kernels/1111111111111111/image"), 1);
	assert_int_equal(fake_trees_count("/kernels/fedcba9876543210"), 0);
	assert_int_equal(fake_trees_count("/cuts/mine.ini"), 1);
	fake_trees_expect("scripts/cache clean all", 0, "removing the name cuts/mine.ini");
	/* That kernel is not the cache's. */
	assert_int_equal(fake_trees_count("/cuts/*"), 1);
	unlink(in_test_dir("cache/cuts/other.ini"));
	fake_trees_make();
}

static void clean_during_a_build(void **state)
{
	pid_t pid;

	(void)state;
	empty();
	fake_trees_hold("hold");
	pid = fake_trees_start(BUILD_KERNELS, "one");
	fake_trees_await_hold("hold");
	fake_trees_expect("scripts/cache clean all", EXIT_ENVIRONMENT, "is in use by balloonbench");
	fake_trees_let_go("hold");
	assert_int_equal(wait_program(pid), 0);
	check_cache(2, 1);
}

/* A run of a copy of the program, beside the images.ini of the test's cache. */
static pid_t start_run(void)
{
	char command[1024];
	pid_t pid;

	write_file(test_dir, "tiny.ini",
		   "[guest]\nmemory = 256 MiB\n[balloon]\ninflate = 64 MiB\n[run]\ncycles = 1\n");
	snprintf(command, sizeof(command),
		 "cp '%1$s' '%2$s/' && cd '%2$s' && QEMU='%3$s' FAKE_QEMU=good exec ./balloonbench "
		 "run -q --accel tcg --trace off --scenario ./tiny.ini --variant finalize --boots "
		 "900 "
		 "-o '%2$s/run' >run.log 2>&1",
		 build_path("balloonbench"), test_dir,
		 TEST_BUILD "/tests/helpers/fake-qemu/fake-qemu");
	pid = fork();
	if (!pid) {
		execl("/bin/bash", "bash", "-c", command, NULL);
		_exit(127);
	}
	return pid;
}

static void clean_during_a_run(void **state)
{
	pid_t pid;

	(void)state;
	empty();
	fake_trees_expect(BUILD_KERNELS, 0, "");
	pid = start_run();
	AWAIT(!access(in_test_dir("run/plan.json"), F_OK));
	fake_trees_expect("scripts/cache clean all", EXIT_ENVIRONMENT,
			  "is in use by balloonbench (process ");
	check_cache(2, 1);
	/* What the run does not use can be removed. */
	fake_trees_change_patch("4");
	write_file(test_dir, "cache/kernels/0123456789abcdef/vmlinux", "old");
	fake_trees_expect("scripts/cache clean unused %1$s/images.ini", 0,
			  "kernels/0123456789abcdef");
	kill(pid, SIGINT);
	assert_int_equal(wait_program(pid), EXIT_INTERRUPTED);
	fake_trees_expect("scripts/cache clean all", 0, "");
	check_cache(0, 0);
	fake_trees_make();
}

static void damaged_sources_are_named(void **state)
{
	(void)state;
	empty();
	write_file(test_dir, "cache/sources/linux-source-6.12_9_all.deb", "garbage");
	expect_outcome(run_shell("env -u KERNEL_SRC QEMU=/bin/true BALLOONBENCH_CACHE='%1$s/cache' "
				 "KERNEL_PATCHES='%1$s/patches' " TEST_BUILD
				 "/balloonbench build --images '%1$s/images.ini'",
				 test_dir),
		       EXIT_ENVIRONMENT, "linux-source-6.12_9_all.deb is damaged: remove it");
	unlink(in_test_dir("cache/sources/linux-source-6.12_9_all.deb"));
	assert_int_equal(fake_trees_count("/trees/*/src*"), 0);
}

static void only_root(void)
{
	if (geteuid())
		skip_test("mounting a file system needs root");
}

/* Each size fails at a different write, and no partial entry is kept. */
static void full_disk(void **state)
{
	static const int sizes_kib[] = { 4, 36, 48, 64, 80, 120 };
	char cache[256], options[64];
	struct outcome outcome;
	int ended = 0;
	size_t i;

	(void)state;
	only_root();
	snprintf(cache, sizeof(cache), "%s/cache", test_dir);
	remove_tree(cache);
	mkdir(cache, 0755);
	for (i = 0; i < sizeof(sizes_kib) / sizeof(sizes_kib[0]); i++) {
		snprintf(options, sizeof(options), "size=%dk", sizes_kib[i]);
		assert_int_equal(mount("tmpfs", cache, "tmpfs", 0, options), 0);
		outcome = fake_trees_run(BUILD_KERNELS);
		ended += outcome.status != 0;
		if (outcome.status)
			expect_outcome(outcome, EXIT_ENVIRONMENT, " space");
		else
			outcome_release(&outcome);
		assert_int_equal(mount("tmpfs", cache, "tmpfs", MS_REMOUNT, "size=64m"), 0);
		fake_trees_make();
		fake_trees_expect(BUILD_KERNELS, 0, "");
		check_cache(2, 1);
		assert_int_equal(umount2(cache, MNT_DETACH), 0);
	}
	assert_in_range(ended, 3, i);
}

static void read_only_cache(void **state)
{
	char cache[256];

	(void)state;
	only_root();
	snprintf(cache, sizeof(cache), "%s/cache", test_dir);
	mkdir(cache, 0755);
	assert_int_equal(mount("tmpfs", cache, "tmpfs", 0, "size=64m"), 0);
	fake_trees_make();
	fake_trees_expect(BUILD_KERNELS, 0, "");
	assert_int_equal(mount("tmpfs", cache, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
	fake_trees_expect(BUILD_KERNELS, EXIT_ENVIRONMENT, "set BALLOONBENCH_CACHE to a directory");
	fake_trees_expect(BUILD_QEMU, EXIT_ENVIRONMENT, "set BALLOONBENCH_CACHE to a directory");
	fake_trees_expect("vm-images/fetch-source meson", EXIT_ENVIRONMENT,
			  "set BALLOONBENCH_CACHE to");
	fake_trees_expect("scripts/cache list %1$s/images.ini", 0, "1.0-balloonbench");
	fake_trees_expect("scripts/cache clean all", EXIT_ENVIRONMENT,
			  "some entries could not be removed");
	check_cache(2, 1);
	assert_int_equal(umount2(cache, MNT_DETACH), 0);
}

/* Clean up after a test that failed. */
static int release_all(void **state)
{
	(void)state;
	fake_trees_let_go("hold");
	fake_trees_let_go("hold-commit");
	fake_trees_let_go("hold-objcopy");
	umount2(in_test_dir("cache"), MNT_DETACH);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(two_builds_at_once, release_all),
		cmocka_unit_test_teardown(killed_in_the_compiler, release_all),
		cmocka_unit_test_teardown(killed_in_a_patch, release_all),
		cmocka_unit_test_teardown(killed_while_storing, release_all),
		cmocka_unit_test_teardown(damaged_entries_are_rebuilt, release_all),
		cmocka_unit_test_teardown(list_and_clean, release_all),
		cmocka_unit_test_teardown(registered_kernels, release_all),
		cmocka_unit_test_teardown(clean_during_a_build, release_all),
		cmocka_unit_test_teardown(clean_during_a_run, release_all),
		cmocka_unit_test_teardown(damaged_sources_are_named, release_all),
		cmocka_unit_test_teardown(full_disk, release_all),
		cmocka_unit_test_teardown(read_only_cache, release_all),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}
