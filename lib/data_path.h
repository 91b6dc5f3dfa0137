/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_DATA_PATH_H
#define LIB_DATA_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* The directory of the running program, without a slash at its end; "." if unknown. */
const char *program_directory(void);

/**
 * data_path() - where a file is that the programs read
 * @folder: the folder of the checkout that it is in, as in "bench"
 * @name: its name there, as in "variants.ini"
 * @path: where the result goes
 *
 * Looked for in this order: $BALLOONBENCH_DATA; ../share/balloonbench beside
 * an installed program; the checkout that the program was built from.
 *
 * Return: @path. Whether the file exists is the caller's to find out.
 */
const char *data_path(const char *folder, const char *name, char *path, size_t size);

/* Whether $BALLOONBENCH_DATA says where. */
bool data_path_is_told(void);

#endif
