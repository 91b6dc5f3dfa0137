/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels that were built elsewhere become entries of the cache, Debian's from packages that the
 * cache has.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/build/ready.h"
#include "tests/helpers/files.h"
#include "tests/helpers/kernel_file.h"
#include "tests/helpers/program.h"

#define BUILTIN                                                                                    \
	"kernel/virtio_pci.ko\nkernel/virtio_console.ko\nkernel/virtio.ko\nkernel/"                \
	"virtio_ring.ko\n"
#define MODULES "usr/lib/modules/" KERNEL_RELEASE

static struct ready_kernel kernel;
static char err[512];

static int set_up(void **state)
{
	struct test_bzimage bzimage;
	struct test_vmlinux vmlinux;

	if (test_dir_set_up(state))
		return -1;
	setenv("BALLOONBENCH_CACHE", in_test_dir("cache"), 1);
	test_bzimage_make(&bzimage);
	test_put_bytes("bzImage", &bzimage, sizeof(bzimage));
	test_vmlinux_make(&vmlinux);
	test_put_bytes("vmlinux", &vmlinux, sizeof(vmlinux));
	write_file(test_dir, "m/lib/modules/" KERNEL_RELEASE "/modules.builtin", BUILTIN);
	test_put_module("m/lib/modules/" KERNEL_RELEASE "/virtio_balloon.ko", KERNEL_RELEASE,
			"virtio");
	return 0;
}

static int release_kernel(void **state)
{
	(void)state;
	ready_kernel_release(&kernel);
	return 0;
}

/* The key is kept, for a comparison. */
static void take(const char *image, const char *modules, char key[KEY_LENGTH + 1])
{
	ready_kernel_release(&kernel);
	if (ready_kernel(in_test_dir(image), modules ? in_test_dir(modules) : NULL, &kernel, err,
			 sizeof(err)))
		fail_msg("%s", err);
	memcpy(key, kernel.key, KEY_LENGTH + 1);
}

static size_t entries(const char *pattern)
{
	return count_paths(in_test_dir("cache/kernels"), pattern);
}

static void a_kernel_becomes_an_entry(void **state)
{
	char key[KEY_LENGTH + 1], again[KEY_LENGTH + 1];

	(void)state;
	take("bzImage", "m", key);
	assert_string_equal(kernel.release, KERNEL_RELEASE);
	assert_string_equal(kernel.version, KERNEL_VERSION);
	assert_null(kernel.build_id);
	assert_contains(kernel.image, "/bzImage");
	assert_contains(kernel.image, key);
	assert_int_equal(access(kernel.image, R_OK), 0);
	assert_int_equal(access(kernel.modules, R_OK), 0);
	/* The same again is the same entry; with other modules, or none, another. */
	take("bzImage", "m", again);
	assert_string_equal(key, again);
	take("bzImage", NULL, again);
	assert_string_not_equal(key, again);
	assert_null(kernel.modules);
	take("vmlinux", "m", again);
	assert_string_equal(kernel.build_id, KERNEL_BUILD_ID);
	assert_contains(kernel.image, "/vmlinux");
	assert_int_equal(entries("/*"), 3);
	assert_int_equal(entries("/.r*"), 0);
}

static void what_fails_leaves_nothing(void **state)
{
	size_t before = entries("/*");

	(void)state;
	assert_int_equal(ready_kernel(in_test_dir("none"), NULL, &kernel, err, sizeof(err)),
			 -ENOENT);
	ready_kernel_release(&kernel);
	assert_int_equal(ready_kernel(in_test_dir("bzImage"), test_dir, &kernel, err, sizeof(err)),
			 -EINVAL);
	assert_contains(err, "no modules in");
	assert_int_equal(entries("/*"), before);
	assert_int_equal(entries("/.r*"), 0);
}

static void shell(const char *command)
{
	struct outcome outcome = run_shell("cd '%s' && %s", test_dir, command);

	if (outcome.status)
		fail_msg("%s: %s", command, outcome.output);
	outcome_release(&outcome);
}

/* A package with the files in the directory @files, in the cache. */
static void put_package(const char *name, const char *depends, const char *files)
{
	char control[512], command[512];

	snprintf(control, sizeof(control),
		 "Package: %s\nVersion: 6.12.9-1\nArchitecture: amd64\nMaintainer: x <x@y.z>\n"
		 "Description: x\n%s%s\n",
		 name, *depends ? "Depends: " : "", depends);
	write_file(test_dir, "p/DEBIAN/control", control);
	snprintf(command, sizeof(command),
		 "mkdir -p cache/sources && cp -r %s/* p/ && "
		 "dpkg-deb -Znone -b p cache/sources/%s_6.12.9-1_amd64.deb && rm -r p",
		 files, name);
	shell(command);
}

static void expect_debian(const char *version, const char *source)
{
	ready_kernel_release(&kernel);
	if (debian_kernel(version, &kernel, err, sizeof(err)))
		fail_msg("%s", err);
	assert_string_equal(kernel.release, KERNEL_RELEASE);
	assert_non_null(kernel.modules);
	assert_string_equal(kernel.source, source);
	assert_int_equal(entries("/.d*"), 0);
}

/* Without a network: the cache has them. */
static void kernels_of_debian(void **state)
{
	(void)state;
	shell("mkdir -p old/boot && cp bzImage old/boot/vmlinuz-x && cp -r m/lib old/");
	shell("for p in base binary modules; do mkdir -p $p/" MODULES "; done && "
	      "cp m/lib/modules/*/*.ko modules/" MODULES " && "
	      "cp m/lib/modules/*/modules.builtin base/" MODULES " && "
	      "cp bzImage binary/" MODULES "/vmlinuz");
	put_package("linux-image-6.12.9-cloud-amd64", "", "old");
	expect_debian("6.12", "debian linux-image-6.12.9-cloud-amd64_6.12.9-1_amd64");
	/* A newer one, which is split. */
	put_package("linux-base-6.12.10-cloud-amd64", "", "base");
	put_package("linux-binary-6.12.10-cloud-amd64", "", "binary");
	put_package("linux-modules-6.12.10-cloud-amd64", "", "modules");
	put_package("linux-image-6.12.10-cloud-amd64", "linux-binary-6.12.10-cloud-amd64", "base");
	expect_debian("6.12", "debian linux-image-6.12.10-cloud-amd64_6.12.9-1_amd64");
	expect_debian("6.12.9", "debian linux-image-6.12.9-cloud-amd64_6.12.9-1_amd64");
}

static void versions_that_are_none(void **state)
{
	static const char *const versions[] = { "", "sid", "6.12;x", "../6.12", "-6.1", "6.1 2" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		assert_int_equal(debian_kernel(versions[i], &kernel, err, sizeof(err)), -EINVAL);
		assert_contains(err, "expected one as 6.12");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_kernel_becomes_an_entry, release_kernel),
		cmocka_unit_test_teardown(what_fails_leaves_nothing, release_kernel),
		cmocka_unit_test_teardown(kernels_of_debian, release_kernel),
		cmocka_unit_test_teardown(versions_that_are_none, release_kernel),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}
