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
};

#define ANSWERS_MAX 8

struct question {
	const char *asks;
	const char *needs; /* where nothing of it was measured */
	struct answer answers[ANSWERS_MAX];
};

#define DURATION(move)                                                                             \
	{                                                                                          \
		move ".duration_ns", NULL, 1                                                       \
	}

static const struct question questions[] = {
	{ "Does MADV_WILLNEED on a deflate help the guest, or cost it?",
	  "the variants no-willneed and finalize; scenario refault for the use of the memory "
	  "afterwards",
	  { { "duration of a deflate without it", DURATION("deflate"), "no-willneed", "finalize",
	      NULL, NULL },
	    { "writing to the memory again, without it", DURATION("refault"), "no-willneed",
	      "finalize", NULL, NULL } } },
	{ "What does the format cost, an array of {pfn\\|length} or scatter-gather descriptors?",
	  "the variants sg and chunks",
	  { { "duration of an inflate, descriptors", DURATION("inflate"), "sg", "chunks", NULL,
	      NULL },
	    { "duration of a deflate, descriptors", DURATION("deflate"), "sg", "chunks", NULL,
	      NULL } } },
	{ "How long are the runs where memory is fragmented, and what is left of the gain?",
	  "scenario fragmented, for ratios with finalize beside chunks and huge",
	  { { "free memory in blocks of 64 KiB and above",
	      { "fragmentation.before.share_order4", NULL, 100 },
	      NULL,
	      NULL,
	      "fragmented",
	      "%" },
	    { "pages of an entry, on average",
	      { "inflate.bytes", "inflate.entries.count", 1.0 / PAGE },
	      NULL,
	      NULL,
	      "fragmented",
	      "" },
	    { "duration of an inflate", DURATION("inflate"), "chunks", "finalize", "fragmented",
	      NULL },
	    { "duration of an inflate", DURATION("inflate"), "huge", "finalize", "fragmented",
	      NULL } } },
	{ "What does ballooning by 4 KiB do to the host's huge pages?",
	  "scenario refault",
	  { { "huge pages before",
	      { "host_memory.before.anon_huge_bytes", NULL, 1.0 / MIB },
	      NULL,
	      NULL,
	      "refault",
	      "MiB" },
	    { "inflated",
	      { "host_memory.plateau.anon_huge_bytes", NULL, 1.0 / MIB },
	      NULL,
	      NULL,
	      "refault",
	      "MiB" },
	    { "touched again",
	      { "host_memory.refaulted.anon_huge_bytes", NULL, 1.0 / MIB },
	      NULL,
	      NULL,
	      "refault",
	      "MiB" },
	    { "writing to the memory again", DURATION("refault"), "chunks", "finalize", "refault",
	      NULL },
	    { "writing to the memory again", DURATION("refault"), "chunks", "pfn-array", "refault",
	      NULL },
	    { "writing to the memory again", DURATION("refault"), "huge", "pfn-array", "refault",
	      NULL } } },
	{ "What does compaction cost with a balloon in its way?",
	  "scenario compaction",
	  { { "balloon pages that were migrated",
	      { "compaction.migrated_pages", NULL, 1 },
	      NULL,
	      NULL,
	      "compaction",
	      "" },
	    { "round trips to the host for a migrated page",
	      { "compaction.round_trips", "compaction.migrated_pages", 1 },
	      NULL,
	      NULL,
	      "compaction",
	      "" },
	    { "time of compaction for a migrated page",
	      { "compaction.duration_ns", "compaction.migrated_pages", 1e-3 },
	      NULL,
	      NULL,
	      "compaction",
	      "µs" },
	    { "-EAGAIN for a migrated page",
	      { "compaction.migrate_again", "compaction.migrated_pages", 1 },
	      NULL,
	      NULL,
	      "compaction",
	      "" } } },
	{ "What of the gain is to be had by merging on the host alone, without a new interface?",
	  "the variant host-merge with finalize, chunks-256 or chunks",
	  { { "duration of an inflate, merged by the host", DURATION("inflate"), "host-merge",
	      "finalize", NULL, NULL },
	    { "duration of an inflate, ranges in batches of the same size", DURATION("inflate"),
	      "chunks-256", "host-merge", NULL, NULL },
	    { "duration of an inflate, ranges", DURATION("inflate"), "chunks", "host-merge", NULL,
	      NULL },
	    { "duration of an inflate, ranges", DURATION("inflate"), "chunks", "finalize", NULL,
	      NULL } } },
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
	estimate_write(f, &e, "%.4g");
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

		if (a->scenario && strcmp(a->scenario, s->name))
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
};

static struct text text_of(const struct report *r, const struct question *q)
{
	struct text t = { NULL, NULL };
	const struct answer *a;
	size_t rows_size, absent_size;
	FILE *rows = open_memstream(&t.rows, &rows_size);
	FILE *absent = open_memstream(&t.absent, &absent_size);

	if (!rows || !absent)
		abort();
	for (a = q->answers; a < q->answers + ANSWERS_MAX && a->what; a++) {
		if (write_answer(rows, r, a))
			continue;
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
