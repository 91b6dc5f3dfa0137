/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_LEFTOVERS_H
#define TESTS_HELPERS_LEFTOVERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Checks that a run has left nothing behind. They wait some seconds for processes to end. */

/* No process has @dir on its command line, and no path below it has a temporary name. */
void expect_nothing_left(const char *dir);

/* Only the processes: --resume removes the files of a run that was killed. */
void expect_no_process(const char *dir);

/* The BPF programs, links and maps of a process, by their ids. */
struct bpf_objects {
	uint32_t programs[64];
	uint32_t links[64];
	uint32_t maps[64];
	size_t program_count;
	size_t link_count;
	size_t map_count;
};

void bpf_objects_note(struct bpf_objects *objects, pid_t pid);

/* The kernel has freed them. */
void expect_no_bpf(const struct bpf_objects *objects);

#endif
