/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/vm/qemu_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/vm/interrupt.h"
#include "lib/clock.h"

#define ANSWER_MS 5000

static pid_t ask(const char *binary, const char *option, const char *value, int output)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	interrupt_restore_mask();
	dup2(open("/dev/null", O_RDWR), STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(STDIN_FILENO, STDERR_FILENO);
	execlp(binary, binary, option, value, NULL);
	_exit(127);
}

/* All that comes before the other side closes, or the time is over. */
static void read_answer(int fd, char *text, size_t size)
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

/* What QEMU prints for an option, which it then ends after. */
static void read_help(const char *binary, const char *option, const char *value, char *text,
		      size_t size)
{
	int fds[2];
	pid_t pid;

	text[0] = '\0';
	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	pid = ask(binary, option, value, fds[1]);
	close(fds[1]);
	if (pid > 0)
		read_answer(fds[0], text, size);
	close(fds[0]);
	if (pid < 0)
		return;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

bool qemu_balloon_has(const char *binary, const char *property)
{
	static char asked[PATH_MAX], properties[16384];
	char line[80];

	if (strcmp(asked, binary)) {
		snprintf(asked, sizeof(asked), "%s", binary);
		read_help(binary, "-device", "virtio-balloon-pci,help", properties,
			  sizeof(properties));
	}
	snprintf(line, sizeof(line), "  %s=<", property);
	return strstr(properties, line);
}

bool qemu_changes_user(const char *binary)
{
	static char asked[PATH_MAX], options[1 << 17];

	if (strcmp(asked, binary)) {
		snprintf(asked, sizeof(asked), "%s", binary);
		read_help(binary, "-help", NULL, options, sizeof(options));
	}
	return strstr(options, "-run-with ") && strstr(options, "[,chroot=dir]") &&
	       strstr(options, "user=uid:gid");
}
