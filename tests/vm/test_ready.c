/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels of Debian, whose drivers are modules, as ready kernels: they boot, the agent loads the
 * modules, and the balloon goes up and down. What is missing is one clear line.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/build/cpio.h"
#include "bench/build/ready.h"
#include "lib/alloc.h"
#include "tests/helpers/files.h"
#include "tests/helpers/vm.h"

#define BALLOON (128 * MIB)

static struct ready_kernel kernel;
static char err[1024];

static void get_kernel(const char *version)
{
	ready_kernel_release(&kernel);
	/* No network, or the archive has it no more. */
	if (debian_kernel(version, &kernel, err, sizeof(err)))
		skip_test("no kernel %s of Debian: %s", version, err);
}

/* 0, or -errno and test_vm.reason. @modules: instead of those of the kernel. */
static int start(const char *modules)
{
	struct image_cut cut = { .name = (char *)"debian",
				 .image = kernel.image,
				 .modules = (char *)modules,
				 .release = kernel.release,
				 .version = kernel.version };
	struct qemu_config config = { .binary = test_images.qemu,
				      .image = cut.image,
				      .initramfs = test_images.initramfs,
				      .modules = cut.modules,
				      .accel = RESULT_TCG,
				      .memory_bytes = 512 * MIB,
				      .vcpus = 2,
				      .thp = true,
				      .directory = test_dir };

	remove_tree(in_test_dir("console.log"));
	return vm_start(&test_vm, &config, &cut, TEST_TIMEOUT_NS);
}

static void expect_balloon(const char *version)
{
	get_kernel(version);
	if (start(kernel.modules))
		fail_msg("%s: %s", kernel.release, test_vm.reason);
	test_balloon(BALLOON, NULL);
	assert_int_equal(test_vmstat("balloon_inflate"), BALLOON / 4096);
	test_balloon(0, NULL);
	assert_int_equal(test_vmstat("balloon_deflate"), BALLOON / 4096);
	test_guest_power_off();
}

static void linux_6_1(void **state)
{
	(void)state;
	expect_balloon("6.1");
}

static void linux_6_12(void **state)
{
	(void)state;
	expect_balloon("6.12");
}

static void linux_7_3(void **state)
{
	(void)state;
	expect_balloon("7.3");
}

static void expect_failure(const char *modules, const char *part)
{
	assert_int_not_equal(start(modules), 0);
	assert_contains(test_vm.reason, "before the agent said hello: balloonguest: ");
	assert_contains(test_vm.reason, part);
	assert_null(strchr(test_vm.reason, '\n'));
	vm_release(&test_vm);
}

static void a_missing_driver(void **state)
{
	(void)state;
	get_kernel("6.12");
	expect_failure(NULL, "the kernel has no driver, built in or in the modules given: "
			     "virtio_balloon");
}

/* A QEMU that has another port in place of the balloon. */
static void a_driver_without_a_device(void **state)
{
	char *qemu = test_images.qemu, script[512];

	(void)state;
	get_kernel("6.12");
	snprintf(script, sizeof(script),
		 "#!/bin/bash\nexec %s \"${@//virtio-balloon-pci/virtio-serial-pci}\"\n", qemu);
	test_images.qemu = xstrdup(write_file(test_dir, "qemu", script));
	assert_int_equal(chmod(test_images.qemu, 0755), 0);
	expect_failure(kernel.modules, "the driver is there, but has taken no device: "
				       "virtio_balloon");
	free(test_images.qemu);
	test_images.qemu = qemu;
}

/* An archive with something else in place of the module. */
static void a_module_that_cannot_be_loaded(void **state)
{
	const char *path = in_test_dir("bad.cpio");
	struct cpio cpio = { .file = fopen(path, "we") };

	(void)state;
	get_kernel("6.12");
	cpio_add_directory(&cpio, "modules");
	cpio_add(&cpio, "modules/virtio_balloon.ko", "text", 4);
	cpio_add(&cpio, "modules/order", "virtio_balloon\n", 15);
	cpio_end(&cpio);
	fclose(cpio.file);
	expect_failure(path, "virtio_balloon; cannot load the module virtio_balloon: Exec format "
			     "error");
}

/* The name of one kernel, and another below it: the same release, built on another day. */
static void another_kernel(void **state)
{
	(void)state;
	get_kernel("6.12");
	kernel.version[strlen(kernel.version) - 2] ^= 1;
	assert_int_not_equal(start(kernel.modules), 0);
	assert_contains(test_vm.reason, "the guest runs another kernel than that of cut 'debian'");
	vm_release(&test_vm);
}

static int tear_down(void **state)
{
	ready_kernel_release(&kernel);
	return vm_tests_tear_down(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(linux_6_12, test_guest_end),
		cmocka_unit_test_teardown(linux_6_1, test_guest_end),
		cmocka_unit_test_teardown(linux_7_3, test_guest_end),
		cmocka_unit_test_teardown(a_missing_driver, test_guest_end),
		cmocka_unit_test_teardown(a_driver_without_a_device, test_guest_end),
		cmocka_unit_test_teardown(a_module_that_cannot_be_loaded, test_guest_end),
		cmocka_unit_test_teardown(another_kernel, test_guest_end),
	};

	return cmocka_run_group_tests(tests, vm_tests_set_up, tear_down);
}
