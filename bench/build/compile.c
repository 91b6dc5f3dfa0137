/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/compile.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/build/build_progress.h"
#include "bench/build/cache.h"
#include "bench/build/process.h"
#include "lib/alloc.h"
#include "lib/log.h"

/* In trees/ID while a build runs there. */
#define MARK "building"
#define ENV_MAX 16
/* Lines of the compiler in an error. */
#define COMPLAINTS 12

unsigned long compile_jobs(void)
{
	const char *told = getenv("JOBS");
	unsigned long n = told ? strtoul(told, NULL, 10) : 0;
	cpu_set_t cpus;

	if (n)
		return n;
	return sched_getaffinity(0, sizeof(cpus), &cpus) < 0 ? 1 : CPU_COUNT(&cpus);
}

/* What the program says goes to the log; the first complaints are kept. */
struct output {
	FILE *log;
	void (*progress)(const char *line);
	char *complaints[COMPLAINTS];
	size_t count;
};

static bool is_complaint(const char *line)
{
	static const char *const signs[] = { "error:",	      "Error ", "undefined reference",
					     "No space left", "***",	"not found",
					     "ERROR: " };
	size_t i;

	for (i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (strstr(line, signs[i]))
			return true;
	return false;
}

static void take_line(const char *line, void *context)
{
	struct output *output = context;

	if (output->log)
		fprintf(output->log, "%s\n", line);
	if (output->progress)
		output->progress(line);
	if (is_complaint(line) && output->count < COMPLAINTS)
		output->complaints[output->count++] = xstrdup(line);
}

static int interrupted_build(char *err, size_t err_size, int status)
{
	refuse(err, err_size, "interrupted");
	return status;
}

static int failed(const struct compile *c, int status, const char *log, const struct output *output,
		  char *err, size_t err_size)
{
	size_t i;

	if (status == -EINTR || status == -ETIMEDOUT)
		return interrupted_build(err, err_size, status);
	if (status == -ENOENT)
		return refuse(err, err_size, "cannot run %s; make deps installs what is missing",
			      c->argv[0]);
	build_progress_end();
	for (i = 0; i < output->count; i++)
		log_info("%s", output->complaints[i]);
	return refuse(err, err_size, "cannot %s, see above; the output of %s is in %s", c->what,
		      c->argv[0], log);
}

int compile_run(const struct compile *c, char *err, size_t err_size)
{
	char *log = xasprintf("%s/%s", c->git->root, c->log);
	char *ceiling = xasprintf("GIT_CEILING_DIRECTORIES=%s", c->git->root);
	const char *env[ENV_MAX + 2] = { ceiling };
	struct output output = { .log = fopen(log, "we"), .progress = c->progress };
	const struct process process = { .argv = c->argv,
					 .directory = c->directory,
					 .env = env,
					 .bare = true,
					 .mixed = true,
					 .line = take_line,
					 .context = &output };
	const char *const *more;
	size_t n = 1;
	int status;

	for (more = c->env; more && *more && n < ENV_MAX; more++)
		env[n++] = *more;
	status = process_run(&process, NULL);
	if (output.log)
		fclose(output.log);
	if (status)
		status = failed(c, status, log, &output, err, err_size);
	while (output.count)
		free(output.complaints[--output.count]);
	free(log);
	free(ceiling);
	return status;
}

int compile_tool(const char *const *argv, char **output, char *err, size_t err_size)
{
	const struct process tool = { .argv = argv, .bare = true };
	int status = process_run(&tool, output);

	if (status == -EINTR || status == -ETIMEDOUT)
		return interrupted_build(err, err_size, status);
	return status ? refuse(err, err_size, "%s: %s; free some space if the disk is full",
			       argv[0], process_error())
		      : 0;
}

int compile_begin(const struct git *git, const char *const *directories, char *err, size_t err_size)
{
	char *mark = xasprintf("%s/" MARK, git->root), *path;
	int status = 0;

	if (!access(mark, F_OK)) {
		log_info("the build in %s was cut off; starting again", git->root);
		for (; !status && *directories; directories++) {
			path = xasprintf("%s/%s", git->root, *directories);
			status = cache_remove_tree(path, err, err_size);
			free(path);
		}
	}
	free(mark);
	return status ?: cache_write_line(git->root, MARK, "", err, err_size);
}

int compile_end(const struct git *git, int status)
{
	char *mark = xasprintf("%s/" MARK, git->root);

	/* make and ninja remove their partial objects after Ctrl-C, unless they were killed. */
	if (status != -ETIMEDOUT && !(status && git_disk_is_full(git)))
		unlink(mark);
	free(mark);
	return status == -ETIMEDOUT ? -EINTR : status;
}
