/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/export/export.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/data/utf8.h"
#include "lib/atomic_file.h"
#include "lib/histogram.h"
#include "lib/log.h"
#include "lib/result.h"

#define TICKS_PER_HALVING 5
#define NS_PER_US 1000.0
/* Of the places where histograms are looked for: what is nested deeper is none of ours. */
#define PATH_LENGTH_MAX 200

/* A histogram found in a result. */
struct found {
	const struct export *e;
	const json_t *boot;
	const char *path;
	const struct histogram *histogram;
};

/* Call for each; other than 0 ends the search. */
typedef int (*found_fn)(const struct found *found, void *context);

struct unit {
	const char *name;
	double divisor;
};

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

/* What the host measured stands in trace.host; all other times are the guest's. */
static struct unit unit_of(const struct found *found)
{
	bool host = !strncmp(found->path, "trace.host.", strlen("trace.host."));

	if (ends_with(found->path, "_bytes"))
		return (struct unit){ "bytes", 1 };
	if (!host && tree_is_icount(found->e->tree))
		return (struct unit){ "guest instructions", 1 };
	return (struct unit){ "us", NS_PER_US };
}

static double middle_of(const struct histogram *h, unsigned int bucket)
{
	return fmin(fmax(histogram_middle(bucket), h->min), h->max);
}

static double deviation(const struct histogram *h)
{
	double mean = histogram_mean(h), sum = 0;
	unsigned int i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (h->buckets[i])
			sum += h->buckets[i] * pow(middle_of(h, i) - mean, 2);
	return sqrt(sum / h->count);
}

static double highest_of(const struct histogram *h, unsigned int bucket)
{
	uint64_t high = histogram_high(bucket);

	return high < h->max ? high : h->max;
}

/* Five steps from where half is left to where a quarter is, and so on. */
static double next_level(double level)
{
	double halvings = floor(log2(1 / (1 - level)));

	return level + 1 / (TICKS_PER_HALVING * exp2(halvings + 1));
}

static void write_levels(FILE *f, const struct histogram *h, double divisor)
{
	uint64_t seen = h->buckets[0];
	unsigned int bucket = 0;
	double level = 0;

	do {
		while (seen < h->count && (!seen || seen < level * h->count))
			seen += h->buckets[++bucket];
		fprintf(f, "%12.3f %14.12f %10llu %14.2f\n", highest_of(h, bucket) / divisor, level,
			(unsigned long long)seen, 1 / (1 - level));
		level = next_level(level);
	} while (seen < h->count);
	fprintf(f, "%12.3f %14.12f %10llu %14s\n", h->max / divisor, 1.0,
		(unsigned long long)h->count, "inf");
}

static void write_printable(FILE *f, const char *text)
{
	fputs(printable(text), f);
}

static void write_origin(FILE *f, const struct found *found, const char *unit)
{
	fprintf(f, "#[Unit = %s, Histogram = ", unit);
	write_printable(f, found->path);
	fputs(", Scenario = ", f);
	write_printable(f, json_text(found->boot, "scenario"));
	fputs(", Variant = ", f);
	write_printable(f, json_text(found->boot, "variant"));
	fprintf(f, ", Boot = %lld]\n",
		(long long)json_integer_value(json_object_get(found->boot, "boot")));
}

static void write_histogram(FILE *f, const struct found *found)
{
	const struct histogram *h = found->histogram;
	struct unit unit = unit_of(found);

	fprintf(f, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
		"1/(1-Percentile)");
	write_levels(f, h, unit.divisor);
	fprintf(f, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n",
		histogram_mean(h) / unit.divisor, deviation(h) / unit.divisor);
	fprintf(f, "#[Max     = %12.3f, Total count    = %12llu]\n", h->max / unit.divisor,
		(unsigned long long)h->count);
	fprintf(f, "#[Buckets = %12d, SubBuckets     = %12d]\n",
		HISTOGRAM_BUCKETS / HISTOGRAM_SUB - 1, 2 * HISTOGRAM_SUB);
	write_origin(f, found, unit.name);
}

static int search(const struct export *e, const json_t *boot, const json_t *value, const char *path,
		  found_fn tell, void *context);

static int search_members(const struct export *e, const json_t *boot, const json_t *object,
			  const char *path, found_fn tell, void *context)
{
	const json_t *member;
	const char *key;
	char *inner;
	int err = 0;

	json_object_foreach ((json_t *)object, key, member) {
		if (err || !json_is_object(member))
			continue;
		if (asprintf(&inner, "%s%s%s", path, *path ? "." : "", key) < 0)
			return -ENOMEM;
		err = strlen(inner) < PATH_LENGTH_MAX
			      ? search(e, boot, member, inner, tell, context)
			      : 0;
		free(inner);
	}
	return err;
}

