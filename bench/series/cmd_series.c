/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonbench series: what each commit of a range does, in one command. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/build/build.h"
#include "bench/config/kernel_args.h"
#include "bench/run/run.h"
#include "bench/series/check.h"
#include "bench/series/series.h"
#include "bench/series/tool.h"
#include "bench/vm/interrupt.h"
#include "lib/alloc.h"
#include "lib/command_text.h"

#define SCENARIO "idle"
#define BOOTS 6
#define BOOTS_MAX 999

struct series_options {
	char **operands;
	bool each, ends, debug;
	struct names config, scenarios;
	unsigned int boots, builds;
	const char *host, *accel, *trace, *kernel_args, *name, *output;
	bool quiet, verbose;
};

#define OPTIONS struct series_options

static const struct series_options defaults = { .boots = BOOTS };

static const struct option_row rows[] = {
	OPTION_TITLE("WHAT TO BUILD"),
	OPTION(OPERANDS, operands, NULL, 0, "DIR BASE..TIP", "a git repository, and a range in it"),
	OPTION(FLAG, each, "each", 0, NULL, "every commit of the range (the default)"),
	OPTION(FLAG, ends, "ends", 0, NULL, "only the base and the tip"),
	OPTION(NAMES, config, "config", 0, "FRAGMENT",
	       "kernel configuration that overrides ours: a file, or distro", .hint = HINT_FILE),
	OPTION(FLAG, debug, "debug", 0, NULL, "kernels that check themselves"),
	OPTION(COUNT, builds, "builds", 0, "K",
	       "builds of each commit, which differ in layout only; boots are at least that many "
	       "(default: one)",
	       .min = 1, .max = BUILDS_MAX),
	OPTION(STRING, name, "name", 0, "PREFIX", "first part of the names of the cuts"),
	OPTION_TITLE("WHAT TO RUN"),
	OPTION(NAMES, scenarios, "scenario", 0, "NAME|FILE",
	       "scenario to run (default: " SCENARIO ")", .hint = HINT_SCENARIO),
	OPTION(COUNT, boots, "boots", 0, "N", "boots of each commit in each scenario", .min = 2,
	       .max = BOOTS_MAX),
	OPTION(STRING, host, "host", 0, "KERNEL",
	       "run in a guest that is the host: it boots this kernel, and has KVM"),
	OPTION(STRING, accel, "accel", 0, NULL, "accelerator of QEMU", .choices = accel_choices),
	OPTION(PARSED, trace, "trace", 0, "off|phases|pages[=N]",
	       "level of tracing, as of run (default: phases)", .parse = trace_setting_check,
	       .choices = trace_levels),
	OPTION(STRING, kernel_args, "kernel-args", 0, "TEXT",
	       "more words for the guest's kernel command line"),
	OPTION_TITLE("OUTPUT"),
	OPTION(STRING, output, NULL, 'o', "DIR",
	       "result tree (default: results/<UTC time>-series); one that was begun is resumed",
	       .hint = HINT_DIRECTORY),
	OPTION(FLAG, quiet, "quiet", 'q', NULL, "print errors and the table only"),
	OPTION(FLAG, verbose, "verbose", 'v', NULL, "print details"),
	{ 0 },
};

static int check_usage(const struct series_options *o)
{
	const char *wrong = NULL;
	char err[256];

	if (!o->operands[1] || o->operands[2])
		wrong = "expected DIR and BASE..TIP, as in ~/linux v7.0..my-series";
	else if (o->each && o->ends)
		wrong = "--each and --ends exclude each other";
	else if (o->builds > o->boots)
		wrong = "--builds: each build is booted; raise --boots to a multiple of it";
	else if (o->name && cut_check_prefix(o->name, err, sizeof(err)))
		wrong = err;
	else if (o->kernel_args && kernel_args_check(o->kernel_args, err, sizeof(err)))
		wrong = err;
	return wrong ? fails(EXIT_USAGE, "%s", wrong) : 0;
}

/* The build that a line makes, as a command. */
static char *build_command_of(const struct build_options *o)
{
	char *text = NULL;
	size_t size, i;
	FILE *f = xmemstream(&text, &size);

	fputs("balloonbench build --git", f);
	command_text_add(f, o->git);
	fputs(" --range", f);
	command_text_add(f, o->range);
	if (o->ends)
		fputs(" --ends", f);
	for (i = 0; i < o->config.count; i++) {
		fputs(" --config", f);
		command_text_add(f, o->config.list[i]);
	}
	if (o->debug)
		fputs(" --debug", f);
	if (o->builds)
		fprintf(f, " --builds %u", o->builds);
	if (o->name) {
		fputs(" --name", f);
		command_text_add(f, o->name);
	}
	fclose(f);
	return text;
}

