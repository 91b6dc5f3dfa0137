/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_LEFTOVERS_H
#define TESTS_HELPERS_LEFTOVERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What must be gone when a run has ended, however it did. A process that was
 * killed is given some seconds to be so.
 */

/*
 * No process has @dir on its command line, and no file or directory below it bears
 * the name that something has while it is written.
 */
void expect_nothing_left(const char *dir);

/* Of processes alone: for a run that was killed, whose files --resume clears away. */
void expect_no_process(const char *dir);

/* The BPF programs, links and maps that a process has, by the kernel's numbers for them. */
struct bpf_objects {
	uint32_t programs[64];
	uint32_t links[64];
	uint32_t maps[64];
	size_t program_count;
	size_t link_count;
	size_t map_count;
};

void bpf_objects_note(struct bpf_objects *objects, pid_t pid);

/* They are gone from the kernel: nobody holds them, no name in a file system does. */
void expect_no_bpf(const struct bpf_objects *objects);

#endif
