/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/series/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/vm/interrupt.h"
#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/directory.h"
#include "lib/exit_status.h"
#include "lib/log.h"

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
					     const char *output)
{
	char **argv = xcalloc(a->count + 2, sizeof(*argv));
	int fd = output ? open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;

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
static int await(pid_t pid)
{
	bool told = false;
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (interrupted() && !told)
			kill(pid, SIGTERM);
		told = told || interrupted();
		sleep_ns(POLL_MS * NSEC_PER_MSEC);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_ENVIRONMENT;
}

int program_run_here(const char *program, const struct arguments *arguments, const char *output)
{
	int status = EXIT_ENVIRONMENT;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid)
		become(program, arguments, output);
	if (pid > 0)
		status = await(pid);
	if (pid >= 0 && status != CANNOT_RUN)
		return status;
	log_error("cannot run %s: %s", program,
		  pid < 0 ? strerror(errno)
			  : "no such program; make all builds balloonstat, make "
			    "deps installs git");
	return EXIT_ENVIRONMENT;
}

int tool_run(const char *program, const struct arguments *arguments, const char *output)
{
	char *path = xasprintf("%s/%s", program_directory(), program);
	int status = program_run_here(path, arguments, output);

	free(path);
	return status;
}

bool was_begun(const char *dir)
{
	char *plan = xasprintf("%s/plan.json", dir);
	bool begun = !access(plan, F_OK);

	free(plan);
	return begun;
}

int stat_run(const char *command, const char *dir, const char *output)
{
	struct arguments a = { NULL, 0 };
	int status;

	arguments_add(&a, "%s", command);
	arguments_add(&a, "%s", dir);
	status = tool_run("balloonstat", &a, output);
	arguments_release(&a);
	return status;
}
