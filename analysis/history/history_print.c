/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/history/history_print.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/history/changepoint.h"
#include "analysis/data/utf8.h"

/* Of a key that is a hash, enough to tell it from others. */
#define KEY_SHOWN 8
#define LABEL_WIDTH_MAX 40
#define FIGURE_WIDTH 12

static void __attribute__((format(printf, 2, 3)))
warn(struct history_warnings *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&w->list[w->count++], fmt, ap) < 0)
		abort();
	va_end(ap);
}

static void warn_of_hosts(struct history_warnings *w, const struct history *h)
{
	const struct session *one, *other;

	if (sessions_mix_hosts(h->sessions, &one, &other))
		warn(w,
		     "%s and %s are from different machines: %s, and a change between them may be "
		     "the machines'",
		     printable(one->label), printable(other->label),
		     h->against ? "ratios differ between machines too"
				: "their times have nothing in common");
}

/* A ratio changes with either side of it. */
static void warn_of_base(struct history_warnings *w, const struct history *h)
{
	const char *key, *first = NULL;
	size_t i, other = 0;

	for (i = 0; h->against && i < h->sessions->count; i++) {
		key = history_kernel(&h->sessions->list[i].tree, h->against);
		if (key && first)
			other += strcmp(key, first) != 0;
		else if (key)
			first = key;
	}
	if (other)
		warn(w,
		     "the kernel of the base, %s, is not the same in all trees: a change may be "
		     "the base's",
		     printable(h->against));
}

void history_warn(struct history_warnings *w, const struct history *h)
{
	*w = (struct history_warnings){ .count = 0 };
	/* A count of instructions knows nothing of what else the machine did. */
	if (!h->against && !tree_is_icount(&h->sessions->list[0].tree))
		warn(w, "medians of different sessions: whatever else the machine did is in them, "
			"and a change may be the session's; ratios within each tree (without "
			"--absolute) are free of that");
	warn_of_hosts(w, h);
	warn_of_base(w, h);
}

void history_warnings_release(struct history_warnings *w)
{
	while (w->count)
		free(w->list[--w->count]);
}

/* Columns that a UTF-8 text takes, near enough. */
static int width(const char *text)
{
	int n = 0;

	for (; *text; n++)
		utf8_next(&text);
	return n;
}

static int label_width(const struct history *h)
{
	int widest = 4;
	size_t i;

	for (i = 0; i < h->sessions->count; i++) {
		int w = width(printable(h->sessions->list[i].label));

		widest = w > widest ? w : widest;
	}
	return widest < LABEL_WIDTH_MAX ? widest : LABEL_WIDTH_MAX;
}

static void print_padded(const char *text, int columns)
{
	int w = width(text);

	printf("%s%*s", text, w < columns ? columns - w : 0, "");
}

static void key_text(const char *key, char *text)
{
	snprintf(text, KEY_SHOWN + 1, "%.*s", KEY_SHOWN, key ? printable(key) : "-");
}

static void print_kernels(const struct history *h, const struct history_series *s, size_t i)
{
	const struct tree *tree = &h->sessions->list[i].tree;
	char key[KEY_SHOWN + 1], base[KEY_SHOWN + 1] = "";

	key_text(history_kernel(tree, s->variant), key);
	if (h->against)
		key_text(history_kernel(tree, h->against), base);
	printf("  %-8s", key);
	if (h->against)
		printf("  %-8s", base);
}

/* "MEDIAN ms"; the column is as wide as it, or as a figure. */
static int median_head(const struct history_series *s, char *head, size_t size)
{
	int w = snprintf(head, size, "MEDIAN%s%s", *s->metric->unit ? " " : "", s->metric->unit);

	return w < FIGURE_WIDTH ? FIGURE_WIDTH : w;
}

static void print_point(const struct history *h, const struct history_series *s, size_t i,
			int columns)
{
	const struct history_point *p = &s->points[i];
	char head[48], n[24], median[24] = "-", ratio[16] = "-", interval[48] = "";
	const char *format = h->against ? "[%#.4g, %#.4g]" : "[%.5g, %.5g]";

	printf("  %3zu  ", i + 1);
	print_padded(printable(h->sessions->list[i].label), columns);
	print_kernels(h, s, i);
	snprintf(n, sizeof(n), h->against ? "%zu/%zu" : "%zu", p->n, p->base_n);
	if (p->n)
		snprintf(median, sizeof(median), "%.5g", p->median);
	if (isfinite(p->value))
		snprintf(ratio, sizeof(ratio), "%#.4g", p->value);
	if (isfinite(p->interval.low))
		snprintf(interval, sizeof(interval), format, p->interval.low, p->interval.high);
	printf("  %7s  %*s", n, median_head(s, head, sizeof(head)), median);
	if (h->against)
		printf("  %7s", ratio);
	printf("  %s%s%s\n", interval, p->gap ? "  gap: " : "", p->gap ? p->gap : "");
}

