/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_GIT_H
#define BENCH_BUILD_GIT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A private git directory in the cache, in which everything that is compiled is a tree:
 *
 *     $BALLOONBENCH_CACHE/trees/ID/git    objects and indexes
 *                                 src    the checkout of one tree
 *                                 build  where kbuild writes
 *
 * The user's repository is only read. Nothing of the user's git configuration or environment
 * applies to the private one: excludes, hooks, attributes and line ends are off, bytes are kept.
 * Committer and dates are constants, so that the same patches on the same base make the same
 * commits.
 */
struct git {
	char *root; /* trees/ID */
	char *dir, *src, *build;
	char *id;
	bool empty_submodules; /* a submodule is an empty directory; otherwise it is refused */
};

/*
 * Open trees/ID, which is created if necessary; needs the lock of trees. @format is that of its
 * objects, "sha1" or "sha256"; NULL: sha1. 0, or an error and a message. Close it in every case.
 */
int git_open(struct git *git, const char *id, const char *format, char *err, size_t err_size);
void git_close(struct git *git);

/* What a call of git differs in from the default: the zeroed struct. */
struct git_call {
	const char *work_tree;	   /* NULL: there is none */
	const char *index;	   /* name of the index in the git directory; NULL: "index" */
	const char *input;	   /* file that is standard input */
	const char *const *config; /* more settings, "NAME=VALUE", NULL-terminated */
	const char *const *env;	   /* more of the environment */
	char **output;		   /* as of process_run() */
	size_t *output_size;
};

/*
 * Run git in the private directory; @args end with NULL. The value of process_run(); what git
 * complained about is in process_error().
 */
int git_call(const struct git *git, const struct git_call *call, const char *const *args);

/* The same: without a work tree, with the output in *@output, to be freed; or NULL. */
#define git_run(git, output_of, ...)                                                               \
	git_call(git, &(const struct git_call){ .output = output_of },                             \
		 (const char *const[]){ __VA_ARGS__, NULL })

/* The same; fails with the message "cannot WHAT: git's complaint", -EINVAL or -EINTR. */
int git_must(const struct git *git, const struct git_call *call, const char *const *args,
	     const char *what, char *err, size_t err_size);

/*
 * The first line of what git prints, to be freed; NULL after a message as of git_must(). Of
 * git_line_of() in the user's repository around @directory, which it does not write to.
 */
char *git_line(const struct git *git, const struct git_call *call, const char *const *args,
	       const char *what, char *err, size_t err_size);
char *git_line_of(const char *directory, const char *const *args, char *err, size_t err_size);

/* Run git in the user's repository. The value of process_run(). */
int git_read(const char *directory, const struct git_call *call, const char *const *args);

/*
 * Copy trees, with all that is in them, and commits, without their parents, from the user's
 * repository around @directory; lists of ids that end with NULL. They are not borrowed as
 * alternates: git would set the times of the user's objects where it finds one that it is to write,
 * and a later gc there might remove them.
 */
int git_import(const struct git *git, const char *directory, const char *const *trees,
	       const char *const *commits, char *err, size_t err_size);

/*
 * A commit of a tree, with one parent or, if that is NULL, none; to be freed. The same tree and
 * parent make the same commit. NULL after a message.
 */
char *git_commit_tree(const struct git *git, const char *tree, const char *parent, char *err,
		      size_t err_size);

/* Whether a program that failed may have failed because of that. */
bool git_disk_is_full(const struct git *git);

/* A message of what git complained about: "cannot WHAT: ...". Returns -EINVAL, or -EINTR. */
int git_failed(int status, const char *what, char *err, size_t err_size);

/* A temporary file in the git directory with that content. Its path, to be freed after unlink();
 * NULL after a message. */
char *git_write_temporary(const struct git *git, const char *name, const char *data, size_t size,
			  char *err, size_t err_size);

#endif
