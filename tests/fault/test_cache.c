/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cache of kernels and QEMU: builds that are killed at any point, two at once,
 * entries that are damaged, a cache that is full or cannot be written to, and what
 * shows and empties it. The builds are real, of trees that have one file.
 */
#include "tests/helpers/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/exit_status.h"
#include "tests/helpers/fake_trees.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

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

/* All that the cache holds runs, and nothing is half there. */
static void check_cache(size_t kernels, size_t qemus)
{
	char command[512];

	assert_int_equal(fake_trees_count(KERNELS), kernels);
	assert_int_equal(fake_trees_count(QEMUS), qemus);
	assert_int_equal(fake_trees_count(LEFT_KERNELS) + fake_trees_count(LEFT_QEMUS), 0);
	snprintf(command, sizeof(command),
		 "for f in '%1$s'/cache/kernels/*/vmlinux; do [ ! -e \"$f\" ] || ! \"$f\" || exit "
		 "1; "
		 "done; "
		 "for f in '%1$s'/cache/qemu/*/bin/*; do [ ! -e \"$f\" ] || \"$f\" || exit 1; done",
		 test_dir);
	assert_int_equal(system(command), 0);
}

static void two_at_once(void **state)
{
	char log[256], *said = NULL;
	pid_t one, two;
	int looks;

	(void)state;
	snprintf(log, sizeof(log), "%s/two", test_dir);
	fake_trees_hold("hold");
	one = fake_trees_start(BUILD_KERNELS, "one");
	fake_trees_await_hold("hold");
	two = fake_trees_start(BUILD_KERNELS, "two");
	for (looks = 0; looks < 6000 && !(said && strstr(said, "waiting for another build"));
	     looks++) {
		usleep(10000);
		free(said);
		said = read_file(log);
	}
	assert_true(looks < 6000);
	free(said);
	fake_trees_let_go("hold");
	assert_int_equal(wait_program(one), 0);
	assert_int_equal(wait_program(two), 0);
	said = read_file(log);
	assert_null(strstr(said, "objects")); /* the second had nothing to build */
	free(said);
	check_cache(2, 1);
}

