/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/vm/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "lib/clock.h"

static int signal_fd = -1;
static sigset_t original_mask;
static uint64_t gap_ns;

#define SLICE_NS (100 * NSEC_PER_MSEC)
#define GAP_NS NSEC_PER_SEC

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

uint64_t interrupt_gap_ns(void)
{
	return gap_ns;
}

void interrupt_gap_reset(void)
{
	gap_ns = 0;
}

/* poll() until a deadline, or for a slice of the time until then. */
static int poll_slice(struct pollfd fds[2], uint64_t deadline)
{
	const uint64_t begin = clock_ns(), end = begin + SLICE_NS;
	int n = poll(fds, 2, deadline_poll_ms(deadline < end ? deadline : end));
	const uint64_t now = clock_ns();

	if (now > end + GAP_NS && now - end > gap_ns)
		gap_ns = now - end;
	return n;
}

int interruptible_poll(int fd, short events, uint64_t deadline)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = events },
		{ .fd = signal_fd, .events = POLLIN },
	};
	int n;

	do {
		n = poll_slice(fds, deadline);
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
