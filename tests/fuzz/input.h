/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Helpers for fuzz targets. An input can be edited as text: it is structured by control
 * characters that none of the formats uses.
 *
 * FUZZ_PART separates the parts of an input (the channels of a VM, the files of a result
 * tree); FUZZ_PIECE ends what one read() of a stream returns.
 */
#define FUZZ_PART 0x1d
#define FUZZ_PIECE 0x1e

/* Called by libFuzzer for every input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_part {
	const uint8_t *data;
	size_t size;
};

/* Split the input into @count parts; missing ones are empty. */
void fuzz_parts(const uint8_t *data, size_t size, struct fuzz_part *parts, size_t count);

/* The path of a file with @data; @slot, from 0 to 7, numbers the files of an input. */
#define FUZZ_FILES 8
const char *fuzz_file(unsigned int slot, const uint8_t *data, size_t size);

/*
 * A connected socket, to be closed by the caller, whose other end, numbered by @slot, sends
 * @data, a piece per read(), and closes.
 */
int fuzz_socket(unsigned int slot, const uint8_t *data, size_t size);

/* A directory that is removed when the process ends. */
const char *fuzz_directory(void);

/* Link DIRECTORY/@name to fuzz_file(@slot), once for all inputs. */
void fuzz_link(const char *name, unsigned int slot);

/* The input as a string; the caller frees it. */
char *fuzz_text(const uint8_t *data, size_t size);

/* A property that must hold; an input that violates it is a finding, like a crash. */
#define FUZZ_HOLDS(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			__builtin_trap();                                                          \
	} while (0)

#endif
