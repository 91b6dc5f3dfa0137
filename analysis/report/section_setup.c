/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Setup and method of the measurement, the boots, how to reproduce it; and the results of a stress
 * run, from stress/summary.json beside the boots. */
#include "analysis/report/report.h"
#include "lib/log.h"
#include <string.h>
#include <unistd.h>

#define KEY_SHOWN 12

/* What went into each kernel: a changed patch is another one. */
static void write_cuts(struct writer *w, const struct document *env)
{
	const struct document *cut;
	const char *name;
	size_t i, any = 0;

	for (i = 0; (cut = document_item(env, "cuts", i, &name)); i++) {
		if (!*document_text(cut, "patches_sha256"))
			continue;
		if (!any++) {
			write_row(w);
			write_cell(w, "patches up to each cut, SHA-256 begins with");
			write_cells(w, "", 1);
		}
		write_more(w, "%s%s %.*s", any > 1 ? ", " : "", name, KEY_SHOWN,
			   document_text(cut, "patches_sha256"));
	}
}

/* What is unusual about a kernel, for the last column. */
static void write_remarks(struct writer *w, const struct document *cut)
{
	const char *events = document_text(cut, "trace_events"), *fuzz = document_text(cut, "fuzz");
	const char *between = "";

	write_cells(w, "", 1);
	if (*document_text(cut, "dirty")) {
		write_more(w, "with changes that are not committed");
		between = "; ";
	}
	if (*fuzz && strcmp(fuzz, "0")) {
		write_more(w, "%sa patch needed fuzz %s", between, fuzz);
		between = "; ";
	}
	if (!strncmp(events, "no", 2))
		write_more(w, "%strace events: %s", between, events);
}

/* Where kernels of the user's own come from. */
static void write_origins(struct writer *w, const struct document *env)
{
	const struct document *cut;
	const char *name, *id;
	size_t i;

	write_table_of(w, "cut");
	write_columns(w, "source|commit or Message-ID|author date|subject|remarks");
	for (i = 0; (cut = document_item(env, "cuts", i, &name)); i++) {
		id = document_text(cut, "message_id");
		if (!*document_text(cut, "built_from"))
			continue;
		write_row(w);
		write_cell(w, "%s", name);
		write_cell(w, "%s", document_text(cut, "source"));
		write_cell(w, "%.*s", *id ? 200 : KEY_SHOWN,
			   *id ? id : document_text(cut, "commit"));
		write_cell(w, "%.10s", document_text(cut, "author_date"));
		write_cell(w, "%s", document_text(cut, "subject"));
		write_remarks(w, cut);
	}
	write_table_end(w);
}

/* The kernels of other configurations than the lean one, a row each. */
static void write_configs(struct writer *w, const struct document *env)
{
	const struct document *cut;
	const char *name;
	char what[128];
	size_t i;

	for (i = 0; (cut = document_item(env, "cuts", i, &name)); i++) {
		if (!*document_text(cut, "config"))
			continue;
		snprintf(what, sizeof(what), "configuration of %s, SHA-256", name);
		write_fact(w, what, "%s: %s", document_text(cut, "config"),
			   document_text(cut, "config_sha256"));
	}
}

/* The hosts that were guests themselves, a row each. */
static void write_hosts(struct writer *w, const struct document *env)
{
	const struct document *host;
	const char *name;
	char what[128];
	size_t i;

	for (i = 0; (host = document_item(env, "hosts", i, &name)); i++) {
		snprintf(what, sizeof(what), "host in a box, %s", name);
		write_fact(w, what, "Linux %s, %s", document_text(host, "release"),
			   document_text(host, "source"));
	}
	if (document_at(env, "box"))
		write_fact(w, "CPUs of these hosts", "%lld, -cpu %s",
			   (long long)document_integer(env, "box.cpus"),
			   document_text(env, "box.cpu"));
}

