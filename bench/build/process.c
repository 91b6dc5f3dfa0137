/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/vm/interrupt.h"
#include "lib/alloc.h"
#include "lib/clock.h"

#define CANNOT_RUN 127
#define TERM_MS 5000
#define POLL_NS 10000000

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

static __attribute__((noreturn)) void become(const struct process *p, int output, int error)
{
	int input = open_or_null(p->input, O_RDONLY);
	const char *const *env;

	interrupt_restore_mask();
	setpgid(0, 0);
	if (input < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(error, STDERR_FILENO) < 0 || (p->directory && chdir(p->directory) < 0))
		_exit(CANNOT_RUN);
	for (env = p->env; env && *env; env++)
		putenv((char *)*env);
	execvp(p->argv[0], (char *const *)p->argv);
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

/* Until both ends are closed: 0 or -EINTR. */
static int read_both(const struct process *p, int fds[2], struct text texts[2])
{
	struct pollfd polls[2] = { { fds[0], POLLIN, 0 }, { fds[1], POLLIN, 0 } };
	int i, err = 0;

	while (!err && (polls[0].fd >= 0 || polls[1].fd >= 0)) {
		/* A signal is seen by the poll of interrupt.h; output within a tenth of a second.
		 */
		if (poll(polls, 2, 100) < 0 && errno != EINTR)
			err = -errno;
		for (i = 0; i < 2; i++) {
			if (polls[i].fd < 0 || !polls[i].revents)
				continue;
			if (read_more(polls[i].fd, &texts[i]) <= 0)
				polls[i].fd = -1;
			else if (!i && p->line)
				hand_over_lines(p, &texts[0], false);
		}
		if (interrupted())
			err = -EINTR;
	}
	return err;
}

/* The exit status; a process that is told to end has some seconds for it. */
static int await(pid_t pid, bool end)
{
	uint64_t deadline = deadline_in_ms(TERM_MS);
	int status = 0;

	if (end)
		kill(-pid, SIGTERM);
	while (waitpid(pid, &status, end ? WNOHANG : 0) != pid) {
		if (end && clock_ns() > deadline)
			kill(-pid, SIGKILL);
		if (end)
			sleep_ns(POLL_NS);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int start(const struct process *p, pid_t *pid, int reads[2])
{
	int out[2], error[2] = { -1, -1 }, err;

	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	if (p->log)
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
	close(out[1]);
	if (error[1] >= 0)
		close(error[1]);
	reads[0] = out[0];
	reads[1] = error[0];
	return err;
}

int process_run(const struct process *p, char **output)
{
	struct text texts[2] = { { NULL } };
	int reads[2] = { -1, -1 }, err, status = -1, i;
	pid_t pid = -1;

	errors[0] = '\0';
	err = start(p, &pid, reads);
	if (!err)
		err = read_both(p, reads, texts);
	if (pid > 0)
		status = await(pid, err != 0);
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
	if (!err && status == CANNOT_RUN)
		err = -ENOENT;
	return err ? err : status;
}