static void empty(void)
{
	fake_trees_expect("scripts/cache clean all", 0, NULL);
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

/* What make had written of its output when it was killed is newer than what it is made of. */
static void killed_in_the_compiler(void **state)
{
	(void)state;
	killed_at(BUILD_KERNELS, "hold", "was killed: it begins anew");
	killed_at(BUILD_QEMU, "hold", "was killed: it begins anew");
}

static void killed_in_a_patch(void **state)
{
	(void)state;
	killed_at(BUILD_KERNELS, "hold-patch", NULL);
}

static void killed_while_storing(void **state)
{
	(void)state;
	killed_at(BUILD_KERNELS, "hold-objcopy", NULL);
}

static void damage(const char *pattern, const char *how)
{
	char command[2048];

	snprintf(command, sizeof(command), how, fake_trees_find(pattern));
	assert_int_equal(system(command), 0);
	fake_trees_expect(BUILD_KERNELS, 0, "is damaged: it is built anew");
	fake_trees_expect(BUILD_KERNELS, 0, NULL);
	check_cache(2, 1);
}

static void damaged_entries_are_built_anew(void **state)
{
	static const char flip[] =
		"printf '\\252' | dd of='%1$s' bs=1 seek=4000 conv=notrunc status=none";

	(void)state;
	empty();
	fake_trees_expect(BUILD_KERNELS, 0, NULL);
	damage(KERNELS, "truncate -s 5000 '%1$s'");
	damage(KERNELS, flip);
	damage(KERNELS, "cp -p '%1$s' '%1$s.was' && printf '\\252' | dd of='%1$s' bs=1 seek=4000 "
			"conv=notrunc status=none && touch -r '%1$s.was' '%1$s' && rm '%1$s.was'");
	damage("/kernels/*/release", "rm '%1$s'");
	damage(KERNELS, "rm '%1$s'");
	damage(QEMUS, "truncate -s 5000 '%1$s'");
	damage(QEMUS, flip);
}

/* An entry from before there were digests has none to be held against. */
static void older_entries_are_taken_on(void **state)
{
	char before[256];
	struct stat st[2];

	(void)state;
	snprintf(before, sizeof(before), "%s", fake_trees_find(KERNELS));
	assert_int_equal(stat(before, &st[0]), 0);
	unlink(fake_trees_find("/kernels/*/SHA256SUMS"));
	fake_trees_expect(BUILD_KERNELS, 0, NULL);
	assert_int_equal(fake_trees_count("/kernels/*/SHA256SUMS"), 2);
	assert_int_equal(stat(before, &st[1]), 0);
	assert_int_equal(st[0].st_ino, st[1].st_ino);
	unlink(fake_trees_find("/kernels/*/SHA256SUMS"));
	damage(KERNELS, "truncate -s 5000 '%1$s'");
}

/* Entries of this checkout, and of the patch that it had before. */
static void the_list_shows_what_is_used(void **state)
{
	char *said;
	int status;

	(void)state;
	empty();
	fake_trees_expect(BUILD_KERNELS, 0, NULL);
	fake_trees_change_patch("3");
	fake_trees_expect(BUILD_KERNELS, 0, NULL);
	check_cache(3, 1);
	said = fake_trees_run("scripts/cache list %1$s/images.ini", &status);
	assert_int_equal(status, 0);
	assert_non_null(strstr(said, "kernels/"));
	assert_non_null(strstr(said, "1.0-balloonbench-finalize"));
	assert_non_null(strstr(said, "in all, in "));
	free(said);
	fake_trees_expect("scripts/cache clean unused %1$s/images.ini", 0, "removing ");
	check_cache(2, 1);
	assert_int_equal(fake_trees_count("/trees/*/src"), 2);
	fake_trees_expect(BUILD_KERNELS, 0, NULL);
	fake_trees_expect("scripts/cache clean unused %1$s/images.ini", 0, "nothing to remove");
	fake_trees_expect("scripts/cache clean unused", EXIT_ENVIRONMENT,
			  "nothing says what is used");
	fake_trees_expect("scripts/cache clean some", EXIT_USAGE,
			  "'some' is neither all nor unused");
	fake_trees_expect("scripts/cache clean all", 0, " in all, of ");
	check_cache(0, 0);
	assert_int_equal(fake_trees_count("/trees/*"), 0);
	fake_trees_expect("scripts/cache clean all", 0, "nothing to remove");
	fake_trees_make();
}

static void a_build_is_not_disturbed(void **state)
{
	pid_t pid;

	(void)state;
	empty();
	fake_trees_hold("hold");
	pid = fake_trees_start(BUILD_KERNELS, "one");
	fake_trees_await_hold("hold");
	fake_trees_expect("scripts/cache clean all", EXIT_ENVIRONMENT,
			  "is in use by build-kernels");
	fake_trees_let_go("hold");
	assert_int_equal(wait_program(pid), 0);
	check_cache(2, 1);
}

/* A copy of the program beside the images.ini of the test's cache, and a run with it. */
static pid_t begin_run(void)
{
	char command[1024];
	const char *const argv[] = { "bash", "-c", command, NULL };
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
		execv("/bin/bash", (char *const *)argv);
		_exit(127);
	}
	return pid;
}

static void a_run_is_not_disturbed(void **state)
{
	char *said;
	pid_t pid;
	int looks;

	(void)state;
	empty();
	fake_trees_expect(BUILD_KERNELS, 0, NULL);
	pid = begin_run();
	for (looks = 0; looks < 3000 && access(in_test_dir("run/plan.json"), F_OK); looks++)
		usleep(10000);
	if (looks == 3000) {
		said = read_file(in_test_dir("run.log"));
		fail_msg("%s", said);
	}
	fake_trees_expect("scripts/cache clean all", EXIT_ENVIRONMENT,
			  "is in use by balloonbench (process ");
	check_cache(2, 1);
	/* What it does not use can go. */
	fake_trees_change_patch("4");
	write_file(test_dir, "cache/kernels/0123456789abcdef/vmlinux", "old");
	fake_trees_expect("scripts/cache clean unused %1$s/images.ini", 0,
			  "kernels/0123456789abcdef");
	kill(pid, SIGINT);
	assert_int_equal(wait_program(pid), EXIT_INTERRUPTED);
	fake_trees_expect("scripts/cache clean all", 0, NULL);
	check_cache(0, 0);
	fake_trees_make();
}

