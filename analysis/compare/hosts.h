/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_HOSTS_H
#define ANALYSIS_HOSTS_H

#include "analysis/compare/compare.h"
#include "analysis/write/write.h"

/*
 * Hosts as units. Kernels and QEMUs are the same on all of them, machines are not: a host makes all
 * variants faster or slower, and its own ratio differs from that of another. So a ratio is taken
 * within each host, as the difference of the means of logarithms, and the values of Student's t are
 * the hosts: what the interval holds is the mean over hosts like these. Boots as units would find
 * something in 12 to 13 % of comparisons where nothing is.
 */

/* With fewer a result holds for these hosts only. */
#define HOSTS_MIN 4

/* One host's ratio, of the hosts that have both sides. */
struct host_ratio {
	const char *host;
	double ratio;
	int64_t n, base_n; /* boots */
	bool odd;	   /* far from the others, and counted all the same */
};
extern const struct record host_ratio_record;

/* What compare_values() does of a comparison over hosts: ratio, difference, intervals and p. */
void hosts_relate(struct comparison *c);

/*
 * The ratio of each host, and how they scatter, from the boots. With fewer than HOSTS_MIN hosts the
 * interval and p become those of these hosts, by the scatter of boots within. Where kernels have
 * several builds, the interval is the wider of that and Student's over builds.
 */
void hosts_look_into(struct comparison *c, const struct table *table);

/* p of the mean over hosts being @ratio. */
double hosts_p_of(const struct comparison *c, double ratio);

/*
 * The ratio of each host, a row for each of the comparisons over hosts, with the standard deviation
 * over hosts of which their boots are not the cause, and p of all hosts having one ratio; then the
 * hosts. @titles: of the first columns, the scenario's too.
 */
void hosts_write(struct writer *w, const struct table *table, struct comparison *const *rows,
		 size_t count, const char *titles);
void hosts_write_fleet(struct writer *w, const struct table *table);

/* "CPU a; CPU b": the models of the fleet, each once. Returns @text. */
const char *hosts_cpus(const struct table *table, char *text, size_t size);

#endif