static void print_origin(const struct history *h, const struct history_series *s,
			 const struct history_change *c)
{
	struct history_origin o = history_origin(h, s, c);
	const struct {
		const char *name;
		int differs;
	} parts[] = { { "its kernel", o.kernel },
		      { "the base's kernel", h->against ? o.base_kernel : -1 },
		      { "QEMU", o.qemu },
		      { "the machine", o.host } };
	const char *between;
	size_t i;
	int differs;

	for (differs = 1; differs >= 0; differs--) {
		between = differs ? "\n        other there: " : "\n        the same: ";
		for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
			if (parts[i].differs != differs)
				continue;
			printf("%s%s", between, parts[i].name);
			between = ", ";
		}
	}
}

static void print_change(const struct history *h, const struct history_series *s,
			 const struct history_change *c)
{
	printf("   >>>  x %.3f", c->ratio);
	if (isfinite(c->interval.low))
		printf(" [%.3f, %.3f]", c->interval.low, c->interval.high);
	printf(": %s, p %.4f; %s %.4g over %zu tree%s, then %.4g over %zu%s%s",
	       verdict_name(c->verdict), c->p_holm, h->against ? "ratio" : "median",
	       c->level_before, c->trees_before, c->trees_before == 1 ? "" : "s", c->level_after,
	       c->trees_after, h->against ? "" : ", in ", h->against ? "" : s->metric->unit);
	if (c->trees_after == 1 && c->after + 1 == h->sessions->count)
		printf("\n        one tree may be an odd session: another will tell");
	print_origin(h, s, c);
	putchar('\n');
}

/* What a series without a change point says, as far as it can. */
static void print_end(const struct history_series *s)
{
	if (s->used < CHANGEPOINT_VALUES_MIN) {
		printf("  %s: of trees with %d boots a side there are %zu, and %d are wanted\n",
		       s->reason, HISTORY_BOOTS_MIN, s->used, CHANGEPOINT_VALUES_MIN);
	} else if (s->reason) {
		printf("  no change point: %s (p %.4f)\n", s->reason, s->p_holm);
		if (isfinite(s->detectable_middle))
			printf("  these trees would have shown x %.3f from the middle on, x %.3f "
			       "at the last one\n",
			       s->detectable_middle, s->detectable_last);
	}
}

static void print_series(const struct history *h, const struct history_series *s)
{
	int columns = label_width(h), median_columns;
	char head[48];
	size_t i, k = 0;

	printf("%s, %s: %s", printable(s->scenario), printable(s->metric->name),
	       printable(s->variant));
	printf("%s%s (%s, %zu tree%s)\n", h->against ? ", ratio to " : ", medians",
	       h->against ? printable(h->against) : "",
	       printable(tree_accel(&h->sessions->list[0].tree)), h->sessions->count,
	       h->sessions->count == 1 ? "" : "s");
	median_columns = median_head(s, head, sizeof(head));
	printf("    #  ");
	print_padded("TREE", columns);
	printf("  %-8s", "KERNEL");
	if (h->against)
		printf("  %-8s", "BASE'S");
	printf("  %7s  %*s", "N", median_columns, head);
	if (h->against)
		printf("  %7s", "RATIO");
	printf("  %s\n", "95 % INTERVAL");
	for (i = 0; i < h->sessions->count; i++) {
		if (k < s->change_count && s->changes[k].after == i)
			print_change(h, s, &s->changes[k++]);
		print_point(h, s, i, columns);
	}
	print_end(s);
}

void history_print(const struct history *h, const struct history_warnings *w)
{
	size_t i;

	for (i = 0; i < w->count; i++)
		printf("warning: %s\n", w->list[i]);
	for (i = 0; i < h->count; i++) {
		printf("%s", i || w->count ? "\n" : "");
		print_series(h, &h->series[i]);
	}
	printf("\nN is boots%s. P is corrected for %zu series (Holm).\nA change below %.0f %% is "
	       "of no "
	       "interest. A tree is one session: how much sessions differ is in P.\nThis tells; to "
	       "fail a build by it there is balloonstat gate.\n",
	       h->against ? " of the variant and of the base" : "", h->tested,
	       100 * h->smallest_effect);
}

/* JSON knows neither NAN nor infinity. */
static json_t *finite_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *differs_or_null(int differs)
{
	return differs < 0 ? json_null() : json_boolean(differs);
}

