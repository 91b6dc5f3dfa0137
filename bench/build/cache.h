/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_CACHE_H
#define BENCH_BUILD_CACHE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The cache: $BALLOONBENCH_CACHE, or ~/.cache/balloonbench; the same as of vm-images/cache.sh. An
 * entry is a directory KIND/KEY, whose key is a digest of all its inputs; it gets the name when it
 * is complete, and has the digests of its files in SHA256SUMS. Users of an entry hold a shared lock
 * on its main file (bench/config/images.c), builders an exclusive lock on KIND/.lock.
 */

/* Errors of all functions: -errno or -EINVAL, and a message; -EINTR after Ctrl-C. */

/* The directory, to be freed; NULL after a message: $HOME is not set. */
char *cache_root(char *err, size_t err_size);

/* Path of PART of the cache, to be freed; directories above are created. NULL after a message. */
char *cache_path(char *err, size_t err_size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Lock a kind until this process and the programs that it started have ended. Waits for another
 * build, and says so. The descriptor, or an error.
 */
int cache_lock(const char *kind, char *err, size_t err_size);

/* Whether the entry exists and its digests match. A damaged one is removed, after a warning. */
bool cache_has(const char *entry);

/* Remove entries of a kind that were not completed, by builds that were killed; needs the lock. */
int cache_remove_unfinished(const char *kind, char *err, size_t err_size);

/* Write SHA256SUMS of the complete directory @unfinished, and rename it to the entry. */
int cache_keep(const char *unfinished, const char *entry, char *err, size_t err_size);

/*
 * Make the entry KIND/KEY of what @fill writes into a directory, which gets the name when it is
 * complete. @fill returns 0 or an error, with a message.
 */
int cache_store(const char *kind, const char *key,
		int (*fill)(const char *directory, const void *context, char *err, size_t err_size),
		const void *context, char *err, size_t err_size);

/* rm -rf: 0 or an error. */
int cache_remove_tree(const char *path, char *err, size_t err_size);

/* The text in a small file without the end of line, to be freed; NULL if it cannot be read. */
char *cache_read_line(const char *directory, const char *name);

/* Write a file, at once or not at all. */
int cache_write_text(const char *path, const char *text, char *err, size_t err_size);

/* Write DIRECTORY/NAME: a line. */
int cache_write_line(const char *directory, const char *name, const char *line, char *err,
		     size_t err_size);

#endif
