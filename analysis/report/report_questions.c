/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/report_questions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/data/estimate.h"
#include "analysis/data/figure.h"
#include "analysis/report/markdown.h"
#include "lib/bootstrap.h"
#include "lib/stats.h"

#define PAGE 4096
#define MIB (1 << 20)

/* A figure that answers a question: of a variant, or its ratio to another. */
struct answer {
	const char *what;
	struct figure figure;
	const char *variant;  /* NULL: each that has it */
	const char *against;  /* of a ratio; NULL: the figure by itself */
	const char *scenario; /* NULL: each that has both */
	const char *unit;     /* of a figure by itself */
	const char *beside;   /* says nothing where this variant was not run, or NULL */
};

#define ANSWERS_MAX 8

struct question {
	const char *asks;
	const char *needs; /* where nothing of it was measured */
	const char *see;   /* where there is more of it, or NULL */
	struct answer answers[ANSWERS_MAX];
};

/* Of durations, in a scenario or (NULL) in each. */
#define RATIO(said, of, mine, to, in)                                                              \
	{                                                                                          \
		.what = said, .figure = { of ".duration_ns", NULL, 1 }, .variant = mine,           \
		.against = to, .scenario = in                                                      \
	}
/* The same where another variant was run, too. */
#define RATIO_BESIDE(said, of, mine, to, third)                                                    \
	{                                                                                          \
		.what = said, .figure = { of ".duration_ns", NULL, 1 }, .variant = mine,           \
		.against = to, .beside = third                                                     \
	}
#define FIGURE(said, in, unit_shown, ...)                                                          \
	{                                                                                          \
		.what = said, .figure = { __VA_ARGS__ }, .scenario = in, .unit = unit_shown        \
	}

static const struct question questions[] = {
	{ .asks = "Does MADV_WILLNEED on a deflate help the guest, or cost it?",
	  .needs = "the variants no-willneed and finalize; scenario refault for the use of the "
		   "memory afterwards",
	  .answers = { RATIO("duration of a deflate without it", "deflate", "no-willneed",
			     "finalize", NULL),
		       RATIO("writing to the memory again, without it", "refault", "no-willneed",
			     "finalize", NULL) } },
	{ .asks = "What does the format cost, an array of {pfn\\|length} or scatter-gather "
		  "descriptors?",
	  .needs = "the variants sg and chunks",
	  .answers = { RATIO("duration of an inflate, descriptors", "inflate", "sg", "chunks",
			     NULL),
		       RATIO("duration of a deflate, descriptors", "deflate", "sg", "chunks",
			     NULL) } },
	{ .asks = "How long are the runs where memory is fragmented, and what is left of the gain?",
	  .needs = "scenario fragmented, for ratios with finalize beside chunks and huge",
	  .see = "How much lies in runs of which length, and in calls of which, shows the plot of "
		 "this scenario under State of memory.",
	  .answers = { FIGURE("free memory in blocks of 64 KiB and above", "fragmented", "%",
			      "fragmentation.before.share_order4", NULL, 100),
		       FIGURE("pages of an entry, on average", "fragmented", "", "inflate.bytes",
			      "inflate.entries.count", 1.0 / PAGE),
		       RATIO("duration of an inflate", "inflate", "chunks", "finalize",
			     "fragmented"),
		       RATIO("duration of an inflate", "inflate", "huge", "finalize",
			     "fragmented") } },
	{ .asks = "What does ballooning by 4 KiB do to the host's huge pages?",
	  .needs =
		  "scenario refault, for ratios with pfn-array and finalize beside chunks and huge",
	  .see = "The plot of this scenario under State of memory has them beside all of QEMU's "
		 "memory.",
	  .answers = { FIGURE("huge pages before", "refault", "MiB",
			      "host_memory.before.anon_huge_bytes", NULL, 1.0 / MIB),
		       FIGURE("inflated", "refault", "MiB", "host_memory.plateau.anon_huge_bytes",
			      NULL, 1.0 / MIB),
		       FIGURE("touched again", "refault", "MiB",
			      "host_memory.refaulted.anon_huge_bytes", NULL, 1.0 / MIB),
		       RATIO("writing to the memory again", "refault", "chunks", "finalize",
			     "refault"),
		       RATIO("writing to the memory again", "refault", "chunks", "pfn-array",
			     "refault"),
		       RATIO("writing to the memory again", "refault", "huge", "pfn-array",
			     "refault") } },
	{ .asks = "What does compaction cost with a balloon in its way?",
	  .needs = "scenario compaction",
	  .answers = { FIGURE("balloon pages that were migrated", "compaction", "",
			      "compaction.migrated_pages", NULL, 1),
		       FIGURE("round trips to the host for a migrated page", "compaction", "",
			      "compaction.round_trips", "compaction.migrated_pages", 1),
		       FIGURE("time of compaction for a migrated page", "compaction", "µs",
			      "compaction.duration_ns", "compaction.migrated_pages", 1e-3),
		       FIGURE("-EAGAIN for a migrated page", "compaction", "",
			      "compaction.migrate_again", "compaction.migrated_pages", 1) } },
	{ .asks = "What of the gain is to be had by merging on the host alone, without a new "
		  "interface?",
	  .needs = "the variant host-merge with finalize, chunks-256 or chunks",
	  .answers = { RATIO("duration of an inflate, merged by the host", "inflate", "host-merge",
			     "finalize", NULL),
		       RATIO("duration of an inflate, ranges in batches of the same size",
			     "inflate", "chunks-256", "host-merge", NULL),
		       RATIO("duration of an inflate, ranges", "inflate", "chunks", "host-merge",
			     NULL),
		       RATIO_BESIDE("duration of an inflate, ranges", "inflate", "chunks",
				    "finalize", "host-merge") } },
};

