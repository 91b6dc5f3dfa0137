/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much builds of the same code with another layout differ. */
#include "analysis/report/report.h"

void section_builds(struct writer *w, struct report *r)
{
	struct layout_scatter s;
	size_t d;

	if (!table_has_builds(r->table, NULL)) {
		report_gap(r, "The effect of code layout: `balloonbench run --builds K` boots K "
			      "builds of each kernel");
		return;
	}
	write_topic(w, r, 2, "builds", NULL);
	write_table_of(w,
		       "resize|degrees of freedom|means of builds, sd % [95 %]|boots of a build, "
		       "sd %|layout alone, sd %|one build of each could differ by, %");
	for (d = 0; d < DIRECTIONS; d++) {
		s = layout_scatter(r->table, &r->durations[d]);
		if (!s.builds)
			continue;
		write_row_texts(w, direction_names[d], NULL);
		write_count(w, s.builds);
		write_interval(w, "%.1f", 0, s.between, &s.interval, 100);
		write_number(w, "%.1f", 100 * s.boots);
		write_number(w, "%.1f", 100 * s.layout);
		write_number(w, "%.0f", 100 * layout_floor(s.layout));
	}
	write_table_end(w);
}
