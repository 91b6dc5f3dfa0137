/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mistakes of a user: the message names the wrong input and says what to do, and the
 * exit status tells usage from environment.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"

/* Run a program, and check its status and two parts of its message. */
static void expect(const char *program, const char *const *args, int status, const char *says,
		   const char *advises)
{
	expect_outcome(run_program(program, args), status, says, advises);
}

#define RUN(status, says, advises, ...)                                                            \
	do {                                                                                       \
		const char *args[] = { "run", "--accel", "tcg", __VA_ARGS__, NULL };               \
		expect("balloonbench", args, status, says, advises);                               \
	} while (0)

static void wrong_options(void **state)
{
	const char *nothing[] = { NULL }, *wrong[] = { "fly", NULL }, *help[] = { "--help", NULL };

	(void)state;
	expect("balloonbench", nothing, 2, "Usage:", "doctor");
	expect("balloonbench", wrong, 2, "no command 'fly'", "--help");
	expect("balloonbench", help, 0, "EXAMPLES", "run");
	RUN(0, "EXAMPLES", "--boots", "--help");
	RUN(2, "--xylophone", "--help", "--xylophone");
	RUN(2, "--boots 0", "expected an integer in [1, 999]", "--boots", "0");
	RUN(2, "--boots many", "expected an integer in [1, 999]", "--boots", "many");
	RUN(2, "--pin 0-", "as in 0,2-3", "--pin", "0-");
	RUN(2, "--pin 4000", "as in 0,2-3", "--pin", "4000");
	RUN(2, "--accel xen: expected one of", "icount", "--accel", "xen", "--scenario", "smoke");
	RUN(2, "no suite 'tiny'", "default", "--suite", "tiny");
	RUN(2, "--scenario smoke: given twice", "--boots", "--scenario", "smoke", "--scenario",
	    "smoke");
	RUN(2, "unexpected argument: smoke", "--help", "smoke");
}

static void wrong_names(void **state)
{
	(void)state;
	RUN(2, "no scenario 'idel'", "idle", "--scenario", "idel");
	RUN(2, "no variant 'lists'", "balloonbench list", "--variant", "lists");
}

static void wrong_scenario_files(void **state)
{
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s",
		 write_file(test_dir, "s.ini", "[guest]\nmemory = 8 GB\n"));
	RUN(2, "s.ini:2: [guest] memory: '8 GB'", "8 GiB", "--scenario", path);
	snprintf(path, sizeof(path), "%s",
		 write_file(test_dir, "s.ini",
			    "[guest]\nmemory = 1 GiB\n[balloon]\ninflate = 2 GiB\n"));
	RUN(2, "[balloon] inflate: 2 GiB is more than [guest] memory = 1 GiB", NULL, "--scenario",
	    path);
	/* Larger than any machine that runs this test. */
	snprintf(path, sizeof(path), "%s",
		 write_file(test_dir, "s.ini",
			    "[guest]\nmemory = 16 TiB\n[balloon]\ninflate = 1 GiB\n"));
	RUN(4, "a guest of 16 TiB does not fit", "free memory", "--scenario", path);
}

static void wrong_output_directories(void **state)
{
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/full", test_dir);
	write_file(test_dir, "full/file", "precious");
	RUN(2, "full: File exists", "choose a new directory", "--scenario", "smoke", "-o", path);
	snprintf(path, sizeof(path), "%s/full/file/below", test_dir);
	RUN(3, "cannot create", "Not a directory", "--scenario", "smoke", "-o", path);
	snprintf(path, sizeof(path), "%s/caf\xe9", test_dir);
	RUN(2, "not UTF-8", NULL, "--scenario", "smoke", "-o", path);
	RUN(3, "cannot create /proc/x", NULL, "--scenario", "smoke", "-o", "/proc/x");
}

static void wrong_qemu(void **state)
{
	char out[256];

	(void)state;
	snprintf(out, sizeof(out), "%s/noexec", test_dir);
	setenv("QEMU", "/nowhere/qemu", 1);
	RUN(3, "no QEMU at /nowhere/qemu", "make deps", "--scenario", "smoke");
	setenv("QEMU", "/dev/null", 1);
	RUN(3, "cannot run /dev/null: Permission denied", NULL, "--scenario", "smoke", "--boots",
	    "1", "-o", out);
	unsetenv("QEMU");
}

/* A copy of the program reads the images.ini beside it. */
static void missing_kernels(void **state)
{
	(void)state;
	write_file(test_dir, "bin/images.ini",
		   "[initramfs]\npath = "
		   "images.ini\n"
		   "[qemu]\npath = /bin/true\n[cut finalize]\nimage = /nowhere/vmlinux\nrelease "
		   "= x\n"
		   "key = x\npatches_sha256 = x\n");
	expect_outcome(run_shell("cp '%1$s' '%2$s/bin/' && '%2$s/bin/balloonbench' run --scenario "
				 "smoke --variant finalize",
				 build_path("balloonbench"), test_dir),
		       3, "no kernel of cut 'finalize' at /nowhere/vmlinux; make all builds it");
}

static int tear_down(void **state)
{
	char small[256];

	/* of full_disk(), which may have failed */
	snprintf(small, sizeof(small), "%s/small", test_dir);
	umount2(small, MNT_DETACH);
	return test_dir_tear_down(state);
}

/* A tmpfs of 80 KiB is full after the first boot. */
static void full_disk(void **state)
{
	char small[256], out[300], fake[512];

	(void)state;
	snprintf(small, sizeof(small), "%s/small", test_dir);
	mkdir(small, 0755);
	if (mount("tmpfs", small, "tmpfs", 0, "size=80k") < 0)
		skip_test("mounting a tmpfs needs root");
	snprintf(out, sizeof(out), "%s/out", small);
	snprintf(fake, sizeof(fake), "%s", build_path("tests/helpers/fake-qemu/fake-qemu"));
	setenv("QEMU", fake, 1);
	setenv("FAKE_QEMU", "good", 1);
	RUN(3, "No space left on device", "free some space", "--scenario", "smoke", "--variant",
	    "finalize", "--boots", "50", "-o", out);
	unsetenv("QEMU");
	snprintf(out, sizeof(out), "%s/out/smoke/finalize/boot-01/result.json", small);
	assert_int_equal(access(out, R_OK), 0);
}

static void wrong_result_trees(void **state)
{
	const char *none[] = { "compare", NULL }, *missing[] = { "compare", "/nowhere", NULL };
	const char *empty[] = { "report", test_dir, NULL };

	(void)state;
	expect("balloonstat", none, 2, "missing argument: DIR: result tree", NULL);
	expect("balloonstat", missing, 3, "/nowhere: no results in it", NULL);
	expect("balloonstat", empty, 3, "no results in it", NULL);
}

static void dry_run_writes_nothing(void **state)
{
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/dry", test_dir);
	RUN(0, "virtio-balloon-pci", "smoke/finalize boot 2", "--scenario", "smoke", "--boots", "2",
	    "--dry-run", "-o", path);
	assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_options),
		cmocka_unit_test(wrong_names),
		cmocka_unit_test(wrong_scenario_files),
		cmocka_unit_test(wrong_output_directories),
		cmocka_unit_test(wrong_qemu),
		cmocka_unit_test(missing_kernels),
		cmocka_unit_test(full_disk),
		cmocka_unit_test(wrong_result_trees),
		cmocka_unit_test(dry_run_writes_nothing),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, tear_down);
}
