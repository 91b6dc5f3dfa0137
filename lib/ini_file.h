/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_INI_FILE_H
#define LIB_INI_FILE_H

#include <stddef.h>

/*
 * INI files with errors that say where: libinih does the parsing, this adds
 * line numbers, duplicate keys and lines that are too long for it.
 */
struct ini_entry {
	const char *path;
	unsigned int line;
	const char *section;
	const char *key;
	const char *value;
	char *err;
	size_t err_size;
};

/**
 * ini_fail() - refuse an entry
 *
 * Writes "FILE:LINE: [section] key: ..." where the caller of ini_file_parse()
 * reads it, and returns -EINVAL.
 */
int ini_fail(const struct ini_entry *entry, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

typedef int (*ini_entry_fn)(const struct ini_entry *entry, void *context);

/**
 * ini_file_parse() - hand every entry of a file to a function
 * @path: the file
 * @fn: returns 0, or what ini_fail() returned, which ends the parsing
 * @context: for @fn
 * @err: where the message goes
 *
 * Return: 0, -ENOENT and the like (cannot be read), -EINVAL.
 */
int ini_file_parse(const char *path, ini_entry_fn fn, void *context, char *err, size_t err_size);

#endif
