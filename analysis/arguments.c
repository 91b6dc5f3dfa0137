/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/arguments.h"

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
