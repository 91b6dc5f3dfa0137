/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/results.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/atomic_file.h"

/* A boot's directory while it is being written: ".boot-03" becomes "boot-03". */
#define UNFINISHED "/."

static int fail(struct results *results, int err, const char *what, const char *path)
{
	const char *advice = "";

	if (err == -ENOSPC || err == -EDQUOT)
		advice = "; free some space, or choose another directory with -o";
	else if (err == -EACCES || err == -EROFS || err == -EPERM)
		advice = "; choose a directory that you can write to with -o";
	else if (err == -EEXIST || err == -ENOTEMPTY)
		advice = "; choose a new directory with -o, finished results are never overwritten";
	snprintf(results->error, sizeof(results->error), "cannot %s %s: %s%s", what, path,
		 strerror(-err), advice);
	return err;
}

int results_cannot_write(struct results *results, int err, const char *path)
{
	return fail(results, err, "write into", path);
}

const char *results_error(const struct results *results)
{
	return results->error;
}

const char *utc_now(char text[32])
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return text;
}

static int directory_is_empty(const char *path)
{
	struct dirent *entry;
	int empty = 1;
	DIR *dir;

	dir = opendir(path);
	if (!dir)
		return -errno;
	while (empty && (entry = readdir(dir)))
		empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
	closedir(dir);
	return empty;
}

int results_create(struct results *results, const char *dir)
{
	char journal[PATH_MAX];
	int err;

	results->journal_fd = -1;
	snprintf(results->dir, sizeof(results->dir), "%s", dir);
	err = directory_is_empty(dir);
	if (!err)
		return fail(results, -EEXIST, "write into", dir);
	if (err < 0 && err != -ENOENT)
		return fail(results, err, "write into", dir);
	err = make_directories(dir);
	if (err)
		return fail(results, err, "create", dir);
	if (snprintf(journal, sizeof(journal), "%s/journal.jsonl", dir) >= (int)sizeof(journal))
		return fail(results, -ENAMETOOLONG, "create", dir);
	results->journal_fd =
		open(journal, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
	return results->journal_fd < 0 ? fail(results, -errno, "create", journal) : 0;
}

void results_close(struct results *results)
{
	if (results->journal_fd >= 0)
		close(results->journal_fd);
	results->journal_fd = -1;
}

int results_write(struct results *results, const char *file, const json_t *content)
{
	char path[PATH_MAX];
	int err;

	if (snprintf(path, sizeof(path), "%s/%s", results->dir, file) >= (int)sizeof(path))
		return fail(results, -ENAMETOOLONG, "write", file);
	err = atomic_file_write_json(path, content);
	return err ? fail(results, err, "write", path) : 0;
}

int results_journal(struct results *results, json_t *line)
{
	char now[32], *text;
	ssize_t n;
	size_t len;

	json_object_set_new(line, "time_utc", json_string(utc_now(now)));
	text = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	if (!text)
		return fail(results, -ENOMEM, "write", "journal.jsonl");
	len = strlen(text);
	text[len++] = '\n';
	/* One write: a line is whole or absent. */
	n = write(results->journal_fd, text, len);
	free(text);
	if (n != (ssize_t)len || fdatasync(results->journal_fd) < 0)
		return fail(results, n < 0 ? -errno : -ENOSPC, "write", "journal.jsonl");
	return 0;
}

int results_begin_boot(struct results *results, const char *scenario, const char *variant,
		       unsigned int boot, char *path)
{
	int err;

	if (snprintf(path, PATH_MAX, "%s/%s/%s" UNFINISHED "boot-%02u", results->dir, scenario,
		     variant, boot) >= PATH_MAX)
		return fail(results, -ENAMETOOLONG, "create", variant);
	err = make_directories(path);
	return err ? fail(results, err, "create", path) : 0;
}

int results_commit_boot(struct results *results, const char *path, const json_t *result,
			const json_t *records)
{
	char file[PATH_MAX], final[PATH_MAX], *dot;
	int err = 0;

	if (snprintf(file, sizeof(file), "%s/result.json", path) >= (int)sizeof(file))
		return fail(results, -ENAMETOOLONG, "write", path);
	if (records) {
		snprintf(file, sizeof(file), "%s/trace.json", path);
		err = atomic_file_write_compact_json(file, records);
	}
	if (!err) {
		snprintf(file, sizeof(file), "%s/result.json", path);
		err = atomic_file_write_json(file, result);
	}
	if (err)
		return fail(results, err, "write", file);
	snprintf(final, sizeof(final), "%s", path);
	dot = strrchr(final, '/') + 1;
	memmove(dot, dot + 1, strlen(dot));
	if (rename(path, final) < 0)
		return fail(results, -errno, "rename", path);
	return 0;
}

void results_discard_boot(const char *path)
{
	struct dirent *entry;
	DIR *dir;

	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(path);
}
