/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/debian_source.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/build/cache.h"
#include "bench/build/git.h"
#include "bench/build/process.h"
#include "bench/build/tree.h"
#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/log.h"
#include "lib/record.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
/* In trees/NAME once the repository is complete. */
#define UNPACKED "unpacked"

int debian_source_fetch(const char *package, char **deb, char *err, size_t err_size)
{
	char script[PATH_MAX];
	const struct process fetch = { .argv = ARGS(data_path(".", "vm-images/fetch-source", script,
							      sizeof(script)),
						    package),
				       .visible = true };
	int status = process_run(&fetch, deb);

	if (!status && *deb) {
		(*deb)[strcspn(*deb, "\n")] = '\0';
		return 0;
	}
	free(*deb);
	*deb = NULL;
	if (status == -EINTR || status == -ETIMEDOUT) {
		refuse(err, err_size, "interrupted");
		return -EINTR;
	}
	return status < 0
		       ? refuse(err, err_size, "cannot run %s: %s", script, strerror(-status))
		       : refuse(err, err_size, "there is no %s to build from, see above", package);
}

char *debian_source_name(const char *deb)
{
	const char *name = strrchr(deb, '/');

	name = name ? name + 1 : deb;
	return xasprintf("%.*s", (int)(strlen(name) - strlen("_all.deb")), name);
}

/* Run a program that reads the package. */
static int unpack_by(const char *const *argv, const char *deb, char *err, size_t err_size)
{
	const struct process unpack = { .argv = argv, .bare = true };
	int status = process_run(&unpack, NULL);

	if (status == -EINTR || status == -ETIMEDOUT) {
		refuse(err, err_size, "interrupted");
		return -EINTR;
	}
	if (!status)
		return 0;
	if (strstr(process_error(), strerror(ENOSPC)))
		return refuse(err, err_size, "cannot unpack %s: %s; free some space", deb,
			      strerror(ENOSPC));
	return refuse(err, err_size, "%s is damaged: remove it to download it again: %s", deb,
		      process_error());
}

/* The package has a tarball. */
static int unpack(const struct git *git, const char *deb, char *err, size_t err_size)
{
	char *package = xasprintf("%s/package", git->root);
	glob_t found;
	int status = cache_remove_tree(git->src, err, err_size);

	if (!status && make_directories(git->src))
		status = refuse(err, err_size, "cannot create %s; free some space", git->src);
	if (!status)
		status = unpack_by(ARGS("dpkg-deb", "-x", deb, package), deb, err, err_size);
	if (!status && glob_below(package, "/usr/src/linux-source-*.tar.xz", &found)) {
		status = refuse(err, err_size, "%s is not the source of a kernel", deb);
	} else if (!status) {
		status = unpack_by(ARGS("tar", "-C", git->src, "--no-same-owner",
					"--no-same-permissions", "--strip-components=1", "-xf",
					found.gl_pathv[0]),
				   deb, err, err_size);
		globfree(&found);
	}
	free(package);
	return status;
}

static int commit(const struct git *git, char *err, size_t err_size)
{
	struct source source;
	char *tree = NULL, *id = NULL;
	int status = source_open(&source, git->src, err, err_size);

	if (!status)
		status = tree_of_directory(git, &source, &tree, err, err_size);
	if (!status) {
		id = git_commit_tree(git, tree, NULL, err, err_size);
		status = id ? git_must(git, &(const struct git_call){ .work_tree = NULL },
				       ARGS("update-ref", "HEAD", id), "keep the source", err,
				       err_size)
			    : -EINVAL;
	}
	source_release(&source);
	free(tree);
	free(id);
	return status;
}

static int make_repository(const struct git *git, const char *deb, char *err, size_t err_size)
{
	char *package = xasprintf("%s/package", git->root), ignored[256];
	int status;

	log_info("unpacking %s", deb);
	status = unpack(git, deb, err, err_size) ?: commit(git, err, err_size);
	cache_remove_tree(package, ignored, sizeof(ignored));
	cache_remove_tree(git->src, ignored, sizeof(ignored));
	free(package);
	return status ?: cache_write_line(git->root, UNPACKED, "", err, err_size);
}

int debian_source_open(const char *deb, char **repository, char *err, size_t err_size)
{
	char *name = debian_source_name(deb), *mark;
	struct git git = { .root = NULL };
	int lock = cache_lock("trees", err, err_size), status = lock < 0 ? lock : 0;

	*repository = NULL;
	if (!status)
		status = git_open(&git, name, NULL, err, err_size);
	if (!status) {
		mark = xasprintf("%s/" UNPACKED, git.root);
		if (access(mark, F_OK) < 0)
			status = make_repository(&git, deb, err, err_size);
		free(mark);
	}
	if (!status)
		*repository = xstrdup(git.dir);
	git_close(&git);
	if (lock >= 0)
		close(lock);
	free(name);
	return status;
}
