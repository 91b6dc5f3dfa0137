/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree of a whole run. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/merge/merge.h"
#include "lib/alloc.h"
#include "lib/atomic_file.h"
#include "lib/directory.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/safe_directory.h"

#define CHUNK 65536

static int fail(int err, const char *what, const char *dir, const char *name)
{
	const char *advice = "";

	if (err == -ENOTEMPTY)
		advice = "; choose a new directory with -o, results are never overwritten";
	else if (err == -ENOSPC || err == -EDQUOT)
		advice = "; free some space, remove it, and merge again";
	else if (err == -EPERM || err == -ELOOP)
		advice = "; another user can change it: choose a new directory with -o";
	log_error("cannot %s %s%s%s: %s%s", what, dir, *name ? "/" : "", name, strerror(-err),
		  advice);
	return err == -ENOTEMPTY ? EXIT_USAGE : EXIT_ENVIRONMENT;
}

static int copy_data(int from, int to)
{
	char chunk[CHUNK];
	ssize_t n, written;

	while ((n = read(from, chunk, sizeof(chunk))) > 0) {
		written = write(to, chunk, n);
		if (written != n)
			return written < 0 ? -errno : -ENOSPC;
	}
	return n < 0 ? -errno : 0;
}

/* A file of a boot; others than regular ones, which no run writes, stay behind. */
static int copy_file(int from_dir, int to_dir, const char *name)
{
	int from = file_open_below(from_dir, name, O_RDONLY | O_NONBLOCK), to = -1, err = from;
	struct stat st;

	if (from < 0)
		return err == -ELOOP ? 0 : err;
	err = fstat(from, &st) ? -errno : 0;
	if (!err && S_ISREG(st.st_mode)) {
		to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    st.st_mode & 0755);
		err = to < 0 ? -errno : copy_data(from, to);
	}
	if (to >= 0 && close(to) && !err)
		err = -errno;
	close(from);
	return err;
}

/* result.json last: with it, the boot is there. */
static int copy_files(int from, int to)
{
	static const char result[] = "result.json";
	DIR *dir = fdopendir(openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	int err = dir ? 0 : -errno;
	struct dirent *entry;

	while (!err && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, result))
			err = copy_file(from, to, entry->d_name);
	if (dir)
		closedir(dir);
	return err ?: copy_file(from, to, result);
}

static int copy_boot(const struct shard *shard, const json_t *entry, int tree)
{
	char *place = boot_place(entry);
	int from = directory_below(shard->fd, place, false), to = -1, err = from < 0 ? from : 0;

	if (!err)
		to = safe_directory_below(tree, place, true);
	if (!err)
		err = to < 0 ? to : copy_files(from, to);
	if (err)
		fail(err, "copy", shard->dir, place);
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	free(place);
	return err ? EXIT_ENVIRONMENT : 0;
}

static int copy_shard(const struct shard *shard, int tree)
{
	const json_t *order = json_object_get(shard->plan, "order"), *entry;
	int status = 0;
	size_t i;

	json_array_foreach (order, i, entry) {
		if (shard_has_entry(shard, entry) && shard_has_boot(shard, entry))
			status = copy_boot(shard, entry, tree);
		if (status)
			break;
	}
	return status;
}

static int write_json(int tree, const char *dir, const char *name, json_t *json)
{
	char path[PATH_MAX];
	int err = atomic_file_replace_json(descriptor_path(tree, name, path), json);

	json_decref(json);
	return err ? fail(err, "write", dir, name) : 0;
}

/* The plan is there before the boots: those that a stopped merge did not copy are missing. */
int shards_write(const struct shards *shards, const char *dir)
{
	int tree = safe_directory_open(dir, true), empty, status;
	const struct shard *s;

	if (tree < 0)
		return fail(tree, "create", dir, "");
	empty = directory_is_empty(tree, "");
	if (empty <= 0) {
		status = fail(empty ? empty : -ENOTEMPTY, "write into", dir, "");
		goto out;
	}
	status = write_json(tree, dir, "plan.json", shards_join_plan(shards))
			 ?: write_json(tree, dir, "env.json", shards_join_env(shards));
	for (s = shards->list; !status && s < shards->list + shards->count; s++)
		status = copy_shard(s, tree);
	if (!status && syncfs(tree))
		status = fail(-errno, "write", dir, "");
out:
	close(tree);
	return status;
}
