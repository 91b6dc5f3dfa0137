/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worked examples of balloontrace(1), each with the symptom that it is about: a virtual machine
 * of Debian's kernel and QEMU under TCG. EXAMPLES=DIR keeps what the tracer prints.
 */
#include "tests/helpers/unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench/build/ready.h"
#include "bench/vm/qmp.h"
#include "lib/clock.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/host_tracing.h"

#define MIB (1ULL << 20)
#define PATIENCE_S 300

static pid_t vm;
static struct qmp *qmp;

static uint64_t patience(void)
{
	return deadline_in_ms(PATIENCE_S * 1000);
}

static struct ready_kernel kernel;

static int set_up(void **state)
{
	char err[1024];

	test_dir_set_up(state);
	if (debian_kernel("6.12", &kernel, err, sizeof(err))) {
		print_message("# no kernel of Debian: %s\n", err);
		return 0;
	}
	expect_outcome(run_shell("cd %1$s && mkdir root && cd root && cpio -id --quiet <%3$s && "
				 "cp %2$s/balloontrace-static balloontrace && "
				 "cp %2$s/tests/helpers/trace-init/trace-init init && "
				 "find . | cpio -o -H newc --quiet >../root.cpio",
				 test_dir, TEST_BUILD, kernel.modules),
		       0, "");
	return 0;
}

static int tear_down(void **state)
{
	ready_kernel_release(&kernel);
	return test_dir_tear_down(state);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	AWAIT(!connect(fd, (struct sockaddr *)&address, sizeof(address)));
	return fd;
}

/* A guest of 512 MiB with /init in this mode; it is ready, and has no balloon yet. */
static void start_vm(const char *mode, const char *options)
{
	char command[4096];

	if (!kernel.image)
		skip_test("no kernel of Debian");
	snprintf(command, sizeof(command),
		 "cd %1$s && rm -f console && exec 2>vm.log && exec qemu-system-x86_64 -name "
		 "guest=web -accel tcg "
		 "-m 512 -nodefaults -display none -no-reboot -serial file:console -kernel %2$s "
		 "-initrd root.cpio -append 'console=ttyS0 panic=-1 quiet no_timer_check -- %3$s' "
		 "%4$s "
		 "-qmp unix:management,server=on,wait=off -qmp unix:tracing,server=on,wait=off",
		 test_dir, kernel.image, mode, options);
	vm = fork();
	if (!vm) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/bin/bash", "bash", "-c", command, NULL);
		_exit(127);
	}
	AWAIT_WITHIN(PATIENCE_S, count_in_file(in_test_dir("console"), "=== ready") || kill(vm, 0));
	assert_int_equal(qmp_open(&qmp, connect_to(in_test_dir("management")), NULL, patience()),
			 0);
}

static int end_vm(void **state)
{
	(void)state;
	qmp_close(qmp);
	qmp = NULL;
	if (vm > 0) {
		kill(vm, SIGKILL);
		wait_program(vm);
	}
	vm = 0;
	return 0;
}

static bool has_memory(uint64_t bytes)
{
	uint64_t actual;

	assert_int_equal(qmp_balloon_actual(qmp, &actual, patience()), 0);
	return actual == bytes;
}

/* What management does. */
static void resize(uint64_t bytes)
{
	assert_int_equal(qmp_balloon_target(qmp, bytes, patience()), 0);
	AWAIT_WITHIN(PATIENCE_S, has_memory(bytes));
}

static void keep(const char *name, const char *text)
{
	if (getenv("EXAMPLES"))
		write_file(getenv("EXAMPLES"), name, text);
}

static void trace(struct host_tracing *tracing)
{
	static char id[16];
	static char socket[512];

	snprintf(id, sizeof(id), "%d", (int)vm);
	snprintf(socket, sizeof(socket), "%s", in_test_dir("tracing"));
	host_tracing_start(tracing, (const char *[]){ "host", "-p", id, "--qmp", socket, NULL });
}

/* The balloon is inflated, and the memory of the host does not come back. */
static void a_machine_that_does_not_shrink(void **state)
{
	struct host_tracing tracing;

	(void)state;
	skip_without_tracer();
	start_vm("idle", "-overcommit mem-lock=on -device "
			 "virtio-balloon-pci,guest-stats-polling-interval=1");
	trace(&tracing);
	resize(256 * MIB);
	host_tracing_end(&tracing);
	keep("shrink", tracing.output);
	assert_contains(tracing.output, "balloon: the guest has 256 MiB");
	assert_contains(tracing.output, "65536 errors: EINVAL 65536");
	assert_contains(tracing.output, "memory is locked: MADV_DONTNEED of it fails with EINVAL");
	host_tracing_release(&tracing);
}

/* Calls of single pages split huge ones. */
static void a_host_whose_huge_pages_vanish(void **state)
{
	struct host_tracing tracing;

	(void)state;
	skip_without_tracer();
	start_vm("refill", "-object memory-backend-ram,id=ram,size=512M,prealloc=on "
			   "-machine memory-backend=ram -device "
			   "virtio-balloon-pci,guest-stats-polling-interval=1");
	trace(&tracing);
	resize(256 * MIB);
	resize(512 * MIB);
	AWAIT_WITHIN(PATIENCE_S, count_in_file(in_test_dir("console"), "=== refilled"));
	host_tracing_end(&tracing);
	keep("huge", tracing.output);
	assert_contains(tracing.output, "in huge pages");
	assert_contains(tracing.output, "65536 calls");
	host_tracing_release(&tracing);
}

/* The guest gets its memory back by its OOM notifier only. */
static void a_guest_that_stalls(void **state)
{
	const char *begin;
	char *console;

	(void)state;
	start_vm("stall", "-device virtio-balloon-pci,deflate-on-oom=on");
	assert_int_equal(qmp_balloon_target(qmp, 224 * MIB, patience()), 0);
	AWAIT_WITHIN(PATIENCE_S, count_in_file(in_test_dir("console"), "=== end"));
	console = read_file(in_test_dir("console"));
	begin = strstr(console, "=== begin");
	assert_non_null(begin);
	keep("stall", console);
	assert_contains(begin, "out of memory, per call");
	assert_contains(begin, "=== end, status 0");
	free(console);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_machine_that_does_not_shrink, end_vm),
		cmocka_unit_test_teardown(a_host_whose_huge_pages_vanish, end_vm),
		cmocka_unit_test_teardown(a_guest_that_stalls, end_vm),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
