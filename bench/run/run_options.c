/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/run/run_options.h"

#include <argp.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/run/host.h"
#include "bench/config/paths.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/units.h"

#define BOOTS_MAX 999
#define CYCLES_MAX 1000
#define UNTIL_METRIC "inflate.duration_ns"
#define MAX_BOOTS 30
#define STRING(number) STRING_OF(number)
#define STRING_OF(text) #text

enum {
	OPT_SCENARIO = 256,
	OPT_VARIANT,
	OPT_BOOTS,
	OPT_CYCLES,
	OPT_RATE,
	OPT_SEED,
	OPT_ACCEL,
	OPT_PIN,
	OPT_DRY_RUN,
	OPT_SUITE,
	OPT_TRACE,
	OPT_PERF,
	OPT_AA,
	OPT_UNTIL_CI,
	OPT_UNTIL_METRIC,
	OPT_MAX_BOOTS,
	OPT_RESUME, /* the last: --resume goes with none of those above */
};

static const struct argp_option option_table[] = {
	{ NULL, 0, NULL, 0, "What to run", 1 },
	{ "suite", OPT_SUITE, "NAME", 0,
	  "scenarios, variants and boots from suites.ini (default: default)", 1 },
	{ "scenario", OPT_SCENARIO, "NAME|FILE", 0,
	  "a scenario, in place of the suite's; may be repeated", 1 },
	{ "variant", OPT_VARIANT, "NAME", 0,
	  "a variant, in place of the suite's; may be repeated; the first is the base; NAME+LEVEL "
	  "is "
	  "the variant traced at that level",
	  1 },
	{ "boots", OPT_BOOTS, "N", 0, "boots of each variant in each scenario", 1 },
	{ "cycles", OPT_CYCLES, "N", 0, "inflate-deflate cycles per boot", 1 },
	{ "rate", OPT_RATE, "SIZE/s", 0,
	  "move the target no faster than this, as in 1GiB/s, in small steps (default: as the "
	  "scenario says)",
	  1 },
	{ "seed", OPT_SEED, "N", 0,
	  "of the order of boots (default: from the clock; it is recorded)", 1 },
	{ "aa", OPT_AA, NULL, 0,
	  "A/A: run the base once more as a variant BASE-again; what then differs is noise", 1 },
	{ "until-ci", OPT_UNTIL_CI, "PERCENT", 0,
	  "go on, block by block, until the 95 % interval of each ratio to the base is within +- "
	  "PERCENT of it (with one variant: that of its median)",
	  1 },
	{ "until-metric", OPT_UNTIL_METRIC, "NAME", 0,
	  "the metric of --until-ci, by its place in result.json (default: " UNTIL_METRIC ")", 1 },
	{ "max-boots", OPT_MAX_BOOTS, "N", 0,
	  "with --until-ci, end with N boots all the same (default: " STRING(MAX_BOOTS) ")", 1 },
	{ NULL, 0, NULL, 0, "How", 2 },
	{ "accel", OPT_ACCEL, "NAME", 0, "auto, kvm, tcg or icount (default: auto)", 2 },
	{ "trace", OPT_TRACE, "LEVEL", 0,
	  "off, phases (where the time of a move goes) or pages (and a histogram per operation on "
	  "a page) (default: phases)",
	  2 },
	{ "perf", OPT_PERF, NULL, 0,
	  "perf stat and a sampled profile of QEMU in every boot; what it costs is not measured",
	  2 },
	{ "pin", OPT_PIN, "CPUS", 0, "run QEMU on these host CPUs, as in 0,2-3", 2 },
	{ "dry-run", OPT_DRY_RUN, NULL, 0, "print the plan and QEMU's command lines, run nothing",
	  2 },
	{ NULL, 0, NULL, 0, "Output", 3 },
	{ NULL, 'o', "DIR", 0,
	  "result tree (default: results/<UTC time>-<suite>); must not exist or be empty", 3 },
	{ "resume", OPT_RESUME, "DIR", 0,
	  "go on with a run that was stopped, as it was begun: only what is missing is run", 3 },
	{ "quiet", 'q', NULL, 0, "errors only", 3 },
	{ "verbose", 'v', NULL, 0, "more", 3 },
	{ 0 },
};

