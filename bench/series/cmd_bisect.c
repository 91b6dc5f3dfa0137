/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench bisect: which commit made a metric worse. git bisect chooses the commits, in a git
 * directory of its own that borrows the user's objects: the user's repository is only read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/build/build.h"
#include "bench/build/process.h"
#include "bench/run/run.h"
#include "bench/series/bisect.h"
#include "bench/series/check.h"
#include "bench/series/series.h"
#include "bench/series/tool.h"
#include "bench/vm/interrupt.h"
#include "lib/alloc.h"
#include "lib/atomic_file.h"
#include "lib/directory.h"
#include "lib/json_file.h"
#include "lib/result.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define SCENARIO "idle"
#define REGRESS "inflate.duration_ns=5%"
#define BOOTS 5
#define MAX_BOOTS 20
#define BOOTS_MAX 999
#define ID_SHOWN 12
/* What git bisect run ends with then. */
#define GIT_ONLY_SKIPPED 2
/* In the output directory: what is bisected. */
#define QUESTION "question"

#define OPTIONS struct bisect_options

static const struct bisect_options defaults = {
	.scenario = SCENARIO,
	.regress = REGRESS,
	.boots = BOOTS,
	.max_boots = MAX_BOOTS,
};

static const struct option_row rows[] = {
	OPTION_TITLE("WHAT TO BISECT"),
	OPTION(STRING, git, "git", 0, "DIR", "kernel source: a git repository",
	       .hint = HINT_DIRECTORY),
	OPTION(STRING, good, "good", 0, "REV", "a commit without the regression"),
	OPTION(STRING, bad, "bad", 0, "REV", "a later commit that has it"),
	OPTION(STRING, regress, "max-regress", 0, "METRIC=PERCENT%",
	       "a commit is bad if the metric is worse than that of the good one by more than "
	       "this",
	       .hint = HINT_METRIC),
	OPTION(NAMES, config, "config", 0, "FRAGMENT",
	       "kernel configuration that overrides ours: a file, or distro", .hint = HINT_FILE),
	OPTION_TITLE("HOW TO RUN A COMMIT"),
	OPTION(STRING, scenario, "scenario", 0, "NAME|FILE", "scenario", .hint = HINT_SCENARIO),
	OPTION(COUNT, boots, "boots", 0, "N", "boots of the commit, and as many of the good one",
	       .min = BOOTS_MIN, .max = BOOTS_MAX),
	OPTION(COUNT, max_boots, "max-boots", 0, "N",
	       "double the boots of an inconclusive commit up to this, then skip it",
	       .min = BOOTS_MIN, .max = BOOTS_MAX),
	OPTION(STRING, host, "host", 0, "KERNEL",
	       "run in a guest that is the host: it boots this kernel, and has KVM"),
	OPTION(STRING, accel, "accel", 0, NULL, "accelerator of QEMU", .choices = accel_choices),
	OPTION(PARSED, trace, "trace", 0, "off|phases|pages[=N]",
	       "level of tracing, as of run (default: phases)", .parse = trace_setting_check,
	       .choices = trace_levels),
	OPTION_TITLE("OUTPUT"),
	OPTION(STRING, output, NULL, 'o', "DIR",
	       "result trees and bisect.log (default: results/<UTC time>-bisect); one that was "
	       "begun is resumed",
	       .hint = HINT_DIRECTORY),
	OPTION(STRING, step, "step", 0, "REV",
	       "judge this commit only, as a command of git bisect run: the exit status is 0 if it "
	       "is good, 1 if it is bad, 125 if it cannot be judged, 128 and more if nothing can"),
	OPTION(FLAG, verbose, "verbose", 'v', NULL, "print details"),
	{ 0 },
};

/* The commit of a revision of the user's, to be freed; NULL after a message. */
static char *commit_of(const struct bisect_options *o, const char *option, const char *revision)
{
	struct source source = { .path = NULL };
	char err[1024], *id = NULL;

	if (source_open(&source, o->git, err, sizeof(err)) ||
	    tree_of_revision(&source, revision, &id, NULL, err, sizeof(err)))
		log_error("--%s: %s", option, err);
	source_release(&source);
	return id;
}