static int search(const struct export *e, const json_t *boot, const json_t *value, const char *path,
		  found_fn tell, void *context)
{
	struct histogram *h = malloc(sizeof(*h));
	const struct found found = { e, boot, path, h };
	int err = 0;

	if (!h)
		return -ENOMEM;
	if (histogram_from_json(h, value))
		err = search_members(e, boot, value, path, tell, context);
	else if (h->count)
		err = tell(&found, context);
	free(h);
	return err;
}

/* The histograms of all selected boots that are ok. */
static int search_all(const struct export *e, found_fn tell, void *context)
{
	int i, err = 0;

	for (i = export_next(e, -1); !err && i >= 0; i = export_next(e, i)) {
		const json_t *boot = json_array_get(e->tree->boots, i);

		if (!strcmp(json_text(boot, "status"), RESULT_OK))
			err = search(e, boot, boot, "", tell, context);
	}
	return err;
}

/* "ops.enqueue.histogram" is called ops.enqueue. */
static size_t short_length(const char *path)
{
	return strlen(path) - (ends_with(path, ".histogram") ? strlen(".histogram") : 0);
}

struct wanted {
	struct export *e;
	const char *path;
};

static int write_wanted(const struct found *found, void *context)
{
	const struct wanted *w = context;
	size_t n = short_length(found->path);

	if (strcmp(found->path, w->path) &&
	    (strlen(w->path) != n || strncmp(found->path, w->path, n)))
		return 0;
	write_histogram(w->e->out, found);
	return 1;
}

int export_hgrm_one(struct export *e, const char *path)
{
	struct wanted wanted = { e, path };
	int status = search_all(e, write_wanted, &wanted);

	if (status == 0)
		return -ENOENT;
	return status < 0 ? status : export_check(e);
}

struct files {
	const char *dir;
	size_t written;
};

/* DIR/SCENARIO/VARIANT/boot-NN: to be freed. */
static char *make_directory_name(const struct found *found, const char *dir)
{
	char *scenario = export_file_name(json_text(found->boot, "scenario"));
	char *variant = export_file_name(json_text(found->boot, "variant"));
	char *path = NULL;

	if (scenario && variant &&
	    asprintf(&path, "%s/%s/%s/boot-%02lld", dir, scenario, variant,
		     (long long)json_integer_value(json_object_get(found->boot, "boot"))) < 0)
		path = NULL;
	free(scenario);
	free(variant);
	return path;
}

static char *make_path(const struct found *found, const char *dir)
{
	char *shortened = strndup(found->path, short_length(found->path));
	char *name = shortened ? export_file_name(shortened) : NULL, *path = NULL;

	if (name && asprintf(&path, "%s/%s.hgrm", dir, name) < 0)
		path = NULL;
	free(shortened);
	free(name);
	return path;
}

static int write_file(const struct found *found, void *context)
{
	struct files *files = context;
	char *dir = make_directory_name(found, files->dir);
	char *path = dir ? make_path(found, dir) : NULL;
	struct atomic_stream stream = { .file = NULL };
	int err;

	if (!path) {
		err = -ENOMEM;
		goto out;
	}
	err = make_directories(dir);
	if (!err)
		err = atomic_stream_open(&stream, path);
	if (!err) {
		write_histogram(stream.file, found);
		err = atomic_stream_commit(&stream);
	}
	if (err)
		log_error("%s: %s", path, strerror(-err));
	files->written += !err;
out:
	free(dir);
	free(path);
	return err;
}

int export_hgrm_files(struct export *e, const char *dir)
{
	struct files files = { .dir = dir };
	int err = search_all(e, write_file, &files);

	return err || files.written ? err : -ENOENT;
}

static int list_path(const struct found *found, void *context)
{
	char *name = strndup(found->path, short_length(found->path));

	json_object_set_new(context, name ? name : "", json_true());
	free(name);
	return 0;
}

void export_hgrm_list(const struct export *e)
{
	json_t *names = json_object(), *value;
	char line[1024] = "";
	const char *name;
	size_t n = 0;

	search_all(e, list_path, names);
	json_object_foreach (names, name, value)
		if (n < sizeof(line))
			n += snprintf(line + n, sizeof(line) - n, "%s%s", n ? ", " : "",
				      printable(name));
	if (n)
		log_error("among the histograms there are: %s", line);
	else
		log_error("no ok boot of the selection has a histogram: run with --trace pages");
	json_decref(names);
}