static const char doc[] =
	"Boot a VM for every scenario, variant and repetition, in an order drawn from the seed, "
	"inflate and deflate its balloon, and write a result tree."
	"\v"
	"EXAMPLES\n"
	"  balloonbench run\n"
	"      the default suite\n"
	"  balloonbench run --scenario smoke --variant pfn-array --variant finalize --boots 2 -o "
	"/tmp/x\n"
	"      two variants in the smallest scenario\n"
	"  balloonbench run --scenario ./mine.ini --boots 10 --accel kvm --pin 2-3\n"
	"      a scenario of your own, under KVM, on two CPUs\n"
	"  balloonbench run --scenario idle --accel icount\n"
	"      count guest instructions in place of time\n"
	"  balloonbench run --scenario victim --variant finalize --rate 256MiB/s\n"
	"      a balloon that is moved slowly, and what the work beside it feels\n"
	"  balloonbench run --scenario idle --variant list+off --variant list --variant "
	"list+pages\n"
	"      what tracing costs\n"
	"  balloonbench run --scenario idle --variant finalize --aa --boots 10\n"
	"      how far two runs of the same thing are apart on this machine\n"
	"  balloonbench run --resume results/20261121T033000Z-default\n"
	"      go on with a run after Ctrl-C, a crash or a power cut\n"
	"  balloonbench run --scenario idle --variant list --variant finalize --until-ci 2% "
	"--max-boots 40\n"
	"      as many boots as it takes to know the ratio to +- 2 %, but no more than 40 a "
	"side\n\n"
	"--until-ci has a price: runs that are narrow by chance end sooner. Where it ends most "
	"runs, intervals of 95 % hold the truth in 93 %, and 6.5 % of tests at 5 % find something "
	"in nothing (simulated; bench/run/until_ci.h).\n\n"
	"Exit status: 0 fine, 2 usage, 3 a boot failed or the machine did, 4 not supported here, "
	"130 interrupted. Finished boots are kept in every case.\n";

/* What the command line replaces of the suite's. */
struct parse {
	struct run_options *options;
	const char *suite;
	char **scenarios;
	size_t scenario_count;
	char **variants;
	size_t variant_count;
	uint64_t boots;
	bool others; /* options that --resume does not go with */
};

static void append(char ***list, size_t *count, const char *name)
{
	char **longer = reallocarray(*list, *count + 1, sizeof(*longer));

	if (!longer)
		abort();
	longer[*count] = strdup(name);
	*list = longer;
	(*count)++;
}

static uint64_t parse_number(struct argp_state *state, const char *name, const char *text,
			     uint64_t min, uint64_t max)
{
	uint64_t value = 0;

	if (parse_count(text, min, max, &value))
		argp_error(state, "--%s %s: a whole number from %llu to %llu is wanted", name, text,
			   (unsigned long long)min, (unsigned long long)max);
	return value;
}

