/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/safe_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel */
#define DEPTH_MAX 8  /* of what is removed: a boot's directory has no directories in it */

/* Root acts for the user who called sudo. */
static bool is_ours(uid_t owner)
{
	const char *sudo = geteuid() ? NULL : getenv("SUDO_UID");

	return owner == geteuid() || (sudo && *sudo && owner == strtoul(sudo, NULL, 10));
}

static int check_safe(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return is_ours(st.st_uid) && !(st.st_mode & (S_IWGRP | S_IWOTH)) ? 0 : -EPERM;
}

/* A path on the way: the directory up to here, and what is left of it. */
struct walk {
	int at;
	char rest[PATH_MAX];
	unsigned int links;
	bool create, follow;
};

static int step_to(struct walk *w, int fd)
{
	close(w->at);
	w->at = fd;
	return 0;
}

/* Go on with the text of a link in its place. */
static int follow(struct walk *w, int link, const struct stat *st, const char *rest)
{
	char text[PATH_MAX], joined[2 * PATH_MAX];
	ssize_t n;

	if (!w->follow || ++w->links > LINKS_MAX || (st->st_uid && !is_ours(st->st_uid)))
		return -ELOOP;
	n = readlinkat(link, "", text, sizeof(text));
	if (n < 0)
		return -errno;
	if (snprintf(joined, sizeof(joined), "%.*s/%s", (int)n, text, rest) >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(w->rest, joined, strlen(joined) + 1);
	return *text == '/' ? step_to(w, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) : 0;
}

/* Open @name, of which nothing is assumed, and take that step. */
static int step(struct walk *w, const char *name, const char *rest)
{
	struct stat st;
	int fd, err;

	if (w->create && mkdirat(w->at, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(w->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (S_ISLNK(st.st_mode))
		err = follow(w, fd, &st, rest);
	else
		err = S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	if (err || S_ISLNK(st.st_mode)) {
		close(fd);
		return err;
	}
	memmove(w->rest, rest, strlen(rest) + 1);
	return step_to(w, fd);
}

/* The directory that the path leads to, open to be read, or -errno. */
static int walk(struct walk *w)
{
	char name[NAME_MAX + 1], *at;
	int fd, err = w->at < 0 ? -errno : 0;
	size_t n;

	while (!err) {
		at = w->rest + strspn(w->rest, "/");
		n = strcspn(at, "/");
		if (!n)
			break;
		if (n > NAME_MAX)
			err = -ENAMETOOLONG;
		else if (!w->follow && n == 2 && !strncmp(at, "..", 2))
			err = -EINVAL;
		snprintf(name, sizeof(name), "%.*s", (int)n, at);
		err = err ?: step(w, name, at + n);
	}
	fd = err ? -1 : openat(w->at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = err ?: fd < 0 ? -errno : 0;
	if (w->at >= 0)
		close(w->at);
	return err ?: fd;
}

static int safe(int fd)
{
	int err = fd < 0 ? fd : check_safe(fd);

	if (err && fd >= 0)
		close(fd);
	return err ?: fd;
}

int safe_directory_open(const char *path, bool create)
{
	struct walk w = { .create = create, .follow = true };

	if (snprintf(w.rest, sizeof(w.rest), "%s", path) >= (int)sizeof(w.rest))
		return -ENAMETOOLONG;
	w.at = open(*path == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return safe(walk(&w));
}

int directory_below(int at, const char *name, bool create)
{
	struct walk w = { .at = fcntl(at, F_DUPFD_CLOEXEC, 0), .create = create };

	snprintf(w.rest, sizeof(w.rest), "%s", name);
	return walk(&w);
}

int safe_directory_below(int at, const char *name, bool create)
{
	return safe(directory_below(at, name, create));
}

int file_open_below(int at, const char *name, int flags)
{
	const char *slash = strrchr(name, '/');
	char above[PATH_MAX];
	int dir, fd;

	snprintf(above, sizeof(above), "%.*s", slash ? (int)(slash - name) : 0, name);
	dir = directory_below(at, above, false);
	if (dir < 0)
		return dir;
	fd = openat(dir, slash ? slash + 1 : name, flags | O_NOFOLLOW | O_CLOEXEC, 0644);
	fd = fd < 0 ? -errno : fd;
	close(dir);
	return fd;
}

static void remove_below(int at, const char *name, unsigned int depth)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
		    unlinkat(fd, entry->d_name, 0) && depth)
			remove_below(fd, entry->d_name, depth - 1);
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	unlinkat(at, name, AT_REMOVEDIR);
}

void directory_remove_at(int at, const char *name)
{
	remove_below(at, name, DEPTH_MAX);
}

const char *descriptor_path(int at, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "/proc/self/fd/%d%s%s", at, *name ? "/" : "", name);
	return path;
}
