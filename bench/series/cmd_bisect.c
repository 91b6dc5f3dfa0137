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
#include "bench/series/series.h"
#include "bench/series/tool.h"
#include "bench/vm/interrupt.h"
#include "lib/alloc.h"
#include "lib/atomic_file.h"
#include "lib/directory.h"
#include "lib/exit_status.h"
#include "lib/log.h"

#define SCENARIO "idle"
#define REGRESS "inflate.duration_ns=5%"
#define BOOTS 5
#define MAX_BOOTS 20
#define BOOTS_MAX 999
#define GOOD_NAME "bisect-good"
#define ID_SHOWN 12
/* The commit that git bisect has chosen. */
#define CHOSEN "BISECT_HEAD"

/* Exit statuses that git bisect run understands. */
enum step {
	STEP_GOOD = 0,
	STEP_BAD = 1,
	STEP_SKIP = 125,
	STEP_ABORT = 128,
	STEP_INTERRUPTED = EXIT_INTERRUPTED,
};

struct bisect_options {
	const char *git, *good, *bad, *scenario, *regress, *accel, *output, *step;
	struct names config;
	unsigned int boots, max_boots;
	bool verbose;
};

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
	OPTION(NAMES, config, "config", 0, "FRAGMENT", "kernel configuration that overrides ours",
	       .hint = HINT_FILE),
	OPTION_TITLE("HOW TO RUN A COMMIT"),
	OPTION(STRING, scenario, "scenario", 0, "NAME|FILE", "scenario", .hint = HINT_SCENARIO),
	OPTION(COUNT, boots, "boots", 0, "N", "boots of the commit, and as many of the good one",
	       .min = 2, .max = BOOTS_MAX),
	OPTION(COUNT, max_boots, "max-boots", 0, "N",
	       "double the boots of an inconclusive commit up to this, then skip it", .min = 2,
	       .max = BOOTS_MAX),
	OPTION(STRING, accel, "accel", 0, "NAME", "accelerator, as of balloonbench run"),
	OPTION_TITLE("OUTPUT"),
	OPTION(STRING, output, NULL, 'o', "DIR",
	       "result trees and bisect.log (default: results/<UTC time>-bisect); one that was "
	       "begun is resumed",
	       .hint = HINT_DIRECTORY),
	OPTION(STRING, step, "step", 0, "REV",
	       "judge this commit only; the exit status is 0 if it is good, 1 if it is bad, 125 if "
	       "it cannot be judged",
	       .hint = HINT_NONE),
	OPTION(FLAG, verbose, "verbose", 'v', NULL, "print details"),
	{ 0 },
};

static char *directory_of(const struct build_options *o)
{
	return xstrdup(o->git);
}

/* The good commit, then the one of the step: o->range is "GOOD..COMMIT". */
static int collect(struct build *b, char *err, size_t err_size)
{
	const char *dots = strstr(b->options->range, "..");
	char *good = xasprintf("%.*s", (int)(dots - b->options->range), b->options->range);
	char name[CUT_NAME_MAX + 1];
	int status;

	b->source_text = xasprintf("git %s", b->source.path);
	status = cuts_base(&b->source, &b->git, good, NULL, &b->cuts, err, err_size);
	if (!status)
		status = cuts_base(&b->source, &b->git, dots + 2, NULL, &b->cuts, err, err_size);
	if (!status) {
		snprintf(name, sizeof(name), "bisect-%.*s", ID_SHOWN, dots + 2);
		record_set_text(&b->cuts.items[0].name, GOOD_NAME);
		record_set_text(&b->cuts.items[1].name, name);
	}
	free(good);
	return status;
}

static const struct build_source step_source = { "bisect", directory_of, collect };

/* Build the good commit and that of the step. */
static int build_two(const struct bisect_options *o, const char *good, const char *commit)
{
	char *range = xasprintf("%s..%s", good, commit);
	const struct build_options options = {
		.git = o->git, .range = range, .config = o->config, .verbose = o->verbose
	};
	struct build build = {
		.options = &options,
		.in_series = true,
		.built_from = xasprintf("balloonbench bisect --git '%s' --good %s --step %s",
					o->git, good, commit),
	};
	int status = build_source_run(&step_source, &build);

	build_release(&build);
	free(range);
	return status;
}

static int run_two(const struct bisect_options *o, const char *commit, unsigned int boots,
		   const char *dir)
{
	struct arguments a = { NULL, 0 };
	int status;

	arguments_add(&a, "run");
	if (was_begun(dir)) {
		arguments_add(&a, "--resume");
	} else {
		arguments_add(&a, "--scenario=%s", o->scenario);
		arguments_add(&a, "--variant=" GOOD_NAME);
		arguments_add(&a, "--variant=bisect-%.*s", ID_SHOWN, commit);
		arguments_add(&a, "--boots=%u", boots);
		if (o->accel)
			arguments_add(&a, "--accel=%s", o->accel);
		arguments_add(&a, "-o");
	}
	arguments_add(&a, "%s", dir);
	if (o->verbose)
		arguments_add(&a, "-v");
	status = tool_run("balloonbench", &a, NULL);
	arguments_release(&a);
	return status;
}