/* The bad commit must be bad by the same measure, or every step would be good. */
static int check_bad(const struct bisect_options *o, const char *good, const char *bad)
{
	enum step step;

	log_info("first --bad %s, which has to be bad", o->bad);
	step = bisect_step(o, good, bad);
	switch (step) {
	case STEP_BAD:
		return 0;
	case STEP_GOOD:
		return fails(EXIT_INCONCLUSIVE,
			     "--bad %s is not worse than --good %s by %s: nothing to bisect",
			     o->bad, o->good, o->regress);
	case STEP_SKIP:
		return fails(EXIT_INCONCLUSIVE, "--bad %s or --good %s cannot be judged, see above",
			     o->bad, o->good);
	default:
		return step == STEP_INTERRUPTED ? EXIT_INTERRUPTED : EXIT_ENVIRONMENT;
	}
}

/* What git bisect run ended with, and its log. */
static int finish(const struct bisect_options *o, const char *git_dir, int status)
{
	int written = bisect_write_log(o, git_dir);

	if (interrupted())
		return EXIT_INTERRUPTED;
	if (!status)
		return written;
	/* git has said why: a step failed, or too many were skipped. */
	return fails(status == GIT_ONLY_SKIPPED ? EXIT_INCONCLUSIVE : EXIT_ENVIRONMENT,
		     "the first bad commit was not found, see above");
}

/* The commits that are bisected, their names to be freed; 0 or an exit status after a message. */
static int find_ends(const struct bisect_options *o, char **good, char **bad)
{
	char err[1024], *common;
	int status = 0;

	*good = commit_of(o, "good", o->good);
	*bad = *good ? commit_of(o, "bad", o->bad) : NULL;
	if (!*bad)
		return EXIT_USAGE;
	common = git_line_of(o->git, ARGS("merge-base", *good, *bad), err, sizeof(err));
	if (!strcmp(*good, *bad))
		status = fails(EXIT_USAGE, "--good %s and --bad %s are the same commit", o->good,
			       o->bad);
	else if (!common)
		status = fails(EXIT_USAGE,
			       "--good %s and --bad %s have no common history here; in a shallow "
			       "clone, fetch more of it",
			       o->good, o->bad);
	else if (strcmp(common, *good))
		status = fails(EXIT_USAGE,
			       "--good %s is not an ancestor of --bad %s; they have %.*s in "
			       "common: use it as the good one",
			       o->good, o->bad, ID_SHOWN, common);
	free(common);
	return status;
}

/* What is bisected, and how it is judged, to be freed: the same in all runs for one -o. */
static char *question_of(const struct bisect_options *o, const char *good, const char *bad)
{
	char *text = NULL;
	size_t size, i;
	FILE *f = xmemstream(&text, &size);

	fprintf(f, "good %s\nbad %s\nscenario %s\nmax-regress %s\naccel %s\ntrace %s\n", good, bad,
		o->scenario, o->regress, o->accel ?: "auto", o->trace ?: "phases");
	if (o->host)
		fprintf(f, "host %s\n", o->host);
	for (i = 0; i < o->config.count; i++)
		fprintf(f, "config %s\n", o->config.list[i]);
	fclose(f);
	return text;
}

/* Begin the output directory, or check that it was begun for the same. */
static int open_output(const struct bisect_options *o, const char *good, const char *bad)
{
	char *path = xasprintf("%s/" QUESTION, o->output), *text = question_of(o, good, bad);
	char *before = NULL;
	bool begun;
	size_t size;
	int status = check_output(o->output, QUESTION, &begun), error = 0;

	if (status)
		goto out;
	if (begun)
		before = regular_file_read(path, 0, &size);
	else
		error = make_directories(o->output) ?: atomic_file_write(path, text, strlen(text));
	if (error)
		status = results_fail(error, "write", path);
	else if (begun && (!before || strcmp(before, text)))
		status = fails(EXIT_USAGE,
			       "%s was begun for another bisection, see %s; choose another "
			       "directory with -o",
			       o->output, path);
out:
	free(before);
	free(path);
	free(text);
	return status;
}

static int bisect(const struct bisect_options *o)
{
	char *git_dir = xasprintf("%s/git", o->output), *good = NULL, *bad = NULL;
	int status = find_ends(o, &good, &bad);

	if (!status)
		status = open_output(o, good, bad) ?: check_bad(o, good, bad);
	if (!status)
		status = bisect_open_git(o, git_dir, bad) ?: bisect_start(git_dir, good, bad);
	if (!status)
		status = finish(o, git_dir, bisect_run_steps(o, git_dir, good));
	if (status == EXIT_INTERRUPTED)
		log_info("interrupted; to go on: the same command with -o %s", o->output);
	free(good);
	free(bad);
	free(git_dir);
	return status;
}

