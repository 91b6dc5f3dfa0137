/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a kernel file is, also where it is damaged, or no kernel at all.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/build/image.h"
#include "lib/elf_notes.h"
#include "tests/helpers/files.h"
#include "tests/helpers/kernel_file.h"

static struct image_info info;

static void expect_kernel(const char *path, enum image_format format, const char *build_id)
{
	char err[512] = "";

	if (image_inspect(path, &info, err, sizeof(err)))
		fail_msg("%s", err);
	assert_int_equal(info.format, format);
	assert_string_equal(info.release, KERNEL_RELEASE);
	assert_string_equal(info.version, KERNEL_VERSION);
	assert_string_equal(info.build_id, build_id);
}

static void expect_refused(const char *path, const char *part)
{
	char err[512] = "";

	assert_int_equal(image_inspect(path, &info, err, sizeof(err)), -EINVAL);
	assert_contains(err, path);
	assert_contains(err, part);
	assert_null(strchr(err, '\n'));
}

#define EXPECT_REFUSED(file, part) expect_refused(test_put_bytes("k", &(file), sizeof(file)), part)

static void a_vmlinux(void **state)
{
	struct test_vmlinux file;

	(void)state;
	test_vmlinux_make(&file);
	expect_kernel(test_put_bytes("k", &file, sizeof(file)), IMAGE_VMLINUX, KERNEL_BUILD_ID);
	/* Without a build ID: the file says nothing of it. */
	file.id.name[0] = 'X';
	expect_kernel(test_put_bytes("k", &file, sizeof(file)), IMAGE_VMLINUX, "");
}

static void a_bzimage(void **state)
{
	struct test_bzimage file;

	(void)state;
	test_bzimage_make(&file);
	expect_kernel(test_put_bytes("k", &file, sizeof(file)), IMAGE_BZIMAGE, "");
}

static void a_vmlinux_that_cannot_be_booted(void **state)
{
	struct test_vmlinux file;

	(void)state;
	test_vmlinux_make(&file);
	file.pvh.head.n_type = 17;
	EXPECT_REFUSED(file, "CONFIG_PVH");
	file.elf.e_type = ET_REL;
	EXPECT_REFUSED(file, "an object file or a module");
	file.elf.e_machine = EM_AARCH64;
	EXPECT_REFUSED(file, "another architecture (64-bit ELF, machine 183)");
	test_vmlinux_make(&file);
	memset(file.text, 0, sizeof(file.text));
	EXPECT_REFUSED(file, "without a Linux banner");
}

static void a_bzimage_that_cannot_be_booted(void **state)
{
	struct test_bzimage file;

	(void)state;
	test_bzimage_make(&file);
	file.bytes[0x236] = 0;
	EXPECT_REFUSED(file, "32-bit");
	file.bytes[0x211] = 0;
	EXPECT_REFUSED(file, "a zImage");
	test_bzimage_make(&file);
	file.bytes[0x20f] = 0xff;
	EXPECT_REFUSED(file, "without a version string");
	test_bzimage_make(&file);
	memcpy(file.bytes + TEST_VERSION_AT, "6.12\033", 5);
	EXPECT_REFUSED(file, "without a version string");
	test_bzimage_make(&file);
	expect_refused(test_put_bytes("k", &file, 1024), "ends too early");
}

static void what_is_no_kernel(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *part;
	} cases[] = {
		{ "", 0, "empty" },
		{ "x", 1, "not a kernel" },
		{ "\177ELF", 4, "ends too early" },
		{ "0707010000", 10, "an initramfs" },
		{ "\x1f\x8b\x08\0\0\0", 6, "gzip" },
		{ "\xfd\x37zXZ\0\0", 7, "an xz file" },
		{ "\x28\xb5\x2f\xfd\0", 5, "a zstd file" },
		{ "!<arch>\ndebian-binary", 21, "dpkg-deb -x" },
		{ "MZ\0\0zimg", 8, "another architecture" },
	};
	char err[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_refused(test_put_bytes("k", cases[i].bytes, cases[i].size), cases[i].part);
	expect_refused(test_dir, "a directory");
	assert_int_equal(mkfifo(in_test_dir("fifo"), 0600), 0);
	expect_refused(in_test_dir("fifo"), "not a file");
	assert_int_equal(image_inspect(in_test_dir("none"), &info, err, sizeof(err)), -ENOENT);
	assert_contains(err, "No such file");
}

/* No length of the file, and no value of a byte of its headers, makes it read beyond its data. */
static void damaged_files(void **state)
{
	struct test_vmlinux vmlinux;
	struct test_bzimage bzimage;
	unsigned int i, seed = 1;
	char err[512];

	(void)state;
	test_vmlinux_make(&vmlinux);
	test_bzimage_make(&bzimage);
	for (i = 0; i < sizeof(vmlinux); i += 37)
		assert_int_equal(
			image_inspect(test_put_bytes("k", &vmlinux, i), &info, err, sizeof(err)),
			-EINVAL);
	for (i = 0; i < 2000; i++) {
		test_vmlinux_make(&vmlinux);
		((uint8_t *)&vmlinux)[rand_r(&seed) % 176] = rand_r(&seed);
		((uint8_t *)&vmlinux.id)[rand_r(&seed) % sizeof(vmlinux.id)] = rand_r(&seed);
		image_inspect(test_put_bytes("k", &vmlinux, sizeof(vmlinux)), &info, err,
			      sizeof(err));
		test_bzimage_make(&bzimage);
		bzimage.bytes[0x1f0 + rand_r(&seed) % 80] = rand_r(&seed);
		image_inspect(test_put_bytes("k", &bzimage, 512 + rand_r(&seed) % 3585), &info, err,
			      sizeof(err));
	}
}

static void notes_that_end_too_early(void **state)
{
	struct test_vmlinux file;
	size_t size = sizeof(file) - offsetof(struct test_vmlinux, id), n;

	(void)state;
	test_vmlinux_make(&file);
	for (n = 0; n <= size; n++) {
		struct elf_notes notes = { .pvh = false };
		char *copy = malloc(n + 1);

		memcpy(copy, &file.id, n);
		elf_notes_read(copy, n, &notes);
		assert_int_equal(notes.build_id[0] != '\0', n >= sizeof(file.id));
		assert_int_equal(notes.pvh, n >= size);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vmlinux),
		cmocka_unit_test(a_bzimage),
		cmocka_unit_test(a_vmlinux_that_cannot_be_booted),
		cmocka_unit_test(a_bzimage_that_cannot_be_booted),
		cmocka_unit_test(what_is_no_kernel),
		cmocka_unit_test(damaged_files),
		cmocka_unit_test(notes_that_end_too_early),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
