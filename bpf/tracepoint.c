/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/tracepoint.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRACEFS "/sys/kernel/tracing"

static int read_id(const char *root, const char *category, const char *name)
{
	char path[256], text[32];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/events/%s/%s/id", root, category, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	text[n] = '\0';
	return atoi(text);
}

/* In a child: a mount namespace of its own, with tracefs. */
static __attribute__((noreturn)) void read_id_apart(const char *category, const char *name, int out)
{
	int id;

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tracefs", TRACEFS, "tracefs", 0, NULL))
		id = -errno;
	else
		id = read_id(TRACEFS, category, name);
	_exit(write(out, &id, sizeof(id)) == sizeof(id) ? 0 : 1);
}

static int ask_child(const char *category, const char *name)
{
	int out[2], id = -EIO;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0)
		read_id_apart(category, name, out[1]);
	close(out[1]);
	if (pid < 0)
		id = -errno;
	else if (read(out[0], &id, sizeof(id)) != sizeof(id))
		id = -EIO;
	close(out[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return id;
}

static int find_id(const char *category, const char *name)
{
	int id;

	if (!access(TRACEFS "/events", F_OK))
		return read_id(TRACEFS, category, name);
	id = read_id("/sys/kernel/debug/tracing", category, name);
	return id < 0 ? ask_child(category, name) : id;
}

int tracepoint_open(const char *category, const char *name)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.sample_period = 1,
		.wakeup_events = 1,
	};
	int id, fd;

	id = find_id(category, name);
	if (id < 0)
		return id;
	attr.config = id;
	fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
