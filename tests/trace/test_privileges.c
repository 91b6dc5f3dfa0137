/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The programs drop privileges that they do not need. A user who is not root can do
 * everything but what the kernel reserves for root, and a message says what that is.
 */
#include "tests/helpers/unit.h"

#include <grp.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/exit_status.h"
#include "lib/privileges.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/kernel_file.h"
#include "tests/helpers/tiny.h"

#define NOBODY 65534

/* Images for a fake QEMU: files that everybody can read, and a kernel that has a release. */
static void write_images(void)
{
	struct test_bzimage kernel;
	char text[4096];

	write_file(test_dir, "data/file", "");
	test_bzimage_make(&kernel);
	test_put_bytes("data/kernel", &kernel, sizeof(kernel));
	snprintf(text, sizeof(text),
		 "[initramfs]\npath = %s\n"
		 "[qemu]\npath = %s\n[cut finalize]\nimage = %s\n"
		 "release = " KERNEL_RELEASE "\nkey = k\n"
		 "patches_sha256 = 0\n",
		 in_test_dir("data/file"), build_path("tests/helpers/fake-qemu/fake-qemu"),
		 in_test_dir("data/kernel"));
	write_file(test_dir, "data/images.ini", text);
	write_file(test_dir, "data/variants.ini", "[finalize]\ncut = finalize\n");
	write_file(test_dir, "data/suites.ini",
		   "[default]\nscenarios = tiny\nvariants = finalize\n");
	write_file(test_dir, "data/scenarios/tiny.ini",
		   "[guest]\nmemory = 256 MiB\n[balloon]\ninflate = 64 MiB\n[run]\ncycles = 1\n");
}

static int set_up(void **state)
{
	mode_t old = umask(022);

	test_dir_set_up(state);
	chmod(test_dir, 01777);
	write_images();
	umask(old);
	unsetenv("QEMU");
	setenv("FAKE_QEMU", "good", 1);
	setenv("BALLOONBENCH_DATA", in_test_dir("data"), 1);
	return 0;
}

/* Become nobody with ambient capabilities, or exit. */
static void become_nobody(uint64_t capabilities)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	int i;

	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setgroups(0, NULL) || setgid(NOBODY) ||
	    setuid(NOBODY))
		_exit(100);
	for (i = 0; i < 2; i++) {
		uint32_t half = capabilities >> (32 * i);

		data[i] = (struct __user_cap_data_struct){ half, half, half };
	}
	if (syscall(SYS_capset, &header, data))
		_exit(101);
	for (i = 0; i < 64; i++)
		if (capabilities & CAPABILITY(i))
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0);
}

/* Run a program as nobody; check its status and a part of its output. */
static void expect_as_nobody(uint64_t capabilities, const char *program, const char *const *args,
			     int status, const char *says)
{
	struct outcome outcome;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		become_nobody(capabilities);
		outcome = run_program(program, args);
		if (outcome.status == status && strstr(outcome.output, says))
			_exit(0);
		printf("# status %d, expected %d and '%s': %s\n", outcome.status, status, says,
		       outcome.output);
		fflush(stdout);
		_exit(1);
	}
	assert_int_equal(wait_program(pid), 0);
}

static bool nobody_can_run_it(void)
{
	pid_t pid = fork();

	if (!pid) {
		become_nobody(0);
		_exit(access(build_path("balloonbench"), X_OK) ? 1 : 0);
	}
	return !wait_program(pid);
}

static void needs_root(void)
{
	if (geteuid())
		skip_test("only root can become another user");
	if (!nobody_can_run_it())
		skip_test("other users cannot run %s", build_path("balloonbench"));
}

static uint64_t capabilities_of(pid_t pid, const char *which)
{
	unsigned long long set = 0;
	char path[64], *text, *at;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	text = read_file(path);
	at = text ? strstr(text, which) : NULL;
	if (!at || sscanf(at + strlen(which), ": %llx", &set) != 1)
		fail_msg("no %s of process %d", which, (int)pid);
	free(text);
	return set;
}

