/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonstat report: REPORT.md and its plots, and both as one page. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/arguments.h"
#include "analysis/report/report.h"
#include "lib/alloc.h"
#include "lib/atomic_file.h"
#include "lib/directory.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/safe_directory.h"

struct options {
	const char *dir;
	const char *output;
	const char *plots;
	struct names claim_files;
	bool no_plots;
	bool mixed_hosts;
	double smallest_effect, layout_floor;
	bool no_html;
	bool only_measured;
};

static const struct options defaults = { .smallest_effect = SMALLEST_EFFECT, .layout_floor = NAN };

#define OPTIONS struct options

static const struct option_row rows[] = {
	ROW_TREE,
	OPTION(STRING, output, "output", 'o', "DIR",
	       "directory of the report (default: the result tree)", .hint = HINT_DIRECTORY),
	ROW_QOS,
	ROW_ONLY_MEASURED,
	OPTION(STRING, plots, "plots", 0, "DIR",
	       "directory of the plots, below the output (default: plots in it)",
	       .hint = HINT_DIRECTORY),
	OPTION(FLAG, no_plots, "no-plots", 0, NULL, "link the plots, but do not draw them"),
	ROW_SMALLEST_EFFECT,
	ROW_LAYOUT_FLOOR,
	ROW_MIXED_HOSTS("allow DIR/icount, DIR/aa and DIR/host of another machine"),
	OPTION(FLAG, no_html, "no-html", 0, NULL, "write REPORT.md, but no report.html"),
	{ 0 },
};

/* A file of the report, written whole or not at all. */
struct output {
	const char *name;
	enum write_format format;
	struct write_options options;
	FILE *f;
	char *text;
	size_t size;
};

/* Where the report is written: directories that were open before anything is. */
struct place {
	int output, plots;
	char drawn[PATH_MAX]; /* path of the plots, by descriptor */
	char link[PATH_MAX];  /* how REPORT.md links them: they lie below it */
};

/* Write the file into the output if @status is 0. Returns 0 or an exit status. */
static int close_output(struct output *out, const struct options *o, const struct place *at,
			int status)
{
	char path[PATH_MAX];
	int err = 0;

	if (out->f)
		fclose(out->f);
	if (!status)
		err = atomic_file_replace(descriptor_path(at->output, out->name, path), out->text,
					  out->size);
	snprintf(path, sizeof(path), "%s/%s", o->output, out->name);
	if (err)
		log_error("cannot write %s: %s", path, strerror(-err));
	else if (!status)
		log_info("%s is written", path);
	free(out->text);
	return err ? EXIT_ENVIRONMENT : status;
}

/* 0 or an exit status. */
static int write_report(struct report *report, const struct options *o, const struct place *at)
{
	struct output outputs[] = {
		{ .name = "REPORT.md",
		  .format = WRITE_MARKDOWN,
		  .options = { .pictures = at->link } },
		{ .name = "report.html",
		  .format = WRITE_HTML,
		  .options = { .pictures = at->drawn } },
	};
	struct output *out, *end = outputs + (o->no_html ? 1 : 2);
	struct writer *w = write_open();
	char err[PATH_MAX + 256];
	int status = 0;

	for (out = outputs; !status && out < end; out++) {
		out->f = xmemstream(&out->text, &out->size);
		if (write_to(w, out->format, out->f, &out->options, err, sizeof(err))) {
			log_error("%s: %s", out->name, err);
			status = EXIT_ENVIRONMENT;
		}
	}
	report->plots = o->no_plots ? NULL : at->drawn;
	if (!status)
		report_write(report, w);
	write_close(w);
	for (out = outputs; out < end; out++)
		status = close_output(out, o, at, status);
	if (!report->plot_status)
		return status;
	log_error("%s", report->plot_error);
	if (status)
		return status;
	return report->plot_status == -ENOENT ? EXIT_UNSUPPORTED : EXIT_ENVIRONMENT;
}

