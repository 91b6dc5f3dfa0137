/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/compare/floor.h"

const char *floor_of(const struct table *table, const char *scenario)
{
	size_t v;

	for (v = 0; table->variants[v]; v++)
		if (variant_is_floor(table, table->variants[v]) &&
		    table_count(table, scenario, table->variants[v], BOOT_OK))
			return table->variants[v];
	return NULL;
}

void floor_compare(struct comparison *c, const struct table *table, const struct measure *measure,
		   const char *scenario, const char *variant)
{
	compare(c, table, measure, scenario, variant, floor_of(table, scenario));
	compare_explore(c);
}