static double parse_half_width(struct argp_state *state, const char *text)
{
	double fraction = 0;

	if (parse_percent(text, &fraction))
		argp_error(state,
			   "--until-ci %s: more than 0 and at most 100 %% is wanted, as in 2%%",
			   text);
	return fraction;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	struct run_options *o = p->options;

	p->others |= key == 'o' || (key >= OPT_SCENARIO && key < OPT_RESUME);
	switch (key) {
	case OPT_SUITE:
		p->suite = arg;
		break;
	case OPT_SCENARIO:
		append(&p->scenarios, &p->scenario_count, arg);
		break;
	case OPT_VARIANT:
		append(&p->variants, &p->variant_count, arg);
		break;
	case OPT_BOOTS:
		p->boots = parse_number(state, "boots", arg, 1, BOOTS_MAX);
		break;
	case OPT_AA:
		o->aa = true;
		break;
	case OPT_UNTIL_CI:
		o->until.half_width = parse_half_width(state, arg);
		break;
	case OPT_UNTIL_METRIC:
		o->until.metric = arg;
		break;
	case OPT_MAX_BOOTS:
		o->until.max_boots = parse_number(state, "max-boots", arg, 2, BOOTS_MAX);
		break;
	case OPT_CYCLES:
		o->cycles = parse_number(state, "cycles", arg, 1, CYCLES_MAX);
		break;
	case OPT_RATE:
		if (parse_rate(arg, &o->rate_bytes_per_s))
			argp_error(state, "--rate %s: a size a second is wanted, as in 1GiB/s",
				   arg);
		break;
	case OPT_SEED:
		o->seed = parse_number(state, "seed", arg, 0, INT64_MAX);
		break;
	case OPT_ACCEL:
		o->accel = arg;
		break;
	case OPT_TRACE:
		if (!trace_level_parse(arg, &o->trace))
			argp_error(state, "--trace %s: off, phases or pages is wanted", arg);
		break;
	case OPT_PERF:
		o->perf = true;
		break;
	case OPT_PIN:
		if (host_parse_cpus(arg, &o->pin))
			argp_error(state, "--pin %s: CPUs of this process are wanted, as in 0,2-3",
				   arg);
		o->pinned = true;
		break;
	case OPT_RESUME:
		o->resume.dir = arg;
		break;
	case OPT_DRY_RUN:
		o->dry_run = true;
		break;
	case 'o':
		o->output = arg;
		break;
	case 'q':
		o->quiet = true;
		break;
	case 'v':
		o->verbose = true;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not an option; scenarios are given with --scenario",
			   arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* A repeated name would be boots of the same thing under one directory. */
static int check_distinct(const char *option, char *const *names, size_t count)
{
	size_t i, j;

	for (i = 0; i < count; i++) {
		for (j = 0; j < i; j++) {
			if (strcmp(names[i], names[j]))
				continue;
			log_error("--%s %s is given twice; more boots are asked for with --boots",
				  option, names[i]);
			return EXIT_USAGE;
		}
	}
	return 0;
}

/* The goal of --until-ci, once it is known how many boots there are at least. */
static int check_until(struct until_ci_goal *until, const struct suite *suite)
{
	if (!until->half_width && (until->metric || until->max_boots)) {
		log_error("--until-metric and --max-boots go with --until-ci; for a number of "
			  "boots that is known there is --boots");
		return EXIT_USAGE;
	}
	if (!until->metric)
		until->metric = UNTIL_METRIC;
	if (!until->max_boots)
		until->max_boots = MAX_BOOTS;
	if (!until->half_width || until->max_boots >= suite_most_boots(suite))
		return 0;
	log_error("--max-boots %u: there are %u to begin with; take more, or less with --boots",
		  until->max_boots, suite_most_boots(suite));
	return EXIT_USAGE;
}

static int add_twin(struct suite *suite)
{
	bool runs = false;
	size_t i;

	for (i = 0; i < suite->scenario_count; i++)
		runs |= suite_runs(suite, suite->scenarios[i], 0, 1);
	if (!runs) {
		log_error("--aa: the base %s runs in none of the scenarios; name another with "
			  "--variant",
			  suite->variants[0]);
		return EXIT_USAGE;
	}
	return suite_add_twin(suite) ? EXIT_ENVIRONMENT : 0;
}

static void free_list(char **list, size_t count)
{
	size_t i;

	for (i = 0; list && i < count; i++)
		free(list[i]);
	free(list);
}

/* @by is taken over. */
static void replace(char ***list, size_t *count, char ***by, size_t by_count)
{
	if (!by_count)
		return;
	free_list(*list, *count);
	*list = *by;
	*count = by_count;
	*by = NULL;
}

/* A run that is not as its suite says bears another name. */
static void rename_custom(struct suite *suite)
{
	free(suite->name);
	suite->name = strdup(suite->scenario_count == 1 && !strchr(suite->scenarios[0], '/')
				     ? suite->scenarios[0]
				     : "custom");
}

static struct parse parse(struct run_options *options, int argc, char **argv)
{
	static const struct argp argp = { option_table, parse_option, NULL, doc, NULL, NULL, NULL };
	struct parse p = { .options = options, .suite = "default" };

	memset(options, 0, sizeof(*options));
	options->accel = "auto";
	options->trace = TRACE_PHASES;
	options->seed = time(NULL);
	argp_parse(&argp, argc, argv, 0, NULL, &p);
	return p;
}

/*
 * The arguments of the run that is gone on with, in place of these. They are
 * borrowed from its env.json, which the options keep.
 */
static int parse_resumed(struct parse *p, struct run_options *options)
{
	struct run_options asked = *options;
	struct resume resume = { .dir = NULL };
	int argc, status;
	char **argv;

	if (p->others) {
		log_error("--resume goes on with what the run was asked for in the first place; "
			  "only -q and -v go with it");
		return EXIT_USAGE;
	}
	status = resume_load(&resume, asked.resume.dir);
	argv = status ? NULL : resume_arguments(&resume, &argc);
	if (argv) {
		*p = parse(options, argc, argv);
		options->quiet = asked.quiet;
		options->verbose = asked.verbose;
		options->seed = json_integer_value(json_object_get(resume.plan, "seed"));
		options->output = asked.resume.dir;
	}
	free(argv);
	options->resume = resume;
	return argv ? 0 : EXIT_USAGE;
}

/* What the options make of the suite. */
static int settle(struct run_options *options, struct parse *p)
{
	char err[1024];
	int status;

	status = check_distinct("scenario", p->scenarios, p->scenario_count);
	if (!status)
		status = check_distinct("variant", p->variants, p->variant_count);
	if (status)
		return status;
	if (suite_load(&options->suite, p->suite, path_suites(), err, sizeof(err))) {
		log_error("%s", err);
		return EXIT_USAGE;
	}
	replace(&options->suite.scenarios, &options->suite.scenario_count, &p->scenarios,
		p->scenario_count);
	replace(&options->suite.variants, &options->suite.variant_count, &p->variants,
		p->variant_count);
	if (p->variant_count) {
		/* They run in every scenario, whatever lists the suite has. */
		suite_drop_lists(&options->suite);
		options->suite.common_count = p->variant_count;
	}
	if (p->boots)
		suite_set_boots(&options->suite, p->boots);
	if (p->scenario_count || p->variant_count)
		rename_custom(&options->suite);
	if (options->aa)
		status = add_twin(&options->suite);
	if (!status)
		status = check_until(&options->until, &options->suite);
	return status;
}

int run_options_parse(struct run_options *options, int argc, char **argv)
{
	struct parse p = parse(options, argc, argv);
	int status = options->resume.dir ? parse_resumed(&p, options) : 0;

	if (!status)
		status = settle(options, &p);
	free_list(p.scenarios, p.scenario_count);
	free_list(p.variants, p.variant_count);
	return status;
}

void run_options_release(struct run_options *options)
{
	resume_release(&options->resume);
	suite_release(&options->suite);
}
