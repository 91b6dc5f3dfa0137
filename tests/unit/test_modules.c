/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The modules of a kernel, from the directories that users have, as an archive for the guest.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/build/modules.h"
#include "tests/helpers/files.h"
#include "tests/helpers/kernel_file.h"
#include "tests/helpers/program.h"

#define RELEASE "6.12.9-test+"
#define DIRECTORY "root/lib/modules/" RELEASE
#define DRIVERS DIRECTORY "/kernel/drivers/virtio/"

static char err[512];

static void shell(const char *command)
{
	struct outcome outcome = run_shell("cd '%s' && %s", test_dir, command);

	if (outcome.status)
		fail_msg("%s: %s", command, outcome.output);
	outcome_release(&outcome);
}

/* As a distribution has them: dependencies, a compressed one, a dash in a name, one built in. */
static int set_up(void **state)
{
	(void)state;
	remove_tree(in_test_dir("root"));
	remove_tree(in_test_dir("m.cpio"));
	test_put_module(DRIVERS "virtio_ring.ko", RELEASE, "");
	test_put_module(DRIVERS "virtio.ko", RELEASE, "virtio_ring");
	test_put_module(DRIVERS "virtio-pci-lib.ko", RELEASE, "");
	test_put_module(DRIVERS "virtio_pci.ko", RELEASE, "virtio,virtio_ring,virtio_pci_lib");
	test_put_module(DRIVERS "virtio_balloon.ko", RELEASE, "virtio,virtio_ring");
	test_put_module(DRIVERS "virtio_net.ko", RELEASE, "virtio,net_failover");
	write_file(test_dir, DIRECTORY "/modules.builtin",
		   "kernel/drivers/char/virtio_console.ko\n");
	return 0;
}

static int pack_for(const char *dir, enum modules_for whom)
{
	err[0] = '\0';
	return modules_pack(in_test_dir(dir), RELEASE, whom, in_test_dir("m.cpio"), err,
			    sizeof(err));
}

static int pack(const char *dir)
{
	return pack_for(dir, MODULES_OF_GUEST);
}

/* As cpio(1) unpacks it. */
static void expect_order(const char *dir, int count, const char *order)
{
	char *text;
	int n = pack(dir);

	if (n < 0)
		fail_msg("%s", err);
	assert_int_equal(n, count);
	shell("rm -rf out && mkdir out && cd out && cpio -i --quiet -d <../m.cpio");
	text = read_file(in_test_dir("out/modules/order"));
	assert_string_equal(text, order);
	free(text);
	shell("cd out/modules && cmp virtio_balloon.ko ../../kept.ko && "
	      "[ $(ls *.ko | wc -l) = $(wc -l <order) ]");
}

static void expect_refused(const char *dir, int status, const char *part)
{
	assert_int_equal(pack(dir), status);
	assert_contains(err, part);
	assert_null(strchr(err, '\n'));
	assert_int_equal(access(in_test_dir("m.cpio"), F_OK), -1);
}

static void the_directories_of_users(void **state)
{
	static const char order[] = "virtio_ring\nvirtio\nvirtio_pci_lib\nvirtio_pci\n"
				    "virtio_balloon\n";

	(void)state;
	shell("cp " DRIVERS "virtio_balloon.ko kept.ko");
	expect_order("root", 5, order);
	expect_order(DIRECTORY, 5, order);
	shell("mkdir root/usr && mv root/lib root/usr");
	expect_order("root", 5, order);
	/* By any name: the modules tell what they belong to. */
	shell("mv root/usr/lib/modules/" RELEASE " root/mine");
	expect_order("root/mine", 5, order);
}

static void compressed_modules(void **state)
{
	static const char *const programs[] = { "xz", "gzip", "zstd -q --rm" };
	char command[128];
	size_t i;

	(void)state;
	shell("cp " DRIVERS "virtio_balloon.ko kept.ko");
	for (i = 0; i < 3; i++) {
		if (i == 2 && system("zstd -V >/dev/null 2>&1"))
			break;
		set_up(NULL);
		snprintf(command, sizeof(command), "%s " DRIVERS "*.ko", programs[i]);
		shell(command);
		expect_order("root", 5,
			     "virtio_ring\nvirtio\nvirtio_pci_lib\nvirtio_pci\nvirtio_balloon\n");
	}
	shell("rm m.cpio; for f in " DRIVERS "virtio_pci.ko.*; do printf x >$f; done");
	expect_refused("root", -EINVAL, "cannot unpack");
}

