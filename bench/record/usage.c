/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/record/usage.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/clock.h"

/* A process, from /proc/PID/stat. Those that it waited for are in its numbers. */
struct process {
	pid_t pid, parent;
	uint64_t faults, ticks;
	bool counts; /* a descendant of ours */
};

struct processes {
	struct process *list;
	size_t count, room;
};

static bool read_process(pid_t pid, struct process *p)
{
	char path[64], line[1024], *end = NULL;
	unsigned long minor, child_minor, major, child_major, user, system;
	long child_user, child_system;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	/* The name of the program, in parentheses, may hold any character. */
	if (f && fgets(line, sizeof(line), f))
		end = strrchr(line, ')');
	if (f)
		fclose(f);
	*p = (struct process){ .pid = pid };
	if (!end || sscanf(end + 1, " %*c %d %*d %*d %*d %*d %*u %lu %lu %lu %lu %lu %lu %ld %ld",
			   &p->parent, &minor, &child_minor, &major, &child_major, &user, &system,
			   &child_user, &child_system) != 9)
		return false;
	p->faults = minor + child_minor + major + child_major;
	p->ticks = user + system + child_user + child_system;
	return true;
}

static void read_all(struct processes *all)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (all->count == all->room) {
			all->room = all->room ? 2 * all->room : 64;
			all->list = xreallocarray(all->list, all->room, sizeof(*all->list));
		}
		all->count += read_process(atoi(entry->d_name), &all->list[all->count]);
	}
	if (dir)
		closedir(dir);
}

static bool is_parent(const struct processes *all, pid_t pid)
{
	size_t i;

	for (i = 0; i < all->count; i++)
		if (all->list[i].pid == pid)
			return all->list[i].counts;
	return false;
}

/* Numbers of processes are used again: a child's may be the smaller one. */
static void mark_descendants(struct processes *all)
{
	const pid_t self = getpid();
	bool more = true;
	struct process *p;

	while (more) {
		more = false;
		for (p = all->list; p < all->list + all->count; p++)
			if (!p->counts && (p->parent == self || is_parent(all, p->parent)))
				more = p->counts = true;
	}
}

/* Shared pages by their share (PSS), so that a forked process does not count them again. */
static void add_memory(pid_t pid, struct usage *usage)
{
	char path[64], line[256];
	uint64_t kib;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Pss_Anon: %" SCNu64, &kib) == 1 ||
		    sscanf(line, "Pss_Shmem: %" SCNu64, &kib) == 1)
			usage->anon_bytes += kib << 10;
		else if (sscanf(line, "Pss_File: %" SCNu64, &kib) == 1)
			usage->file_bytes += kib << 10;
	}
	if (f)
		fclose(f);
}

/* The group counts shared memory as page cache, but it cannot be dropped. */
static void read_group(const struct group *group, struct usage *usage)
{
	const bool second = group->version == 2;
	uint64_t anon = 0, file = 0, shared = 0, value;
	char *path = xasprintf("%s/memory.stat", group->path), key[64], line[256];
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %" SCNu64, key, &value) != 2)
			continue;
		if (!strcmp(key, second ? "anon" : "total_rss"))
			anon = value;
		else if (!strcmp(key, second ? "file" : "total_cache"))
			file = value;
		else if (!strcmp(key, second ? "shmem" : "total_shmem"))
			shared = value;
	}
	if (f)
		fclose(f);
	free(path);
	usage->anon_bytes = anon + shared;
	usage->file_bytes = file > shared ? file - shared : 0;
}

/* Of those that we waited for, and that they waited for. */
static void add_ended(struct usage *usage)
{
	struct rusage ended;

	getrusage(RUSAGE_CHILDREN, &ended);
	usage->faults += ended.ru_minflt + ended.ru_majflt;
	usage->cpu_ns += (ended.ru_utime.tv_sec + ended.ru_stime.tv_sec) * NSEC_PER_SEC +
			 (ended.ru_utime.tv_usec + ended.ru_stime.tv_usec) * 1000ULL;
}

void usage_sample(const struct group *group, struct usage *usage)
{
	const uint64_t tick_ns = NSEC_PER_SEC / sysconf(_SC_CLK_TCK);
	struct processes all = { .list = NULL };
	const struct process *p;

	memset(usage, 0, sizeof(*usage));
	read_all(&all);
	mark_descendants(&all);
	for (p = all.list; p < all.list + all.count; p++) {
		if (!p->counts)
			continue;
		usage->faults += p->faults;
		usage->cpu_ns += p->ticks * tick_ns;
		if (!group->path)
			add_memory(p->pid, usage);
	}
	free(all.list);
	add_ended(usage);
	if (group->path)
		read_group(group, usage);
}
