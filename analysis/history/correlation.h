/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_CORRELATION_H
#define ANALYSIS_CORRELATION_H

#include <gsl/gsl_rng.h>

#include "lib/interval.h"

/*
 * How alike are neighbouring sessions? Neighbours have more in common (a machine's state, its
 * load), so sessions are taken for a first-order autoregression around their levels, with the
 * lag-one correlation rho. A level that shifts also makes neighbours alike; therefore levels are
 * fitted along: the clearest shift always, and further ones as long as they lower Zhang and
 * Siegmund's criterion (Biometrics 63, 2007), 3 log n for each.
 *
 * Few sessions leave rho uncertain: the 95 % interval of 12 is 0.85 wide, of 24 0.55 to 0.75, of
 * 48 0.3 to 0.55 (1000 simulated series each). So no single rho is used. Each of 0, 0.1, ... 0.9
 * has a weight, its restricted likelihood (Cheang and Reinsel, JASA 95, 2000: maximum likelihood
 * has rho too low in short series), which is a posterior with a flat prior. Negative rho are left
 * out: they would narrow thresholds.
 */
#define CORRELATION_STEPS 10

struct correlation {
	double weights[CORRELATION_STEPS]; /* of rho = 0, 0.1, ...; their sum is 1 */
	double mean;
	struct interval interval; /* 95 %, in steps of 0.1 */
};

/* Of independent sessions, as a claim. */
extern const struct correlation correlation_none;

struct correlation correlation_estimate(const double *values, size_t n);

/* The rho of step @step. */
double correlation_at(size_t step);

/* The rho that draw @draw of @draws gets: as many each as its weight says. */
double correlation_of_draw(const struct correlation *c, size_t draw, size_t draws);

/* @n neighbours of unit spread and mean 0, into @values. */
void correlation_draw(gsl_rng *rng, double rho, double *values, size_t n);

/* Variance of the mean of @n neighbours, times n: 1 if they are independent. */
double correlation_inflation(double rho, size_t n);

#endif
