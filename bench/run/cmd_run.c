/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonbench run: resolve the options, then run boot by boot. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/config/keys.h"
#include "bench/run/inside.h"
#include "bench/run/run.h"
#include "bench/vm/interrupt.h"
#include "bench/vm/qemu.h"
#include "lib/alloc.h"
#include "lib/units.h"
#include "lib/utf8.h"

#define UNTIL_METRIC "inflate.duration_ns"
#define MAX_BOOTS 30
#define GIVEN_TWICE "given twice; --boots sets the number of boots"

const char *const accel_choices[] = { "auto", "kvm", "tcg", "icount", NULL };

/* "0,2-3": CPUs that this process may use. */
static const char *parse_pin(const char *text, void *field)
{
	static const char wrong[] = "expected CPUs of this process, as in 0,2-3";
	cpu_set_t *cpus = field, allowed;
	long cpu, last;
	char *end;

	CPU_ZERO(cpus);
	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return wrong;
	do {
		if (!isdigit((unsigned char)*text))
			return wrong;
		cpu = last = strtol(text, &end, 10);
		if (*end == '-' && isdigit((unsigned char)end[1]))
			last = strtol(end + 1, &end, 10);
		if (last < cpu)
			return wrong;
		for (; cpu <= last; cpu++) {
			if (cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, &allowed))
				return wrong;
			CPU_SET(cpu, cpus);
		}
		text = end + 1;
	} while (*end == ',');
	return *end ? wrong : NULL;
}

static const struct run_options defaults = {
	.suite_name = "default",
	.accel = "auto",
	.trace = { TRACE_PHASES, TRACE_ONE_IN },
	.seed = SEED_OF_CLOCK,
};

#define OPTIONS struct run_options

static const struct option_row rows[] = {
	OPTION_TITLE("WHAT TO RUN"),
	OPTION(STRING, suite_name, "suite", 0, "NAME",
	       "scenarios, variants and boots of this suite"),
	OPTION(NAMES, scenarios, "scenario", 0, "NAME|FILE",
	       "scenario, in place of those of the suite", .hint = HINT_SCENARIO,
	       .distinct = GIVEN_TWICE),
	OPTION(NAMES, variants, "variant", 0, "SPEC",
	       "variant, in place of those of the suite, as NAME[,property=value]...[@QEMU]"
	       "[+LEVEL]; the first is the base",
	       .hint = HINT_VARIANT, .distinct = GIVEN_TWICE),
	OPTION(STRING, variants_file, "variants", 0, "FILE",
	       "variants of your own, in the form of variants.ini", .hint = HINT_FILE),
	OPTION(COUNT, boots, "boots", 0, "N", "boots of each variant in each scenario", .min = 1,
	       .max = BOOTS_MAX),
	OPTION(COUNT, builds, "builds", 0, "K",
	       "boot K builds of each cut in turn, which differ in layout only: boots are at least "
	       "that many (default: as the suite says; 1 with --scenario, --variant or --boots)",
	       .min = 1, .max = BUILDS_MAX),
	OPTION(COUNT, cycles, "cycles", 0, "N", "inflate-deflate cycles per boot", .min = 1,
	       .max = CYCLES_MAX),
	OPTION(RATE, rate_bytes_per_s, "rate", 0, "SIZE/s",
	       "resize in small steps, no faster than this, as in 1GiB/s (default: that of the "
	       "scenario)"),
	OPTION(COUNT, seed, "seed", 0, "N",
	       "seed of the order of boots (default: from the clock; it is recorded)", .min = 0,
	       .max = INT64_MAX),
	OPTION(FLAG, aa, "aa", 0, NULL,
	       "A/A control: run the base once more as variant BASE-again, to measure the noise"),
	OPTION(PERCENT, until.half_width, "until-ci", 0, "PERCENT",
	       "add blocks of boots until the 95 % interval of each ratio to the base is within +- "
	       "PERCENT of it (with one variant: that of its median)"),
	OPTION(STRING, until.metric, "until-metric", 0, "NAME",
	       "metric of --until-ci (default: " UNTIL_METRIC ")", .hint = HINT_METRIC),
	OPTION(COUNT, until.max_boots, "max-boots", 0, "N",
	       "with --until-ci, stop at N boots (default: " STRING(MAX_BOOTS) ")",
	       .min = UNTIL_BOOTS_MIN, .max = BOOTS_MAX),
	OPTION(PARSED, shard, "shard", 0, "K/N",
	       "run part K of N of the plan, in whole blocks; the others run on other hosts with "
	       "the "
	       "same options and --seed, and `balloonstat merge` joins them",
	       .parse = shard_parse),
	OPTION_TITLE("HOW TO RUN IT"),
	OPTION(STRING, kernel_args, "kernel-args", 0, "TEXT",
	       "arguments for the guests' kernels, after those of scenario and variant"),
	OPTION(STRING, host, "host", 0, "KERNEL",
	       "run in a guest that is the host: it boots this kernel, and has KVM"),
	OPTION(STRING, accel, "accel", 0, NULL, "accelerator of QEMU", .choices = accel_choices),
	OPTION(PARSED, trace, "trace", 0, "off|phases|pages[=N]",
	       "phases: a record per batch (the default); pages: also a histogram per page "
	       "operation, of one page in N (" STRING(TRACE_ONE_IN) "; 1: all; 1/N is the same)",
	       .parse = trace_setting_parse, .choices = trace_levels),
	OPTION(FLAG, perf, "perf", 0, NULL,
	       "perf stat and a sampled profile of QEMU in every boot; their cost is not measured"),
	OPTION(PARSED, pin, "pin", 0, "CPUS", "run QEMU on these host CPUs, as in 0,2-3",
	       .parse = parse_pin),
	OPTION(FLAG, dry_run, "dry-run", 0, NULL,
	       "print the plan and QEMU's command lines, run nothing"),
	OPTION_TITLE("OUTPUT"),
	OPTION(STRING, output, NULL, 'o', "DIR",
	       "result tree, new or empty (default: results/<UTC time>-<suite>)",
	       .hint = HINT_DIRECTORY),
	OPTION(STRING, resume.dir, "resume", 0, "DIR",
	       "resume an interrupted run with the options it was begun with: run what is missing",
	       .hint = HINT_DIRECTORY),
	OPTION(FLAG, quiet, "quiet", 'q', NULL, "print errors only"),
	OPTION(FLAG, verbose, "verbose", 'v', NULL, "print details"),
	{ 0 },
};

