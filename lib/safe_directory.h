/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_SAFE_DIRECTORY_H
#define LIB_SAFE_DIRECTORY_H

#include <limits.h>
#include <stdbool.h>

/*
 * Directories by descriptor. A path that is resolved again for each file can lead elsewhere in
 * between: whoever may write to one of its directories can put a symbolic link there. A descriptor
 * cannot be redirected.
 *
 * A directory is safe if only the user of the process can change it: it belongs to him, or, if root
 * runs the process, to the user who called sudo, and nobody else may write to it.
 *
 * Functions that return a descriptor return -errno otherwise:
 *   -EPERM    the directory is not safe
 *   -ELOOP    a symbolic link of another user is on the way, or any link where none is allowed
 *   -ENOTDIR  something else has that name
 */

/*
 * Open a directory by a path of the user's, whose links are followed if they are root's or the
 * user's. The directory that it leads to must be safe, those on the way need not be.
 * @create: also make it and its parents, mode 0755.
 */
int safe_directory_open(const char *path, bool create);

/* The same for a directory below an open one. @name may have several components, no links. */
int safe_directory_below(int at, const char *name, bool create);

/* The same of a directory that need not be safe, to read it or to write where root was asked to. */
int directory_below(int at, const char *name, bool create);

/* Open a file below a directory with flags of open(2). @name: as above. The file may be anyone's.
 */
int file_open_below(int at, const char *name, int flags);

/*
 * Remove a directory below an open one, with the files and directories in it, as far as that is
 * possible. Links are removed, not followed.
 */
void directory_remove_at(int at, const char *name);

/*
 * A path of a file in an open directory for functions that take one: it leads to the very
 * directory, in this process and in what it forks, until that executes another program. @name may
 * be "". Returns @path.
 */
const char *descriptor_path(int at, const char *name, char path[PATH_MAX]);

#endif
