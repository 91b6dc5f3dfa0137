/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_TREE_H
#define BENCH_BUILD_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/build/git.h"

/*
 * Source trees, each as the id of a git tree in a private git directory: whatever is compiled is in
 * it, so that it changes with everything that is compiled. Functions return 0, or -EINVAL or
 * -EINTR and a message; ids are to be freed.
 */

/* A directory of the user. It is taken for itself, also inside of another repository. */
struct source {
	char *path;   /* absolute */
	bool in_git;  /* it is in a git repository that knows files of it */
	bool is_bare; /* a repository without a work tree */
	char *prefix; /* of the directory in its repository: "" or "a/b" */
	char *format; /* of the objects: "sha1" or "sha256" */
};

/* Look at a directory. A repository that git refuses to read is an error. Release it always. */
int source_open(struct source *source, const char *directory, char *err, size_t err_size);
void source_release(struct source *source);

/* A commit that the user names; @id and the id of its tree, either of which may be NULL. */
int tree_of_revision(const struct source *source, const char *revision, char **id, char **tree,
		     char *err, size_t err_size);

/*
 * The directory as it lies there: also what is not committed and not added, except what its own
 * .gitignore files name and git does not know. Without git, .gitignore files count only if the tree
 * was built in place, and everything else is taken. Symbolic links and executable bits are part of
 * the tree. A git repository inside of it is refused.
 */
int tree_of_directory(const struct git *git, const struct source *source, char **tree, char *err,
		      size_t err_size);

/*
 * Make trees/ID/src this tree and nothing else. Only files that differ are written, so that a build
 * is incremental. Refuses submodules, and symbolic links that leave the tree: nobody could tell
 * when what they point to changes.
 */
int tree_check_out(const struct git *git, const char *tree, char *err, size_t err_size);

/* Whether a tree has that file. */
bool tree_has(const struct git *git, const char *tree, const char *path);

/* The content of that file, to be freed; NULL: there is none, or it is empty. */
char *tree_read(const struct git *git, const char *tree, const char *path);

#endif
