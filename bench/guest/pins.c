/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/guest/pins.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

/* Pages of a pipe: its ring, of 40 bytes each, is one allocation. */
#define PIPE_PAGES 4096
#define PAGE_BYTES 4096

static int (*pipes)[2];
static size_t pipe_count, pinned;
static struct iovec pending[IOV_MAX];
static size_t pending_count;

static int make_pipe(int fds[2])
{
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	if (fcntl(fds[1], F_SETPIPE_SZ, PIPE_PAGES * PAGE_BYTES) >= 0)
		return 0;
	close(fds[0]);
	close(fds[1]);
	return -errno;
}

int pins_prepare(size_t pages)
{
	size_t wanted = pages / PIPE_PAGES + 1;
	const struct rlimit files = { 2 * wanted + 256, 2 * wanted + 256 };
	int err = 0;

	if (pipes)
		return -EBUSY;
	pipes = calloc(wanted, sizeof(*pipes));
	if (!pipes)
		return -ENOMEM;
	if (setrlimit(RLIMIT_NOFILE, &files))
		err = -errno;
	while (!err && pipe_count < wanted) {
		err = make_pipe(pipes[pipe_count]);
		pipe_count += !err;
	}
	if (err)
		pins_release();
	return err;
}

int pins_flush(void)
{
	size_t pipe = pinned / PIPE_PAGES;
	ssize_t n;

	if (!pending_count)
		return 0;
	if (pipe >= pipe_count)
		return -ENOSPC;
	n = vmsplice(pipes[pipe][1], pending, pending_count, SPLICE_F_NONBLOCK);
	if (n < 0)
		return -errno;
	if (n != (ssize_t)(pending_count * PAGE_BYTES))
		return -EIO;
	pinned += pending_count;
	pending_count = 0;
	return 0;
}

int pins_add(void *page)
{
	pending[pending_count++] = (struct iovec){ .iov_base = page, .iov_len = PAGE_BYTES };
	/* No call's pages are parted between two pipes: IOV_MAX divides PIPE_PAGES. */
	return pending_count == IOV_MAX ? pins_flush() : 0;
}

void pins_release(void)
{
	while (pipe_count) {
		pipe_count--;
		close(pipes[pipe_count][0]);
		close(pipes[pipe_count][1]);
	}
	free(pipes);
	pipes = NULL;
	pinned = pending_count = 0;
}
