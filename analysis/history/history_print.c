/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/history/history.h"
#include "lib/alloc.h"
#include "analysis/write/write.h"
#include "lib/record_table.h"

#define SCHEMA_VERSION 1
/* Of a key that is a hash, enough to tell it from others. */
#define KEY_SHOWN 8
/* With fewer trees the interval of their correlation is most of what is possible. */
#define TREES_THAT_TELL 24

/* A ratio changes with either side of it. */
static bool base_kernel_differs(const struct history *h)
{
	const struct history_series *s = history_series(h, 0);
	const char *first = NULL;
	size_t i;

	for (i = 0; h->against && i < s->points.count; i++) {
		const char *key = history_point(s, i)->base_kernel;

		if (key && first && strcmp(key, first))
			return true;
		first = first ? first : key;
	}
	return false;
}

/* Limits of the numbers, printed before them. */
static struct record_list warnings_of(const struct history *h)
{
	const struct session *one, *other;
	struct record_list texts = { 0 };
	char *text;

	/* A count of instructions does not depend on what else the machine did. */
	if (!h->against && !table_is_icount(&h->sessions->list[0].table))
		record_append_text(
			&texts,
			"medians of different sessions: whatever else the machine did is in them, "
			"and a change may be the session's; ratios within each tree (without "
			"--absolute) are free of that");
	if (sessions_mix_hosts(h->sessions, &one, &other)) {
		text = xasprintf("%s and %s are from different machines: %s may be the machines'",
				 one->label, other->label,
				 h->against ? "ratios differ between machines too, and a change "
					      "between them"
					    : "their times have nothing in common, and a change "
					      "between them");
		record_append_text(&texts, text);
		free(text);
	}
	if (base_kernel_differs(h)) {
		text = xasprintf("the kernel of the base, %s, is not the same in all trees: a "
				 "change may be the base's",
				 h->against);
		record_append_text(&texts, text);
		free(text);
	}
	return texts;
}

static void write_row_of(struct writer *w, const struct history *h, const struct history_series *s,
			 size_t i)
{
	const struct history_point *p = history_point(s, i);

	write_row(w);
	write_count(w, p->tree);
	write_cell(w, "%s", h->sessions->list[i].label);
	write_cell(w, "%.*s", KEY_SHOWN, p->kernel ? p->kernel : "-");
	if (h->against) {
		write_cell(w, "%.*s", KEY_SHOWN, p->base_kernel ? p->base_kernel : "-");
		write_cell(w, "%zu/%lld", p->n, (long long)p->base_n);
		write_number(w, "%.5g", p->median);
		write_estimate(w, "%#.4g", p->value, p->interval.low, p->interval.high);
	} else {
		write_count(w, p->n);
		write_estimate(w, "%.5g", p->value, p->interval.low, p->interval.high);
	}
	write_cell(w, "%s%s", p->gap ? "gap: " : "", p->gap ? p->gap : "");
}

#define S struct history_differs
static RECORD(differs_record, "differs", NULL,
	FIELD(CHOICE, kernel, .doc = "its kernel"),
	FIELD(CHOICE, base_kernel, .doc = "the base's kernel"),
	FIELD(CHOICE, qemu, .doc = "QEMU"), FIELD(CHOICE, host, .doc = "the machine"));
#undef S

/* What differs between the trees of a change, or does not. */
static void write_differs(struct writer *w, const struct history_change *c, int differs)
{
	const char *between = differs ? "; other there: " : "; the same: ";
	const struct field *f;

	for (f = differs_record.fields; f->name; f++) {
		if (*(const int *)((const char *)&c->differs + f->offset) != differs)
			continue;
		write_text(w, "%s%s", between, f->doc);
		between = ", ";
	}
}

static void write_state(struct writer *w, const struct history_change *c)
{
	const char *s = c->trees_further == 1 ? "" : "s";

	switch (c->state) {
	case LOOK_CALLED:
		write_item(w, "called: %zu further tree%s confirm%s it (p %.4f)", c->trees_further,
			   s, *s ? "" : "s", c->p_further);
		break;
	case LOOK_UNCONFIRMED:
		write_item(w, "unconfirmed: an end of a level that no further tree confirmed");
		break;
	default:
		write_item(w, "suspected: repeat the newest sessions, and add their trees");
		if (c->trees_further)
			write_text(w, "; %zu further tree%s did not confirm it (p %.4f)",
				   c->trees_further, s, c->p_further);
	}
}

