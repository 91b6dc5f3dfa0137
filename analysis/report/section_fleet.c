/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hosts of a run on several, and the ratio of each. */
#include "analysis/compare/hosts.h"
#include "analysis/report/report.h"

#include <stdlib.h>

#include "lib/alloc.h"

static size_t collect(const struct report *r, struct comparison **rows)
{
	struct report_scenario *s;
	size_t d, v, n = 0;

	report_for_each_scenario (r, s)
		for (d = 0; d < DIRECTIONS; d++)
			for (v = 0; v < s->variant_count; v++)
				rows[n++] = &s->resizes[d][v];
	return n;
}

void section_fleet(struct writer *w, struct report *r)
{
	struct comparison **rows;
	size_t count;

	if (!table_has_hosts(r->table, NULL))
		return;
	rows = xcalloc(r->scenario_count * DIRECTIONS * r->variant_count + 1, sizeof(*rows));
	count = collect(r, rows);
	write_topic(w, r, 2, "fleet", NULL);
	hosts_write(w, r->table, rows, count, "scenario|metric|variant");
	hosts_write_fleet(w, r->table);
	free(rows);
}