/* Open the directories; to be closed in any case. */
static int prepare(struct options *o, struct place *at)
{
	char below[PATH_MAX], output[PATH_MAX], plots[PATH_MAX];
	size_t n;
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
	if (!realpath(plots, below) || !realpath(o->output, output)) {
		log_error("%s: %s", o->output, strerror(errno));
		return EXIT_USAGE;
	}
	n = strlen(output);
	if (strncmp(below, output, n) || below[n] != '/') {
		log_error("--plots %s: it must lie below the output directory %s, for REPORT.md to "
			  "link it",
			  plots, o->output);
		return EXIT_USAGE;
	}
	snprintf(at->link, sizeof(at->link), "%s", below + n + 1);
	at->output = open(output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	at->plots = at->output < 0 ? -errno : directory_below(at->output, at->link, false);
	if (at->plots < 0) {
		log_error("cannot open %s: %s", plots, strerror(-at->plots));
		return EXIT_ENVIRONMENT;
	}
	descriptor_path(at->plots, "", at->drawn);
	return 0;
}

/* A tree beside the one that is reported, and where the report has it. */
struct beside {
	const char *name;
	const struct table **place;
	struct table table;
};

/*
 * A tree beside the one that is reported: DIR/icount, where `make bench` counts
 * instructions, DIR/aa, for a noise floor measured apart, and DIR/host, of a run in hosts that
 * are guests. It may be absent.
 */
static int load_beside(struct table *table, const struct table *main, const char *name,
		       bool mixed_hosts)
{
	char path[PATH_MAX];
	struct stat st;
	int status;

	if (snprintf(path, sizeof(path), "%s/%s", main->dir, name) >= (int)sizeof(path) ||
	    lstat(path, &st))
		return 0;
	/* As of the files of a tree, one from someone else could lead to the reader's own. */
	if (S_ISLNK(st.st_mode)) {
		log_error("%s is a symbolic link, which is not followed in a result tree", path);
		return EXIT_ENVIRONMENT;
	}
	status = open_table(table, path);
	if (status || mixed_hosts || table_same_host(table, main))
		return status;
	log_error("%s was run on another machine than %s: leave it out, or use --mixed-hosts", path,
		  main->dir);
	table_release(table);
	return EXIT_ENVIRONMENT;
}

static int load_claims(struct claims *claims, const struct options *o)
{
	char err[1024];
	size_t i;

	for (i = 0; i < o->claim_files.count; i++) {
		if (!claims_load(claims, o->claim_files.list[i], err, sizeof(err)))
			continue;
		log_error("%s", err);
		return EXIT_USAGE;
	}
	return 0;
}

static int judge_claims(struct gate *gate, const struct claims *claims, struct report *report,
			bool only_measured)
{
	const struct gate_selection all = { .only_measured = only_measured };
	char err[2048];

	if (!claims->count)
		return 0;
	report->gate = gate;
	if (!gate_make(gate, report->table, report->variants[0], claims, &all, err, sizeof(err)))
		return 0;
	log_error("%s", err);
	return EXIT_USAGE;
}

static int run(struct command_line *line)
{
	struct options *o = line->options;
	struct place at = { .output = -1, .plots = -1 };
	struct table table;
	struct report report = { .table = &table,
				 .smallest_effect = o->smallest_effect,
				 .layout_floor = o->layout_floor };
	struct beside beside[] = { { .name = "icount", .place = &report.instructions },
				   { .name = "aa", .place = &report.aa },
				   { .name = "host", .place = &report.boxed } };
	const size_t besides = sizeof(beside) / sizeof(beside[0]);
	struct claims claims = { .list = NULL };
	struct gate gate = { .count = 0 };
	size_t i;
	int status;

	if (!o->output)
		o->output = o->dir;
	status = load_claims(&claims, o);
	if (!status)
		status = open_table(&table, o->dir);
	if (status)
		goto out_claims;
	for (i = 0; !status && i < besides; i++) {
		status = load_beside(&beside[i].table, &table, beside[i].name, o->mixed_hosts);
		if (beside[i].table.dir)
			*beside[i].place = &beside[i].table;
	}
	if (!status)
		status = prepare(o, &at);
	if (status)
		goto out_table;
	report_make(&report);
	status = judge_claims(&gate, &claims, &report, o->only_measured);
	if (!status)
		status = write_report(&report, o, &at);
	report_release(&report);
out_table:
	if (at.plots >= 0)
		close(at.plots);
	if (at.output >= 0)
		close(at.output);
	while (i--)
		if (beside[i].table.dir)
			status = close_table(&beside[i].table, status);
	status = close_table(&table, status);
out_claims:
	gate_release(&gate);
	claims_release(&claims);
	return status;
}

const struct command report_command = {
	.name = "report",
	.purpose = "write REPORT.md and report.html, with tables and plots",
	.description = "Write REPORT.md, with tables and plots, of a result tree, and report.html, "
		       "the same in one file for a browser. The same tree gives the same text.",
	.examples = "  balloonstat report results/20261121T033000Z-default\n"
		    "  balloonstat report results/reference -o . --plots results/reference/plots\n"
		    "  balloonstat report results/reference -o /tmp/report --no-html\n"
		    "  balloonstat report results/reference --qos bench/qos/series.ini\n",
	.exits = "0 written, whatever the verdicts on the claims\n"
		 "2 wrong usage, or a QoS file is wrong or fits nothing in the tree\n"
		 "3 the tree cannot be read, or the report not written\n"
		 "4 written, but without plots: there is no gnuplot",
	.rows = rows,
	.defaults = &defaults,
	.size = sizeof(struct options),
	.run = run,
};
