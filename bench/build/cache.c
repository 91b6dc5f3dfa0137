/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/build/digest.h"
#include "bench/build/process.h"
#include "bench/vm/interrupt.h"
#include "lib/alloc.h"
#include "lib/atomic_file.h"
#include "lib/clock.h"
#include "lib/directory.h"
#include "lib/log.h"

#define ADVICE "set BALLOONBENCH_CACHE to a directory that you can write to, or free some space"
#define SUMS "SHA256SUMS"
#define LOCK_POLL_NS 200000000
/* What cache_keep() is given is KIND/.KEY.PID. */
#define UNFINISHED "/.????????????????.*"

static int cannot_write(const char *path, int error, char *err, size_t err_size)
{
	refuse(err, err_size, "cannot write to the cache: %s: %s; " ADVICE, path,
	       strerror(error < 0 ? -error : error));
	return error < 0 ? error : -error;
}

static char *find_root(char *err, size_t err_size)
{
	const char *told = getenv("BALLOONBENCH_CACHE"), *home = getenv("HOME");
	char *absolute, *path;

	if (told && *told == '/')
		return xstrdup(told);
	if (told && *told) {
		absolute = realpath(".", NULL);
		path = xasprintf("%s/%s", absolute ? absolute : ".", told);
		free(absolute);
		return path;
	}
	if (home && *home)
		return xasprintf("%s/.cache/balloonbench", home);
	refuse(err, err_size, "HOME is not set; set BALLOONBENCH_CACHE");
	return NULL;
}

char *cache_root(char *err, size_t err_size)
{
	char *path = find_root(err, err_size);

	/* make(1) splits names at blanks; a kernel's Makefile says so after some minutes. */
	if (!path || !strpbrk(path, " \t\n:"))
		return path;
	refuse(err, err_size,
	       "%s: kernels cannot be built in a directory with a blank or a colon in its name; "
	       "set BALLOONBENCH_CACHE to another",
	       path);
	free(path);
	return NULL;
}

char *cache_path(char *err, size_t err_size, const char *format, ...)
{
	char *root = cache_root(err, err_size), *part, *path, *parent;
	va_list ap;
	int n, error;

	if (!root)
		return NULL;
	va_start(ap, format);
	n = vasprintf(&part, format, ap);
	va_end(ap);
	if (n < 0)
		abort();
	path = xasprintf("%s/%s", root, part);
	parent = xstrdup(path);
	error = make_directories(dirname(parent));
	if (error) {
		cannot_write(parent, error, err, err_size);
		free(path);
		path = NULL;
	}
	free(parent);
	free(part);
	free(root);
	return path;
}

static int wait_for_lock(int fd, const char *path, char *err, size_t err_size)
{
	bool said = false;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return cannot_write(path, errno, err, err_size);
		if (!said)
			log_info("waiting for another build in the same cache");
		said = true;
		if (interrupted()) {
			refuse(err, err_size, "interrupted");
			return -EINTR;
		}
		sleep_ns(LOCK_POLL_NS);
	}
	return 0;
}

int cache_lock(const char *kind, char *err, size_t err_size)
{
	char *path = cache_path(err, err_size, "%s/.lock", kind);
	int fd, status;

	if (!path)
		return -EINVAL;
	/* Programs inherit it: a make that goes on after its parent was killed has the lock. */
	fd = open(path, O_RDWR | O_CREAT, 0644);
	status = fd < 0 ? cannot_write(path, errno, err, err_size)
			: wait_for_lock(fd, path, err, err_size);
	if (status && fd >= 0)
		close(fd);
	free(path);
	return status ? status : fd;
}

/* A line of SHA256SUMS: "DIGEST  ./NAME". */
static bool sum_holds(const char *entry, char *line)
{
	char digest[DIGEST_LENGTH + 1], *path;
	bool holds;

	line[strcspn(line, "\n")] = '\0';
	if (strlen(line) < DIGEST_LENGTH + 3)
		return false;
	path = xasprintf("%s/%s", entry, line + DIGEST_LENGTH + 2);
	holds = !digest_file(path, digest) && !strncmp(digest, line, DIGEST_LENGTH);
	free(path);
	return holds;
}

static bool sums_hold(const char *entry)
{
	char *path = xasprintf("%s/" SUMS, entry), *line = NULL;
	FILE *file = fopen(path, "re");
	bool holds = file != NULL;
	size_t size = 0, lines = 0;

	for (; holds && getline(&line, &size, file) > 0; lines++)
		holds = sum_holds(entry, line);
	if (file)
		fclose(file);
	free(line);
	free(path);
	return holds && lines;
}

bool cache_has(const char *entry)
{
	char err[512];

	if (access(entry, F_OK) < 0)
		return false;
	if (sums_hold(entry))
		return true;
	log_warn("%s is damaged; rebuilding it", entry);
	if (cache_remove_tree(entry, err, sizeof(err)))
		log_warn("%s", err);
	return false;
}

