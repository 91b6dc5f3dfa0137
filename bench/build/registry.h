/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_REGISTRY_H
#define BENCH_BUILD_REGISTRY_H

#include <stddef.h>
#include <stdio.h>

/*
 * What was built, by name: $BALLOONBENCH_CACHE/cuts/NAME.ini with a section [cut NAME] and
 * [build NAME/N] for each further build of it, and qemus/NAME.ini with a section [qemu NAME].
 * Functions return 0, or -errno or -EINVAL and a message.
 */

/* A key of the section; without a value it is left out. Tables end with a NULL key. */
struct registry_value {
	const char *key, *value;
};

/* Print the section. Values are made to fit into a line of an INI file. */
void registry_print(FILE *f, const char *kind, const char *name,
		    const struct registry_value *values);

/*
 * Write the file of a name, at once or not at all. @kind: "cut" or "qemu"; @more: further sections,
 * or NULL. Says so if the name was
 * of something else: another key or path.
 */
int registry_write(const char *kind, const char *name, const struct registry_value *values,
		   const char *more, char *err, size_t err_size);

/*
 * Remove the names that a pattern of glob(7) matches, the kernels and QEMUs that no other name
 * has, and the build trees that no kernel is of; needs the lock of trees. @images: an images.ini
 * whose kernels stay. What is removed is printed. -EBUSY: a run uses it.
 */
int registry_remove(const char *pattern, const char *images, char *err, size_t err_size);

#endif
