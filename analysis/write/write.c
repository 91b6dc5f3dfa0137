/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/write/write.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/data/resolution.h"
#include "analysis/write/backend.h"
#include "lib/alloc.h"
#include "lib/utf8.h"

#define OUTPUTS_MAX 2

struct writer {
	struct output outputs[OUTPUTS_MAX];
	size_t output_count;
	struct block block; /* not given on yet: it may become longer */
	struct table_block table;
};

static void *longer(void *list, size_t count, size_t size)
{
	/* Room is doubled whenever all of it is taken. */
	return count & (count - 1) ? list : xreallocarray(list, count ? 2 * count : 1, size);
}

void write_escaped(FILE *f, const char *text, const struct escapes *e)
{
	while (*text) {
		const char *at = text, *found = NULL;
		long code = utf8_next(&text);

		if (code > 0 && code < 0x80 && (code != ']' || (*text && strchr("([:", *text))))
			found = strchr(e->chars, code);
		if (found)
			fputs(e->instead[found - e->chars], f);
		else if (utf8_is_control(code) || (e->ascii && code > '~'))
			fputs(code == -1 ? e->bad : e->control, f);
		else
			fwrite(at, 1, text - at, f);
	}
}

struct writer *write_open(void)
{
	return xcalloc(1, sizeof(struct writer));
}

int write_to(struct writer *w, enum write_format format, FILE *f,
	     const struct write_options *options, char *err, size_t err_size)
{
	static const struct backend *const backends[] = {
		[WRITE_TEXT] = &text_backend,
		[WRITE_MARKDOWN] = &markdown_backend,
		[WRITE_HTML] = &html_backend,
		[WRITE_CSV] = &csv_backend,
	};
	struct output *o = &w->outputs[w->output_count];
	int status = 0;

	assert(w->output_count < OUTPUTS_MAX);
	*o = (struct output){ .backend = backends[format], .f = f };
	if (options)
		o->options = *options;
	if (o->backend->first)
		fputs(o->backend->first, f);
	if (o->backend->begin)
		status = o->backend->begin(o, err, err_size);
	w->output_count += !status;
	return status;
}

/* The block before cannot become longer any more. */
static void finish(struct writer *w)
{
	struct block *b = &w->block;
	struct output *o;
	size_t i;

	for (o = w->outputs; b->kind && o < w->outputs + w->output_count; o++) {
		if (o->backend->block)
			o->backend->block(o, b);
		o->last = b->kind;
	}
	for (i = 0; i < b->run_count; i++)
		free(b->runs[i].text);
	free(b->runs);
	free(b->name);
	*b = (struct block){ .kind = BLOCK_NONE };
}

void write_close(struct writer *w)
{
	struct output *o;

	finish(w);
	for (o = w->outputs; o < w->outputs + w->output_count; o++)
		if (o->backend->end)
			o->backend->end(o);
	free(w);
}

static void append(char **text, char *more)
{
	char *longer = xasprintf("%s%s", *text, more);

	free(*text);
	free(more);
	*text = longer;
}

void write_run(struct writer *w, bool strong, char *text)
{
	struct block *b = &w->block;

	if (b->run_count && b->runs[b->run_count - 1].strong == strong) {
		append(&b->runs[b->run_count - 1].text, text);
		return;
	}
	b->runs = longer(b->runs, b->run_count, sizeof(*b->runs));
	b->runs[b->run_count++] = (struct run){ .text = text, .strong = strong };
}

void write_block(struct writer *w, enum block_kind kind, int level, const char *name, char *text)
{
	finish(w);
	w->block = (struct block){ .kind = kind, .level = level, .name = xstrdup(name) };
	write_run(w, false, text);
}

void write_table(struct writer *w)
{
	finish(w);
	w->table = (struct table_block){ .column_count = 2 };
}

void write_title(struct writer *w, char *title)
{
	struct table_block *t = &w->table;

	if (!t->titles)
		t->column_count = 0;
	t->titles = longer(t->titles, t->column_count, sizeof(*t->titles));
	t->titles[t->column_count++] = title;
}

void write_columns(struct writer *w, const char *titles)
{
	size_t n;

	for (; *titles; titles += n + (titles[n] == '|')) {
		n = strcspn(titles, "|");
		write_column(w, "%.*s", (int)n, titles);
	}
}

void write_table_of(struct writer *w, const char *titles)
{
	write_table(w);
	write_columns(w, titles);
}

static void release_cells(struct table_block *t)
{
	while (t->cell_count)
		free(t->cells[--t->cell_count].text);
	free(t->cells);
	t->cells = NULL;
}

static void give_table(struct writer *w)
{
	struct table_block *t = &w->table;
	struct output *o;

	assert(t->cell_count % t->column_count == 0);
	for (o = w->outputs; t->cell_count && o < w->outputs + w->output_count; o++) {
		o->backend->table(o, t);
		o->last = BLOCK_TABLE;
	}
}

void write_row(struct writer *w)
{
	/* All of a CSV file need not be in memory. */
	if (w->output_count == 1 && w->outputs[0].backend->by_row && w->table.cell_count) {
		give_table(w);
		release_cells(&w->table);
		w->table.rows_out++;
	}
}