int cache_remove_unfinished(const char *kind, char *err, size_t err_size)
{
	char *root = cache_root(err, err_size), *dir;
	glob_t found;
	int status = 0;
	size_t i;

	if (!root)
		return -EINVAL;
	dir = xasprintf("%s/%s", root, kind);
	if (!glob_below(dir, UNFINISHED, &found)) {
		for (i = 0; !status && i < found.gl_pathc; i++)
			status = cache_remove_tree(found.gl_pathv[i], err, err_size);
		globfree(&found);
	}
	free(dir);
	free(root);
	return status;
}

static int sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), status;

	if (fd < 0)
		return -errno;
	status = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return status;
}

static int add_sums(const char *directory, const char *below, FILE *sums);

/* @name: of a file or directory of the entry, as "./bin". */
static int add_sum(const char *path, const char *name, FILE *sums)
{
	char digest[DIGEST_LENGTH + 1];
	struct stat st;
	int status = lstat(path, &st) < 0 ? -errno : 0;

	if (!status && S_ISDIR(st.st_mode))
		return add_sums(path, name, sums);
	if (!status)
		status = digest_file(path, digest);
	if (!status)
		status = sync_file(path);
	if (!status)
		fprintf(sums, "%s  %s\n", digest, name);
	return status;
}

/* Digests of the files of a directory and those below, as sha256sum prints them. */
static int add_sums(const char *directory, const char *below, FILE *sums)
{
	const struct dirent *entry;
	DIR *dir = opendir(directory);
	char *path, *name;
	int status = 0;

	if (!dir)
		return -errno;
	while (!status && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		path = xasprintf("%s/%s", directory, entry->d_name);
		name = xasprintf("%s/%s", below, entry->d_name);
		status = add_sum(path, name, sums);
		free(path);
		free(name);
	}
	closedir(dir);
	return status;
}

static int seal(const char *directory)
{
	char *path = xasprintf("%s/" SUMS, directory), *text = NULL;
	size_t size;
	FILE *sums = xmemstream(&text, &size);
	int status;

	status = add_sums(directory, ".", sums);
	fclose(sums);
	if (!status)
		status = atomic_file_write(path, text, size);
	free(text);
	free(path);
	return status;
}

int cache_keep(const char *unfinished, const char *entry, char *err, size_t err_size)
{
	int status = seal(unfinished);

	if (!status && rename(unfinished, entry) < 0)
		status = -errno;
	if (!status)
		status = sync_directory_of(entry);
	return status ? cannot_write(entry, status, err, err_size) : 0;
}

int cache_store(const char *kind, const char *key,
		int (*fill)(const char *directory, const void *context, char *err, size_t err_size),
		const void *context, char *err, size_t err_size)
{
	char *unfinished = cache_path(err, err_size, "%s/.%s.%d", kind, key, (int)getpid());
	char *entry = unfinished ? cache_path(err, err_size, "%s/%s", kind, key) : NULL;
	char ignored[256];
	int status = entry ? 0 : -EINVAL;

	if (!status && make_directories(unfinished))
		status = refuse(err, err_size, "cannot create %s: %s; free some space", unfinished,
				strerror(errno));
	if (!status)
		status = fill(unfinished, context, err, err_size);
	if (!status)
		status = cache_keep(unfinished, entry, err, err_size);
	if (status && unfinished)
		cache_remove_tree(unfinished, ignored, sizeof(ignored));
	free(unfinished);
	free(entry);
	return status;
}

int cache_remove_tree(const char *path, char *err, size_t err_size)
{
	const struct process rm = {
		.argv = (const char *const[]){ "rm", "-rf", "--", path, NULL },
	};
	int status = process_run(&rm, NULL);

	if (status == -EINTR || status == -ETIMEDOUT) {
		refuse(err, err_size, "interrupted");
		return -EINTR;
	}
	return status ? refuse(err, err_size, "cannot remove %s: %s", path, process_error()) : 0;
}

char *cache_read_line(const char *directory, const char *name)
{
	char *path = xasprintf("%s/%s", directory, name), *line = NULL;
	FILE *file = fopen(path, "re");
	size_t size = 0;

	if (file && getline(&line, &size, file) >= 0) {
		line[strcspn(line, "\n")] = '\0';
	} else {
		free(line);
		line = NULL;
	}
	if (file)
		fclose(file);
	free(path);
	return line;
}

int cache_write_text(const char *path, const char *text, char *err, size_t err_size)
{
	int status = atomic_file_write(path, text, strlen(text));

	if (status)
		refuse(err, err_size, "cannot write %s: %s; free some space", path,
		       strerror(-status));
	return status;
}

int cache_write_line(const char *directory, const char *name, const char *line, char *err,
		     size_t err_size)
{
	char *path = xasprintf("%s/%s", directory, name), *text = xasprintf("%s\n", line);
	int status = atomic_file_write(path, text, strlen(text));

	if (status)
		cannot_write(path, status, err, err_size);
	free(text);
	free(path);
	return status;
}
