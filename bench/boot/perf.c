/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/boot/perf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/boot/stacks.h"
#include "lib/clock.h"

#define FREQUENCY "499" /* no divisor in common with the kernel's tick */
#define TOP_MAX 20
#define START_MS 3000
#define STOP_MS 20000

#define COUNTERS "task-clock,context-switches,cpu-migrations,page-faults,cycles,instructions"

static int exit_status(const char *const *argv)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int perf_available(char *err, size_t err_size)
{
	const char *argv[] = { "perf", "--version", NULL };

	if (!exit_status(argv))
		return 0;
	snprintf(err, err_size,
		 "--perf needs perf, which is not to be found or does not run; "
		 "`make deps` installs it (package linux-perf)");
	return -ENOENT;
}

/* Virtual machines and locked-down hosts have no hardware counters to offer. */
static const char *sampling_event(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.disabled = 1,
		.exclude_kernel = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return "cpu-clock";
	close(fd);
	return "cycles";
}

static const char *file_in(const struct perf *perf, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", perf->directory, name);
	return path;
}

static pid_t start(const struct perf *perf, const char *const *argv)
{
	pid_t parent = getpid(), pid = fork();
	char path[PATH_MAX];
	sigset_t none;
	int log;

	if (pid)
		return pid < 0 ? 0 : pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	/* Ctrl-C is for us to act upon; perf is then told to end. */
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	log = open(file_in(perf, "perf.log", path), O_WRONLY | O_CREAT | O_APPEND, 0644);
	dup2(log, 1);
	dup2(log, 2);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

/* perf record has begun once its file has something in it. */
static void await_record(const struct perf *perf)
{
	uint64_t deadline = deadline_in_ms(START_MS);
	char path[PATH_MAX];
	struct stat st;

	file_in(perf, "perf.data", path);
	while (clock_ns() < deadline && (stat(path, &st) || !st.st_size))
		usleep(10000);
}

void perf_start(struct perf *perf, pid_t pid, const char *directory)
{
	char target[16], data[PATH_MAX], counts[PATH_MAX];

	*perf = (struct perf){ .directory = directory, .event = sampling_event() };
	snprintf(target, sizeof(target), "%d", (int)pid);
	file_in(perf, "perf.data", data);
	file_in(perf, "perf-stat.json", counts);
	perf->stat = start(perf, (const char *[]){ "perf", "stat", "-j", "-o", counts, "-e",
						   COUNTERS, "-p", target, NULL });
	perf->record =
		start(perf, (const char *[]){ "perf", "record", "-q", "-F", FREQUENCY, "-g", "-e",
					      perf->event, "-o", data, "-p", target, NULL });
	await_record(perf);
}

/* Ask a perf to end, and see it end. */
static void end(pid_t *pid, int signal)
{
	uint64_t deadline = deadline_in_ms(STOP_MS);

	if (!*pid)
		return;
	kill(*pid, signal);
	while (waitpid(*pid, NULL, WNOHANG) == 0) {
		if (clock_ns() > deadline)
			kill(*pid, SIGKILL);
		usleep(5000);
	}
	*pid = 0;
}

void perf_kill(struct perf *perf)
{
	end(&perf->stat, SIGKILL);
	end(&perf->record, SIGKILL);
}

/* perf stat's lines, each an object; what it calls "<not supported>" is null. */
static json_t *read_counts(const struct perf *perf)
{
	char path[PATH_MAX], line[1024], *text, *rest;
	json_t *counts = json_object(), *object;
	const char *event;
	double value;
	FILE *f;

	f = fopen(file_in(perf, "perf-stat.json", path), "re");
	while (f && fgets(line, sizeof(line), f)) {
		object = json_loads(line, 0, NULL);
		event = json_string_value(json_object_get(object, "event"));
		text = (char *)json_string_value(json_object_get(object, "counter-value"));
		if (event && text) {
			value = strtod(text, &rest);
			json_object_set_new(counts, event,
					    rest == text ? json_null() : json_real(value));
		}
		json_decref(object);
	}
	if (f)
		fclose(f);
	return counts;
}

static int read_stacks(struct perf *perf, struct stacks *stacks)
{
	char data[PATH_MAX];
	const char *argv[] = { "perf", "script",	  "-i", file_in(perf, "perf.data", data),
			       "-F",   "comm,ip,sym,dso", NULL };
	int out[2], null, err;
	pid_t pid;
	FILE *f;

	memset(stacks, 0, sizeof(*stacks));
	if (pipe2(out, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		dup2(out[1], 1);
		dup2(null, 2);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(out[1]);
	f = fdopen(out[0], "re");
	err = pid > 0 && f ? stacks_read(stacks, f) : -errno;
	if (f)
		fclose(f);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return err;
}

static void write_folded(const struct perf *perf, const struct stacks *stacks)
{
	char path[PATH_MAX];
	FILE *f = fopen(file_in(perf, "perf.folded", path), "we");

	if (!f)
		return;
	stacks_write_folded(stacks, f);
	fclose(f);
}

json_t *perf_stop(struct perf *perf)
{
	char path[PATH_MAX];
	struct stacks stacks;
	json_t *result;
	int err;

	end(&perf->stat, SIGINT);
	end(&perf->record, SIGINT);
	err = read_stacks(perf, &stacks);
	if (err || !stacks.count)
		snprintf(perf->error, sizeof(perf->error),
			 "perf record has no samples; perf.log beside this file says why");
	else
		write_folded(perf, &stacks);
	result = json_pack("{s:s, s:i, s:I, s:o, s:o, s:s?}", "event", perf->event, "frequency_hz",
			   atoi(FREQUENCY), "samples", (json_int_t)stacks.count, "stat",
			   read_counts(perf), "top", stacks_top(&stacks, TOP_MAX), "error",
			   perf->error[0] ? perf->error : NULL);
	stacks_release(&stacks);
	/* Large, and of use on this machine only. */
	unlink(file_in(perf, "perf.data", path));
	return result;
}
