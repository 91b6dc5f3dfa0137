/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/vm/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/vm/interrupt.h"
#include "bench/vm/qemu_argv.h"
#include "lib/clock.h"
#include "lib/confine.h"

/* Descriptors that QEMU inherits, by the numbers its command line names. */
#define QMP_CHILD_FD 3
#define GUEST_CHILD_FD 4
#define LIFE_CHILD_FD 5

/* Of what a guest may write to its console: it is the host's disk. */
#define CONSOLE_MAX_BYTES (64ULL << 20)

/* What the parent has of a process being started. */
struct launch {
	int qmp[2]; /* ours, QEMU's */
	int guest[2];
	int report[2]; /* the child's errno, should exec fail */
	int life[2];   /* QEMU's, ours: see tie_life() */
	int log;
	char console[PATH_MAX];
	char **argv;
};

static int open_log(const char *directory, const char *name, char path[PATH_MAX])
{
	int fd;

	if (snprintf(path, PATH_MAX, "%s/%s", directory, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	return fd < 0 ? -errno : fd;
}

/* There before QEMU is, for confine() to allow it. */
static int create_console(struct launch *l, const char *directory)
{
	int fd = open_log(directory, "console.log", l->console);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static void close_pair(int pair[2])
{
	int i;

	for (i = 0; i < 2; i++) {
		if (pair[i] >= 0)
			close(pair[i]);
		pair[i] = -1;
	}
}

static void release_launch(struct launch *l)
{
	close_pair(l->qmp);
	close_pair(l->guest);
	close_pair(l->report);
	close_pair(l->life);
	if (l->log >= 0)
		close(l->log);
	qemu_argv_free(l->argv);
}

static int prepare_launch(struct launch *l, const struct qemu_config *config)
{
	char path[PATH_MAX];
	int err;

	*l = (struct launch){
		.qmp = { -1, -1 }, .guest = { -1, -1 }, .report = { -1, -1 }, .life = { -1, -1 }
	};
	l->log = open_log(config->directory, "qemu.log", path);
	if (l->log < 0)
		return l->log;
	err = create_console(l, config->directory);
	if (err)
		return err;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, l->qmp) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, l->guest) < 0 ||
	    pipe2(l->report, O_CLOEXEC) < 0 || pipe2(l->life, O_CLOEXEC) < 0)
		return -errno;
	l->argv = qemu_argv(config, QMP_CHILD_FD, GUEST_CHILD_FD);
	return l->argv ? 0 : -ENOMEM;
}

/*
 * Give QEMU the descriptors it was promised, and no others: all that this
 * program opens is close-on-exec. First out of the way of each other, then to
 * their places.
 */
static int arrange_fds(const struct launch *l)
{
	int qmp = fcntl(l->qmp[1], F_DUPFD_CLOEXEC, 16);
	int guest = fcntl(l->guest[1], F_DUPFD_CLOEXEC, 16);
	int log = fcntl(l->log, F_DUPFD_CLOEXEC, 16);
	int life = fcntl(l->life[0], F_DUPFD_CLOEXEC, 16);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (qmp < 0 || guest < 0 || log < 0 || life < 0 || null < 0)
		return -1;
	if (dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		return -1;
	if (dup2(qmp, QMP_CHILD_FD) < 0 || dup2(guest, GUEST_CHILD_FD) < 0)
		return -1;
	return dup2(life, LIFE_CHILD_FD) < 0 ? -1 : 0;
}

/*
 * A pipe that nobody writes to, whose other end this program has: when that is
 * closed, however, the kernel sends the reader SIGKILL in place of SIGIO, with the
 * leave of who asks for it here. The kernel forgets PR_SET_PDEATHSIG of a process
 * that changes its user, as root's QEMU does.
 */
static int tie_life(void)
{
	int flags = fcntl(LIFE_CHILD_FD, F_GETFL);

	if (flags < 0 || fcntl(LIFE_CHILD_FD, F_SETOWN, getpid()) < 0 ||
	    fcntl(LIFE_CHILD_FD, F_SETSIG, SIGKILL) < 0)
		return -1;
	return fcntl(LIFE_CHILD_FD, F_SETFL, flags | O_ASYNC);
}

/* A guest that fills its console must not fill the disk; a memfd's size is one of a file, too. */
static int limit_files(const struct qemu_config *config)
{
	uint64_t bytes = CONSOLE_MAX_BYTES;
	struct rlimit limit;

	if (config->backing != BACKING_ANONYMOUS)
		bytes += config->memory_bytes + config->plugged_bytes;
	limit = (struct rlimit){ .rlim_cur = bytes, .rlim_max = bytes };
	return setrlimit(RLIMIT_FSIZE, &limit);
}

static void __attribute__((noreturn))
become_qemu(const struct launch *l, const struct qemu_config *config, pid_t parent)
{
	/* Moved up first: arrange_fds() uses the low numbers. */
	int report = fcntl(l->report[1], F_DUPFD_CLOEXEC, 32);
	int err;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		goto fail;
	if (getppid() != parent)
		_exit(127); /* it died before the line above */
	/* A process group of its own: Ctrl-C is for us to act upon. */
	if (setpgid(0, 0) < 0)
		goto fail;
	if (!config->thp && prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) < 0)
		goto fail;
	if (config->pin && sched_setaffinity(0, sizeof(*config->pin), config->pin) < 0)
		goto fail;
	if (arrange_fds(l) < 0 || tie_life() < 0 || limit_files(config) < 0)
		goto fail;
	/* Without Landlock it is QEMU's user alone that bounds it: doctor says so. */
	confine((const char *[]){ l->console, NULL });
	interrupt_restore_mask();
	execv(l->argv[0], l->argv);
fail:
	err = errno;
	if (write(report, &err, sizeof(err)) != sizeof(err))
		_exit(126);
	_exit(127);
}

