/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_INI_FILE_H
#define LIB_INI_FILE_H

#include <stddef.h>

/* INI files by libinih, with line numbers in errors, without duplicate keys and cut lines. */
struct ini_entry {
	const char *path, *section, *key, *value;
	unsigned int line;
	char *err;
	size_t err_size;
};

/* Write "FILE:LINE: [section] key: ..." to the buffer of ini_file_parse(). Returns -EINVAL. */
int ini_fail(const struct ini_entry *entry, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

typedef int (*ini_entry_fn)(const struct ini_entry *entry, void *context);

/*
 * Call @fn for each entry until it returns the value of ini_fail() rather than 0. Returns 0,
 * -ENOENT and the like (the file cannot be read), or -EINVAL, with a message in @err.
 */
int ini_file_parse(const char *path, ini_entry_fn fn, void *context, char *err, size_t err_size);

#endif