static void expect_dropped(const char *program, const char *const *args, uint64_t kept)
{
	static const char *const sets[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" };
	pid_t pid = start_program(program, args);
	uint64_t extra = 1;
	int tries;
	size_t i;

	for (tries = 0; tries < 500 && extra; tries++) {
		usleep(10000);
		for (i = 0, extra = 0; i < 5; i++)
			extra |= capabilities_of(pid, sets[i]) & ~kept;
	}
	kill(pid, SIGINT);
	wait_program(pid);
	if (extra)
		fail_msg("%s keeps capabilities %llx", program, (unsigned long long)extra);
}

static void privileges_are_dropped(void **state)
{
	(void)state;
	needs_root();
	expect_dropped("balloontrace", (const char *[]){ "host", "--duration", "60", NULL },
		       CAPABILITIES_TO_TRACE);
	expect_dropped("balloonbench",
		       (const char *[]){ "run", "--scenario", "tiny", "--variant", "finalize",
					 "--accel", "tcg", "--boots", "900", "-q", "-o",
					 in_test_dir("dropped"), NULL },
		       CAPABILITIES_TO_TRACE | CAPABILITY(CAP_SETUID) | CAPABILITY(CAP_SETGID) |
			       CAPABILITY(CAP_SYS_CHROOT) | CAPABILITY(CAP_KILL) |
			       CAPABILITY(CAP_DAC_OVERRIDE) | CAPABILITY(CAP_SYS_NICE));
}

static void without_root(void **state)
{
	const char *out = in_test_dir("as-nobody");
	json_t *result;

	(void)state;
	needs_root();
	expect_as_nobody(0, "balloonbench", (const char *[]){ "list", NULL }, EXIT_FINE, "tiny");
	/* The fake QEMU does not answer --version. */
	expect_as_nobody(0, "balloonbench", (const char *[]){ "doctor", NULL }, EXIT_ENVIRONMENT,
			 "CAP_BPF and CAP_PERFMON");
	expect_as_nobody(0, "balloonbench",
			 (const char *[]){ "run", "--scenario", "tiny", "--variant", "finalize",
					   "--boots", "1", "--accel", "tcg", "--trace", "phases",
					   "-o", out, NULL },
			 EXIT_ENVIRONMENT, "the host is not observed");
	/* The fake guest does not trace, and the boot above is invalid. */
	out = in_test_dir("untraced");
	expect_as_nobody(0, "balloonbench",
			 (const char *[]){ "run", "--scenario", "tiny", "--variant", "finalize",
					   "--boots", "1", "--accel", "tcg", "--trace", "off", "-o",
					   out, NULL },
			 EXIT_FINE, "1 boots ok");
	result = tiny_result("untraced", 1);
	assert_string_equal(text_of(result, "status"), "ok");
	json_decref(result);
	expect_as_nobody(0, "balloonstat", (const char *[]){ "compare", out, NULL },
			 EXIT_INCONCLUSIVE, "inflate.duration_ns");
	expect_as_nobody(0, "balloontrace", (const char *[]){ "host", "--list", NULL },
			 EXIT_ENVIRONMENT, "run it as root, or with CAP_BPF and CAP_PERFMON");
}

/* Capabilities are enough to trace. */
static void capabilities_without_root(void **state)
{
	const uint64_t wanted = CAPABILITY(CAP_BPF) | CAPABILITY(CAP_PERFMON) |
				CAPABILITY(CAP_SYS_ADMIN) | CAPABILITY(CAP_DAC_READ_SEARCH);
	struct outcome outcome;
	int traces;

	(void)state;
	needs_root();
	outcome = run_program("balloontrace", (const char *[]){ "host", "--list", NULL });
	traces = outcome.status == EXIT_FINE;
	outcome_release(&outcome);
	if (!traces || (capabilities_of(getpid(), "CapPrm") & wanted) != wanted)
		skip_test("root cannot trace on this machine");
	expect_as_nobody(wanted, "balloontrace", (const char *[]){ "host", "--list", NULL },
			 EXIT_FINE, "madvise");
}

/* Root of a container: what is missing is said. */
static void root_without_capabilities(void **state)
{
	struct outcome outcome;
	pid_t pid;

	(void)state;
	if (geteuid())
		skip_test("only root has a bounding set to lower");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		prctl(PR_CAPBSET_DROP, CAP_BPF, 0, 0, 0);
		prctl(PR_CAPBSET_DROP, CAP_PERFMON, 0, 0, 0);
		prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0);
		outcome = run_program("balloontrace", (const char *[]){ "host", "--list", NULL });
		_exit(outcome.status != EXIT_ENVIRONMENT ||
		      !strstr(outcome.output, "missing here: CAP_BPF and CAP_PERFMON; add them"));
	}
	assert_int_equal(wait_program(pid), 0);
}

static void root_of_a_user_namespace(void **state)
{
	struct outcome outcome;

	(void)state;
	outcome = run_shell("unshare -Ur true");
	if (outcome.status)
		skip_test("no user namespace: %s", outcome.output);
	outcome_release(&outcome);
	expect_outcome(run_shell("unshare -Ur %s host --list", build_path("balloontrace")),
		       EXIT_ENVIRONMENT, "this is a user namespace", "run it in the initial");
}

static void unreadable_image(void **state)
{
	(void)state;
	needs_root();
	assert_int_equal(chmod(in_test_dir("data/file"), 0600), 0);
	expect_as_nobody(0, "balloonbench",
			 (const char *[]){ "run", "--scenario", "tiny", "--variant", "finalize",
					   "--boots", "1", "-o", in_test_dir("unread"), NULL },
			 EXIT_ENVIRONMENT, "Permission denied; BALLOONBENCH_CACHE=DIR");
	assert_int_equal(chmod(in_test_dir("data/file"), 0644), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(privileges_are_dropped),
		cmocka_unit_test(without_root),
		cmocka_unit_test(capabilities_without_root),
		cmocka_unit_test(root_without_capabilities),
		cmocka_unit_test(root_of_a_user_namespace),
		cmocka_unit_test(unreadable_image),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}
