/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_MEASURE_H
#define ANALYSIS_MEASURE_H

#include <stdio.h>

#include "analysis/data/resolution.h"
#include "analysis/data/table.h"
#include "lib/interval.h"
#include "lib/units.h"

/*
 * One number of a boot, by its name:
 *
 *   FIELD                 where it is in result.json: "inflate.duration_ns", "vmstat.pgfault",
 *                         "ready_ns"; of several cycles their median
 *   RESIZE.FIELD.per_page, .per_gib, .percent
 *                         a field over the pages or GiB resized, or in percent of the duration,
 *                         in each cycle: "inflate.phases.alloc_ns.per_page"
 *   HISTOGRAM.STATISTIC   pPERCENT (p50, p99.9), mean, min, max, count
 *   VICTIM.disturbed_ns, .disturbed_percent, .excess_ns, .excess_percent
 *                         for how long it was late, or low; the excess over the same boot before
 *
 * A HISTOGRAM is
 *
 *   ops.OP                an operation of the guest's balloon
 *   host.ADVICE           a call of QEMU
 *   guest.NAME_UNIT, host.NAME_UNIT during PHASE
 *                         a VICTIM, a co-located workload
 *   anything else         where it is, as trace.host.calls.dontneed.length_bytes
 *
 * Unit, clock and which way is better are the field's in lib/result.c; a victim's are
 * in its name (_ns, bytes, _per_s).
 */
enum statistic {
	STATISTIC_VALUE, /* of a number; of cycles their median */
	STATISTIC_SUM,	 /* of a number over the cycles */
	STATISTIC_QUANTILE,
	STATISTIC_MEAN,
	STATISTIC_MIN,
	STATISTIC_MAX,
	STATISTIC_COUNT,
};

/* What a number of a resize is divided by. */
enum relative { PLAIN, PER_PAGE, PER_GIB, PERCENT };

#define MEASURE_NAME 96
#define GIB_BYTES 1073741824.0

struct measure {
	char text[MEASURE_NAME + 32]; /* as written */
	char name[MEASURE_NAME];      /* without the phase */
	const char *during;	      /* phase of a victim, else NULL */
	char column[160];	      /* in the table */
	char per[160];	    /* column that divides it, with the same statistic; "": none */
	bool in_each_cycle; /* divided before the median over cycles is taken */
	char victim[160];   /* of a victim, the column that says whether a boot has it */
	bool over_before;   /* of a victim: divided by the same during "before" */
	enum statistic statistic;
	double quantile; /* 0..1 */
	double factor;	 /* a value is the field's times this */
	enum relative relative;
	bool is_traced; /* a histogram of the tracers: only where it was asked for them */
	enum field_unit unit;
	enum field_clock clock;
	enum field_better better;
};

/* 0; -EINVAL where there is no such field or statistic, and a message. series_exists() tells
 * whether any boot has it. */
int measure_parse(struct measure *measure, const char *text, char *err, size_t err_size);

/* As measure_parse(), of a name in this program. */
struct measure measure_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How values of a measure are shown under an accelerator: "ms", or "M instructions". */
struct unit_shown measure_shown(const struct measure *measure, enum result_accel accel);

/* Every metric with what it means, a line each. */
void measure_list(FILE *f);

/*
 * A measure over the ok boots of a scenario and variant, a value for each unit: a boot, or, where
 * the run has several builds of each kernel, a build, or, where several hosts ran it, a host: then
 * the mean over its boots, of logarithms where all have one. Units of the same block ran side by
 * side, one of each variant.
 */
struct series {
	double *values;	      /* as stored, in the order of the boots */
	size_t *boots;	      /* of each value, the index in the table of its (first) boot */
	unsigned int *blocks; /* of each value: the number of its boot, build or host */
	size_t n;	      /* units */
	size_t ok;	      /* boots */
	size_t too_few;	      /* of them the histogram does not carry the percentile */
	size_t empty;	      /* have the victim, but no value of it in the phase */
};

/* A counter that is not in a boot's vmstat is 0. @scenario, @variant: NULL: all */
struct series series(const struct table *table, const char *scenario, const char *variant,
		     const struct measure *measure);
void series_release(struct series *series);

/* The same with a value for each boot, whatever the unit is. */
struct series series_by_boot(const struct table *table, const char *scenario, const char *variant,
			     const struct measure *measure);

/* Whether kernels have several builds each in a scenario (NULL: in any). */
bool table_has_builds(const struct table *table, const char *scenario);

/* Whether a scenario (NULL: any) ran on several hosts. */
bool table_has_hosts(const struct table *table, const char *scenario);

/* What a value of series() is, in the plural: "boots", "builds", "hosts". */
const char *table_unit(const struct table *table, const char *scenario);

/* Whether any boot has the measure, be it with too few values. */
bool series_exists(const struct table *table, const char *scenario, const char *variant,
		   const struct measure *measure);

/* A measure as it is reported: the median over n boots, and its 95 % interval. */
struct estimate {
	size_t n;
	double median;		  /* NAN where n is 0 */
	struct interval interval; /* NANs where n < 2; of a resize as wide as its resolution too */
	double resolution;	  /* as a share of the median; 0: exact */
};

/* Takes the values over, and frees them. */
struct estimate estimate_of(double *values, size_t n);

/* Of a series: n 0 where a boot has too few values. Leaving it out would choose by its length. */
struct estimate estimate(const struct table *table, const char *scenario, const char *variant,
			 const struct measure *measure);

/* The 95 % interval of one boot's percentile by ranks, as if its events were independent; NANs
 * where there are too few. */
struct interval series_within(const struct table *table, size_t boot,
			      const struct measure *measure);

#endif
