/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/run/run.h"
#include "lib/alloc.h"
#include "lib/atomic_file.h"
#include "lib/clock.h"
#include "lib/directory.h"
#include "lib/json_file.h"
#include "lib/record_table.h"
#include "lib/safe_directory.h"

#define LOCK_MS 2000

/* Prefix of an unfinished boot: ".boot-03" becomes "boot-03". */
#define UNFINISHED "."

int results_fail(int err, const char *what, const char *path)
{
	const char *advice = "";

	if (err == -ENOSPC || err == -EDQUOT)
		advice = "; free some space, or choose another directory with -o";
	else if (err == -EFBIG)
		advice = "; raise the limit on the size of files (ulimit -f)";
	else if (err == -EMFILE)
		advice = "; raise the limit on open files (ulimit -n)";
	else if (err == -EACCES || err == -EROFS)
		advice = "; choose a directory that you can write to with -o";
	else if (err == -EEXIST || err == -ENOTEMPTY)
		advice = "; choose a new directory with -o, finished results are never overwritten";
	else if (err == -EBUSY)
		advice = "; another balloonbench writes into it, wait for it or end it";
	else if (err == -ELOOP)
		advice = "; it leads through a symbolic link that another user can have made; "
			 "choose "
			 "a new directory with -o";
	else if (err == -EPERM)
		advice = "; another user owns it, or another user can write to it; choose a new "
			 "directory with -o, or take that away with chown and chmod go-w";
	return fails(err == -EEXIST ? EXIT_USAGE : EXIT_ENVIRONMENT, "cannot %s %s: %s%s", what,
		     path, strerror(-err), advice);
}

const char *utc_now(const char *format, char text[32])
{
	time_t now = time(NULL);

	strftime(text, 32, format, gmtime(&now));
	return text;
}

/* Processes of a killed run hold its lock until they have ended: wait for them. */
static int lock_journal(int fd)
{
	uint64_t deadline = deadline_in_ms(LOCK_MS);

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (clock_ns() >= deadline)
			return -EBUSY;
		sleep_ns(50 * NSEC_PER_MSEC);
	}
	return 0;
}

/* The lock of the journal is the lock of the tree. */
static int open_journal(struct results *results, int flags)
{
	int fd = openat(results->fd, "journal.jsonl",
			O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | flags, 0644);

	results->journal_fd = fd;
	if (fd < 0)
		return results_fail(-errno, "create journal.jsonl in", results->dir);
	return lock_journal(fd) ? results_fail(-EBUSY, "write into", results->dir) : 0;
}

static int open_tree(struct results *results, const char *dir, bool create)
{
	int fd = safe_directory_open(dir, create);

	*results = (struct results){ dir, fd, -1 };
	return fd < 0 ? results_fail(fd, create ? "create" : "open", dir) : 0;
}

int results_create(struct results *results, const char *dir)
{
	int empty, status = open_tree(results, dir, true);

	if (status)
		return status;
	empty = directory_is_empty(results->fd, "");
	status = empty <= 0 ? results_fail(empty ? empty : -EEXIST, "write into", dir)
			    : open_journal(results, O_EXCL);
	if (status)
		results_close(results);
	return status;
}

/* The last line may be incomplete, after a crash or on a full disk. */
static int end_last_line(int fd)
{
	char last = '\n';
	struct stat st;

	if (fstat(fd, &st) < 0 || (st.st_size && pread(fd, &last, 1, st.st_size - 1) != 1) ||
	    (last != '\n' && write(fd, "\n", 1) != 1))
		return results_fail(-errno, "write", "journal.jsonl");
	return 0;
}

/* Remove what a killed run left in a directory: those of boots, and temporary files. */
static void discard_unfinished(int fd, unsigned int depth)
{
	static const char *const patterns[] = { "*.json" ATOMIC_FILE_PATTERN, "",
						UNFINISHED "boot-*" };
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int below;

	while (dir && (entry = readdir(dir))) {
		if (!fnmatch(patterns[depth], entry->d_name, 0)) {
			if (unlinkat(fd, entry->d_name, 0))
				directory_remove_at(fd, entry->d_name);
			continue;
		}
		if (depth == 2 || entry->d_name[0] == '.')
			continue;
		below = safe_directory_below(fd, entry->d_name, false);
		if (below >= 0)
			discard_unfinished(below, depth + 1);
	}
	if (dir)
		closedir(dir);
	else
		close(fd);
}

