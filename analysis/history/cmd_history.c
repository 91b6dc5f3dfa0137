/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat history: a metric over several result trees, and where it changed.
 */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/arguments.h"
#include "analysis/commands.h"
#include "analysis/history/history.h"
#include "analysis/history/history_print.h"
#include "analysis/history/metric_list.h"
#include "analysis/history/plot_history.h"
#include "analysis/data/utf8.h"
#include "lib/atomic_file.h"
#include "lib/exit_status.h"
#include "lib/log.h"

enum {
	OPT_ABSOLUTE = 256,
	OPT_BY_DATE,
	OPT_MIXED_HOSTS,
	OPT_SMALLEST_EFFECT,
};

static const struct argp_option option_table[] = {
	{ "metric", 'm', "NAME", 0,
	  "may be repeated (default: inflate.duration_ns, deflate.duration_ns)", 0 },
	{ "scenario", 's', "NAME", 0, "only this one; may be repeated", 0 },
	{ "variant", 'v', "NAME", 0, "only this one; may be repeated", 0 },
	{ "against", 'a', "VARIANT", 0,
	  "ratios are to this one of the same tree (default: the first of the first tree's plan)",
	  0 },
	{ "absolute", OPT_ABSOLUTE, NULL, 0, "medians in place of ratios", 0 },
	{ "mixed-hosts", OPT_MIXED_HOSTS, NULL, 0,
	  "medians of different machines in one series all the same", 0 },
	{ "by-date", OPT_BY_DATE, NULL, 0,
	  "order the trees by when they were started (default: as they are named)", 0 },
	{ "smallest-effect", OPT_SMALLEST_EFFECT, "PERCENT", 0,
	  "a change below it is of no interest (default: 3%)", 0 },
	{ "output", 'o', "DIR", 0, "draw a plot of each scenario and metric in it", 0 },
	{ "json", 'j', NULL, 0, "machine-readable", 0 },
	{ 0 },
};

static const char doc[] =
	"Follow a metric over several result trees (versions of a series, nightly runs), and mark "
	"where it changed: by default the ratio to the base within each tree, with its 95 % "
	"bootstrap interval, and change points by a test that takes the tree for the unit."
	"\v"
	"DIR=LABEL names a tree in tables and plots. A tree without the variant or the scenario "
	"leaves a gap. Accelerators are never compared. What is found does not change the exit "
	"status: balloonstat gate is for that.\n\n"
	"EXAMPLES\n"
	"  balloonstat history results/v1 results/v2 results/v3 --variant chunks\n"
	"  balloonstat history nightly/* --by-date --metric ready_ns -o plots\n"
	"  balloonstat history a=v1 b=v2 c=v3 --against finalize --json\n"
	"  balloonstat history results/*/icount --absolute\n\n"
	"Exit status: 0 shown, 2 usage, 3 a tree cannot be read or a plot not written, 4 shown, "
	"but without plots, because there is no gnuplot, 5 there is no boot that is ok.\n";

/* A NULL-terminated list of names, as of the tree. */
struct names {
	const char *list[NAMES_MAX + 1];
	size_t count;
};

struct options {
	const char **dirs;
	size_t dir_count;
	struct names metrics;
	struct names scenarios;
	struct names variants;
	const char *against;
	const char *output;
	double smallest_effect;
	bool absolute;
	bool mixed_hosts;
	bool by_date;
	bool json;
};

static void add_dir(struct options *o, const char *arg)
{
	o->dirs = reallocarray(o->dirs, o->dir_count + 1, sizeof(*o->dirs));
	if (!o->dirs)
		abort();
	o->dirs[o->dir_count++] = arg;
}

