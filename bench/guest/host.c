/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that is a host itself runs one program, which boots guests under KVM. The program has a
 * port for its work and one for its output; the agent only starts and reaps it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/guest/guest.h"
#include "lib/alloc.h"

static pid_t program;

/* NULL-terminated; the texts are borrowed. */
static char **words(const struct record_list *texts)
{
	char **list = xcalloc(texts->count + 1, sizeof(*list));

	if (texts->count)
		memcpy(list, texts->items, texts->count * sizeof(*list));
	return list;
}

static __attribute__((noreturn)) void execute(const struct guest_request *request, int work,
					      int text)
{
	char **argv = words(&request->arguments), **env = words(&request->environment);
	int null = open("/dev/null", O_RDONLY);

	schedule_as_others();
	/* @work may have the number of another. */
	work = fcntl(work, F_DUPFD, 16);
	text = fcntl(text, F_DUPFD, 16);
	if (dup2(null, STDIN_FILENO) < 0 || dup2(text, STDOUT_FILENO) < 0 ||
	    dup2(text, STDERR_FILENO) < 0 || dup2(work, GUEST_WORK_FD) < 0)
		_exit(126);
	close(work);
	close(text);
	if (request->text && chdir(request->text) < 0)
		dprintf(STDERR_FILENO, "cannot enter %s: %s\n", request->text, strerror(errno));
	execve(request->path, argv, env);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", request->path, strerror(errno));
	_exit(127);
}

/* Once: the ports are the program's. */
int do_program(struct call *call)
{
	int work, text;

	if (program)
		return -EBUSY;
	work = channel_open_port(GUEST_WORK_PORT_NAME);
	text = channel_open_port(GUEST_TEXT_PORT_NAME);
	if (work < 0 || text < 0)
		return work < 0 ? work : text;
	program = fork();
	if (!program)
		execute(&call->request, work, text);
	close(work);
	close(text);
	return program < 0 ? -errno : 0;
}

/* "" while it runs, else how it ended. Guests of it that outlived it are reaped, too. */
int do_program_ended(struct call *call)
{
	static char how[64];
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == program && WIFSIGNALED(status))
			snprintf(how, sizeof(how), "signal %d (%s)", WTERMSIG(status),
				 strsignal(WTERMSIG(status)));
		else if (pid == program)
			snprintf(how, sizeof(how), "exit status %d", WEXITSTATUS(status));
	}
	record_set_text(&call->answer.text, how);
	return 0;
}
