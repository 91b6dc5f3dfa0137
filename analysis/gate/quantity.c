/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/gate/quantity.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/histogram.h"

static const char *const phases[] = { "before", "inflate", "plateau", "deflate", "after" };

/* As much as json_at() takes of a key. */
#define NAME_SIZE 64
#define IDLE_PHASE phases[0]
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *quantity_phase(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(phases); i++)
		if (!strcmp(phases[i], name))
			return phases[i];
	return NULL;
}

const char *quantity_unit_name(enum quantity_unit unit)
{
	static const char *const names[] = {
		[UNIT_NONE] = "",
		[UNIT_NS] = "ns",
		[UNIT_BYTES] = "bytes",
		[UNIT_GIB_PER_S] = "GiB/s",
	};

	return names[unit];
}

static bool begins_with(const char *text, const char *begin)
{
	return !strncmp(text, begin, strlen(begin));
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

static enum quantity_unit unit_of(const char *name)
{
	if (ends_with(name, "_ns"))
		return UNIT_NS;
	if (ends_with(name, "bytes"))
		return UNIT_BYTES;
	if (ends_with(name, "gib_per_s"))
		return UNIT_GIB_PER_S;
	return UNIT_NONE;
}

/* ".p99.9": the percentile's own dot is no separator. NULL where the name ends otherwise. */
static const char *find_percentile(const char *name)
{
	const char *at = name + strlen(name);

	while (at > name && (isdigit((unsigned char)at[-1]) || at[-1] == '.'))
		at--;
	if (at - name < 3 || at[-1] != 'p' || at[-2] != '.' || !isdigit((unsigned char)*at))
		return NULL;
	return at - 2;
}

/* Where the statistic begins at its dot; NULL for a metric, that has none. */
static const char *find_statistic(struct quantity *q, const char *name)
{
	const char *at = find_percentile(name);
	size_t end = strlen(name);

	q->kind = QUANTITY_PERCENTILE;
	if (at)
		return at;
	q->kind = ends_with(name, ".mean") ? QUANTITY_MEAN : QUANTITY_MAX;
	if (ends_with(name, ".mean"))
		return name + end - strlen(".mean");
	if (ends_with(name, ".max"))
		return name + end - strlen(".max");
	q->kind = QUANTITY_METRIC;
	return NULL;
}

static int read_percentile(struct quantity *q, const char *statistic, char *err, size_t err_size)
{
	char *end;

	/* 99.9 / 100 is not the 0.999 that it should be, and its rank one too high. */
	q->share = round(strtod(statistic + strlen(".p"), &end) * 1e7) / 1e9;
	if (!*end && q->share > 0 && q->share < 1)
		return 0;
	snprintf(err, err_size, "'%s': a percentile between 0 and 100 is wanted, as in .p99",
		 statistic);
	return -EINVAL;
}

/* Victims are known by phase, and nothing else is. */
static int check_phase(const struct quantity *q, const char *histogram, char *err, size_t err_size)
{
	bool guest = begins_with(histogram, "guest."), host = begins_with(histogram, "host.");

	if (q->phase && !guest && !host) {
		snprintf(err, err_size,
			 "'%s' has no phases: 'during' goes with what ran beside the balloon, "
			 "guest.NAME_UNIT and host.NAME_UNIT",
			 q->name);
		return -EINVAL;
	}
	if (guest && !q->phase) {
		snprintf(err, err_size, "'%s': say when, as in '%s during inflate'; phases are %s",
			 q->name, q->name, QUANTITY_PHASES);
		return -EINVAL;
	}
	return 0;
}

/* Where a histogram stands in result.json: a new text, or NULL without memory. */
static char *place_of(const char *histogram, const char *phase)
{
	char *path;
	int n;

	if (phase)
		n = asprintf(&path, "victims.%s.%s", histogram, phase);
	else if (begins_with(histogram, "ops."))
		n = asprintf(&path, "%s.histogram", histogram);
	else if (begins_with(histogram, "host."))
		n = asprintf(&path, "trace.host.calls.%s.latency_ns", strchr(histogram, '.') + 1);
	else
		n = asprintf(&path, "%s", histogram);
	return n < 0 ? NULL : path;
}

static int set_histogram(struct quantity *q, const char *histogram, char *err, size_t err_size)
{
	bool ops = begins_with(histogram, "ops.");

	if (check_phase(q, histogram, err, err_size))
		return -EINVAL;
	q->path = place_of(histogram, q->phase);
	if (q->phase)
		q->idle_path = place_of(histogram, IDLE_PHASE);
	if (!q->path || (q->phase && !q->idle_path))
		return -ENOMEM;
	q->traced = ops || begins_with(q->path, "trace.");
	q->unit = ops ? UNIT_NS : unit_of(q->phase ? histogram : q->path);
	q->higher_is_better = ends_with(histogram, "_per_s");
	return 0;
}

static int set_metric(struct quantity *q, char *err, size_t err_size)
{
	if (q->phase) {
		snprintf(err, err_size,
			 "'%s': a statistic is wanted with 'during', as in %s.p99 (.p50, .p99.9, "
			 ".mean, .max)",
			 q->name, q->name);
		return -EINVAL;
	}
	if (metric_parse(&q->metric, q->name, "")) {
		snprintf(err, err_size,
			 "'%s' is no place in result.json, as inflate.duration_ns is one", q->name);
		return -EINVAL;
	}
	q->metric.scale = 1; /* as stored */
	q->unit = unit_of(q->name);
	q->higher_is_better = q->metric.higher_is_better;
	q->path = strdup(q->name);
	return q->path ? 0 : -ENOMEM;
}

static int check_name(const char *name, char *err, size_t err_size)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";

	if (*name && !name[strspn(name, letters)] && *name != '.' && !strstr(name, "..") &&
	    !ends_with(name, ".") && strlen(name) < NAME_SIZE)
		return 0;
	snprintf(err, err_size,
		 "'%s' is no quantity; name one by its place in result.json, as "
		 "inflate.duration_ns, or a histogram's statistic, as ops.enqueue.p99",
		 name);
	return -EINVAL;
}

