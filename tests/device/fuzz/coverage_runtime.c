/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linked into the sanitized QEMU: gcc has each basic block of its instrumented
 * objects call __sanitizer_cov_trace_pc().
 */
#include "tests/device/fuzz/coverage_runtime.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The linker's, for the section that build-qemu has put the device into. */
extern const char __start_balloon_text[], __stop_balloon_text[];

static struct coverage unwatched, *coverage = &unwatched;

void __sanitizer_cov_trace_pc(void);

void __sanitizer_cov_trace_pc(void)
{
	uintptr_t pc = (uintptr_t)__builtin_return_address(0);
	uintptr_t begin = (uintptr_t)__start_balloon_text;
	uintptr_t in_device = pc - begin;

	/* Relative to the device, for where the program lies is drawn at each start. */
	if (in_device < (uintptr_t)__stop_balloon_text - begin && in_device < COVERAGE_DEVICE)
		coverage->device[in_device]++;
	else
		coverage->others[(in_device ^ in_device >> 16) % COVERAGE_OTHERS]++;
}

static __attribute__((constructor)) void map_coverage(void)
{
	const char *path = getenv(COVERAGE_FILE);
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, sizeof(*coverage), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map != MAP_FAILED)
		coverage = map;
}
