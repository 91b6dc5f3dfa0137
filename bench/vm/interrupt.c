/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/vm/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

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

int interrupt_fd(void)
{
	return signal_fd;
}

bool interrupted(void)
{
	struct pollfd pfd = { .fd = signal_fd, .events = POLLIN };

	/* The signal is left unread, so that every later wait sees it too. */
	return signal_fd >= 0 && poll(&pfd, 1, 0) == 1;
}

void interrupt_restore_mask(void)
{
	if (signal_fd >= 0)
		sigprocmask(SIG_SETMASK, &original_mask, NULL);
}
