/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/config/arch.h"

#include <stddef.h>
#include <string.h>

/* A firmware that starts the kernel at once, and no mitigations that TCG does not know. */
#define PSERIES "pseries,x-vof=on,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off"

#define AARCH64(pages)                                                                             \
	.name = "aarch64", .kernel = "arm64", .cross = "aarch64-linux-gnu-", .target = "Image",    \
	.built = "arch/arm64/boot/Image", .image = "Image", .emulator = "qemu-system-aarch64",     \
	.machine = "virt,gic-version=3", .cpu = "cortex-a72", .console = "ttyAMA0",                \
	.page_size = #pages

static const struct arch archs[] = {
	{ .name = "x86_64",
	  .cross = "",
	  .target = "vmlinux",
	  .built = "vmlinux",
	  .image = "vmlinux",
	  .machine = "q35,usb=off,sata=off,smbus=off",
	  .console = "ttyS0" },
	{ .name = "ppc64le",
	  .config = "ppc64le",
	  .kernel = "powerpc",
	  .cross = "powerpc64le-linux-gnu-",
	  .target = "vmlinux",
	  .built = "vmlinux",
	  .image = "vmlinux",
	  .emulator = "qemu-system-ppc64",
	  .machine = PSERIES,
	  .cpu = "POWER9",
	  .console = "hvc0" },
	{ .config = "aarch64-4k", AARCH64(4K) },
	{ .config = "aarch64-64k", AARCH64(64K) },
};

#define ARCHS (sizeof(archs) / sizeof(archs[0]))

const struct arch *arch_of_config(const char *config)
{
	size_t i;

	for (i = 1; config && i < ARCHS; i++)
		if (!strcmp(archs[i].config, config))
			return &archs[i];
	return &archs[0];
}

const struct arch *arch_find(const char *name, const char *page_size)
{
	const char *its;
	size_t i;

	for (i = 0; i < ARCHS; i++) {
		its = archs[i].page_size ?: "4K";
		if (!strcmp(archs[i].name, name) && !strcmp(its, page_size ?: "4K"))
			return &archs[i];
	}
	return NULL;
}

bool arch_is_foreign(const struct arch *arch)
{
	return arch->config;
}

const struct arch *arch_foreign(unsigned int i)
{
	return i + 1 < ARCHS ? &archs[i + 1] : NULL;
}
