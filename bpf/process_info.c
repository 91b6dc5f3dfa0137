/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/process_info.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/monitor.h"

/* As much of /proc/PID/@file as fits: its length, and a 0 behind it. */
static size_t read_file(pid_t pid, const char *file, char *text, size_t size)
{
	size_t length = 0;
	char path[64];
	ssize_t n = 1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && n > 0 && length + 1 < size) {
		n = read(fd, text + length, size - 1 - length);
		length += n > 0 ? n : 0;
	}
	if (fd >= 0)
		close(fd);
	text[length] = '\0';
	return length;
}

static const char *monitor_by_exe(pid_t pid)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return NULL;
	path[n] = '\0';
	return monitor_by_name(path, false);
}

/* A dynamic linker or an emulator of a CPU that runs a monitor has its name in the comm only. */
const char *process_monitor(pid_t pid)
{
	const char *monitor = monitor_by_exe(pid);
	char comm[32];

	if (monitor || !read_file(pid, "comm", comm, sizeof(comm)))
		return monitor;
	comm[strcspn(comm, "\n")] = '\0';
	return monitor_by_name(comm, true);
}

void process_info_read(pid_t pid, struct process_info *info)
{
	char text[16384];
	size_t size;

	*info = (struct process_info){ .name = "?", .monitor = process_monitor(pid) };
	size = read_file(pid, "comm", text, sizeof(info->name));
	text[strcspn(text, "\n")] = '\0';
	if (size)
		memcpy(info->name, text, strlen(text) + 1);
	size = read_file(pid, "cmdline", text, sizeof(text));
	if (monitor_vm_by_arguments(text, size, info->vm, sizeof(info->vm)))
		return;
	read_file(pid, "cgroup", text, sizeof(text));
	monitor_vm_by_cgroup(text, info->vm, sizeof(info->vm));
}

pid_t process_of_thread(pid_t tid)
{
	char status[4096], *line;

	read_file(tid, "status", status, sizeof(status));
	line = strstr(status, "\nTgid:");
	return line ? atoi(line + 6) : 0;
}

bool proc_is_ours(void)
{
	char link[32];
	ssize_t n = readlink("/proc/self", link, sizeof(link) - 1);

	if (n < 0)
		return false;
	link[n] = '\0';
	return atoi(link) == getpid();
}