static void write_change(struct writer *w, const struct history *h, const struct history_series *s,
			 const struct history_change *c)
{
	write_item(w, "%s: p %.4f; %s %.4g over %zu tree%s, then %.4g over %zu%s%s",
		   h->sessions->list[c->after - 1].label, c->p_holm,
		   h->against ? "ratio" : "median", c->level_before, c->trees_before,
		   c->trees_before == 1 ? "" : "s", c->level_after, c->trees_after,
		   h->against ? "" : ", in ", h->against ? "" : s->unit);
	write_differs(w, c, 1);
	write_differs(w, c, 0);
	write_state(w, c);
}

static void write_correlation(struct writer *w, const struct history_series *s)
{
	const struct correlation *c = &s->correlation;

	if (isnan(c->mean))
		return;
	write_item(w, "correlation of neighbouring trees: %.2f [%.1f, %.1f] (n = %zu)", c->mean,
		   c->interval.low, c->interval.high, s->used);
	if (s->used < TREES_THAT_TELL)
		write_text(w, "; fewer than %d trees hardly tell it: P is a mean over 0 to 0.9",
			   TREES_THAT_TELL);
}

static void write_series(struct writer *w, const struct history *h, const struct history_series *s)
{
	const struct history_change *change;
	size_t i, k = 0;

	write_heading(w, 2, "%s, %s: %s, %s%s (%s, %zu tree%s)", s->scenario, s->measure->text,
		      s->variant, h->against ? "ratio to " : "medians",
		      h->against ? h->against : "", h->accel, s->points.count,
		      s->points.count == 1 ? "" : "s");
	write_table(w);
	write_columns(w, h->against ? "#|TREE|KERNEL|BASE'S|N" : "#|TREE|KERNEL|N");
	write_column(w, "MEDIAN%s%s%s", *s->unit ? " " : "", s->unit, h->against ? "" : " [95 %]");
	write_columns(w, h->against ? "RATIO [95 %]|NOTE" : "NOTE");
	for (i = 0; i < s->points.count; i++) {
		write_row_of(w, h, s, i);
		change = k < s->changes.count ? history_change(s, k) : NULL;
		if (!change || change->after != i + 1)
			continue;
		write_more(w, "%s>>> x %.3f", history_point(s, i)->gap ? "; " : "", change->ratio);
		if (isfinite(change->interval.low))
			write_more(w, " [%.3f, %.3f]", change->interval.low, change->interval.high);
		if (change->state == LOOK_CALLED)
			write_more_verdict(w, verdict_names[change->verdict]);
		else
			write_more(w, " %s", look_state_names[change->state]);
		k++;
	}
	write_table_end(w);
	for (k = 0; k < s->changes.count; k++)
		write_change(w, h, s, history_change(s, k));
	if (s->used < CHANGEPOINT_VALUES_MIN)
		write_item(w, "%s: trees with %d boots a side: %zu, at least %d are needed",
			   s->reason, HISTORY_BOOTS_MIN, s->used, CHANGEPOINT_VALUES_MIN);
	else if (s->reason)
		write_item(w, "no change point: %s (p %.4f)", s->reason, s->p_holm);
	if (isfinite(s->detectable_middle))
		write_text(w,
			   "; these trees would have shown x %.3f from the middle on, x %.3f at "
			   "the last one",
			   s->detectable_middle, s->detectable_last);
	write_correlation(w, s);
}

void history_print(const struct history *h)
{
	struct record_list warnings = warnings_of(h);
	struct writer *w = write_open();
	char err[256];
	size_t i;

	write_to(w, WRITE_TEXT, stdout, NULL, err, sizeof(err));
	for (i = 0; i < warnings.count; i++)
		write_paragraph(w, "warning: %s", ((char **)warnings.items)[i]);
	for (i = 0; i < h->series.count; i++)
		write_series(w, h, history_series(h, i));
	write_paragraph(
		w,
		"N is boots%s. P is corrected for %zu series (Holm). A change below %.0f %% "
		"is treated as negligible. A tree is one session: how much sessions differ "
		"is in P, and so is their correlation. P is per look: more looks at a series "
		"find more by chance, so a change is suspected until further trees confirm it.",
		h->against ? " of the variant and of the base" : "", h->tested,
		100 * h->smallest_effect);
	write_close(w);
	record_release_texts(&warnings);
}

#define S struct history_point
RECORD(history_point_record, "point", NULL,
	FIELD(COUNT, tree), FIELD(COUNT, n), FIELD(REAL, median), FIELD(REAL, value),
	NAMED("ci_low", REAL, interval.low), NAMED("ci_high", REAL, interval.high),
	FIELD(TEXT, gap), FIELD(TEXT, kernel),
	FIELD(COUNT, base_n), FIELD(REAL, base_median), FIELD(TEXT, base_kernel));