int results_reopen(struct results *results, const char *dir)
{
	int status = open_tree(results, dir, false) ?: open_journal(results, 0);

	if (status)
		return status;
	discard_unfinished(openat(results->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	return end_last_line(results->journal_fd);
}

/* Open what is below the tree: a directory that is safe, or -errno. */
static int open_below(const struct results *results, const struct boot *boot, bool create)
{
	char *name = xasprintf("%s/%s", boot->scenario->name, boot->variant->name);
	int fd = safe_directory_below(results->fd, name, create);

	free(name);
	return fd;
}

/* The result of a boot, or NULL with a message, which is "" if the boot has none. */
static json_t *load_boot(const struct results *results, const struct boot *boot, const char *path,
			 char *err, size_t err_size)
{
	char name[64];
	int dir = open_below(results, boot, false), fd = dir;

	snprintf(name, sizeof(name), "boot-%02u/result.json", boot->number);
	if (dir >= 0)
		fd = file_open_below(dir, name, O_RDONLY | O_NONBLOCK);
	if (dir >= 0)
		close(dir);
	err[0] = '\0';
	if (fd == -ENOENT)
		return NULL;
	return json_file_read(fd, path, err, err_size);
}

int results_find_boot(const struct results *results, const struct boot *boot,
		      struct boot_result *result, bool *found)
{
	char *path = xasprintf("%s/%s/%s/boot-%02u/result.json", results->dir, boot->scenario->name,
			       boot->variant->name, boot->number);
	char err[PATH_MAX + 256];
	json_t *json = load_boot(results, boot, path, err, sizeof(err));
	int status = 0;

	record_init(&boot_record, result);
	*found = json || *err;
	if (*found && (!json || result_decode(result, json, path, err, sizeof(err))))
		status = fails(EXIT_ENVIRONMENT, "%s; remove its directory to run it again", err);
	json_decref(json);
	free(path);
	return status;
}

void results_close(struct results *results)
{
	if (results->journal_fd >= 0)
		close(results->journal_fd);
	results->journal_fd = -1;
	if (results->fd >= 0)
		close(results->fd);
	results->fd = -1;
}

void results_abandon(struct results *results)
{
	char name[NAME_MAX + 1], *copy = xstrdup(results->dir);
	int parent;

	unlinkat(results->fd, "env.json", 0);
	unlinkat(results->fd, "plan.json", 0);
	unlinkat(results->fd, "journal.jsonl", 0);
	/* The parent of the very directory; it can have another name by now, and stays then. */
	parent = openat(results->fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(name, sizeof(name), "%s", basename(copy));
	unlinkat(parent, name, AT_REMOVEDIR);
	if (parent >= 0)
		close(parent);
	free(copy);
	results_close(results);
}

int results_write(const struct results *results, const char *file, const json_t *content)
{
	char path[PATH_MAX];
	int err = atomic_file_replace_json(descriptor_path(results->fd, file, path), content);

	if (!err)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", results->dir, file);
	return results_fail(err, "write", path);
}

/* What the journal says of a boot. */
#define S struct boot_result
static RECORD(journal_record, "journal", NULL,
	FIELD(TEXT, scenario), FIELD(TEXT, variant), FIELD(COUNT, boot),
	FIELD(CHOICE, status, .choices = status_names), FIELD(TEXT, reason));
#undef S

/* Write a whole line or nothing: cut off what a full disk took of it. */
static int append(int fd, const char *text, size_t len)
{
	struct stat before;
	ssize_t n;
	int err;

	if (fstat(fd, &before) < 0)
		return -errno;
	n = write(fd, text, len);
	if (n == (ssize_t)len)
		return fdatasync(fd) < 0 ? -errno : 0;
	err = n < 0 ? -errno : -ENOSPC;
	return n > 0 && ftruncate(fd, before.st_size) < 0 ? -errno : err;
}

int results_journal(const struct results *results, const char *event,
		    const struct boot_result *result, const char *status)
{
	json_t *json = json_pack("{s:s, s:s*}", "event", event, "status", status);
	char now[32], *text, *line;
	int err;

	if (result)
		json_object_update_new(json, record_encode(&journal_record, result));
	json_object_set_new(json, "time_utc", json_string(utc_now(UTC_ISO, now)));
	text = json_dumps(json, JSON_COMPACT);
	line = xasprintf("%s\n", text);
	err = append(results->journal_fd, line, strlen(line));
	json_decref(json);
	free(text);
	free(line);
	return err ? results_fail(err, "write", "journal.jsonl") : 0;
}

int results_begin_boot(struct boot_directory *d, const struct results *results,
		       const struct boot *boot)
{
	int err = open_below(results, boot, true);

	*d = (struct boot_directory){ .parent_fd = err, .fd = -1 };
	snprintf(d->name, sizeof(d->name), UNFINISHED "boot-%02u", boot->number);
	snprintf(d->shown, sizeof(d->shown), "%s/%s/%s/%s", results->dir, boot->scenario->name,
		 boot->variant->name, d->name);
	if (err >= 0)
		err = d->fd = safe_directory_below(d->parent_fd, d->name, true);
	if (err < 0) {
		results_discard_boot(d);
		return results_fail(err, "create", d->shown);
	}
	descriptor_path(d->fd, "", d->path);
	return 0;
}

static void close_boot(struct boot_directory *d)
{
	if (d->fd >= 0)
		close(d->fd);
	if (d->parent_fd >= 0)
		close(d->parent_fd);
	d->fd = d->parent_fd = -1;
}

void results_discard_boot(struct boot_directory *d)
{
	if (d->parent_fd >= 0)
		directory_remove_at(d->parent_fd, d->name);
	close_boot(d);
}

int results_commit_boot(struct boot_directory *d, const struct boot_result *result)
{
	json_t *json = record_encode(&boot_record, result);
	const char *final = d->name + strlen(UNFINISHED);
	char path[PATH_MAX];
	int err;

	err = atomic_file_replace_json(descriptor_path(d->fd, "result.json", path), json);
	json_decref(json);
	if (err)
		return results_fail(err, "write result.json into", d->shown);
	if (renameat(d->parent_fd, d->name, d->parent_fd, final) < 0)
		/* Some file systems say EEXIST of a directory that is not empty. */
		err = errno == EEXIST ? -ENOTEMPTY : -errno;
	else if (fsync(d->parent_fd) < 0 && errno != EINVAL)
		err = -errno;
	if (err)
		return results_fail(err, "rename", d->shown);
	close_boot(d);
	return 0;
}