static void add(struct argp_state *state, struct names *names, const char *name)
{
	add_name_once(state, names->list, &names->count, name);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'm':
		add(state, &o->metrics, arg);
		break;
	case 's':
		add(state, &o->scenarios, arg);
		break;
	case 'v':
		add(state, &o->variants, arg);
		break;
	case 'a':
		o->against = arg;
		break;
	case 'o':
		o->output = arg;
		break;
	case 'j':
		o->json = true;
		break;
	case OPT_ABSOLUTE:
		o->absolute = true;
		break;
	case OPT_MIXED_HOSTS:
		o->mixed_hosts = true;
		break;
	case OPT_BY_DATE:
		o->by_date = true;
		break;
	case OPT_SMALLEST_EFFECT:
		o->smallest_effect = parse_smallest_effect(arg, state);
		break;
	case ARGP_KEY_ARG:
		add_dir(o, arg);
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "result trees are wanted, as in results/v1 results/v2");
		break;
	case ARGP_KEY_END:
		if (o->absolute && o->against)
			argp_error(state, "--absolute shows medians: there is nothing for "
					  "--against");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* What is looked at, out of what there is. */
struct selection {
	char **scenarios; /* of all trees */
	char **variants;
	char **wanted; /* of the variants */
	struct metric metrics[NAMES_MAX];
	struct history_choice choice;
};

static int check_known(const struct names *names, const char *what, char *const *there)
{
	size_t i;

	for (i = 0; i < names->count; i++) {
		if (name_index(there, names->list[i]) >= 0)
			continue;
		log_unknown_name(what, names->list[i], there);
		return EXIT_USAGE;
	}
	return 0;
}

static bool compares_levels(const struct sessions *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (!tree_compares_levels(&s->list[i].tree))
			return false;
	return true;
}

static bool is_twin(const struct sessions *s, const char *variant)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (tree_twin_of(&s->list[i].tree, variant))
			return true;
	return false;
}

/*
 * Without names, all variants but those that must not make the p of others
 * larger: twins, which show noise, and those that are traced otherwise than the
 * run, unless the base is, or that is all there is.
 */
static void choose_variants(struct selection *sel, const struct options *o,
			    const struct sessions *s)
{
	bool traced = compares_levels(s) || (o->against && variant_is_traced(o->against));
	size_t i, n = 0;

	sel->wanted = calloc(names_count(sel->variants) + 1, sizeof(*sel->wanted));
	if (!sel->wanted)
		abort();
	for (i = 0; sel->variants[i]; i++) {
		char *name = sel->variants[i];
		bool named = name_index((char *const *)o->variants.list, name) >= 0;
		bool usual = !is_twin(s, name) && (traced || !variant_is_traced(name));

		if (named || (!o->variants.count && usual))
			sel->wanted[n++] = name;
	}
}

/* A boot that has the metric; or, of any metric, one that is ok. */
static const json_t *find_boot(const struct sessions *s, const struct metric *metric)
{
	const json_t *boot;
	double value;
	size_t i, k;

	for (i = 0; i < s->count; i++)
		json_array_foreach (s->list[i].tree.boots, k, boot)
			if (metric ? metric_of_boot(metric, boot, &value)
				   : tree_is_ok(boot, NULL, NULL))
				return boot;
	return NULL;
}

static int parse_metrics(struct selection *sel, const struct options *o, const struct sessions *s)
{
	const char *accel = tree_accel(&s->list[0].tree);
	const json_t *boot = find_boot(s, NULL);
	char there[1800];
	size_t i;

	if (!boot) {
		log_error("there is no boot that is ok in these trees");
		return EXIT_INCONCLUSIVE;
	}
	for (i = 0; i < o->metrics.count; i++) {
		const char *name = o->metrics.list[i];

		if (!metric_parse(&sel->metrics[i], name, accel) && find_boot(s, &sel->metrics[i]))
			continue;
		log_error("no boot of these trees has the metric '%s'; there are: %s",
			  printable(name), metric_list(boot, there, sizeof(there)));
		return EXIT_USAGE;
	}
	return 0;
}