void write_table_end(struct writer *w)
{
	struct table_block *t = &w->table;
	size_t i;

	give_table(w);
	release_cells(t);
	for (i = 0; t->titles && i < t->column_count; i++)
		free(t->titles[i]);
	free(t->titles);
	*t = (struct table_block){ .column_count = 0 };
}

static bool is_words(const char *text)
{
	static const char *const no_numbers[] = { "", "-", "—", "unresolved" };
	size_t i;

	for (i = 0; i < sizeof(no_numbers) / sizeof(no_numbers[0]); i++)
		if (!strcmp(text, no_numbers[i]))
			return false;
	return true;
}

static struct cell *add_cell(struct writer *w, char *text)
{
	struct table_block *t = &w->table;

	t->cells = longer(t->cells, t->cell_count, sizeof(*t->cells));
	t->cells[t->cell_count] =
		(struct cell){ .text = text, .number = NAN, .is_words = is_words(text) };
	return &t->cells[t->cell_count++];
}

void write_words(struct writer *w, char *text)
{
	add_cell(w, text);
}

void write_row_list(struct writer *w, const char *const *texts)
{
	write_row(w);
	for (; *texts; texts++)
		write_cell(w, "%s", *texts);
}

void write_cells(struct writer *w, const char *text, size_t count)
{
	while (count--)
		write_cell(w, "%s", text);
}

/* The last decimal place is @place, or, where that is 0, that of the format. */
static void format_rounded(char *text, size_t size, const char *format, double value, double place)
{
	int digits, finest = place > 0 ? (int)fmax(-round(log10(place)), 0) : 0;
	const char *point;

	if (place > 0)
		value = round(value / place) * place;
	snprintf(text, size, format, value);
	if (!(place > 0))
		return;
	point = strchr(text, '.');
	digits = point && !strchr(text, 'e') ? (int)strlen(point + 1) : 0;
	if (!strstr(text, "e-"))
		snprintf(text, size, "%.*f", digits < finest ? digits : finest, value);
}

char *rounded_text(const char *format, double resolution, double value, double low, double high)
{
	/* One digit of the value is shown in any case. */
	double width = fmin(resolution, 1) * fabs(value), place;
	char texts[3][64];

	place = width > 0 && isfinite(width) ? pow(10, floor(log10(width))) : 0;
	format_rounded(texts[0], sizeof(texts[0]), format, value, place);
	if (!isfinite(low) || !isfinite(high))
		return xstrdup(texts[0]);
	format_rounded(texts[1], sizeof(texts[1]), format, low, place);
	format_rounded(texts[2], sizeof(texts[2]), format, high, place);
	return xasprintf("%s [%s, %s]", texts[0], texts[1], texts[2]);
}

static void mark_unresolved(struct writer *w, double resolution, double value)
{
	if (isfinite(value) && !is_resolved(resolution))
		write_more(w, " " UNRESOLVED);
}

static void add_rounded(struct writer *w, const char *format, double resolution, double value,
			double low, double high)
{
	struct cell *cell;

	if (!isfinite(value)) {
		write_cell(w, "-");
		return;
	}
	cell = add_cell(w, rounded_text(format, resolution, value, low, high));
	cell->number = value;
	cell->is_words = false;
}

void write_rounded(struct writer *w, const char *format, double resolution, double value,
		   double low, double high)
{
	add_rounded(w, format, resolution, value, low, high);
	mark_unresolved(w, resolution, value);
}

void write_interval(struct writer *w, const char *format, double resolution, double value,
		    const struct interval *interval, double factor)
{
	add_rounded(w, format, resolution, value * factor, interval->low * factor,
		    interval->high * factor);
	/* Half a tenth of a percent is not shown. */
	if (isfinite(value) && isfinite(interval->low) && interval->confidence < CONFIDENCE - 5e-4)
		write_more(w, " (%.4g %%)", 100 * interval->confidence);
	mark_unresolved(w, resolution, value);
}

void write_percent(struct writer *w, const char *before, double part, const char *after)
{
	write_more(w, part < 0.95 ? "%s%.2g %%%s" : "%s%.4g %%%s", before, 100 * part, after);
}

void write_more_words(struct writer *w, char *text)
{
	append(&w->table.cells[w->table.cell_count - 1].text, text);
}

static const char *styled(const char *name)
{
	static const char *const styles[] = { "improve", "regress", "same", "inconclusive",
					      "invalid" };
	size_t i = sizeof(styles) / sizeof(styles[0]);

	while (i && strcmp(styles[i - 1], name))
		i--;
	return i ? styles[i - 1] : NULL;
}

void write_verdict(struct writer *w, const char *name)
{
	add_cell(w, xstrdup(name))->verdict = styled(name);
}

void write_more_verdict(struct writer *w, const char *name)
{
	write_more(w, " %s", name);
	w->table.cells[w->table.cell_count - 1].verdict = styled(name);
}

void write_fact_words(struct writer *w, const char *what, char *text)
{
	if (!*text) {
		free(text);
		return;
	}
	write_row_texts(w, what, NULL);
	write_words(w, text);
}

bool column_is_numeric(const struct table_block *t, size_t column)
{
	bool any = false;
	size_t i;

	for (i = column; i < t->cell_count; i += t->column_count) {
		if (t->cells[i].is_words)
			return false;
		any |= isfinite(t->cells[i].number);
	}
	return any && t->titles;
}
