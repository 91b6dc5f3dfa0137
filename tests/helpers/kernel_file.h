/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_KERNEL_FILE_H
#define TESTS_HELPERS_KERNEL_FILE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

/* The smallest files that image_inspect() takes for kernels, for tests to damage. */

#define KERNEL_RELEASE "6.12.9-test+"
#define KERNEL_VERSION "#7 SMP PREEMPT_DYNAMIC Sat Nov 28 2026"
#define KERNEL_BANNER                                                                              \
	"Linux version " KERNEL_RELEASE " (a@b) (gcc 12.2.0, ld 2.40) " KERNEL_VERSION "\n"
#define KERNEL_BUILD_ID "000102030405060708090a0b0c0d0e0f10111213"

/* A vmlinux: a segment with the banner, one with the two notes. */
struct test_vmlinux {
	Elf64_Ehdr elf;
	Elf64_Phdr heads[2];
	char text[5000];
	struct {
		Elf64_Nhdr head;
		char name[4];
		uint8_t build_id[20];
	} id;
	struct {
		Elf64_Nhdr head;
		char name[4];
		uint32_t entry;
	} pvh;
};

/* A bzImage: boot sector and setup code, then the kernel proper. */
struct test_bzimage {
	uint8_t bytes[4096];
};
#define TEST_VERSION_AT 0x3f0

void test_vmlinux_make(struct test_vmlinux *file);
void test_bzimage_make(struct test_bzimage *file);

/* Write a module below test_dir, for modules_pack(): what it says of itself, and no code. */
void test_put_module(const char *name, const char *release, const char *depends);

/* Write a file below test_dir. Returns its path, valid until the fourth call after. */
const char *test_put_bytes(const char *name, const void *data, size_t size);

#endif
