/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/vm/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "lib/clock.h"

static int signal_fd = -1;
static sigset_t original_mask;

int interrupt_setup(void)
{
	sigset_t set;

	if (signal_fd >= 0)
		return 0;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, &original_mask) < 0)
		return -errno;
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return signal_fd < 0 ? -errno : 0;
}

bool interrupted(void)
{
	struct pollfd pfd = { .fd = signal_fd, .events = POLLIN };

	/* The signal stays unread: every later wait sees it, too. */
	return poll(&pfd, 1, 0) == 1;
}

int interruptible_poll(int fd, short events, uint64_t deadline)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = events },
		{ .fd = signal_fd, .events = POLLIN },
	};
	int n;

	do {
		n = poll(fds, 2, deadline_poll_ms(deadline));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			return fds[1].revents ? -EINTR : 0;
	} while (clock_ns() < deadline);
	return -ETIMEDOUT;
}

void interrupt_restore_mask(void)
{
	if (signal_fd >= 0)
		sigprocmask(SIG_SETMASK, &original_mask, NULL);
}
