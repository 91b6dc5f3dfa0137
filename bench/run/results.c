/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/run/results.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/atomic_file.h"
#include "lib/clock.h"
#include "lib/glob_below.h"
#include "lib/result.h"

#define LOCK_MS 2000

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
	else if (err == -EBUSY)
		advice = "; another balloonbench writes into it, wait for it or end it";
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

/*
 * A directory of somebody else's, or that everybody can write to, is no place for
 * files that are opened by their names. Root may use that of who called him.
 */
static bool is_ours(const char *path)
{
	const char *sudo = getenv("SUDO_UID");
	struct stat st;

	if (stat(path, &st) || st.st_mode & S_IWOTH)
		return false;
	return st.st_uid == geteuid() ||
	       (!geteuid() && sudo && st.st_uid == strtoul(sudo, NULL, 10));
}

static int not_ours(struct results *results)
{
	snprintf(results->error, sizeof(results->error),
		 "%s belongs to another user, or all can write to it; choose a new directory with "
		 "-o",
		 results->dir);
	return -EPERM;
}

/* What a run that was killed has started holds its lock until it has gone, too. */
static int lock_journal(int fd)
{
	const struct timespec look = { .tv_nsec = 50 * NSEC_PER_MSEC };
	uint64_t deadline = deadline_in_ms(LOCK_MS);

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (clock_ns() >= deadline)
			return -EBUSY;
		nanosleep(&look, NULL);
	}
	return 0;
}

/* The journal's lock is the tree's: who has it writes here. */
static int open_journal(struct results *results, int flags)
{
	char journal[PATH_MAX];

	if (snprintf(journal, sizeof(journal), "%s/journal.jsonl", results->dir) >=
	    (int)sizeof(journal))
		return fail(results, -ENAMETOOLONG, "create", results->dir);
	results->journal_fd =
		open(journal, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | flags, 0644);
	if (results->journal_fd < 0)
		return fail(results, -errno, "create", journal);
	if (!lock_journal(results->journal_fd))
		return 0;
	results_close(results);
	return fail(results, -EBUSY, "write into", results->dir);
}

int results_create(struct results *results, const char *dir)
{
	int err;

	results->journal_fd = -1;
	snprintf(results->dir, sizeof(results->dir), "%s", dir);
	err = directory_is_empty(dir);
	if (!err)
		return fail(results, -EEXIST, "write into", dir);
	if (err < 0 && err != -ENOENT)
		return fail(results, err, "write into", dir);
	if (err > 0 && !is_ours(dir))
		return not_ours(results);
	err = make_directories(dir);
	if (err)
		return fail(results, err, "create", dir);
	return open_journal(results, O_EXCL);
}

/* A journal's last line may have been cut off, by a disk that was full or a machine that died. */
static int end_last_line(struct results *results)
{
	char journal[PATH_MAX], last = '\n';
	FILE *f;

	snprintf(journal, sizeof(journal), "%.*s/journal.jsonl", PATH_MAX - 16, results->dir);
	f = fopen(journal, "re");
	if (!f)
		return -errno;
	if (!fseek(f, -1, SEEK_END))
		last = fgetc(f);
	fclose(f);
	return last == '\n' || write(results->journal_fd, "\n", 1) == 1 ? 0 : -EIO;
}

/* What a run leaves that died: a boot's directory, or a file under its temporary name. */
static void discard_unfinished(const char *dir)
{
	glob_t found;
	size_t i;

	if (!glob_below(dir, "/*/*" UNFINISHED "boot-*", &found)) {
		for (i = 0; i < found.gl_pathc; i++)
			results_discard_boot(found.gl_pathv[i]);
		globfree(&found);
	}
	if (!glob_below(dir, "/*.json" ATOMIC_FILE_PATTERN, &found)) {
		for (i = 0; i < found.gl_pathc; i++)
			unlink(found.gl_pathv[i]);
		globfree(&found);
	}
}

int results_reopen(struct results *results, const char *dir)
{
	int err;

	results->journal_fd = -1;
	snprintf(results->dir, sizeof(results->dir), "%s", dir);
	if (!is_ours(dir))
		return not_ours(results);
	err = open_journal(results, 0);
	if (err)
		return err;
	discard_unfinished(dir);
	err = end_last_line(results);
	return err ? fail(results, err, "write", "journal.jsonl") : 0;
}

void results_abandon(struct results *results)
{
	static const char *const names[] = { "env.json", "plan.json", "journal.jsonl" };
	char path[PATH_MAX + 16];
	size_t i;

	if (results->journal_fd < 0)
		return;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", results->dir, names[i]);
		unlink(path);
	}
	rmdir(results->dir);
}

int results_find_boot(struct results *results, const char *scenario, const char *variant,
		      unsigned int boot, json_t **result)
{
	char path[PATH_MAX], err[sizeof(results->error)];

	*result = NULL;
	if (snprintf(path, sizeof(path), "%s/%s/%s/boot-%02u/result.json", results->dir, scenario,
		     variant, boot) >= (int)sizeof(path) ||
	    access(path, F_OK))
		return 0;
	*result = result_load(path, err, sizeof(err));
	if (*result)
		return 0;
	snprintf(results->error, sizeof(results->error),
		 "%s; remove its directory, and it is run again", err);
	return -EINVAL;
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
	struct stat before;
	ssize_t n;
	size_t len;
	int err;

	json_object_set_new(line, "time_utc", json_string(utc_now(now)));
	text = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	if (!text)
		return fail(results, -ENOMEM, "write", "journal.jsonl");
	len = strlen(text);
	text[len++] = '\n';
	/* A line is whole or absent: of a disk that gets full it has taken a part. */
	err = fstat(results->journal_fd, &before) < 0 ? -errno : 0;
	n = write(results->journal_fd, text, len);
	if (n < 0)
		err = -errno;
	else if (n != (ssize_t)len)
		err = -ENOSPC;
	else if (fdatasync(results->journal_fd) < 0)
		err = -errno;
	if (n > 0 && n != (ssize_t)len && ftruncate(results->journal_fd, before.st_size) < 0)
		err = -errno;
	free(text);
	return err ? fail(results, err, "write", "journal.jsonl") : 0;
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
	err = sync_directory_of(final);
	return err ? fail(results, err, "rename", path) : 0;
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