/* Text of a command line or path: what is no UTF-8 would make json_string() fail. */
static json_t *text_to_json(const char *text)
{
	return json_string(utf8_is_valid(text) ? text : printable(text));
}

static json_t *trees_to_json(const struct history *h)
{
	json_t *trees = json_array();
	size_t i;

	for (i = 0; i < h->sessions->count; i++) {
		const struct session *s = &h->sessions->list[i];

		json_array_append_new(trees,
				      json_pack("{s:i, s:o, s:o, s:s?, s:O*}", "number", (int)i + 1,
						"label", text_to_json(s->label), "dir",
						text_to_json(s->tree.dir), "started_utc",
						*s->started ? s->started : NULL, "host",
						json_object_get(s->tree.env, "host")));
	}
	return trees;
}

static json_t *points_to_json(const struct history *h, const struct history_series *s)
{
	json_t *points = json_array();
	size_t i;

	for (i = 0; i < h->sessions->count; i++) {
		const struct history_point *p = &s->points[i];
		const struct tree *tree = &h->sessions->list[i].tree;
		json_t *point = json_pack(
			"{s:i, s:i, s:o, s:o, s:o, s:o, s:s?, s:s?}", "tree", (int)i + 1, "n",
			(int)p->n, "median", finite_or_null(p->median), "value",
			finite_or_null(p->value), "ci_low", finite_or_null(p->interval.low),
			"ci_high", finite_or_null(p->interval.high), "gap", p->gap, "kernel",
			history_kernel(tree, s->variant));

		if (h->against)
			json_object_update_new(
				point, json_pack("{s:i, s:o, s:s?}", "base_n", (int)p->base_n,
						 "base_median", finite_or_null(p->base_median),
						 "base_kernel", history_kernel(tree, h->against)));
		json_array_append_new(points, point);
	}
	return points;
}

static json_t *changes_to_json(const struct history *h, const struct history_series *s)
{
	json_t *changes = json_array();
	size_t k;

	for (k = 0; k < s->change_count; k++) {
		const struct history_change *c = &s->changes[k];
		struct history_origin o = history_origin(h, s, c);

		json_array_append_new(
			changes,
			json_pack("{s:i, s:i, s:i, s:i, s:f, s:f, s:f, s:o, s:o, s:f, s:f, s:s, "
				  "s:{s:o, s:o, s:o, s:o}}",
				  "before", (int)c->before + 1, "after", (int)c->after + 1,
				  "trees_before", (int)c->trees_before, "trees_after",
				  (int)c->trees_after, "level_before", c->level_before,
				  "level_after", c->level_after, "ratio", c->ratio, "ci_low",
				  finite_or_null(c->interval.low), "ci_high",
				  finite_or_null(c->interval.high), "p", c->p, "p_holm", c->p_holm,
				  "verdict", verdict_name(c->verdict), "differs", "kernel",
				  differs_or_null(o.kernel), "base_kernel",
				  differs_or_null(h->against ? o.base_kernel : -1), "qemu",
				  differs_or_null(o.qemu), "host", differs_or_null(o.host)));
	}
	return changes;
}

static json_t *series_to_json(const struct history *h, const struct history_series *s)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:s?, s:o, s:o}",
			 "scenario", s->scenario, "variant", s->variant, "metric", s->metric->name,
			 "unit", s->metric->unit, "trees_used", (int)s->used, "p",
			 finite_or_null(s->p), "p_holm", finite_or_null(s->p_holm),
			 "detectable_middle", finite_or_null(s->detectable_middle),
			 "detectable_last", finite_or_null(s->detectable_last), "reason", s->reason,
			 "changes", changes_to_json(h, s), "points", points_to_json(h, s));
}

void history_print_json(const struct history *h, const struct history_warnings *w)
{
	json_t *series = json_array(), *warnings = json_array(), *all;
	size_t i;

	for (i = 0; i < h->count; i++)
		json_array_append_new(series, series_to_json(h, &h->series[i]));
	for (i = 0; i < w->count; i++)
		json_array_append_new(warnings, json_string(w->list[i]));
	all = json_pack("{s:i, s:s, s:s?, s:s, s:f, s:f, s:i, s:o, s:o, s:o}", "schema_version", 1,
			"value", h->against ? "ratio" : "median", "against", h->against, "accel",
			tree_accel(&h->sessions->list[0].tree), "alpha", ALPHA, "smallest_effect",
			h->smallest_effect, "series_tested", (int)h->tested, "warnings", warnings,
			"trees", trees_to_json(h), "series", series);
	json_dumpf(all, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
	putchar('\n');
	json_decref(all);
}
