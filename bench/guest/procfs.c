/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/guest/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"

json_t *procfs_vmstat(void)
{
	json_t *stats = json_object();
	unsigned long long value;
	char name[64];
	FILE *f;

	f = fopen("/proc/vmstat", "re");
	if (!f) {
		json_decref(stats);
		return NULL;
	}
	while (fscanf(f, "%63s %llu", name, &value) == 2)
		json_object_set_new(stats, name, json_integer(value));
	fclose(f);
	return stats;
}

json_t *procfs_meminfo(void)
{
	json_t *info = json_object();
	char line[128], name[64], key[80], unit[8];
	unsigned long long value;
	FILE *f;

	f = fopen("/proc/meminfo", "re");
	if (!f) {
		json_decref(info);
		return NULL;
	}
	while (fgets(line, sizeof(line), f)) {
		int n = sscanf(line, "%63[^:]: %llu %7s", name, &value, unit);

		if (n < 2)
			continue;
		snprintf(key, sizeof(key), n == 3 ? "%s_bytes" : "%s", name);
		json_object_set_new(info, key, json_integer(n == 3 ? value << 10 : value));
	}
	fclose(f);
	return info;
}

uint64_t procfs_busy_ns(void)
{
	unsigned long long idle, iowait;
	uint64_t now;
	FILE *f;
	int n;

	f = fopen("/proc/stat", "re");
	if (!f)
		return 0;
	n = fscanf(f, "cpu %*u %*u %*u %llu %llu", &idle, &iowait);
	now = clock_ns();
	fclose(f);
	return n == 2 ? now * sysconf(_SC_NPROCESSORS_ONLN) -
				(idle + iowait) * (NSEC_PER_SEC / sysconf(_SC_CLK_TCK))
		      : 0;
}

uint64_t procfs_managed_pages(const char *zone)
{
	unsigned long long pages, managed = 0;
	char line[128], name[32] = "";
	FILE *f;

	f = fopen("/proc/zoneinfo", "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Node %*u, zone %31s", name) != 1 && !strcmp(name, zone) &&
		    sscanf(line, " managed %llu", &pages) == 1)
			managed += pages;
	}
	fclose(f);
	return managed;
}

int procfs_read(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t n;
	int err;

	if (!f)
		return -errno;
	n = fread(text, 1, size - 1, f);
	err = ferror(f) ? -EIO : 0;
	fclose(f);
	text[n] = '\0';
	return err;
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
