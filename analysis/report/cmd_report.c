/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat report: REPORT.md and its plots, and both as one page.
 */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/data/open_tree.h"
#include "analysis/arguments.h"
#include "analysis/gate/claim.h"
#include "analysis/commands.h"
#include "analysis/gate/gate.h"
#include "analysis/plots/gnuplot.h"
#include "analysis/html/html_page.h"
#include "analysis/plots/plot.h"
#include "analysis/report/plot_memory.h"
#include "analysis/report/plot_qos.h"
#include "analysis/plots/plot_trace.h"
#include "analysis/report/report_write.h"
#include "lib/atomic_file.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/result.h"

enum {
	OPT_PLOTS = 256,
	OPT_NO_PLOTS,
	OPT_SMALLEST_EFFECT,
	OPT_MIXED_HOSTS,
	OPT_NO_HTML,
	OPT_ONLY_MEASURED,
};

static const struct argp_option option_table[] = {
	{ "output", 'o', "DIR", 0, "where the report goes (default: the result tree)", 0 },
	{ "qos", 'q', "FILE", 0,
	  "show how the claims of this file fare, as gate judges them; may be repeated", 0 },
	{ "only-measured", OPT_ONLY_MEASURED, NULL, 0,
	  "name in one line the claims about scenarios and variants that this run does not have, "
	  "as gate does",
	  0 },
	{ "plots", OPT_PLOTS, "DIR", 0,
	  "where the plots go, below the output (default: plots in it)", 0 },
	{ "no-plots", OPT_NO_PLOTS, NULL, 0, "link the plots, but do not draw them", 0 },
	{ "smallest-effect", OPT_SMALLEST_EFFECT, "PERCENT", 0,
	  "an effect below it is of no interest (default: 3%)", 0 },
	{ "mixed-hosts", OPT_MIXED_HOSTS, NULL, 0,
	  "take DIR/icount and DIR/aa though they were run on another machine", 0 },
	{ "no-html", OPT_NO_HTML, NULL, 0, "write REPORT.md, but no report.html", 0 },
	{ 0 },
};

static const char doc[] =
	"Write REPORT.md, with tables and plots, of a result tree, and report.html, which is the "
	"same in one file for a browser. The same tree gives the same text."
	"\v"
	"EXAMPLES\n"
	"  balloonstat report results/20261121T033000Z-default\n"
	"  balloonstat report results/reference -o . --plots results/reference/plots\n"
	"  balloonstat report results/reference -o /tmp/report --no-html\n"
	"  balloonstat report results/reference --qos bench/qos/series.ini\n\n"
	"Exit status: 0 written, whatever the claims' verdicts; 2 usage, or a QoS file is wrong or "
	"fits nothing in the tree; 3 the tree cannot be read or the report not written, "
	"4 written, but without plots, because there is no gnuplot.\n";

struct options {
	const char *dir;
	const char *output;
	const char *plots;
	const char *claim_files[NAMES_MAX];
	size_t claim_file_count;
	bool no_plots;
	bool mixed_hosts;
	double smallest_effect;
	bool no_html;
	bool only_measured;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'o':
		o->output = arg;
		break;
	case 'q':
		add_name_once(state, o->claim_files, &o->claim_file_count, arg);
		break;
	case OPT_PLOTS:
		o->plots = arg;
		break;
	case OPT_NO_PLOTS:
		o->no_plots = true;
		break;
	case OPT_SMALLEST_EFFECT:
		o->smallest_effect = parse_smallest_effect(arg, state);
		break;
	case OPT_MIXED_HOSTS:
		o->mixed_hosts = true;
		break;
	case OPT_ONLY_MEASURED:
		o->only_measured = true;
		break;
	case OPT_NO_HTML:
		o->no_html = true;
		break;
	default:
		return parse_one_tree(key, arg, state, &o->dir);
	}
	return 0;
}

/* The plots as REPORT.md links them: they lie below it. */
static int relative_link(const char *plots, const char *output, char *link, size_t size)
{
	char p[PATH_MAX], o[PATH_MAX];
	size_t n;

	if (!realpath(plots, p) || !realpath(output, o))
		return -errno;
	n = strlen(o);
	if (strncmp(p, o, n) || p[n] != '/')
		return -EINVAL;
	snprintf(link, size, "%s", p + n + 1);
	return 0;
}

struct drawing {
	const struct report *report;
	const char *plots;
	char path[PATH_MAX];
	char err[512];
};

static const char *output_of(struct drawing *d, const char *scenario, const char *kind)
{
	char name[128];

	snprintf(d->path, sizeof(d->path), "%s/%s", d->plots,
		 plot_name(scenario, kind, name, sizeof(name)));
	snprintf(d->err, sizeof(d->err), "cannot draw in %s", d->plots);
	return d->path;
}

