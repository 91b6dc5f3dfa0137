/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_QUILT_H
#define BENCH_BUILD_QUILT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The file "series" of a quilt directory: a patch a line, with "-pN", "-pab" or "-R" after its
 * name, and comments from '#' on. A line "# cut: NAME" ends a cut: all patches above it.
 */
struct quilt_line {
	char *name; /* of the patch's file, or of the cut */
	bool is_cut;
	unsigned int strip; /* directories that are stripped from the paths in the patch */
	bool reverse;
};

struct quilt {
	struct quilt_line *lines;
	size_t count;
};

/*
 * Parse the text of a series; @path is for messages, "PATH:LINE: what is wrong". 0 or -EINVAL;
 * release it in every case.
 */
int quilt_parse(struct quilt *series, const char *path, const char *text, char *err,
		size_t err_size);
void quilt_release(struct quilt *series);

#endif
