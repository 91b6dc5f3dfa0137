/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PID 1 of a virtual machine that traces itself: runs `balloontrace host --json` beside
 * processes with known calls, prints what it says between lines of "=== ", and powers off.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_ONCE 20
#define IN_SUCCESSION 40

static void mount_all(void)
{
	static const struct {
		const char *type, *path;
	} mounts[] = {
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "devtmpfs", "/dev" },
		{ "tracefs", "/sys/kernel/tracing" },
	};
	size_t i;
	int fd;

	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].path, 0755);
		mount(mounts[i].type, mounts[i].path, mounts[i].type, 0, NULL);
	}
	fd = open("/dev/console", O_RDWR);
	for (i = 0; fd >= 0 && i < 3; i++)
		dup2(fd, i);
	setvbuf(stdout, NULL, _IONBF, 0);
}

#define OUTPUT "/output"

/* A console is too slow for a tracer that is to end. */
static void print_output(void)
{
	char text[4096];
	int fd = open(OUTPUT, O_RDONLY);
	ssize_t n;

	while (fd >= 0 && (n = read(fd, text, sizeof(text))) > 0)
		fwrite(text, 1, n, stdout);
}

/* Start the tracer; its standard error is a pipe. */
static pid_t start_tracer(int *errors)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(ends[1], STDERR_FILENO);
		dup2(open(OUTPUT, O_CREAT | O_WRONLY, 0600), STDOUT_FILENO);
		execl("/balloontrace", "balloontrace", "host", "--json", NULL);
		_exit(127);
	}
	close(ends[1]);
	*errors = ends[0];
	return pid;
}

/* It says that it waits once it is attached. */
static void await_tracer(int errors)
{
	char text[4096];
	size_t length = 0;
	ssize_t n;

	do {
		n = read(errors, text + length, sizeof(text) - 1 - length);
		length += n > 0 ? n : 0;
		text[length] = '\0';
	} while (n > 0 && !strstr(text, "waiting for one"));
	if (n <= 0)
		printf("=== failed: %s\n", text);
}

static pid_t start_process(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	execl("/qemu-system-x86_64", "qemu-system-x86_64", "brief", "80", "-", "-name", "guest=web",
	      NULL);
	_exit(127);
}

int main(void)
{
	pid_t tracer, pids[AT_ONCE];
	int errors = -1, status, i;

	mount_all();
	tracer = start_tracer(&errors);
	await_tracer(errors);
	for (i = 0; i < AT_ONCE; i++)
		pids[i] = start_process();
	for (i = 0; i < AT_ONCE; i++)
		waitpid(pids[i], &status, 0);
	for (i = 0; i < IN_SUCCESSION; i++)
		waitpid(start_process(), &status, 0);
	/* What it prints stands between these lines. */
	printf("=== begin\n");
	kill(tracer, SIGTERM);
	waitpid(tracer, &status, 0);
	print_output();
	printf("\n=== end, status %d\n", WEXITSTATUS(status));
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}
