/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

#define LOCK_MS 2000

/* Prefix of an unfinished boot: ".boot-03" becomes "boot-03". */
#define UNFINISHED "/."

int results_fail(int err, const char *what, const char *path)
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
	return fails(err == -EEXIST ? EXIT_USAGE : EXIT_ENVIRONMENT, "cannot %s %s: %s%s", what,
		     path, strerror(-err), advice);
}

const char *utc_now(const char *format, char text[32])
{
	time_t now = time(NULL);

	strftime(text, 32, format, gmtime(&now));
	return text;
}

int directory_is_empty(const char *path)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	int empty = 1;

	if (!dir)
		return -errno;
	while (empty && (entry = readdir(dir)))
		empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
	closedir(dir);
	return empty;
}

/*
 * Another user could replace files in a directory that he owns or that all can write
 * to. Root may use that of the user who called sudo.
 */
static int check_owner(const char *dir)
{
	const char *sudo = getenv("SUDO_UID");
	struct stat st;

	if (!stat(dir, &st) && !(st.st_mode & S_IWOTH) &&
	    (st.st_uid == geteuid() ||
	     (!geteuid() && sudo && st.st_uid == strtoul(sudo, NULL, 10))))
		return 0;
	return fails(EXIT_ENVIRONMENT,
		     "%s: owned by another user, or writable for all; choose a new directory "
		     "with -o",
		     dir);
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
static int open_journal(struct results *results, const char *dir, int flags)
{
	char *journal = xasprintf("%s/journal.jsonl", dir);
	int fd, status = 0;

	fd = open(journal, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | flags, 0644);
	*results = (struct results){ dir, fd };
	if (fd < 0) {
		status = results_fail(-errno, "create", journal);
	} else if (lock_journal(fd)) {
		results_close(results);
		status = results_fail(-EBUSY, "write into", dir);
	}
	free(journal);
	return status;
}

int results_create(struct results *results, const char *dir)
{
	int err = directory_is_empty(dir);

	if (err <= 0 && err != -ENOENT)
		return results_fail(err ? err : -EEXIST, "write into", dir);
	if (err > 0 && check_owner(dir))
		return EXIT_ENVIRONMENT;
	err = make_directories(dir);
	return err ? results_fail(err, "create", dir) : open_journal(results, dir, O_EXCL);
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

/* Remove what a killed run left: directories of boots, temporary files. */
static void discard_unfinished(const char *dir)
{
	static const char *const patterns[] = { "/*/*" UNFINISHED "boot-*",
						"/*.json" ATOMIC_FILE_PATTERN };
	glob_t found;
	size_t p, i;

	for (p = 0; p < 2; p++) {
		if (glob_below(dir, patterns[p], &found))
			continue;
		for (i = 0; i < found.gl_pathc; i++)
			if (unlink(found.gl_pathv[i]))
				directory_remove(found.gl_pathv[i]);
		globfree(&found);
	}
}

int results_reopen(struct results *results, const char *dir)
{
	int status = check_owner(dir) ?: open_journal(results, dir, 0);

	if (status)
		return status;
	discard_unfinished(dir);
	return end_last_line(results->journal_fd);
}

int results_find_boot(const struct results *results, const struct boot *boot,
		      struct boot_result *result, bool *found)
{
	char *path = xasprintf("%s/%s/%s/boot-%02u/result.json", results->dir, boot->scenario->name,
			       boot->variant->name, boot->number);
	char err[PATH_MAX + 256];
	json_t *json = NULL;
	int status = 0;

	record_init(&boot_record, result);
	*found = !access(path, F_OK);
	if (*found)
		json = json_file_load(path, err, sizeof(err));
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
}

int results_write(const char *dir, const char *file, const json_t *content)
{
	char *path = xasprintf("%s/%s", dir, file);
	int err = atomic_file_write_json(path, content);
	int status = err ? results_fail(err, "write", path) : 0;

	free(path);
	return status;
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

char *results_begin_boot(const struct results *results, const struct boot *boot)
{
	char *path = xasprintf("%s/%s/%s" UNFINISHED "boot-%02u", results->dir,
			       boot->scenario->name, boot->variant->name, boot->number);
	int err = make_directories(path);

	if (!err)
		return path;
	results_fail(err, "create", path);
	free(path);
	return NULL;
}

int results_commit_boot(const char *path, const struct boot_result *result)
{
	json_t *json = record_encode(&boot_record, result);
	const char *dot = strrchr(path, '/') + 1;
	char *final = xasprintf("%.*s%s", (int)(dot - path), path, dot + 1);
	int err, status = results_write(path, "result.json", json);

	if (!status) {
		/* Some file systems say EEXIST of a directory that is not empty. */
		err = !rename(path, final) ? sync_directory_of(final)
		      : errno == EEXIST	   ? -ENOTEMPTY
					   : -errno;
		status = err ? results_fail(err, "rename", path) : 0;
	}
	json_decref(json);
	free(final);
	return status;
}