void section_setup(struct writer *w, struct report *r)
{
	const struct document *env = r->table->env;
	char text[64];

	write_heading(w, 2, "Setup");
	write_table(w);
	write_fact(w, "accelerator", "%s", table_accel(r->table));
	write_fact(w, "why", "%s", document_text(env, "accel_reason"));
	write_fact(w, "CPU", "%s", document_text(env, "host.cpu_model"));
	if (document_at(env, "host.cpus")) {
		write_fact(w, "host CPUs", "%lld", (long long)document_integer(env, "host.cpus"));
		write_fact(w, "host memory", "%s",
			   format_bytes(document_integer(env, "host.memory_bytes"), text,
					sizeof(text)));
	}
	write_fact(w, "host kernel", "%s", document_text(env, "host.kernel_release"));
	write_hosts(w, env);
	write_fact(w, "distribution", "%s", document_text(env, "host.distribution"));
	write_fact(w, "QEMU", "%s", table_text(r->table, &r->table->boots[0], "qemu_version"));
	write_kernel_facts(w, env);
	write_configs(w, env);
	write_cuts(w, env);
	write_fact(w, "started", "%s", document_text(env, "started_utc"));
	write_table_end(w);
	write_origins(w, env);
}

void write_kernel_facts(struct writer *w, const struct document *d)
{
	write_fact(w, "kernel source", "%s", document_text(d, "kernel.source"));
	write_fact(w, "compiler", "%s", document_text(d, "kernel.compiler"));
	write_fact(w, "kernel configuration, SHA-256", "%s",
		   document_text(d, "kernel.config_sha256"));
}

/* How well the resizes of the ok boots could be timed, in % of them. */
static void write_resolution(struct writer *w, const struct table *t)
{
	const struct column *ns, *of;
	size_t i, c, d, count = 0, within = 0, unresolved = 0;
	double percent, worst = 0;
	char name[64];

	for (d = 0; d < DIRECTIONS; d++) {
		snprintf(name, sizeof(name), "%s.resolution_ns", direction_names[d]);
		ns = table_column(t, name);
		snprintf(name, sizeof(name), "%s.duration_ns", direction_names[d]);
		of = table_column(t, name);
		table_for_each (t, i, NULL, NULL, BOOT_OK) {
			for (c = 0; c < t->boots[i].cycle_count; c++) {
				percent = 100 * table_number(ns, &t->boots[i], c) /
					  table_number(of, &t->boots[i], c);
				if (isnan(percent))
					continue;
				count++;
				within += percent <= 1;
				unresolved += !is_resolved(percent / 100);
				worst = fmax(worst, percent);
			}
		}
	}
	write_paragraph(w,
			"Of %zu timed resizes, %zu have a resolution within 1 %% of their "
			"duration; the worst has %.2g %%, and %zu are not resolved to %g %%.",
			count, within, worst, unresolved, 100 * RESOLVED_SHARE);
}

void section_method(struct writer *w, struct report *r)
{
	const struct topic *phases = topics_find(&r->topics, "phases");
	const struct topic_item *item;

	write_note(w, write_topic(w, r, 2, "method", NULL));
	write_paragraph(w, "%s:", phases->heading ? phases->heading : "Phases");
	write_table(w);
	topic_for_each_item (phases, item)
		write_fact(w, item->name, "%s", item->says);
	write_table_end(w);
	write_resolution(w, r->table);
}

static void write_unused(struct writer *w, const struct table *t)
{
	size_t i, missing = table_count_missing(t, NULL, NULL);
	size_t unused = t->boot_count - table_count(t, NULL, NULL, BOOT_OK);

	if (missing)
		write_paragraph(w,
				"%zu boots of the plan have no result: the run was stopped before "
				"its end, or what is there cannot be used.",
				missing);
	write_paragraph(w, "%zu boots were run, %zu of them are not used%s", t->boot_count, unused,
			unused ? ":" : ".");
	for (i = 0; i < t->boot_count; i++) {
		const struct table_boot *b = &t->boots[i];

		if (b->status != BOOT_OK)
			write_item(w, "%s/%s boot %lld, %s: %s", b->scenario, b->variant,
				   (long long)b->number, status_names[b->status],
				   b->reason ? b->reason : "");
	}
}

/* Durations that lie far from the others of their variant; @w: NULL: only their number. */
static size_t write_outliers(struct writer *w, const struct report *r)
{
	const struct report_scenario *s;
	size_t v, d, i, found = 0;

	report_for_each_scenario (r, s)
		for (v = 0; v < s->variant_count; v++)
			for (d = 0; d < DIRECTIONS; d++) {
				const struct record_list *list = &s->resizes[d][v].outliers;

				found += list->count;
				if (w && list->count)
					write_item(w, "%s/%s, %s: boot", s->name, s->variants[v],
						   direction_names[d]);
				for (i = 0; w && i < list->count; i++)
					write_text(w, " %lld",
						   (long long)((int64_t *)list->items)[i]);
			}
	return found;
}

