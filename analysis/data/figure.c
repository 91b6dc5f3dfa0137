/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/data/figure.h"

#include <stdlib.h>

#include "lib/result.h"

bool figure_of_boot(const struct figure *figure, const json_t *boot, double *value)
{
	double per = 1;

	if (!result_value(boot, figure->metric, value) ||
	    (figure->per && (!result_value(boot, figure->per, &per) || per <= 0)))
		return false;
	*value *= figure->scale / per;
	return true;
}

size_t figure_values(const struct figure *figure, const struct tree *tree, const char *scenario,
		     const char *variant, double **values)
{
	const json_t *boot;
	size_t count = 0, i;

	*values = calloc(json_array_size(tree->boots) + 1, sizeof(**values));
	if (!*values)
		abort();
	json_array_foreach (tree->boots, i, boot)
		count += tree_is_ok(boot, scenario, variant) &&
			 figure_of_boot(figure, boot, &(*values)[count]);
	return count;
}