/* The commit of --step: the one that git has chosen, or the user's. */
static char *commit_of_step(const struct bisect_options *o)
{
	char *git_dir, *commit, err[1024];

	if (strcmp(o->step, BISECT_CHOSEN))
		return commit_of(o, "step", o->step);
	bisect_hold_lifeline();
	git_dir = xasprintf("%s/git", o->output);
	commit = git_line_of(git_dir, ARGS("rev-parse", BISECT_CHOSEN), err, sizeof(err));
	if (!commit)
		log_error("%s", err);
	free(git_dir);
	return commit;
}

/* An exit status of 1 to 127 would be an answer. */
static int step(const struct bisect_options *o)
{
	char *good = commit_of(o, "good", o->good), *commit = good ? commit_of_step(o) : NULL;
	int status = commit ? (int)bisect_step(o, good, commit) : STEP_ABORT;

	free(good);
	free(commit);
	return status;
}

/* balloonstat gate judges the steps: a wrong claim is an error before it reads results. */
static int check_claim(const struct bisect_options *o)
{
	static const char said[] = "balloonstat gate: error: ";
	char *program = xasprintf("%s/balloonstat", program_directory());
	const struct process gate = { .argv = ARGS(program, "gate", "/dev/null", "--max-regress",
						   o->regress) };
	int status = process_run(&gate, NULL);
	const char *error = process_error();

	free(program);
	if (status < 0)
		return fails(EXIT_ENVIRONMENT, "cannot run balloonstat: %s", strerror(-status));
	if (status == EXIT_USAGE)
		return fails(EXIT_USAGE, "%s",
			     error + (strncmp(error, said, strlen(said)) ? 0 : strlen(said)));
	return 0;
}

static int check(const struct bisect_options *o)
{
	const struct names scenarios = { { o->scenario }, 1 };
	int status = 0;

	if (!o->git || !o->good || (!o->bad && !o->step))
		status = fails(EXIT_USAGE, "--git DIR, --good REV and --bad REV are needed");
	else if (o->max_boots < o->boots)
		status = fails(EXIT_USAGE, "--max-boots is below --boots");
	return status ?: check_claim(o) ?: check_scenarios(&scenarios) ?: check_images();
}

static int run(struct command_line *line)
{
	struct bisect_options *o = line->options;
	char stamp[32], *dir;
	int status;

	log_setup(line->argv[0], o->verbose ? LOG_DEBUG : LOG_INFO);
	status = interrupt_setup() ? EXIT_ENVIRONMENT : check(o);
	if (status)
		return o->step ? STEP_ABORT : status;
	dir = o->output ? xstrdup(o->output)
			: xasprintf("results/%s-bisect", utc_now("%Y%m%dT%H%M%SZ", stamp));
	o->output = dir;
	status = o->step ? step(o) : bisect(o);
	free(dir);
	return status;
}

const struct command bisect_command = {
	.name = "bisect",
	.purpose = "find the commit that made a metric worse",
	.description = "Run git bisect between a good and a bad commit. Each step builds a commit, "
		       "boots it "
		       "and the good one alternately, and compares them as balloonstat gate does. "
		       "A commit "
		       "that does not build or boot is skipped, and so is one that stays "
		       "inconclusive with "
		       "--max-boots.\n"
		       "Your repository is only read: the state of the bisection is in the output "
		       "directory. After Ctrl-C, the same command with the same -o goes on.",
	.examples =
		"  balloonbench bisect --git ~/linux --good v7.0 --bad my-series\n"
		"      which commit makes inflating slower by 5 % in scenario " SCENARIO "\n"
		"  balloonbench bisect --git ~/linux --good v7.0 --bad HEAD --scenario touched \\\n"
		"    --max-regress deflate.duration_ns=10% --accel icount\n",
	.exits = "0 the first bad commit was found\n"
		 "2 wrong usage\n"
		 "3 a program failed\n"
		 "5 the bad commit is no worse, or steps stayed inconclusive\n"
		 "130 interrupted; the same command with the same -o goes on",
	.rows = rows,
	.defaults = &defaults,
	.size = sizeof(struct bisect_options),
	.run = run,
};
