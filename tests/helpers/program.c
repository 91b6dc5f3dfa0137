/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/program.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char *build_path(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", TEST_BUILD, name);
	return path;
}

static pid_t spawn(const char *path, const char *const *args, int output)
{
	char *argv[ARGS_MAX + 2];
	int i;
	pid_t pid;

	argv[0] = strdup(path);
	for (i = 0; i < ARGS_MAX && args[i]; i++)
		argv[i + 1] = strdup(args[i]);
	argv[i + 1] = NULL;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		dup2(open("/dev/null", O_RDONLY), 0);
		dup2(output, 1);
		dup2(output, 2);
		execv(argv[0], argv);
		_exit(127);
	}
	for (; i >= 0; i--)
		free(argv[i]);
	return pid;
}

pid_t start_program(const char *name, const char *const *args)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t pid = spawn(build_path(name), args, null);

	close(null);
	return pid;
}

int wait_program(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static struct outcome run(const char *path, const char *const *args)
{
	struct outcome outcome = { .output = NULL };
	FILE *file = tmpfile();
	long size;

	if (!file)
		abort();
	outcome.status = wait_program(spawn(path, args, fileno(file)));
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	outcome.output = calloc(1, size + 1);
	if (fread(outcome.output, 1, size, file) != (size_t)size)
		abort();
	fclose(file);
	return outcome;
}

struct outcome run_program(const char *name, const char *const *args)
{
	return run(build_path(name), args);
}

struct outcome run_shell(const char *format, ...)
{
	struct outcome outcome;
	char *command;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&command, format, ap) < 0)
		abort();
	va_end(ap);
	outcome = run("/bin/bash", (const char *[]){ "-c", command, NULL });
	free(command);
	return outcome;
}

void outcome_release(struct outcome *outcome)
{
	free(outcome->output);
	outcome->output = NULL;
}

int count_processes(const char *text)
{
	char path[PATH_MAX], cwd[PATH_MAX], line[65536];
	struct dirent *entry;
	int count = 0;
	ssize_t length;
	size_t n, i;
	DIR *proc = opendir("/proc");
	FILE *f;

	while (proc && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]) || atoi(entry->d_name) == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		f = fopen(path, "re");
		n = f ? fread(line, 1, sizeof(line) - 1, f) : 0;
		if (f)
			fclose(f);
		for (i = 0; i < n; i++)
			line[i] = line[i] ? line[i] : ' ';
		line[n] = '\0';
		snprintf(path, sizeof(path), "/proc/%s/cwd", entry->d_name);
		length = readlink(path, cwd, sizeof(cwd) - 1);
		cwd[length < 0 ? 0 : length] = '\0';
		count += strstr(line, text) || strstr(cwd, text);
	}
	if (proc)
		closedir(proc);
	return count;
}