/* "cut: text", each once, without the time, "[    0.123456] ". */
static void find_boot_warnings(const struct table *t, struct record_list *found)
{
	const char *text, *said;
	char name[32], line[512];
	size_t b, i;

	for (b = 0; b < t->boot_count; b++) {
		for (i = 0;; i++) {
			snprintf(name, sizeof(name), "boot_warnings.%zu", i);
			text = table_text(t, &t->boots[b], name);
			if (!*text)
				break;
			said = *text == '[' && strstr(text, "] ") ? strstr(text, "] ") + 2 : text;
			snprintf(line, sizeof(line), "%s: %s", table_text(t, &t->boots[b], "cut"),
				 said);
			record_append_once(found, line, strlen(line));
		}
	}
}

static void write_boot_warnings(struct writer *w, const struct table *t)
{
	struct record_list found = { NULL, 0 };
	size_t i;

	find_boot_warnings(t, &found);
	if (found.count)
		write_paragraph(w, "Warnings of kernels while they booted, which fail no boot; of "
				   "each cut:");
	for (i = 0; i < found.count; i++)
		write_item(w, "%s", ((char **)found.items)[i]);
	record_release_texts(&found);
}

static void write_reproduce(struct writer *w, const struct report *r)
{
	const char *command = document_text(r->table->env, "command");

	write_heading(w, 2, "To reproduce");
	if (*command) {
		write_code(w, "%s", command);
		if (document_at(r->table->plan, "seed"))
			write_text(w, " --seed %lld",
				   (long long)document_integer(r->table->plan, "seed"));
	}
	write_code(w, "balloonstat report DIR");
}

void section_boots(struct writer *w, struct report *r)
{
	size_t found = write_outliers(NULL, r);

	write_heading(w, 2, "Boots");
	write_unused(w, r->table);
	write_paragraph(w,
			"Durations that lie far from the others of their variant (modified z-score "
			"above 3.5): %zu. They are flagged, and part of every number%s",
			found, found ? ":" : ".");
	write_outliers(w, r);
	write_boot_warnings(w, r->table);
	write_reproduce(w, r);
}

#define SUMMARY "stress/summary.json"

static void write_stress_setup(struct writer *w, const struct document *s)
{
	char text[64];

	write_table(w);
	write_fact(w, "ran for", "%.1f min", document_number(s, "duration_s") / 60);
	write_fact(w, "started", "%s", document_text(s, "started_utc"));
	if (document_at(s, "seed"))
		write_fact(w, "seed", "%lld", (long long)document_integer(s, "seed"));
	write_fact(w, "accelerator", "%s", document_text(s, "accel"));
	write_fact(w, "guest memory", "%s",
		   format_bytes(document_integer(s, "memory_bytes"), text, sizeof(text)));
	if (document_at(s, "vcpus"))
		write_fact(w, "vCPUs", "%lld", (long long)document_integer(s, "vcpus"));
	write_fact(w, "QEMU", "%s", document_text(s, "qemu_version"));
	write_kernel_facts(w, s);
	write_table_end(w);
}

static void write_stress_cuts(struct writer *w, const struct document *summary)
{
	static const char *const counts[] = {
		"boots",	  "rounds",	     "operation_count",	 "audits",
		"leak_scans",	  "faults_injected", "processes_killed", "inflated_pages",
		"deflated_pages", "migrated_pages"
	};
	const struct document *cut;
	size_t i, k;

	write_table_of(w, "cut|device|min|boots|rounds|operations|audits|leak scans|allocations "
			  "failed|processes killed|pages inflated|pages deflated|pages migrated|"
			  "findings");
	for (i = 0; (cut = document_item(summary, "cuts", i, NULL)); i++) {
		write_row_texts(w, document_text(cut, "cut"), document_text(cut, "device"), NULL);
		write_number(w, "%.1f", document_number(cut, "duration_s") / 60);
		for (k = 0; k < sizeof(counts) / sizeof(counts[0]); k++)
			write_count(w, document_integer(cut, counts[k]));
		write_count(w, document_size(cut, "findings"));
	}
	write_table_end(w);
}