/* With fewer boots the intervals that end a run do not hold. */
static void raise_boots(struct suite *suite)
{
	struct suite_own *own, *end = suite->own + suite->own_count;
	bool raised = suite->boots < UNTIL_BOOTS_MIN;

	for (own = suite->own; own < end; own++) {
		/* 0: those of the suite */
		if (!own->boots || own->boots >= UNTIL_BOOTS_MIN)
			continue;
		own->boots = UNTIL_BOOTS_MIN;
		raised |= find_named(suite->scenarios, suite->scenario_count,
				     sizeof(*suite->scenarios), own->scenario) != NULL;
	}
	suite->boots = suite->boots < UNTIL_BOOTS_MIN ? UNTIL_BOOTS_MIN : suite->boots;
	if (raised)
		log_info("--until-ci begins with %d boots where the suite has fewer",
			 UNTIL_BOOTS_MIN);
}

/* Check the goal of --until-ci against the boots of the suite. */
static int check_until(struct run_options *options)
{
	struct until_ci_goal *until = &options->until;
	struct suite *suite = &options->suite;

	if (!until->half_width && (until->metric || until->max_boots))
		return fails(EXIT_USAGE,
			     "--until-metric and --max-boots need --until-ci; --boots sets a fixed "
			     "number of boots");
	if (!until->metric)
		until->metric = UNTIL_METRIC;
	if (!until->max_boots)
		until->max_boots = MAX_BOOTS;
	if (!until->half_width)
		return 0;
	if (options->boots && options->boots < UNTIL_BOOTS_MIN)
		return fails(EXIT_USAGE,
			     "--boots %u: --until-ci begins with %d boots or more, because the "
			     "intervals of fewer do not hold; raise --boots, or leave it out",
			     options->boots, UNTIL_BOOTS_MIN);
	raise_boots(suite);
	if (until->max_boots >= suite_most_boots(suite))
		return 0;
	return fails(EXIT_USAGE,
		     "--max-boots %u: the suite begins with %u boots; raise it, or lower --boots",
		     until->max_boots, suite_most_boots(suite));
}

static int add_control(struct suite *suite)
{
	size_t i;

	for (i = 0; i < suite->scenario_count; i++)
		if (suite_runs(suite, suite->scenarios[i], 0, 1)) {
			suite_add_control(suite);
			return 0;
		}
	return fails(EXIT_USAGE,
		     "--aa: the base %s runs in none of the scenarios; name another with "
		     "--variant",
		     suite->variants[0]);
}