static int draw_scenario(struct drawing *d, const struct report_scenario *s)
{
	const struct report *r = d->report;
	int status;

	if (!tree_count(r->tree, s->name, NULL, RESULT_OK))
		return 0;
	status = plot_duration(r->tree, s->inflate, s->deflate, s->variant_count,
			       output_of(d, s->name, "duration"), d->err, sizeof(d->err));
	if (!status)
		status = plot_progress(r->tree, s->inflate, s->variant_count,
				       output_of(d, s->name, "progress"), d->err, sizeof(d->err));
	if (!status)
		status = plot_phases(r->tree, s->name, s->variants, output_of(d, s->name, "phases"),
				     d->err, sizeof(d->err));
	return status;
}

/* What every operation, and every call on the host, left a histogram of. */
static int draw_latencies(struct drawing *d, const char *scenario)
{
	const struct tree *tree = d->report->tree;
	int status;

	status = plot_latencies(tree, scenario, output_of(d, scenario, "latency"), d->err,
				sizeof(d->err));
	if (!status)
		status = plot_calls(tree, scenario, output_of(d, scenario, "madvise"), d->err,
				    sizeof(d->err));
	return status;
}

/* What the scenario's victims felt. */
static int draw_victims(struct drawing *d, const struct report_scenario *s)
{
	struct victim_figure *figures;
	size_t i, count = victim_figures(d->report->tree, s->name, &figures);
	char kind[96];
	int plot, status = 0;

	for (i = 0; i < count; i++)
		for (plot = 0; !status && plot < QOS_PLOTS; plot++)
			status = qos_plot_draw(
				plot, d->report, s, &figures[i],
				output_of(d, s->name,
					  qos_plot_kind(plot, &figures[i], kind, sizeof(kind))),
				d->err, sizeof(d->err));
	free(figures);
	return status;
}

/* What state memory was in. */
static int draw_memory(struct drawing *d, const struct report_scenario *s)
{
	int plot, status = 0;

	for (plot = 0; !status && plot < MEMORY_PLOTS; plot++)
		status = memory_plot_draw(plot, d->report, s,
					  output_of(d, s->name, memory_plot_kind(plot)), d->err,
					  sizeof(d->err));
	return status;
}

/* 0, or an exit status; a missing gnuplot is told once. */
static int draw_all(const struct report *report, const char *plots)
{
	struct drawing d = { .report = report, .plots = plots };
	int status = 0;
	size_t i;

	for (i = 0; !status && i < report->scenario_count; i++)
		status = draw_scenario(&d, &report->scenarios[i]);
	for (i = 0; !status && i < report->scenario_count; i++)
		status = draw_victims(&d, &report->scenarios[i]);
	for (i = 0; !status && i < report->scenario_count; i++)
		status = draw_memory(&d, &report->scenarios[i]);
	for (i = 0; !status && report->tree->scenarios[i]; i++)
		status = draw_latencies(&d, report->tree->scenarios[i]);
	if (!status)
		return 0;
	log_error("%s", d.err);
	return status == -ENOENT ? EXIT_UNSUPPORTED : EXIT_ENVIRONMENT;
}

struct text {
	char *data;
	size_t size;
};

static int write_output(const char *output, const char *name, const struct text *text)
{
	char path[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), "%s/%s", output, name);
	err = atomic_file_replace(path, text->data, text->size);
	if (err)
		log_error("cannot write %s: %s", path, strerror(-err));
	else
		log_info("%s is written", path);
	return err ? EXIT_ENVIRONMENT : 0;
}

static int write_page(const struct text *markdown, const char *plots, const char *output)
{
	struct text page = { NULL, 0 };
	char err[PATH_MAX + 256];
	FILE *f = open_memstream(&page.data, &page.size);
	int status;

	if (!f)
		return EXIT_ENVIRONMENT;
	status = html_page(f, markdown->data, markdown->size, plots, err, sizeof(err));
	fclose(f);
	if (status) {
		log_error("report.html: %s", err);
		status = EXIT_ENVIRONMENT;
	} else {
		status = write_output(output, "report.html", &page);
	}
	free(page.data);
	return status;
}

static int write_text(const struct report *report, const struct options *options, const char *plots)
{
	struct text markdown = { NULL, 0 };
	FILE *f = open_memstream(&markdown.data, &markdown.size);
	int status;

	if (!f)
		return EXIT_ENVIRONMENT;
	report_write(report, f);
	fclose(f);
	status = write_output(options->output, "REPORT.md", &markdown);
	if (!status && !options->no_html)
		status = write_page(&markdown, plots, options->output);
	free(markdown.data);
	return status;
}