#define QUESTIONS (sizeof(questions) / sizeof(questions[0]))

/* The values of one side, and how many. */
struct side {
	double *values;
	size_t n;
};

static struct side side_of(const struct report *r, const struct answer *a, const char *scenario,
			   const char *variant)
{
	struct side s;

	s.n = figure_values(&a->figure, r->tree, scenario, variant, &s.values);
	return s;
}

static void write_begin(FILE *f, const struct answer *a, const char *scenario, const char *variant)
{
	fprintf(f, "| %s | ", a->what);
	markdown_text(f, scenario);
	fputs(" | ", f);
	markdown_text(f, variant);
}

static bool write_ratio(FILE *f, const struct report *r, const struct answer *a,
			const char *scenario, const char *variant)
{
	struct side s = side_of(r, a, scenario, variant);
	struct side base = side_of(r, a, scenario, a->against);
	bool known = s.n && stats_all_positive(base.values, base.n) && base.n;
	struct interval i;

	if (known) {
		write_begin(f, a, scenario, variant);
		fputs(" against ", f);
		markdown_text(f, a->against);
		fprintf(f, " | %zu, %zu | %.3f", s.n, base.n,
			stats_median(s.values, s.n) / stats_median(base.values, base.n));
		if (s.n > 1 && base.n > 1) {
			i = bootstrap_ratio(s.values, s.n, base.values, base.n);
			fprintf(f, " [%.3f, %.3f]", i.low, i.high);
		}
		fputs(" x |\n", f);
	}
	free(s.values);
	free(base.values);
	return known;
}

static bool write_figure(FILE *f, const struct report *r, const struct answer *a,
			 const char *scenario, const char *variant)
{
	struct side s = side_of(r, a, scenario, variant);
	struct estimate e = estimate_of(s.values, s.n);

	if (!e.n)
		return false;
	write_begin(f, a, scenario, variant);
	fprintf(f, " | %zu | ", e.n);
	/* No powers of ten. */
	estimate_write(f, &e, e.median < 10000 ? "%.4g" : "%.0f");
	fprintf(f, "%s%s |\n", *a->unit ? " " : "", a->unit);
	return true;
}

static bool write_variant(FILE *f, const struct report *r, const struct answer *a,
			  const struct report_scenario *s, const char *variant)
{
	if (a->variant && strcmp(a->variant, variant))
		return false;
	return a->against ? write_ratio(f, r, a, s->name, variant)
			  : write_figure(f, r, a, s->name, variant);
}

static bool write_answer(FILE *f, const struct report *r, const struct answer *a)
{
	bool any = false;
	size_t i, v;

	for (i = 0; i < r->scenario_count; i++) {
		const struct report_scenario *s = &r->scenarios[i];

		if ((a->scenario && strcmp(a->scenario, s->name)) ||
		    (a->beside && !tree_has(r->tree, s->name, a->beside)))
			continue;
		for (v = 0; v < s->variant_count; v++)
			any = write_variant(f, r, a, s, s->variants[v]) || any;
	}
	return any;
}

/* The rows of a question, and which of its figures have none; "" where that is so. */
struct text {
	char *rows;
	char *absent;
	bool first; /* of what the question is about before all */
};

static struct text text_of(const struct report *r, const struct question *q)
{
	struct text t = { NULL, NULL, false };
	const struct answer *a;
	size_t rows_size, absent_size;
	FILE *rows = open_memstream(&t.rows, &rows_size);
	FILE *absent = open_memstream(&t.absent, &absent_size);

	if (!rows || !absent)
		abort();
	for (a = q->answers; a < q->answers + ANSWERS_MAX && a->what; a++) {
		if (write_answer(rows, r, a)) {
			t.first = t.first || a == q->answers;
			continue;
		}
		fprintf(absent, "%s%s", ftell(absent) ? "; " : "", a->what);
		if (a->against)
			fprintf(absent, " (%s against %s)", a->variant, a->against);
	}
	fclose(rows);
	fclose(absent);
	return t;
}

static void write_question(FILE *f, const struct question *q, size_t number, const struct text *t)
{
	fprintf(f, "**%zu. %s**", number, q->asks);
	if (!*t->rows) {
		fprintf(f, " Not measured in this run: it needs %s.\n\n", q->needs);
		return;
	}
	fprintf(f,
		"\n\n| figure | scenario | variant | n | value [95 %%] |\n"
		"|---|---|---|---|---|\n%s\n",
		t->rows);
	if (q->see && t->first)
		fprintf(f, "%s\n\n", q->see);
	if (*t->absent)
		fprintf(f, "Not measured in this run: %s. It needs %s.\n\n", t->absent, q->needs);
}

void report_questions(FILE *f, const struct report *r)
{
	struct text texts[QUESTIONS];
	bool any = false;
	size_t i;

	for (i = 0; i < QUESTIONS; i++) {
		texts[i] = text_of(r, &questions[i]);
		any = any || *texts[i].rows;
	}
	if (any)
		fputs("## Six questions\n\n"
		      "What this run has to say on what is asked of the series. A ratio is of "
		      "medians over boots, below 1 is less; n counts boots, of a ratio those of "
		      "both sides. An interval is of its figure alone: verdicts, corrected for the "
		      "number of comparisons, stand with the results.\n\n",
		      f);
	for (i = 0; i < QUESTIONS; i++) {
		if (any)
			write_question(f, &questions[i], i + 1, &texts[i]);
		free(texts[i].rows);
		free(texts[i].absent);
	}
}
