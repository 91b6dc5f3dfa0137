/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/unit.h"

#include "tests/helpers/leftovers.h"

#include <bpf/bpf.h>
#include <ctype.h>
#include <dirent.h>
#include <fnmatch.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/atomic_file.h"
#include "tests/helpers/program.h"

#define POLL_US 10000
#define POLLS 2000

/* Names of atomic_file.h, of a running boot, and of outputs of scripts. */
static int is_temporary(const char *name)
{
	static const char *const patterns[] = { "*.*" ATOMIC_FILE_PATTERN, ".boot-*", "*.new",
						"*.tmp" };
	size_t i;

	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (!fnmatch(patterns[i], name, 0))
			return 1;
	return 0;
}

static int check_name(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	if (is_temporary(path + ftw->base))
		fail_msg("%s is left", path);
	return 0;
}

void expect_no_process(const char *dir)
{
	int polls;

	for (polls = 0; polls < POLLS && count_processes(dir); polls++)
		usleep(POLL_US);
	if (polls == POLLS)
		fail_msg("a process with %s on its command line is left", dir);
}

void expect_nothing_left(const char *dir)
{
	expect_no_process(dir);
	nftw(dir, check_name, 16, FTW_PHYS);
}

static void note(uint32_t *ids, size_t *count, const char *line, const char *key)
{
	unsigned int id;
	size_t n = strlen(key), i;

	if (strncmp(line, key, n) || sscanf(line + n, ":%u", &id) != 1)
		return;
	for (i = 0; i < *count; i++)
		if (ids[i] == id)
			return;
	assert_below(*count, 64);
	ids[(*count)++] = id;
}

static void note_descriptor(struct bpf_objects *o, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		note(o->programs, &o->program_count, line, "prog_id");
		note(o->links, &o->link_count, line, "link_id");
		note(o->maps, &o->map_count, line, "map_id");
	}
	if (f)
		fclose(f);
}

void bpf_objects_note(struct bpf_objects *objects, pid_t pid)
{
	char dir[64], path[512];
	struct dirent *entry;
	DIR *infos;

	memset(objects, 0, sizeof(*objects));
	snprintf(dir, sizeof(dir), "/proc/%d/fdinfo", (int)pid);
	infos = opendir(dir);
	while (infos && (entry = readdir(infos))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		note_descriptor(objects, path);
	}
	if (infos)
		closedir(infos);
}

static void expect_gone(const char *what, const uint32_t *ids, size_t count, int (*open)(uint32_t))
{
	size_t i;
	int fd, polls;

	for (i = 0; i < count; i++) {
		/* The kernel frees them some time after the last reference. */
		for (polls = 0; polls < POLLS && (fd = open(ids[i])) >= 0; polls++) {
			close(fd);
			usleep(POLL_US);
		}
		if (polls == POLLS)
			fail_msg("BPF %s %u is left", what, ids[i]);
	}
}

void expect_no_bpf(const struct bpf_objects *objects)
{
	expect_gone("link", objects->links, objects->link_count, bpf_link_get_fd_by_id);
	expect_gone("program", objects->programs, objects->program_count, bpf_prog_get_fd_by_id);
	expect_gone("map", objects->maps, objects->map_count, bpf_map_get_fd_by_id);
}