int quantity_parse(struct quantity *q, const char *name, const char *phase, char *err,
		   size_t err_size)
{
	char histogram[NAME_SIZE];
	const char *statistic;
	int status = 0;

	*q = (struct quantity){ .phase = phase };
	snprintf(err, err_size, "out of memory");
	if (check_name(name, err, err_size))
		return -EINVAL;
	q->name = strdup(name);
	if (!q->name)
		return -ENOMEM;
	statistic = find_statistic(q, q->name);
	if (statistic && q->kind == QUANTITY_PERCENTILE)
		status = read_percentile(q, statistic, err, err_size);
	if (!status && statistic) {
		snprintf(histogram, sizeof(histogram), "%.*s", (int)(statistic - q->name), q->name);
		status = set_histogram(q, histogram, err, err_size);
	} else if (!status) {
		status = set_metric(q, err, err_size);
	}
	if (status)
		quantity_release(q);
	return status;
}

void quantity_release(struct quantity *q)
{
	free(q->name);
	free(q->path);
	free(q->idle_path);
	memset(q, 0, sizeof(*q));
}

static enum quantity_found read_histogram(const struct quantity *q, const json_t *boot,
					  const char *path, double *value)
{
	struct histogram h;

	if (histogram_from_json(&h, json_at(boot, path)))
		return QUANTITY_ABSENT;
	/* p1 of a rate, where the lowest are the worst, takes as many values as p99 of a time. */
	if (!h.count || (q->kind == QUANTITY_PERCENTILE &&
			 !histogram_carries(&h, fmax(q->share, 1 - q->share))))
		return QUANTITY_TOO_FEW;
	if (q->kind == QUANTITY_PERCENTILE)
		*value = histogram_quantile(&h, q->share);
	else
		*value = q->kind == QUANTITY_MEAN ? histogram_mean(&h) : h.max;
	return QUANTITY_THERE;
}

enum quantity_found quantity_of_boot(const struct quantity *q, const json_t *boot, double *value)
{
	if (q->kind != QUANTITY_METRIC)
		return read_histogram(q, boot, q->path, value);
	if (metric_of_boot(&q->metric, boot, value))
		return QUANTITY_THERE;
	/* vmstat is what changed: a counter that is not in it did not. */
	*value = 0;
	return begins_with(q->name, "vmstat.") && json_object_get(boot, "vmstat") ? QUANTITY_THERE
										  : QUANTITY_ABSENT;
}

enum quantity_found quantity_over_idle(const struct quantity *q, const json_t *boot, double *value)
{
	enum quantity_found found = read_histogram(q, boot, q->path, value);
	double idle = 0;

	if (found == QUANTITY_THERE)
		found = read_histogram(q, boot, q->idle_path, &idle);
	if (found != QUANTITY_THERE)
		return found;
	*value /= idle;
	return idle > 0 ? QUANTITY_THERE : QUANTITY_ABSENT;
}