/* 0 once the child has become QEMU, or the errno with which it could not. */
static int await_exec(struct launch *l)
{
	int err = 0;
	ssize_t n;

	close(l->report[1]);
	l->report[1] = -1;
	do
		n = read(l->report[0], &err, sizeof(err));
	while (n < 0 && errno == EINTR);
	return n == sizeof(err) ? -err : 0;
}

int qemu_spawn(struct qemu *qemu, const struct qemu_config *config)
{
	pid_t parent = getpid();
	struct launch l;
	int err;

	*qemu = (struct qemu){ .pidfd = -1, .qmp_fd = -1, .guest_fd = -1, .life_fd = -1 };
	err = prepare_launch(&l, config);
	if (err)
		goto out;
	qemu->pid = fork();
	if (qemu->pid < 0) {
		err = -errno;
		qemu->pid = 0;
		goto out;
	}
	if (!qemu->pid)
		become_qemu(&l, config, parent);
	qemu->pidfd = syscall(SYS_pidfd_open, qemu->pid, 0);
	err = qemu->pidfd < 0 ? -errno : await_exec(&l);
	if (err) {
		qemu_kill(qemu);
		goto out;
	}
	qemu->qmp_fd = l.qmp[0];
	qemu->guest_fd = l.guest[0];
	qemu->life_fd = l.life[1];
	l.qmp[0] = l.guest[0] = l.life[1] = -1;
out:
	release_launch(&l);
	return err;
}

static void reap(struct qemu *qemu)
{
	pid_t pid;

	do
		pid = waitpid(qemu->pid, &qemu->wait_status, 0);
	while (pid < 0 && errno == EINTR);
	qemu->pid = 0;
}

int qemu_wait(struct qemu *qemu, uint64_t deadline)
{
	struct pollfd fds[] = {
		{ .fd = qemu->pidfd, .events = POLLIN },
		{ .fd = interrupt_fd(), .events = POLLIN },
	};

	if (!qemu->pid)
		return 0;
	do {
		if (poll(fds, 2, deadline_poll_ms(deadline)) < 0)
			continue;
		if (fds[0].revents) {
			reap(qemu);
			return 0;
		}
		if (fds[1].revents)
			return -EINTR;
	} while (clock_ns() < deadline);
	return -ETIMEDOUT;
}

void qemu_kill(struct qemu *qemu)
{
	int *fds[] = { &qemu->pidfd, &qemu->qmp_fd, &qemu->guest_fd, &qemu->life_fd };
	size_t i;

	if (qemu->pid) {
		kill(qemu->pid, SIGKILL);
		reap(qemu);
	}
	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

bool qemu_is_stopped(const struct qemu *qemu)
{
	char path[64], line[512], *state = NULL;
	FILE *f;

	if (!qemu->pid)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)qemu->pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	/* "1234 (name) T ...", where a name may hold anything */
	if (fgets(line, sizeof(line), f))
		state = strrchr(line, ')');
	fclose(f);
	return state && (!strncmp(state, ") T", 3) || !strncmp(state, ") t", 3));
}

const char *qemu_ending(const struct qemu *qemu, char *text, size_t size)
{
	if (qemu->pid)
		snprintf(text, size, "still running");
	else if (WIFSIGNALED(qemu->wait_status))
		snprintf(text, size, "signal %d (%s)", WTERMSIG(qemu->wait_status),
			 strsignal(WTERMSIG(qemu->wait_status)));
	else
		snprintf(text, size, "exit status %d", WEXITSTATUS(qemu->wait_status));
	return text;
}
