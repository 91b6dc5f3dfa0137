/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/export/export.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/utf8.h"
#include "lib/alloc.h"
#include "lib/atomic_file.h"
#include "lib/directory.h"
#include "lib/log.h"

#define TICKS_PER_HALVING 5
#define PATH_SIZE 256

/* The name of a column without ".histogram", as "ops.enqueue". Returns @name. */
static char *short_name(const struct column *column, char *name)
{
	const char *end = strstr(column->name, ".histogram");

	snprintf(name, PATH_SIZE, "%.*s",
		 (int)(end && !strcmp(end, ".histogram") ? end - column->name : PATH_SIZE),
		 column->name);
	return name;
}

struct scale {
	const char *unit;
	double divisor;
};

/* A victim's histogram has the unit of the victim's name. */
static struct scale scale_of(const struct export *e, const char *name)
{
	size_t n = strlen(name);

	if (n > 6 && !strcmp(name + n - 6, "_bytes"))
		return (struct scale){ "bytes", 1 };
	if (strstr(name, "_per_s."))
		return (struct scale){ "per second", 1 };
	if (table_in_instructions(e->table, strstr(name, ".host.") ? CLOCK_HOST : CLOCK_GUEST))
		return (struct scale){ table_instructions(e->table), 1 };
	return (struct scale){ "us", 1000 };
}

static double deviation(const struct histogram *h)
{
	double mean = histogram_mean(h), sum = 0;
	unsigned int i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (h->buckets[i])
			sum += h->buckets[i] *
			       pow(fmin(fmax(histogram_middle(i), h->min), h->max) - mean, 2);
	return sqrt(sum / h->count);
}

static void write_levels(FILE *f, const struct histogram *h, double divisor)
{
	uint64_t seen = h->buckets[0];
	unsigned int bucket = 0;
	double level = 0;

	do {
		while (seen < h->count && (!seen || seen < level * h->count))
			seen += h->buckets[++bucket];
		fprintf(f, "%12.3f %14.12f %10" PRIu64 " %14.2f\n",
			fmin(histogram_high(bucket), h->max) / divisor, level, seen,
			1 / (1 - level));
		/* Five steps from where half is left to where a quarter is, and so on. */
		level += 1 / (TICKS_PER_HALVING * exp2(floor(log2(1 / (1 - level))) + 1));
	} while (seen < h->count);
	fprintf(f, "%12.3f %14.12f %10llu %14s\n", h->max / divisor, 1.0, h->count, "inf");
}

/* That the values are those of one operation in N: "One in = 16, ", or "". Returns @text. */
static const char *sample(const struct export *e, const struct table_boot *boot, const char *name,
			  char text[64])
{
	const char *end = strstr(name, ".histogram");
	char column[PATH_SIZE];
	double one_in;

	*text = '\0';
	if (!end)
		return text;
	snprintf(column, sizeof(column), "%.*s.one_in", (int)(end - name), name);
	one_in = table_number(table_column(e->table, column), boot, 0);
	if (one_in > 1)
		snprintf(text, 64, "One in = %.0f, ", one_in);
	return text;
}

static void write_histogram(FILE *f, const struct export *e, const struct table_boot *boot,
			    const char *name, const struct histogram *h)
{
	struct scale scale = scale_of(e, name);
	char one_in[64];

	fputs("       Value     Percentile TotalCount 1/(1-Percentile)\n\n", f);
	write_levels(f, h, scale.divisor);
	fprintf(f,
		"#[Mean    = %12.3f, StdDeviation   = %12.3f]\n"
		"#[Max     = %12.3f, Total count    = %12llu]\n"
		"#[Buckets = %12d, SubBuckets     = %12d]\n"
		"#[Unit = %s, %sHistogram = %s, Scenario = %s, Variant = %s, Boot = %" PRId64 "]\n",
		histogram_mean(h) / scale.divisor, deviation(h) / scale.divisor,
		h->max / scale.divisor, h->count, HISTOGRAM_BUCKETS / HISTOGRAM_SUB - 1,
		2 * HISTOGRAM_SUB, scale.unit, sample(e, boot, name, one_in), printable(name),
		printable(boot->scenario), printable(boot->variant), boot->number);
}

