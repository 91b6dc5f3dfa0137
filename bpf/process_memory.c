/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/process_memory.h"

#include <dirent.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/record_table.h"

#define KIB 1024
#define BLOCK 512 /* of st_blocks */

#define S struct process_memory
RECORD(process_memory_record, "process_memory", NULL,
	FIELD(COUNT, rss_bytes, .unit = UNIT_BYTES, .doc = "resident"),
	FIELD(COUNT, anonymous_bytes, .unit = UNIT_BYTES, .doc = "resident, anonymous"),
	FIELD(COUNT, shared_bytes, .unit = UNIT_BYTES,
	      .doc = "of the files of tmpfs and memfds that are mapped"),
	FIELD(COUNT, hugetlb_bytes, .unit = UNIT_BYTES, .doc = "of hugetlbfs"),
	FIELD(COUNT, swap_bytes, .unit = UNIT_BYTES, .doc = "in swap"),
	FIELD(COUNT, anon_huge_bytes, .unit = UNIT_BYTES,
	      .doc = "of the anonymous memory, in transparent huge pages"),
	FIELD(COUNT, locked_bytes, .unit = UNIT_BYTES, .doc = "locked"));
#undef S

static FILE *open_of(pid_t pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return fopen(path, "re");
}

/* A line as "RssAnon:    1024 kB" of that name. */
static bool take_kib(const char *line, const char *name, int64_t *bytes)
{
	size_t length = strlen(name);

	if (strncmp(line, name, length) || line[length] != ':')
		return false;
	*bytes = strtoll(line + length + 1, NULL, 10) * KIB;
	return true;
}

bool process_memory_status(pid_t pid, struct process_memory *memory)
{
	FILE *f = open_of(pid, "status");
	char line[256];

	record_init(&process_memory_record, memory);
	while (f && fgets(line, sizeof(line), f))
		if (take_kib(line, "VmRSS", &memory->rss_bytes) ||
		    take_kib(line, "RssAnon", &memory->anonymous_bytes) ||
		    take_kib(line, "HugetlbPages", &memory->hugetlb_bytes) ||
		    take_kib(line, "VmSwap", &memory->swap_bytes) ||
		    take_kib(line, "VmLck", &memory->locked_bytes))
			continue;
	if (f)
		fclose(f);
	/* A process that has ended, and is not waited for yet, has none. */
	return memory->rss_bytes != RECORD_ABSENT;
}

static void read_huge(pid_t pid, struct process_memory *memory)
{
	FILE *f = open_of(pid, "smaps_rollup");
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (take_kib(line, "AnonHugePages", &memory->anon_huge_bytes))
			break;
	if (f)
		fclose(f);
}

/* The files that were counted: one may be mapped in many pieces. */
struct files {
	struct file_id {
		dev_t dev;
		ino_t ino;
	} * list;
	size_t count;
	int64_t shared, hugetlb;
	bool unknown; /* one could not be looked at */
};

static bool is_new(struct files *files, const struct stat *st)
{
	size_t i;

	for (i = 0; i < files->count; i++)
		if (files->list[i].dev == st->st_dev && files->list[i].ino == st->st_ino)
			return false;
	files->list = xreallocarray(files->list, files->count + 1, sizeof(*files->list));
	files->list[files->count++] = (struct file_id){ st->st_dev, st->st_ino };
	return true;
}

/* @path: of the mapping in /proc/PID/map_files, which takes CAP_SYS_ADMIN to follow. */
static void count_file(struct files *files, const char *path)
{
	struct statfs fs;
	struct stat st;

	if (statfs(path, &fs) || stat(path, &st)) {
		files->unknown = true;
		return;
	}
	if ((fs.f_type != TMPFS_MAGIC && fs.f_type != HUGETLBFS_MAGIC) || !is_new(files, &st))
		return;
	*(fs.f_type == TMPFS_MAGIC ? &files->shared : &files->hugetlb) +=
		(int64_t)st.st_blocks * BLOCK;
}

static void read_files(pid_t pid, struct process_memory *memory)
{
	FILE *f = open_of(pid, "maps");
	struct files files = { 0 };
	unsigned long from, to, inode;
	char line[512], path[96], shared;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %*c%*c%*c%c %*s %*s %lu", &from, &to, &shared, &inode) !=
			    4 ||
		    shared != 's' || !inode)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", (int)pid, from, to);
		count_file(&files, path);
	}
	if (f)
		fclose(f);
	free(files.list);
	if (files.unknown)
		return;
	memory->shared_bytes = files.shared;
	/* Private mappings of hugetlb have no blocks of their own, shared ones may be unmapped. */
	if (files.hugetlb > memory->hugetlb_bytes)
		memory->hugetlb_bytes = files.hugetlb;
}

bool process_memory_read(pid_t pid, bool huge, struct process_memory *memory)
{
	if (!process_memory_status(pid, memory))
		return false;
	read_files(pid, memory);
	if (huge)
		read_huge(pid, memory);
	return true;
}

static int64_t or_none(int64_t bytes)
{
	return bytes == RECORD_ABSENT ? 0 : bytes;
}

int64_t process_memory_footprint(const struct process_memory *memory)
{
	return or_none(memory->anonymous_bytes) + or_none(memory->shared_bytes) +
	       or_none(memory->hugetlb_bytes) + or_none(memory->swap_bytes);
}

bool process_has_vfio(pid_t pid)
{
	char path[64], file[256];
	struct dirent *entry;
	bool found = false;
	ssize_t n;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (!found && dir && (entry = readdir(dir))) {
		n = readlinkat(dirfd(dir), entry->d_name, file, sizeof(file) - 1);
		file[n > 0 ? n : 0] = '\0';
		found = !strncmp(file, "/dev/vfio/", 10) || !strcmp(file, "/dev/iommu") ||
			!strncmp(file, "anon_inode:[vfio", 16);
	}
	if (dir)
		closedir(dir);
	return found;
}