/* Summaries of before say nothing about this: all their boots had page_owner. */
static void write_stress_boots(struct writer *w, const struct document *summary)
{
	static const char *const counts[] = { "boots_with_page_owner", "boots_without_page_owner",
					      "boots_with_init_on_alloc" };
	const struct document *cut = document_item(summary, "cuts", 0, NULL);
	size_t i, k;

	if (!document_at(cut, counts[0]))
		return;
	write_paragraph(w, "A new cut has more of the time than an old one, by its weight. While "
			   "page_owner is on, the bulk allocator allocates single pages.");
	write_table_of(w, "cut|weight|boots with page_owner|without|with init_on_alloc=1");
	for (i = 0; (cut = document_item(summary, "cuts", i, NULL)); i++) {
		write_row_texts(w, document_text(cut, "cut"), NULL);
		write_count(w, document_integer(cut, "weight"));
		for (k = 0; k < sizeof(counts) / sizeof(counts[0]); k++)
			write_count(w, document_integer(cut, counts[k]));
	}
	write_table_end(w);
}

/* The kinds of the first cut; all have the same. */
static void write_operations(struct writer *w, const struct document *summary)
{
	const struct document *first = document_item(summary, "cuts", 0, NULL), *cut, *op;
	const char *name;
	size_t i, k;

	if (!document_size(first, "operations"))
		return;
	write_paragraph(w, "Operations carried out, by kind; in brackets, those of which a step "
			   "was refused or failed, as expected while allocations fail and "
			   "devices are removed:");
	write_table_of(w, "cut");
	for (k = 0; document_item(first, "operations", k, &name); k++)
		write_column(w, "%s", name);
	for (i = 0; (cut = document_item(summary, "cuts", i, NULL)); i++) {
		write_row_texts(w, document_text(cut, "cut"), NULL);
		for (k = 0; k < document_size(first, "operations"); k++) {
			document_item(first, "operations", k, &name);
			op = document_at(document_at(cut, "operations"), name);
			write_count(w, document_integer(op, "done"));
			write_more(w, " (%lld)", (long long)document_integer(op, "failed"));
		}
	}
	write_table_end(w);
}

static void write_findings(struct writer *w, const struct document *summary)
{
	const struct document *cut, *finding;
	size_t i, k, findings = 0;
	long long audits = 0, unowned = 0;

	for (i = 0; (cut = document_item(summary, "cuts", i, NULL)); i++) {
		audits += document_integer(cut, "audits");
		unowned += document_integer(cut, "boots_without_page_owner");
		for (k = 0; (finding = document_item(cut, "findings", k, NULL)); k++, findings++)
			write_item(w, "%s, boot %lld, round %lld, %s: %s. Again with: %s",
				   document_text(cut, "cut"),
				   (long long)document_integer(finding, "boot"),
				   (long long)document_integer(finding, "round"),
				   document_text(finding, "kind"), document_text(finding, "line"),
				   document_text(finding, "replay"));
	}
	if (!findings && !audits)
		write_paragraph(w, "No audit was made: whether anything is wrong is not known.");
	else if (!findings)
		write_paragraph(
			w,
			"Nothing was found: no kernel reported an error, and at every audit "
			"all managed pages were there and no page belonged to an empty balloon%s.",
			unowned ? " (as far as page_owner was on)" : "");
}

void stress_summary_write(struct writer *w, const struct report *r, const struct document *summary)
{
	write_heading(w, 2, "Stress");
	write_note(w, topics_find(&r->topics, "stress"));
	if (document_is_true(summary, "interrupted")) {
		write_paragraph(w, "%s", "");
		write_strong(w, "The run was stopped before its end.");
	}
	write_stress_setup(w, summary);
	write_stress_cuts(w, summary);
	write_stress_boots(w, summary);
	write_operations(w, summary);
	write_findings(w, summary);
}

void section_stress(struct writer *w, struct report *r)
{
	struct document *summary;
	char path[PATH_MAX], err[512];

	snprintf(path, sizeof(path), "%s/" SUMMARY, r->table->dir);
	if (access(path, F_OK))
		return;
	summary = document_load_below(r->table->dir, path, err, sizeof(err));
	if (summary)
		stress_summary_write(w, r, summary);
	else
		log_warn("%s; the report has no section on the stress", err);
	document_release(summary);
}
