/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_DEBIAN_SOURCE_H
#define BENCH_BUILD_DEBIAN_SOURCE_H

#include <stddef.h>

/*
 * A kernel's source that Debian packages, as a git repository in the cache: trees/NAME/git, a bare
 * one with a single commit. Errors of both: -EINVAL or -EINTR, and a message.
 */

/*
 * The path, to be freed, of the .deb of a package such as linux-source-6.12. It is downloaded by
 * vm-images/fetch-source, which shows its progress, if the cache does not have it.
 */
int debian_source_fetch(const char *package, char **deb, char *err, size_t err_size);

/* "linux-source-6.12_6.12.118-1" of the .deb, to be freed. */
char *debian_source_name(const char *deb);

/*
 * The repository of a .deb, to be freed, which is unpacked if the cache does not have it. Takes the
 * lock of trees for that.
 */
int debian_source_open(const char *deb, char **repository, char *err, size_t err_size);

#endif