/* The histogram of the next selected boot that is ok and has it, from *@i on; false: none. */
static bool next_histogram(const struct export *e, const struct column *column, size_t *i,
			   struct histogram *h)
{
	for (; (*i = export_next(e, *i)) < e->table->boot_count; ++*i)
		if (column->type == FIELD_HISTOGRAM && e->table->boots[*i].status == BOOT_OK &&
		    table_histogram(column, &e->table->boots[*i], h) && h->count)
			return true;
	return false;
}

/* Log which histograms there are. */
static void list_names(const struct export *e)
{
	char name[PATH_SIZE], list[1024] = "";
	struct histogram h;
	size_t c, i, n = 0;

	for (c = 0; c < e->table->column_count && n < sizeof(list); c++) {
		i = 0;
		if (next_histogram(e, e->table->columns[c], &i, &h))
			n += snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "",
				      printable(short_name(e->table->columns[c], name)));
	}
	if (n)
		log_error("among the histograms there are: %s", list);
	else
		log_error("no ok boot of the selection has a histogram: run with --trace pages");
}

int export_hgrm_one(struct export *e, const char *path)
{
	const struct column *column;
	char name[PATH_SIZE];
	struct histogram h;
	size_t c, i = 0;

	for (c = 0; c < e->table->column_count; c++) {
		column = e->table->columns[c];
		if ((strcmp(column->name, path) && strcmp(short_name(column, name), path)) ||
		    !next_histogram(e, column, &i, &h))
			continue;
		write_histogram(e->out, e, &e->table->boots[i], column->name, &h);
		return export_check(e);
	}
	log_error("no ok boot of the selection has a histogram '%s'", printable(path));
	list_names(e);
	return EXPORT_NOTHING;
}

/*
 * Append "/" and a name from the tree to a path. Whatever the name is, it leads nowhere else,
 * and no two names give the same.
 */
static char *append_name(char *path, const char *name)
{
	char *longer = xcalloc(1, strlen(path) + 3 * strlen(name) + 3), *at, *start;
	const char *from;

	start = at = longer + sprintf(longer, "%s/", path);
	for (from = name; *from; from++) {
		unsigned char c = *from;

		if (isalnum(c) || strchr("_+-=,", c) || (c == '.' && from != name))
			*at++ = c;
		else
			at += sprintf(at, "%%%02X", c);
	}
	/* '%' alone is the escape of nothing: a name that is empty. */
	if (at == start)
		*at = '%';
	free(path);
	return longer;
}

static int write_file(const struct export *e, const char *to, const struct table_boot *boot,
		      const struct column *column, const struct histogram *h)
{
	char name[PATH_SIZE], file[PATH_SIZE + sizeof(".hgrm")], number[32], *path;
	struct atomic_stream stream;
	int err;

	snprintf(number, sizeof(number), "boot-%02" PRId64, boot->number);
	path = append_name(append_name(xstrdup(to), boot->scenario), boot->variant);
	path = append_name(path, number);
	err = make_directories(path);
	snprintf(file, sizeof(file), "%s.hgrm", short_name(column, name));
	path = append_name(path, file);
	if (!err)
		err = atomic_stream_open(&stream, path);
	if (!err) {
		write_histogram(stream.file, e, boot, column->name, h);
		err = atomic_stream_commit(&stream);
	}
	if (err)
		log_error("%s: %s", path, strerror(-err));
	free(path);
	return err;
}

int export_hgrm_files(struct export *e, const char *dir)
{
	const struct table *t = e->table;
	int err = EXPORT_NOTHING;
	struct histogram h;
	size_t c, i;

	for (c = 0; c < t->column_count; c++)
		for (i = 0; err >= 0 && next_histogram(e, t->columns[c], &i, &h); i++)
			err = write_file(e, dir, &t->boots[i], t->columns[c], &h);
	if (err == EXPORT_NOTHING)
		list_names(e);
	return err;
}
