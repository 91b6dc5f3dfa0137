/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/run/host.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define RESERVE_BYTES (512ULL << 20)

/* The value after @key and @separators in a file of lines, or "" in @value. */
static const char *file_value(const char *path, const char *key, const char *separators,
			      char *value, size_t size)
{
	char line[512];
	FILE *f;

	value[0] = '\0';
	f = fopen(path, "re");
	if (!f)
		return value;
	while (!value[0] && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, strlen(key)) || !strchr(separators, line[strlen(key)]))
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(value, size, "%s",
			 line + strlen(key) + strspn(line + strlen(key), separators));
	}
	fclose(f);
	return value;
}

static uint64_t meminfo_bytes(const char *key)
{
	char value[64];

	return strtoull(file_value("/proc/meminfo", key, ": \t", value, sizeof(value)), NULL, 10)
	       << 10;
}

uint64_t host_guest_memory_limit(void)
{
	uint64_t available = meminfo_bytes("MemAvailable");

	return available > RESERVE_BYTES ? available - RESERVE_BYTES : 0;
}

json_t *host_to_json(void)
{
	char model[256], distribution[256], *quote;
	struct utsname uts;

	uname(&uts);
	file_value("/proc/cpuinfo", "model name", "\t: ", model, sizeof(model));
	file_value("/etc/os-release", "PRETTY_NAME", "=\"", distribution, sizeof(distribution));
	quote = strchr(distribution, '"');
	if (quote)
		*quote = '\0';
	return json_pack("{s:s, s:i, s:I, s:s, s:s}", "cpu_model", model, "cpus",
			 (int)sysconf(_SC_NPROCESSORS_ONLN), "memory_bytes",
			 (json_int_t)meminfo_bytes("MemTotal"), "kernel_release", uts.release,
			 "distribution", distribution);
}

int host_parse_cpus(const char *text, cpu_set_t *cpus)
{
	cpu_set_t allowed;
	long first, last;
	char *end;

	CPU_ZERO(cpus);
	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return -errno;
	do {
		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		first = last = strtol(text, &end, 10);
		if (*end == '-') {
			text = end + 1;
			if (!isdigit((unsigned char)*text))
				return -EINVAL;
			last = strtol(text, &end, 10);
		}
		if (last < first)
			return -EINVAL;
		for (; first <= last; first++) {
			if (first >= CPU_SETSIZE || !CPU_ISSET(first, &allowed))
				return -ERANGE;
			CPU_SET(first, cpus);
		}
		text = end + 1;
	} while (*end == ',');
	return *end ? -EINVAL : 0;
}
