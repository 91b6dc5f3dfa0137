/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/run_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"

#define ANSWER_MS 5000
#define CANNOT_RUN 127

static __attribute__((noreturn)) void become(const char *const *argv, int output)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(null, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execvp(argv[0], (char *const *)argv);
	_exit(CANNOT_RUN);
}

/* Read until the other end is closed or the time is up. */
static void read_all(int fd, char *text, size_t size)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	uint64_t deadline = deadline_in_ms(ANSWER_MS);
	size_t used = 0;
	ssize_t n = 1;

	while (n > 0 && used + 1 < size && poll(&poll_fd, 1, deadline_poll_ms(deadline)) > 0) {
		n = read(fd, text + used, size - 1 - used);
		used += n > 0 ? n : 0;
	}
	text[used] = '\0';
}

int program_output(const char *const *argv, char *text, size_t size)
{
	int fds[2], status = 0;
	pid_t pid;

	text[0] = '\0';
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (!pid)
		become(argv, fds[1]);
	close(fds[1]);
	if (pid > 0)
		read_all(fds[0], text, size);
	close(fds[0]);
	if (pid < 0)
		return -EAGAIN;
	/* One that has closed its output has its exit status already. */
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_RUN ? -ENOENT : 0;
}

int program_first_line(const char *const *argv, char *line, size_t size)
{
	int err = program_output(argv, line, size);

	line[strcspn(line, "\n")] = '\0';
	return err || line[0] ? err : -EIO;
}
