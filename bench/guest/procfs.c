/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of /proc and /sys, and the requests that are about them. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/guest/guest.h"
#include "lib/clock.h"

#define STACKS "/sys/kernel/debug/page_owner_stacks/show_stacks"
/* What "read" returns of a file, at most. */
#define READ_MAX 16384

ssize_t procfs_read(const char *path, void *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	size_t got = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, (char *)text + got, size - 1 - got)) > 0)
		got += n;
	if (n < 0)
		err = -errno;
	close(fd);
	((char *)text)[got] = '\0';
	return err ? err : (ssize_t)got;
}

int procfs_write(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd, err = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len)
		err = errno ? -errno : -EIO;
	close(fd);
	return err;
}

int procfs_find(const char *pattern, const char *line, char dir[])
{
	int err = -ENODEV;
	char text[64];
	glob_t found;
	size_t i;

	if (glob(pattern, 0, NULL, &found))
		return -ENODEV;
	for (i = 0; err && i < found.gl_pathc; i++) {
		if (procfs_read(found.gl_pathv[i], text, sizeof(text)) < 0)
			continue;
		text[strcspn(text, "\n")] = '\0';
		if (strcmp(text, line))
			continue;
		*strrchr(found.gl_pathv[i], '/') = '\0';
		memcpy(dir, found.gl_pathv[i], strlen(found.gl_pathv[i]) + 1);
		err = 0;
	}
	globfree(&found);
	return err;
}

uint64_t procfs_busy_ns(void)
{
	unsigned long long idle, iowait;
	char text[256];
	uint64_t now;

	if (procfs_read("/proc/stat", text, sizeof(text)) < 0)
		return 0;
	now = clock_ns();
	return sscanf(text, "cpu %*u %*u %*u %llu %llu", &idle, &iowait) == 2
		       ? now * sysconf(_SC_NPROCESSORS_ONLN) -
				 (idle + iowait) * (NSEC_PER_SEC / sysconf(_SC_CLK_TCK))
		       : 0;
}

/* Call a function for each line of a file: 0 or -errno. */
static int each_line(const char *path, void (*take)(const char *line, void *context), void *context)
{
	FILE *f = fopen(path, "re");
	char line[512];

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		take(line, context);
	fclose(f);
	return 0;
}

struct zones {
	char name[32]; /* of the zone that the lines are about */
	uint64_t movable_pages;
};

static void take_zone(const char *line, void *context)
{
	struct zones *zones = context;
	unsigned long long pages;

	if (sscanf(line, "Node %*u, zone %31s", zones->name) != 1 &&
	    !strcmp(zones->name, "Movable") && sscanf(line, " managed %llu", &pages) == 1)
		zones->movable_pages += pages;
}

uint64_t procfs_movable_pages(void)
{
	struct zones zones = { "", 0 };

	each_line("/proc/zoneinfo", take_zone, &zones);
	return zones.movable_pages;
}

struct counter_line {
	const char *name;
	uint64_t value;
};

static void find_counter(const char *line, void *context)
{
	struct counter_line *counter = context;
	unsigned long long value;
	char name[64];

	if (sscanf(line, "%63s %llu", name, &value) == 2 && !strcmp(name, counter->name))
		counter->value = value;
}

uint64_t procfs_vmstat(const char *name)
{
	struct counter_line counter = { name, 0 };

	each_line("/proc/vmstat", find_counter, &counter);
	return counter.value;
}

/* "nr_dirty 1" stays; "MemTotal: 1 kB" becomes MemTotal_bytes, 1024. */
static void take_counter(const char *line, void *counters)
{
	char name[64], key[80], unit[8];
	unsigned long long value;
	int n = sscanf(line, "%63[^: ]%*[: ]%llu %7s", name, &value, unit);

	if (n < 2)
		return;
	snprintf(key, sizeof(key), n == 3 ? "%s_bytes" : "%s", name);
	record_append_counter(counters, key, n == 3 ? value << 10 : value);
}

/* The requests have the names of their files. */
int do_counters(struct call *call)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%s", call->request.cmd);
	return each_line(path, take_counter, &call->answer.list);
}

/* Add the block counts of a line, from order 0 on, to a list of pages by order. */
static void add_counts(struct record_list *pages, const char *counts)
{
	long long blocks;
	size_t order;
	char *end;

	for (order = 0; order < 32; order++) {
		/* The kernel stops counting at 100000 and prints ">100000". */
		counts += strspn(counts, " >");
		blocks = strtoll(counts, &end, 10);
		if (end == counts)
			return;
		counts = end;
		if (order == pages->count)
			record_append_number(pages, 0);
		((int64_t *)pages->items)[order] += blocks << order;
	}
}

static void take_buddyinfo(const char *line, void *pages)
{
	int at = 0;

	sscanf(line, "Node %*d, zone %*s%n", &at);
	if (at)
		add_counts(pages, line + at);
}

/* The table of pageblocks further down has no "type" in its lines. */
static void take_pagetypeinfo(const char *line, void *types)
{
	struct free_by_type *by_type;
	char type[64];
	int at = 0;

	sscanf(line, "Node %*d, zone %*[^,], type %63s%n", type, &at);
	if (!at)
		return;
	by_type = record_find(&free_by_type_record, types, type);
	if (!by_type) {
		by_type = record_append(&free_by_type_record, types);
		record_set_text(&by_type->name, type);
	}
	add_counts(&by_type->free_pages, line + at);
}

/* Neither file counts pages on per-CPU lists; only root can read pagetypeinfo. */
int do_buddy(struct call *call)
{
	struct free_memory *free = &call->answer.buddy;

	each_line("/proc/pagetypeinfo", take_pagetypeinfo, &free->by_type);
	return each_line("/proc/buddyinfo", take_buddyinfo, &free->free_pages);
}

struct owners {
	const char *words;
	bool match; /* a function of the stack has one of the words */
	int64_t pages;
};

static bool has_word(const char *line, const char *words)
{
	char word[64];
	int n;

	for (; sscanf(words, " %63s%n", word, &n) == 1; words += n)
		if (strstr(line, word))
			return true;
	return false;
}

/* A stack is one function per line, followed by its number of pages. */
static void take_stack(const char *line, void *context)
{
	struct owners *owners = context;
	unsigned long long count;

	if (sscanf(line, "nr_base_pages: %llu", &count) != 1) {
		owners->match |= has_word(line, owners->words);
		return;
	}
	owners->pages += owners->match ? count : 0;
	owners->match = false;
}

int do_owners(struct call *call)
{
	struct owners owners = { .words = call->request.words };
	int err = each_line(STACKS, take_stack, &owners);

	call->answer.number = owners.pages;
	return err;
}

int do_compact(struct call *call)
{
	uint64_t start = clock_ns();
	int err = procfs_write("/proc/sys/vm/compact_memory", "1");

	call->answer.number = clock_ns() - start;
	return err;
}

int do_write(struct call *call)
{
	return procfs_write(call->request.path, call->request.text);
}

int do_read(struct call *call)
{
	char text[READ_MAX + 1];
	ssize_t n = procfs_read(call->request.path, text, sizeof(text));

	if (n < 0)
		return n;
	record_set_text(&call->answer.text, text);
	return 0;
}
