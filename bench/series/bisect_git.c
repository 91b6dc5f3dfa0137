/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The git side of balloonbench bisect: git bisect in a git directory of its own, which borrows the
 * user's objects.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/build/git.h"
#include "bench/build/process.h"
#include "bench/run/run.h"
#include "bench/series/bisect.h"
#include "bench/series/tool.h"
#include "lib/alloc.h"
#include "lib/atomic_file.h"
#include "lib/directory.h"
#include "lib/json_file.h"
#include "lib/log.h"
#include "lib/record.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
/* In the environment of a step: the descriptor of bisect_hold_lifeline(). */
#define LIFELINE "BALLOONBENCH_BISECT"

/* Copy what makes a shallow clone shallow, if it is one. */
static int copy_shallow(const struct bisect_options *o, const char *git_dir, char *err,
			size_t err_size)
{
	char *from = git_line_of(
		o->git, ARGS("rev-parse", "--path-format=absolute", "--git-path", "shallow"), err,
		err_size);
	char *to = xasprintf("%s/shallow", git_dir), *text;
	int status = from ? 0 : -EINVAL;
	size_t size;

	text = from ? regular_file_read(from, 0, &size) : NULL;
	if (text)
		status = atomic_file_write(to, text, size);
	if (text && status)
		refuse(err, err_size, "cannot write %s: %s", to, strerror(-status));
	free(text);
	free(from);
	free(to);
	return status;
}

/* Let a git directory borrow the objects of the user's. */
static int borrow_objects(const struct bisect_options *o, const char *git_dir, char *err,
			  size_t err_size)
{
	char *objects = git_line_of(
		o->git, ARGS("rev-parse", "--path-format=absolute", "--git-path", "objects"), err,
		err_size);
	char *alternates = xasprintf("%s/objects/info/alternates", git_dir);
	char *line = xasprintf("%s\n", objects ?: "");
	int status = objects ? atomic_file_write(alternates, line, strlen(line)) : -EINVAL;

	if (objects && status)
		refuse(err, err_size, "cannot write %s: %s", alternates, strerror(-status));
	free(objects);
	free(alternates);
	free(line);
	return status;
}

/* git bisect start wants to know what is checked out. */
static int set_head(const char *git_dir, const char *commit, char *err, size_t err_size)
{
	char *option = xasprintf("--git-dir=%s", git_dir);
	const struct process update = {
		.argv = ARGS("git", option, "update-ref", "--no-deref", "HEAD", commit),
	};
	int status = process_run(&update, NULL);

	if (status)
		refuse(err, err_size, "cannot set HEAD of %s: %s", git_dir, process_error());
	free(option);
	return status;
}

static int init(const struct bisect_options *o, const char *git_dir, char *err, size_t err_size)
{
	char *format =
		git_line_of(o->git, ARGS("rev-parse", "--show-object-format"), err, err_size);
	char *option = xasprintf("--object-format=%s", format ?: "sha1");
	const struct process init = {
		.argv = ARGS("git", "init", "--bare", "--quiet", option, git_dir),
	};
	int status = format ? process_run(&init, NULL) : -EINVAL;

	if (format && status)
		refuse(err, err_size, "cannot make %s: %s", git_dir, process_error());
	free(format);
	free(option);
	return status;
}

/* A git directory for the state of the bisection. 0, or an exit status after a message. */
int bisect_open_git(const struct bisect_options *o, const char *git_dir, const char *bad)
{
	char err[1024];
	int status = init(o, git_dir, err, sizeof(err)) ?:
			     borrow_objects(o, git_dir, err, sizeof(err)) ?:
			     copy_shallow(o, git_dir, err, sizeof(err)) ?:
			     set_head(git_dir, bad, err, sizeof(err));

	return status ? fails(EXIT_ENVIRONMENT, "%s", err) : 0;
}

static void add_git(struct arguments *a, const char *git_dir)
{
	arguments_add(a, "--git-dir=%s", git_dir);
	arguments_add(a, "bisect");
}

