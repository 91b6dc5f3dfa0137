/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/record/usage.h"
#include "lib/alloc.h"

#define MOUNTS "/proc/self/mounts"
#define OWN "/proc/self/cgroup"

/* A hierarchy that counts memory, and the group of this process in it. */
struct hierarchy {
	char mount[256], own[256];
};

/* Whether a list of words, separated by commas, has a word. */
static bool has_word(const char *list, const char *word)
{
	const size_t length = strlen(word);

	for (; list; list = strchr(list, ',') ? strchr(list, ',') + 1 : NULL)
		if (!strncmp(list, word, length) && strchr(",\n", list[length]))
			return true;
	return false;
}

/* Where the hierarchy is mounted: the first of that version. */
static bool find_mount(int version, char *mount, size_t size)
{
	char line[1024], where[256], type[32], options[512];
	bool found = false;
	FILE *f = fopen(MOUNTS, "re");

	while (f && !found && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %255s %31s %511s", where, type, options) != 3)
			continue;
		found = version == 2 ? !strcmp(type, "cgroup2")
				     : !strcmp(type, "cgroup") && has_word(options, "memory");
	}
	if (f)
		fclose(f);
	if (found)
		snprintf(mount, size, "%s", where);
	return found;
}

/* A line is "ID:CONTROLLERS:PATH"; of version 2 the controllers are empty. */
static void find_own(int version, char *own, size_t size)
{
	char line[1024], *controllers, *path;
	FILE *f = fopen(OWN, "re");

	own[0] = '\0';
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		controllers = strchr(line, ':');
		path = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!path)
			continue;
		*path++ = '\0';
		controllers++;
		if (version == 2 ? !*controllers : has_word(controllers, "memory"))
			snprintf(own, size, "%s", path);
	}
	if (f)
		fclose(f);
}

/* A group without this file is one whose parent does not count memory. */
static bool counts_memory(const char *path)
{
	char *file = xasprintf("%s/memory.stat", path);
	bool counts = !access(file, R_OK);

	free(file);
	return counts;
}

static bool make(struct group *group, int version, const char *parent)
{
	char *path = xasprintf("%s/balloonbench-%d", parent, (int)getpid());

	if (mkdir(path, 0755)) {
		snprintf(group->error, sizeof(group->error), "%s: %s", path, strerror(errno));
		free(path);
		return false;
	}
	if (!counts_memory(path)) {
		rmdir(path);
		snprintf(group->error, sizeof(group->error), "%s: it would not count memory", path);
		free(path);
		return false;
	}
	group->path = path;
	group->version = version;
	return true;
}

static bool make_in(struct group *group, int version)
{
	struct hierarchy h;
	char *parent;
	bool made;

	if (!find_mount(version, h.mount, sizeof(h.mount)))
		return false;
	find_own(version, h.own, sizeof(h.own));
	parent = xasprintf("%s%s", h.mount, h.own);
	made = make(group, version, parent);
	free(parent);
	return made || make(group, version, h.mount);
}

void group_make(struct group *group)
{
	*group = (struct group){ .error = "no hierarchy of control groups is mounted" };
	if (!make_in(group, 2))
		make_in(group, 1);
}

int group_enter(const struct group *group)
{
	char *path = xasprintf("%s/cgroup.procs", group->path);
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	/* 0 stands for the writer. */
	if (fd < 0 || write(fd, "0", 1) != 1)
		err = -errno;
	if (fd >= 0)
		close(fd);
	free(path);
	return err;
}

static void move_to_parent(const char *path)
{
	char *from = xasprintf("%s/cgroup.procs", path), *to = xasprintf("%s/..", path), line[32];
	char *procs = xasprintf("%s/cgroup.procs", to);
	FILE *in = fopen(from, "re"), *out;

	while (in && fgets(line, sizeof(line), in)) {
		out = fopen(procs, "we");
		if (out) {
			fputs(line, out);
			fclose(out);
		}
	}
	if (in)
		fclose(in);
	free(procs);
	free(to);
	free(from);
}

void group_release(struct group *group)
{
	if (group->path && rmdir(group->path)) {
		move_to_parent(group->path);
		rmdir(group->path);
	}
	free(group->path);
	group->path = NULL;
}
