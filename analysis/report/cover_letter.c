/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonstat cover-letter: what a result tree shows, to be pasted into mail. */
#include "analysis/compare/hosts.h"
#include "analysis/report/report.h"
#include "analysis/arguments.h"
#include <string.h>

/* Lines that mail takes; all of them indented, so that none can begin with what means something
 * to mail or git. */
#define COLUMNS 72
#define INDENT 2
/* Longer names are cut: the line has no room for them. */
#define NAME_SHOWN 18

static void write_setup(struct writer *w, const struct report *r)
{
	const struct document *env = r->table->env;
	char cpus[512];

	write_paragraph(w, "Measured with balloonbench: %s, QEMU %s, accelerator %s",
			document_text(env, "kernel.source"),
			table_text(r->table, &r->table->boots[0], "qemu_version"),
			table_accel(r->table));
	if (table_has_hosts(r->table, NULL))
		write_text(w, ", on %zu hosts (%s)", names_count(r->table->hosts),
			   hosts_cpus(r->table, cpus, sizeof(cpus)));
	else if (document_at(env, "host.cpus"))
		write_text(w, ", on %lld CPUs (%s), Linux %s",
			   (long long)document_integer(env, "host.cpus"),
			   document_text(env, "host.cpu_model"),
			   document_text(env, "host.kernel_release"));
	write_text(w,
		   ". Medians over %s; ratio to %s with its 95 %% interval; verdicts by "
		   "%s, corrected for the number of comparisons; effects below %.3g %% are "
		   "negligible.",
		   table_unit(r->table, NULL), r->variants[0],
		   table_has_hosts(r->table, NULL) ? "Student's t over hosts" : "rank test",
		   100 * r->smallest_effect);
	if (r->table->accel == RESULT_TCG)
		write_text(w, " TCG emulates guest instructions: the figures compare the path, and "
			      "are not those of KVM.");
	else if (table_in_instructions(r->table, CLOCK_HOST))
		write_text(w, " The figures are instructions of guest, QEMU and the host's "
			      "kernel.");
	else if (table_is_icount(r->table))
		write_text(w, " Under icount the figures are guest instructions.");
}

static void write_commit(struct writer *w, const char *title, const struct document *cut)
{
	const char *commit = document_text(cut, "commit"), *dirty = document_text(cut, "dirty");

	if (*commit)
		write_text(w, "%s: commit %.12s (\"%s\")%s. ", title, commit,
			   document_text(cut, "subject"),
			   *dirty ? " with changes that are not committed" : "");
}

/* The first cut is that of the base. */
static void write_commits(struct writer *w, const struct report *r)
{
	const struct document *env = r->table->env, *base, *cut, *tip = NULL;
	const char *name, *config = document_text(env, "kernel.config_sha256");
	struct boot_counts boots = table_counts(r->table, NULL, NULL);
	size_t i;

	base = document_item(env, "cuts", 0, &name);
	for (i = 1; (cut = document_item(env, "cuts", i, &name)); i++)
		tip = cut;
	if (!boots.failed && !boots.invalid && !(base && *document_text(base, "commit")))
		return;
	write_paragraph(w, "%s", "");
	if (base)
		write_commit(w, "Base", base);
	if (tip)
		write_commit(w, "Last", tip);
	if (base && *config && *document_text(base, "commit"))
		write_text(w, "Kernel configuration: SHA-256 %.12s. ", config);
	if (boots.failed || boots.invalid)
		write_text(w, "Boots that failed and are left out: %lld.",
			   (long long)(boots.failed + boots.invalid));
}

static void write_comparison(struct writer *w, const struct comparison *c)
{
	write_row(w);
	write_cell(w, "%.*s", NAME_SHOWN, c->variant);
	if (!c->n) {
		write_cells(w, "-", 1);
		write_cells(w, "", 2);
		write_cell(w, c->absent ? "no such resize" : "no boot that is ok");
		return;
	}
	write_count(w, c->n);
	cell_median(w, "%.4g", c, false);
	cell_ratio(w, c);
	write_cell(w, "%s", is_base(c) ? "base" : verdict_names[c->verdict]);
}

static void write_scenario(struct writer *w, const struct report *r,
			   const struct report_scenario *s)
{
	const char *unit = table_is_icount(r->table) ? "M instr." : r->unit;
	size_t v, d;

	write_paragraph(
		w, "%s: %s", s->name,
		document_text(table_planned(r->table, "scenarios", s->name), "description"));
	for (d = 0; d < DIRECTIONS; d++) {
		write_table_of(w, direction_names[d]);
		write_columns(w, "n");
		write_columns(w, unit);
		write_columns(w, "ratio [95 %]|verdict");
		for (v = 0; v < s->variant_count; v++)
			write_comparison(w, &s->resizes[d][v]);
		write_table_end(w);
	}
}

static void write_reproduce(struct writer *w, const struct report *r)
{
	const char *command = document_text(r->table->env, "command"), *built, *before = "", *name;
	const struct document *cut;
	size_t i;

	if (!*command)
		return;
	write_paragraph(w, "To reproduce:");
	for (i = 0; (cut = document_item(r->table->env, "cuts", i, &name)); i++) {
		built = document_text(cut, "built_from");
		if (*built && strcmp(built, before))
			write_text(w, " %s;", built);
		before = built;
	}
	write_text(w, " %s", command);
	if (document_at(r->table->plan, "seed"))
		write_text(w, " --seed %lld", (long long)document_integer(r->table->plan, "seed"));
}

void cover_letter_write(const struct report *r, FILE *f)
{
	const struct write_options options = { .columns = COLUMNS,
					       .indent = INDENT,
					       .ascii = true };
	struct writer *w = write_open();
	size_t i;

	write_to(w, WRITE_TEXT, f, &options, NULL, 0);
	write_setup(w, r);
	write_commits(w, r);
	for (i = 0; i < r->scenario_count; i++)
		write_scenario(w, r, &r->scenarios[i]);
	write_reproduce(w, r);
	write_close(w);
}

struct options {
	const char *dir;
	double smallest_effect, layout_floor;
};

static const struct options defaults = { .smallest_effect = SMALLEST_EFFECT, .layout_floor = NAN };

#define OPTIONS struct options

static const struct option_row rows[] = {
	ROW_TREE,
	ROW_SMALLEST_EFFECT,
	ROW_LAYOUT_FLOOR,
	{ 0 },
};

static int run(struct command_line *line)
{
	const struct options *o = line->options;
	struct table table;
	struct report report = { .table = &table,
				 .smallest_effect = o->smallest_effect,
				 .layout_floor = o->layout_floor };
	int status;

	status = open_table(&table, o->dir);
	if (status)
		return status;
	report_make(&report);
	cover_letter_write(&report, stdout);
	report_release(&report);
	return close_table(&table, status);
}

const struct command cover_letter_command = {
	.name = "cover-letter",
	.purpose = "the report in short, as text for mail",
	.description = "Write the results as plain text for the cover letter of a patch series: "
		       "setup, a table per scenario, how to reproduce it; at most 72 columns.",
	.examples = "  balloonstat cover-letter results/20261121T033000Z-default\n"
		    "  balloonstat cover-letter DIR >>0000-cover-letter.patch\n",
	.exits = "0 written\n"
		 "2 wrong usage\n"
		 "3 the tree cannot be read, or the text not written",
	.rows = rows,
	.defaults = &defaults,
	.size = sizeof(struct options),
	.run = run,
};