/* Build the kernels. @build has the names of the cuts then. */
static int build_kernels(const struct series_options *o, struct build *build)
{
	const struct build_options options = {
		.git = o->operands[0],
		.range = o->operands[1],
		.ends = o->ends,
		.config = o->config,
		.debug = o->debug,
		.builds = o->builds,
		.name = o->name,
		.quiet = o->quiet,
		.verbose = o->verbose,
	};
	int status;

	build->options = &options;
	build->builds = o->builds;
	build->in_series = true;
	build->built_from = build_command_of(&options);
	status = build_source_run(&range_source, build);
	build->options = NULL;
	return status;
}

static int run_boots(const struct series_options *o, const struct build *build, const char *dir)
{
	struct arguments a = { NULL, 0 };
	size_t i;
	int status;

	for (i = 0; i < o->scenarios.count; i++)
		arguments_add(&a, "--scenario=%s", o->scenarios.list[i]);
	for (i = 0; i < build->cuts.count; i++)
		arguments_add(&a, "--variant=%s", build->cuts.items[i].name);
	arguments_add(&a, "--boots=%u", o->boots);
	if (o->builds)
		arguments_add(&a, "--builds=%u", o->builds);
	if (o->host)
		arguments_add(&a, "--host=%s", o->host);
	if (o->accel)
		arguments_add(&a, "--accel=%s", o->accel);
	if (o->trace)
		arguments_add(&a, "--trace=%s", o->trace);
	if (o->kernel_args)
		arguments_add(&a, "--kernel-args=%s", o->kernel_args);
	status = tree_run(&a, dir, o->quiet ? "-q" : o->verbose ? "-v" : NULL);
	arguments_release(&a);
	return status;
}

/* The report and the cover letter, then the table on standard output. */
static int write_down(const char *dir)
{
	char *letter = xasprintf("%s/cover-letter.txt", dir);
	int status = stat_run("report", dir, NULL, "/dev/null");

	/* Without gnuplot there is a report, without plots. */
	if (!status || status == EXIT_UNSUPPORTED)
		status = stat_run("cover-letter", dir, NULL, letter);
	if (!status)
		status = stat_run("compare", dir, NULL, NULL);
	if (!status)
		printf("\nreport:        %s/REPORT.md, report.html\ncover letter:  %s\n", dir,
		       letter);
	free(letter);
	return status;
}

/* Boots that failed do not take the others with them. */
static int run_and_write(const struct series_options *o, const struct build *build, const char *dir)
{
	int status = run_boots(o, build, dir), written;

	if (status && !(status == EXIT_ENVIRONMENT && tree_begun(dir)))
		return status;
	written = write_down(dir);
	if (status)
		log_warn("boots failed, see above: the report is of the others");
	return status ?: written;
}

/* What can be refused is refused before the kernels are built. */
static int check(const struct series_options *o, const char *dir)
{
	bool begun;

	return check_scenarios(&o->scenarios) ?: check_output(dir, TREE_SIGN, &begun) ?:
	       check_images();
}

static int run(struct command_line *line)
{
	struct series_options *o = line->options;
	struct build build = { .options = NULL };
	char stamp[32], *dir = NULL;
	int status = check_usage(o);

	if (status)
		return status;
	log_setup(line->argv[0], o->quiet ? LOG_ERROR : o->verbose ? LOG_DEBUG : LOG_INFO);
	if (interrupt_setup())
		return fails(EXIT_ENVIRONMENT, "cannot set up signals: %s", strerror(errno));
	if (!o->scenarios.count)
		o->scenarios.list[o->scenarios.count++] = SCENARIO;
	dir = o->output ? xstrdup(o->output)
			: xasprintf("results/%s-series", utc_now("%Y%m%dT%H%M%SZ", stamp));
	status = check(o, dir) ?: build_kernels(o, &build);
	if (!status)
		status = run_and_write(o, &build, dir);
	if (status == EXIT_INTERRUPTED)
		log_info("interrupted; to go on: the same command with -o %s", dir);
	build_release(&build);
	free(dir);
	return status;
}

const struct command series_command = {
	.name = "series",
	.purpose = "build, run and report a range of commits",
	.description =
		"Build the base and each commit of a range, boot each in a VM, and write a table, "
		"a "
		"report and a cover letter. The base is what all others are compared with.\n"
		"It is balloonbench build, balloonbench run, balloonstat report and balloonstat "
		"cover-letter in one, with defaults for a series of about five patches on two "
		"CPUs. "
		"After Ctrl-C, the same command with the same -o goes on where it stopped.",
	.examples = "  balloonbench series ~/linux v7.0..my-series\n"
		    "      every commit, in scenario " SCENARIO "\n"
		    "  balloonbench series ~/linux v7.0..my-series --ends --scenario touched \\\n"
		    "    --boots 10 -o /tmp/v2\n"
		    "      the base against the tip\n"
		    "  balloonbench series ~/linux v7.0..my-series --builds 5 --boots 10\n"
		    "      five layouts of each kernel, two boots each\n",
	.exits = "0 all boots ok\n"
		 "2 wrong usage\n"
		 "3 a kernel was not built, or a boot failed\n"
		 "4 not supported here\n"
		 "130 interrupted; the same command with the same -o goes on",
	.rows = rows,
	.defaults = &defaults,
	.size = sizeof(struct series_options),
	.run = run,
};