/* Replace names of the suite by those of the command line. */
static void replace(char ***list, size_t *count, const struct names *by)
{
	if (!by->count)
		return;
	while (*count)
		free((*list)[--*count]);
	*list = xreallocarray(*list, by->count, sizeof(**list));
	for (; *count < by->count; ++*count)
		(*list)[*count] = xstrdup(by->list[*count]);
}

/* The suite as the command line changes it. */
static int change_suite(struct run_options *options)
{
	struct suite *suite = &options->suite;
	const char *only;
	char err[512];

	replace(&suite->scenarios, &suite->scenario_count, &options->scenarios);
	replace(&suite->variants, &suite->variant_count, &options->variants);
	if (options->variants.count) {
		/* They run in every scenario. */
		suite_drop_lists(suite);
		suite->common_count = options->variants.count;
	}
	if (options->boots)
		suite_set_boots(suite, options->boots);
	/* The suite's builds go with its boots and cuts. */
	if (options->builds || options->boots || options->scenarios.count ||
	    options->variants.count)
		suite_set_builds(suite, options->builds ?: 1);
	if (suite_check_builds(suite, err, sizeof(err)))
		return fails(EXIT_USAGE, "%s", err);
	if (options->scenarios.count || options->variants.count) {
		only = suite->scenario_count == 1 ? suite->scenarios[0] : "/";
		record_set_text(&suite->name, strchr(only, '/') ? "custom" : only);
	}
	return options->aa ? add_control(suite) : 0;
}

/* Use the options that the run was begun with; its env.json owns them. */
static int parse_resumed(struct run_options *options, const struct command_line *line)
{
	static const char *const allowed[] = { "resume", "quiet", "verbose", NULL };
	const struct option_row *other = options_beside(line, allowed);
	struct command_line begun = { .command = line->command, .options = options };
	struct run_options asked = *options;
	struct resume resume = { .dir = NULL };
	int status;

	if (other)
		return fails(EXIT_USAGE,
			     "--resume: only -q and -v go with it, not %s%s; the run keeps the "
			     "options it was begun with",
			     other->name ? "--" : "-", other->name ? other->name : "o");
	status = resume_load(&resume, asked.resume.dir);
	begun.argv = resume.argv;
	begun.argc = resume.argc;
	if (!status)
		status = options_parse(&begun);
	if (!status) {
		options->quiet = asked.quiet;
		options->verbose = asked.verbose;
		options->seed = json_integer_value(json_object_get(resume.plan, "seed"));
		options->output = asked.resume.dir;
	}
	options->resume = resume;
	return status;
}

/* env.json has the arguments, for people and for --resume. */
static int check_arguments(const struct command_line *line)
{
	int i;

	for (i = 0; i < line->argc; i++)
		if (!utf8_is_valid(line->argv[i]))
			return fails(
				EXIT_USAGE,
				"%s: not UTF-8; env.json stores all arguments, and JSON is UTF-8: "
				"choose another name",
				line->argv[i]);
	return 0;
}

/* Load what the parsed options name: the suite, or the run to resume. 0 or an exit status. */
static int settle(struct run_options *options, const struct command_line *line)
{
	char err[1024];
	int status = check_arguments(line);

	*options = *(const struct run_options *)line->options;
	if (!status && options->resume.dir)
		status = parse_resumed(options, line);
	if (status)
		return status;
	log_setup(line->argv[0], options->quiet || inside_box() ? LOG_ERROR
				 : options->verbose		? LOG_DEBUG
								: LOG_INFO);
	status = inside_box() ? 0 : shard_check(options);
	if (status)
		return status;
	if (inside_box())
		options->seed = inside_box()->seed;
	else if (options->seed == SEED_OF_CLOCK)
		options->seed = time(NULL);
	if (suite_load(&options->suite, options->suite_name, path_suites(), err, sizeof(err)))
		return fails(EXIT_USAGE, "%s", err);
	return change_suite(options) ?: check_until(options);
}

static void show_plan(const struct session *s)
{
	const struct until_ci_goal *goal = &s->options.until;
	struct qemu_config config;
	char **argv, **arg;
	struct boot boot;
	size_t i;

	printf("seed %llu, %zu boots\n", (unsigned long long)s->plan.seed, s->plan.count);
	if (goal->half_width)
		printf("then block by block until the interval of %s is within +- %g %%, at most "
		       "%u boots per variant\n",
		       goal->metric, 100 * goal->half_width, goal->max_boots);
	for (i = 0; i < s->plan.count; i++) {
		boot = session_boot(s, &s->plan.entries[i]);
		boot.directory = ".";
		config = boot_qemu_config(&boot);
		printf("\n[%zu/%zu] %s\n ", i + 1, s->plan.count, boot_name(&boot));
		argv = qemu_argv(&config);
		for (arg = argv; *arg; arg++)
			printf(" %s", *arg);
		putchar('\n');
		qemu_argv_free(argv);
	}
}