static void damaged_sources_are_named(void **state)
{
	char command[2048], *said;
	int status;

	(void)state;
	empty();
	write_file(test_dir, "cache/sources/linux-source-6.12_9_all.deb", "garbage");
	snprintf(command, sizeof(command),
		 "env -u KERNEL_SRC QEMU=/bin/true BALLOONBENCH_CACHE='%1$s/cache' "
		 "KERNEL_PATCHES='%1$s/patches' " TEST_SOURCE
		 "/vm-images/build-kernels '%1$s/images.ini' >'%1$s/log' 2>&1",
		 test_dir);
	status = WEXITSTATUS(system(command));
	said = read_file(in_test_dir("log"));
	if (status != EXIT_ENVIRONMENT ||
	    !strstr(said, "linux-source-6.12_9_all.deb is damaged: remove it"))
		fail_msg("status %d: %s", status, said);
	free(said);
	unlink(in_test_dir("cache/sources/linux-source-6.12_9_all.deb"));
	assert_int_equal(fake_trees_count("/trees/*/src*"), 0);
}

static void only_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("# mounting a file system needs root\n");
	skip();
}

/* Room for more and more: each time it ends at another write, and half of nothing is kept. */
static void a_full_disk(void **state)
{
	static const int sizes_kib[] = { 4, 36, 48, 64, 80, 120 };
	char cache[256], options[64], *said;
	int status, ended = 0;
	size_t i;

	(void)state;
	only_root();
	snprintf(cache, sizeof(cache), "%s/cache", test_dir);
	remove_tree(cache);
	mkdir(cache, 0755);
	for (i = 0; i < sizeof(sizes_kib) / sizeof(sizes_kib[0]); i++) {
		snprintf(options, sizeof(options), "size=%dk", sizes_kib[i]);
		assert_int_equal(mount("tmpfs", cache, "tmpfs", 0, options), 0);
		said = fake_trees_run(BUILD_KERNELS, &status);
		if (status && (status != EXIT_ENVIRONMENT || !strstr(said, "No space left")))
			fail_msg("%d KiB, status %d: %s", sizes_kib[i], status, said);
		ended += status != 0;
		free(said);
		assert_int_equal(mount("tmpfs", cache, "tmpfs", MS_REMOUNT, "size=64m"), 0);
		fake_trees_make();
		fake_trees_expect(BUILD_KERNELS, 0, NULL);
		check_cache(2, 1);
		assert_int_equal(umount2(cache, MNT_DETACH), 0);
	}
	assert_in_range(ended, 3, i);
}

static void a_read_only_cache(void **state)
{
	char cache[256];

	(void)state;
	only_root();
	snprintf(cache, sizeof(cache), "%s/cache", test_dir);
	mkdir(cache, 0755);
	assert_int_equal(mount("tmpfs", cache, "tmpfs", 0, "size=64m"), 0);
	fake_trees_make();
	fake_trees_expect(BUILD_KERNELS, 0, NULL);
	assert_int_equal(mount("tmpfs", cache, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
	fake_trees_expect(BUILD_KERNELS, EXIT_ENVIRONMENT, "set BALLOONBENCH_CACHE to a directory");
	fake_trees_expect(BUILD_QEMU, EXIT_ENVIRONMENT, "set BALLOONBENCH_CACHE to a directory");
	fake_trees_expect("vm-images/fetch-source meson", EXIT_ENVIRONMENT,
			  "set BALLOONBENCH_CACHE to");
	fake_trees_expect("scripts/cache list %1$s/images.ini", 0, "1.0-balloonbench-finalize");
	fake_trees_expect("scripts/cache clean all", EXIT_ENVIRONMENT,
			  "not all of it could be removed");
	check_cache(2, 1);
	assert_int_equal(umount2(cache, MNT_DETACH), 0);
}

/* Of a test that failed. */
static int let_all_go(void **state)
{
	(void)state;
	fake_trees_let_go("hold");
	fake_trees_let_go("hold-patch");
	fake_trees_let_go("hold-objcopy");
	umount2(in_test_dir("cache"), MNT_DETACH);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(two_at_once, let_all_go),
		cmocka_unit_test_teardown(killed_in_the_compiler, let_all_go),
		cmocka_unit_test_teardown(killed_in_a_patch, let_all_go),
		cmocka_unit_test_teardown(killed_while_storing, let_all_go),
		cmocka_unit_test_teardown(damaged_entries_are_built_anew, let_all_go),
		cmocka_unit_test_teardown(older_entries_are_taken_on, let_all_go),
		cmocka_unit_test_teardown(the_list_shows_what_is_used, let_all_go),
		cmocka_unit_test_teardown(a_build_is_not_disturbed, let_all_go),
		cmocka_unit_test_teardown(a_run_is_not_disturbed, let_all_go),
		cmocka_unit_test_teardown(damaged_sources_are_named, let_all_go),
		cmocka_unit_test_teardown(a_full_disk, let_all_go),
		cmocka_unit_test_teardown(a_read_only_cache, let_all_go),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}
