/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/compare/layout.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "lib/alloc.h"
#include "lib/stats.h"

/* Sums of squares about means, and the degrees of freedom of each. */
struct sums {
	double between, within, boots_of_build;
	size_t between_df, within_df;
};

static void add_variant(struct sums *sums, struct series *boots, struct series *builds)
{
	double mean = 0, rest;
	size_t i, k;

	if (builds->n < 2 || boots->too_few || !stats_all_positive(boots->values, boots->n))
		return;
	for (k = 0; k < builds->n; k++)
		mean += log(builds->values[k]) / builds->n;
	for (k = 0; k < builds->n; k++) {
		rest = log(builds->values[k]) - mean;
		sums->between += rest * rest;
		for (i = 0; i < boots->n; i++) {
			if (boots->blocks[i] != builds->blocks[k])
				continue;
			rest = log(boots->values[i]) - log(builds->values[k]);
			sums->within += rest * rest;
		}
	}
	sums->between_df += builds->n - 1;
	sums->within_df += boots->n - builds->n;
	sums->boots_of_build += (double)boots->n / builds->n * (builds->n - 1);
}

struct layout_scatter layout_scatter(const struct table *t, const struct measure *measure)
{
	struct layout_scatter result = { .interval = NO_INTERVAL, .boots = NAN, .layout = NAN };
	struct sums sums = { .between = 0 };
	size_t s, v;

	for (s = 0; t->scenarios[s]; s++) {
		/* The units of several hosts are not builds. */
		if (!table_has_builds(t, t->scenarios[s]) || table_has_hosts(t, t->scenarios[s]))
			continue;
		for (v = 0; t->variants[v]; v++) {
			struct series boots, builds;

			boots = series_by_boot(t, t->scenarios[s], t->variants[v], measure);
			builds = series(t, t->scenarios[s], t->variants[v], measure);
			add_variant(&sums, &boots, &builds);
			series_release(&boots);
			series_release(&builds);
		}
	}
	result.builds = sums.between_df;
	if (!result.builds)
		return result;
	result.between = sqrt(sums.between / sums.between_df);
	result.interval = (struct interval){
		sqrt(sums.between / gsl_cdf_chisq_Qinv((1 - CONFIDENCE) / 2, sums.between_df)),
		sqrt(sums.between / gsl_cdf_chisq_Pinv((1 - CONFIDENCE) / 2, sums.between_df)),
		CONFIDENCE
	};
	if (!sums.within_df)
		return result;
	result.boots = sqrt(sums.within / sums.within_df);
	result.layout = sqrt(fmax(0, sums.between / sums.between_df -
					     sums.within / sums.within_df /
						     (sums.boots_of_build / sums.between_df)));
	return result;
}

double layout_floor(double sd)
{
	return expm1(gsl_cdf_ugaussian_Pinv((1 + CONFIDENCE) / 2) * M_SQRT2 * sd);
}

double layout_floor_of(const struct table *table)
{
	/* TCG: layouts scatter by 4.2 % [2.1, 6.4] in `make test-layout`; KVM: not measured. */
	static const double floors[] = { [RESULT_KVM] = INFINITY,
					 [RESULT_TCG] = 0.12,
					 [RESULT_ICOUNT] = 0,
					 [RESULT_KVM_IN_KVM] = INFINITY,
					 [RESULT_KVM_IN_TCG] = INFINITY,
					 [RESULT_KVM_IN_ICOUNT] = 0 };

	return floors[table->accel];
}
