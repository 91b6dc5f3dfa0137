/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which programs are virtual machine monitors, and what their machines are called. */
#include "tests/helpers/unit.h"

#include <string.h>

#include "bpf/monitor.h"

static void names_of_programs(void **state)
{
	static const struct {
		const char *name, *monitor;
	} cases[] = {
		{ "/usr/bin/qemu-system-x86_64", "QEMU" },
		{ "/usr/bin/qemu-system-aarch64 (deleted)", "QEMU" },
		{ "/usr/libexec/qemu-kvm", "QEMU" },
		{ "/usr/bin/kvm", "QEMU" },
		{ "/nix/store/x/bin/.qemu-system-x86_64-wrapped", "QEMU" },
		{ "/usr/bin/.qemu-kvm-wrapped (deleted)", "QEMU" },
		{ "/usr/bin/cloud-hypervisor", "cloud-hypervisor" },
		{ "cloud-hypervisor-static", "cloud-hypervisor" },
		{ "/opt/crosvm", "crosvm" },
		{ "firecracker-v1.9.1-x86_64", "firecracker" },
		{ "/usr/bin/krunvm", "libkrun" },
		{ "/usr/bin/muvm", "libkrun" },
		{ "/usr/bin/lkvm", "kvmtool" },
		{ "/usr/bin/qemu-img", NULL },
		{ "/usr/bin/qemu-ga", NULL },
		{ "/usr/bin/kvmtool-doc", NULL },
		{ "/usr/bin/kvm (copy)", NULL },
		{ "/home/qemu-system-x86_64/bin/sh", NULL },
		{ "kvm-nx-lpage-recovery", NULL },
		{ "", NULL },
		{ ".", NULL },
		{ " (deleted)", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *monitor = monitor_by_name(cases[i].name, false);

		if (!cases[i].monitor != !monitor || (monitor && strcmp(monitor, cases[i].monitor)))
			fail_msg("'%s' is %s", cases[i].name, monitor ?: "no monitor");
	}
}

/* The kernel cuts the name of a thread. */
static void names_of_threads(void **state)
{
	(void)state;
	assert_string_equal(monitor_by_name("qemu-system-x86", true), "QEMU");
	assert_string_equal(monitor_by_name("cloud-hyperviso", true), "cloud-hypervisor");
	assert_null(monitor_by_name("cloud-hyperviso", false));
	assert_null(monitor_by_name("cloud-hyper", true));
	assert_null(monitor_by_name("qemu-img", true));
}

#define ARGUMENTS(text) text, sizeof(text)

static void names_in_arguments(void **state)
{
	static const struct {
		const char *arguments;
		size_t size;
		const char *vm;
	} cases[] = {
		{ ARGUMENTS("qemu\0-m\0"
			    "1G\0-name\0guest=web,debug-threads=on"),
		  "web" },
		{ ARGUMENTS("qemu\0-name\0web,process=qemu:web"), "web" },
		{ ARGUMENTS("qemu\0--name=a,,b,debug-threads=on"), "a,b" },
		{ ARGUMENTS("firecracker\0--id\0"
			    "551e7604\0--api-sock\0/run/x.sock"),
		  "551e7604" },
		{ ARGUMENTS("firecracker\0--api-sock\0/run/small.sock"), "small" },
		{ ARGUMENTS("cloud-hypervisor\0--api-socket=path=/run/ch/db.sock"), "db" },
		{ ARGUMENTS("crosvm\0run\0--name\0term\0vmlinux"), "term" },
		{ ARGUMENTS("crosvm\0run\0-s\0x\0--socket\0/tmp/.hidden"), ".hidden" },
		/* Kata Containers: the directory of a sandbox has its name. */
		{ ARGUMENTS("cloud-hypervisor\0--api-socket\0/run/vc/vm/3f1c/clh-api.sock"),
		  "3f1c" },
		{ ARGUMENTS("firecracker\0--api-sock\0/srv/vm7/firecracker.socket"), "vm7" },
		{ ARGUMENTS("firecracker\0--api-sock\0/run/firecracker.socket"), NULL },
		{ ARGUMENTS("firecracker\0--api-sock\0api.sock"), NULL },
		{ ARGUMENTS("cloud-hypervisor\0--api-socket\0fd=3"), NULL },
		{ ARGUMENTS("qemu\0-name"), NULL },
		{ ARGUMENTS("qemu\0-name\0guest=,x=y"), NULL },
		{ ARGUMENTS("qemu\0-names\0web"), NULL },
		{ ARGUMENTS("-name"), NULL },
		{ ARGUMENTS("qemu"), NULL },
		{ "", 0, NULL },
		{ "qemu\0-name\0cut", 14, NULL },
	};
	char vm[32];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool found =
			monitor_vm_by_arguments(cases[i].arguments, cases[i].size, vm, sizeof(vm));

		if (found != !!cases[i].vm || (found && strcmp(vm, cases[i].vm)))
			fail_msg("case %zu: %s", i, found ? vm : "none");
	}
}

static void long_names_are_cut(void **state)
{
	char vm[8];

	(void)state;
	assert_true(monitor_vm_by_arguments(ARGUMENTS("q\0-name\0guest=0123456789"), vm, 8));
	assert_string_equal(vm, "0123456");
	assert_true(monitor_vm_by_arguments(ARGUMENTS("q\0--id\0"
						      "0123456789"),
					    vm, 8));
	assert_string_equal(vm, "0123456");
}

static void names_in_control_groups(void **state)
{
	static const struct {
		const char *cgroups, *vm;
	} cases[] = {
		{ "0::/machine.slice/machine-qemu\\x2d3\\x2dweb\\x2d1.scope/libvirt/emulator\n",
		  "web-1" },
		{ "4:memory:/machine/db.libvirt-qemu/emulator\n", "db" },
		{ "0::/machine.slice/machine-nspawn.scope\n", "nspawn" },
		{ "0::/lxc.monitor.u1\n", "u1" },
		{ "0::/qemu.slice/104.scope\n", "104" },
		{ "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a_b.slice/"
		  "cri-containerd-1f.scope\n",
		  "0a-b" },
		{ "2:cpu:/kubepods/besteffort/pod0a-b/1f\n", "0a-b" },
		{ "0::/machine.slice/libpod-0123456789abcdef0123.scope/container\n",
		  "0123456789ab" },
		{ "0::/system.slice/docker-0123456789abcdef0123.scope\n", "0123456789ab" },
		{ "3:memory:/docker/0123456789abcdef0123\n", "0123456789ab" },
		{ "0::/machine.slice/machine-qemu\\x2d3\\x2dweb\n0::/x.scope\n", NULL },
		{ "0::/user.slice/user-0.slice/session-1.scope\n", NULL },
		{ "0::/machine-.scope\n", NULL },
		{ "0::/\n", NULL },
		{ "", NULL },
	};
	char vm[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool found = monitor_vm_by_cgroup(cases[i].cgroups, vm, sizeof(vm));

		if (found != !!cases[i].vm || (found && strcmp(vm, cases[i].vm)))
			fail_msg("case %zu: %s", i, found ? vm : "none");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_programs),	   cmocka_unit_test(names_of_threads),
		cmocka_unit_test(names_in_arguments),	   cmocka_unit_test(long_names_are_cut),
		cmocka_unit_test(names_in_control_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
