/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/arguments.h"

#include <stdio.h>
#include <string.h>

#include "analysis/data/utf8.h"
#include "lib/log.h"
#include "lib/units.h"

error_t parse_one_tree(int key, char *arg, struct argp_state *state, const char **dir)
{
	switch (key) {
	case ARGP_KEY_ARG:
		if (*dir)
			argp_error(state, "one result tree at a time, '%s' is another", arg);
		*dir = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state,
			   "a result tree is wanted, as in results/20261121T033000Z-default");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

double parse_smallest_effect(const char *arg, struct argp_state *state)
{
	double fraction = 0;

	if (parse_percent(arg, &fraction))
		argp_error(state,
			   "--smallest-effect %s: a percentage up to 100 %% is wanted, as in 3%%",
			   printable(arg));
	return fraction;
}

void add_name_once(struct argp_state *state, const char **names, size_t *count, const char *name)
{
	size_t i;

	for (i = 0; i < *count; i++)
		if (!strcmp(names[i], name))
			return;
	if (*count == NAMES_MAX)
		argp_error(state, "'%s': more than %d names of a kind", name, NAMES_MAX);
	names[(*count)++] = name;
}

void log_unknown_name(const char *what, const char *name, char *const *there)
{
	char list[512] = "";
	size_t n = 0;

	for (; *there && n < sizeof(list); there++)
		n += snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "", printable(*there));
	log_error("no %s '%s' in the results; there are: %s", what, printable(name), list);
}
