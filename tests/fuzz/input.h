/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

/*
 * What a fuzz target makes of its input. An input stays text that can be read
 * and written by hand: control characters that no format here has structure it.
 *
 * FUZZ_PART separates the inputs of a target that wants several (what the two
 * channels of a VM say, the files of a result tree); FUZZ_PIECE cuts a stream into
 * what one read of it gives.
 */
#define FUZZ_PART 0x1d
#define FUZZ_PIECE 0x1e

/* libFuzzer calls it with every input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_part {
	const uint8_t *data;
	size_t size;
};

/* Cut the input into @count parts; those that it does not have are empty. */
void fuzz_parts(const uint8_t *data, size_t size, struct fuzz_part *parts, size_t count);

/* A file that holds @data, by its path; @slot, from 0 to 7, tells files of one input apart. */
#define FUZZ_FILES 8
const char *fuzz_file(unsigned int slot, const uint8_t *data, size_t size);

/*
 * The end of a connected socket whose other end sends @data, a piece with every
 * read, and then no more. The caller closes it; the other end is @slot's, as above.
 */
int fuzz_socket(unsigned int slot, const uint8_t *data, size_t size);

/* A directory of this process, removed when it ends. */
const char *fuzz_directory(void);

/* Make DIRECTORY/@name a link to fuzz_file(@slot); once is enough. */
void fuzz_link(const char *name, unsigned int slot);

/* The input as a string; the caller frees it. */
char *fuzz_text(const uint8_t *data, size_t size);

/* A property that must hold; the input that breaks it is a find like a crash. */
#define FUZZ_HOLDS(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			__builtin_trap();                                                          \
	} while (0)

#endif
