/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_PATCH_GIT_H
#define BENCH_BUILD_PATCH_GIT_H

/* A call of git as patches need it: the user's configuration and environment do not apply. */
struct patch_git {
	const char *git_dir;	/* NULL: outside of a repository */
	const char *directory;	/* to run in, and the work tree; NULL: this one */
	const char *index;	/* path of the index; NULL: git's own */
	const char *input;	/* file that is standard input */
	const char *const *env; /* more of the environment, NULL-terminated; up to 8 */
	char **output;		/* as of process_run() */
};

/* Run git; @args end with NULL. The value of process_run(); complaints are in process_error(). */
int patch_git(const struct patch_git *call, const char *const *args);

/* What git complained about first, without "error: "; valid until the next program is run. */
const char *patch_git_reason(void);

#endif