#undef S

#define S struct history_change
RECORD(history_change_record, "change", NULL,
	FIELD(COUNT, before), FIELD(COUNT, after),
	FIELD(COUNT, trees_before), FIELD(COUNT, trees_after),
	FIELD(REAL, level_before), FIELD(REAL, level_after), FIELD(REAL, ratio),
	NAMED("ci_low", REAL, interval.low), NAMED("ci_high", REAL, interval.high),
	FIELD(REAL, p), FIELD(REAL, p_holm),
	FIELD(CHOICE, verdict, .choices = verdict_names),
	FIELD(CHOICE, state, .choices = look_state_names),
	FIELD(COUNT, trees_further), FIELD(REAL, p_further),
	FIELD(STRUCT, differs, .record = &differs_record));
#undef S

#define S struct history_series
RECORD(history_series_record, "series", NULL,
	FIELD(TEXT, scenario), FIELD(TEXT, variant), FIELD(TEXT, metric), FIELD(TEXT, unit),
	NAMED("trees_used", COUNT, used), FIELD(REAL, p), FIELD(REAL, p_holm),
	NAMED("correlation", REAL, correlation.mean),
	NAMED("correlation_ci_low", REAL, correlation.interval.low),
	NAMED("correlation_ci_high", REAL, correlation.interval.high),
	FIELD(REAL, detectable_middle), FIELD(REAL, detectable_last), FIELD(TEXT, reason),
	FIELD(LIST, changes, .required = true, .record = &history_change_record),
	FIELD(LIST, points, .required = true, .record = &history_point_record));
#undef S

/* What env.json says of the machine. */
struct host {
	const char *cpu_model, *kernel_release, *distribution;
	int64_t cpus, memory_bytes;
};

#define S struct host
static RECORD(host_record, "host", NULL,
	FIELD(TEXT, cpu_model), FIELD(COUNT, cpus), FIELD(COUNT, memory_bytes),
	FIELD(TEXT, kernel_release), FIELD(TEXT, distribution));
#undef S

struct tree {
	size_t number;
	const char *label, *dir, *started_utc;
	struct host host;
};

#define S struct tree
static RECORD(tree_record, "tree", NULL,
	FIELD(COUNT, number), FIELD(TEXT, label), FIELD(TEXT, dir), FIELD(TEXT, started_utc),
	FIELD(STRUCT, host, .record = &host_record));
#undef S

struct summary {
	size_t schema_version;
	const char *value;
	double alpha;
	struct history history;
	struct record_list warnings, trees; /* texts; struct tree */
};

#define S struct summary
static RECORD(summary_record, "history", NULL,
	FIELD(COUNT, schema_version), FIELD(TEXT, value),
	NAMED("against", TEXT, history.against), NAMED("accel", TEXT, history.accel),
	FIELD(REAL, alpha), NAMED("smallest_effect", REAL, history.smallest_effect),
	NAMED("series_tested", COUNT, history.tested),
	FIELD(TEXTS, warnings, .required = true),
	FIELD(LIST, trees, .required = true, .record = &tree_record),
	NAMED("series", LIST, history.series, .required = true, .record = &history_series_record));
#undef S

static void add_tree(struct record_list *trees, const struct session *session)
{
	const struct document *host = document_at(session->table.env, "host");
	struct tree *tree = record_append(&tree_record, trees);

	tree->number = trees->count;
	tree->label = session->label;
	tree->dir = session->table.dir;
	tree->started_utc = *session->started ? session->started : NULL;
	if (!host)
		return;
	tree->host = (struct host){ .cpu_model = document_text(host, "cpu_model"),
				    .cpus = document_integer(host, "cpus"),
				    .memory_bytes = document_integer(host, "memory_bytes"),
				    .kernel_release = document_text(host, "kernel_release"),
				    .distribution = document_text(host, "distribution") };
}

void history_print_json(const struct history *h)
{
	struct summary s = { .schema_version = SCHEMA_VERSION,
			     .value = h->against ? "ratio" : "median",
			     .alpha = ALPHA,
			     .history = *h,
			     .warnings = warnings_of(h) };
	size_t i;

	for (i = 0; i < h->sessions->count; i++)
		add_tree(&s.trees, &h->sessions->list[i]);
	record_print(&summary_record, &s, stdout);
	free(s.trees.items);
	record_release_texts(&s.warnings);
}