static int gate(const struct bisect_options *o, const char *dir)
{
	struct arguments a = { NULL, 0 };
	int status;

	arguments_add(&a, "gate");
	arguments_add(&a, "%s", dir);
	arguments_add(&a, "--max-regress=%s", o->regress);
	status = tool_run("balloonstat", &a, NULL);
	arguments_release(&a);
	return status;
}

/* Boot the two kernels, and more often where that leaves it open. */
static enum step judge(const struct bisect_options *o, const char *commit)
{
	unsigned int boots = o->boots;
	int status;
	char *dir;

	for (;;) {
		dir = xasprintf("%s/%.*s-%u", o->output, ID_SHOWN, commit, boots);
		status = run_two(o, commit, boots, dir);
		if (!status)
			status = gate(o, dir);
		else if (status == EXIT_ENVIRONMENT)
			log_warn("%.*s: a boot failed, see %s; the commit is skipped", ID_SHOWN,
				 commit, dir);
		free(dir);
		if (status != EXIT_INCONCLUSIVE || boots >= o->max_boots)
			break;
		boots = boots * 2 < o->max_boots ? boots * 2 : o->max_boots;
		log_info("%.*s: inconclusive; again with %u boots", ID_SHOWN, commit, boots);
	}
	if (status == EXIT_INCONCLUSIVE)
		log_warn("%.*s: inconclusive with %u boots; the commit is skipped, raise "
			 "--max-boots",
			 ID_SHOWN, commit, boots);
	switch (status) {
	case EXIT_FINE:
		return STEP_GOOD;
	case EXIT_REGRESSION:
		return STEP_BAD;
	case EXIT_ENVIRONMENT:
	case EXIT_INCONCLUSIVE:
		return STEP_SKIP;
	default:
		return status == EXIT_INTERRUPTED ? STEP_INTERRUPTED : STEP_ABORT;
	}
}

static enum step do_step(const struct bisect_options *o, const char *good, const char *commit)
{
	int status = build_two(o, good, commit);

	if (status == EXIT_INTERRUPTED)
		return STEP_INTERRUPTED;
	if (!status)
		return judge(o, commit);
	log_warn("%.*s: does not build; the commit is skipped", ID_SHOWN, commit);
	return STEP_SKIP;
}

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

/* A git directory for the state of the bisection. 0, or an exit status after a message. */
static int open_git(const struct bisect_options *o, const char *git_dir)
{
	const char *const where[] = { "rev-parse", "--path-format=absolute", "--git-path",
				      "objects", NULL };
	const char *const init[] = { "git", "init", "--bare", "--quiet", git_dir, NULL };
	const struct process process = { .argv = init };
	char err[1024], *objects, *alternates, *line;
	int status;

	objects = git_line_of(o->git, where, err, sizeof(err));
	if (!objects) {
		log_error("%s", err);
		return EXIT_ENVIRONMENT;
	}
	status = process_run(&process, NULL);
	alternates = xasprintf("%s/objects/info/alternates", git_dir);
	line = xasprintf("%s\n", objects);
	if (!status)
		status = atomic_file_write(alternates, line, strlen(line));
	if (status)
		log_error("cannot make %s: %s", git_dir,
			  status < 0 ? strerror(-status) : process_error());
	free(objects);
	free(alternates);
	free(line);
	return status ? EXIT_ENVIRONMENT : 0;
}

static int git_bisect(const char *git_dir, const struct arguments *words, const char *output)
{
	struct arguments a = { NULL, 0 };
	size_t i;
	int status;

	arguments_add(&a, "--git-dir=%s", git_dir);
	arguments_add(&a, "bisect");
	for (i = 0; i < words->count; i++)
		arguments_add(&a, "%s", words->list[i]);
	status = program_run_here("git", &a, output);
	arguments_release(&a);
	return status;
}

static int git_start(const char *git_dir, const char *good, const char *bad)
{
	struct arguments a = { NULL, 0 };
	int status;

	arguments_add(&a, "start");
	arguments_add(&a, "--no-checkout");
	arguments_add(&a, "%s", bad);
	arguments_add(&a, "%s", good);
	status = git_bisect(git_dir, &a, "/dev/null");
	arguments_release(&a);
	if (status)
		log_error("git bisect start failed; --good %s must be an ancestor of --bad %s",
			  good, bad);
	return status ? EXIT_ENVIRONMENT : 0;
}