int bisect_start(const char *git_dir, const char *good, const char *bad)
{
	struct arguments a = { NULL, 0 };
	int status;

	add_git(&a, git_dir);
	arguments_add(&a, "start");
	arguments_add(&a, "--no-checkout");
	arguments_add(&a, "%s", bad);
	arguments_add(&a, "%s", good);
	status = program_run_here("git", &a, NULL);
	arguments_release(&a);
	return status ? fails(EXIT_ENVIRONMENT, "git bisect start failed, see above") : 0;
}

/*
 * A pipe that only this process can write to: the step gets SIGTERM when this process ends, however
 * that happens. git does not end its step when it is killed.
 */
static int open_lifeline(int fds[2])
{
	char number[16];

	if (pipe2(fds, O_CLOEXEC) < 0 || fcntl(fds[0], F_SETFD, 0) < 0)
		return -errno;
	snprintf(number, sizeof(number), "%d", fds[0]);
	return setenv(LIFELINE, number, 1) < 0 ? -errno : 0;
}

/* In the step. An end that has come already is not signalled any more. */
void bisect_hold_lifeline(void)
{
	const char *number = getenv(LIFELINE);
	struct pollfd line = { .events = POLLIN };

	if (!number)
		return;
	line.fd = atoi(number);
	fcntl(line.fd, F_SETFD, FD_CLOEXEC);
	fcntl(line.fd, F_SETOWN, getpid());
	fcntl(line.fd, F_SETSIG, SIGTERM);
	fcntl(line.fd, F_SETFL, fcntl(line.fd, F_GETFL) | O_ASYNC);
	if (poll(&line, 1, 0) == 1)
		raise(SIGTERM);
}

/* git bisect run, with this command as the step. */
int bisect_run_steps(const struct bisect_options *o, const char *git_dir, const char *good)
{
	struct arguments a = { NULL, 0 };
	int lifeline[2] = { -1, -1 }, status;
	size_t i;

	if (open_lifeline(lifeline))
		log_warn("a step would go on if this process was killed: %s", strerror(errno));
	add_git(&a, git_dir);
	arguments_add(&a, "run");
	arguments_add(&a, "%s/balloonbench", program_directory());
	arguments_add(&a, "bisect");
	arguments_add(&a, "--git=%s", o->git);
	arguments_add(&a, "--good=%s", good);
	arguments_add(&a, "--scenario=%s", o->scenario);
	arguments_add(&a, "--max-regress=%s", o->regress);
	arguments_add(&a, "--boots=%u", o->boots);
	arguments_add(&a, "--max-boots=%u", o->max_boots);
	if (o->host)
		arguments_add(&a, "--host=%s", o->host);
	if (o->accel)
		arguments_add(&a, "--accel=%s", o->accel);
	if (o->trace)
		arguments_add(&a, "--trace=%s", o->trace);
	for (i = 0; i < o->config.count; i++)
		arguments_add(&a, "--config=%s", o->config.list[i]);
	arguments_add(&a, "-o");
	arguments_add(&a, "%s", o->output);
	arguments_add(&a, "--step=" BISECT_CHOSEN);
	if (o->verbose)
		arguments_add(&a, "-v");
	status = program_run_group("git", &a);
	arguments_release(&a);
	for (i = 0; i < 2; i++)
		if (lifeline[i] >= 0)
			close(lifeline[i]);
	return status;
}

/* bisect.log, which git bisect replay reads. */
int bisect_write_log(const struct bisect_options *o, const char *git_dir)
{
	char *path = xasprintf("%s/bisect.log", o->output);
	struct arguments a = { NULL, 0 };
	int status;

	add_git(&a, git_dir);
	arguments_add(&a, "log");
	status = program_run_here("git", &a, path);
	arguments_release(&a);
	if (!status)
		printf("\nlog:        %s\nto remove:  balloonbench build --remove '" BISECT_PREFIX
		       "*'\n",
		       path);
	free(path);
	return status ? EXIT_ENVIRONMENT : 0;
}