static void virtio_mem_and_updates(void **state)
{
	(void)state;
	test_put_module(DRIVERS "virtio_mem.ko", RELEASE, "virtio");
	test_put_module(DIRECTORY "/updates/virtio_balloon.ko", RELEASE, "");
	shell("echo more >>" DIRECTORY "/updates/virtio_balloon.ko && "
	      "cp " DIRECTORY "/updates/virtio_balloon.ko kept.ko");
	expect_order(
		"root", 6,
		"virtio_ring\nvirtio\nvirtio_pci_lib\nvirtio_pci\nvirtio_balloon\nvirtio_mem\n");
}

static void all_built_in(void **state)
{
	static const char builtin[] = "kernel/virtio_pci.ko\nkernel/virtio_console.ko\n"
				      "kernel/virtio_balloon.ko\n";

	(void)state;
	remove_tree(in_test_dir("root"));
	write_file(test_dir, DIRECTORY "/modules.builtin", builtin);
	assert_int_equal(pack("root"), 0);
	assert_int_equal(access(in_test_dir("m.cpio"), F_OK), -1);
	write_file(test_dir, "root/other/modules.builtin", builtin);
	expect_refused("root/other", -EINVAL, "tells that it is of the kernel " RELEASE);
}

static void what_is_missing(void **state)
{
	(void)state;
	shell("rm " DRIVERS "virtio_ring.ko");
	expect_refused("root", -EINVAL, "no module virtio_ring in");
	assert_contains(err, "virtio needs it");
	shell("rm " DRIVERS "virtio_pci.ko");
	expect_refused("root", -EINVAL, "no module virtio_pci in");
	assert_contains(err, "CONFIG_VIRTIO_PCI");
	shell("rm " DIRECTORY "/modules.builtin");
	expect_refused("root", -EINVAL, "no modules.builtin there");
	expect_refused("nowhere", -ENOENT, "No such file");
	shell("mkdir -p empty");
	expect_refused("empty", -EINVAL, "--modules takes lib/modules/" RELEASE);
}

static void modules_of_another_kernel(void **state)
{
	(void)state;
	test_put_module(DRIVERS "virtio_ring.ko", "6.12.9-test", "");
	expect_refused("root", -EINVAL, "is a module of 6.12.9-test, and the kernel is " RELEASE);
	shell("mv " DIRECTORY " root/lib/modules/5.1.0");
	expect_refused("root", -EINVAL, "has the modules of 5.1.0, and the kernel is " RELEASE);
}

static void modules_that_are_none(void **state)
{
	size_t i;

	(void)state;
	write_file(test_dir, DRIVERS "virtio_balloon.ko", "text");
	expect_refused("root", -EINVAL, "virtio_balloon.ko is not a module");
	test_put_module(DRIVERS "virtio_ring.ko", RELEASE, "virtio_pci");
	expect_refused("root", -EINVAL, "depends on itself");
	/* Cut off anywhere. */
	for (i = 0; i < 400; i += 7) {
		test_put_module(DRIVERS "virtio_pci.ko", RELEASE, "");
		assert_int_equal(truncate(in_test_dir(DRIVERS "virtio_pci.ko"), i), 0);
		assert_int_equal(pack("root"), -EINVAL);
	}
}

/* A guest that is a host needs KVM, and no balloon. */
static void a_host_has_kvm(void **state)
{
	char *text;

	(void)state;
	assert_int_equal(pack_for("root", MODULES_OF_HOST), -EINVAL);
	assert_contains(err, "CONFIG_KVM_AMD");
	test_put_module(DIRECTORY "/kernel/virt/lib/irqbypass.ko", RELEASE, "");
	test_put_module(DIRECTORY "/kernel/arch/x86/kvm/kvm.ko", RELEASE, "irqbypass");
	test_put_module(DIRECTORY "/kernel/arch/x86/kvm/kvm-amd.ko", RELEASE, "kvm");
	test_put_module(DIRECTORY "/kernel/arch/x86/kvm/kvm-intel.ko", RELEASE, "kvm");
	assert_int_equal(pack_for("root", MODULES_OF_HOST), 8);
	shell("rm -rf out && mkdir out && cd out && cpio -i --quiet -d <../m.cpio");
	text = read_file(in_test_dir("out/modules/order"));
	assert_string_equal(text,
			    "virtio_ring\nvirtio\nvirtio_pci_lib\nvirtio_pci\nirqbypass\nkvm\n"
			    "kvm_amd\nkvm_intel\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_directories_of_users, set_up),
		cmocka_unit_test_setup(a_host_has_kvm, set_up),
		cmocka_unit_test_setup(compressed_modules, set_up),
		cmocka_unit_test_setup(virtio_mem_and_updates, set_up),
		cmocka_unit_test_setup(all_built_in, set_up),
		cmocka_unit_test_setup(what_is_missing, set_up),
		cmocka_unit_test_setup(modules_of_another_kernel, set_up),
		cmocka_unit_test_setup(modules_that_are_none, set_up),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