/* Also fills in what the command line leaves open. */
static int select_all(struct selection *sel, struct options *o, const struct sessions *s)
{
	int status;

	sel->scenarios = sessions_scenarios(s);
	sel->variants = sessions_variants(s);
	if (!o->against && !o->absolute)
		o->against = s->list[0].tree.variants[0];
	if (!o->metrics.count) {
		o->metrics.list[o->metrics.count++] = "inflate.duration_ns";
		o->metrics.list[o->metrics.count++] = "deflate.duration_ns";
	}
	status = check_known(&o->scenarios, "scenario", sel->scenarios);
	if (!status)
		status = check_known(&o->variants, "variant", sel->variants);
	if (!status && o->against && name_index(sel->variants, o->against) < 0) {
		log_unknown_name("variant", o->against, sel->variants);
		status = EXIT_USAGE;
	}
	if (!status)
		status = parse_metrics(sel, o, s);
	choose_variants(sel, o, s);
	sel->choice = (struct history_choice){
		.scenarios = o->scenarios.count ? (char *const *)o->scenarios.list : sel->scenarios,
		.variants = sel->wanted,
		.metrics = sel->metrics,
		.metric_count = o->metrics.count,
		.against = o->against,
		.smallest_effect = o->smallest_effect,
	};
	return status;
}

static void release_selection(struct selection *sel)
{
	free(sel->scenarios);
	free(sel->variants);
	free(sel->wanted);
}

/* Times of different machines are no series; ratios are, with a warning. */
static int check_hosts(const struct options *o, const struct sessions *s)
{
	const struct session *one, *other;

	if (!o->absolute || o->mixed_hosts || !sessions_mix_hosts(s, &one, &other))
		return 0;
	log_error("%s and %s were run on different machines, whose times do not compare: leave "
		  "--absolute out for ratios within each tree, or say --mixed-hosts",
		  one->tree.dir, other->tree.dir);
	return EXIT_USAGE;
}

static int check_some(const struct history *h)
{
	if (h->count)
		return 0;
	if (h->against)
		log_error("no tree has another variant beside %s in these scenarios; name another "
			  "--against, or say --absolute",
			  printable(h->against));
	else
		log_error("no tree has one of these variants in these scenarios");
	return EXIT_USAGE;
}

static int draw(const struct history *h, const char *output)
{
	char err[512];
	int status;

	status = make_directories(output);
	if (status) {
		log_error("cannot create %s: %s", output, strerror(-status));
		return EXIT_ENVIRONMENT;
	}
	snprintf(err, sizeof(err), "cannot draw in %s", output);
	status = plot_history(h, output, err, sizeof(err));
	if (!status)
		return 0;
	log_error("%s", err);
	return status == -ENOENT ? EXIT_UNSUPPORTED : EXIT_ENVIRONMENT;
}

static int show(const struct options *o, const struct sessions *s,
		const struct history_choice *choice)
{
	struct history_warnings warnings;
	struct history history;
	int status;

	history_make(&history, s, choice);
	status = check_some(&history);
	if (status)
		goto out;
	history_warn(&warnings, &history);
	if (o->json)
		history_print_json(&history, &warnings);
	else
		history_print(&history, &warnings);
	history_warnings_release(&warnings);
	fflush(stdout);
	if (o->output)
		status = draw(&history, o->output);
out:
	history_release(&history);
	return status;
}

int cmd_history(int argc, char **argv)
{
	static const struct argp argp = { option_table, parse_option, "DIR[=LABEL]...", doc, NULL,
					  NULL,		NULL };
	struct options options = { .smallest_effect = SMALLEST_EFFECT };
	struct selection selection = { .wanted = NULL };
	struct sessions sessions;
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	status = open_trees(&sessions, options.dirs, options.dir_count);
	if (status)
		goto out;
	if (options.by_date)
		status = sessions_by_date(&sessions);
	if (!status)
		status = check_hosts(&options, &sessions);
	if (!status)
		status = select_all(&selection, &options, &sessions);
	if (!status)
		status = show(&options, &sessions, &selection.choice);
	release_selection(&selection);
	status = close_trees(&sessions, status);
out:
	free(options.dirs);
	return status;
}
