/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_VICTIMS_H
#define ANALYSIS_VICTIMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "analysis/data/estimate.h"
#include "analysis/data/tree.h"
#include "lib/histogram.h"

/*
 * What ran beside the balloon, and how it was served: "victims" of result.json,
 * on a side ("guest", "host") by NAME_UNIT, each with a histogram for every
 * phase of the boot and the worst value of each stretch of time.
 */
struct victim_figure {
	const char *side;
	const char *name; /* the tree's: "fault_ns" */
	bool is_rate;	  /* *_per_s: more is better, the worst is the lowest */
};

/* The phases of a boot, "before" first; ended by NULL. */
extern const char *const victim_phases[];

/* A percentile by name. */
struct victim_level {
	double share; /* 0..1 */
	const char *name;
};

/* Those that are shown of a figure, from the middle towards the worst; ended by one without a
 * name. */
const struct victim_level *victim_levels(const struct victim_figure *figure);

/* Those that a figure is judged by, the wanted one first, then what serves where a sample is too
 * small for it; ended as above. */
const struct victim_level *victim_headlines(const struct victim_figure *figure);

/**
 * victim_figures() - the figures that ok boots of a scenario have
 * @figures: guest's first; to be freed. Names that result.schema.json does not
 *	allow are passed over.
 *
 * Return: how many there are.
 */
size_t victim_figures(const struct tree *tree, const char *scenario,
		      struct victim_figure **figures);

/* "in the guest", "on the host" */
const char *victim_where(const struct victim_figure *figure);

/* Where a figure's histogram of a phase stands in result.json. Returns @path. */
const char *victim_path(const struct victim_figure *figure, const char *phase, char *path,
			size_t size);

/* One variant in a scenario, and a figure of its victims in a phase. */
struct victim_sample {
	const struct tree *tree;
	const char *scenario;
	const char *variant;
	const struct victim_figure *figure;
	const char *phase;
};

/**
 * victim_values() - a percentile of each ok boot, as stored
 * @over_before: divided by that of the same boot's phase "before"
 * @values: to be freed
 *
 * Return: number of boots; 0 where the histogram of one of them has fewer than
 * HISTOGRAM_BEYOND_MIN values beyond the percentile. To leave out these boots
 * would be to choose by the length of the phase.
 */
size_t victim_values(const struct victim_sample *sample, double share, bool over_before,
		     double **values);

/* Their median over boots. */
struct estimate victim_quantile(const struct victim_sample *sample, double share);
struct estimate victim_over_before(const struct victim_sample *sample, double share);

/* Number of values in a boot's phase, over boots. */
struct estimate victim_events(const struct victim_sample *sample);

/* The worst value of all boots: the largest, of a rate the lowest; NAN without any. */
double victim_worst(const struct victim_sample *sample);

/*
 * What share of the stretches before may be worse than what counts as disturbed; a
 * latency of undisturbed work is late for as much of the time.
 */
#define VICTIM_LATE_SHARE 0.1
/* A rate is low below this part of its median before. */
#define VICTIM_LOW_PART 0.9

/**
 * victim_limit() - what a boot's stretches are disturbed beyond
 *
 * Of a latency the worst value that 1 - VICTIM_LATE_SHARE of the stretches of
 * phase "before" do not exceed; of a rate VICTIM_LOW_PART of their median.
 *
 * Return: false where "before" has too few stretches for it.
 */
bool victim_limit(const json_t *boot, const struct victim_figure *figure, double *limit);

/* For how long the phase was disturbed. */
struct victim_disturbed {
	struct estimate seconds; /* in each of its moves */
	struct estimate percent; /* of its time */
};

/* n is 0 where a boot has no limit. A stretch counts for what of it lies in the phase. */
struct victim_disturbed victim_disturbed(const struct victim_sample *sample);

/* A mark of a boot's figure: from then on it was this phase. False past the last. */
bool victim_mark(const json_t *boot, const struct victim_figure *figure, size_t i, double *ns,
		 const char **phase);

/* A stretch of time: its start, and the worst value in it. False past the last. */
bool victim_stretch(const json_t *boot, const struct victim_figure *figure, size_t i, double *ns,
		    double *value);

/* Length of a stretch, ns. */
double victim_stretch_ns(const json_t *boot, const struct victim_figure *figure);

#endif
