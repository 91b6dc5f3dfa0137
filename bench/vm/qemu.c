/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/vm/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/vm/initramfs.h"
#include "bench/vm/interrupt.h"
#include "lib/clock.h"
#include "lib/privileges.h"
#include "lib/units.h"

/* The other descriptors of the child; only the last is closed by exec. */
#define LIFE_FD (QEMU_TEXT_FD + 1)
#define REPORT_FD (LIFE_FD + 1) /* the child's errno, should exec fail */

/* In the child, where the descriptor of a path of the parent's may be another by then. */
#define CONSOLE "/proc/self/fd/" STRING(QEMU_DIRECTORY_FD) "/console.log"

/* Limit of the console log, so that a guest cannot fill the disk. */
#define CONSOLE_MAX_BYTES (64ULL << 20)

/* The parent's state while it starts QEMU. */
struct launch {
	int theirs[REPORT_FD + 1]; /* by their numbers in the child */
	int report;
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

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void release_launch(struct launch *l)
{
	int i;

	for (i = 0; i <= REPORT_FD; i++)
		close_fd(&l->theirs[i]);
	close_fd(&l->report);
	qemu_argv_free(l->argv);
}

static int open_initramfs(const struct qemu_config *config)
{
	int fd;

	if (!config->host)
		return initramfs_open(config->initramfs, config->modules);
	fd = fcntl(config->host->initramfs_fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

static int prepare_launch(struct launch *l, struct qemu *qemu, const struct qemu_config *config)
{
	const struct {
		int *ours, theirs;
	} ends[] = { { &qemu->qmp_fd, QEMU_QMP_FD },   { &qemu->guest_fd, QEMU_GUEST_FD },
		     { &qemu->life_fd, LIFE_FD },      { &l->report, REPORT_FD },
		     { &qemu->work_fd, QEMU_WORK_FD }, { &qemu->text_fd, QEMU_TEXT_FD } };
	const int pairs = config->host ? 6 : 4;
	char path[PATH_MAX];
	int i, pair[2], console;

	*l = (struct launch){ .report = -1 };
	memset(l->theirs, 0xff, sizeof(l->theirs));
	l->theirs[1] = open_log(config->directory, "qemu.log", path);
	if (l->theirs[1] < 0)
		return l->theirs[1];
	/* confine() can only allow a file that exists. */
	console = open_log(config->directory, "console.log", path);
	if (console < 0)
		return console;
	close(console);
	l->theirs[2] = fcntl(l->theirs[1], F_DUPFD_CLOEXEC, 0);
	l->theirs[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	l->theirs[QEMU_DIRECTORY_FD] = open(config->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (l->theirs[0] < 0 || l->theirs[2] < 0 || l->theirs[QEMU_DIRECTORY_FD] < 0)
		return -errno;
	for (i = 0; i < pairs; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
			return -errno;
		*ends[i].ours = pair[0];
		l->theirs[ends[i].theirs] = pair[1];
	}
	if (config->modules || config->host) {
		l->theirs[QEMU_INITRAMFS_FD] = open_initramfs(config);
		if (l->theirs[QEMU_INITRAMFS_FD] < 0)
			return l->theirs[QEMU_INITRAMFS_FD];
	}
	l->argv = qemu_argv(config);
	return 0;
}

/* By way of high numbers, so that they do not overwrite each other; the report's ends with exec. */
static int arrange_fds(struct launch *l)
{
	int i;

	for (i = REPORT_FD; i >= 0; i--) {
		if (l->theirs[i] < 0)
			continue;
		l->theirs[i] = fcntl(l->theirs[i], F_DUPFD_CLOEXEC, 16);
		if (l->theirs[i] < 0)
			return -1;
	}
	for (i = 0; i < REPORT_FD; i++)
		if (l->theirs[i] >= 0 && dup2(l->theirs[i], i) < 0)
			return -1;
	return 0;
}

/*
 * The kernel sends SIGKILL in place of SIGIO when the parent's end of the socket pair closes. It
 * clears PR_SET_PDEATHSIG when a process changes its user, as root's QEMU does.
 */
static int tie_life(void)
{
	int flags = fcntl(LIFE_FD, F_GETFL);

	if (flags < 0 || fcntl(LIFE_FD, F_SETOWN, getpid()) < 0 ||
	    fcntl(LIFE_FD, F_SETSIG, SIGKILL) < 0)
		return -1;
	return fcntl(LIFE_FD, F_SETFL, flags | O_ASYNC);
}

/* The limit also applies to the size of a memfd. */
static int limit_files(const struct qemu_config *config)
{
	uint64_t bytes = CONSOLE_MAX_BYTES;
	struct rlimit limit;

	if (config->backing != BACKING_ANONYMOUS)
		bytes += config->memory_bytes + config->plugged_bytes;
	/* An ordinary user cannot raise it. */
	if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_max < bytes)
		bytes = limit.rlim_max;
	limit = (struct rlimit){ .rlim_cur = bytes, .rlim_max = bytes };
	return setrlimit(RLIMIT_FSIZE, &limit);
}

static void __attribute__((noreturn))
become_qemu(struct launch *l, const struct qemu_config *config, pid_t parent)
{
	int err;

	if (arrange_fds(l) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		goto fail;
	if (getppid() != parent)
		_exit(127); /* it died before the line above */
	/* Its own process group, so that Ctrl-C does not reach it. */
	if (setpgid(0, 0) < 0)
		goto fail;
	if (!config->thp && prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) < 0)
		goto fail;
	if (config->pin && sched_setaffinity(0, sizeof(*config->pin), config->pin) < 0)
		goto fail;
	if (tie_life() < 0 || limit_files(config) < 0)
		goto fail;
	/* Without Landlock only QEMU's user confines it; doctor reports that. */
	confine((const char *[]){ CONSOLE, NULL });
	signal(SIGXFSZ, SIG_DFL);
	interrupt_restore_mask();
	execv(l->argv[0], l->argv);
fail:
	err = errno;
	_exit(write(l->theirs[REPORT_FD], &err, sizeof(err)) == sizeof(err) ? 127 : 126);
}

/* Wait for the exec of the child: 0 or its -errno. */
static int await_exec(struct launch *l)
{
	int err = 0;

	close_fd(&l->theirs[REPORT_FD]);
	return TEMP_FAILURE_RETRY(read(l->report, &err, sizeof(err))) == sizeof(err) ? -err : 0;
}

int qemu_spawn(struct qemu *qemu, const struct qemu_config *config)
{
	pid_t pid, parent = getpid();
	struct launch l;
	int err;

	*qemu = QEMU_NONE;
	err = prepare_launch(&l, qemu, config);
	if (err)
		goto out;
	pid = fork();
	if (!pid)
		become_qemu(&l, config, parent);
	if (pid > 0) {
		qemu->pid = pid;
		qemu->pidfd = syscall(SYS_pidfd_open, pid, 0);
	}
	err = qemu->pidfd < 0 ? -errno : await_exec(&l);
out:
	release_launch(&l);
	if (err)
		qemu_kill(qemu);
	return err;
}

static void reap(struct qemu *qemu)
{
	TEMP_FAILURE_RETRY(waitpid(qemu->pid, &qemu->wait_status, 0));
	qemu->pid = 0;
}

int qemu_wait(struct qemu *qemu, uint64_t deadline)
{
	int err;

	if (!qemu->pid)
		return 0;
	err = interruptible_poll(qemu->pidfd, POLLIN, deadline);
	if (!err)
		reap(qemu);
	return err;
}

void qemu_kill(struct qemu *qemu)
{
	if (qemu->pid) {
		kill(qemu->pid, SIGKILL);
		reap(qemu);
	}
	close_fd(&qemu->pidfd);
	close_fd(&qemu->qmp_fd);
	close_fd(&qemu->guest_fd);
	close_fd(&qemu->work_fd);
	close_fd(&qemu->text_fd);
	close_fd(&qemu->life_fd);
}

bool qemu_is_stopped(const struct qemu *qemu)
{
	char path[64], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)qemu->pid);
	f = qemu->pid ? fopen(path, "re") : NULL;
	if (!f)
		return false;
	/* "Name: ...", "Umask: ...", "State: T (stopped)" */
	if (fscanf(f, "%*[^\n] Umask: %*s State: %c", &state) != 1)
		state = 0;
	fclose(f);
	return state == 'T' || state == 't';
}

bool qemu_was_stopped(const struct qemu *qemu)
{
	siginfo_t info = { .si_pid = 0 };

	return qemu->pid &&
	       !waitid(P_PID, qemu->pid, &info, WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT) &&
	       info.si_pid;
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
