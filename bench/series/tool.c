/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/series/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/run/run.h"
#include "bench/vm/interrupt.h"
#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/directory.h"
#include "lib/json_file.h"

#define CANNOT_RUN 127
#define POLL_MS 50

void arguments_add(struct arguments *a, const char *fmt, ...)
{
	va_list ap;

	a->list = xreallocarray(a->list, a->count + 2, sizeof(*a->list));
	va_start(ap, fmt);
	if (vasprintf(&a->list[a->count++], fmt, ap) < 0)
		abort();
	va_end(ap);
	a->list[a->count] = NULL;
}

void arguments_release(struct arguments *a)
{
	while (a->count)
		free(a->list[--a->count]);
	free(a->list);
	a->list = NULL;
}

static __attribute__((noreturn)) void become(const char *path, const struct arguments *a,
					     const char *output, bool group)
{
	char **argv = xcalloc(a->count + 2, sizeof(*argv));
	int fd = output ? open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;

	if (group)
		setpgid(0, 0);
	/* A killed parent leaves nothing that goes on to boot VMs. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	interrupt_restore_mask();
	if (output && (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)) {
		log_error("cannot write %s: %s", output, strerror(errno));
		_exit(EXIT_ENVIRONMENT);
	}
	argv[0] = (char *)path;
	memcpy(argv + 1, a->list, a->count * sizeof(*argv));
	execvp(path, argv);
	_exit(CANNOT_RUN);
}

/* A signal to this process alone, as from kill(1), is passed on once. */
static int await(pid_t pid, bool group)
{
	bool told = false;
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (interrupted() && !told)
			kill(group ? -pid : pid, SIGTERM);
		told = told || interrupted();
		sleep_ns(POLL_MS * NSEC_PER_MSEC);
	}
	/* Its orphans are children of this process now. */
	while (group && waitpid(-pid, NULL, 0) > 0)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_ENVIRONMENT;
}

static int run(const char *program, const struct arguments *arguments, const char *output,
	       bool group)
{
	int status = EXIT_ENVIRONMENT;
	pid_t pid;

	if (group)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	fflush(NULL);
	pid = fork();
	if (!pid)
		become(program, arguments, output, group);
	if (pid > 0 && group)
		setpgid(pid, pid);
	if (pid > 0)
		status = await(pid, group);
	if (pid >= 0 && status != CANNOT_RUN)
		return status;
	log_error("cannot run %s: %s", program,
		  pid < 0 ? strerror(errno)
			  : "no such program; make all builds balloonstat, make "
			    "deps installs git");
	return EXIT_ENVIRONMENT;
}

int program_run_here(const char *program, const struct arguments *arguments, const char *output)
{
	return run(program, arguments, output, false);
}

int program_run_group(const char *program, const struct arguments *arguments)
{
	return run(program, arguments, NULL, true);
}

int tool_run(const char *program, const struct arguments *arguments, const char *output)
{
	char *path = xasprintf("%s/%s", program_directory(), program);
	int status = program_run_here(path, arguments, output);

	free(path);
	return status;
}

/* The options in env.json of a run are these, then "-o". */
static bool has_arguments(const json_t *env, const struct arguments *a)
{
	const json_t *begun = json_object_get(env, "arguments");
	const char *word;
	size_t i;

	for (i = 0; i <= a->count; i++) {
		/* The first is the name of the program. */
		word = json_string_value(json_array_get(begun, i + 1));
		if (!word || strcmp(word, i < a->count ? a->list[i] : "-o"))
			return false;
	}
	return true;
}

static int check_same_run(const struct arguments *arguments, const char *dir)
{
	char *path = xasprintf("%s/env.json", dir), err[1024];
	json_t *env = json_file_load(path, err, sizeof(err));
	int status = 0;

	if (!env)
		status = fails(EXIT_ENVIRONMENT, "%s", err);
	else if (!has_arguments(env, arguments))
		status = fails(EXIT_USAGE,
			       "%s was begun for something else, by `%s`; choose another "
			       "directory with -o",
			       dir, json_string_value(json_object_get(env, "command")) ?: "?");
	json_decref(env);
	free(path);
	return status;
}

bool tree_begun(const char *dir)
{
	char *plan = xasprintf("%s/" TREE_SIGN, dir);
	bool begun = !access(plan, F_OK);

	free(plan);
	return begun;
}

int tree_run(const struct arguments *arguments, const char *dir, const char *verbosity)
{
	bool begun = tree_begun(dir);
	struct arguments a = { NULL, 0 };
	int status = begun ? check_same_run(arguments, dir) : 0;
	size_t i;

	arguments_add(&a, "run");
	for (i = 0; !begun && i < arguments->count; i++)
		arguments_add(&a, "%s", arguments->list[i]);
	arguments_add(&a, begun ? "--resume" : "-o");
	arguments_add(&a, "%s", dir);
	if (verbosity)
		arguments_add(&a, "%s", verbosity);
	if (!status)
		status = tool_run("balloonbench", &a, NULL);
	arguments_release(&a);
	return status;
}

int stat_run(const char *command, const char *dir, const char *option, const char *output)
{
	struct arguments a = { NULL, 0 };
	int status;

	arguments_add(&a, "%s", command);
	arguments_add(&a, "%s", dir);
	if (option)
		arguments_add(&a, "%s", option);
	status = tool_run("balloonstat", &a, output);
	arguments_release(&a);
	return status;
}
