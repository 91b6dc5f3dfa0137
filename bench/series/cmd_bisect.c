/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench bisect: which commit made a metric worse. git bisect chooses the commits, in a git
 * directory of its own that borrows the user's objects: the user's repository is only read.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/compare/compare.h"
#include "analysis/gate/gate.h"
#include "bench/build/build.h"
#include "bench/build/process.h"
#include "bench/run/run.h"
#include "bench/series/check.h"
#include "bench/series/series.h"
#include "bench/series/tool.h"
#include "bench/vm/interrupt.h"
#include "lib/alloc.h"
#include "lib/atomic_file.h"
#include "lib/directory.h"
#include "lib/json_file.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define SCENARIO "idle"
#define REGRESS "inflate.duration_ns=5%"
#define BOOTS 5
#define MAX_BOOTS 20
#define BOOTS_MAX 999
#define ID_SHOWN 12
#define CUT_PREFIX "bisect-"
/* The commit that git bisect has chosen. */
#define CHOSEN "BISECT_HEAD"
/* What git bisect run ends with then. */
#define GIT_ONLY_SKIPPED 2
/* In the environment of a step: the descriptor of hold_lifeline(). */
#define LIFELINE "BALLOONBENCH_BISECT"
/* In the output directory: what is bisected. */
#define QUESTION "question"

/* Exit statuses that git bisect run understands. */
enum step {
	STEP_GOOD = 0,
	STEP_BAD = 1,
	STEP_SKIP = 125,
	STEP_ABORT = 128,
	STEP_INTERRUPTED = EXIT_INTERRUPTED,
};