static int run(struct command_line *line)
{
	struct session s = { .line = line, .results = RESULTS_NONE };
	int status = settle(&s.options, line);

	if (status)
		goto out;
	status = interrupt_setup() ? EXIT_ENVIRONMENT : session_resolve(&s);
	if (!status && inside_box())
		status = inside_serve(&s);
	else if (!status && s.options.dry_run)
		show_plan(&s);
	else if (!status)
		status = run_plan_open(&s) ?: run_plan(&s);
out:
	if (inside_box())
		inside_end(status);
	session_release(&s);
	return status;
}

const struct command run_command = {
	.name = "run",
	.purpose = "boot VMs, inflate and deflate, write a result tree",
	.description =
		"Boot a VM for every scenario, variant and repetition, in an order drawn from "
		"the seed, inflate and deflate its balloon, and write a result tree.\n"
		"A variant is NAME[,property=value]...[@QEMU][+LEVEL]: NAME is a section of "
		"variants.ini, or a cut that `balloonbench list` shows; the properties are those "
		"of the balloon device; LEVEL is that of tracing.\n"
		"--until-ci begins with 6 boots or more, and looks at the interval of one median "
		"from 16 boots on. It has a price: runs that are narrow by chance end sooner. With "
		"two variants, where it ends most runs, 95 % intervals cover the truth in 94 % of "
		"runs, and tests at 5 % have 6 % false positives; the interval of one variant "
		"alone covers it in 93 % (simulated; see bench/run/until_ci.h).\n"
		"--shard divides the plan among hosts; every comparison stays within one. Each "
		"host "
		"needs the same kernels and QEMU (see docs/fleet.md).\n"
		"Finished boots are kept, whatever the exit status.",
	.examples =
		"  balloonbench run\n"
		"      the default suite\n"
		"  balloonbench run --scenario smoke --variant pfn-array --variant finalize \\\n"
		"    --boots 2 -o /tmp/x\n"
		"      two variants in the smallest scenario\n"
		"  balloonbench run --scenario idle --variant list --variant finalize \\\n"
		"    --boots 10 --builds 5\n"
		"      each kernel in the five layouts of balloonbench build --builds 5\n"
		"  balloonbench run --scenario ./mine.ini --boots 10 --accel kvm --pin 2-3\n"
		"      your own scenario, under KVM, on two CPUs\n"
		"  balloonbench run --scenario idle --accel icount\n"
		"      guest instructions in place of time\n"
		"  balloonbench run --scenario smoke --variant finalize --host debian-6.12\n"
		"      under KVM, in a host of its own, on any machine\n"
		"  balloonbench run --scenario smoke --variant finalize --host debian-6.12 \\\n"
		"    --accel icount\n"
		"      instructions of guest, QEMU and the host's kernel in place of time\n"
		"  balloonbench run --scenario victim --variant finalize --rate 256MiB/s\n"
		"      slow resizes, and their impact on co-located workloads\n"
		"  balloonbench run --scenario idle --variant list+off --variant list \\\n"
		"    --variant list+pages\n"
		"      the cost of tracing\n"
		"  balloonbench run --scenario idle --variant 00-base \\\n"
		"    --variant 00-base@qemu-7.2 --variant 00-base,x-deflate-willneed=off\n"
		"      a kernel of `balloonbench build`, another QEMU, a property of the device\n"
		"  balloonbench run --scenario idle --variant finalize --aa --boots 10\n"
		"      the noise of this machine\n"
		"  balloonbench run --scenario idle --boots 12 --seed 1 --shard 2/4 -o shard-2\n"
		"      the second of four parts of a run\n"
		"  balloonbench run --resume results/20261121T033000Z-default\n"
		"      the rest of a run, after Ctrl-C, a crash or a power cut\n"
		"  balloonbench run --scenario idle --variant list --variant finalize \\\n"
		"    --until-ci 2% --max-boots 40\n"
		"      as many boots as the ratio to +- 2 % takes, but at most 40 a variant\n",
	.exits = "0 all boots ok\n"
		 "2 wrong usage\n"
		 "3 a boot failed, or the machine did, or the output was not written\n"
		 "4 not supported here\n"
		 "130 interrupted; --resume runs the rest",
	.rows = rows,
	.defaults = &defaults,
	.size = sizeof(struct run_options),
	.run = run,
};