static int prepare_plots(struct options *o, char *plots, char *link)
{
	int err;

	if (o->plots)
		snprintf(plots, PATH_MAX, "%s", o->plots);
	else
		snprintf(plots, PATH_MAX, "%.*s/plots", PATH_MAX - 8, o->output);
	err = make_directories(plots);
	if (err) {
		log_error("cannot create %s: %s", plots, strerror(-err));
		return EXIT_ENVIRONMENT;
	}
	err = relative_link(plots, o->output, link, PATH_MAX);
	if (err == -EINVAL)
		log_error("--plots %s: it must lie below the output directory %s, for REPORT.md to "
			  "link it",
			  plots, o->output);
	else if (err)
		log_error("%s: %s", o->output, strerror(-err));
	return err ? EXIT_USAGE : 0;
}

/*
 * A tree beside the one that is reported: DIR/icount, where `make bench` counts
 * instructions, and DIR/aa, for a noise floor measured apart. It may be absent.
 */
static int load_beside(struct tree *tree, const struct tree *main, const char *name,
		       bool mixed_hosts)
{
	char path[PATH_MAX];
	int status;

	if (snprintf(path, sizeof(path), "%s/%s", main->dir, name) >= (int)sizeof(path) ||
	    access(path, F_OK))
		return 0;
	status = open_tree(tree, path);
	if (status || mixed_hosts || tree_same_host(tree, main))
		return status;
	log_error("%s was run on another machine than %s: leave it out, or say --mixed-hosts", path,
		  main->dir);
	tree_release(tree);
	return EXIT_ENVIRONMENT;
}

/* The claims of --qos, and how they fare. */
struct judged {
	struct claims claims;
	struct gate gate;
};

static int load_claims(struct claims *claims, const struct options *o)
{
	char err[1024];
	size_t i;

	for (i = 0; i < o->claim_file_count; i++) {
		if (!claims_load(claims, o->claim_files[i], err, sizeof(err)))
			continue;
		log_error("%s", err);
		return EXIT_USAGE;
	}
	return 0;
}

static int judge_claims(struct judged *j, struct report *report, bool only_measured)
{
	const struct gate_selection all = { .only_measured = only_measured };
	char err[2048];

	if (!j->claims.count)
		return 0;
	if (gate_make(&j->gate, report->tree, report->variants[0], &j->claims, &all, err,
		      sizeof(err))) {
		log_error("%s", err);
		return EXIT_USAGE;
	}
	report->gate = &j->gate;
	return 0;
}

static void release_claims(struct judged *j)
{
	gate_release(&j->gate);
	claims_release(&j->claims);
}

static int draw_and_write(struct report *report, const struct options *o, const char *plots,
			  const char *link)
{
	int drawn = o->no_plots ? 0 : draw_all(report, plots), status;

	report->plots = drawn ? NULL : link;
	status = write_text(report, o, plots);
	return status ? status : drawn;
}

int cmd_report(int argc, char **argv)
{
	static const struct argp argp = {
		option_table, parse_option, "DIR", doc, NULL, NULL, NULL
	};
	char plots[PATH_MAX], link[PATH_MAX];
	struct options options = { .smallest_effect = SMALLEST_EFFECT };
	struct tree tree, instructions = { .dir = NULL }, aa = { .dir = NULL };
	struct report_input input = { .tree = &tree };
	struct judged judged = { .claims = { .list = NULL } };
	struct report report;
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (!options.output)
		options.output = options.dir;
	status = load_claims(&judged.claims, &options);
	if (!status)
		status = open_tree(&tree, options.dir);
	if (status)
		goto out_claims;
	status = load_beside(&instructions, &tree, "icount", options.mixed_hosts);
	if (!status)
		status = load_beside(&aa, &tree, "aa", options.mixed_hosts);
	if (!status)
		status = prepare_plots(&options, plots, link);
	if (status)
		goto out_tree;
	input.instructions = instructions.dir ? &instructions : NULL;
	input.aa = aa.dir ? &aa : NULL;
	input.smallest_effect = options.smallest_effect;
	if (report_make(&report, &input)) {
		log_error("out of memory");
		status = EXIT_ENVIRONMENT;
	}
	if (!status)
		status = judge_claims(&judged, &report, options.only_measured);
	if (!status)
		status = draw_and_write(&report, &options, plots, link);
	report_release(&report);
out_tree:
	if (aa.dir)
		status = close_tree(&aa, status);
	if (instructions.dir)
		status = close_tree(&instructions, status);
	status = close_tree(&tree, status);
out_claims:
	release_claims(&judged);
	return status;
}
