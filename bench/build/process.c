/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/vm/interrupt.h"
#include "lib/alloc.h"
#include "lib/clock.h"

#define CANNOT_RUN 127
#define TERM_MS 5000
/* A signal is seen by the poll of interrupt.h: a tenth of a second late at most. */
#define POLL_MS 100
#define FIRST_PAUSE_NS 100000
#define LAST_PAUSE_NS 10000000

/* Text that grows; a line is handed over once it is complete. */
struct text {
	char *data;
	size_t used, room;
};

static char errors[4096];

const char *process_error(void)
{
	return errors;
}

static int open_or_null(const char *path, int flags)
{
	return open(path ? path : "/dev/null", flags | O_CLOEXEC, 0644);
}

/* Keep what every program needs. $SUDO_UID: git trusts repositories of the user behind sudo. */
static void clear_environment(void)
{
	static const char *const kept[] = {
		"PATH",	   "HOME",     "XDG_CONFIG_HOME", "TMPDIR", "USER",
		"LOGNAME", "SUDO_UID", "LD_LIBRARY_PATH", "TERM",   "LD_PRELOAD"
	};
	const size_t count = sizeof(kept) / sizeof(kept[0]);
	char *values[sizeof(kept) / sizeof(kept[0])];
	size_t i;

	for (i = 0; i < count; i++)
		values[i] = getenv(kept[i]);
	clearenv();
	for (i = 0; i < count; i++)
		if (values[i])
			setenv(kept[i], values[i], 1);
	setenv("LC_ALL", "C", 1);
}

static __attribute__((noreturn)) void become(const struct process *p, int output, int error)
{
	int input = open_or_null(p->input, O_RDONLY);
	const char *failed = p->input;
	const char *const *env;

	interrupt_restore_mask();
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (dup2(error, STDERR_FILENO) < 0 || input < 0 || dup2(input, STDIN_FILENO) < 0 ||
	    dup2(output, STDOUT_FILENO) < 0)
		goto fail;
	failed = p->directory;
	if (p->directory && chdir(p->directory) < 0)
		goto fail;
	if (p->bare)
		clear_environment();
	for (env = p->env; env && *env; env++)
		putenv((char *)*env);
	failed = p->argv[0];
	execvp(p->argv[0], (char *const *)p->argv);
fail:
	dprintf(STDERR_FILENO, "%s: %s\n", failed ? failed : "/dev/null", strerror(errno));
	_exit(CANNOT_RUN);
}

/* Returns the bytes that were added; 0 at the end, or -errno. */
static ssize_t read_more(int fd, struct text *text)
{
	ssize_t n;

	if (text->room < text->used + 65536) {
		text->room = text->room * 2 + 65537;
		text->data = xreallocarray(text->data, text->room, 1);
	}
	do {
		n = read(fd, text->data + text->used, text->room - 1 - text->used);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	text->used += n;
	text->data[text->used] = '\0';
	return n;
}

static void hand_over_lines(const struct process *p, struct text *text, bool at_end)
{
	char *line = text->data, *end;

	while (text->used && ((end = strchr(line, '\n')) || (at_end && *line))) {
		if (end)
			*end = '\0';
		p->line(line, p->context);
		if (!end)
			break;
		line = end + 1;
	}
	text->used = at_end ? 0 : text->used - (line - text->data);
	if (text->data)
		memmove(text->data, line, text->used + !at_end);
}

/* Keep the end of what there was. */
static void keep_errors(const struct text *text)
{
	size_t n = text->used < sizeof(errors) ? text->used : sizeof(errors) - 1;

	memcpy(errors, text->data ? text->data + text->used - n : "", n);
	errors[n] = '\0';
	while (n && errors[n - 1] == '\n')
		errors[--n] = '\0';
}

/* How a program is ended: SIGTERM after Ctrl-C, SIGKILL if it does not end then. */
struct ending {
	pid_t pid;
	uint64_t deadline; /* 0: it has not been told to end */
	bool killed;
};

static void end_if_interrupted(struct ending *ending)
{
	if (!ending->deadline && interrupted()) {
		ending->deadline = deadline_in_ms(TERM_MS);
		kill(-ending->pid, SIGTERM);
	} else if (ending->deadline && !ending->killed && clock_ns() > ending->deadline) {
		ending->killed = true;
		kill(-ending->pid, SIGKILL);
	}
}

/* Until both ends are closed, or the program was killed: it may have children elsewhere. */
static int read_both(const struct process *p, int fds[2], struct text texts[2],
		     struct ending *ending)
{
	struct pollfd polls[2] = { { fds[0], POLLIN, 0 }, { fds[1], POLLIN, 0 } };
	int i;

	while (!ending->killed && (polls[0].fd >= 0 || polls[1].fd >= 0)) {
		if (poll(polls, 2, POLL_MS) < 0 && errno != EINTR)
			return -errno;
		for (i = 0; i < 2; i++) {
			if (polls[i].fd < 0 || !polls[i].revents)
				continue;
			if (read_more(polls[i].fd, &texts[i]) <= 0)
				polls[i].fd = -1;
			else if (!i && p->line)
				hand_over_lines(p, &texts[0], false);
		}
		end_if_interrupted(ending);
	}
	return 0;
}

/* The exit status. Most programs have ended when their output ends. */
static int await(struct ending *ending)
{
	uint64_t pause = FIRST_PAUSE_NS;
	int status = 0;

	while (waitpid(ending->pid, &status, WNOHANG) != ending->pid) {
		sleep_ns(pause);
		if (pause < LAST_PAUSE_NS)
			pause *= 2;
		end_if_interrupted(ending);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int start(const struct process *p, pid_t *pid, int reads[2])
{
	int out[2], error[2] = { -1, -1 }, err;

	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	if (p->visible)
		error[1] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	else if (p->log)
		error[1] = open_or_null(p->log, O_WRONLY | O_CREAT | O_TRUNC);
	else if (!p->mixed && pipe2(error, O_CLOEXEC) < 0)
		error[1] = -1;
	err = !p->mixed && error[1] < 0 ? -errno : 0;
	if (!err) {
		*pid = fork();
		err = *pid < 0 ? -errno : 0;
	}
	if (!err && !*pid)
		become(p, out[1], p->mixed ? out[1] : error[1]);
	/* Here, too: a signal to the group must not come before there is one. */
	if (!err)
		setpgid(*pid, *pid);
	close(out[1]);
	if (error[1] >= 0)
		close(error[1]);
	reads[0] = out[0];
	reads[1] = error[0];
	return err;
}

int process_run(const struct process *p, char **output)
{
	struct ending ending = { .pid = -1 };
	struct text texts[2] = { { .data = NULL } };
	int reads[2] = { -1, -1 }, err, status = -1, i;

	errors[0] = '\0';
	err = start(p, &ending.pid, reads);
	if (!err)
		err = read_both(p, reads, texts, &ending);
	if (ending.pid > 0)
		status = await(&ending);
	if (p->output_size)
		*p->output_size = texts[0].used;
	if (p->line)
		hand_over_lines(p, &texts[0], true);
	keep_errors(&texts[1]);
	if (output)
		*output = p->line ? NULL : texts[0].data;
	if (!output || p->line)
		free(texts[0].data);
	free(texts[1].data);
	for (i = 0; i < 2; i++)
		if (reads[i] >= 0)
			close(reads[i]);
	if (!err && ending.deadline)
		err = ending.killed ? -ETIMEDOUT : -EINTR;
	else if (!err && status == CANNOT_RUN)
		err = -ENOENT;
	return err ? err : status;
}
