/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/cover_letter.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/result.h"

#define COLUMNS 72
#define INDENT 2

/* One character of the tree's text as mail can carry it. */
static char plain(char c)
{
	return isascii((unsigned char)c) && isprint((unsigned char)c) ? c : '?';
}

/*
 * A paragraph: words are put on lines of at most COLUMNS, all of them indented,
 * so that none can begin with what means something to mail or git. A word that
 * is longer than a line is cut.
 */
static void write_paragraph(FILE *f, const char *text)
{
	size_t column = 0, length, i;

	while (*text) {
		text += strspn(text, " \t\n");
		length = strcspn(text, " \t\n");
		if (!length)
			break;
		if (length > COLUMNS - INDENT)
			length = COLUMNS - INDENT;
		if (column && column + 1 + length > COLUMNS) {
			fputc('\n', f);
			column = 0;
		}
		if (column)
			fputc(' ', f);
		else
			fprintf(f, "%*s", INDENT, "");
		column += column ? 1 : INDENT;
		for (i = 0; i < length; i++)
			fputc(plain(text[i]), f);
		column += length;
		text += length;
	}
	fputs("\n", f);
}

static void write_setup(FILE *f, const struct report *r)
{
	const json_t *env = r->tree->env, *host = json_object_get(env, "host");
	const json_t *boot = json_array_get(r->tree->boots, 0);
	char *text = NULL;
	size_t size;
	FILE *t = open_memstream(&text, &size);

	if (!t)
		return;
	fprintf(t, "Measured with balloonbench: %s, QEMU %s, accelerator %s",
		json_text(json_object_get(env, "kernel"), "source"),
		json_text(boot, "qemu_version"), tree_accel(r->tree));
	if (json_object_get(host, "cpus"))
		fprintf(t, ", on %lld CPUs (%s), Linux %s",
			(long long)json_integer_value(json_object_get(host, "cpus")),
			json_text(host, "cpu_model"), json_text(host, "kernel_release"));
	fputs(". Medians over boots; ratio to ", t);
	fputs(r->variants[0], t);
	fputs(" with its 95 % bootstrap interval; verdicts by permutation test, corrected "
	      "for the number of comparisons, ",
	      t);
	fprintf(t, "for effects of %.3g %% and more.", 100 * r->smallest_effect);
	if (!strcmp(tree_accel(r->tree), "tcg"))
		fputs(" Under TCG guest instructions are emulated: the figures compare the path, "
		      "and are not what KVM would show.",
		      t);
	else if (tree_is_icount(r->tree))
		fputs(" Under icount the figures are guest instructions.", t);
	fclose(t);
	write_paragraph(f, text);
	free(text);
}

/* @width characters of a name, and blanks where it is shorter. */
static void write_name(FILE *f, const char *name, int width)
{
	int i;

	for (i = 0; i < width && name[i]; i++)
		fputc(plain(name[i]), f);
	fprintf(f, "%*s", width - i, "");
}

static void write_row(FILE *f, const struct comparison *c)
{
	char interval[32] = "";
	bool base = !strcmp(c->variant, c->base);

	fprintf(f, "%*s", INDENT, "");
	write_name(f, c->variant, 18);
	if (!c->n) {
		fputs(c->absent ? "   -   there is no such move\n" : "   0   no boot that is ok\n",
		      f);
		return;
	}
	fprintf(f, " %3zu %8.4g", c->n, c->median);
	if (!base && isfinite(c->ratio) && isfinite(c->ratio_interval.low))
		snprintf(interval, sizeof(interval), "[%.3f, %.3f]", c->ratio_interval.low,
			 c->ratio_interval.high);
	if (base)
		fputs("  1      base\n", f);
	else if (isfinite(c->ratio))
		fprintf(f, "  %.3f  %-14s  %s\n", c->ratio, interval, verdict_name(c->verdict));
	else
		fprintf(f, "  %s\n", verdict_name(c->verdict));
}

static void write_move(FILE *f, const struct report *r, const char *move,
		       const struct comparison *list, size_t count)
{
	const char *unit = tree_is_icount(r->tree) ? "M instr." : r->inflate.unit;
	size_t v;

	fprintf(f, "%*s%-18s %3s %8s  ratio  95 %% interval   verdict\n", INDENT, "", move, "n",
		unit);
	for (v = 0; v < count; v++)
		write_row(f, &list[v]);
}

static void write_scenario(FILE *f, const struct report *r, const struct report_scenario *s)
{
	const char *description =
		json_text(tree_planned(r->tree, "scenarios", s->name), "description");
	char *text = NULL;
	size_t size;
	FILE *t = open_memstream(&text, &size);

	if (!t)
		return;
	fprintf(t, "%s: %s", s->name, description);
	fclose(t);
	fputc('\n', f);
	write_paragraph(f, text);
	free(text);
	fputc('\n', f);
	write_move(f, r, "inflate", s->inflate, s->variant_count);
	fputc('\n', f);
	write_move(f, r, "deflate", s->deflate, s->variant_count);
}

static void write_reproduce(FILE *f, const struct report *r)
{
	const char *command = json_text(r->tree->env, "command");
	const json_t *seed = json_object_get(r->tree->plan, "seed");
	char *text = NULL;
	size_t size;
	FILE *t;

	if (!*command)
		return;
	t = open_memstream(&text, &size);
	if (!t)
		return;
	fprintf(t, "To reproduce: %s", command);
	if (seed)
		fprintf(t, " --seed %lld", (long long)json_integer_value(seed));
	fclose(t);
	fputc('\n', f);
	write_paragraph(f, text);
	free(text);
}

void cover_letter_write(const struct report *r, FILE *f)
{
	size_t i;

	write_setup(f, r);
	for (i = 0; i < r->scenario_count; i++)
		write_scenario(f, r, &r->scenarios[i]);
	write_reproduce(f, r);
}