struct bisect_options {
	const char *git, *good, *bad, *scenario, *regress, *accel, *trace, *output, *step;
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
	       .min = BOOTS_MIN, .max = BOOTS_MAX),
	OPTION(COUNT, max_boots, "max-boots", 0, "N",
	       "double the boots of an inconclusive commit up to this, then skip it",
	       .min = BOOTS_MIN, .max = BOOTS_MAX),
	OPTION(STRING, accel, "accel", 0, NULL, "accelerator of QEMU", .choices = accel_choices),
	OPTION(STRING, trace, "trace", 0, NULL, "level of tracing (default: phases)",
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

static char *directory_of(const struct build_options *o)
{
	return xstrdup(o->git);
}

static char *cut_of(const char *commit)
{
	return xasprintf(CUT_PREFIX "%.*s", ID_SHOWN, commit);
}

static int add_commit(struct build *b, const char *commit, char *err, size_t err_size)
{
	char *name = cut_of(commit);
	int status = cuts_base(&b->source, &b->git, commit, NULL, &b->cuts, err, err_size);

	if (!status)
		record_set_text(&b->cuts.items[b->cuts.count - 1].name, name);
	free(name);
	return status;
}

/* The good commit, then the one of the step: the range is "GOOD..COMMIT". */
static int collect(struct build *b, char *err, size_t err_size)
{
	const char *dots = strstr(b->options->range, "..");
	char *good = xasprintf("%.*s", (int)(dots - b->options->range), b->options->range);
	int status;

	b->source_text = xasprintf("git %s", b->source.path);
	status = add_commit(b, good, err, err_size) ?: add_commit(b, dots + 2, err, err_size);
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

/* The good commit is booted again with each other: the machine may have changed since. */
static int run_two(const struct bisect_options *o, const char *good, const char *commit,
		   unsigned int boots, const char *dir)
{
	struct arguments a = { NULL, 0 };
	char *base = cut_of(good), *cut = cut_of(commit);
	int status;

	arguments_add(&a, "--scenario=%s", o->scenario);
	arguments_add(&a, "--variant=%s", base);
	arguments_add(&a, "--variant=%s", cut);
	arguments_add(&a, "--boots=%u", boots);
	if (o->accel)
		arguments_add(&a, "--accel=%s", o->accel);
	if (o->trace)
		arguments_add(&a, "--trace=%s", o->trace);
	status = tree_run(&a, dir, o->verbose ? "-v" : NULL);
	arguments_release(&a);
	free(base);
	free(cut);
	return status;
}

/* Whether no boot of the commit is ok: more of them would not be. */
static bool never_boots(const char *dir, const char *commit)
{
	char *cut = cut_of(commit), err[1024];
	struct table table;
	bool never = false;

	if (!table_load(&table, dir, err, sizeof(err))) {
		never = !table_count(&table, NULL, cut, BOOT_OK);
		table_release(&table);
	}
	free(cut);
	return never;
}

/* Boot the two, and compare them: the status of balloonstat gate; @never: the commit does not boot.
 */
static int compare_two(const struct bisect_options *o, const char *good, const char *commit,
		       unsigned int boots, bool *never)
{
	char *dir = xasprintf("%s/%.*s-%u", o->output, ID_SHOWN, commit, boots);
	char *regress = xasprintf("--max-regress=%s", o->regress);
	int status = run_two(o, good, commit, boots, dir);

	/* Of boots that failed, the others may be enough. */
	if (!status || (status == EXIT_ENVIRONMENT && tree_begun(dir)))
		status = stat_run("gate", dir, regress, NULL);
	*never = status == EXIT_INCONCLUSIVE && never_boots(dir, commit);
	free(regress);
	free(dir);
	return status;
}

/* Boot the two kernels, and more often where that leaves it open. */
static enum step judge(const struct bisect_options *o, const char *good, const char *commit)
{
	unsigned int boots = o->boots;
	bool never;
	int status;

	for (;; boots = boots * 2 < o->max_boots ? boots * 2 : o->max_boots) {
		status = compare_two(o, good, commit, boots, &never);
		if (status != EXIT_INCONCLUSIVE || never || boots >= o->max_boots)
			break;
		log_info("%.*s: inconclusive with %u boots; again with more", ID_SHOWN, commit,
			 boots);
	}
	if (status == EXIT_INCONCLUSIVE)
		log_warn("%.*s: %s; the commit is skipped", ID_SHOWN, commit,
			 never ? "it does not boot, see above"
			       : "still inconclusive; a higher --max-boots may decide it");
	switch (status) {
	case EXIT_FINE:
		return STEP_GOOD;
	case EXIT_REGRESSION:
		return STEP_BAD;
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
		return judge(o, good, commit);
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
static int open_git(const struct bisect_options *o, const char *git_dir, const char *bad)
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

static int git_start(const char *git_dir, const char *good, const char *bad)
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
static void hold_lifeline(void)
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
static int git_run_steps(const struct bisect_options *o, const char *git_dir, const char *good)
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
	if (o->accel)
		arguments_add(&a, "--accel=%s", o->accel);
	if (o->trace)
		arguments_add(&a, "--trace=%s", o->trace);
	for (i = 0; i < o->config.count; i++)
		arguments_add(&a, "--config=%s", o->config.list[i]);
	arguments_add(&a, "-o");
	arguments_add(&a, "%s", o->output);
	arguments_add(&a, "--step=" CHOSEN);
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
static int write_log(const struct bisect_options *o, const char *git_dir)
{
	char *path = xasprintf("%s/bisect.log", o->output);
	struct arguments a = { NULL, 0 };
	int status;

	add_git(&a, git_dir);
	arguments_add(&a, "log");
	status = program_run_here("git", &a, path);
	arguments_release(&a);
	if (!status)
		printf("\nlog:        %s\nto remove:  balloonbench build --remove '" CUT_PREFIX
		       "*'\n",
		       path);
	free(path);
	return status ? EXIT_ENVIRONMENT : 0;
}

/* The bad commit must be bad by the same measure, or every step would be good. */
static int check_bad(const struct bisect_options *o, const char *good, const char *bad)
{
	enum step step;

	log_info("first --bad %s, which has to be bad", o->bad);
	step = do_step(o, good, bad);
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
	int written = write_log(o, git_dir);

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
		status = open_git(o, git_dir, bad) ?: git_start(git_dir, good, bad);
	if (!status)
		status = finish(o, git_dir, git_run_steps(o, git_dir, good));
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

	if (strcmp(o->step, CHOSEN))
		return commit_of(o, "step", o->step);
	hold_lifeline();
	git_dir = xasprintf("%s/git", o->output);
	commit = git_line_of(git_dir, ARGS("rev-parse", CHOSEN), err, sizeof(err));
	if (!commit)
		log_error("%s", err);
	free(git_dir);
	return commit;
}

/* An exit status of 1 to 127 would be an answer. */
static int step(const struct bisect_options *o)
{
	char *good = commit_of(o, "good", o->good), *commit = good ? commit_of_step(o) : NULL;
	int status = commit ? (int)do_step(o, good, commit) : STEP_ABORT;

	free(good);
	free(commit);
	return status;
}

static int check(const struct bisect_options *o)
{
	const struct names scenarios = { { o->scenario }, 1 };
	struct claims claims = { 0 };
	char err[1024];
	int status = 0;

	if (!o->git || !o->good || (!o->bad && !o->step))
		status = fails(EXIT_USAGE, "--git DIR, --good REV and --bad REV are needed");
	else if (o->max_boots < o->boots)
		status = fails(EXIT_USAGE, "--max-boots is below --boots");
	else if (claims_add_regress(&claims, o->regress, err, sizeof(err)))
		status = fails(EXIT_USAGE, "--max-regress %s: %s", o->regress, err);
	claims_release(&claims);
	return status ?: check_scenarios(&scenarios) ?: check_images();
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
