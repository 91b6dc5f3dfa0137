/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/unit.h"

#include "tests/helpers/host_tracing.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "bpf/host_tracer.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

#define OUTPUT "tracer.out"
#define MESSAGES "tracer.err"

void skip_without_tracer(void)
{
	const struct tracer_options options = { .trace.level = TRACE_PAGES };
	struct host_tracer *tracer = NULL;
	char err[512];

	if (host_tracer_open(&tracer, &options, err, sizeof(err)))
		skip_test("%s", err);
	host_tracer_close(tracer);
}

int host_tracing_says(const char *text)
{
	return count_in_file(in_test_dir(OUTPUT), text);
}

static bool has_begun(void)
{
	const char *messages = in_test_dir(MESSAGES);

	return count_in_file(messages, ": tracing ") || count_in_file(messages, "waiting for one");
}

static void execute(const char *const *args)
{
	const char *argv[ARGS_MAX + 2] = { "balloontrace" };
	int i;

	for (i = 0; i < ARGS_MAX && args[i]; i++)
		argv[i + 1] = args[i];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(open(in_test_dir(OUTPUT), O_CREAT | O_WRONLY | O_APPEND, 0600), STDOUT_FILENO);
	dup2(open(in_test_dir(MESSAGES), O_CREAT | O_WRONLY | O_APPEND, 0600), STDERR_FILENO);
	execv(build_path("balloontrace"), (char *const *)argv);
	_exit(127);
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return !waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid == pid;
}

void host_tracing_start(struct host_tracing *tracing, const char *const *args)
{
	*tracing = (struct host_tracing){ 0 };
	unlink(in_test_dir(OUTPUT));
	unlink(in_test_dir(MESSAGES));
	tracing->pid = fork();
	if (!tracing->pid)
		execute(args);
	AWAIT(has_begun() || has_ended(tracing->pid));
}

void host_tracing_end(struct host_tracing *tracing)
{
	/* A job in the background ignores SIGINT. */
	kill(tracing->pid, SIGTERM);
	tracing->status = wait_program(tracing->pid);
	tracing->output = read_file(in_test_dir(OUTPUT));
	tracing->messages = read_file(in_test_dir(MESSAGES));
}

void host_tracing_release(struct host_tracing *tracing)
{
	free(tracing->output);
	free(tracing->messages);
	tracing->output = tracing->messages = NULL;
}

static bool executes(pid_t pid, const char *name)
{
	char link[64], path[512];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return !strcmp(strrchr(path, '/') ? strrchr(path, '/') + 1 : path, name);
}

void await_program(pid_t pid, const char *name)
{
	AWAIT(executes(pid, name));
}
