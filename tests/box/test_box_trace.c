/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloontrace on the kernels of Debian, each in a guest under TCG that traces itself. The host's
 * side: the verifier takes its programs, and every call of 60 processes is counted. The guest's:
 * what it says of a driver that is not loaded, has no device, or no BTF, and what it sees of
 * reports of free pages. A kernel that the archive does not have any more is skipped.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bench/build/ready.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"

#define PROCESSES 60
#define CALLS 80

static int set_up(void **state)
{
	test_dir_set_up(state);
	expect_outcome(
		run_shell("cd %1$s && mkdir -p root/modules && "
			  "cp %2$s/balloontrace-static root/balloontrace && "
			  "cp %2$s/tests/helpers/advise/advise-static root/qemu-system-x86_64 && "
			  "cp %2$s/tests/helpers/trace-init/trace-init root/init",
			  test_dir, TEST_BUILD),
		0, "");
	return 0;
}

/* The archive that a guest boots: the programs, and the modules of its kernel. */
static void pack(const struct ready_kernel *kernel)
{
	expect_outcome(run_shell("cd %s/root && rm -rf modules && cpio -id --quiet <%s && "
				 "objcopy --remove-section .BTF modules/virtio_balloon.ko "
				 "modules/without-btf.ko && "
				 "find . | cpio -o -H newc --quiet >../root.cpio",
				 test_dir, kernel->modules),
		       0, "");
}

/* What a guest prints: with this kernel, its /init in this mode, and this device. */
static char *run_guest(const char *version, const char *mode, const char *device)
{
	struct ready_kernel kernel;
	struct outcome outcome;
	char err[1024];

	if (debian_kernel(version, &kernel, err, sizeof(err))) {
		ready_kernel_release(&kernel);
		skip_test("no kernel %s of Debian: %s", version, err);
	}
	pack(&kernel);
	outcome =
		run_shell("timeout 900 qemu-system-x86_64 -accel tcg -m 1G -smp 2 -nodefaults "
			  "-nographic -serial stdio -no-reboot -kernel %s -initrd %s/root.cpio %s "
			  "-append 'console=ttyS0 panic=-1 quiet no_timer_check -- %s' </dev/null "
			  "| tr -d '\\r'",
			  kernel.image, test_dir, device, mode);
	ready_kernel_release(&kernel);
	assert_lacks(outcome.output, "=== failed");
	return outcome.output;
}

/* The JSON object that the tracer printed. */
static json_t *traced_in(const char *text)
{
	const char *begin = strstr(text, "=== begin");
	json_t *json;

	if (!begin || !strstr(begin, "=== end, status 0"))
		fail_msg("%s", text);
	json = json_loads(strchr(begin, '{'), JSON_DISABLE_EOF_CHECK, NULL);
	assert_non_null(json);
	return json;
}

static void trace_host_in(const char *version)
{
	char *text = run_guest(version, "host", "");
	json_t *json = traced_in(text);
	json_int_t calls = 0, late;
	const json_t *process, *cold;
	size_t i;

	/* A slow tracer is late for some of the short ones, and says for how many. */
	late = number_of(json, "late_processes");
	assert_at_least(size_of(json, "processes") + late, PROCESSES);
	json_array_foreach (json_object_get(json, "processes"), i, process) {
		cold = json_at(process, "calls.cold.calls");
		calls += json_integer_value(cold);
	}
	assert_at_least(calls + late * CALLS, PROCESSES * CALLS);
	assert_at_most(late, PROCESSES / 2);
	assert_number(number_of(json, "counters.lost_pairs"), 0);
	json_decref(json);
	free(text);
}

/* What it says in one of the states, and how it ends. */
static void expect_in_state(const char *text, const char *name, int status, const char *says)
{
	char title[64], end[64], *state;
	const char *begin, *stop;

	snprintf(title, sizeof(title), "=== %s\n", name);
	snprintf(end, sizeof(end), "=== end, status %d\n", status);
	begin = strstr(text, title);
	stop = begin ? strstr(begin, "=== end") : NULL;
	if (!stop || strncmp(stop, end, strlen(end)))
		fail_msg("expected '%s' after '%s' in: %s", end, name, text);
	state = strndup(begin, stop - begin);
	assert_contains(state, says);
	free(state);
}

static void trace_guest_in(const char *version)
{
	char *text = run_guest(version, "driver", "-device virtio-balloon-pci");

	expect_in_state(text, "not loaded", 4,
			"the driver virtio_balloon is neither built in nor loaded; modprobe");
	expect_in_state(text, "loaded", 0, "fentry and fexit");
	expect_in_state(text, "without a device", 0, "is loaded and has no device");
	expect_in_state(text, "without BTF", 4, "the module has no BTF");
	expect_in_state(text, "without BTF, by kprobes", 0, "kprobe and kretprobe");
	free(text);
}

static void host_of_6_1(void **state)
{
	(void)state;
	trace_host_in("6.1");
}

static void host_of_6_12(void **state)
{
	(void)state;
	trace_host_in("6.12");
}

static void host_of_7_3(void **state)
{
	(void)state;
	trace_host_in("7.3");
}

static void guest_of_6_1(void **state)
{
	(void)state;
	trace_guest_in("6.1");
}

static void guest_of_6_12(void **state)
{
	(void)state;
	trace_guest_in("6.12");
}

static void guest_of_7_3(void **state)
{
	(void)state;
	trace_guest_in("7.3");
}

/* Half of the free memory was filled and freed: most of it is in large blocks, and reported. */
static void reports_of_free_pages(void **state)
{
	char *text =
		run_guest("6.12", "report", "-device virtio-balloon-pci,free-page-reporting=on");
	json_t *json = traced_in(text);

	(void)state;
	assert_at_least(number_of(json, "freed.reported_bytes"), 256 << 20);
	assert_at_least(number_of(json, "ops.report.count"), 1);
	assert_above(number_of(json, "ops.report.histogram.min"), 0);
	json_decref(json);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_of_6_1),		 cmocka_unit_test(host_of_6_12),
		cmocka_unit_test(host_of_7_3),		 cmocka_unit_test(guest_of_6_1),
		cmocka_unit_test(guest_of_6_12),	 cmocka_unit_test(guest_of_7_3),
		cmocka_unit_test(reports_of_free_pages),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}