/* git bisect run, with this command as the step. */
static int git_run_steps(const struct bisect_options *o, const char *git_dir, const char *good)
{
	struct arguments a = { NULL, 0 };
	size_t i;
	int status;

	arguments_add(&a, "run");
	arguments_add(&a, "%s/balloonbench", program_directory());
	arguments_add(&a, "bisect");
	arguments_add(&a, "--git=%s", o->git);
	arguments_add(&a, "--good=%s", good);
	arguments_add(&a, "--scenario=%s", o->scenario);
	arguments_add(&a, "--max-regress=%s", o->regress);
	arguments_add(&a, "--boots=%u", o->boots);
	arguments_add(&a, "--max-boots=%u", o->max_boots);
	if (o->accel)
		arguments_add(&a, "--accel=%s", o->accel);
	for (i = 0; i < o->config.count; i++)
		arguments_add(&a, "--config=%s", o->config.list[i]);
	arguments_add(&a, "-o");
	arguments_add(&a, "%s", o->output);
	arguments_add(&a, "--step=" CHOSEN);
	if (o->verbose)
		arguments_add(&a, "-v");
	status = git_bisect(git_dir, &a, NULL);
	arguments_release(&a);
	return status;
}

/* bisect.log, which git bisect replay reads. */
static int write_log(const struct bisect_options *o, const char *git_dir)
{
	char *path = xasprintf("%s/bisect.log", o->output);
	struct arguments a = { NULL, 0 };
	int status;

	arguments_add(&a, "log");
	status = git_bisect(git_dir, &a, path);
	arguments_release(&a);
	if (!status)
		printf("log: %s\n", path);
	free(path);
	return status ? EXIT_ENVIRONMENT : 0;
}

/* The bad commit must be bad by the same measure, or every step would be good. */
static int check_bad(const struct bisect_options *o, const char *good, const char *bad)
{
	enum step step = do_step(o, good, bad);

	switch (step) {
	case STEP_BAD:
		return 0;
	case STEP_GOOD:
		log_error("--bad %s is no worse than --good by %s: nothing to bisect", o->bad,
			  o->regress);
		return EXIT_INCONCLUSIVE;
	case STEP_SKIP:
		log_error("--bad %s cannot be judged, see above", o->bad);
		return EXIT_INCONCLUSIVE;
	default:
		return step == STEP_INTERRUPTED ? EXIT_INTERRUPTED : EXIT_ENVIRONMENT;
	}
}

static int bisect(const struct bisect_options *o, const char *good)
{
	char *bad = commit_of(o, "bad", o->bad), *git_dir = xasprintf("%s/git", o->output);
	int status = bad ? 0 : EXIT_USAGE;

	if (!status)
		status = check_bad(o, good, bad);
	if (!status)
		status = open_git(o, git_dir) ?: git_start(git_dir, good, bad);
	if (!status) {
		status = git_run_steps(o, git_dir, good);
		/* It has said why. Skipped commits that leave several: 2. */
		if (status)
			status = interrupted() ? EXIT_INTERRUPTED : EXIT_INCONCLUSIVE;
		else
			status = write_log(o, git_dir);
	}
	free(bad);
	free(git_dir);
	return status;
}

/* The commit of --step: the one that git has chosen, or the user's. */
static char *commit_of_step(const struct bisect_options *o)
{
	char *git_dir, *commit, err[1024];

	if (strcmp(o->step, CHOSEN))
		return commit_of(o, "step", o->step);
	git_dir = xasprintf("%s/git", o->output);
	commit = git_line_of(git_dir, (const char *const[]){ "rev-parse", CHOSEN, NULL }, err,
			     sizeof(err));
	if (!commit)
		log_error("%s", err);
	free(git_dir);
	return commit;
}

static int check(const struct bisect_options *o)
{
	const char *wrong = NULL;

	if (!o->git || !o->good || (!o->bad && !o->step))
		wrong = "--git DIR, --good REV and --bad REV are needed";
	else if (o->max_boots < o->boots)
		wrong = "--max-boots is below --boots";
	if (wrong)
		log_error("%s", wrong);
	return wrong ? EXIT_USAGE : 0;
}

static int run(struct command_line *line)
{
	struct bisect_options *o = line->options;
	char stamp[32], *dir, *good, *commit;
	int status = check(o);

	if (status)
		return status;
	log_setup(line->argv[0], o->verbose ? LOG_DEBUG : LOG_INFO);
	if (interrupt_setup()) {
		log_error("cannot set up signals: %s", strerror(errno));
		return EXIT_ENVIRONMENT;
	}
	dir = o->output ? xstrdup(o->output)
			: xasprintf("results/%s-bisect", utc_now("%Y%m%dT%H%M%SZ", stamp));
	o->output = dir;
	good = commit_of(o, "good", o->good);
	commit = good && o->step ? commit_of_step(o) : NULL;
	if (!good || (o->step && !commit))
		status = EXIT_USAGE;
	else
		status = o->step ? (int)do_step(o, good, commit) : bisect(o, good);
	if (status == EXIT_INTERRUPTED && !o->step)
		log_info("interrupted; to go on: the same command with -o %s", dir);
	free(dir);
	free(good);
	free(commit);
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
